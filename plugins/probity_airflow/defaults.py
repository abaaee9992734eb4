"""What all DAGs share: owner, retries, start, tags, the timetables, the published assets.

In: nothing. Out: plain values and small functions for the DAG files. Why: a new job is one small file of wiring.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pendulum
from airflow.sdk import (
    Asset,
    CronPartitionTimetable,
    Param,
    PartitionedAssetTimetable,
    QuarterWindow,
    RollupMapper,
    StartOfQuarterMapper,
)

TIMEZONE = "Asia/Taipei"
OWNER = "政風處"
START = pendulum.datetime(2010, 1, 1, tz=TIMEZONE)  # earlier than any notice; nothing is caught up by itself
DAY_PATTERN = r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
MONTH_PATTERN = r"^\d{4}-(0[1-9]|1[0-2])$"
QUARTER_PATTERN = r"^\d{4}-Q[1-4]$"
EXAMPLES = {
    DAY_PATTERN: "年月日，例如 2021-03-05（110年3月5日）",
    MONTH_PATTERN: "年月，例如 2021-03（110年3月）",
    QUARTER_PATTERN: "季別，例如 2021-Q1（110年第1季）",
}


def published(job: str) -> Asset:
    """What a job's publishing updates, by period: a quarterly report waits for three months of it."""
    return Asset(name=job, uri=f"x-probity://published/{job}")


# Whatever is published updates this one too, so that the distribution need not know the jobs.
REPORT_PUBLISHED = published("report")


def monthly(cron: str) -> CronPartitionTimetable:
    """At ``cron`` (Taipei time) for the month before; the partition key is that month, such as ``2021-03``."""
    return CronPartitionTimetable(cron, timezone=TIMEZONE, run_offset=-1, key_format="%Y-%m")


def daily(cron: str) -> CronPartitionTimetable:
    """At ``cron`` (Taipei time) for the day before; the partition key is that day, such as ``2021-03-05``."""
    return CronPartitionTimetable(cron, timezone=TIMEZONE, run_offset=-1, key_format="%Y-%m-%d")


def quarterly(asset: Asset) -> PartitionedAssetTimetable:
    """Once the quarter's three months of ``asset`` are there; the partition key is the quarter, ``2021-Q1``."""
    months = RollupMapper(upstream_mapper=StartOfQuarterMapper(input_format="%Y-%m"), window=QuarterWindow())
    return PartitionedAssetTimetable(assets=asset, default_partition_mapper=months)


def period_param(pattern: str = MONTH_PATTERN) -> Param:
    """The trigger form's field for a run started by hand without a partition key."""
    return Param(
        None,
        type=["null", "string"],
        pattern=pattern,
        title="期別",
        description=f"手動執行時填西元{EXAMPLES[pattern]}；排程與回補自動帶入，不必填。",
    )


def default_args() -> dict[str, Any]:
    """Retries for what may heal by itself (a restarted database); what an operator must mend fails at once."""
    from probity_airflow.callbacks import task_failed

    return {
        "owner": OWNER,
        "retries": 3,
        "retry_delay": dt.timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "max_retry_delay": dt.timedelta(minutes=10),
        "execution_timeout": dt.timedelta(hours=2),
        "on_failure_callback": task_failed,
    }


def dag_options(doc: str | None, tags: list[str]) -> dict[str, Any]:
    """What every ``@dag`` of ours has: docs from the file's docstring, tags, no catching up by itself."""
    return {
        "start_date": START,
        "catchup": False,
        "doc_md": doc,
        "tags": ["probity", "廉政稽核", *tags],
        "default_args": default_args(),
    }
