"""The only code that knows Airflow: shared DAG defaults, task wrappers, UI pages, listeners."""
