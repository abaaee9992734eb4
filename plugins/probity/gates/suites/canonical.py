"""The canonical tables of a period: can signals be computed on them at all, and are they what the contract says?

In: the nine tables that ``sources.build`` makes. Out: CHECKS on frames of the same names, on ``scope`` (the period's
own cases) and ``bid_scope`` (their bids). Law and figures: award notices exist since 採購法 took effect (1999-05-27);
an award may lie thousands of days before its notice (real data: up to 4,921), never after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from probity.calendar import Period
from probity.gates.checks import Check
from probity.gates.frames import Plan, canonical, days, facts, in_period, period_of, schema, window

TABLES = (
    "award_case",
    "bid",
    "contract_change",
    "correction",
    "debarment",
    "agency",
    "auditor",
    "conflict",
    "audit_result",
)
DEPENDANTS = {"award_case": dict.fromkeys(("bid", "contract_change", "correction", "conflict"), "case_id")}
"""Tables whose rows go with a quarantined row of the parent, and the column by which they hang on it."""

SCOPES = {"award_case": "scope", "bid": "bid_scope"}
"""Frames of the rows that belong to the period's own cases."""

FIRM = r"^(?:\d{8}|N:.+)\Z"
KINDS = ("works", "goods", "services")
METHODS = ("open", "selective", "quotation", "restricted_public", "restricted", "other")
AWARD_WAYS = ("lowest", "best_value", "best_value_quasi", "best_value_ref", "highest", "other")

STRUCTURE = (
    Check("canonical.schema.known", "schema", "not_null", ("state",)),
    Check("canonical.schema", "schema", "in_set", ("state",), {"values": ("ok",)}),
    Check("canonical.scope.rows", "scope", "row_count", args={"min": 1}),
)


def _amount(table: str, column: str) -> Check:
    return Check(f"{table}.{column}.amount", table, "between", (column,), aside="value")


def _filled(table: str, column: str) -> Check:
    """Optional columns may be blank, even wholly; but not suddenly: see ``fills``."""
    return Check(f"{table}.{column}.filled", SCOPES[table], "not_null", (column,))


def _order(first: str, second: str, aside: str = "", marks: tuple[str, ...] = ()) -> Check:
    return Check(f"award_case.{first}.before.{second}", "award_case", "gap", (first, second), {}, aside, marks)


AWARD_CASE = (
    Check("award_case.unique", "award_case", "unique", ("case_id",)),
    Check("award_case.case_id.filled", "award_case", "not_null", ("case_id",), aside="row"),
    Check(
        "award_case.case_id.form",
        "award_case",
        "matches",
        ("case_id",),
        {"regex": r"^[^|]+\|.+\|\d{8}(?:\|.+)?\Z"},
        "row",
    ),
    Check("award_case.agency_key.filled", "award_case", "not_null", ("agency_key",), aside="row"),
    Check(
        "award_case.agency_key.form",
        "award_case",
        "matches",
        ("agency_key",),
        {"regex": r"^(?:[0-9A-Z]+(?:\.[0-9A-Z]+)*|N:.+)\Z"},
        "row",
    ),
    Check("award_case.title.filled", "award_case", "not_null", ("title",), aside="row"),
    Check("award_case.title.form", "award_case", "matches", ("title",), {"regex": r"\S"}, "row"),
    Check("award_case.award_notice_date.filled", "award_case", "not_null", ("award_notice_date",), aside="row"),
    Check("award_case.award_notice_date.window", "award_case", "days", ("award_notice_date",)),
    Check("award_case.sources.filled", "award_case", "not_null", ("sources",)),
    Check("award_case.award_date.range", "award_case", "days", ("award_date",), aside="value"),
    _order("award_date", "award_notice_date", "value", ("award_date",)),
    _order("tender_notice_date", "deadline_date", "value"),
    _order("tender_notice_date", "award_notice_date", "value", ("tender_notice_date",)),
    _order("deadline_date", "opening_date"),
    _order("opening_date", "award_date"),
    _order("performance_start", "performance_end"),
    *(
        check
        for column in (
            "budget",
            "procurement_amount",
            "reserve_price",
            "award_amount",
            "city_award_amount",
            "gap_deposit",
        )
        for check in (_amount("award_case", column), _filled("award_case", column))
    ),
    Check("award_case.amount_unit", "award_case", "ratio", ("award_amount", "budget"), aside="value"),
    Check("award_case.over_budget", "scope", "true", ("within_budget",), marks=("award_amount", "budget")),
    Check("award_case.kind.values", "award_case", "in_set", ("kind",), {"values": KINDS}, "value"),
    Check("award_case.method.values", "award_case", "in_set", ("method",), {"values": METHODS}, "value"),
    Check("award_case.award_way.values", "award_case", "in_set", ("award_way",), {"values": AWARD_WAYS}, "value"),
    *(_filled("award_case", column) for column in ("kind", "method", "award_way")),
    *(
        check
        for column in ("planned_progress", "actual_progress", "n_bidders", "n_winners")
        for check in (
            Check(f"award_case.{column}.range", "award_case", "between", (column,), aside="value"),
            _filled("award_case", column),
        )
    ),
    Check("award_case.winners_bidders", "award_case", "difference", ("n_winners", "n_bidders")),
    Check("award_case.month_band", "scope", "row_count"),
)

BID = (
    Check("bid.unique", "bid", "unique", ("case_id", "firm")),
    Check("bid.case_id.filled", "bid", "not_null", ("case_id",), aside="row"),
    Check("bid.case_exists", "bid", "exists", ("case_id",), {"of": ("award_case", "case_id")}, "row"),
    Check("bid.firm.filled", "bid", "not_null", ("firm",), aside="row"),
    Check("bid.firm.form", "bid", "matches", ("firm",), {"regex": FIRM}, "row"),
    Check("bid.firm_id.form", "bid", "matches", ("firm_id",), {"regex": r"^\d{8}\Z"}, "value"),
    _filled("bid", "firm_id"),
    *(
        check
        for column in ("bid_amount", "award_amount", "original_bid")
        for check in (_amount("bid", column), _filled("bid", column))
    ),
)


def _child(table: str, number: str) -> tuple[Check, ...]:
    return (
        Check(f"{table}.unique", table, "unique", ("case_id", number)),
        Check(f"{table}.case_exists", table, "exists", ("case_id",), {"of": ("award_case", "case_id")}, "row"),
        Check(f"{table}.{number}.filled", table, "not_null", (number,), aside="row"),
        Check(f"{table}.{number}.range", table, "between", (number,), aside="row"),
    )


OTHERS = (
    *_child("contract_change", "change_no"),
    *_child("correction", "correction_no"),
    Check("debarment.unique", "debarment", "unique", ("firm", "agency_no", "case_no", "effective_date")),
    Check("debarment.firm.filled", "debarment", "not_null", ("firm",), aside="row"),
    Check("debarment.firm.form", "debarment", "matches", ("firm",), {"regex": FIRM}, "row"),
    Check("debarment.effective_date.filled", "debarment", "not_null", ("effective_date",), aside="row"),
    Check("debarment.effective_date.range", "debarment", "days", ("effective_date",), aside="row"),
    Check("debarment.order", "debarment", "gap", ("effective_date", "expire_date"), aside="row"),
    Check("agency.unique", "agency", "unique", ("agency_id",)),
    Check("agency.agency_name.filled", "agency", "not_null", ("agency_name",)),
    Check("auditor.unique", "auditor", "unique", ("auditor_id", "agency_id", "served_from")),
    Check("auditor.auditor_id.filled", "auditor", "not_null", ("auditor_id",)),
    Check("auditor.order", "auditor", "gap", ("served_from", "served_to"), aside="row"),
    Check("conflict.unique", "conflict", "unique", ("case_id", "field", "source_a", "source_b")),
    Check("audit_result.unique", "audit_result", "unique", ("case_id", "finished_date")),
    Check("audit_result.finished_date.filled", "audit_result", "not_null", ("finished_date",), aside="row"),
    Check("audit_result.irregular.filled", "audit_result", "not_null", ("irregular",), aside="row"),
    Check("audit_result.amount_irregular.amount", "audit_result", "between", ("amount_irregular",), aside="value"),
    Check("audit_result.amount_irregular.filled", "audit_result", "not_null", ("amount_irregular",)),
)

CHECKS = (*AWARD_CASE, *BID, *OTHERS)


def band(counts: pd.Series, config: Mapping[str, Any]) -> tuple[int, int] | None:
    """Lowest and highest row count that a month may have, from the counts of the months before it.

    The 5th and 95th percentile of the last ``months`` months, widened by ``low`` and ``high``; None when fewer than
    ``least`` earlier months have rows. On 48 real months (Hualien 2010-2013) with the shipped figures no month falls
    outside; a month cut to a quarter of the usual does.
    """
    known = counts[counts > 0].iloc[-int(config["months"]) :]
    if len(known) < int(config["least"]):
        return None
    low, high = np.quantile(known, [0.05, 0.95])
    return int(np.floor(low * float(config["low"]))), int(np.ceil(high * float(config["high"])))


def _columns(table: str) -> list[str]:
    """The columns of ``table`` that any check reads, in the order of the checks."""
    wanted: dict[str, None] = {}
    for check in CHECKS:
        if check.frame in (table, SCOPES.get(table)):
            wanted |= dict.fromkeys((*check.columns, *check.marked))
        of = check.args.get("of")
        if of and of[0] == table:
            wanted[of[1]] = None
    return list(wanted)


def plan(tables: Mapping[str, pa.Table], context: Mapping[str, Any]) -> Plan:
    """Frames of every table, of the scope, and the band of the month's row count."""
    period = period_of(context)
    result = Plan()
    result.add(schema(tables, TABLES))
    for name in TABLES:
        if name in tables:
            result.add(canonical(tables[name], name, _columns(name)))
    cases = tables.get("award_case")
    if cases is None or "award_notice_date" not in cases.column_names:
        result.add(facts("scope", "本期案件", {"case_id": "案件識別碼"}, []))
        return result
    own = in_period(cases, period)
    scope = canonical(cases, "award_case", _columns("award_case"), "scope", own)
    if {"award_amount", "budget"} <= set(scope.data.columns):
        over = (scope.data["award_amount"] > scope.data["budget"]) & (scope.data["budget"] > 0)
        scope.headings["within_budget"] = "未逾預算"
        scope.data["within_budget"] = ~over.fillna(False).astype(bool)
    result.add(scope)
    fills(result, _blanks("award_case"), "award_case", own, context["fill"])
    if "bid" in tables and "case_id" in tables["bid"].column_names and "case_id" in scope.data.columns:
        ours = result.frames["bid"].data["case_id"].isin(scope.data["case_id"]).to_numpy(dtype=bool)
        result.add(canonical(tables["bid"], "bid", _columns("bid"), "bid_scope", ours))
        fills(result, _blanks("bid"), "bid", ours, context["fill"])
    _band(result, cases, period, context)
    first, last = window(period, int(context.get("history_years", 5)))
    result.args["award_case.award_notice_date.window"] = {"min": days(first), "max": days(last)}
    result.args["award_case.award_date.range"] = {"max": days(last)}
    return result


def _blanks(table: str) -> list[Check]:
    return [c for c in CHECKS if c.frame == SCOPES[table] and c.kind == "not_null"]


def fills(result: Plan, checks: Sequence[Check], table: str, own: np.ndarray, config: Mapping[str, Any]) -> None:
    """How much of each column (of the not_null ``checks``) may be blank this period: the blank share of the earlier
    rows, and ``room`` of what is left above it. A column that was filled and now comes blank passes every value check;
    this is what notices it."""
    earlier = result.frames[table].data[~own]
    if len(earlier) < int(config["least_rows"]):
        return
    for check in checks:
        column = check.columns[0]
        if column in earlier.columns:
            blank = float(earlier[column].isna().mean())
            result.args[check.id] = {"max_share": round(blank + (1 - blank) * float(config["room"]), 6)}


def _band(result: Plan, cases: pa.Table, period: Period, context: Mapping[str, Any]) -> None:
    check = "award_case.month_band"
    months = pd.to_datetime(pandas_column(cases, "award_notice_date")).dropna().dt.to_period("M")
    months = months[months < pd.Period(period.first, "M")]
    counts = months.value_counts().sort_index()
    limits = band(counts, context["month_band"]) if period.kind == "month" else None
    if limits is None:
        result.skipped[check] = "history"
        return
    result.args[check] = {"min": limits[0], "max": limits[1]}
    result.facts |= {"month_rows_low": limits[0], "month_rows_high": limits[1]}


def pandas_column(table: pa.Table, column: str) -> pd.Series:
    """One column as a pandas Series, dates as datetime64."""
    return table[column].to_pandas(date_as_object=False)
