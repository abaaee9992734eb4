"""The gates of works inspection: its canonical tables, and signals and selection judged by the family of cases."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pytest

from probity import gates
from probity.gates.suites import works
from probity.tables import TABLES

from .making import PERIOD, SIGNALS, arrived, listed, results, table

LAST = dt.date(2021, 3, 31)


def projects(n: int = 60, **changed: Any) -> list[dict[str, Any]]:
    """``n`` clean road works of four agencies and districts, the last ten of them closed."""
    out = []
    for i in range(n):
        agency = f"3.99.{10 + i % 4}"
        row = {
            "case_id": f"{agency}|R{i:04d}",
            "agency_id": agency,
            "agency_name": "虛構建設局",
            "agency_key": agency,
            "case_no": f"R{i:04d}",
            "title": f"虛構路面改善第{i}標",
            "facility": "road",
            "award_way": "lowest",
            "budget": 9_000_000 + i,
            "contract_amount": 8_000_000,
            "valued_amount": 1_000_000,
            "award_case_id": f"{agency}|R{i:04d}|20200110",
            "award_date": dt.date(2020, 1, 5),
            "start_date": dt.date(2020, 2, 1),
            "planned_end": dt.date(2021, 6, 1),
            "stage": "under_way" if i < n - 10 else "closed",
            "eligible": i < n - 10,
            "planned_progress": 0.5,
            "actual_progress": 0.4,
            "district": f"虛構{i % 4}區",
            "road_keys": "虛構區/虛構路",
            "x": 215_000.0 + i,
            "y": 2_672_000.0,
            "station_start": 100.0,
            "station_end": 900.0,
            "sources": "works_projects",
            "n_observations": 1,
        }
        out.append(row | changed)
    return out


def awards(of: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            **{k: p[k] for k in ("agency_id", "agency_name", "agency_key", "case_no", "title")},
            "case_id": p["award_case_id"],
            "award_amount": 8_000_000,
            "budget": 9_000_000,
            "award_notice_date": dt.date(2020, 1, 10),
            "sources": "award_csv",
            "n_observations": 1,
        }
        for p in of
        if p["award_case_id"]
    ]


def firms(of: list[dict[str, Any]]) -> list[dict[str, Any]]:
    name = {"firm": "12345678", "firm_id": "12345678", "firm_name": "虛構營造", "firm_key": "虛構營造", "n_firms": 1}
    return [{"case_id": p["case_id"]} | name for p in of]


def tables(of: list[dict[str, Any]], **rows: list[dict[str, Any]]) -> dict[str, pa.Table]:
    given = {"project": of, "award_case": awards(of), "project_firm": firms(of)} | rows
    return {name: table(name, given.get(name, [])) for name in works.TABLES}


def judge(of: list[dict[str, Any]], shipped: dict[str, Any], **rows: list[dict[str, Any]]) -> gates.GateResult:
    return gates.run("works_canonical", tables(of, **rows), {"period": PERIOD, "family": "works"}, shipped)


def failed(result: gates.GateResult) -> dict[str, str]:
    return {c.id: c.outcome for c in result.failed()}


def test_clean_works_pass(shipped):
    result = judge(projects(), shipped)
    assert failed(result) == {} and result.outcome == "pass"
    assert result.facts["projects_in_period"] == 50


def test_what_is_emptied_may_be_empty_and_every_column_exists():
    derived = {"eligible_fits", "award_amount", "budget_alone", "has_firm", "actual_before", "duplicate_known"}
    derived |= {"contract_amount"}
    for check in works.CHECKS:
        name = {"project_scope": "project"}.get(check.frame, check.frame)
        for column in {*check.columns, *check.marked} - derived:
            assert TABLES[name].column(column), check.id
        if check.aside == "value":
            assert not [c for c in check.marked if TABLES[name].column(c).required], check.id


def test_a_sum_in_thousands_is_emptied_with_its_fellows_and_says_what_to_do(shipped):
    rows = projects()
    rows[3] |= {"contract_amount": 8_000, "valued_amount": 1_000}
    rows[4] |= {"valued_amount": 1_000_000_000}
    rows[5] |= {"award_case_id": None, "contract_amount": 8_000_000_000}
    rows[6] |= {"budget": 9_000, "reserve_price": 8_500}
    rows[7] |= {"award_case_id": None, "contract_amount": 0}  # published as 0: no sum in another unit
    result = judge(rows, shipped)
    assert set(failed(result)) == {
        *("project.award_unit", "project.budget_unit", "project.valued_unit"),
        *("project.budget_award_unit", "project.reserve_unit"),
    }
    kept = result.kept["project"].to_pylist()
    assert [kept[3][c] for c in ("contract_amount", "valued_amount", "budget")] == [None, None, 9_000_003]
    assert (kept[4]["contract_amount"], kept[4]["valued_amount"]) == (None, None)
    assert (kept[5]["contract_amount"], kept[5]["budget"]) == (None, None)
    assert [kept[6][c] for c in ("budget", "reserve_price", "contract_amount")] == [None, None, 8_000_000]
    assert kept[7]["contract_amount"] == 0 and kept[7]["budget"] > 0
    assert result.outcome == "quarantine" and result.counts["project"]["in"] == result.counts["project"]["out"]
    assert "千元" in next(c.message_zh for c in result.failed() if c.id == "project.award_unit")
    assert result.facts["cases_in_period_set_aside"] == 4


def test_a_whole_export_in_thousands_stops(shipped):
    result = judge(projects(contract_amount=8_000, valued_amount=1_000), shipped)
    assert result.outcome == "stop" and failed(result)["quarantine.limit"] == "stop" and result.kept == {}


@pytest.mark.parametrize(
    ("changed", "check", "outcome"),
    [
        ({"actual_progress": 55.0}, "project.actual_progress.range", "quarantine"),
        ({"x": 2_672_000.0, "y": 215_000.0}, "project.x.range", "quarantine"),
        ({"start_date": dt.date(2021, 9, 1)}, "project.start_date.before.planned_end", "quarantine"),
        ({"start_date": dt.date(110, 2, 1)}, "project.start_date.range", "quarantine"),
        ({"actual_end": dt.date(2021, 4, 1)}, "project.actual_end.cut_off", "stop"),
        ({"stage": "closed"}, "project.eligible.fits", "stop"),
        ({"stage": "somewhere"}, "project.stage.values", "stop"),
        ({"case_id": "R0001"}, "project.case_id.form", "quarantine"),
        ({"facility": "tunnel"}, "project.facility.values", "quarantine"),
        ({"title": " "}, "project.title.form", "quarantine"),
        ({"station_start": 1200.0}, "project.stations", "warn"),
    ],
)
def test_a_bad_project_is_found(shipped, changed, check, outcome):
    rows = projects()
    rows[1] |= changed
    assert failed(judge(rows, shipped)).get(check) == outcome


def test_what_hangs_on_a_quarantined_row_goes_with_it(shipped):
    rows = projects()
    lost = rows[1]["case_id"]
    rows[1]["title"] = " "
    permit = {"permit_id": "aa", "application_no": "A1"}
    link = {"permit_id": "aa", "method": "road"}
    result = judge(
        rows,
        shipped,
        permit=[permit, permit | {"permit_id": "bb", "application_no": None}],
        project_permit=[{"case_id": rows[2]["case_id"], **link}, {"case_id": lost, **link}],
    )
    assert lost not in result.kept["project_firm"]["case_id"].to_pylist()
    assert result.kept["project_permit"]["case_id"].to_pylist() == [rows[2]["case_id"]]
    assert all(c["in"] == c["out"] + c["quarantined"] for c in result.counts.values())


def test_links_to_nothing_and_facts_of_a_later_day_stop(shipped):
    rows = projects()
    complaint = {"complaint_id": "C1", "received_date": dt.date(2021, 4, 1), "channel": "hotline", "about_road": True}
    result = judge(
        rows,
        shipped,
        complaint=[complaint | {"duplicate_of": "C0"}],
        project_complaint=[{"case_id": rows[0]["case_id"], "complaint_id": "C9", "method": "road"}],
    )
    assert {
        "complaint.received_date.cut_off",
        "complaint.duplicate_of.known",
        "project_complaint.complaint_exists",
    } <= set(failed(result))
    assert result.outcome == "stop"


def test_progress_that_falls_back_and_changes_in_another_unit(shipped):
    rows = projects()
    case = rows[0]["case_id"]
    months = [
        {"case_id": case, "month_end": day, "planned_progress": 0.5, "actual_progress": value}
        for day, value in ((dt.date(2021, 2, 28), 0.2), (dt.date(2021, 1, 31), 0.6), (LAST, 0.3))
    ]
    change = {"case_id": case, "change_no": 1, "change_date": LAST, "amount_delta": 90_000_000_000}
    result = judge(rows, shipped, project_progress=months, project_change=[change])
    assert failed(result) == {"project_progress.backwards": "warn", "project_change.unit": "quarantine"}
    assert next(c.n_bad for c in result.failed() if c.id == "project_progress.backwards") == 1


def test_nothing_eligible_and_a_lost_table_stop(shipped):
    assert failed(judge(projects(eligible=False), shipped))["works.scope.rows"] == "stop"
    given = tables(projects())
    del given["permit"]
    result = gates.run("works_canonical", given, {"period": PERIOD, "family": "works"}, shipped)
    assert failed(result)["works.schema"] == "stop"


def test_arrival_names_the_works_sources(shipped):
    context = {
        "period": PERIOD,
        "family": "works",
        "files": [arrived(source_id="works_projects")],
        "expected_sources": ["works_projects"],
        "one_of": [],
    }
    assert gates.run("arrival", {}, context, shipped).outcome == "pass"


def test_signals_are_judged_over_the_eligible_works(shipped):
    rows = projects()
    given = {"project": table("project", rows), "signal_result": table("signal_result", results(rows[:50]))}
    context = {"period": PERIOD, "family": "works", "signal_ids": SIGNALS}
    assert failed(gates.run("signals", given, context, shipped)) == {}
    given["signal_result"] = table("signal_result", results(rows))
    assert "signals.rows" in failed(gates.run("signals", given, context, shipped))


def test_a_selection_keeps_to_its_districts(shipped):
    rows = projects()
    quota = {"total": 6, "kinds": {"under_way": 6}, "max_per_agency": 5, "fallback": True}
    given = {"project": table("project", rows), "selection_case": table("selection_case", listed(rows))}
    context = {"period": PERIOD, "family": "works", "quota": quota, "frame": [r["case_id"] for r in rows[4:50]]}

    def judged(**more: int) -> dict[str, str]:
        return failed(gates.run("selection", given, context | {"quota": quota | more}, shipped))

    assert judged() == judged(max_per_district=1, min_districts=4) == {}
    assert judged(min_districts=5) == {"selection.spread": "warn"}
    for row in rows:
        row["district"] = "虛構區"
    given["project"] = table("project", rows)
    assert judged(max_per_district=1) == {"selection.district": "stop"}
    for row in rows:
        row["district"] = None
    given["project"] = table("project", rows)
    assert judged(max_per_district=1) == {}


def test_an_unknown_family_is_refused(shipped):
    with pytest.raises(ValueError, match="no family"):
        gates.run("signals", {}, {"period": PERIOD, "family": "gardens"}, shipped)


def test_a_bad_row_of_a_project_is_traced_to_its_files():
    where = {"_source": "works_projects", "_sheet": "標案", "_file_digest": "f1"}
    seen = {
        "project": [
            {"_case_key": "R1", "agency_id": "3.99.10", "_row": 7},
            {"_case_key": "R1", "agency_id": "3.9", "_row": 8},
        ],
        "project_progress": [{"_case_key": "R1", "agency_id": None, "month_end": LAST, "_row": 9}],
        "award_case": [{"_case_key": "R2", "agency_id": "3.99.10", "_row": 3}],
    }
    observed = {n: pa.Table.from_pylist([r | where for r in rows]) for n, rows in seen.items()}
    locate = gates.locator(observed, {"f1": "標案.xlsx"})

    def at(name: str, **row: Any) -> list[int]:
        return [place.row for place in locate(name, [row])[0]]

    assert at("project", case_id="3.99.10|R1") == [7]
    assert at("project", case_id="N:虛構建設局|R1") == [7, 8]
    assert at("project", case_id="3.99.10|R2") == [3]
    assert at("project_progress", case_id="3.99.10|R1", month_end=LAST) == [9]
    assert at("project_progress", case_id="3.99.10|R1", month_end=dt.date(2021, 2, 28)) == []
