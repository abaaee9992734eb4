"""Loaded by Airflow in each of its processes, before anything else.

In the scheduler and in a Celery worker the heavy libraries are imported here, once, before the task processes are
forked from it: a gate task then finds Great Expectations loaded instead of spending 5 to 20 s on the import.
Every other process (API server, dag-processor) is left as light as it was. PROBITY_PRELOAD=0 switches it off.
"""

import os
import sys


def _forks_tasks(argv: list[str]) -> bool:
    return "scheduler" in argv[1:2] or argv[1:3] == ["celery", "worker"]


if _forks_tasks(sys.argv) and os.environ.get("PROBITY_PRELOAD", "1") != "0":
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import duckdb  # noqa: F401
    import great_expectations  # noqa: F401
    import openpyxl  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401
