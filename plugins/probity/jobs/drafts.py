"""A report that somebody must approve before it leaves, where nothing is drawn or chosen: ask, decide, number.

In: the reference of a draft (a manifest) and the approver's answer. Out: the id under which it may be published
(``RQ-2021-Q1-r1``), None when it was sent back. The decision is a manifest of its own, kept as the step ``decide`` with
its trail record; the same answer again gives the same id, other figures make the next revision.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from probity import canonical
from probity.calendar import Period
from probity.jobs import JobError, records, wording
from probity.jobs.decisions import read_decision
from probity.jobs.office import Office
from probity.jobs.post import TAIPEI
from probity.jobs.publication import LOCK
from probity.store import model, trail

log = logging.getLogger(__name__)


def approved(session: Session, job: str, period: Period) -> list[dict[str, Any]]:
    """The approvals of the period so far, oldest first: {selection_id, draft, content, revision}."""
    rows = session.scalars(
        select(model.RunStep.counts).where(
            model.RunStep.job == job,
            model.RunStep.period == period.key,
            model.RunStep.step == "decide",
            model.RunStep.counts["choice"].astext == "approve",
        )
    )
    return sorted((dict(r) for r in rows), key=lambda r: r["revision"])


def standing(earlier: Sequence[Mapping[str, Any]], ref: str, content: str) -> Mapping[str, Any] | None:
    """The approval that draft ``ref`` has already: its own, or the newest when that says the same. Figures that return
    to what an older revision said are news to those who read the newest: they are asked about and numbered anew."""
    own = next((a for a in earlier if a["draft"] == ref), None)
    return own or next((a for a in earlier[-1:] if a["content"] == content), None)


@dataclass(frozen=True)
class Question:
    """How an approver is asked: the templates of subject and body (counts only), and where the draft can be read."""

    subject: str
    body: str
    url: str


def request(
    office: Office, job: str, period: Period, ref: str, content: str, question: Question, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """What is asked of the approver of draft ``ref`` (see ``probity_airflow.approval``); ``content`` is the digest of
    what the approver reads, ``facts`` fill the templates of the ``question``."""
    with office.transaction() as session:
        done = standing(approved(session, job, period), ref, content)
        told = {"list_digest": content, **{k: v for k, v in facts.items() if isinstance(v, (int, str, type(None)))}}
        records.event(session, job, period, "approval_request", ref, told)
    shown = dict(facts) | {"period_roc": period.roc, "list_digest": content, "url": question.url}
    return {
        "selection_id": done["selection_id"] if done else period.key,
        "list_digest": content,
        "subject": wording.text(question.subject, **shown),
        "body": wording.text(question.body, **shown),
        "url": question.url,
        "already": "approved" if done else None,
    }


def record_decision(
    office: Office, job: str, prefix: str, period: Period, ref: str, content: str, form: dict[str, Any]
) -> str | None:
    """Keep the answer to draft ``ref``; returns the publication id, None when it was sent back.

    JobError when the answer was given to another content than ``content``.
    """
    decision = read_decision(form)
    if form.get("list_digest", content) != content:
        raise JobError(wording.text("list_changed", period_roc=period.roc))
    with office.transaction() as session:
        session.execute(text(LOCK), {"name": f"{job}/{period.key}"})
        earlier = approved(session, job, period)
        same = standing(earlier, ref, content)
        if same is not None:
            log.info("draft %s was approved before as %s", content, same["selection_id"])
            return str(same["selection_id"])
        revision = len(earlier) + 1
        publication_id = f"{prefix}-{period.key}-r{revision}" if decision.approved else None
        kept = {
            "kind": "decision",
            "job": job,
            "period": period.key,
            "draft": ref,
            "content": content,
            "choice": decision.choice,
            "user": decision.user,
            "reason": decision.reason,
            "publication_id": publication_id,
            "revision": revision if decision.approved else None,
            "replaces": earlier[-1]["selection_id"] if earlier else None,
        }
        digest = office.objects.put_json(kept)
        facts = {k: kept[k] for k in ("draft", "content", "choice", "user", "revision")}
        reason = canonical.digest(decision.reason)  # the reason itself may name an agency: it stays in the manifest
        records.step(
            session, job, period, "decide", digest, facts | {"selection_id": publication_id, "reason_digest": reason}
        )
    trail.anchor(office.settings, office.engine)
    log.info("draft %s of %s: %s by %s, decision %s", content, period.key, decision.choice, decision.user, digest)
    return publication_id


def decided(office: Office, job: str, publication_id: str) -> tuple[str, dict[str, Any]]:
    """The decision manifest (its digest and content) under which ``publication_id`` may be published; ``decided_on`` is
    the day on which it was recorded (ISO, Taipei)."""
    with office.transaction() as session:
        reference = records.publication_of(session, job, publication_id)
        at = session.scalar(
            select(model.RunStep.recorded_at).where(
                model.RunStep.job == job,
                model.RunStep.step == "decide",
                model.RunStep.manifest_digest == reference,
            )
        )
    if at is None:
        raise LookupError(f"{job}: no record of decision {reference}")
    return reference, office.manifest(reference, "decision") | {"decided_on": at.astimezone(TAIPEI).date().isoformat()}
