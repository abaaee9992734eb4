"""每季訊號權重檢討: what the audits found says how good each signal was, and may move its weight, once approved.

In: the audit results that came back and the published selections up to the quarter's end. Out: an evaluation (the
control share's unbiased rate, each signal's hit rate with limits) and, when there are results enough, a proposed weight
set. Weights change only by an approved set with a date of effect after the decision, never silently.

DAG order: ``evaluate -> approval_request -> record_decision``.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from probity import canonical, selection
from probity.calendar import Period
from probity.jobs import JobError, NoData, feedback, records, weighting, wording
from probity.jobs.decisions import read_decision
from probity.jobs.office import Office
from probity.jobs.procurement_audit_selection import SELECTING
from probity.settings import Settings
from probity.store import model
from probity.text import roc_date

log = logging.getLogger(__name__)

JOB = "signal_weight_review"
REVIEWED = SELECTING.name
TAIPEI = dt.timezone(dt.timedelta(hours=8))


def evaluate(settings: Settings, period_key: str) -> str:
    """Evaluate the audits finished by the quarter's end; returns the digest of the review.

    Raises NoData when no published selection or no result is there yet.
    """
    office, period = Office(settings), Period.parse(period_key)
    rules = office.archive_rules()
    with office.transaction() as session:
        results = feedback.results_until(session, period.last)
        selections = feedback.published_until(session, office, REVIEWED, period)
    if not selections or results.num_rows == 0:
        raise NoData(wording.text("no_results", period_roc=period.roc))
    current = weighting.in_force(office, SELECTING, office.rules({"rules": rules}), period)
    proposed = selection.reweight(current, results, selections, period.next().first)
    review = {
        "kind": "weight_review",
        "job": JOB,
        "period": period.key,
        "rules": rules,
        "current": current,
        "evaluation": selection.evaluate(results, selections),
        "proposal": proposed["proposal"],
        "report": proposed["report"],
        "results": office.put_tables({"audit_result": results}),
        "selections": [s["selection_id"] for s in selections],
    }
    ref = office.objects.put_json(review)
    rest = review["evaluation"]["rest"]
    facts = {"results": results.num_rows, "selections": len(selections), "proposed": proposed["proposal"] is not None}
    with office.transaction() as session:
        records.step(session, JOB, period, "evaluate", ref, facts)
    log.info(
        "results %s over %s selections; control share: %s irregular of %s audited",
        facts["results"],
        facts["selections"],
        rest["irregular"],
        rest["audited"],
    )
    for row in review["evaluation"]["signals"]:
        log.info("signal %s", canonical.dumps(row))
    log.info("weight review %s, new weights proposed: %s", ref, facts["proposed"])
    return ref


def approval_request(settings: Settings, period_key: str, ref: str) -> dict[str, Any]:
    """What is asked of the approver; ``already`` is set when this set was decided before or none is proposed."""
    office, period = Office(settings), Period.parse(period_key)
    review = office.manifest(ref, "weight_review")
    proposal = review["proposal"]
    name = set_id(period, ref)
    with office.transaction() as session:
        kept = session.get(model.WeightSet, name)
        if kept is None and proposal is not None:
            session.execute(
                insert(model.WeightSet)
                .values(
                    weight_set_id=name,
                    job=REVIEWED,
                    effective_from=dt.date.fromisoformat(proposal["effective_from"]),
                    weights=json.loads(canonical.dumps(proposal)),
                    evidence={"review": ref},
                )
                .on_conflict_do_nothing()
            )
    decided = proposal is None or (kept is not None and kept.state != "proposed")
    facts = {
        "period_roc": period.roc,
        "name": name,
        "evaluation": review["evaluation"],
        "report": review["report"],
        "proposal": proposal,
        "current": review["current"],
    }
    return {
        "selection_id": name,
        "list_digest": canonical.digest(proposal),
        "subject": wording.text("weights_subject", **facts),
        "body": wording.text("weights_body", **facts),
        "url": settings.ui_url,
        "already": "approved" if decided else None,
    }


def set_id(period: Period, ref: str) -> str:
    return f"WS-{period.key}-{ref[:8]}"


def record_decision(settings: Settings, period_key: str, ref: str, form: dict[str, Any]) -> str | None:
    """Close the proposed set with the approver's answer; an approved set is in force from the month after."""
    office, period, decision = Office(settings), Period.parse(period_key), read_decision(form)
    name = set_id(period, ref)
    with office.transaction() as session:
        row = session.get(model.WeightSet, name, with_for_update=True)
        if row is None:
            raise JobError(wording.text("list_changed", period_roc=period.roc))
        if row.state != "proposed":
            return name if row.state == "approved" else None
        now = session.scalar(select(func.now()))
        if now is None:
            raise JobError("the database gave no time")
        today = now.astimezone(TAIPEI).date()
        if decision.approved:
            effective = Period.parse(f"{today:%Y-%m}").next().first
            proposal = dict(row.weights) | {"effective_from": effective.isoformat()}
            if taken := _later_set(session, effective):
                raise JobError(wording.text("weights_taken", begins=roc_date(effective), standing=taken))
            standing = {"sets": [office.manifest(ref, "weight_review")["current"]]}
            try:
                dated = selection.apply_weights(standing, proposal, decision.user, today, decision.reason)["sets"][-1]
            except ValueError:  # the configured set begins later still
                taken = str(standing["sets"][0]["version"])
                raise JobError(wording.text("weights_taken", begins=roc_date(effective), standing=taken)) from None
            row.effective_from, row.weights = effective, json.loads(canonical.dumps(dated))
        row.state = "approved" if decision.approved else "rejected"
        row.decided_by, row.decided_at, row.reason = decision.user, now, decision.reason or None
        facts = {
            "weight_set": name,
            "choice": decision.choice,
            "user": decision.user,
            "effective_from": str(row.effective_from),
        }
        records.step(session, JOB, period, "decide", ref, facts)
        log.info("weight set %s %s by %s, in force from %s", name, row.state, decision.user, row.effective_from)
    return name if decision.approved else None


def _later_set(session: Session, begins: dt.date) -> str | None:
    """The approved set that begins on ``begins`` or later, None when there is none."""
    return session.scalar(
        select(model.WeightSet.weight_set_id)
        .where(
            model.WeightSet.job == REVIEWED,
            model.WeightSet.state == "approved",
            model.WeightSet.effective_from >= begins,
        )
        .limit(1)
    )
