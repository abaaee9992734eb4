"""報告寄送: what was published is owed to its recipients, checked by the mail gate, and delivered.

In: published selections, recipients. Out: accepted mails, each once a report, recipient and revision, with receipts
in the trail. DAG order: ``gate -> deliver``. A mail server that is down fails nothing: what is owed stays owed.
"""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from probity import canonical, config, gates
from probity.calendar import Period
from probity.delivery import mailer, outbox
from probity.delivery.outbox import Receipt
from probity.jobs import GateStopped, gating, post, records
from probity.jobs.office import Office
from probity.settings import Settings
from probity.store import model, trail

log = logging.getLogger(__name__)

JOB = "report_distribution"


def gate(settings: Settings) -> dict[str, int]:
    """Owe every published selection that is not owed yet, once the mail gate has passed it.

    GateStopped when something about to leave must not; the others are owed all the same.
    """
    office = Office(settings)
    with office.transaction() as session:
        waiting = [row.selection_id for row in unowed(session)]
    stopped: list[Any] = []
    mails = 0
    for selection_id in waiting:
        result, owed = owe(office, selection_id)
        mails += owed
        if result.outcome == "stop":
            stopped.append(result)
    if stopped:
        raise GateStopped("\n".join(gates.message(r) for r in stopped))
    return {"published": len(waiting), "owed": mails}


def unowed(session: Session) -> list[model.Selection]:
    """Approved selections that are published and whose distribution is not recorded yet."""
    published = select(model.Report.selection_id).where(model.Report.kind == "workbook")
    owed = select(model.RunStep.counts["selection_id"].astext).where(
        model.RunStep.job == JOB, model.RunStep.step == "owe"
    )
    return list(
        session.scalars(
            select(model.Selection)
            .where(
                model.Selection.state == "approved",
                model.Selection.selection_id.in_(published),
                model.Selection.selection_id.not_in(owed),
            )
            .order_by(model.Selection.selection_id)
        )
    )


def owe(office: Office, selection_id: str) -> tuple[Any, int]:
    """Pass one published selection through the mail gate and owe its mails; returns the verdict and their number."""
    settings = office.settings
    with office.transaction() as session:
        row = session.get_one(model.Selection, selection_id)
        reference = records.publication_of(session, row.job, selection_id)
        period = Period.parse(row.period)
        facts = records.step_facts(session, row.job, period, "publish", reference)
        context = office.objects.get_json(facts["context"])
        files: dict[str, list[Any]] = {}
        for item in facts["files"]:
            files.setdefault(item["kind"], []).append(settings.reports / item["path"])
        parcels = list(post.parcels(settings, row.job, context, files))
        listed = [
            {"path": settings.reports / f["path"], "digest": f["digest"], "name": f["kind"]} for f in facts["files"]
        ]
        result = gates.run(
            "mail",
            {},
            {
                "job": row.job,
                "period": period,
                "files": listed,
                "recipients": [{"address": p.recipient.address, "role": p.recipient.role} for p in parcels],
                "bodies": bodies(parcels),
                "terms": secret_terms(context),
            },
            config.load(settings.config, "gates"),
        )
    gating.keep(office, row.job, period, "mail", reference, reference, result)
    gating.log_result(result)
    if result.outcome == "stop":
        return result, 0
    with office.transaction() as session:
        for parcel in parcels:
            outbox.enqueue(session, post.outgoing(office, row, parcel, context["replaces_revision"]))
        who = canonical.file_digest(settings.config / "recipients.yaml")
        counts = {"selection_id": selection_id, "mails": len(parcels), "recipients": who}
        records.step(session, JOB, period, "owe", reference, counts)
    log.info("selection %s: %s mails owed", selection_id, len(parcels))
    return result, len(parcels)


def bodies(parcels: list[post.Parcel]) -> list[dict[str, str]]:
    """Every text that leaves outside an attachment: subjects, bodies, attachment names."""
    found = []
    for parcel in parcels:
        role = parcel.recipient.role
        texts = {"subject": parcel.bodies.subject, "text": parcel.bodies.text, "html": parcel.bodies.html}
        if parcel.files:
            texts["files"] = "\n".join(sorted(parcel.files))
        found += [{"name": f"{role}/{name}", "text": text} for name, text in texts.items()]
    return found


def secret_terms(context: dict[str, Any]) -> list[str]:
    """What no body may name: the selected cases, their titles and agencies, firms and auditors.

    Bare numbers are left out (a case number of a few digits stands by chance in any digest), and so are
    words that the office's own name contains.
    """
    office = "".join(str(v) for v in (context.get("office") or {}).values())
    terms: set[str] = set()
    for case in context["cases"]:
        terms |= {case["case_id"], case["case_no"], case["title"], case["agency_name"]}
        terms |= set(case["winners"]) | set(case["auditor_names"]) | set(case["recused_names"])
    return sorted(t for t in terms if t and len(t) > 1 and not (t.isascii() and len(t) < 8) and t not in office)


def deliver(settings: Settings) -> dict[str, Any]:
    """Deliver what is due; returns counts. Safe beside any other deliverer."""
    office = Office(settings)
    backend = mailer.backend(settings.smtp_url, settings.mail_from)
    summary = outbox.deliver_due(office.engine, backend, office.objects, receipt=receipt)
    with office.transaction() as session:
        for mail in outbox.owed(session):
            log.info(
                "still owed: mail %s report %s role %s state %s",
                mail["id"],
                mail["report_id"],
                mail["role"],
                mail["state"],
            )
    return summary.to_json()


def receipt(session: Session, given: Receipt) -> None:
    """One trail record for the end of each attempt."""
    body = {k: getattr(given, k) for k in Receipt.__dataclass_fields__} | {"job": JOB, "step": "mail"}
    trail.append(session, body, key=given.key)
