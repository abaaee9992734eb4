"""The steps of every job that selects, in the order in which its DAG calls them.

``collect -> gate(arrival) -> gate(<tables>) -> detect -> gate(signals) -> select -> gate(selection) ->
approval_request -> record_decision -> publish``. In: a ``SelectingJob``, settings, the period's key, the reference that
the step before gave. Out: a reference (a digest) or plain counts.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from probity import gates, signals, sources
from probity.calendar import Period
from probity.jobs import NoData, gating, post, publication, publishing, records, weighting, wording
from probity.jobs import replay as replaying
from probity.jobs.office import Office, versions
from probity.jobs.selecting import SelectingJob
from probity.settings import Settings
from probity.tables import TABLES

log = logging.getLogger(__name__)

# Refusals of a file that holds no case: empty (a portal gives such a file for a month without one), or no data.
NO_CASES = {"empty_file", "no_rows", "unknown_source", "unknown_format", "document_file", "not_needed"}


class Steps:
    """The steps of one job; a job's module binds them to its own names."""

    def __init__(self, job: SelectingJob) -> None:
        self.job = job

    # -- collect ------------------------------------------------------------------------------------------------
    def collect(self, settings: Settings, period_key: str) -> str:
        """Read what has arrived, lay the period's snapshots down; returns the digest of the inputs manifest.

        The manifest names the snapshots, the archived rules and the versions, so that the same inputs always give
        the same digest; the files they came from are kept beside it, in the step record and in the trail.
        """
        job = self.job
        office, period = Office(settings), Period.parse(period_key)
        rules = office.archive_rules()
        book = office.rules({"rules": rules})
        arrivals = sources.discover(settings.drop, settings)
        ingested = [sources.ingest(a, settings, office.objects) for a in arrivals]
        tables = job.build(office, ingested, period, book)
        results = tables["audit_result"]
        # What was found later must not change what the period was selected from.
        tables["audit_result"] = results.filter(pc.less_equal(results["finished_date"], pa.scalar(period.last)))
        snapshots = office.put_tables(tables)
        manifest = {
            "kind": "inputs",
            "job": job.name,
            "family": job.family_name,
            "period": period.key,
            "snapshots": snapshots,
            "rules": rules,
            "versions": versions(),
        }
        if job.awaiting is not None:
            manifest["awaiting"] = job.awaiting(office, period, tables, book)
        ref = office.objects.put_json(manifest)
        coverage = [
            {k: line[k] for k in ("source_id", "state", "rows", "line")}
            for line in sources.coverage(ingested, period, job.family_name)
        ]
        facts = self._collected(office, ingested, tables, period) | {"coverage": coverage}
        with office.transaction() as session:
            records.arrivals(session, office.objects, ingested)
            records.audit_results(session, results)
            records.step(session, job.name, period, "collect", ref, facts)
        _log_collected(facts, coverage, snapshots)
        log.info("period %s: %s cases of its own, inputs manifest %s", period.key, facts["notices"], ref)
        return ref

    def _collected(
        self, office: Office, ingested: list[Any], tables: Mapping[str, pa.Table], period: Period
    ) -> dict[str, Any]:
        """Counts of what arrived: per file (by digest, never by name) and in all; ``provenance`` names the rest."""
        family = self.job.family
        return records.file_facts(office.objects, ingested) | {
            "notices": family.own_cases(tables, period.first, period.last).num_rows,
            "history": tables[family.case].num_rows,
            "unread": sum(1 for i in ingested if self._may_hold_cases(i)),
            "conflicts": tables["conflict"].num_rows if "conflict" in tables else 0,
        }

    def _may_hold_cases(self, item: Any) -> bool:
        """A file of which nothing could be read, and which may be the cases of a period that seems to have none."""
        unread = item.refused_code not in NO_CASES if item.refused else item.rows_in > 0 and item.rows_out == 0
        return unread and (not item.source_id or item.source_id in self.job.case_sources)

    # -- gates --------------------------------------------------------------------------------------------------
    def gate(self, settings: Settings, period_key: str, stage: str, ref: str) -> str:
        """Run the gate of ``stage`` over what ``ref`` names; returns the reference that goes on.

        Quarantine gives a new inputs manifest without the bad rows. Stop raises GateStopped after the result, its
        page, the marked workbook and the owner's mail are kept. No case at all raises NoData, unless a file that
        could not be read may hold the period's cases.
        """
        job = self.job
        office, period = Office(settings), Period.parse(period_key)
        subject = Subject(job, office, period, stage, ref)
        tables = subject.tables()
        if stage == "arrival" and subject.own == 0 and not subject.collected()["unread"]:
            raise NoData(wording.text("no_data", period=period, job_zh=wording.job_name(job.name)))
        result = gates.run(stage, tables, subject.context(), subject.book.load("gates"))
        kept = ref
        if result.outcome == "quarantine":
            kept = subject.without_quarantined(result)
        gating.keep(office, job.name, period, stage, ref, kept, result)
        gating.log_result(result)
        if result.outcome == "stop":
            raise gating.stopped(result)
        return kept

    # -- detect -------------------------------------------------------------------------------------------------
    def detect(self, settings: Settings, period_key: str, ref: str) -> str:
        """Run every signal over the inputs ``ref``; returns the digest of the signals manifest."""
        job = self.job
        office, period = Office(settings), Period.parse(period_key)
        inputs = office.manifest(ref, "inputs")
        book = office.rules(inputs)
        loaded = job.signals(book)
        result = signals.run(office.tables(inputs), period, loaded, book.thresholds)
        about = {s.id: {"legal_basis": s.legal_basis, "must_watch": s.must_watch} for s in loaded}
        summary = [about[row["signal_id"]] | row for row in signals.summary(result, loaded)]
        manifest = {
            "kind": "signals",
            "job": job.name,
            "period": period.key,
            "inputs": ref,
            "snapshots": office.put_tables({"signal_result": result}),
        }
        digest = office.objects.put_json(manifest)
        with office.transaction() as session:
            records.step(session, job.name, period, "detect", digest, {"inputs": ref, "signals": summary})
        for row in summary:
            log.info(
                "signal %s fired=%s clear=%s not assessable=%s%s%s",
                row["signal_id"],
                row["fired"],
                row["clear"],
                row["not_assessable"],
                f" ({row['why_not']})" if row["why_not"] else "",
                " TOO COMMON" if row["too_common"] else "",
            )
        log.info("signals manifest %s", digest)
        return digest

    # -- select -------------------------------------------------------------------------------------------------
    def select(self, settings: Settings, period_key: str, ref: str) -> str:
        """Rank within the quota and commit to the control frame; returns the digest of the selection manifest."""
        job = self.job
        office, period = Office(settings), Period.parse(period_key)
        inputs = office.manifest(office.manifest(ref, "signals")["inputs"], "inputs")
        weights = weighting.in_force(office, job, office.rules(inputs), period)
        proposal = job.propose(office, period, ref, weights)
        manifest = {
            "kind": "selection",
            "job": job.name,
            "period": period.key,
            "signals": ref,
            "weights": weights,
            "snapshots": office.put_tables({"selection_case": proposal.cases}),
            "frame": office.objects.put_json(proposal.frame),
            "commitment": proposal.commitment,
        }
        digest = office.objects.put_json(manifest)
        facts = {
            "signals": ref,
            "steps": proposal.steps,
            "commitment": proposal.commitment,
            "cases": proposal.cases.num_rows,
        }
        with office.transaction() as session:
            records.step(session, job.name, period, "select", digest, facts)
        for line in proposal.steps:
            log.info("%s", line)
        log.info("selection manifest %s, control frame commitment %s", digest, manifest["frame"])
        return digest

    # -- approve, publish, replay -------------------------------------------------------------------------------
    def approval_request(self, settings: Settings, period_key: str, ref: str) -> dict[str, Any]:
        """What is asked of the approver; see ``publication.request``."""
        return publication.request(settings, self.job, period_key, ref)

    def record_decision(self, settings: Settings, period_key: str, ref: str, form: dict[str, Any]) -> str | None:
        """Keep the approver's answer; see ``publication.record_decision``."""
        return publication.record_decision(settings, self.job, period_key, ref, form)

    def publish(self, settings: Settings, period_key: str, selection_id: str) -> dict[str, Any]:
        """Write the approved selection's reports once; see ``publishing.publish``."""
        return publishing.publish(settings, self.job, period_key, selection_id)

    def replay(self, settings: Settings, selection_id: str) -> list[replaying.Finding]:
        """Recompute a published selection from its manifest; see ``replay.replay``."""
        return replaying.replay(Office(settings), self.job, selection_id)

    def parcels(
        self, office: Office, context: Mapping[str, Any], files: Mapping[str, list[Path]]
    ) -> Iterator[post.Parcel]:
        """The mails of a published selection; see ``post.selection_parcels``."""
        return post.selection_parcels(office, self.job.name, context, files)

    def secret_terms(self, context: Mapping[str, Any]) -> list[str]:
        """What no mail body of a published selection may name; see ``post.selection_terms``."""
        return post.selection_terms(context)


def _log_collected(
    facts: Mapping[str, Any], coverage: list[dict[str, Any]], snapshots: Mapping[str, dict[str, Any]]
) -> None:
    records.log_files(facts)
    for line in coverage:
        log.info("coverage %s: %s", line["source_id"], line["line"])
    for name, snapshot in snapshots.items():
        log.info("snapshot %s rows=%s digest=%s", name, snapshot["rows"], snapshot["digest"])


class Subject:
    """What a gate looks at: the tables and the plain facts of a stage."""

    def __init__(self, job: SelectingJob, office: Office, period: Period, stage: str, ref: str) -> None:
        self.job, self.office, self.period, self.stage, self.ref = job, office, period, stage, ref
        self.inputs_ref = ref
        self.signals_ref = self.selection_ref = ""
        if stage == "selection":
            self.selection_ref = ref
            self.signals_ref = office.manifest(ref, "selection")["signals"]
            self.inputs_ref = office.manifest(self.signals_ref, "signals")["inputs"]
        elif stage == "signals":
            self.signals_ref = ref
            self.inputs_ref = office.manifest(ref, "signals")["inputs"]
        self.inputs = office.manifest(self.inputs_ref, "inputs")
        self.book = office.rules(self.inputs)
        self.own = 0

    def tables(self) -> dict[str, pa.Table]:
        tables = self.office.tables(self.inputs)
        self.own = self.job.family.own_cases(tables, self.period.first, self.period.last).num_rows
        for ref, kind in ((self.signals_ref, "signals"), (self.selection_ref, "selection")):
            if ref:
                tables |= self.office.tables(self.office.manifest(ref, kind))
        return tables

    def context(self) -> dict[str, Any]:
        options = self.job.options(self.book)
        context: dict[str, Any] = {
            "job": self.job.name,
            "family": self.job.family_name,
            "period": self.period,
            "expected_sources": options["expected_sources"],
            "one_of": options["one_of"],
            "source_names": {name: contract.zh for name, contract in sources.CONTRACTS.items()},
            "history_years": options["history_years"],
            "digests": {name: snapshot["digest"] for name, snapshot in self.inputs["snapshots"].items()},
        }
        if self.stage in ("signals", "selection"):
            context["signal_ids"] = sorted(s.id for s in self.job.signals(self.book))
        else:
            context |= self.provenance()
        if self.stage == "selection":
            manifest = self.office.manifest(self.ref, "selection")
            context["selection"] = self.book.load("selection")
            population = self.office.objects.get_json(manifest["frame"])["population"]
            context["frame"] = sorted(case for ids in population.values() for case in ids)
        return context

    def collected(self) -> dict[str, Any]:
        """What collect kept for these inputs."""
        with self.office.transaction() as session:
            return records.step_facts(session, self.job.name, self.period, "collect", self.inputs_ref)

    def provenance(self) -> dict[str, Any]:
        """The files behind the tables: for the arrival checks, and to say where a bad row came from."""
        files = self.office.objects.get_json(self.collected()["provenance"])
        return {"files": files} | provenance_of(self.office, files)

    def without_quarantined(self, result: Any) -> str:
        """A new inputs manifest over the kept tables, with what was set aside beside it."""
        if self.stage in ("signals", "selection"):
            raise ValueError(f"stage {self.stage} cannot quarantine: its rows are Probity's own")
        own = {name: table for name, table in result.kept.items() if name in self.inputs["snapshots"]}
        snapshots = self.inputs["snapshots"] | self.office.put_tables(own)
        ref = self.office.objects.put_json(self.inputs | {"snapshots": snapshots})
        facts = self.collected()
        with self.office.transaction() as session:
            records.quarantined(session, result.quarantined)
            if ref != self.ref:  # whole files were set aside before they became tables: collect's record stands
                facts["quarantined_by_gate"] = facts.get("quarantined_by_gate", 0) + result.quarantined.num_rows
                records.step(session, self.job.name, self.period, "collect", ref, facts)
        return ref


def provenance_of(office: Office, files: list[dict[str, Any]]) -> dict[str, Any]:
    """For a gate: ``quarantine`` (cells that reading set aside) and ``locate`` (where a canonical row came from)."""
    aside = [office.objects.get_table(f["quarantine"]) for f in files if f["quarantine"]]
    names = {f["digest"]: f["file_name"] for f in files}

    def observed(table: str) -> pa.Table | None:
        found = [f["observations"][table] for f in files if table in f["observations"]]
        tables = [office.objects.get_table(digest) for digest in found]
        return pa.concat_tables(tables, promote_options="default") if tables else None

    empty = TABLES["quarantine"].arrow_schema().empty_table()
    return {"quarantine": pa.concat_tables([empty, *aside]), "locate": gates.locator(observed, names)}
