"""Each works signal on its own small world; what it may not say, and what it must say of an uncertain match."""

from __future__ import annotations

import datetime as dt
import json
import random
from typing import Any

import pytest

from probity import canonical, config, settings, signals
from probity.signals import engine, lists
from probity.tables import FAMILIES, TABLES
from tests.unit.signals.works_fixtures import WORKS
from tests.unit.signals.works_world import DAY, LAST, PERIOD, WorksWorld
from tests.unit.signals.world import firm_row

SQL = settings.ROOT / "include" / "sql" / "works"
ALL = signals.load_signals(SQL)
BY_ID = {s.id: s for s in ALL}
THRESHOLDS = config.thresholds(settings.ROOT / "include" / "config")
D = dt.date


def run(w: WorksWorld, *ids: str) -> dict[tuple[str, str], dict[str, Any]]:
    result = signals.run(w.tables(), PERIOD, [BY_ID[i] for i in ids] or ALL, THRESHOLDS)
    return {(r["case_id"], r["signal_id"]): r for r in result.to_pylist()}


def test_every_signal_has_a_fixture() -> None:
    assert sorted(WORKS) == [s.id for s in ALL]
    assert {s.id: s.must_watch for s in ALL if s.must_watch} == {
        "W01": 1, "W05": 4, "W11A": 2, "W20": 1, "W24": 3, "W31": 1, "W50": 2, "W51": 2,
    }  # fmt: skip


@pytest.mark.parametrize("signal", ALL, ids=lambda s: s.id)
def test_signal(signal: signals.Signal) -> None:
    world = WorksWorld()
    cases = WORKS[signal.id](world)
    assert {"fires", "quiet", "missing"} <= set(cases)
    rows = {case: row for (case, _), row in run(world, signal.id).items()}

    fired = rows[cases["fires"]]
    assert fired["state"] == "fired", fired
    assert 0 <= fired["strength"] <= 1
    assert fired["amount_at_stake"] is not None and fired["amount_at_stake"] > 0
    assert canonical.dumps(json.loads(fired["evidence"])) == fired["evidence"]
    sentence = signals.reason(signal, fired)
    assert "{" not in sentence and "不詳" not in sentence, sentence

    for label in set(cases) - {"fires", "missing"}:
        assert rows[cases[label]]["state"] == "clear", (label, rows[cases[label]])
        assert rows[cases[label]]["evidence"] is None
    missing = rows[cases["missing"]]
    assert missing["state"] == "not_assessable" and missing["reason"], missing
    assert "資料不足以判斷" not in missing["reason"]
    assert missing["value"] is None


# -- missing data ------------------------------------------------------------------------------------------------
def test_a_project_with_only_its_required_columns_is_never_clear_where_the_rule_could_apply() -> None:
    """Everything optional unknown. What is clear needs no more: no warranty runs yet, nobody was ever found late."""
    w = WorksWorld()
    row = {c.name: None for c in TABLES["project"].columns if not c.required}
    w.project(**row | {"facility": "road", "agency_key": "N:虛城市第1局"})
    assert [r["signal_id"] for r in run(w).values() if r["state"] != "not_assessable"] == []


@pytest.mark.parametrize(("signal_id", "channel"), [("W30", "hotline"), ("W31", "citizen_supervision")])
def test_no_report_of_the_window_at_all_is_no_quiet_neighbourhood(signal_id: str, channel: str) -> None:
    w = WorksWorld()
    case = w.project(1)
    w.complaint(None, LAST - 400 * DAY, "road", None, channel=channel)
    assert run(w, signal_id)[case, signal_id]["reason"] == "期間內無民眾反映資料"
    w.complaint(None, LAST, "road", None, channel=channel)
    assert run(w, signal_id)[case, signal_id]["state"] == "clear"


def test_three_years_without_all_the_lists_are_no_clear_record() -> None:
    w = WorksWorld()
    case = w.project(1)
    w.ban(9, D(2019, 1, 1), D(2019, 6, 1), first_listed=D(2018, 7, 1), last_listed=LAST)
    assert run(w, "W21")[case, "W21"]["state"] == "not_assessable"


def test_a_project_without_any_date_has_no_threshold() -> None:
    w = WorksWorld()
    dates = dict.fromkeys(FAMILIES["works"].rule_dates)
    case = w.project(1, **dates, planned_progress=0.9, actual_progress=0.1, progress_date=LAST)
    row = run(w, "W50")[case, "W50"]
    assert (row["state"], row["reason"]) == ("not_assessable", "缺招標、決標與開工日期，無從決定適用之門檻")


# -- dates -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("notice", "state"),
    [(D(2018, 8, 21), "fired"), (D(2018, 8, 22), "clear"), (D(2020, 7, 7), "clear")],
)
def test_the_ceiling_is_that_of_the_tender_notice(notice: dt.date, state: str) -> None:
    w = WorksWorld()
    w.register(1, grade="civil", valid_from=D(2015, 1, 1))
    case = w.project(1, tender_notice_date=notice, contract_amount=7_000_000)
    assert run(w, "W41")[case, "W41"]["state"] == state


def test_a_grade_of_after_the_period_is_not_known() -> None:
    w = WorksWorld()
    w.register(1, grade="civil", valid_from=LAST + DAY)
    case = w.project(1, contract_amount=7_300_000)
    assert run(w, "W41")[case, "W41"]["reason"] == "營造業登記查無承攬廠商"


def test_the_class_on_the_award_day_counts_not_a_later_one() -> None:
    w = WorksWorld()
    w.register(1, grade="C", valid_from=D(2015, 1, 1), valid_to=D(2020, 12, 31))
    w.register(1, grade="B", valid_from=D(2021, 1, 1))
    case = w.project(1, contract_amount=30_000_000)
    row = run(w, "W41")[case, "W41"]
    assert row["state"] == "fired"
    assert "丙等" in signals.reason(BY_ID["W41"], row)


# -- uncertain matches -------------------------------------------------------------------------------------------
def cut_name(w: WorksWorld, permit_name: str, sure: bool, confidence: float) -> dict[str, Any]:
    """A permit of a firm whose cut name may be that of contractor 1."""
    w.add("permit_firm", firm_key=permit_name, firm="10000001", firm_name="虛構1號營造有限公司",
          confidence=confidence, method="cut", sure=sure)  # fmt: skip
    return {"firm_name": permit_name, "firm_key": permit_name, "same_firm": sure}


def test_an_uncertain_contractor_of_a_permit_is_shown_and_not_counted_as_the_same() -> None:
    w = WorksWorld()
    case = w.done(1, on=D(2020, 8, 1))
    w.permit(case, D(2020, 10, 1), None, **cut_name(w, "虛構", sure=False, confidence=0.45))
    w.permit(case, D(2020, 11, 1), 12.0, **cut_name(w, "虛構1號", sure=True, confidence=0.95))
    row = run(w, "W61")[case, "W61"]
    facts = json.loads(row["evidence"])
    assert (facts["same"], facts["unsure"], facts["unplaced"], row["value"]) == (1, 1, 1, 2)
    sentence = signals.reason(BY_ID["W61"], row)
    assert "疑為本工程廠商（許可證載「虛構」，比對信心45%，未計為同一廠商）" in sentence
    assert "同行政區同路名，位置未核對" in sentence


def test_a_paving_permit_within_the_warranty_is_a_resurfacing_with_its_contractor_told() -> None:
    w = WorksWorld()
    case = w.done(1, on=D(2020, 8, 1))
    w.permit(case, D(2021, 2, 1), 40.0, is_paving=True, **cut_name(w, "虛構1號", sure=True, confidence=0.95))
    row = run(w, "W60")[case, "W60"]
    assert row["state"] == "fired"
    sentence = signals.reason(BY_ID["W60"], row)
    assert "與本工程同一廠商" in sentence and "相距約40公尺" in sentence


def test_a_register_entry_found_by_name_alone_is_said_to_be() -> None:
    w = WorksWorld()
    w.register(1, grade="C", firm_id=None)
    w.rows["contractor"][0]["firm"] = "N:虛構1號營造"
    case = w.project(1, contract_amount=30_000_000)
    assert "以名稱比對" in signals.reason(BY_ID["W41"], run(w, "W41")[case, "W41"])
    w.rows["contractor"].clear()
    w.register(1, grade="C")
    assert "以統一編號比對" in signals.reason(BY_ID["W41"], run(w, "W41")[case, "W41"])


def test_both_projects_of_a_resurfaced_stretch_are_named_and_an_unknown_place_is_told() -> None:
    w = WorksWorld()
    old = w.done(1, on=D(2020, 1, 1), x=None, y=None)
    new = w.project(1, start_date=D(2021, 2, 1))
    rows = run(w, "W60")
    for case in (old, new):
        sentence = signals.reason(BY_ID["W60"], rows[case, "W60"])
        assert "位置未核對" in sentence and "同一廠商" in sentence


def test_supervision_reports_on_the_same_road_alone_are_shown_beside_the_sure_ones() -> None:
    w = WorksWorld()
    case = w.project(1)
    w.complaint(case, LAST, "case_no", None, channel="citizen_supervision")
    w.complaint(case, LAST, "road", None, channel="citizen_supervision")
    row = run(w, "W31")[case, "W31"]
    assert row["value"] == 1
    assert "另有同路名而未能確認者1件，未計入" in signals.reason(BY_ID["W31"], row)


# -- the contractor's record ---------------------------------------------------------------------------------------
def test_inspections_of_projects_that_the_snapshot_no_longer_holds_are_found_by_the_contractor_name() -> None:
    w = WorksWorld()
    case = w.project(1)
    gone = {"firm_name": "別家營造有限公司、虛構1號營造有限公司"}
    w.inspect("3.99.1|GONE", D(2020, 1, 1), ("binder",), **gone)
    w.defect("3.99.1|GONE", 7, **gone)
    rows = run(w, "W22", "W23", "W24")
    assert rows[case, "W22"]["state"] == rows[case, "W23"]["state"] == "fired"
    assert rows[case, "W24"]["state"] == "not_assessable"  # these works themselves were never inspected


def test_a_natural_person_is_not_named_in_evidence() -> None:
    w = WorksWorld()
    case = [w.project("王小虛") for _ in range(5)][-1]
    row = run(w, "W42")[case, "W42"]
    assert row["state"] == "fired"
    assert "王○○" in row["evidence"] and "小虛" not in row["evidence"]


def test_of_many_works_that_waited_long_the_longest_come_first() -> None:
    w = WorksWorld()
    cases = [w.project(1, start_date=LAST - (365 + i) * DAY) for i in range(40)]
    w.inspect(w.done(2, stage="closed", eligible=False), LAST)
    fired = {case for (case, _), row in run(w, "W52").items() if row["state"] == "fired"}
    assert fired == set(cases[-4:])


def test_sites_that_only_an_award_speaks_of_are_told_and_not_counted() -> None:
    w = WorksWorld()
    case = [w.project(1) for _ in range(5)][-1]
    w.project(1, sources="award_csv")
    row = run(w, "W42")[case, "W42"]
    assert row["value"] == 5
    assert "另有僅見決標公告者1件，未計入" in signals.reason(BY_ID["W42"], row)


# -- what holds for all ----------------------------------------------------------------------------------------------
def test_the_same_bytes_whatever_the_order_of_rows_and_only_eligible_projects_in_scope() -> None:
    w = WorksWorld()
    for fill in WORKS.values():
        fill(w)
    closed = w.project(1, stage="closed", eligible=False)
    tables = w.tables()
    result = signals.run(tables, PERIOD, ALL, THRESHOLDS)
    assert closed not in result["case_id"].to_pylist()
    assert result.num_rows == len(ALL) * sum(tables["project"]["eligible"].to_pylist())
    for rows in w.rows.values():
        random.Random(7).shuffle(rows)
    assert signals.run(w.tables(), PERIOD, list(reversed(ALL)), THRESHOLDS).equals(result)


def test_no_signal_is_worded_as_a_finding() -> None:
    for s in ALL:
        for text in (s.name_zh, s.reason_template):
            assert not any(word in text for word in ("違法", "違規", "違反", "圍標", "舞弊", "違失", "偷工")), (
                s.id,
                text,
            )


def test_what_a_snapshot_need_be_read_for() -> None:
    columns = engine.input_columns(SQL)
    assert set(columns) == set(FAMILIES["works"].inputs)
    assert {"case_id", "eligible", "tender_notice_date", "road_keys"} <= set(columns["project"])
    assert "shape" not in columns["permit"] and "exec_state" not in columns["project"]


def test_districts_and_cities_come_from_the_config() -> None:
    found = lists.tables(FAMILIES["works"], settings.ROOT / "include" / "config")
    assert found["districts"].num_rows >= 1 and found["cities"].num_rows == 22
    assert lists.tables(FAMILIES["procurement"], settings.ROOT / "include" / "config") == {}


def test_a_folder_of_no_family_is_refused(tmp_path: Any) -> None:
    with pytest.raises(signals.SignalError, match="name of a family"):
        engine.family_of(tmp_path / "sql" / "lobbying")


# -- nonsense ------------------------------------------------------------------------------------------------------
ODD: dict[str, list[Any]] = {
    "int": [None, 0, 1, -5, 9, 3_000_000, 10**15],
    "float": [None, 0.0, 0.5, 1.0, -3.0, 7.0, 2_670_000.0],
    "bool": [None, True, False],
    "date": [None, D(1999, 1, 1), D(2019, 8, 1), D(2020, 12, 30), D(2021, 3, 15), D(9999, 12, 31)],
    "text": [None, "", "'; DROP TABLE scope; --", "虛東區/虛城路一段", "虛城路面改善,和平區", "１２３"],
}
KNOWN = {
    "facility": ["road", "building"], "stage": ["under_way", "in_warranty", "not_started"],
    "grade": ["A", "C", "civil"],
    "method": ["road", "shape", "title", "distance", "case_no"], "channel": ["hotline", "citizen_supervision"],
    "state": ["open", "closed", "fail", "pass"], "severity": ["minor", "grave"], "award_way": ["lowest", "?"],
    "kind": ["works", "goods"], "category_code": ["5131", "x"], "base_city": ["臺東縣", "台中市", "巴黎"],
}  # fmt: skip


def odd(rng: random.Random, table: str, **fixed: Any) -> dict[str, Any]:
    row = {}
    for c in TABLES[table].columns:
        values = KNOWN.get(c.name, ODD[c.type])
        row[c.name] = rng.choice([v for v in values if v is not None] if c.required else [None, *values])
    return row | fixed


@pytest.mark.parametrize("seed", range(3))
def test_rough_data(seed: int) -> None:
    rng = random.Random(seed)
    w = WorksWorld()
    keys = [f"case{i:03d}" for i in range(80)]
    for i, case in enumerate(keys):
        w.rows["project"].append(odd(rng, "project", case_id=case, agency_key=f"A{i % 3}", eligible=rng.random() < 0.7))
        numbers = rng.sample(range(1, 9), rng.randint(0, 3))
        for number in numbers:
            share = rng.choice([None, 0.5, 0.0])
            w.add("project_firm", case_id=case, **firm_row(number), share=share, n_firms=len(numbers))
        w.add("inspection", **odd(rng, "inspection", case_id=rng.choice([case, "gone"]), inspection_id=f"I{i}"))
        w.add("inspection_test", **odd(rng, "inspection_test", inspection_id=f"I{i}", lot=0))
        w.add("defect", **odd(rng, "defect", case_id=rng.choice([case, "gone"]), defect_id=f"D{i}"))
        w.add("complaint", **odd(rng, "complaint", complaint_id=f"C{i}"))
        w.add("project_complaint", **odd(rng, "project_complaint", case_id=case, complaint_id=f"C{i}"))
        w.add("permit", **odd(rng, "permit", permit_id=f"P{i}", firm_key=rng.choice([None, "k1", "k2"])))
        w.add("project_permit", **odd(rng, "project_permit", case_id=case, permit_id=f"P{i}"))
        w.add("project_change", **odd(rng, "project_change", case_id=case, change_no=1))
        w.add("award_case", **odd(rng, "award_case", case_id=f"T{i}"))
    for number in range(1, 9):
        w.add("contractor", **odd(rng, "contractor") | firm_row(number))
        w.add("debarment", **odd(rng, "debarment", case_no=str(number)) | firm_row(number))
        w.add(
            "permit_firm", **odd(rng, "permit_firm", firm_key=f"k{number % 3}") | firm_row(number) | {"firm_key": "k1"}
        )
    states = set()
    for row in run(w).values():
        states.add(row["state"])
        assert (row["evidence"] is not None) == (row["strength"] is not None) == (row["state"] == "fired")
        assert (row["reason"] is not None) == (row["state"] == "not_assessable")
        if row["state"] == "fired":
            assert canonical.dumps(json.loads(row["evidence"])) == row["evidence"], row
            assert signals.reason(BY_ID[row["signal_id"]], row)
    assert states == {"fired", "clear", "not_assessable"}
