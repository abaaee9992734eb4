"""Inspections in the shape of audits, and the pack that a form is made from."""

from __future__ import annotations

import datetime as dt
import json

from probity import acceptance
from probity.selection import positions

from .making import ID, limit, measures, table

DAY = dt.date(2021, 3, 20)


def inspection(number: str = ID, **more):
    row = {"inspection_id": number, "case_id": "3.99.10|A110001", "selection_id": "RI-2021-03-r1", "part": "control"}
    return row | {"inspected_date": DAY} | more


def found(number: str = ID, severity: str = "minor", category: str = "joint", day: dt.date = DAY):
    facts = {"inspection_id": number, "severity": severity, "category": category}
    return {
        "event_id": f"{severity}{day}",
        "defect_id": f"{number}-D01",
        "kind": "found",
        "event_date": day,
        "source": "x",
        "facts": json.dumps(facts),
    }


def outcome(rules, inspections, events, values=(5.0, 5.1, 5.2)):
    tests = acceptance.evaluate(
        table("inspection_limit", limit("thickness", "NAT-THICKNESS", design_value=5.0)),
        table("inspection_measure", *measures("thickness", list(values))),
        rules,
    )
    return acceptance.results(table("inspection", *inspections), tests, table("defect_event", *events)).to_pylist()


def test_a_minor_defect_is_no_irregularity(rules):
    (row,) = outcome(rules, [inspection()], [found()])
    assert (row["irregular"], row["severity"], row["patterns"], row["part"]) == (False, "minor", "joint", "control")
    assert row["finished_date"] == DAY


def test_a_major_or_grave_defect_or_a_failed_test_is_one(rules):
    assert outcome(rules, [inspection()], [found(severity="major")])[0]["severity"] == "serious"
    assert outcome(rules, [inspection()], [found(severity="grave")])[0]["severity"] == "grave"
    (row,) = outcome(rules, [inspection()], [], values=(4.0, 5.5, 5.6))
    assert (row["irregular"], row["severity"], row["patterns"]) == (True, "serious", "thickness")
    (row,) = outcome(rules, [inspection()], [])
    assert (row["irregular"], row["severity"]) == (False, None)


def test_a_reinspection_is_no_second_case(rules):
    again = inspection(f"{ID}-2", reinspects=ID, inspected_date=dt.date(2021, 5, 3))
    assert len(outcome(rules, [inspection(), again], [])) == 1


def test_the_first_finding_counts(rules):
    later = found(severity="grave", day=dt.date(2021, 4, 1))
    assert outcome(rules, [inspection()], [later, found()])[0]["severity"] == "minor"


def test_a_pack_is_plain_json_and_holds_only_what_the_facility_needs(rules, defects, project):
    drawn = positions.plan(project, rules["tests"], ID, "7788")
    about = {"inspection_id": ID, "selection_id": "RI-2021-03-r1", "part": "ranked", "firm_name": "虛構營造有限公司"}
    pack = acceptance.pack(project, about, drawn, rules, defects, dt.date(2021, 3, 31))
    assert json.loads(json.dumps(pack)) == pack
    assert {t["test"] for t in pack["tests"]} == {"flatness", "flatness_sd", "thickness", "compaction", "binder"}
    assert {m["test"] for m in pack["measures"]} == {t["test"] for t in pack["tests"]}
    assert defects["categories"]["rebar"]["zh"] not in pack["defects"]["categories"]
    thickness = next(r for r in pack["limits"] if r["test"] == "thickness")
    assert (thickness["design_value"], thickness["rule"]["lower"]) == (5.0, {"ratio": 0.9})
    building = acceptance.pack(project | {"facility": "building"}, about, [], rules, defects, dt.date(2021, 3, 31))
    assert {t["test"] for t in building["tests"]} == {"concrete_strength", "rebar_cover"}
