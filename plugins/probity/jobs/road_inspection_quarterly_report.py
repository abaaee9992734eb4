"""道路工程查驗季報: the quarter's road works inspections for the city's committee on the quality of major works.

In: the inspections and defects up to the quarter's end, the published selections. Out: a workbook and a paper, sent
once an officer has approved the figures. DAG order: ``collect -> gate(inspection) -> analyse -> gate(report) ->
approval_request -> record_decision -> publish``. Results that come back late make the next revision.

Ground: 110年度施政計畫 (道路工程查驗, 二): kinds of defects with their trend, the months compared, suggestions, and the
agencies with grave defects, who report at the committee's meeting.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from probity import acceptance, analysis, canonical, defects, gates
from probity.calendar import Period
from probity.delivery import recipients
from probity.jobs import (
    NoData,
    defect_log,
    drafts,
    feedback,
    gating,
    inspection_inputs,
    post,
    publishing,
    records,
    wording,
)
from probity.jobs.office import Office, RuleBook
from probity.jobs.selecting import Files
from probity.reports.quarterly import quarterly_mail_bodies
from probity.reports.quarterly_document import quarterly_document_bytes
from probity.reports.quarterly_workbook import quarterly_workbook_bytes
from probity.settings import Settings
from probity.store import model, trail

log = logging.getLogger(__name__)

JOB = "road_inspection_quarterly_report"
PREFIX = "RQ"
SELECTIONS = "road_inspection_selection"
NOT_ROADS = "PW-"
"""Inspection ids of the other works job; everything else is a road, earlier lists included."""


def collect(settings: Settings, period_key: str) -> str:
    """Lay down the inspections up to the quarter's end; returns the digest of the inputs manifest."""
    office, period = Office(settings), Period.parse(period_key)
    with office.transaction() as session:
        chosen = feedback.final_lists(session, office, SELECTIONS, period)
    return inspection_inputs.lay_down(settings, office, JOB, period, {"selections": chosen})


# -- gates -------------------------------------------------------------------------------------------------------
def gate(settings: Settings, period_key: str, stage: str, ref: str) -> str:
    """The gate ``inspection`` over the inputs or ``report`` over the draft; returns the reference that goes on.

    NoData when nothing was inspected in the quarter; GateStopped when the gate stops.
    """
    office, period = Office(settings), Period.parse(period_key)
    kept = ref
    if stage == "report":
        draft = office.manifest(ref, "report")
        book = office.rules(office.manifest(draft["inputs"], "inputs"))
        figures = office.objects.get_json(draft["figures"])
        context = {"job": JOB, "family": "works", "period": period, "figures": figures}
        result = gates.run(stage, {}, context, book.load("gates"))
    else:
        inputs = office.manifest(ref, "inputs")
        book = office.rules(inputs)
        with office.transaction() as session:
            files = inspection_inputs.provenance(session, office, JOB, period, ref)
        context = inspection_inputs.gate_context(office, JOB, period, inputs, files)
        tables, context = inspection_inputs.inspection_gate(office, inputs, book, context, set())
        if not _inspected(tables["inspection"], period):
            raise NoData(wording.text("quarter_empty", period_roc=period.roc))
        result = gates.run(stage, tables, context, book.load("gates"))
        if result.outcome != "stop":
            own = {n: t for n, t in result.kept.items() if n in inputs["snapshots"]}
            snapshots = inputs["snapshots"] | office.put_tables(own)
            kept = office.objects.put_json(inputs | {"snapshots": snapshots, "collected": ref})
    gating.keep(office, JOB, period, stage, ref, kept, result)
    gating.log_result(result)
    if result.outcome == "stop":
        raise gating.stopped(result)
    return kept


def _inspected(inspections: pa.Table, period: Period) -> int:
    days = roads(inspections)["inspected_date"]
    inside = pc.and_(pc.greater_equal(days, pa.scalar(period.first)), pc.less_equal(days, pa.scalar(period.last)))
    return pc.sum(inside).as_py() or 0


def roads(table: pa.Table, column: str = "inspection_id") -> pa.Table:
    """The rows that are of road works."""
    return table.filter(pc.invert(pc.starts_with(table[column], NOT_ROADS)))


# -- analyse -----------------------------------------------------------------------------------------------------
def analyse(settings: Settings, period_key: str, ref: str) -> str:
    """The quarter's figures; returns the digest of the draft (a report manifest)."""
    office, period = Office(settings), Period.parse(period_key)
    inputs = office.manifest(ref, "inputs")
    book, tables = office.rules(inputs), office.tables(inputs)
    rules = defects.Rules(book.load("defects"))
    tables["inspection_test"] = acceptance.evaluate(
        tables["inspection_limit"], tables["inspection_measure"], book.load("acceptance")
    )
    events = defect_log.complete(office, tables, period.last, rules)
    told = {
        "inspection": roads(tables["inspection"]),
        "inspection_test": roads(tables["inspection_test"]),
        "defect_event": roads(events, "defect_id"),
    }
    told["defect"] = defects.register(told["defect_event"], period.last, rules)
    chosen = [s | {"cases": office.objects.get_table(s["cases"])} for s in inputs["selections"]]
    figures = analysis.quarter(told, period, {"selections": chosen})
    draft = {
        "kind": "report",
        "job": JOB,
        "period": period.key,
        "inputs": ref,
        "snapshots": office.put_tables(told),
        "figures": office.objects.put_json(figures),
    }
    digest = office.objects.put_json(draft)
    counts = {
        "inspections": figures["inspections"]["total"],
        "defects": figures["defects"]["total"]["count"],
        "selections": len(chosen),
    }
    with office.transaction() as session:
        records.step(session, JOB, period, "analyse", digest, {"inputs": ref, "figures": draft["figures"], **counts})
    log.info(
        "quarter %s: %s inspections, %s defects, %s selections; figures %s, draft %s",
        period.key,
        *counts.values(),
        draft["figures"],
        digest,
    )
    return digest


# -- approve -----------------------------------------------------------------------------------------------------
def approval_request(settings: Settings, period_key: str, ref: str) -> dict[str, Any]:
    """What is asked of the approver: counts, and where the draft's two files can be read; see ``drafts.request``."""
    office, period = Office(settings), Period.parse(period_key)
    draft = office.manifest(ref, "report")
    figures = office.objects.get_json(draft["figures"])
    with office.transaction() as session:
        context = _context(session, office, period, ref, {"publication_id": f"{PREFIX}-{period.key}"})
    _write_draft(office, period, draft["figures"], report_files(office, draft, context))
    facts = {
        "inspections": figures["inspections"]["total"],
        "defects": figures["defects"]["total"]["count"],
        "grave": len(figures["grave"]),
    }
    url = f"{settings.ui_url}/probity/drafts/{JOB}/{period.key}"
    question = drafts.Question("quarter_subject", "quarter_body", url)
    return drafts.request(office, JOB, period, ref, draft["figures"], question, facts)


def _write_draft(office: Office, period: Period, content: str, files: Files) -> None:
    """The draft's files in the object store, listed for the restricted page."""
    listed = [
        {"kind": kind, "name": name, "digest": office.objects.put_bytes(data, "draft")}
        for (kind, name), data in sorted(files.items())
    ]
    with office.transaction() as session:
        records.step(session, JOB, period, "draft", content, {"files": listed})


def record_decision(settings: Settings, period_key: str, ref: str, form: dict[str, Any]) -> str | None:
    """Keep the approver's answer; returns the publication id, None when it was sent back."""
    office, period = Office(settings), Period.parse(period_key)
    content = office.manifest(ref, "report")["figures"]
    return drafts.record_decision(office, JOB, PREFIX, period, ref, content, form)


# -- publish -----------------------------------------------------------------------------------------------------
def publish(settings: Settings, period_key: str, publication_id: str) -> dict[str, Any]:
    """Write the approved report once; returns {selection_id, files}."""
    office, period = Office(settings), Period.parse(period_key)
    reference, decision = drafts.decided(office, JOB, publication_id)
    draft = office.manifest(decision["draft"], "report")
    with office.transaction() as session:
        kept = records.find_facts(session, JOB, period, "publish", reference)
        if kept is not None:
            context = office.objects.get_json(kept["context"])
        else:
            context = _context(session, office, period, decision["draft"], decision)
        row = model.Publication(
            publication_id=publication_id,
            job=JOB,
            period=period.key,
            revision=decision["revision"],
            reference=reference,
        )
        listed = publishing.write(session, office, row, report_files(office, draft, context), context)
    return {"selection_id": publication_id, "files": len(listed)}


def _context(session: Session, office: Office, period: Period, ref: str, decision: Mapping[str, Any]) -> dict[str, Any]:
    """The context of the report's files and mails (see ``reports.quarterly``), as plain JSON."""
    draft = office.manifest(ref, "report")
    inputs = office.manifest(draft["inputs"], "inputs")
    book = office.rules(inputs)
    replaced, decided = decision.get("replaces"), bool(decision.get("user"))
    told = {
        "analysis": office.objects.get_json(draft["figures"]),
        "job": JOB,
        "period": period.key,
        "period_roc": period.roc,
        "publication_id": decision["publication_id"],
        "manifest_digest": ref,
        "trail_head": trail.head(session) if decided else "",
        "names": names(book),
        "revision": decision.get("revision") or 1,
        "replaces": replaced,
        "replaces_revision": int(replaced.rpartition("-r")[2]) if replaced else None,
        "revision_reason": decision.get("reason") if replaced else None,
        "decided_by": decision.get("user"),
        "decided_at": decision.get("decided_on"),
        "decision_reason": decision.get("reason"),
        "selections": [s["selection_id"] for s in inputs["selections"]],
        "rules": inputs["rules"],
        "versions": inputs["versions"],
        "gates": _gates(session, period, book, draft["inputs"], ref),
        "ui_url": office.settings.ui_url,
    }
    ready: dict[str, Any] = json.loads(canonical.dumps(told))
    return ready


def names(book: RuleBook) -> dict[str, dict[str, str]]:
    """Chinese names of categories, severities and tests out of the config files."""
    words, tests = book.load("defects"), book.load("acceptance")["tests"]
    return {
        "category": {k: v["zh"] for k, v in words["categories"].items()},
        "severity": dict(words["severities"]),
        "test": {k: v["zh"] for k, v in tests.items()},
    }


def _gates(session: Session, period: Period, book: RuleBook, inputs: str, draft: str) -> list[dict[str, Any]]:
    """The gates that led to this draft, in words."""
    stages = book.load("gates")["texts"]["stages"]
    rows = session.scalars(
        select(model.GateResult)
        .where(model.GateResult.job == JOB, model.GateResult.period == period.key)
        .order_by(model.GateResult.id)
    )
    return [
        {"stage": stages[r.stage], "outcome": r.outcome, "message": "\n".join(r.result["sentences"])}
        for r in rows
        if r.subject_digest == draft or r.result["goes_on_with"] == inputs
    ]


def report_files(office: Office, draft: Mapping[str, Any], context: Mapping[str, Any]) -> Files:
    """The workbook and the paper."""
    templates = office.rules(office.manifest(draft["inputs"], "inputs")).templates
    name = context["publication_id"]
    return {
        ("workbook", f"{name}.xlsx"): quarterly_workbook_bytes(context, templates),
        ("document", f"{name}.docx"): quarterly_document_bytes(context, templates),
    }


# -- distribute ----------------------------------------------------------------------------------------------------
def parcels(office: Office, context: Mapping[str, Any], files: Mapping[str, list[Path]]) -> Iterator[post.Parcel]:
    """The mails of a published report: full: both files; figures: counts alone."""
    on = dt.date.fromisoformat(context["decided_at"])
    for person in recipients.for_report(recipients.load(office.settings.config), JOB, on):
        attached = {} if person.level != "full" else {p.name: p.read_bytes() for ps in files.values() for p in ps}
        documents = [{"name": n, "digest": canonical.sha256(d), "size": len(d)} for n, d in sorted(attached.items())]
        bodies = quarterly_mail_bodies(dict(context) | {"documents": documents}, office.settings.templates)
        yield post.Parcel(person, bodies, attached)


def secret_terms(context: Mapping[str, Any]) -> list[str]:
    """What no mail body may name: agencies, contractors and works."""
    figures = context["analysis"]
    terms = {row["name"] for group in ("agencies", "contractors") for row in figures[group]}
    for agency in figures["grave"]:
        terms |= {str(case.get(k) or "") for case in agency["cases"] for k in ("case_no", "title", "firm_name")}
    return post.plain_terms(terms, context)
