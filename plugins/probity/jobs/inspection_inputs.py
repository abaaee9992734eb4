"""What a job that reads inspections lays down, and what the gate of inspections needs of it.

In: the inspection forms, lists of earlier inspections and correction forms in the drop folder, dated up to a day. Out:
an inputs manifest, and the tables and facts of the gate ``inspection``. Shared by the daily follow-up and the reports.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from probity import gates, sources
from probity.calendar import Period
from probity.jobs import records
from probity.jobs.office import Office, RuleBook, versions
from probity.settings import Settings
from probity.store import model
from probity.tables import TABLES

log = logging.getLogger(__name__)

INSPECTIONS = ("inspection_form", "inspection_history")
UNREAD = ""
"""Source of a file that could not be opened or is of no known kind."""
SOURCES = (*INSPECTIONS, "correction_form", "agency_list")


def lay_down(
    settings: Settings, office: Office, job: str, period: Period, more: Mapping[str, Any] | None = None
) -> str:
    """Read what has arrived, lay down what is dated up to the period's last day; returns the digest of the inputs
    manifest, which holds ``more`` too. The step ``collect`` is kept with the counts of the files."""
    rules = office.archive_rules()
    words = office.rules({"rules": rules}).load("defects")
    arrivals = [a for a in sources.discover(settings.drop, settings) if a.source_id is None or a.source_id in SOURCES]
    ingested = [sources.ingest(a, settings, office.objects) for a in arrivals]
    tables = sources.build_inspections(ingested, office.objects, period.last, words)
    tables["agency"] = sources.build_agencies(ingested, office.objects)
    with office.transaction() as session:
        sent = packs(session, office)
    manifest = {
        "kind": "inputs",
        "job": job,
        "period": period.key,
        "snapshots": office.put_tables(tables),
        "places": office.put_tables(sources.inspection_places(ingested, office.objects, period.last, words)),
        "facts": office.objects.put_json(sources.inspection_facts(ingested, office.objects, period.last, sent)),
        "rules": rules,
        "versions": versions(),
    }
    ref = office.objects.put_json(manifest | dict(more or {}))
    facts = records.file_facts(office.objects, ingested)
    with office.transaction() as session:
        records.arrivals(session, office.objects, ingested)
        records.step(session, job, period, "collect", ref, facts)
    records.log_files(facts)
    log.info("period %s: inputs manifest %s", period.key, ref)
    return ref


def may_be_form(file: Mapping[str, Any]) -> bool:
    """Whether a file that could not be read may be a form that came back: forms go out as workbooks."""
    return file["source"] == UNREAD and str(file["file_name"]).lower().endswith((".xlsx", ".xlsm", ".xls", ".ods"))


def packs(session: Session, office: Office) -> dict[str, Any]:
    """Inspection id -> what its form was filled with when it went out, of every published selection."""
    digests = session.scalars(
        select(model.Report.digest).where(model.Report.kind == "packs").order_by(model.Report.report_id)
    )
    found: dict[str, Any] = {}
    for digest in digests:
        for pack in json.loads(office.objects.get_bytes(digest, "report")):
            found[pack["inspection"]["inspection_id"]] = pack
    return found


def gate_context(
    office: Office, job: str, period: Period, inputs: Mapping[str, Any], files: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What every gate over these inputs is told; ``files``: the provenance that ``collect`` kept."""
    places = {n: office.objects.get_table(s["digest"]) for n, s in inputs["places"].items()}
    aside = [office.objects.get_table(f["quarantine"]) for f in files if f["quarantine"]]
    return {
        "job": job,
        "period": period,
        "family": "works",
        "files": list(files),
        "quarantine": pa.concat_tables([TABLES["quarantine"].arrow_schema().empty_table(), *aside]),
        "locate": gates.locator(places, {f["digest"]: f["file_name"] for f in files}),
        "digests": {n: s["digest"] for n, s in inputs["snapshots"].items()},
    }


def inspection_gate(
    office: Office, inputs: Mapping[str, Any], book: RuleBook, context: Mapping[str, Any], judged: set[str]
) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """Tables and facts of the gate ``inspection``; files that were ``judged`` before are not told of again."""
    files = [f for f in context["files"] if f["source"] in INSPECTIONS and f["digest"] not in judged]
    known = {"acceptance": book.load("acceptance"), "files": files}
    tables = {n: t for n, t in office.tables(inputs).items() if n != "agency"}
    return tables, dict(context) | dict(office.objects.get_json(inputs["facts"])) | known


def provenance(session: Session, office: Office, job: str, period: Period, ref: str) -> list[dict[str, Any]]:
    """The files that ``collect`` kept for the inputs ``ref``."""
    collected = records.step_facts(session, job, period, "collect", ref)
    return [f | {"source_id": f["source"]} for f in office.objects.get_json(collected["provenance"])]
