"""The office's pages inside Airflow's UI: server-rendered, behind Airflow's login, nothing from the internet."""
