"""What the two jobs that choose works for inspection share: their tables, and the pack that goes to the inspectors.

In: the files in the drop folder, the officers' decisions on defects. Out: the canonical tables of the works family, and
for a published selection one inspection form a project with the draw of its measuring positions.

Ground: 工程施工查核小組作業辦法 §4 (which works), §8 (grades);
臺中市政府「道路工程查驗小組作業規定」(text not published).
"""

from __future__ import annotations

import logging
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from probity import acceptance, canonical, defects, gates, sources
from probity.calendar import Period
from probity.jobs import defect_log, gating, inspection_inputs
from probity.jobs.briefing import Chain
from probity.jobs.office import Office, RuleBook
from probity.jobs.selecting import Files, SelectingJob
from probity.selection import positions
from probity.sources import inspection_form
from probity.store import model

log = logging.getLogger(__name__)

CASE_SOURCES = frozenset({"works_projects", "award_csv", "notice_index", "halfmonth_xml", "notice_detail", "city_list"})


def selecting_job(name: str, prefix: str) -> SelectingJob:
    """A job of the works family whose settings stand under ``name`` in works.yaml."""
    return SelectingJob(
        name=name,
        prefix=prefix,
        family_name="works",
        options=options_of(name),
        build=builder(name),
        case_sources=CASE_SOURCES,
        forms=inspection_pack,
        awaiting=awaiting(name),
    )


def options_of(name: str) -> Callable[[RuleBook], Mapping[str, Any]]:
    """The job's part of include/config/works.yaml."""

    def options(book: RuleBook) -> Mapping[str, Any]:
        loaded: Mapping[str, Any] = book.load("works")
        return {k: v for k, v in loaded.items() if k != "jobs"} | dict(loaded["jobs"][name])

    return options


def builder(name: str) -> Callable[[Office, Sequence[sources.Ingested], Period, RuleBook], dict[str, pa.Table]]:
    """The function that makes the tables of the job ``name``."""

    def build(
        office: Office, ingested: Sequence[sources.Ingested], period: Period, book: RuleBook
    ) -> dict[str, pa.Table]:
        tables = sources.build_works(ingested, period, office.objects, options_of(name)(book))
        return tables | inspected(office, ingested, period, book)

    return build


def inspected(
    office: Office, ingested: Sequence[sources.Ingested], period: Period, book: RuleBook
) -> dict[str, pa.Table]:
    """Inspections, their verdicts, the defects and the results, as they stood on the period's last day.

    What the gate of inspections sets aside counts here no more than it does in the daily follow-up, which tells the
    inspectors of it. GateStopped when that gate stops.
    """
    words = book.load("defects")
    tables = sources.build_inspections(ingested, office.objects, period.last, words)
    with office.transaction() as session:
        sent = inspection_inputs.packs(session, office)
    context: dict[str, Any] = sources.inspection_facts(ingested, office.objects, period.last, sent)
    context |= {"period": period, "family": "works", "acceptance": book.load("acceptance")}
    result = gates.run("inspection", tables, context, book.load("gates"))
    if result.outcome == "stop":
        raise gating.stopped(result)
    found = {name: result.kept.get(name, table) for name, table in tables.items()}
    if result.quarantined.num_rows:
        log.info("inspections: %s rows or cells set aside, told by the daily follow-up", result.quarantined.num_rows)
    found["inspection_test"] = acceptance.evaluate(
        found["inspection_limit"], found["inspection_measure"], book.load("acceptance")
    )
    rules = defects.Rules(words)
    found["defect_event"] = defect_log.complete(office, found, period.last, rules)
    found["defect"] = defects.register(found["defect_event"], period.last, rules)
    found["audit_result"] = acceptance.results(found["inspection"], found["inspection_test"], found["defect_event"])
    return found


def awaiting(name: str) -> Callable[[Office, Period, Mapping[str, pa.Table], RuleBook], list[str]]:
    """The function that tells which works stand on an earlier list of ``name`` and have not been inspected since.

    Lists of the last ``awaiting_months`` months count, as approved. A period that has an approved list keeps what that
    list was made with, so that a run over the same files gives the same list whatever was approved since.
    """

    def standing(office: Office, period: Period, tables: Mapping[str, pa.Table], book: RuleBook) -> list[str]:
        since = period.previous(int(options_of(name)(book)["awaiting_months"]))
        inspected_on = defaultdict(list)
        for row in tables["inspection"].select(["case_id", "inspected_date"]).to_pylist():
            inspected_on[row["case_id"]].append(row["inspected_date"])
        with office.transaction() as session:
            kept = _kept(session, office, name, period)
            if kept is not None:
                return kept
            listed = session.execute(
                select(model.Selection.period, model.SelectionCase.case_id)
                .join(model.SelectionCase, model.SelectionCase.selection_id == model.Selection.selection_id)
                .where(model.Selection.job == name, model.Selection.state == "approved")
            ).all()
        return sorted(
            {
                case_id
                for key, case_id in listed
                if since <= Period.parse(key) < period
                and not any(Period.parse(key).last < day for day in inspected_on[case_id])
            }
        )

    return standing


def _kept(session: Session, office: Office, name: str, period: Period) -> list[str] | None:
    """``awaiting`` of the inputs of the period's approved list; None when there is none."""
    reference = session.scalar(
        select(model.Selection.manifest_digest)
        .where(model.Selection.job == name, model.Selection.period == period.key, model.Selection.state == "approved")
        .order_by(model.Selection.revision.desc())
        .limit(1)
    )
    if reference is None:
        return None
    chosen = office.manifest(reference, "selection")
    inputs = office.manifest(office.manifest(chosen["signals"], "signals")["inputs"], "inputs")
    kept: list[str] = inputs["awaiting"]
    return kept


# -- the inspection pack -------------------------------------------------------------------------------------------
def inspection_pack(office: Office, chain: Chain, context: Mapping[str, Any]) -> Files:
    """One form a selected project, what each was filled with (``packs``: the answer is held against it), and the file
    with which anyone can draw the measuring positions again."""
    book = office.rules(chain.inputs)
    seed, name = chain.publication["seed"], context["selection_id"]
    acceptance_rules, defect_rules = book.load("acceptance"), book.load("defects")
    projects = {p["case_id"]: p for p in office.tables(chain.inputs)["project"].to_pylist()}
    files: Files = {}
    packs, outlines = [], []
    with tempfile.TemporaryDirectory() as folder:  # beside the published files a half-written form would be seen
        for case in sorted(context["cases"], key=lambda c: c["rank"]):
            project, number = projects[case["case_id"]], f"{name}-{case['rank']:03d}"
            about = {
                "inspection_id": number,
                "selection_id": name,
                "part": case["part"],
                "firm_name": "、".join(case["winners"]) or None,
            }
            outlines.append(positions.outline(project, acceptance_rules["tests"], number))
            drawn = positions.plan(project, acceptance_rules["tests"], number, seed)
            pack = acceptance.pack(project, about, drawn, acceptance_rules, defect_rules, chain.period.last)
            form = Path(folder) / f"{number}.xlsx"
            inspection_form.write(form, pack)
            files["inspection_form", form.name] = form.read_bytes()
            packs.append(pack)
    files["packs", f"{name}-packs.json"] = (canonical.dumps(packs) + "\n").encode()
    files["positions", f"{name}-positions.json"] = (canonical.dumps(positions.file(outlines, seed)) + "\n").encode()
    return files
