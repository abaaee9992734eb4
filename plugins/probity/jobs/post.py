"""The mails that jobs owe: a published selection, a gate's notice to the data's owner, a failure to the operators.

In: what happened, as plain facts. Out: rows of the outbox, owed in the same transaction as what they tell of. The
outbox delivers them; nothing here talks to a mail server. Bodies carry counts and digests only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from probity import canonical, reports
from probity.calendar import Period
from probity.delivery import outbox, recipients
from probity.delivery.message import Envelope, OutgoingMail, compose, message_id
from probity.delivery.recipients import Recipient
from probity.jobs import wording
from probity.jobs.office import Office
from probity.settings import ROOT, Settings
from probity.store import model, trail

SINGLE = ("workbook", "document", "result_form", "draw", "positions")
BUNDLED = {"letter": "letters", "inspection_form": "forms", "correction_form": "answers"}
"""Kinds of published files that a full recipient gets: one by one, or as one zip."""

VERIFIER = ROOT / "include" / "verify_draw.py"
TAIPEI = dt.timezone(dt.timedelta(hours=8))


def today(session: Session) -> dt.date:
    """The database's day in Taipei: who gets a notice is a matter of the day on which it is sent."""
    now = session.scalar(select(func.now()))
    if now is None:
        raise LookupError("the database gave no time")
    return now.astimezone(TAIPEI).date()


# -- gate notices -------------------------------------------------------------------------------------------------
def gate_notice(
    session: Session,
    office: Office,
    job: str,
    period: Period,
    stage: str,
    result: Any,
    workbook: Path,
    sources: list[str],
) -> None:
    """Owe the owners of ``sources`` (all owners when empty) the workbook in which the bad cells are marked.

    The same verdict over the same bad rows is told once, however often the gate is run again and whatever else
    arrives meanwhile.
    """
    content = workbook.read_bytes()
    document = {"name": workbook.name, "digest": canonical.sha256(content), "size": len(content)}
    failed = result.failed()
    facts = {
        "period": period.key,
        "period_roc": period.roc,
        "stage": result.words.get("stage", stage),
        "outcome": result.outcome,
        "dataset": wording.job_name(job),
        "messages": [
            f"{c.message_zh}（{c.who_zh}：{c.action_zh}）" for c in failed if c.outcome in ("stop", "quarantine")
        ],
        "documents": [document],
        "trail_head": trail.head(session),
    }
    report = f"gate/{job}/{period.key}/{stage}/{canonical.digest([result.outcome, document['digest']])[:16]}"
    bodies = reports.mail("gate_stop", facts, office.settings.templates)
    chosen: dict[str, Recipient] = {}
    for source in sources or (None,):
        for person in recipients.for_report(
            recipients.load(office.settings.config), "gate_stop", today(session), source
        ):
            chosen.setdefault(person.address, person)
    for person in chosen.values():
        envelope = Envelope(report, person.address, 1, person.role, office.settings.mail_from)
        outbox.enqueue(session, compose(office.objects, envelope, bodies, {workbook.name: content}))


# -- failures -----------------------------------------------------------------------------------------------------
def failure_notice(settings: Settings, facts: Mapping[str, Any]) -> None:
    """Owe the operators a mail about a failed task; ``facts``: dag_id, task_id, run_id, try_number, period, message,
    url. Once per run, task and message."""
    office = Office(settings)
    bodies = reports.mail("task_failed", facts, settings.templates)
    key = canonical.digest([facts[k] for k in ("dag_id", "run_id", "task_id", "message")])[:16]
    with office.transaction() as session:
        for person in recipients.for_report(recipients.load(settings.config), "task_failed", today(session)):
            envelope = Envelope(
                f"failure/{facts['dag_id']}/{facts['task_id']}/{key}",
                person.address,
                1,
                person.role,
                settings.mail_from,
            )
            outbox.enqueue(session, compose(office.objects, envelope, bodies))


# -- published selections -------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Parcel:
    """One mail of a published selection, before the mail gate."""

    recipient: Recipient
    bodies: reports.MailBodies
    files: dict[str, bytes]


def selection_parcels(
    office: Office, job: str, context: Mapping[str, Any], files: Mapping[str, list[Path]]
) -> Iterator[Parcel]:
    """The mails of a published selection, by recipient: each holds only what its level may see.

    ``files``: kind -> paths of the published files. full: everything; agency: the letter of that agency alone;
    figures: counts in the body, nothing attached.
    """
    settings = office.settings
    on = dt.datetime.fromisoformat(context["decided_at"]).astimezone(TAIPEI).date()
    for person in recipients.for_report(recipients.load(settings.config), job, on):
        attached = attachments(person, context, files)
        if person.level == "agency" and not attached:
            continue
        documents = [{"name": n, "digest": canonical.sha256(d), "size": len(d)} for n, d in sorted(attached.items())]
        bodies = reports.mail_bodies(dict(context) | {"documents": documents}, person.level, settings.templates)
        yield Parcel(person, bodies, attached)


def attachments(person: Recipient, context: Mapping[str, Any], files: Mapping[str, list[Path]]) -> dict[str, bytes]:
    """File name -> content for one recipient."""
    name = context["selection_id"]
    if person.level == "figures":
        return {}
    if person.level == "agency":
        return {
            n: content
            for letter in reports.letters(context)
            if letter.agency_key == person.agency
            for n, content in letter.files.items()
        }
    there = {kind: [p for p in paths if p.is_file()] for kind, paths in files.items()}  # the gate stops what lacks one
    attached = {p.name: p.read_bytes() for kind in SINGLE for p in there.get(kind, [])}
    for kind, ending in BUNDLED.items():
        if there.get(kind):
            attached[f"{name}-{ending}.zip"] = reports.zip_files({p.name: p.read_bytes() for p in there[kind]})
    attached[f"{VERIFIER.stem}.txt"] = VERIFIER.read_bytes()
    return attached


def selection_terms(context: Mapping[str, Any]) -> list[str]:
    """What no body may name: the selected cases, their titles and agencies, firms and auditors.

    Bare numbers are left out (a case number of a few digits stands by chance in any digest), and so are
    words that the office's own name contains.
    """
    terms: set[str] = set()
    for case in context["cases"]:
        terms |= {case["case_id"], case["case_no"], case["title"], case["agency_name"]}
        terms |= set(case["winners"]) | set(case["auditor_names"]) | set(case["recused_names"])
    return plain_terms(terms, context)


def plain_terms(terms: Iterable[str], context: Mapping[str, Any]) -> list[str]:
    """Those of ``terms`` that a body can be searched for: no short codes, nothing that the office's own name holds."""
    office = "".join(str(v) for v in (context.get("office") or {}).values())
    return sorted(t for t in set(terms) if t and len(t) > 1 and not (t.isascii() and len(t) < 8) and t not in office)


def outgoing(office: Office, publication: model.Publication, parcel: Parcel, replaced: int | None) -> OutgoingMail:
    """The parcel as a mail of the outbox: its key is the job, the period, the recipient and the revision. A mail that
    replaces revision ``replaced`` answers that one's Message-ID, so that both stand in one thread."""
    report, person, sender = f"{publication.job}/{publication.period}", parcel.recipient, office.settings.mail_from
    answers = message_id(report, person.address, replaced, sender) if replaced else ""
    envelope = Envelope(report, person.address, publication.revision, person.role, sender, answers)
    return compose(office.objects, envelope, parcel.bodies, parcel.files)
