"""Publishing an approved selection: its workbook, its letters and its draw file, written once.

In: a selection id that somebody approved. Out: files under ``reports/<selection_id>`` with their digests in
``report`` and in the trail. Publishing again finds the same bytes; an approved selection never changes.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from probity import canonical, reports, selection
from probity.calendar import Period
from probity.jobs import briefing, records
from probity.jobs.office import Office
from probity.jobs.publication import LOCK, SelectingJob
from probity.settings import Settings
from probity.sources import forms
from probity.store import model
from probity.store.objects import write_atomic

log = logging.getLogger(__name__)


def publish(settings: Settings, job: SelectingJob, period_key: str, selection_id: str) -> dict[str, Any]:
    """Write the reports of ``selection_id``; returns {selection_id, files}. Safe to run again or twice at once."""
    office, period = Office(settings), Period.parse(period_key)
    with office.transaction() as session:
        session.execute(text(LOCK), {"name": f"publish/{selection_id}"})
        reference = records.publication_of(session, job.name, selection_id)
        context = context_of(session, office, reference)
        chain = briefing.Chain(office, reference)
        listed = _written(office, selection_id, report_files(office, job, chain, context))
        for item in listed:
            number = canonical.sha256(item["path"].encode())[:8]
            session.execute(
                insert(model.Report)
                .values(
                    report_id=selection_id if item["kind"] == "workbook" else f"{selection_id}/{item['kind']}/{number}",
                    selection_id=selection_id,
                    revision=context["revision"],
                    **item,
                )
                .on_conflict_do_nothing()
            )
        facts = {"selection_id": selection_id, "context": office.objects.put_json(context), "files": listed}
        records.step(session, job.name, period, "publish", reference, facts)
    for item in listed:
        log.info("report %s digest %s", item["kind"], item["digest"])
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


def _written(office: Office, selection_id: str, files: dict[tuple[str, str], bytes]) -> list[dict[str, str]]:
    """The files on disk, each whole, those that are there already left alone; [{kind, path, digest}]."""
    listed = []
    for (kind, name), content in sorted(files.items()):
        path = office.settings.reports / selection_id / name
        digest = office.objects.put_bytes(content, "report")
        if not path.exists() or canonical.file_digest(path) != digest:
            write_atomic(path, content)
        listed.append({"kind": kind, "path": f"{selection_id}/{name}", "digest": digest})
    return listed


def report_files(
    office: Office, job: SelectingJob, chain: briefing.Chain, context: dict[str, Any]
) -> dict[tuple[str, str], bytes]:
    """(kind, file name) -> content: the workbook, the letters with their annexes, the result form, the draw file."""
    book = office.rules(chain.inputs)
    name = context["selection_id"]
    files = {("workbook", f"{name}.xlsx"): reports.selection_workbook_bytes(context, book.templates)}
    for letter in reports.letters(context, book.templates):
        files |= {("letter", file_name): content for file_name, content in letter.files.items()}
    with tempfile.TemporaryDirectory() as folder:  # beside the published files a half-written form would be seen
        form = Path(folder) / f"{name}-results.xlsx"
        forms.write_audit_result_form(form, [c | {"selection_id": name} for c in context["cases"]])
        files["result_form", form.name] = form.read_bytes()
    proposal = job.propose(office, chain.period, chain.selection["signals"], chain.selection["weights"])
    draw = selection.draw_file(proposal, chain.publication["decision"], chain.publication["seed"])
    files["draw", f"{name}-draw.json"] = (canonical.dumps(draw) + "\n").encode()
    return files


def published_path(office: Office, report: model.Report) -> Path:
    """Where the file of ``report`` lies."""
    return office.settings.reports / report.path
