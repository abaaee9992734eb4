"""Answers that Airflow holds but never handed over, and which answers have been dealt with.

In: the task that asked. Out: the answer of an earlier try. Why: Airflow 3.3 fails a task whose answer overtakes the
scheduler's own bookkeeping (apache/airflow #72716; seen in 2 of 4 answers given within a second on a busy machine),
and the next try's question clears the answer: nobody should be asked again for what they have answered.
"""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from probity.settings import Settings

log = logging.getLogger(__name__)

FIELDS = ("chosen_options", "params_input", "responded_by_user", "responded_at")


def unheard(settings: Settings, ti: Any, job: str, ref: str) -> dict[str, Any] | None:
    """The answer that Airflow still holds for this task and that no try has dealt with; None when there is none.

    Asked of Airflow's API with the service account; when that cannot be reached the person is asked again.
    """
    from probity_airflow.service import service_account

    path = (
        f"/dags/{ti.dag_id}/dagRuns/{quote(ti.run_id, safe='')}/taskInstances/{ti.task_id}/{ti.map_index}/hitlDetails"
    )
    try:
        with service_account(settings) as api:
            detail = api.request("GET", path)
    except Exception as error:  # any: not being able to look must not stop the question
        log.warning("no earlier answer could be looked up: %s", type(error).__name__)
        return None
    if not detail.get("response_received") or dealt_with(settings, job, ref, detail["responded_at"]):
        return None
    return {field: detail[field] for field in FIELDS}


def _mark(settings: Settings, job: str, ref: str, responded_at: dt.datetime | str) -> Path:
    from probity import canonical

    at = dt.datetime.fromisoformat(responded_at) if isinstance(responded_at, str) else responded_at
    name = canonical.digest([ref, at.astimezone(dt.UTC).isoformat(timespec="microseconds")])
    return settings.home / "answers" / job / name


def dealt_with(settings: Settings, job: str, ref: str, responded_at: dt.datetime | str) -> bool:
    """The answer of that moment was recorded or refused."""
    return _mark(settings, job, ref, responded_at).exists()


def deal_with(settings: Settings, job: str, ref: str, responded_at: dt.datetime | str) -> None:
    """From now on the answer of that moment is not used again. The mark holds nothing of the answer."""
    mark = _mark(settings, job, ref, responded_at)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
