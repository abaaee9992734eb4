"""The quarter's figures: what is counted, over what, and that nothing later or elsewhere changes them."""

from __future__ import annotations

import datetime as dt
import json
import random
from typing import Any

import pyarrow as pa
import pytest

from probity import canonical
from probity.acceptance.results import results
from probity.analysis import Options, quarter
from probity.analysis.visits import visits
from probity.calendar import Period
from tests.unit.analysis import quarters
from tests.unit.analysis.quarters import defect, event, inspection, selection_case, table

Q1 = Period.parse("2021-Q1")
FEBRUARY = dt.date(2021, 2, 10)
NO_SELECTIONS: dict[str, Any] = {"selections": []}


def tables(
    inspections: list[dict[str, Any]],
    defects: list[dict[str, Any]] | None = None,
    tests: list[dict[str, Any]] | None = None,
    events: list[dict[str, Any]] | None = None,
) -> dict[str, pa.Table]:
    return {
        "inspection": table("inspection", inspections),
        "inspection_test": table("inspection_test", tests or []),
        "defect": table("defect", defects or []),
        "defect_event": table("defect_event", events or []),
    }


def by(rows: list[dict[str, Any]], key: str, value: str) -> dict[str, Any]:
    (row,) = [r for r in rows if r[key] == value]
    return row


def test_a_planted_rise_is_found_and_the_rest_called_chance() -> None:
    made, facts = quarters.many(Q1)
    found = quarter(made, Q1, facts)
    rows = {r["category"]: r for r in found["defects"]["categories"]}
    thickness = rows.pop("pavement_thickness")
    assert thickness["last_year"]["verdict"] == thickness["average"]["verdict"] == "up"
    assert thickness["count"] == sum(thickness["months"]) > thickness["expected_high"]
    assert {r[b]["verdict"] for r in rows.values() for b in ("last_year", "average")} <= {"within", "few"}
    assert canonical.dumps(found) == canonical.dumps(json.loads(json.dumps(found))), "plain JSON"
    assert found["base"]["last_year"] == "109年第1季" and found["base"]["quarters"] == 4


def test_the_order_of_rows_makes_no_difference() -> None:
    made, facts = quarters.many(Q1)
    chance = random.Random(1)
    mixed = {n: t.take(chance.sample(range(t.num_rows), t.num_rows)) for n, t in made.items()}
    turned = {"selections": facts["selections"][::-1]}
    assert quarter(mixed, Q1, turned) == quarter(made, Q1, facts)


def test_what_comes_later_changes_nothing() -> None:
    """The third quarter's tables, with the defects' states left as they were, give the first quarter's report."""
    made, facts = quarters.many(Q1)
    later = inspection(900, dt.date(2021, 4, 2))
    more = defect(later, 1, "flatness", "grave")
    grown = {n: pa.concat_tables([t, table(n, r)]) for n, t, r in (
        ("inspection", made["inspection"], [later]),
        ("inspection_test", made["inspection_test"], [quarters.test_row(later, "flatness", "fail")]),
        ("defect", made["defect"], [more]),
        ("defect_event", made["defect_event"], [event(more, "found", dt.date(2021, 4, 2))]),
    )}  # fmt: skip
    cases = table("selection_case", [selection_case(later, 1, [("W09", "後來的訊號")])])
    next_one = {"selection_id": "RI-2021-04-r1", "period": "2021-04", "cases": cases}
    assert quarter(grown, Q1, {"selections": [*facts["selections"], next_one]}) == quarter(made, Q1, facts)


def test_rates_are_over_first_inspections_alone() -> None:
    first = inspection(1, FEBRUARY)
    again = inspection(1, dt.date(2021, 3, 20), inspection_id="again", reinspects=first["inspection_id"])
    clean = inspection(2, FEBRUARY)
    found = quarter(
        tables([first, again, clean], [defect(first, 1, "flatness"), defect(again, 1, "flatness")]), Q1, NO_SELECTIONS
    )
    counts = found["inspections"]
    assert (counts["total"], counts["first"], counts["again"], counts["cases"]) == (3, 2, 1, 2)
    assert (counts["with_defects"], counts["defects_again"]) == (1, 1)
    assert found["defects"]["total"]["count"] == 1 and found["defects"]["total"]["rate"] == 0.5


def test_defects_whose_inspection_is_not_listed_count_with_an_inspection_of_their_own() -> None:
    lost = inspection(7, dt.date(2020, 2, 10))
    found = quarter(
        tables([inspection(1, FEBRUARY)], [defect(lost, 1, "flatness"), defect(lost, 2, "safety")]), Q1, NO_SELECTIONS
    )
    last_year = found["defects"]["total"]["last_year"]
    assert (last_year["base_count"], last_year["base_exposure"]) == (2, 1)
    assert found["base"]["from_defects_only"] == 1


def test_nothing_there_is_unknown_never_zero() -> None:
    found = quarter(tables([]), Q1, NO_SELECTIONS)
    assert found["defects"]["total"]["rate"] is None and found["defects"]["total"]["last_year"]["verdict"] == "no_base"
    assert found["corrections"]["all"]["estimate"] is None and found["base"]["first_date"] is None
    assert found["hits"]["chosen"]["against"]["verdict"] == "no_base"
    assert not found["agencies"] and not found["grave"] and not found["tests"] and not found["hits"]["signals"]
    with pytest.raises(ValueError, match="no quarter"):
        quarter(tables([]), Period.parse("2021-03"), NO_SELECTIONS)


def test_a_joint_contract_counts_for_each_firm_and_an_unknown_district_is_kept() -> None:
    of = inspection(5, FEBRUARY, firm_name="旭禾營造有限公司、晨碁工程股份有限公司")
    found = quarter(tables([of], [defect(of, 1, "flatness", "major")]), Q1, NO_SELECTIONS)
    assert [r["name"] for r in found["contractors"]] == ["旭禾營造有限公司", "晨碁工程股份有限公司"]
    assert [(r["name"], r["major"]) for r in found["districts"]] == [("", 1)]
    assert found["inspections"]["irregular"] == 1


def test_agencies_with_a_grave_defect_must_report_with_their_cases() -> None:
    one, two, fine = inspection(1, FEBRUARY), inspection(5, FEBRUARY), inspection(2, FEBRUARY)
    early = inspection(3, dt.date(2020, 12, 20))
    rows = [
        defect(one, 1, "flatness", "grave", state="closed"),
        defect(one, 2, "marking"),
        defect(two, 1, "compaction", "grave", overdue_days=3),
        defect(fine, 1, "marking", "major"),
        defect(early, 1, "flatness", "grave"),
    ]
    (agency,) = quarter(tables([one, two, fine, early], rows), Q1, NO_SELECTIONS)["grave"]
    assert agency["name"] == one["agency_name"] and agency["defects"] == 2
    assert [c["case_no"] for c in agency["cases"]] == ["RD0001", "RD0005"]
    assert [d["state"] for c in agency["cases"] for d in c["defects"]] == ["closed", "open"]


def test_corrections_on_time_have_their_denominator() -> None:
    of = inspection(1, FEBRUARY)
    rows = [
        defect(of, 1, "flatness", on_time=True, state="closed", closed_date=dt.date(2021, 3, 2)),
        defect(of, 2, "flatness", on_time=False, overdue_days=4),
        defect(of, 3, "marking", on_time=None),
        defect(of, 4, "marking", on_time=True, deadline=dt.date(2021, 4, 20), state="reported"),
    ]
    found = quarter(tables([of], rows), Q1, NO_SELECTIONS)["corrections"]
    assert {k: found["all"][k] for k in ("due", "unsettled", "count", "total", "estimate")} == {
        "due": 3, "unsettled": 1, "count": 1, "total": 2, "estimate": 0.5,
    }  # fmt: skip
    assert (found["open"], found["overdue"], found["longest_overdue"]) == (3, 1, 4)
    assert found["found"] == {"open": 2, "reported": 1, "closed": 1}
    assert found["days_to_close"] == {"median": 20.0, "n": 1}


def test_the_stock_of_the_list_balances_through_closing_and_reopening() -> None:
    early, of = inspection(1, dt.date(2020, 11, 5)), inspection(2, FEBRUARY)
    old, gone, new = defect(early, 1, "flatness"), defect(early, 2, "marking"), defect(of, 1, "marking")
    events = [
        event(old, "found", dt.date(2020, 11, 5)),
        event(old, "closed", dt.date(2021, 1, 8)),
        event(old, "reopened", dt.date(2021, 1, 8)),  # on the same day: the closing comes first
        event(gone, "found", dt.date(2020, 11, 5)),
        event(gone, "closed", dt.date(2020, 12, 30)),
        event(new, "found", FEBRUARY),
        event(new, "reported", dt.date(2021, 3, 1)),
        event(new, "closed", dt.date(2021, 3, 9)),
        event(new, "reopened", dt.date(2021, 4, 1)),
    ]
    stock = quarter(tables([early, of], [old, gone, new], events=events), Q1, NO_SELECTIONS)["corrections"]["stock"]
    assert stock == {"start": 1, "found": 1, "reopened": 1, "closed": 2, "end": 1}
    assert stock["end"] == stock["start"] + stock["found"] + stock["reopened"] - stock["closed"]


def test_tests_by_kind_take_the_whole_or_else_the_lots() -> None:
    one, two, three = (inspection(n, FEBRUARY) for n in (1, 2, 3))
    row = quarters.test_row
    tests = [
        row(one, "thickness", "fail", grade_effect="丙等"),
        row(one, "thickness", "pass", 1, pwl=96.0),
        row(one, "thickness", "fail", 2, pwl=55.0),
        row(two, "thickness", "pass", 1, pwl=91.0),
        row(three, "thickness", "not_assessable"),
    ]
    found = quarter(tables([one, two, three], tests=tests), Q1, NO_SELECTIONS)
    (thickness,) = found["tests"]
    assert (thickness["count"], thickness["total"], thickness["not_assessable"]) == (1, 2, 1)
    assert (thickness["lots"], thickness["pwl_least"]) == (3, 55.0)
    assert [(g["inspection_id"], g["effect"], g["tests"]) for g in found["grades"]] == [
        (one["inspection_id"], "丙等", ["thickness"])
    ]


def test_a_hit_is_what_the_acceptance_room_calls_irregular() -> None:
    """The two rooms do not import each other; the weights learn from one, the report tells of the other."""
    made, _ = quarters.many(Q1)
    of = inspection(800, FEBRUARY)
    lot = [quarters.test_row(of, "flatness", "pass"), quarters.test_row(of, "flatness", "fail", 2)]
    made["inspection"] = pa.concat_tables([made["inspection"], table("inspection", [of])])
    made["inspection_test"] = pa.concat_tables([made["inspection_test"], table("inspection_test", lot)])
    theirs = results(made["inspection"], made["inspection_test"], made["defect_event"]).to_pylist()
    ours = {v.row["case_id"]: v.irregular for v in visits(made, Q1.last) if not v.again}
    assert {r["case_id"]: r["irregular"] for r in theirs} == ours
    assert ours[of["case_id"]] is False, "one lot below does not fail the whole"
    assert 0 < sum(ours.values()) < len(ours)


def test_hit_rates_of_signals_stand_against_the_control() -> None:
    made, facts = quarters.many(Q1)
    found = quarter(made, Q1, facts)["hits"]
    rows = {r["signal_id"]: r for r in found["signals"]}
    assert rows["W02"]["against"]["verdict"] == rows["W08"]["against"]["verdict"] == "up"
    assert rows["W02"]["name"] == "決標價偏低"
    for row in rows.values():
        assert row["low"] <= row["estimate"] <= row["high"] and row["count"] <= row["total"] <= row["selected"]
    assert found["parts"]["control"]["selected"] == 54 and found["chosen"]["pending"] == 1
    assert found["chosen"]["against"]["low"] > 0


def test_of_two_revisions_the_last_counts_with_the_inspections_of_both() -> None:
    one, two = inspection(1, FEBRUARY), inspection(2, FEBRUARY)
    rows = [selection_case(one, 1, [("W02", "決標價偏低"), ("I07:low", "")]), selection_case(two, 2, [])]
    selections = [
        {"selection_id": "RI-2021-02-r10", "period": "2021-02", "cases": table("selection_case", rows[:1])},
        {"selection_id": "RI-2021-02-r1", "period": "2021-02", "cases": table("selection_case", rows)},
    ]
    found = quarter(tables([one, two], [defect(one, 1, "flatness", "major")]), Q1, {"selections": selections})
    assert found["inspections"]["selected"] == found["inspections"]["selected_inspected"] == 1
    assert [(r["signal_id"], r["count"], r["total"]) for r in found["hits"]["signals"]] == [("W02", 1, 1)]


def test_the_control_chart_judges_each_month_by_the_months_before_it() -> None:
    rows, defects = [], []
    for n, month in enumerate(Period.parse("2021-03").previous(i) for i in range(14, -1, -1)):
        for k in range(4):
            rows.append(inspection(10 * n + k, month.first + dt.timedelta(days=k)))
            many = 5 if month.key == "2021-02" else 1
            defects += [defect(rows[-1], i, "flatness") for i in range(many)]
    months = quarter(tables(rows, defects), Q1, NO_SELECTIONS, Options(chart_months=15))["months"]
    assert [m["state"] for m in months] == [None] + ["within"] * 12 + ["up", "within"]
    assert months[0]["low"] is None, "no month before the first"
    assert months[-2]["rate"] == 5 > months[-2]["high"]
