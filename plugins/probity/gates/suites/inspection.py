"""Inspection forms that came back: of an inspection that went out, with the pre-filled cells untouched, every position
measured or explained, every value one that the instrument can give, every defect with its kind and gravity.

In: tables ``inspection``, ``inspection_limit``, ``inspection_measure``, ``defect_event``; ``context['acceptance']``
(acceptance.yaml), and what ``sources.inspection_facts`` tells: ``differences``, ``conflicts``, ``unknown``, optional
``misdated``; optional ``files`` (the form files of this run, as in ``arrival``) and ``quarantine`` (what reading set
aside in them). Out: frames of the tables, ``found`` (the findings among the events), ``changes`` (a row for each
changed cell, by sheet and cell), ``conflicts``, ``dates``. Why: one wrong cell must cost that cell's row and no more,
and the inspector must be told which.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from probity.gates.checks import Check
from probity.gates.frames import Frame, Plan, canonical, facts, schema

TABLES = ("inspection", "inspection_limit", "inspection_measure", "defect_event")

DEPENDANTS = {"inspection": dict.fromkeys(("inspection_limit", "inspection_measure"), "inspection_id")}
"""Tables whose rows go with a quarantined inspection."""

STRUCTURE = (
    Check("form.schema.known", "schema", "not_null", ("state",)),
    Check("form.schema", "schema", "in_set", ("state",), {"values": ("ok",)}),
)


def _asks(name: str, frame: str, flag: str, *marks: str, aside: str = "row") -> Check:
    return Check(f"form.{name}", frame, "true", (flag,), {}, aside, marks)


CHECKS = (
    Check("form.accepted", "files", "true", ("accepted",), marks=("file",)),
    Check("form.files", "files", "true", ("clean",), marks=("file",)),
    Check("form.unchanged", "changes", "true", ("fine",), marks=("where",)),
    Check("form.no_conflict", "conflicts", "true", ("fine",), marks=("where",)),
    Check("form.unique", "inspection", "unique", ("inspection_id",)),
    _asks("known", "inspection", "went_out", "inspection_id"),
    _asks("header_unchanged", "inspection", "as_sent", "case_id"),
    _asks("dated", "inspection", "after_drawn", "inspected_date"),
    Check("form.dates", "dates", "true", ("fine",), marks=("where",)),
    _asks("score", "inspection", "score_possible", "score", aside="value"),
    Check("form.limit_unique", "inspection_limit", "unique", ("inspection_id", "test")),
    _asks("limit_test", "inspection_limit", "test_known", "test"),
    _asks("limit_unchanged", "inspection_limit", "as_sent", "test"),
    _asks("limit_clause", "inspection_limit", "has_clause", "rule_source"),
    _asks("limit_order", "inspection_limit", "in_order", "lower", "upper"),
    Check("form.measure_unique", "inspection_measure", "unique", ("inspection_id", "test", "sample_no")),
    _asks("measure_test", "inspection_measure", "test_known", "test"),
    _asks("measure_unchanged", "inspection_measure", "as_sent", "station"),
    _asks("possible", "inspection_measure", "possible", "value"),
    _asks("explained", "inspection_measure", "explained", "value", "not_measured"),
    _asks("placed", "inspection_measure", "placed", "station"),
    Check("form.event_unique", "found", "unique", ("event_id",)),
    _asks("defect_of_known", "found", "of_known", "defect_id"),
    _asks("defect_category", "found", "has_category", "facts"),
    _asks("defect_severity", "found", "has_severity", "facts"),
    _asks("defect_description", "found", "has_description", "facts", aside=""),
    _asks("defect_deadline", "found", "has_deadline", "deadline", aside=""),
    _asks("defect_order", "found", "in_order", "deadline"),
)

FLAGS = {
    "went_out": "本機關寄出之查驗",
    "as_sent": "預填內容未更改",
    "after_drawn": "查驗日在選案期間之後",
    "score_possible": "分數介於0至100",
    "test_known": "已知之檢測項目",
    "has_clause": "契約標準載明依據",
    "in_order": "先後合理",
    "possible": "儀器可測得之值",
    "explained": "有檢測值或未檢測原因",
    "placed": "有位置或未檢測原因",
    "of_known": "所屬查驗可採用",
    "has_category": "缺失類別已填",
    "has_severity": "情節已填",
    "has_description": "缺失內容已填",
    "has_deadline": "改善期限已填",
}
CHANGE_HEADINGS = {
    "where": "檔案、工作表與儲存格",
    "kind": "情形",
    "column": "欄",
    "expected": "原預填",
    "found": "現為",
    "fine": "未更改",
}
CONFLICT_HEADINGS = {"where": "檔案", "revision": "修訂次", "fine": "無衝突"}
FILE_HEADINGS = {
    "file": "檔案",
    "digest": "檔案雜湊",
    "accepted": "已收件",
    "reason": "不予收件原因",
    "clean": "無隔離儲存格",
}

DATE_HEADINGS = {
    "where": "檔案、工作表與列",
    "found": "查驗日",
    "first": "最早",
    "last": "最晚",
    "fine": "在合理期間內",
}

KINDS = {"edited": "被更改", "missing": "整列不見", "extra": "多出一列", "wrong_project": "不是這件工程的查驗表"}

_SEVERITIES = ("minor", "major", "grave")


def plan(tables: Mapping[str, pa.Table], context: Mapping[str, Any]) -> Plan:
    """Frames of the tables, the findings, the changed cells and the conflicts."""
    result = Plan()
    result.add(schema(tables, TABLES))
    if any(name not in tables for name in TABLES):
        return result
    changed: Sequence[Mapping[str, Any]] = context["differences"]
    tests: Mapping[str, Mapping[str, Any]] = context["acceptance"]["tests"]
    unknown = {u["inspection_id"] for u in context["unknown"]}
    edited = _edited(changed)
    heads = _frame(tables, "inspection")
    heads.data["went_out"] = ~heads.data["inspection_id"].isin(sorted(unknown))
    heads.data["as_sent"] = [i not in edited["inspection"] for i in heads.data["inspection_id"]]
    misdated: Sequence[Mapping[str, Any]] = context.get("misdated", ())
    early = {(m["inspection_id"], m["found"]) for m in misdated if m["found"] < m["first"]}
    dated = zip(heads.data["inspection_id"], heads.data["inspected_date"], strict=True)
    heads.data["after_drawn"] = [(i, d.date().isoformat()) not in early for i, d in dated]
    score = heads.data["score"]
    heads.data["score_possible"] = (score.isna() | score.between(0, 100)).astype(bool)
    usable = heads.data["went_out"] & heads.data["as_sent"] & heads.data["after_drawn"]
    good = heads.data.loc[usable, "inspection_id"]
    result.add(heads)
    limits = _frame(tables, "inspection_limit")
    _limits(limits.data, tests, edited["inspection_limit"], context["acceptance"]["contract_rule"])
    result.add(limits)
    measures = _frame(tables, "inspection_measure")
    _measures(measures.data, tests, edited["inspection_measure"])
    result.add(measures)
    result.add(_found(tables["defect_event"], set(good), set(heads.data["inspection_id"]) | unknown))
    result.add(facts("changes", "被更改之預填內容", CHANGE_HEADINGS, [_change(d) for d in changed], open=True))
    conflicts = [{"where": c["file"], "revision": c["revision"], "fine": False} for c in context["conflicts"]]
    result.add(facts("conflicts", "同修訂次而內容不同之查驗表", CONFLICT_HEADINGS, conflicts, open=True))
    late = [_dated(m) for m in misdated if m["found"] > m["last"]]
    result.add(facts("dates", "查驗日不合理之查驗表", DATE_HEADINGS, late, open=True))
    aside = context.get("quarantine")
    unread = set() if aside is None else set(aside["file_digest"].to_pylist())
    files = [
        {
            "file": f["file_name"],
            "digest": f["digest"],
            "accepted": not f["refused"],
            "reason": f["refused"] or None,
            "clean": bool(f["refused"]) or f["digest"] not in unread,
        }
        for f in context.get("files", ())
    ]
    result.add(facts("files", "查驗表檔案", FILE_HEADINGS, files, open=True))
    result.facts = {"inspections": len(heads.data), "samples": len(measures.data), "changed_cells": len(changed)}
    return result


def _frame(tables: Mapping[str, pa.Table], name: str) -> Frame:
    frame = canonical(tables[name], name, tables[name].column_names)
    frame.headings.update(FLAGS)
    return frame


def _edited(changed: Sequence[Mapping[str, Any]]) -> dict[str, set[Any]]:
    """The rows in which a pre-filled cell was changed, by table: the inspection, or it with the row's key."""
    out: dict[str, set[Any]] = {"inspection": set(), "inspection_limit": set(), "inspection_measure": set()}
    for change in changed:
        if change["row"] is None:
            continue
        table = change["table"]
        name = change["inspection_id"]
        out[table].add(name if table == "inspection" else (name, change["key"]))
    return out


def _limits(data: pd.DataFrame, tests: Mapping[str, Any], edited: set[Any], contract_rule: str) -> None:
    data["test_known"] = data["test"].isin(list(tests)).astype(bool)
    data["as_sent"] = [k not in edited for k in zip(data["inspection_id"], data["test"], strict=True)]
    data["has_clause"] = ((data["rule_id"] != contract_rule) | (data["rule_source"].fillna("") != "")).astype(bool)
    single = (data["lower"].isna() | data["upper"].isna() | (data["lower"] <= data["upper"])).astype(bool)
    mean = data["mean_lower"].isna() | data["mean_upper"].isna() | (data["mean_lower"] <= data["mean_upper"])
    data["in_order"] = single & mean.astype(bool)


def _measures(data: pd.DataFrame, tests: Mapping[str, Any], edited: set[Any]) -> None:
    keys = zip(data["inspection_id"], data["test"], data["sample_no"], strict=True)
    data["as_sent"] = [(i, f"{t}|{n}") not in edited for i, t, n in keys]
    data["test_known"] = data["test"].isin(list(tests)).astype(bool)
    low = data["test"].map({n: float(t["possible"]["min"]) for n, t in tests.items()}).astype("float64")
    high = data["test"].map({n: float(t["possible"]["max"]) for n, t in tests.items()}).astype("float64")
    value = data["value"].astype("float64")
    inside = value.isna() | low.isna() | ((value >= low) & (value <= high))
    data["possible"] = inside.astype(bool)
    measured, explained = value.notna(), data["not_measured"].notna()
    data["explained"] = (measured | explained).astype(bool)
    on_roads = data["test"].isin([n for n, t in tests.items() if "road" in t["facilities"]])
    data["placed"] = (~measured | data["station"].notna() | ~on_roads).astype(bool)


def _found(events: pa.Table, good: set[str], known: set[str]) -> Frame:
    """The findings; those of a list of earlier inspections may stand without an inspection row."""
    mask = pc.equal(events["kind"], "found").to_numpy(zero_copy_only=False).astype(bool)
    frame = canonical(events, "defect_event", events.column_names, "found", np.asarray(mask))
    said = [json.loads(f) if isinstance(f, str) else {} for f in frame.data["facts"]]
    days = frame.data["event_date"]
    deadline = frame.data["deadline"]
    frame.headings.update(FLAGS)
    ids = [s.get("inspection_id") for s in said]
    frame.data["of_known"] = [i in good or i not in known for i in ids]
    frame.data["has_category"] = [bool(s.get("category")) for s in said]
    frame.data["has_severity"] = [s.get("severity") in _SEVERITIES for s in said]
    frame.data["has_description"] = [bool(s.get("description")) for s in said]
    frame.data["has_deadline"] = deadline.notna().astype(bool)
    frame.data["in_order"] = (deadline.isna() | (deadline >= days)).astype(bool)
    return frame


def _dated(misdated: Mapping[str, Any]) -> dict[str, Any]:
    where = f"{misdated['file']} {misdated['sheet']} 第{misdated['row']}列"
    return {"where": where, **{n: misdated[n] for n in ("found", "first", "last")}, "fine": False}


def _change(difference: Mapping[str, Any]) -> dict[str, Any]:
    cell = difference["cell"] or f"{difference['column']} {difference['key']}"
    where = f"{difference['file']} {difference['sheet']}!{cell}"
    return {
        "where": where,
        "kind": KINDS[difference["kind"]],
        **{n: difference[n] for n in ("column", "expected", "found")},
        "fine": False,
    }
