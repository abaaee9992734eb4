"""A run is its period: where a task takes it from.

In: Airflow's task context. Out: the period's key (``2021-03``). Never the clock: the partition key first, then the
trigger form; a run with neither is told so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from probity_airflow import wording
from probity_airflow.errors import failed


def period_of(context: Mapping[str, Any]) -> str:
    """The run's period key. AirflowFailException (zh-TW) when there is none, two, or one that cannot be read."""
    from probity.calendar import Period

    run = context.get("dag_run")
    key = context.get("partition_key") or getattr(run, "partition_key", None)
    params = context.get("params") or {}
    form = (params.get("period") or "").strip() or None
    if key and form and key != form:
        raise failed(wording.text("two_periods", key=key, form=form))
    key = key or form
    if not key:
        raise failed(wording.text("no_period"))
    try:
        return str(Period.parse(key).key)
    except ValueError:
        raise failed(wording.text("bad_period", key=key)) from None
