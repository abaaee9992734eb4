"""An approver's answer, kept from the moment it is known until it is recorded.

In: the answer to the list ``ref`` of a job. Out: the same answer to a later try of the task. Why: Airflow clears an
answer when the task that waited for it runs again, and 3.3 runs it again when a quick answer overtakes the
scheduler's own bookkeeping (apache/airflow #72716): nobody should be asked twice for what they have answered.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from probity.settings import Settings


def _path(settings: Settings, job: str, ref: str) -> Path:
    return settings.home / "answers" / job / f"{ref}.json"


def keep(settings: Settings, job: str, ref: str, answer: dict[str, Any]) -> None:
    """Write the answer, whole or not at all, readable by the office alone."""
    from probity import canonical
    from probity.store.objects import write_atomic

    write_atomic(_path(settings, job, ref), canonical.dumps(answer).encode(), mode=0o600)


def find(settings: Settings, job: str, ref: str) -> dict[str, Any] | None:
    """The answer that an earlier try had and did not get recorded; None when there is none."""
    path = _path(settings, job, ref)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def drop(settings: Settings, job: str, ref: str) -> None:
    """Forget the answer: it was recorded, or it cannot be taken and must be given anew."""
    _path(settings, job, ref).unlink(missing_ok=True)
