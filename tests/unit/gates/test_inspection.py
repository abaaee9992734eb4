"""The gate on inspection forms: each bad cell costs its row and no more; an empty day passes."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pyarrow as pa
import pytest

from probity import config, gates
from probity.gates.suites.inspection import TABLES
from probity.settings import ROOT
from tests.unit.gates import making

ID, OTHER = "RI-2021-03-r1-001", "RI-2021-03-r1-002"
DAY = dt.date(2021, 3, 20)
ACCEPTANCE = config.load(ROOT / "include" / "config", "acceptance")


def head(number: str = ID, **more: Any) -> dict[str, Any]:
    row = {"inspection_id": number, "case_id": f"3.99.10|{number}", "selection_id": "RI-2021-03-r1"}
    return row | {"inspected_date": DAY, "score": 80.0} | more


def limit(number: str = ID, **more: Any) -> dict[str, Any]:
    row = {"inspection_id": number, "test": "thickness", "rule_id": "NAT-THICKNESS", "rule_source": "通案慣例"}
    return row | more


def sample(n: int, number: str = ID, **more: Any) -> dict[str, Any]:
    row = {"inspection_id": number, "test": "thickness", "lot": 1, "sample_no": n, "station": 100.0 * n, "value": 5.1}
    return row | more


def finding(n: int, number: str = ID, deadline: dt.date | None = dt.date(2021, 4, 20), **facts: Any) -> dict[str, Any]:
    said = {"inspection_id": number, "category": "joint", "severity": "minor", "description": "接縫"} | facts
    return {
        "event_id": f"{number}{n}",
        "defect_id": f"{number}-D{n:02d}",
        "kind": "found",
        "event_date": DAY,
        "deadline": deadline,
        "source": "x",
        "facts": json.dumps(said),
    }


def judge(shipped, rows: dict[str, list[dict[str, Any]]], **facts: Any) -> Any:
    tables: dict[str, pa.Table] = {name: making.table(name, rows.get(name, [])) for name in TABLES}
    context = {"period": "2021-03-20", "acceptance": ACCEPTANCE, "differences": [], "conflicts": [], "unknown": []}
    return gates.run("inspection", tables, context | facts, shipped)


def good() -> dict[str, list[dict[str, Any]]]:
    return {
        "inspection": [head(), head(OTHER)],
        "inspection_limit": [limit(), limit(OTHER)],
        "inspection_measure": [sample(n, number) for number in (ID, OTHER) for n in range(1, 9)],
        "defect_event": [finding(1), finding(2), finding(1, OTHER)],
    }


def difference(kind: str, table: str, key: str, row: int | None, **more: Any) -> dict[str, Any]:
    base = {"inspection_id": ID, "file": f"{ID}.xlsx", "sheet": "檢測值", "cell": f"G{row}" if row else None}
    return (
        base
        | {"kind": kind, "table": table, "key": key, "row": row, "column": "樁號", "expected": "a", "found": "b"}
        | more
    )


def failed(result: Any) -> dict[str, str]:
    return {c.id: c.outcome for c in result.failed()}


def test_clean_forms_pass(shipped):
    result = judge(shipped, good())
    assert (result.outcome, failed(result)) == ("pass", {})


def test_a_day_without_forms_passes(shipped):
    assert judge(shipped, {}).outcome == "pass"


@pytest.mark.parametrize(
    ("table", "bad", "check"),
    [
        ("inspection_measure", sample(20, value=950.0), "form.possible"),
        ("inspection_measure", sample(20, value=None), "form.explained"),
        ("inspection_measure", sample(20, station=None), "form.placed"),
        ("inspection_measure", sample(20, test="nothing"), "form.measure_test"),
        ("inspection_limit", limit(test="binder", rule_id="CONTRACT", rule_source="", lower=4.0), "form.limit_clause"),
        (
            "inspection_limit",
            limit(test="binder", rule_id="CONTRACT", rule_source="契約", lower=6.0, upper=5.0),
            "form.limit_order",
        ),
        ("defect_event", finding(9, category=None), "form.defect_category"),
        ("defect_event", finding(9, severity=None), "form.defect_severity"),
        ("defect_event", finding(9, deadline=dt.date(2021, 3, 1)), "form.defect_order"),
    ],
)
def test_a_bad_row_alone_is_set_aside(shipped, table, bad, check):
    rows = good()
    rows[table].append(bad)
    result = judge(shipped, rows)
    assert failed(result)[check] == "quarantine"
    assert result.counts[table]["quarantined"] == 1
    assert result.kept[table].num_rows == len(rows[table]) - 1
    assert all(c["quarantined"] == 0 for name, c in result.counts.items() if name != table)


@pytest.mark.parametrize(
    ("table", "fine"),
    [
        ("inspection_measure", sample(20, value=None, not_measured="現場有障礙物", station=None)),
        ("inspection_measure", sample(20, test="concrete_strength", value=280, station=None)),
    ],
)
def test_what_is_explained_or_needs_no_station_passes(shipped, table, fine):
    rows = good()
    rows[table].append(fine)
    assert judge(shipped, rows).outcome == "pass"


def test_an_impossible_score_is_emptied_and_the_form_goes_on(shipped):
    rows = good()
    rows["inspection"][0]["score"] = 850.0
    result = judge(shipped, rows)
    assert result.outcome == "quarantine"
    assert sorted(result.kept["inspection"]["score"].to_pylist(), key=str) == [80.0, None]


def test_a_defect_without_a_deadline_goes_on_and_is_told(shipped):
    rows = good()
    rows["defect_event"].append(finding(9, deadline=None))
    result = judge(shipped, rows)
    assert (result.outcome, failed(result)) == ("warn", {"form.defect_deadline": "warn"})


def test_a_form_that_never_went_out_goes_whole_and_the_others_stay(shipped):
    result = judge(shipped, good(), unknown=[{"inspection_id": ID, "file": "x.xlsx"}])
    assert result.outcome == "quarantine"
    for name in TABLES[:3]:
        assert set(result.kept[name]["inspection_id"].to_pylist()) == {OTHER}
    assert result.kept["defect_event"]["defect_id"].to_pylist() == [f"{OTHER}-D01"]


def test_even_when_every_form_is_wrong_the_run_goes_on(shipped):
    rows = {"inspection": [head()], "inspection_measure": [sample(n) for n in range(1, 40)]}
    result = judge(shipped, rows, unknown=[{"inspection_id": ID, "file": "x.xlsx"}])
    assert result.outcome == "quarantine"
    assert result.kept["inspection"].num_rows == 0


def test_a_changed_cell_costs_its_row_and_is_named(shipped):
    changed = [difference("edited", "inspection_measure", "thickness|3", 12)]
    result = judge(shipped, good(), differences=changed)
    assert failed(result) == {"form.unchanged": "quarantine", "form.measure_unchanged": "quarantine"}
    assert result.kept["inspection_measure"].num_rows == 15
    assert f"{ID}.xlsx 檢測值!G12" in gates.message(result)


def test_the_wrong_project_costs_the_form(shipped):
    changed = [difference("wrong_project", "inspection", ID, 13, column="案件識別碼", cell="C13", sheet="查驗表")]
    result = judge(shipped, good(), differences=changed)
    assert set(result.kept["inspection"]["inspection_id"].to_pylist()) == {OTHER}
    assert "form.header_unchanged" in failed(result)


def test_a_row_that_is_gone_and_a_conflict_are_told(shipped):
    gone = [difference("missing", "inspection_measure", "thickness|9", None)]
    conflict = [{"file": "a.xlsx", "inspection_id": ID, "revision": 2}]
    result = judge(shipped, good(), differences=gone, conflicts=conflict)
    assert failed(result) == {"form.unchanged": "quarantine", "form.no_conflict": "quarantine"}
    assert "a.xlsx" in gates.message(result)


def test_files_that_were_not_read_whole_are_told(shipped):
    file = {"file_name": "a.xlsx", "digest": "d" * 64, "source_id": "inspection_form", "rows_quarantined": 0}
    refused = file | {"file_name": "b.xlsx", "digest": "e" * 64, "refused": "不予收件"}
    aside = making.table(
        "quarantine",
        [
            {
                "file_digest": "d" * 64,
                "file_name": "a.xlsx",
                "row": 5,
                "column": "檢測值",
                "reason": "decimal_unreadable",
                "severity": "value",
            }
        ],
    )
    result = judge(shipped, good(), files=[file | {"refused": None}, refused], quarantine=aside)
    assert failed(result) == {"form.accepted": "quarantine", "form.files": "quarantine"}
    assert "a.xlsx" in gates.message(result) and "b.xlsx" in gates.message(result)


def test_a_findings_frame_tells_nothing_that_it_should_not(shipped):
    rows = good()
    rows["defect_event"].append(finding(9, category=None, firm_name="虛構營造有限公司"))
    told = json.dumps(judge(shipped, rows).to_json(), ensure_ascii=False)
    assert "虛構營造" not in told and ID not in told
