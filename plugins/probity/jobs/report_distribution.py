"""報告寄送: what was published is owed to its recipients, checked by the mail gate, and delivered.

In: published selections, recipients. Out: accepted mails, each once a report, recipient and revision, with receipts
in the trail. DAG order: ``gate -> deliver``. A mail server that is down fails nothing: what is owed stays owed.
"""

from __future__ import annotations

import importlib
import logging
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from probity import canonical, config, gates
from probity.calendar import Period
from probity.delivery import mailer, outbox
from probity.delivery.outbox import Receipt
from probity.jobs import GateStopped, JobError, gating, post, records, wording
from probity.jobs.office import Office
from probity.settings import Settings
from probity.store import model, trail

log = logging.getLogger(__name__)

JOB = "report_distribution"


def gate(settings: Settings) -> dict[str, int]:
    """Owe every publication that is not owed yet, once the mail gate has passed it.

    GateStopped when something about to leave must not; the others are owed all the same.
    """
    office = Office(settings)
    with office.transaction() as session:
        waiting = [row.publication_id for row in unowed(session)]
    stopped: list[Any] = []
    mails = 0
    for publication_id in waiting:
        result, owed = owe(office, publication_id)
        mails += owed
        if result.outcome == "stop":
            stopped.append(result)
    if stopped:
        raise GateStopped("\n".join(gates.message(r) for r in stopped))
    return {"published": len(waiting), "owed": mails}


def unowed(session: Session) -> list[model.Publication]:
    """The newest revision of each job and period whose distribution is not recorded yet."""
    newer = aliased(model.Publication)
    owed = select(model.RunStep.counts["selection_id"].astext).where(
        model.RunStep.job == JOB, model.RunStep.step == "owe"
    )
    superseded = select(newer.publication_id).where(
        newer.job == model.Publication.job,
        newer.period == model.Publication.period,
        newer.revision > model.Publication.revision,
    )
    return list(
        session.scalars(
            select(model.Publication)
            .where(model.Publication.publication_id.not_in(owed), ~superseded.exists())
            .order_by(model.Publication.publication_id)
        )
    )


def owe(office: Office, publication_id: str) -> tuple[Any, int]:
    """Pass one publication through the mail gate and owe its mails; returns the verdict and their number.

    Who gets which file is the job's own matter: its module's ``parcels`` and ``secret_terms``. JobError when nothing
    was published under this id.
    """
    settings = office.settings
    with office.transaction() as session:
        row = session.get(model.Publication, publication_id)
        if row is None:
            raise JobError(wording.text("nothing_to_replay", selection_id=publication_id))
        session.expunge(row)
    period, reference = Period.parse(row.period), row.reference
    job = importlib.import_module(f"probity.jobs.{row.job}")
    context = office.objects.get_json(row.context)
    with office.transaction() as session:
        found = session.scalars(select(model.Report).where(model.Report.publication_id == publication_id))
        listed = [
            {"path": settings.reports / f.path, "digest": f.digest, "name": f.kind}
            for f in sorted(found, key=lambda f: (f.kind, f.path))
        ]
    files: dict[str, list[Any]] = {}
    for item in listed:
        files.setdefault(str(item["name"]), []).append(item["path"])
    parcels = list(job.parcels(office, context, files))
    result = gates.run(
        "mail",
        {},
        {
            "job": row.job,
            "period": period,
            "files": listed,
            "recipients": [{"address": p.recipient.address, "role": p.recipient.role} for p in parcels],
            "bodies": bodies(parcels),
            "terms": job.secret_terms(context),
        },
        config.load(settings.config, "gates"),
    )
    gating.keep(office, row.job, period, "mail", reference, reference, result)
    gating.log_result(result)
    if result.outcome == "stop":
        return result, 0
    with office.transaction() as session:
        for parcel in parcels:
            outbox.enqueue(session, post.outgoing(office, row, parcel, context.get("replaces_revision")))
        who = canonical.file_digest(settings.config / "recipients.yaml")
        counts = {"selection_id": publication_id, "mails": len(parcels), "recipients": who}
        records.step(session, JOB, period, "owe", reference, counts)
    log.info("publication %s: %s mails owed", publication_id, len(parcels))
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
