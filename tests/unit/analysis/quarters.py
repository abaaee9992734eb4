"""Two years and more of invented inspections, and the selections that they came from. The same tables each time."""

from __future__ import annotations

import datetime as dt
import json
import random
from typing import Any

import pyarrow as pa

from probity.calendar import Period
from probity.tables import TABLES

AGENCIES = [
    ("9.1", "示範市政府建設局"),
    ("9.2", "示範市政府水利局"),
    ("9.3", "示範市大安區公所"),
    ("9.4", "示範市和平區公所"),
]
FIRMS = ["旭禾營造有限公司", "晨碁工程股份有限公司", "青嵐營造有限公司", "大禾土木包工業", "永澄營造股份有限公司"]
DISTRICTS = ["西屯區", "大里區", "和平區", "大安區", "東勢區", None]
TESTS = [("flatness", None), ("thickness", "丙等"), ("compaction", "丙等"), ("binder", None)]
SIGNALS = [
    ("W01", "偏遠地區"),
    ("W02", "決標價偏低"),
    ("W03", "決標時停權"),
    ("W05", "以往查驗缺失"),
    ("W07", "民眾反映"),
    ("W08", "承攬能量異常"),
]
NAMES = {
    "category": {
        "pavement_thickness": "鋪面厚度不足",
        "flatness": "平整度不佳",
        "compaction": "壓實度不足",
        "marking": "標線缺失",
        "manhole": "人手孔高差",
        "safety": "安全設施",
        "records": "文件紀錄",
    },
    "test": {"flatness": "平整度", "thickness": "厚度", "compaction": "壓實度", "binder": "含油量"},
}
CATEGORIES = list(NAMES["category"])


def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """``rows`` in the schema of ``name``; what a row leaves out is NULL."""
    schema = TABLES[name].arrow_schema()
    return pa.Table.from_pylist([{n: r.get(n) for n in schema.names} for r in rows], schema=schema)


def inspection(number: int, date: dt.date, **more: Any) -> dict[str, Any]:
    agency = AGENCIES[number % len(AGENCIES)]
    return {
        "inspection_id": f"RI-{date:%Y-%m}-r1-{number:03d}",
        "case_id": f"{agency[0]}|RD{number:04d}",
        "selection_id": f"RI-{date:%Y-%m}-r1",
        "part": "ranked",
        "inspected_date": date,
        "agency_key": agency[0],
        "agency_name": agency[1],
        "case_no": f"RD{number:04d}",
        "title": f"第{number}標道路改善工程",
        "firm_name": FIRMS[number % len(FIRMS)],
        "district": DISTRICTS[number % len(DISTRICTS)],
    } | more


def defect(of: dict[str, Any], number: int, category: str, severity: str = "minor", **more: Any) -> dict[str, Any]:
    keys = ("inspection_id", "case_id", "agency_key", "agency_name", "case_no", "title", "firm_name", "district")
    return (
        {k: of[k] for k in keys}
        | {
            "defect_id": f"{of['inspection_id']}-D{number:02d}",
            "category": category,
            "severity": severity,
            "description": f"第{number}處：{NAMES['category'].get(category, category)}",
            "found_date": of["inspected_date"],
            "deadline": of["inspected_date"] + dt.timedelta(days=30),
            "state": "open",
            "state_date": of["inspected_date"],
            "overdue_days": 0,
            "cycle": 1,
        }
        | more
    )


def test_row(of: dict[str, Any], test: str, state: str, lot: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "inspection_id": of["inspection_id"],
        "test": test,
        "lot": lot,
        "n": 4,
        "state": state,
        "rule_id": "national",
        "rule_source": "示範標準",
    } | more


test_row.__test__ = False  # type: ignore[attr-defined]


def event(of: dict[str, Any], kind: str, date: dt.date) -> dict[str, Any]:
    facts = {k: of[k] for k in ("inspection_id", "category", "severity")}
    return {
        "event_id": f"{of['defect_id']}{kind}{date}",
        "defect_id": of["defect_id"],
        "kind": kind,
        "event_date": date,
        "source": "0",
        "facts": json.dumps(facts) if kind == "found" else None,
    }


def selection_case(of: dict[str, Any], rank: int, fired: list[tuple[str, str]]) -> dict[str, Any]:
    place = {"control": [("CONTROL", "隨機對照組")], "added": [("ADDED", "核定時加列")]}.get(of["part"], [])
    return {
        "case_id": of["case_id"],
        "rank": rank,
        "part": of["part"],
        "score": 1.0,
        "score_parts": json.dumps([{"signal_id": s, "weight": 1, "strength": 1, "points": 1} for s, _ in fired]),
        "reasons": json.dumps([{"signal_id": s, "name": n, "text": "", "legal_basis": ""} for s, n in place + fired]),
        "inclusion_probability": 1.0,
    }


def many(period: Period, quarters: int = 9, a_month: int = 7) -> tuple[dict[str, pa.Table], dict[str, Any]]:
    """(tables, facts) of ``quarters`` up to ``period``: thickness defects double in the last one, and the signals W02
    and W08 tell a good road from a bad one while W01 does not."""
    chance = random.Random(110)
    rows: dict[str, list[dict[str, Any]]] = {n: [] for n in ("inspection", "inspection_test", "defect", "defect_event")}
    selections, number = [], 0
    months = [m for q in range(quarters - 1, -1, -1) for m in period.previous(q).months()]
    for month in months:
        recent, cases = month.first >= period.first, []
        for rank in range(1, a_month + 1):
            number += 1
            part = "control" if rank > a_month - 2 else "must_watch" if rank == 1 else "ranked"
            of = inspection(number, month.first + dt.timedelta(days=5 + 3 * rank), part=part)
            bad = chance.random() < (0.25 if part == "control" else 0.6)
            fired = [s for s in SIGNALS if chance.random() < (0.6 if bad and s[0] in ("W02", "W08") else 0.25)]
            cases.append(selection_case(of, rank, fired))
            if recent and month == months[-1] and rank == a_month - 2:
                continue  # selected, not yet inspected
            rows["inspection"].append(of)
            found = chance.choices(CATEGORIES, k=chance.choice((0, 1, 1, 2, 3)))
            found += ["pavement_thickness"] * (chance.choice((1, 2)) if recent and chance.random() < 0.7 else 0)
            for n, category in enumerate(found, 1):
                severity = "grave" if bad and chance.random() < 0.12 else "major" if bad else "minor"
                closed = of["inspected_date"] + dt.timedelta(days=chance.randint(12, 40))
                done = closed <= period.last and chance.random() < 0.9
                d = defect(of, n, category, severity)
                d |= {"state": "closed", "closed_date": closed} if done else {}
                late = d["deadline"] < (closed if done else period.last)
                d |= {"on_time": not late if done or late else None, "overdue_days": 9 if late and not done else 0}
                rows["defect"].append(d)
                rows["defect_event"].append(event(d, "found", d["found_date"]))
                if done:
                    rows["defect_event"].append(event(d, "closed", closed))
            for test, effect in TESTS:
                failed = bad and chance.random() < 0.3
                pwl = chance.uniform(40, 80) if failed else chance.uniform(85, 100)
                grade = effect if failed else None
                rows["inspection_test"] += [
                    test_row(of, test, "fail" if failed else "pass", 0, pwl=pwl, grade_effect=grade),
                    test_row(of, test, "fail" if failed else "pass", 1, pwl=pwl),
                ]
        table_of = table("selection_case", cases)
        selections.append({"selection_id": f"RI-{month.key}-r1", "period": month.key, "cases": table_of})
    again = rows["inspection"][-9]
    repeat = again | {"inspection_id": f"{again['inspection_id']}-2", "reinspects": again["inspection_id"]}
    rows["inspection"].append(repeat | {"inspected_date": period.last})
    return {n: table(n, r) for n, r in rows.items()}, {"selections": selections}
