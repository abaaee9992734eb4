"""Publishing: the files of something approved, written once, with a row that says what was published.

In: an id that somebody approved, its files and its context (the facts that they tell). Out: files under
``reports/<publication_id>`` with their digests in ``report``, a row of ``publication``, a trail record. Publishing
again finds the same bytes; what is published never changes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from probity import canonical, reports, selection
from probity.calendar import Period
from probity.jobs import briefing, records
from probity.jobs.office import Office
from probity.jobs.publication import LOCK
from probity.jobs.selecting import Files, SelectingJob
from probity.settings import Settings
from probity.store import model
from probity.store.objects import write_atomic

log = logging.getLogger(__name__)


# -- anything ------------------------------------------------------------------------------------------------------
def write(
    session: Session, office: Office, publication: model.Publication, files: Files, context: Mapping[str, Any]
) -> list[dict[str, str]]:
    """Write ``files`` and keep the publication (its ``context`` digest is set here); returns [{kind, path, digest}].

    Safe to run again or twice at once: the row and the files are kept under the publication's id. ``context`` must be
    plain JSON; the step record ``publish`` names it, so that what was told can be told again.
    """
    name = publication.publication_id
    session.execute(text(LOCK), {"name": f"publish/{name}"})
    listed = _written(office, name, files)
    kept = office.objects.put_json(context)
    columns = {k: getattr(publication, k) for k in ("publication_id", "job", "period", "revision", "reference")}
    session.execute(insert(model.Publication).values(**columns, context=kept).on_conflict_do_nothing())
    for item in listed:
        number = canonical.sha256(item["path"].encode())[:8]
        session.execute(
            insert(model.Report)
            .values(
                report_id=name if item["kind"] == "workbook" else f"{name}/{item['kind']}/{number}",
                publication_id=name,
                revision=publication.revision,
                **item,
            )
            .on_conflict_do_nothing()
        )
    facts = {"selection_id": name, "context": kept, "files": listed}
    records.step(session, publication.job, Period.parse(publication.period), "publish", publication.reference, facts)
    for item in listed:
        log.info("report %s digest %s", item["kind"], item["digest"])
    return listed


def _written(office: Office, publication_id: str, files: Files) -> list[dict[str, str]]:
    """The files on disk, each whole, those that are there already left alone; [{kind, path, digest}]."""
    listed = []
    for (kind, name), content in sorted(files.items()):
        path = office.settings.reports / publication_id / name
        digest = office.objects.put_bytes(content, "report")
        if not path.exists() or canonical.file_digest(path) != digest:
            write_atomic(path, content)
        listed.append({"kind": kind, "path": f"{publication_id}/{name}", "digest": digest})
    return listed


# -- selections ----------------------------------------------------------------------------------------------------
def publish(settings: Settings, job: SelectingJob, period_key: str, selection_id: str) -> dict[str, Any]:
    """Write the reports of the approved ``selection_id``; returns {selection_id, files}."""
    office, period = Office(settings), Period.parse(period_key)
    with office.transaction() as session:
        session.execute(text(LOCK), {"name": f"publish/{selection_id}"})
        reference = records.publication_of(session, job.name, selection_id)
        context = context_of(session, office, reference)
        chain = briefing.Chain(office, reference)
        row = model.Publication(
            publication_id=selection_id,
            job=job.name,
            period=period.key,
            revision=context["revision"],
            reference=reference,
        )
        listed = write(session, office, row, report_files(office, job, chain, context), context)
    return {"selection_id": selection_id, "files": len(listed)}


def context_of(session: Session, office: Office, reference: str) -> dict[str, Any]:
    """The report context of a publication: the one with which it was published, else a new one. What arrives later
    (the same file once more, other months' bad cells) must not change what was said then."""
    chain = briefing.Chain(office, reference)
    kept = records.find_facts(session, chain.job, chain.period, "publish", reference)
    if kept is None:
        return briefing.context(session, office, reference)
    context: dict[str, Any] = office.objects.get_json(kept["context"])
    return context


def report_files(office: Office, job: SelectingJob, chain: briefing.Chain, context: dict[str, Any]) -> Files:
    """The workbook, the letters with their annexes, the draw file, and the job's own forms."""
    book = office.rules(chain.inputs)
    name = context["selection_id"]
    files = {("workbook", f"{name}.xlsx"): reports.selection_workbook_bytes(context, book.templates)}
    for letter in reports.letters(context, book.templates):
        files |= {("letter", file_name): content for file_name, content in letter.files.items()}
    proposal = job.propose(office, chain.period, chain.selection["signals"], chain.selection["weights"])
    draw = selection.draw_file(proposal, chain.publication["decision"], chain.publication["seed"])
    files["draw", f"{name}-draw.json"] = (canonical.dumps(draw) + "\n").encode()
    return files | job.forms(office, chain, context)


def published_path(office: Office, report: model.Report) -> Any:
    """Where the file of ``report`` lies."""
    return office.settings.reports / report.path
