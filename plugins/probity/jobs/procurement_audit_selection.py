"""每月採購稽核選案: the monthly procurement audit selection, step by step.

In: the files in the drop folder. Out: an approved, published selection (``PA-2021-03-r1``) with its workbook and
letters, each step recorded in the trail. The DAG of the same name calls the functions in this order:
``collect -> gate(arrival) -> gate(canonical) -> detect -> gate(signals) -> select -> gate(selection) ->
approval_request -> record_decision -> publish`` (the last three stand in ``publication``).

Legal duty: 政府採購法 §108; 採購稽核小組組織準則 §4; 採購稽核小組作業規則 §8 (which cases), §15 (recusal).
"""

from __future__ import annotations

import logging
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from probity import gates, selection, signals, sources
from probity.calendar import Period
from probity.jobs import NoData, gating, publication, publishing, records, weighting, wording
from probity.jobs import replay as replaying
from probity.jobs.office import Office, RuleBook, versions
from probity.settings import Settings
from probity.tables import TABLES

log = logging.getLogger(__name__)

JOB = "procurement_audit_selection"
RULES = "procurement"

NOTICE_SOURCES = {"award_csv", "notice_index", "halfmonth_xml", "notice_detail", "city_list"}
# Refusals of a file that holds no notice: empty (the portal gives such a file for a month without one), or no data.
NO_NOTICES = {"empty_file", "no_rows", "unknown_source", "unknown_format", "document_file", "not_needed"}


# -- collect -----------------------------------------------------------------------------------------------------
def collect(settings: Settings, period_key: str) -> str:
    """Read what has arrived, lay the period's snapshots down; returns the digest of the inputs manifest.

    The manifest names the snapshots, the archived rules and the versions, so that the same inputs always give
    the same digest; the files they came from are kept beside it, in the step record and in the trail.
    """
    office, period = Office(settings), Period.parse(period_key)
    rules = office.archive_rules()
    book = office.rules({"rules": rules})
    options = book.load("procurement")
    arrivals = sources.discover(settings.drop, settings)
    ingested = [sources.ingest(a, settings, office.objects) for a in arrivals]
    tables = sources.build(ingested, period, office.objects, options["history_years"])
    results = tables["audit_result"]
    # What audits found later must not change what the period was selected from.
    tables["audit_result"] = results.filter(pc.less_equal(results["finished_date"], pa.scalar(period.last)))
    snapshots = office.put_tables(tables)
    manifest = {
        "kind": "inputs",
        "job": JOB,
        "period": period.key,
        "snapshots": snapshots,
        "rules": rules,
        "versions": versions(),
    }
    ref = office.objects.put_json(manifest)
    coverage = [
        {k: line[k] for k in ("source_id", "state", "rows", "line")} for line in sources.coverage(ingested, period)
    ]
    facts = collected_facts(office, ingested, tables, period) | {"coverage": coverage}
    with office.transaction() as session:
        records.arrivals(session, office.objects, ingested)
        records.audit_results(session, results)
        records.step(session, JOB, period, "collect", ref, facts)
    for file in facts["files"]:
        log.info(
            "file %s source=%s rows in=%s out=%s quarantined=%s%s",
            file["digest"][:12],
            file["source"],
            file["rows_in"],
            file["rows_out"],
            file["rows_quarantined"],
            " REFUSED" if file["refused"] else "",
        )
    for line in coverage:
        log.info("coverage %s: %s", line["source_id"], line["line"])
    for name, snapshot in snapshots.items():
        log.info("snapshot %s rows=%s digest=%s", name, snapshot["rows"], snapshot["digest"])
    log.info("period %s: %s notices of its own, inputs manifest %s", period.key, facts["notices"], ref)
    return ref


def collected_facts(office: Office, ingested: list[Any], tables: dict[str, pa.Table], period: Period) -> dict[str, Any]:
    """Counts of what arrived: per file (by digest, never by name) and in all; ``provenance`` names the rest."""
    ordered = sorted(ingested, key=lambda i: (i.digest, i.file_name))
    files = [
        {
            "digest": i.digest,
            "source": i.source_id,
            "rows_in": i.rows_in,
            "rows_out": i.rows_out,
            "rows_quarantined": i.rows_quarantined,
            "refused": bool(i.refused),
        }
        for i in ordered
    ]
    provenance = [
        file
        | {
            "file_name": i.file_name,
            "first_date": i.first_date,
            "last_date": i.last_date,
            "refused": i.refused,
            "observations": i.observation_digests,
            "quarantine": i.quarantine_digest,
        }
        for i, file in zip(ordered, files, strict=True)
    ]
    return {
        "files": files,
        "provenance": office.objects.put_json(provenance),
        "notices": scope(tables["award_case"], period).num_rows,
        "history": tables["award_case"].num_rows,
        "quarantined": sum(f["rows_quarantined"] for f in files),
        "refused": sum(1 for f in files if f["refused"]),
        "unread": sum(1 for i in ordered if may_hold_notices(i)),
        "conflicts": tables["conflict"].num_rows,
    }


def may_hold_notices(item: Any) -> bool:
    """A file of which nothing could be read, and which may be the notices of a period that seems to have none."""
    unread = item.refused_code not in NO_NOTICES if item.refused else item.rows_in > 0 and item.rows_out == 0
    return unread and (not item.source_id or item.source_id in NOTICE_SOURCES)


def scope(cases: pa.Table, period: Period) -> pa.Table:
    """The period's own cases: award notice date within the period."""
    date = cases["award_notice_date"]
    return cases.filter(
        pc.and_(pc.greater_equal(date, pa.scalar(period.first)), pc.less_equal(date, pa.scalar(period.last)))
    )


# -- gates -------------------------------------------------------------------------------------------------------
def gate(settings: Settings, period_key: str, stage: str, ref: str) -> str:
    """Run the gate of ``stage`` over what ``ref`` names; returns the reference that goes on.

    Quarantine gives a new inputs manifest without the bad rows. Stop raises GateStopped after the result, its
    page, the marked workbook and the owner's mail are kept. No case at all raises NoData, unless a file that could
    not be read may hold the period's notices.
    """
    office, period = Office(settings), Period.parse(period_key)
    subject = Subject(office, period, stage, ref)
    tables = subject.tables()
    if stage == "arrival" and subject.notices == 0 and not subject.collected()["unread"]:
        raise NoData(wording.text("no_data", period=period))
    result = gates.run(stage, tables, subject.context(), subject.book.load("gates"))
    kept = ref
    if result.outcome == "quarantine":
        kept = subject.without_quarantined(result)
    gating.keep(office, JOB, period, stage, ref, kept, result)
    gating.log_result(result)
    if result.outcome == "stop":
        raise gating.stopped(result)
    return kept


class Subject:
    """What a gate looks at: the tables and the plain facts of a stage."""

    def __init__(self, office: Office, period: Period, stage: str, ref: str) -> None:
        self.office, self.period, self.stage, self.ref = office, period, stage, ref
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
        self.notices = 0

    def tables(self) -> dict[str, pa.Table]:
        tables = self.office.tables(self.inputs)
        self.notices = scope(tables["award_case"], self.period).num_rows
        for ref, kind in ((self.signals_ref, "signals"), (self.selection_ref, "selection")):
            if ref:
                tables |= self.office.tables(self.office.manifest(ref, kind))
        return tables

    def context(self) -> dict[str, Any]:
        options = self.book.load("procurement")
        context: dict[str, Any] = {
            "job": JOB,
            "period": self.period,
            "expected_sources": options["expected_sources"],
            "one_of": options["one_of"],
            "history_years": options["history_years"],
            "digests": {name: snapshot["digest"] for name, snapshot in self.inputs["snapshots"].items()},
        }
        if self.stage in ("arrival", "canonical"):
            context |= self.provenance()
        if self.stage in ("signals", "selection"):
            context["signal_ids"] = sorted(s.id for s in signals.load_signals(self.book.sql / RULES))
        if self.stage == "selection":
            manifest = self.office.manifest(self.ref, "selection")
            context["selection"] = self.book.load("selection")
            population = self.office.objects.get_json(manifest["frame"])["population"]
            context["frame"] = sorted(case for ids in population.values() for case in ids)
        return context

    def collected(self) -> dict[str, Any]:
        """What collect kept for these inputs."""
        with self.office.transaction() as session:
            return records.step_facts(session, JOB, self.period, "collect", self.inputs_ref)

    def provenance(self) -> dict[str, Any]:
        """The files behind the tables: for the arrival checks, and to say where a bad row came from."""
        files = self.office.objects.get_json(self.collected()["provenance"])
        aside = [self.office.objects.get_table(f["quarantine"]) for f in files if f["quarantine"]]
        empty = TABLES["quarantine"].arrow_schema().empty_table()
        names = {f["digest"]: f["file_name"] for f in files}

        def observed(table: str) -> pa.Table | None:
            found = [f["observations"][table] for f in files if table in f["observations"]]
            tables = [self.office.objects.get_table(digest) for digest in found]
            return pa.concat_tables(tables, promote_options="default") if tables else None

        cells = pa.concat_tables([empty, *aside])
        return {"files": files, "quarantine": cells, "locate": gates.locator(observed, names)}

    def without_quarantined(self, result: Any) -> str:
        """A new inputs manifest over the kept tables, with what was set aside beside it."""
        if self.stage not in ("arrival", "canonical"):
            raise ValueError(f"stage {self.stage} cannot quarantine: its rows are Probity's own")
        own = {name: table for name, table in result.kept.items() if name in self.inputs["snapshots"]}
        snapshots = self.inputs["snapshots"] | self.office.put_tables(own)
        ref = self.office.objects.put_json(self.inputs | {"snapshots": snapshots})
        facts = self.collected()
        with self.office.transaction() as session:
            records.quarantined(session, result.quarantined)
            if ref != self.ref:  # whole files were set aside before they became tables: collect's record stands
                facts["quarantined_by_gate"] = facts.get("quarantined_by_gate", 0) + result.quarantined.num_rows
                records.step(session, JOB, self.period, "collect", ref, facts)
        return ref


# -- detect ------------------------------------------------------------------------------------------------------
def detect(settings: Settings, period_key: str, ref: str) -> str:
    """Run every signal over the inputs ``ref``; returns the digest of the signals manifest."""
    office, period = Office(settings), Period.parse(period_key)
    inputs = office.manifest(ref, "inputs")
    book = office.rules(inputs)
    loaded = signals.load_signals(book.sql / RULES)
    result = signals.run(office.tables(inputs), period, loaded, book.thresholds)
    about = {s.id: {"legal_basis": s.legal_basis, "must_watch": s.must_watch} for s in loaded}
    summary = [about[row["signal_id"]] | row for row in signals.summary(result, loaded)]
    manifest = {
        "kind": "signals",
        "job": JOB,
        "period": period.key,
        "inputs": ref,
        "snapshots": office.put_tables({"signal_result": result}),
    }
    digest = office.objects.put_json(manifest)
    with office.transaction() as session:
        records.step(session, JOB, period, "detect", digest, {"inputs": ref, "signals": summary})
    for row in summary:
        log.info(
            "signal %s fired=%s clear=%s not assessable=%s%s",
            row["signal_id"],
            row["fired"],
            row["clear"],
            row["not_assessable"],
            " TOO COMMON" if row["too_common"] else "",
        )
    log.info("signals manifest %s", digest)
    return digest


def signal_meta(book: RuleBook, result: pa.Table) -> list[dict[str, Any]]:
    """What selection needs of each signal: names, law, family, must-watch item and its sentences by case."""
    loaded = signals.load_signals(book.sql / RULES)
    fired: dict[str, list[dict[str, Any]]] = {}
    for row in result.filter(pc.equal(result["state"], "fired")).to_pylist():
        fired.setdefault(row["signal_id"], []).append(row)
    return [
        {
            "signal_id": s.id,
            "name": s.name_zh,
            "legal_basis": s.legal_basis,
            "must_watch": s.must_watch,
            "family": s.family,
            "reason_texts": {row["case_id"]: signals.reason(s, row) for row in fired.get(s.id, [])},
        }
        for s in loaded
    ]


# -- select ------------------------------------------------------------------------------------------------------
def propose(office: Office, period: Period, signals_ref: str, weights: dict[str, Any]) -> selection.Proposal:
    """The proposal that ``signals_ref`` and ``weights`` give: a pure function of archived inputs."""
    manifest = office.manifest(signals_ref, "signals")
    inputs = office.manifest(manifest["inputs"], "inputs")
    book = office.rules(inputs)
    result = office.tables(manifest)["signal_result"]
    return selection.select(
        result, office.tables(inputs), signal_meta(book, result), period, book.load("selection"), weights
    )


def select(settings: Settings, period_key: str, ref: str) -> str:
    """Rank within the quota and commit to the control frame; returns the digest of the selection manifest."""
    office, period = Office(settings), Period.parse(period_key)
    inputs = office.manifest(office.manifest(ref, "signals")["inputs"], "inputs")
    weights = weighting.in_force(office, JOB, office.rules(inputs), period)
    proposal = propose(office, period, ref, weights)
    manifest = {
        "kind": "selection",
        "job": JOB,
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
        records.step(session, JOB, period, "select", digest, facts)
    for line in proposal.steps:
        log.info("%s", line)
    log.info("selection manifest %s, control frame commitment %s", digest, manifest["frame"])
    return digest


# -- approve, publish, replay --------------------------------------------------------------------------------------
SELECTING = publication.SelectingJob(name=JOB, prefix="PA", rules=RULES, propose=propose)


def approval_request(settings: Settings, period_key: str, ref: str) -> dict[str, Any]:
    """What is asked of the approver; see ``publication.request``."""
    return publication.request(settings, SELECTING, period_key, ref)


def record_decision(settings: Settings, period_key: str, ref: str, form: dict[str, Any]) -> str | None:
    """Keep the approver's answer; see ``publication.record_decision``."""
    return publication.record_decision(settings, SELECTING, period_key, ref, form)


def publish(settings: Settings, period_key: str, selection_id: str) -> dict[str, Any]:
    """Write the approved selection's reports once; see ``publishing.publish``."""
    return publishing.publish(settings, SELECTING, period_key, selection_id)


def replay(settings: Settings, selection_id: str) -> list[replaying.Finding]:
    """Recompute a published selection from its manifest; see ``replay.replay``."""
    return replaying.replay(Office(settings), SELECTING, selection_id)
