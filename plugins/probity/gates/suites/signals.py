"""Signal results: every case of the period has been judged by every signal, exactly once, in the agreed words.

In: the family's table of cases and signal_result, ``context['signal_ids']``. Out: frames ``signal_result``,
``coverage`` (a row a case of the scope) and ``per_signal`` (a row a signal). A signal that cannot be assessed, or fires
on too many cases, is a warning for the person who reads the list; a missing or doubled result is a fault of the program
and stops.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from probity.gates.checks import Check
from probity.gates.frames import Plan, canonical, facts, family_of, in_period, period_of, schema

STATES = ("fired", "clear", "not_assessable")
COLUMNS = ("case_id", "signal_id", "state", "strength", "evidence", "reason")

STRUCTURE = (
    Check("signals.schema.known", "schema", "not_null", ("state",)),
    Check("signals.schema", "schema", "in_set", ("state",), {"values": ("ok",)}),
    Check("signals.listed", "per_signal", "row_count", args={"min": 1}),
    Check("signals.scope", "coverage", "row_count", args={"min": 1}),
    Check("signals.rows", "signal_result", "row_count"),
)

CHECKS = (
    Check("signals.unique", "signal_result", "unique", ("case_id", "signal_id")),
    Check("signals.case_in_scope", "signal_result", "exists", ("case_id",), {"of": ("coverage", "case_id")}),
    Check("signals.signal_id.filled", "signal_result", "not_null", ("signal_id",)),
    Check("signals.signal_known", "signal_result", "exists", ("signal_id",), {"of": ("per_signal", "signal_id")}),
    Check("signals.coverage.known", "coverage", "not_null", ("results",)),
    Check("signals.coverage", "coverage", "between", ("results",)),
    Check("signals.state.filled", "signal_result", "not_null", ("state",)),
    Check("signals.state.values", "signal_result", "in_set", ("state",), {"values": STATES}),
    Check("signals.strength.range", "signal_result", "between", ("strength",), {"min": 0, "max": 1}),
    Check("signals.strength.filled", "signal_result", "not_null", ("strength",)),
    Check("signals.strength_when_fired", "signal_result", "true", ("strength_fits",), marks=("state", "strength")),
    Check("signals.evidence_when_fired", "signal_result", "true", ("evidence_fits",), marks=("evidence",)),
    Check("signals.reason_when_not_assessable", "signal_result", "true", ("reason_fits",), marks=("reason",)),
    Check("signals.assessable.known", "per_signal", "not_null", ("not_assessable_share",)),
    Check("signals.assessable", "per_signal", "between", ("not_assessable_share",)),
    Check("signals.any_assessable", "totals", "true", ("any_assessable",), marks=("assessed",)),
    Check("signals.too_common", "per_signal", "true", ("not_too_common",), marks=("fired_share",)),
)

COVERAGE_HEADINGS = {"case_id": "案件識別碼", "results": "訊號結果數"}
SIGNAL_HEADINGS = {
    "signal_id": "訊號代碼",
    "fired": "觸發件數",
    "clear": "未觸發件數",
    "not_assessable": "無法評估件數",
    "not_assessable_share": "無法評估比例",
    "fired_share": "可評估案件中觸發比例",
    "not_too_common": "觸發比例在限度內",
}

FLAGS = {"strength_fits": "強度與狀態相符", "evidence_fits": "觸發時有佐證", "reason_fits": "無法評估時有原因"}


def _blank(column: pd.Series) -> pd.Series:
    return column.isna() | (column.astype(str).str.strip() == "")


def plan(tables: Mapping[str, pa.Table], context: Mapping[str, Any]) -> Plan:
    """Frames of the results, of their coverage by case, and of each signal's shares."""
    family = family_of(context)
    cases, results = tables[family.case], tables["signal_result"]
    listed = sorted(set(context["signal_ids"]))
    result = Plan()
    result.add(schema(tables, ("signal_result",)))
    frame = canonical(results, "signal_result", COLUMNS)
    data = frame.data
    scope = sorted(cases["case_id"].to_pandas()[in_period(cases, period_of(context), family)].dropna().unique())
    if {"state", "strength", "evidence", "reason"} <= set(data.columns):
        fired, absent = data["state"] == "fired", data["state"] == "not_assessable"
        frame.headings.update(FLAGS)
        data["strength_fits"] = data["strength"].notna() == fired
        data["evidence_fits"] = ~(fired & _blank(data["evidence"]))
        data["reason_fits"] = ~(absent & _blank(data["reason"]))
    result.add(frame)
    counts = data["case_id"].value_counts()
    per_case = [{"case_id": c, "results": int(counts.get(c, 0))} for c in scope]
    result.add(facts("coverage", "本期案件的訊號結果", COVERAGE_HEADINGS, per_case))
    rows = _per_signal(data, listed, context["too_common"])
    result.add(facts("per_signal", "各訊號", SIGNAL_HEADINGS, rows, open=True))
    assessed = sum(r["fired"] + r["clear"] for r in rows)
    totals = [{"all": "全部訊號", "assessed": assessed, "any_assessable": assessed > 0}]
    headings = {"all": "範圍", "assessed": "可評估結果數", "any_assessable": "有可評估結果"}
    result.add(facts("totals", "全部訊號", headings, totals))
    expected = len(scope) * len(listed)
    result.args["signals.rows"] = {"min": expected, "max": expected}
    result.args["signals.coverage"] = {"min": len(listed), "max": len(listed)}
    result.facts = {"cases": len(scope), "signals": len(listed), "assessed": assessed}
    return result


def _per_signal(data: pd.DataFrame, listed: list[str], limits: Mapping[str, Any]) -> list[dict[str, Any]]:
    counts = data.groupby(["signal_id", "state"]).size().to_dict()
    rows = []
    for signal in listed:
        fired, clear, absent = (int(counts.get((signal, s), 0)) for s in STATES)
        n, assessable = fired + clear + absent, fired + clear
        share = fired / assessable if assessable else 0.0
        rows.append(
            {
                "signal_id": signal,
                "fired": fired,
                "clear": clear,
                "not_assessable": absent,
                "not_assessable_share": absent / n if n else 1.0,
                "fired_share": share,
                "not_too_common": assessable < int(limits["least_cases"]) or share <= float(limits["share"]),
            }
        )
    return rows
