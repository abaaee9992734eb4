"""The selection list: within its quota, without doubles, every case of the period and with its reasons.

In: selection_case and the family's table of cases; ``context['frame']`` (case ids of the control frame, or dicts or a
table with them); the rules as ``context['quota']`` ({total, kinds, fallback, max_per_agency, max_per_district,
min_districts}) or as ``context['selection']`` (the dated selection.yaml) with ``context['job']``. Out: frames
``selection_case``, ``quotas``, ``agencies``, ``districts``, ``spread``, ``frame``.
Why: what leaves this gate goes to an officer for approval; the list itself is secret (採購稽核小組作業規則 §4).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from probity.calendar import Period
from probity.gates.checks import Check
from probity.gates.frames import Plan, as_date, canonical, facts, family_of, in_period, period_of, schema

PARTS = ("must_watch", "ranked", "control", "added")
CAPPED = ("must_watch", "ranked")
CAPS = ("max_per_agency", "max_per_district", "min_districts")
COLUMNS = ("case_id", "rank", "part", "score", "inclusion_probability", "ticket")

STRUCTURE = (
    Check("selection.schema.known", "schema", "not_null", ("state",)),
    Check("selection.schema", "schema", "in_set", ("state",), {"values": ("ok",)}),
    Check("selection.rules", "quotas", "row_count", args={"min": 1}),
    Check("selection.rows", "selection_case", "row_count", args={"min": 1}),
)

CHECKS = (
    Check("selection.unique", "selection_case", "unique", ("case_id",)),
    Check("selection.case_id.filled", "selection_case", "not_null", ("case_id",)),
    Check("selection.in_scope", "selection_case", "exists", ("case_id",), {"of": ("scope", "case_id")}),
    Check("selection.rank.filled", "selection_case", "not_null", ("rank",)),
    Check("selection.rank.unique", "selection_case", "unique", ("rank",)),
    Check("selection.rank.contiguous", "selection_case", "between", ("rank",)),
    Check("selection.part.filled", "selection_case", "not_null", ("part",)),
    Check("selection.part.values", "selection_case", "in_set", ("part",), {"values": PARTS}),
    Check("selection.score.filled", "selection_case", "not_null", ("score",)),
    Check("selection.score.range", "selection_case", "between", ("score",), {"min": 0}),
    Check("selection.reasons", "selection_case", "true", ("has_reasons",), marks=("reasons",)),
    Check("selection.chance.filled", "selection_case", "not_null", ("inclusion_probability",)),
    Check(
        "selection.chance.range",
        "selection_case",
        "between",
        ("inclusion_probability",),
        {"min": 0, "max": 1, "above": True},
    ),
    Check("selection.chance_fits", "selection_case", "true", ("chance_fits",), marks=("inclusion_probability",)),
    Check("selection.ticket_fits", "selection_case", "true", ("ticket_fits",), marks=("ticket",)),
    Check("selection.recused", "selection_case", "true", ("recusal_kept",), marks=("auditors", "recused")),
    Check("selection.quota.known", "quotas", "not_null", ("over",)),
    Check("selection.quota", "quotas", "between", ("over",), {"max": 0}, marks=("chosen",)),
    Check("selection.agency.known", "agencies", "not_null", ("over",)),
    Check("selection.agency", "agencies", "between", ("over",), {"max": 0}, marks=("chosen",)),
    Check("selection.district.known", "districts", "not_null", ("over",)),
    Check("selection.district", "districts", "between", ("over",), {"max": 0}, marks=("chosen",)),
    Check("selection.spread.known", "spread", "not_null", ("short",)),
    Check("selection.spread", "spread", "between", ("short",), {"max": 0}, marks=("chosen",)),
    Check("selection.frame.unique", "frame", "unique", ("case_id",)),
    Check("selection.frame.in_scope", "frame", "exists", ("case_id",), {"of": ("scope", "case_id")}),
    Check("selection.frame.not_ranked", "frame", "true", ("not_ranked",), marks=("case_id",)),
    Check("selection.control.in_frame", "selection_case", "true", ("control_from_frame",), marks=("case_id", "part")),
)

QUOTA_HEADINGS = {"quota": "名額", "chosen": "已選件數", "allowed": "上限", "over": "超出件數"}
SPREAD_HEADINGS = {"quota": "分布", "chosen": "行政區數", "least": "下限", "short": "不足數"}
FRAME_HEADINGS = {"case_id": "案件識別碼", "not_ranked": "未列入排序"}
FLAGS = {
    "has_reasons": "有選案理由",
    "chance_fits": "納入機率相符",
    "ticket_fits": "抽籤號相符",
    "recusal_kept": "已迴避",
    "control_from_frame": "對照案件出自母體",
}


def rules(context: Mapping[str, Any], period: Period) -> dict[str, Any]:
    """total, kinds, fallback and the caps (CAPS) in force on the period's last day. LookupError when none is."""
    if "quota" in context:
        return dict(context["quota"])
    for entry in context["selection"][context["job"]]:
        begins, ends = as_date(entry["effective_from"]), as_date(entry.get("effective_to"))
        if (begins is None or begins <= period.last) and (ends is None or period.last <= ends):
            return {**entry["quota"], **{cap: entry.get(cap) for cap in CAPS}}
    raise LookupError(f"no selection rules are in force on {period.last.isoformat()}")


def frame_ids(value: Any) -> list[str]:
    """The case ids of a control frame given as ids, dicts with case_id, a table, or a dict of such lists."""
    if isinstance(value, pa.Table):
        return value["case_id"].to_pylist()
    if isinstance(value, Mapping):
        if "case_id" in value:
            return [str(value["case_id"])] if isinstance(value["case_id"], str) else list(value["case_id"])
        return [i for item in value.values() if isinstance(item, (list, tuple, Mapping)) for i in frame_ids(item)]
    return [i if isinstance(i, str) else str(i["case_id"]) for i in value]


def _has_reasons(text: Any) -> bool:
    try:
        reasons = json.loads(text)
    except (TypeError, ValueError):
        return False
    return bool(reasons) and all(isinstance(r, dict) and str(r.get("text") or "").strip() for r in reasons)


def _ids(text: Any) -> set[str]:
    return {part.strip() for part in str(text).split(",") if part.strip()} if isinstance(text, str) else set()


def _flags(data: pd.DataFrame, table: pa.Table, frame: set[str]) -> None:
    if not {"part", "ticket", "inclusion_probability", "case_id"} <= set(data.columns):
        return
    control = data["part"] == "control"
    ticket = data["ticket"].fillna("").astype(str).str.fullmatch("[0-9a-f]{64}").astype(bool)
    data["has_reasons"] = [_has_reasons(t) for t in table["reasons"].to_pylist()]
    data["chance_fits"] = (control & (data["inclusion_probability"] < 1 + 1e-12)) | (
        ~control & np.isclose(data["inclusion_probability"], 1)
    )
    data["ticket_fits"] = (control & ticket) | (~control & data["ticket"].isna())
    pairs = zip(table["auditors"].to_pylist(), table["recused"].to_pylist(), strict=True)
    data["recusal_kept"] = [not (_ids(a) & _ids(r)) for a, r in pairs]
    data["control_from_frame"] = ~control | data["case_id"].isin(frame)


def plan(tables: Mapping[str, pa.Table], context: Mapping[str, Any]) -> Plan:
    """Frames of the list, of each quota and agency, and of the control frame."""
    period = period_of(context)
    family = family_of(context)
    cases, table = tables[family.case], tables["selection_case"]
    frame = frame_ids(context["frame"])
    result = Plan()
    result.add(schema(tables, ("selection_case",)))
    columns = ("case_id", "agency_key", family.kind, "district")
    scope = canonical(cases, family.case, columns, "scope", in_period(cases, period, family))
    result.add(scope)
    listed = canonical(table, "selection_case", COLUMNS)
    listed.headings.update(FLAGS)
    _flags(listed.data, table, set(frame))
    result.add(listed)
    limits = rules(context, period)
    known = scope.data.drop_duplicates("case_id").set_index("case_id")
    data = listed.data.assign(
        agency=listed.data["case_id"].map(known["agency_key"]), kind=listed.data["case_id"].map(known[family.kind])
    )
    result.add(facts("quotas", "名額", QUOTA_HEADINGS, _quotas(data, limits), open=True))
    capped = data[data["part"].isin(CAPPED)]
    agencies = _capped(capped["agency"], limits.get("max_per_agency"))
    result.add(facts("agencies", "各機關件數", QUOTA_HEADINGS | {"quota": "機關"}, agencies))
    places = capped["case_id"].map(known["district"]) if "district" in known else pd.Series(dtype=object)
    districts = _capped(places, limits.get("max_per_district"))
    result.add(facts("districts", "各行政區件數", QUOTA_HEADINGS | {"quota": "行政區"}, districts))
    least, found = int(limits.get("min_districts") or 0), int(places.nunique())
    spread = [{"quota": "行政區", "chosen": found, "least": least, "short": max(0, least - found)}] if least else []
    result.add(facts("spread", "行政區分布", SPREAD_HEADINGS, spread))
    taken = set(data.loc[data["part"] != "control", "case_id"])
    rows = [{"case_id": c, "not_ranked": c not in taken} for c in sorted(frame)]
    result.add(facts("frame", "對照組母體", FRAME_HEADINGS, rows))
    result.args["selection.rank.contiguous"] = {"min": 1, "max": table.num_rows}
    result.facts = {"selected": table.num_rows, "control_frame": len(frame)}
    return result


def _capped(labels: pd.Series, cap: int | None) -> list[dict[str, Any]]:
    """A line for each label with its count against the cap; none when there is no cap. Unknown labels do not count."""
    counts = labels.value_counts().sort_index()
    return [_line(str(label), int(n), int(cap)) for label, n in counts.items()] if cap else []


def _line(label: str, chosen: int, allowed: int) -> dict[str, Any]:
    return {"quota": label, "chosen": chosen, "allowed": allowed, "over": max(0, chosen - allowed)}


def _quotas(data: pd.DataFrame, limits: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The total (cases that an officer adds do not count); by kind only when places do not pass to other kinds."""
    rows = [_line("全部", int((data["part"] != "added").sum()), int(limits["total"]))]
    if not limits.get("fallback", True):
        ranked = data[data["part"] == "ranked"]["kind"].value_counts()
        rows += [_line(k, int(ranked.get(k, 0)), int(n)) for k, n in sorted(limits.get("kinds", {}).items())]
    return rows
