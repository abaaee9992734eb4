"""Replaying a published selection: recompute it from its manifest and say what is identical and what differs.

In: a selection id. Out: one finding a part (versions, rules, snapshots, signals, ranking, control frame, final list,
workbook, each published file). The snapshots and rules are those that the manifest names by digest, so the drop folder
and today's rules play no part; whether they still are what the digests promise is the first thing that is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from probity import canonical, selection, signals
from probity.jobs import briefing, publishing, records
from probity.jobs.office import Office, versions
from probity.jobs.selecting import SelectingJob
from probity.reports import selection_workbook_bytes
from probity.store import model

INTACT = "intact"


@dataclass(frozen=True)
class Finding:
    """One part of a replay: ``expected`` is what was published, ``found`` what the replay gave (digests or text)."""

    part: str
    expected: str
    found: str

    @property
    def identical(self) -> bool:
        return self.expected == self.found


def replay(office: Office, job: SelectingJob, selection_id: str) -> list[Finding]:
    """Recompute ``selection_id``. JobError when no such selection was approved."""
    with office.transaction() as session:
        reference = records.publication_of(session, job.name, selection_id)
        reports = list(session.scalars(select(model.Report).where(model.Report.publication_id == selection_id)))
        context = publishing.context_of(session, office, reference)
    chain = briefing.Chain(office, reference)
    kept = list(_kept(office, chain))
    findings = [Finding("versions", canonical.dumps(chain.inputs["versions"]), canonical.dumps(versions())), *kept]
    if all(f.identical for f in kept) or _readable(office, chain):
        findings += _recomputed(office, job, chain, {r.kind: r.digest for r in reports}, context)
    return findings + list(_published(office, reports))


def _kept(office: Office, chain: briefing.Chain) -> Iterator[Finding]:
    """Are the archived rules and snapshots what their digests promise?"""
    rules = {name: office.objects.path(digest, "rule") for name, digest in chain.inputs["rules"].items()}
    yield Finding("rules", INTACT, _damage(rules))
    chained = (chain.inputs, chain.signals, chain.selection, chain.publication)
    snapshots = {n: office.objects.table_path(s["digest"]) for m in chained for n, s in m["snapshots"].items()}
    yield Finding("snapshots", INTACT, _damage(snapshots))


def _damage(files: dict[str, Path]) -> str:
    """INTACT, or the names of the files that are gone or are not what their names promise."""
    bad = [n for n, path in files.items() if not path.is_file() or canonical.file_digest(path) != path.stem]
    return ", ".join(sorted(bad)) or INTACT


def _readable(office: Office, chain: briefing.Chain) -> bool:
    """Can what was altered be read at all? Then the replay shows what the alteration does."""
    try:
        office.rules(chain.inputs)
        for manifest in (chain.inputs, chain.signals, chain.selection, chain.publication):
            office.tables(manifest)
    except (ValueError, OSError):
        return False
    return True


def _recomputed(
    office: Office,
    job: SelectingJob,
    chain: briefing.Chain,
    reports: dict[str, str],
    context: dict[str, Any],
) -> Iterator[Finding]:
    book = office.rules(chain.inputs)
    tables = office.tables(chain.inputs)
    result = signals.run(tables, chain.period, job.signals(book), book.thresholds)
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
        # What is told of the cases comes anew from the snapshots; what was told of the run is as it was published.
        fresh = context | {
            "cases": briefing.cases(chain.family, tables, final),
            "evidence": briefing.evidence(office, chain, final),
            "seed": chain.publication["seed"],
            "commitment": proposal.commitment,
        }
        rendered = selection_workbook_bytes(briefing.plain(fresh), book.templates)
        yield Finding("workbook", reports["workbook"], canonical.sha256(rendered))


def _published(office: Office, reports: Iterable[model.Report]) -> Iterator[Finding]:
    """Do the files in the reports folder have the digests under which they were published?"""
    for report in sorted(reports, key=lambda r: r.path):
        path = publishing.published_path(office, report)
        yield Finding(f"file {path.name}", report.digest, canonical.file_digest(path) if path.is_file() else "missing")
