"""The canonical tables of works inspection: projects with all that hangs on them, and the registers signals read.

In: the tables of ``FAMILIES["works"].inputs`` with auditor and audit_result. Out: CHECKS on frames of the same names
and on ``project_scope`` (the period's own, eligible projects). Why: a contract sum in 千元 among sums in 元, a fact of
a later day or a coordinate in the sea passes every type check and bends every signal. The checks on award_case, bid,
debarment, agency, auditor and audit_result are those of ``canonical``.

Figures: no date before 採購法 took effect (1999-05-27); coordinates are EPSG:3826 metres within Taiwan; sums that
differ from the award (or, without an award, the budget) by a factor of 100 are in another unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from probity.gates.checks import Check
from probity.gates.frames import Plan, canonical, days, facts, in_period, period_of, schema, window
from probity.gates.suites import canonical as procurement
from probity.gates.suites.canonical import AWARD_WAYS, FIRM, fills
from probity.tables import FAMILIES

WORKS = FAMILIES["works"]
SHARED = ("award_case", "bid", "debarment", "agency", "auditor", "audit_result")
"""Tables judged as procurement judges them."""

TABLES = tuple(dict.fromkeys((*WORKS.inputs, *SHARED)))
DEPENDANTS = {
    "project": dict.fromkeys(
        ("project_firm", "project_change", "project_progress", "project_permit", "project_complaint"), "case_id"
    ),
    "permit": {"project_permit": "permit_id"},
    "complaint": {"project_complaint": "complaint_id"},
}
"""Tables whose rows go with a quarantined row of the parent, and the column by which they hang on it."""

SCOPES = {"project": "project_scope"}
STAGES = ("not_started", "under_way", "in_warranty", "closed")
ELIGIBLE = ("under_way", "in_warranty")

STRUCTURE = (
    Check("works.schema.known", "schema", "not_null", ("state",)),
    Check("works.schema", "schema", "in_set", ("state",), {"values": ("ok",)}),
    Check("works.scope.rows", "project_scope", "row_count", args={"min": 1}),
)


def _filled(table: str, column: str, aside: str = "") -> Check:
    """An optional column of the projects is looked at in the period's own ones; of other tables, in all rows."""
    frame = SCOPES.get(table, table) if not aside else table
    return Check(f"{table}.{column}.filled", frame, "not_null", (column,), {}, aside)


def _needed(table: str, *columns: str) -> tuple[Check, ...]:
    return tuple(_filled(table, column, "row") for column in columns)


def _range(table: str, *columns: str) -> tuple[Check, ...]:
    """Numbers within the limits of gates.yaml, else emptied; and a look at how many are blank."""
    return tuple(
        check
        for column in columns
        for check in (
            Check(f"{table}.{column}.range", table, "between", (column,), aside="value"),
            _filled(table, column),
        )
    )


def _amounts(table: str, *columns: str) -> tuple[Check, ...]:
    return tuple(
        check
        for column in columns
        for check in (
            Check(f"{table}.{column}.amount", table, "between", (column,), aside="value"),
            _filled(table, column),
        )
    )


def _dates(table: str, *columns: str) -> tuple[Check, ...]:
    return tuple(Check(f"{table}.{column}.range", table, "days", (column,), aside="value") for column in columns)


def _cut_off(table: str, *columns: str) -> tuple[Check, ...]:
    """Facts of a later day than the period's last: a backfill would see what its own day could not."""
    return tuple(Check(f"{table}.{column}.cut_off", table, "days", (column,)) for column in columns)


def _order(table: str, first: str, second: str, aside: str = "", marks: tuple[str, ...] = ()) -> Check:
    return Check(f"{table}.{first}.before.{second}", table, "gap", (first, second), {}, aside, marks)


def _values(table: str, column: str, values: tuple[str, ...], aside: str = "") -> tuple[Check, ...]:
    return (
        Check(f"{table}.{column}.values", table, "in_set", (column,), {"values": values}, aside),
        _filled(table, column),
    )


def _place(table: str) -> tuple[Check, ...]:
    return tuple(
        check
        for axis in ("x", "y")
        for check in (
            Check(f"{table}.{axis}.range", table, "between", (axis,), {}, "value", ("x", "y")),
            _filled(table, axis),
        )
    )


def _hangs(table: str, of: str = "project", column: str = "case_id") -> Check:
    return Check(f"{table}.{of}_exists", table, "exists", (column,), {"of": (of, column)}, "row")


PROJECT = (
    Check("project.unique", "project", "unique", ("case_id",)),
    *_needed("project", "case_id", "agency_key", "case_no", "title"),
    Check("project.case_id.form", "project", "matches", ("case_id",), {"regex": r"^[^|]+\|.+\Z"}, "row"),
    Check(
        "project.agency_key.form",
        "project",
        "matches",
        ("agency_key",),
        {"regex": r"^(?:[0-9A-Z]+(?:\.[0-9A-Z]+)*|N:.+)\Z"},
        "row",
    ),
    Check("project.title.form", "project", "matches", ("title",), {"regex": r"\S"}, "row"),
    Check("project.sources.filled", "project", "not_null", ("sources",)),
    Check("project.stage.filled", "project", "not_null", ("stage",)),
    Check("project.stage.values", "project", "in_set", ("stage",), {"values": STAGES}),
    Check("project.eligible.known", "project", "not_null", ("eligible",)),
    Check("project.eligible.fits", "project", "true", ("eligible_fits",), marks=("eligible", "stage")),
    *_values("project", "facility", ("road", "building", "structure", "other"), "value"),
    *_values("project", "award_way", AWARD_WAYS, "value"),
    *_amounts("project", "budget", "reserve_price", "contract_amount", "changed_amount", "valued_amount"),
    Check(
        "project.award_unit",
        "project",
        "ratio",
        ("contract_amount", "award_amount"),
        {},
        "value",
        ("contract_amount", "changed_amount", "valued_amount"),
    ),
    Check(
        "project.budget_unit",
        "project",
        "ratio",
        ("contract_amount", "budget_alone"),
        {},
        "value",
        ("contract_amount", "budget"),
    ),
    Check("project.budget_award_unit", "project", "ratio", ("budget", "award_amount"), {}, "value", ("budget",)),
    Check(
        "project.reserve_unit",
        "project",
        "ratio",
        ("reserve_price", "contract_amount"),
        {},
        "value",
        ("reserve_price",),
    ),
    Check("project.changed_unit", "project", "ratio", ("changed_amount", "contract_amount"), aside="value"),
    Check("project.valued_unit", "project", "ratio", ("valued_amount", "contract_amount"), aside="value"),
    *_range("project", "planned_progress", "actual_progress", "width_m", "area_m2", "thickness_cm"),
    *_dates(
        "project",
        *("tender_notice_date", "award_date", "award_notice_date", "start_date", "planned_end", "changed_end"),
        *("actual_end", "acceptance_date", "warranty_end"),
    ),
    *_cut_off("project", "actual_end", "acceptance_date", "progress_date"),
    _order("project", "tender_notice_date", "award_date", "value", ("tender_notice_date",)),
    _order("project", "start_date", "planned_end", "value"),
    _order("project", "start_date", "actual_end", "value"),
    _order("project", "award_date", "start_date"),
    _order("project", "actual_end", "acceptance_date"),
    Check("project.stations", "project", "difference", ("station_end", "station_start")),
    *_place("project"),
    *(_filled("project", column) for column in ("start_date", "district", "road_keys")),
    Check("project.has_firm", "project_scope", "true", ("has_firm",), marks=("case_id",)),
)

CHILDREN = (
    Check("project_firm.unique", "project_firm", "unique", ("case_id", "firm")),
    _hangs("project_firm"),
    *_needed("project_firm", "case_id", "firm"),
    Check("project_firm.firm.form", "project_firm", "matches", ("firm",), {"regex": FIRM}, "row"),
    Check("project_firm.firm_id.form", "project_firm", "matches", ("firm_id",), {"regex": r"^\d{8}\Z"}, "value"),
    _filled("project_firm", "firm_id"),
    *_range("project_firm", "share"),
    Check("project_change.unique", "project_change", "unique", ("case_id", "change_no")),
    _hangs("project_change"),
    *_needed("project_change", "change_no"),
    *_cut_off("project_change", "change_date"),
    Check(
        "project_change.unit",
        "project_change",
        "ratio",
        ("amount_delta", "contract_amount"),
        {},
        "value",
        ("amount_delta",),
    ),
    Check("project_progress.unique", "project_progress", "unique", ("case_id", "month_end")),
    _hangs("project_progress"),
    *_needed("project_progress", "month_end"),
    *_cut_off("project_progress", "month_end"),
    *_range("project_progress", "planned_progress", "actual_progress"),
    Check(
        "project_progress.backwards",
        "project_progress",
        "difference",
        ("actual_progress", "actual_before"),
        marks=("actual_progress",),
    ),
)

AROUND = (
    Check("permit.unique", "permit", "unique", ("permit_id",)),
    *_needed("permit", "permit_id", "application_no"),
    *_dates("permit", "start_date", "end_date"),
    _order("permit", "start_date", "end_date", "value"),
    *_place("permit"),
    Check("permit_firm.unique", "permit_firm", "unique", ("firm_key", "firm")),
    Check("permit_firm.confidence.filled", "permit_firm", "not_null", ("confidence",)),
    Check("permit_firm.confidence.range", "permit_firm", "between", ("confidence",), {"min": 0, "max": 1}),
    *_values("permit_firm", "method", ("exact", "stem", "cut", "prefix")),
    Check("permit_firm.sure.filled", "permit_firm", "not_null", ("sure",)),
    Check("complaint.unique", "complaint", "unique", ("complaint_id",)),
    *_needed("complaint", "complaint_id", "received_date"),
    Check("complaint.received_date.range", "complaint", "days", ("received_date",), aside="row"),
    *_cut_off("complaint", "received_date"),
    *_values("complaint", "channel", ("hotline", "citizen_supervision", "mailbox", "other")),
    Check("complaint.about_road.filled", "complaint", "not_null", ("about_road",)),
    Check("complaint.duplicate_of.known", "complaint", "true", ("duplicate_known",), marks=("duplicate_of",)),
    _order("complaint", "received_date", "closed_date"),
    *_place("complaint"),
    Check("project_permit.unique", "project_permit", "unique", ("case_id", "permit_id")),
    Check("project_permit.project_exists", "project_permit", "exists", ("case_id",), {"of": ("project", "case_id")}),
    Check("project_permit.permit_exists", "project_permit", "exists", ("permit_id",), {"of": ("permit", "permit_id")}),
    *_values("project_permit", "method", ("title", "road", "shape")),
    Check("project_complaint.unique", "project_complaint", "unique", ("case_id", "complaint_id")),
    Check(
        "project_complaint.project_exists", "project_complaint", "exists", ("case_id",), {"of": ("project", "case_id")}
    ),
    Check(
        "project_complaint.complaint_exists",
        "project_complaint",
        "exists",
        ("complaint_id",),
        {"of": ("complaint", "complaint_id")},
    ),
    *_values("project_complaint", "method", ("case_no", "distance", "road")),
    Check("contractor.unique", "contractor", "unique", ("firm", "valid_from")),
    *_needed("contractor", "firm", "valid_from"),
    Check("contractor.firm.form", "contractor", "matches", ("firm",), {"regex": FIRM}, "row"),
    *_values("contractor", "grade", ("A", "B", "C", "civil", "specialist"), "value"),
    *_amounts("contractor", "capital", "net_worth"),
    _order("contractor", "valid_from", "valid_to", "row"),
)

INSPECTED = (
    Check("inspection.unique", "inspection", "unique", ("inspection_id",)),
    *_needed("inspection", "case_id", "inspected_date"),
    *_cut_off("inspection", "inspected_date"),
    *_range("inspection", "score"),
    Check("inspection_test.unique", "inspection_test", "unique", ("inspection_id", "test", "lot")),
    *_values("inspection_test", "state", ("pass", "fail", "not_assessable")),
    Check("defect.unique", "defect", "unique", ("defect_id",)),
    *_values("defect", "severity", ("minor", "major", "grave")),
    *_values("defect", "state", ("open", "reported", "closed")),
    *_needed("defect", "found_date", "deadline"),
    *_cut_off("defect", "found_date"),
)

CHECKS = (
    *PROJECT,
    *CHILDREN,
    *AROUND,
    *INSPECTED,
    *(check for check in procurement.CHECKS if check.frame in SHARED),
)

STEADY = ("budget", "reserve_price", "contract_amount", "award_way", "district", "road_keys", "x", "y")
"""Columns of a project that do not come with its stage: blank in the period as seldom as before."""


def _columns(table: str) -> list[str]:
    """The columns of ``table`` that any check reads, or that the plan derives others from."""
    wanted = dict.fromkeys(READ.get(table, ()))
    for check in CHECKS:
        if check.frame in (table, SCOPES.get(table)):
            wanted |= dict.fromkeys((*check.columns, *check.marked))
        of = check.args.get("of")
        if of and of[0] == table:
            wanted[of[1]] = None
    return list(wanted)


READ = {
    "project": ("award_case_id",),
    "award_case": ("case_id", "award_amount"),
    "project_change": ("case_id",),
    "project_progress": ("case_id", "month_end"),
    "complaint": ("complaint_id", "duplicate_of"),
}


def plan(tables: Mapping[str, pa.Table], context: Mapping[str, Any]) -> Plan:
    """Frames of every table and of the scope; the days that the period and its history reach."""
    period = period_of(context)
    result = Plan()
    result.add(schema(tables, TABLES))
    for name in TABLES:
        if name in tables:
            result.add(canonical(tables[name], name, _columns(name)))
    if (result.frames["schema"].data["state"] != "ok").any():  # nothing below can be judged: the schema check stops
        result.add(facts("project_scope", "本期工程", {"case_id": "案件識別碼"}, []))
        return result
    projects = tables["project"]
    own = in_period(projects, period, WORKS)
    _derive(result)
    scope = canonical(projects, "project", _columns("project"), "project_scope", own)
    scope.headings["has_firm"] = "有承攬廠商"
    scope.data["has_firm"] = scope.data["case_id"].isin(result.frames["project_firm"].data["case_id"])
    result.add(scope)
    steady = [c for c in PROJECT if c.frame == "project_scope" and c.columns[0] in STEADY]
    fills(result, steady, "project", own, context["fill"])
    first, last = window(period, int(context.get("history_years", 5)))
    result.args["award_case.award_notice_date.window"] = {"min": days(first), "max": days(last)}
    result.args["award_case.award_date.range"] = {"max": days(last)}
    result.args |= {c.id: {"max": days(last)} for c in CHECKS if c.id.endswith(".cut_off")}
    result.facts = {"projects": projects.num_rows, "projects_in_period": int(own.sum())}
    return result


def _derive(result: Plan) -> None:
    """The columns that checks compare with but that stand in another table or row."""
    project = result.frames["project"]
    data = project.data
    project.headings.update(award_amount="決標金額", budget_alone="預算金額", eligible_fits="可選案與階段相符")
    data["eligible_fits"] = ~data["eligible"].fillna(False).astype(bool) | data["stage"].isin(ELIGIBLE)
    known = result.frames["award_case"].data.dropna(subset=["case_id"]).drop_duplicates("case_id")
    awards = known.set_index("case_id")["award_amount"]
    data["award_amount"] = data["award_case_id"].map(awards).astype("float64")
    # A sum of 0 (a contract at unit prices, or an award published as 0) is no sum in another unit.
    alone = ~(data["award_amount"] > 0) & (data["contract_amount"].astype("float64") != 0)
    data["budget_alone"] = data["budget"].astype("float64").where(alone)
    sums = data.drop_duplicates("case_id").set_index("case_id")["contract_amount"]
    change = result.frames["project_change"]
    change.headings["contract_amount"] = "契約金額"
    change.data["contract_amount"] = change.data["case_id"].map(sums).astype("float64")
    progress = result.frames["project_progress"]
    progress.headings["actual_before"] = "前月實際進度"
    ordered = progress.data.sort_values(["case_id", "month_end"], kind="stable")
    progress.data["actual_before"] = ordered.groupby("case_id")["actual_progress"].shift().reindex(progress.data.index)
    complaint = result.frames["complaint"].data
    first = complaint["duplicate_of"]
    complaint["duplicate_known"] = np.asarray(first.isna() | first.isin(complaint["complaint_id"]), dtype=bool)
    result.frames["complaint"].headings["duplicate_known"] = "重複案件存在"
