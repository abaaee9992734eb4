"""The signal weights in force for a period: the configured ones, or the newest set that somebody approved.

In: the period and the rules of a run. Out: one weight set. A set proposed from audit results counts only from its
effective date on and only once it is approved; which set was used stands in the selection's manifest.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from sqlalchemy import select

from probity import canonical, selection
from probity.calendar import Period
from probity.jobs.office import Office, RuleBook
from probity.jobs.selecting import SelectingJob
from probity.store import model


def in_force(office: Office, job: SelectingJob, book: RuleBook, period: Period) -> dict[str, Any]:
    """The weight set effective on the period's last day: {version, effective_from, approved_by, weights, ...}."""
    configured = selection.weight_set(book.load("weights"), period.last, job.family_name)
    since = dt.date.fromisoformat(str(configured["effective_from"]))
    with office.transaction() as session:
        approved = session.scalar(
            select(model.WeightSet)
            .where(
                model.WeightSet.job == job.name,
                model.WeightSet.state == "approved",
                model.WeightSet.effective_from <= period.last,
                model.WeightSet.effective_from >= since,
            )
            .order_by(model.WeightSet.effective_from.desc())
            .limit(1)
        )
        chosen = dict(approved.weights) if approved is not None else configured
    ready: dict[str, Any] = json.loads(canonical.dumps(chosen))
    return ready
