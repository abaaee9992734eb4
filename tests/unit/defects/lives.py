"""Defects with invented lives for the tests: a finding, answers, decisions, on days of 2021."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from probity import defects
from probity.tables import TABLES

OWNER = {"agency_key": "3.87.10.2", "agency_name": "甲養護工程處", "case_no": "R110-01", "title": "甲路路面整修"}


def day(text: str) -> dt.date:
    """``03-05`` of 2021."""
    return dt.date.fromisoformat(f"2021-{text}")


def found(
    defect_id: str = "RI-2021-02-r1-001-D01",
    on: str = "03-05",
    severity: str = "major",
    deadline: str | None = None,
    **facts: Any,
) -> dict[str, Any]:
    inspection_id = facts.pop("inspection_id", defect_id.rpartition("-D")[0])
    about = OWNER | {"case_id": "3.87.10.2|R11001", "firm_name": "乙營造", "district": "西屯區"}
    about |= {"inspection_id": inspection_id, "category": "surface", "severity": severity, "description": "坑洞一處"}
    about |= {"photos": None, "found_date": day(on)} | facts
    return defects.event(
        "found", defect_id, day(on), f"file-{inspection_id}", deadline=day(deadline) if deadline else None, facts=about
    )


def reported(of: dict[str, Any], on: str, evidence: str | None = "改善後.jpg", **facts: Any) -> dict[str, Any]:
    return defects.event(
        "reported",
        of["defect_id"],
        day(on),
        f"answer-{on}",
        evidence=evidence,
        note="已刨除重鋪",
        facts={"corrected_date": f"2021-{on}", "extension_to": None} | facts,
    )


def decided(kind: str, of: dict[str, Any], on: str, *answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    facts = {"answers": [a["event_id"] for a in answers]}
    return defects.event(kind, of["defect_id"], day(on), f"decision-{on}", decided_by="林科長", facts=facts, **more)


def table(*rows: dict[str, Any]) -> pa.Table:
    return defects.table(rows)


def agencies(parent: str | None = "3.87.10") -> pa.Table:
    rows = [
        {"agency_id": "3.87.10.2", "agency_name": "甲養護工程處", "agency_key": "3.87.10.2", "parent_id": parent},
        {"agency_id": "3.87.10", "agency_name": "甲建設局", "agency_key": "3.87.10", "parent_id": None},
    ]
    return pa.Table.from_pylist(rows, schema=TABLES["agency"].arrow_schema())


def inspections(*rows: dict[str, Any]) -> pa.Table:
    """INSPECTION of partial rows."""
    schema = TABLES["inspection"].arrow_schema()
    blank = dict.fromkeys(schema.names) | {"case_id": "3.87.10.2|R11001"} | OWNER
    return pa.Table.from_pylist([blank | r for r in rows], schema=schema)


def tests(*rows: dict[str, Any]) -> pa.Table:
    """INSPECTION_TEST of partial rows."""
    schema = TABLES["inspection_test"].arrow_schema()
    blank = dict.fromkeys(schema.names) | {"lot": 0, "n": 3, "rule_id": "r", "rule_source": "契約"}
    return pa.Table.from_pylist([blank | r for r in rows], schema=schema)
