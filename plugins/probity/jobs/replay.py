"""Replaying a published selection: recompute it from its manifest and say what is identical and what differs.

In: a selection id. Out: one finding a part (signals, ranking, control frame, final list, workbook, versions). The
snapshots and rules are those that the manifest names by digest, so the drop folder and today's rules play no part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from probity import canonical, selection, signals
from probity.jobs import briefing, publication, publishing
from probity.jobs.office import Office, versions
from probity.reports import selection_workbook_bytes
from probity.store import model


@dataclass(frozen=True)
class Finding:
    """One part of a replay: ``expected`` is what was published, ``found`` what the replay gave (digests or text)."""

    part: str
    expected: str
    found: str

    @property
    def identical(self) -> bool:
        return self.expected == self.found


def replay(office: Office, job: publication.SelectingJob, selection_id: str) -> list[Finding]:
    """Recompute ``selection_id``. JobError when no such selection was approved."""
    with office.transaction() as session:
        reference = publishing.publication_of(session, job.name, selection_id)
        reports = {
            r.kind: r.digest
            for r in session.scalars(select(model.Report).where(model.Report.selection_id == selection_id))
        }
        context = briefing.context(session, office, reference)
    return list(_findings(office, job, briefing.Chain(office, reference), reports, context))


def _findings(
    office: Office,
    job: publication.SelectingJob,
    chain: briefing.Chain,
    reports: dict[str, str],
    context: dict[str, Any],
) -> Iterator[Finding]:
    yield Finding("versions", canonical.dumps(chain.inputs["versions"]), canonical.dumps(versions()))
    book = office.rules(chain.inputs)
    tables = office.tables(chain.inputs)
    loaded = signals.load_signals(book.sql / job.rules)
    result = signals.run(tables, chain.period, loaded, book.thresholds)
    yield Finding("signals", chain.signals["snapshots"]["signal_result"]["digest"], office.objects.put_table(result))
    proposal = job.propose(office, chain.period, chain.selection["signals"], chain.selection["weights"])
    yield Finding(
        "ranking", chain.selection["snapshots"]["selection_case"]["digest"], office.objects.put_table(proposal.cases)
    )
    yield Finding("control_frame", chain.selection["frame"], office.objects.put_json(proposal.frame))
    final = selection.finish(proposal, chain.publication["decision"], chain.publication["seed"])
    yield Finding(
        "final_list", chain.publication["snapshots"]["selection_case"]["digest"], office.objects.put_table(final)
    )
    if "workbook" in reports:
        rendered = selection_workbook_bytes(context, book.templates)
        yield Finding("workbook", reports["workbook"], canonical.sha256(rendered))
