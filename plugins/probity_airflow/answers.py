"""Answers that Airflow holds but never handed over, and which answers have been dealt with.

In: the task that asked. Out: the answer of an earlier try. Why: Airflow 3.3 fails a task whose answer overtakes the
scheduler's own bookkeeping (apache/airflow #72716; seen for most answers given within a second on a busy machine),
and the next try's question clears the answer: nobody should be asked again for what they have answered.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from probity.settings import Settings

log = logging.getLogger(__name__)

FIELDS = ("chosen_options", "params_input", "responded_by_user", "responded_at")


@dataclass(frozen=True)
class Earlier:
    """An answer that Airflow holds. ``event`` as ``execute_complete`` gets it; ``decision`` is the digest under which
    it was recorded by a try that ended before it could say so, None when no try has dealt with it."""

    event: dict[str, Any]
    decision: str | None


def earlier(settings: Settings, ti: Any, job: str, ref: str) -> Earlier | None:
    """The answer to use instead of asking; None when there is none, when it was refused, or when it was recorded,
    the try ended well, and someone cleared the task to be asked anew.

    Asked of Airflow's API with the service account; when that cannot be reached the person is asked again.
    """
    from probity_airflow.service import service_account

    task = f"/dags/{ti.dag_id}/dagRuns/{quote(ti.run_id, safe='')}/taskInstances/{ti.task_id}"
    try:
        with service_account(settings) as api:
            detail = api.request("GET", f"{task}/{ti.map_index}/hitlDetails")
            if not detail.get("response_received"):
                return None
            mark = _mark(settings, job, ref, detail["responded_at"])
            if not mark.exists():
                return Earlier({field: detail[field] for field in FIELDS}, None)
            decision = mark.read_text(encoding="ascii")
            if not decision or _ended_well(api.request("GET", f"{task}/tries"), ti.try_number - 1):
                return None
            return Earlier({}, decision)
    except Exception as error:  # any: not being able to look must not stop the question
        log.warning("no earlier answer could be looked up: %s", type(error).__name__)
        return None


def _ended_well(tries: dict[str, Any], number: int) -> bool:
    return any(t["try_number"] == number and t["state"] == "success" for t in tries["task_instances"])


def deal_with(settings: Settings, job: str, ref: str, responded_at: dt.datetime | str, decision: str = "") -> None:
    """The answer of that moment was recorded as ``decision``, or refused (empty). Nothing of it is kept here."""
    from probity.store.objects import write_atomic

    write_atomic(_mark(settings, job, ref, responded_at), decision.encode("ascii"))


def _mark(settings: Settings, job: str, ref: str, responded_at: dt.datetime | str) -> Path:
    from probity import canonical

    at = dt.datetime.fromisoformat(responded_at) if isinstance(responded_at, str) else responded_at
    name = canonical.digest([ref, at.astimezone(dt.UTC).isoformat(timespec="microseconds")])
    return settings.home / "answers" / job / name
