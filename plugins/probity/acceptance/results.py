"""What an inspection found, in the shape in which audits tell it: so that signals can be measured against it.

In: INSPECTION, INSPECTION_TEST, DEFECT_EVENT. Out: AUDIT_RESULT. Why: hit rates, the control share and the firms'
record are computed by the same code for procurement audits and for inspections of works.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from probity.tables import TABLES
from probity.tables.works import DEFECT_EVENT, INSPECTION, INSPECTION_TEST

_RANK = {"minor": 1, "major": 2, "grave": 3}
_SEVERITY = {1: "minor", 2: "serious", 3: "grave"}
_AUDIT_PARTS = ("must_watch", "ranked", "control", "added", "other")


def results(inspection: pa.Table, inspection_test: pa.Table, defect_event: pa.Table) -> pa.Table:
    """AUDIT_RESULT, a row for each inspected case and day, sorted by key.

    ``irregular``: a test failed (over the whole project), or a major or grave defect was found. ``finished_date`` is
    the day of the inspection. ``severity`` is that of the gravest defect, at least ``serious`` where a test failed,
    NULL where nothing was found. ``patterns`` are the categories of the defects and the failed tests. Re-inspections
    are left out: they look again at what is known, and would count a case twice. A defect counts by its first finding
    in ``defect_event``; later events change its course, not the fact.
    """
    failed = _failed(inspection_test)
    found = _found(defect_event)
    merged: dict[tuple[str, Any], dict[str, Any]] = {}
    for row in sorted(inspection.select([c.name for c in INSPECTION.columns]).to_pylist(), key=_order):
        if row["reinspects"] is not None:
            continue
        tests, defects = failed.get(row["inspection_id"], set()), found.get(row["inspection_id"], [])
        rank = max([_RANK[s] for s, _ in defects] + ([2] if tests else []), default=0)
        words = tests | {category for _, category in defects if category}
        part = row["part"] if row["part"] in _AUDIT_PARTS else None
        key = (row["case_id"], row["inspected_date"])
        line = merged.setdefault(
            key,
            {"case_id": key[0], "selection_id": row["selection_id"], "part": part, "finished_date": key[1]}
            | {"_rank": 0, "_words": set()},
        )
        line["_rank"] = max(line["_rank"], rank)
        line["_words"] |= words
    out = [
        {
            **{k: v for k, v in line.items() if not k.startswith("_")},
            "irregular": line["_rank"] >= 2,
            "severity": _SEVERITY.get(line["_rank"]),
            "patterns": ",".join(sorted(line["_words"])) or None,
            "amount_irregular": None,
        }
        for _, line in sorted(merged.items())
    ]
    return pa.Table.from_pylist(out, schema=TABLES["audit_result"].arrow_schema())


def _order(row: dict[str, Any]) -> tuple[str, Any, str]:
    return row["case_id"], row["inspected_date"], row["inspection_id"]


def _failed(tests: pa.Table) -> dict[str, set[str]]:
    out: dict[str, set[str]] = {}
    for row in tests.select([c.name for c in INSPECTION_TEST.columns]).to_pylist():
        if row["lot"] == 0 and row["state"] == "fail":
            out.setdefault(row["inspection_id"], set()).add(row["test"])
    return out


def _found(events: pa.Table) -> dict[str, list[tuple[str, str | None]]]:
    """inspection_id -> (severity, category) of each defect."""
    first: dict[str, tuple[Any, str, dict[str, Any]]] = {}
    for row in events.select([c.name for c in DEFECT_EVENT.columns]).to_pylist():
        if row["kind"] != "found" or not row["facts"]:
            continue
        entry = (row["event_date"], row["event_id"], json.loads(row["facts"]))
        first[row["defect_id"]] = min(first.get(row["defect_id"], entry), entry, key=lambda e: e[:2])
    out: dict[str, list[tuple[str, str | None]]] = {}
    for _, (_, _, facts) in sorted(first.items()):
        if facts.get("severity") in _RANK:
            out.setdefault(facts["inspection_id"], []).append((facts["severity"], facts.get("category")))
    return out
