"""The list as of any day: deadlines in working days, answers, decisions, reopenings; the same whatever the order."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from typing import Any

import pytest

from probity import config, defects
from probity.settings import ROOT
from tests.unit.defects import lives
from tests.unit.defects.lives import day, decided, found, reported, table

CONFIG = config.load(ROOT / "include" / "config", "defects")


def listed(rows: list[dict[str, Any]], on: str) -> list[dict[str, Any]]:
    return defects.register(table(*rows), day(on), CONFIG).to_pylist()


def one(rows: list[dict[str, Any]], on: str) -> dict[str, Any]:
    (row,) = listed(rows, on)
    return row


def test_a_finding_gets_its_deadline_in_working_days() -> None:
    """Friday 5 March and 14 working days, the first day not counted: Thursday 25 March."""
    first = found()
    assert listed([first], "03-04") == []
    row = one([first], "03-05")
    assert (row["state"], row["deadline"], row["cycle"], row["on_time"]) == ("open", day("03-25"), 1, None)
    assert one([found(severity="grave")], "03-05")["deadline"] == day("03-16")
    # 28 February is a Sunday whose substitute is Monday 1 March, a day off.
    assert one([found(on="02-26", severity="grave")], "02-26")["deadline"] == day("03-10")
    assert one([found(deadline="03-12")], "03-05")["deadline"] == day("03-12"), "what the inspector set wins"


def test_a_deadline_on_a_day_off_ends_with_the_next_working_day() -> None:
    """Saturday 13 March: Monday is still in time (行政程序法 §48)."""
    first = found(deadline="03-13")
    assert one([first], "03-13")["deadline"] == day("03-15")
    assert one([first, reported(first, "03-15")], "03-15")["on_time"] is True
    assert one([first], "03-16")["overdue_days"] == 1


def test_overdue_counts_working_days_until_the_answer() -> None:
    first = found(deadline="03-12")
    assert one([first], "03-12")["overdue_days"] == 0
    late = one([first], "03-16")
    assert (late["overdue_days"], late["on_time"]) == (2, False)
    answer = reported(first, "03-17")
    row = one([first, answer], "03-31")
    assert (row["state"], row["overdue_days"], row["on_time"]) == ("reported", 0, False)
    assert row["evidence"] == "改善後.jpg" and row["state_date"] == day("03-17")


def test_nothing_closes_without_evidence_and_a_named_officer() -> None:
    with pytest.raises(ValueError, match="evidence"):
        defects.event("closed", "D", day("03-05"), "s", decided_by="林")
    with pytest.raises(ValueError, match="named"):
        defects.event("closed", "D", day("03-05"), "s", evidence="a.jpg")


def test_a_life_is_told_as_of_each_day() -> None:
    first = found(deadline="03-12")
    a1 = reported(first, "03-10")
    refusal = decided("refused", first, "03-15", a1, deadline=day("03-22"), note="照片不清楚")
    a2 = reported(first, "03-19", evidence="再改善.jpg")
    closing = decided("closed", first, "03-23", a2, evidence="再改善.jpg")
    again = defects.event("reopened", first["defect_id"], day("06-01"), "re", note="又有坑洞")
    rows = [first, a1, refusal, a2, closing, again]
    told = {on: one(rows, on) for on in ("03-05", "03-10", "03-15", "03-19", "03-23", "06-01", "07-15")}
    assert [told[k]["state"] for k in told] == ["open", "reported", "open", "reported", "closed", "open", "open"]
    assert told["03-15"]["deadline"] == day("03-22") and told["03-15"]["on_time"] is None
    assert told["03-23"]["closed_date"] == day("03-23") and told["03-23"]["on_time"] is True
    assert told["06-01"]["cycle"] == 2 and told["06-01"]["closed_date"] is None
    assert told["06-01"]["deadline"] == day("06-10"), "seven working days for a major defect found again"
    assert told["07-15"]["overdue_days"] > 0
    history = defects.history(table(*rows), first["defect_id"])
    assert [e["kind"] for e in history] == ["found", "reported", "refused", "reported", "closed", "reopened"]


def test_an_answer_on_the_day_of_the_refusal_comes_after_it() -> None:
    first = found(deadline="03-12")
    a1, a2 = reported(first, "03-10"), reported(first, "03-15", evidence="再改善.jpg")
    refusal = decided("refused", first, "03-15", a1, deadline=day("03-22"), note="照片不清楚")
    assert one([first, a1, refusal, a2], "03-15")["state"] == "reported"
    closing = decided("closed", first, "03-15", a1, a2, evidence="再改善.jpg")
    assert one([first, a1, a2, closing], "03-15")["state"] == "closed"


def test_the_list_does_not_depend_on_the_order_of_the_events() -> None:
    first = found(deadline="03-12")
    a1 = reported(first, "03-10")
    rows = [first, a1, decided("refused", first, "03-15", a1, deadline=day("03-22"), note="不足"), found("X-D02")]
    wanted = listed(rows, "03-31")
    for order in itertools.permutations(rows):
        assert listed(list(order), "03-31") == wanted


def test_as_of_is_what_was_there_then() -> None:
    """Adding any later event never changes the list of an earlier day."""
    rng = random.Random(110)
    first = found(deadline="03-12")
    rows, last = [first], dt.date(2021, 3, 5)
    pending: list[dict[str, Any]] = []
    for number in range(40):
        before = {d: listed(rows, d) for d in ("03-08", "03-20", "04-10", "05-15")}
        last += dt.timedelta(days=rng.randint(1, 4))
        on = f"{last:%m-%d}"
        kind = rng.choice(["reported", "refused", "closed", "extended"])
        if kind == "reported":
            pending.append(reported(first, on, evidence=f"{number}.jpg"))
            rows.append(pending[-1])
        else:
            more: dict[str, Any] = {"evidence": "x.jpg"} if kind == "closed" else {"deadline": last}
            rows.append(decided(kind, first, on, *pending, **more))
            pending.clear()
        for d, was in before.items():
            if day(d) < last:
                assert listed(rows, d) == was


def test_of_a_corrected_form_the_highest_revision_counts() -> None:
    rows = [found(severity="minor", revision=1), found(severity="grave", revision=2)]
    assert one(rows, "03-05")["severity"] == "grave"
    assert one(rows[::-1], "03-05")["severity"] == "grave"


def test_an_event_says_the_same_under_one_id() -> None:
    first = found()
    twice = found() | {"source": "the same form under another name"}
    assert first["event_id"] == twice["event_id"] and table(first, twice).num_rows == 1
    assert found(severity="minor")["event_id"] != first["event_id"]


# -- what an officer decides ----------------------------------------------------------------------------------------
def test_answered_defects_are_proposed_and_decided() -> None:
    one_, two, three = found("A-D01", deadline="03-12"), found("A-D02", deadline="03-12"), found("A-D03")
    answers = [reported(one_, "03-10"), reported(two, "03-11")]
    ask = reported(three, "03-11", evidence=None, extension_to="2021-04-15")
    events = table(one_, two, three, *answers, ask)
    waiting = defects.proposals(events, day("03-12"), CONFIG)
    assert [(p.defect_id, p.action) for p in waiting] == [("A-D01", "close"), ("A-D02", "close"), ("A-D03", "extend")]
    assert defects.proposals(events, day("03-09"), CONFIG) == []
    verdict = defects.decide(waiting, {"A-D02": "未附改善中照片"}, "林科長", day("03-12"), CONFIG, "decision")
    after = defects.register(table(*events.to_pylist(), *verdict.to_pylist()), day("03-12"), CONFIG).to_pylist()
    assert [r["state"] for r in after] == ["closed", "open", "open"]
    assert after[1]["deadline"] == day("03-23"), "seven working days from the refusal"
    assert after[2]["deadline"] == day("04-15"), "the extension that was asked for"
    assert defects.proposals(table(*events.to_pylist(), *verdict.to_pylist()), day("03-12"), CONFIG) == []
    with pytest.raises(ValueError, match="not on the list"):
        defects.decide(waiting, {"B-D01": "?"}, "林科長", day("03-12"), CONFIG, "decision")


def test_a_refused_extension_leaves_the_deadline_and_is_not_asked_again() -> None:
    first = found()
    ask = reported(first, "03-10", evidence=None, extension_to="2021-04-15")
    (waiting,) = defects.proposals(table(first, ask), day("03-10"), CONFIG)
    verdict = defects.decide(
        [waiting], {first["defect_id"]: "理由不足"}, "林科長", day("03-10"), CONFIG, "d"
    ).to_pylist()
    row = one([first, ask, *verdict], "03-10")
    assert (row["state"], row["deadline"]) == ("open", day("03-25"))
    assert defects.proposals(table(first, ask, *verdict), day("03-11"), CONFIG) == []
    # An answer that comes afterwards is still an answer.
    later = reported(first, "03-12")
    assert one([first, ask, *verdict, later], "03-12")["state"] == "reported"


# -- what inspections give --------------------------------------------------------------------------------------------
def test_a_failed_test_is_a_defect_unless_the_form_lists_it() -> None:
    inspection = lives.inspections({"inspection_id": "I1", "inspected_date": day("03-05")})
    results = lives.tests(
        {"inspection_id": "I1", "test": "thickness", "state": "fail", "reason": "平均 4.1", "grade_effect": "丙等"},
        {"inspection_id": "I1", "test": "flatness", "state": "fail", "reason": "最大 9 mm"},
        {"inspection_id": "I1", "test": "binder", "state": "pass"},
    )
    listed_ = table(found("I1-D01", category="flatness"))
    (row,) = defects.from_tests(inspection, results, listed_, CONFIG).to_pylist()
    assert row["defect_id"] == "I1-D91"
    (defect,) = defects.register(table(row), day("03-05"), CONFIG).to_pylist()
    assert (defect["severity"], defect["category"], defect["description"]) == ("grave", "thickness", "平均 4.1")


def test_figures_of_several_lots_are_told_apart() -> None:
    inspection = lives.inspections({"inspection_id": "I1", "inspected_date": day("03-05")})
    two = [{"inspection_id": "I1", "test": "thickness", "state": "fail", "lot": n} for n in (0, 1, 2)]
    results = lives.tests(*(r | {"reason": f"平均 4.{r['lot']}"} for r in two))
    (row,) = defects.from_tests(inspection, results, table(), CONFIG).to_pylist()
    (defect,) = defects.register(table(row), day("03-05"), CONFIG).to_pylist()
    assert defect["description"] == "全部：平均 4.0。第1批：平均 4.1。第2批：平均 4.2"
    results = lives.tests(*(r | {"reason": "平均 4.1"} for r in two[:2]))
    (row,) = defects.from_tests(inspection, results, table(), CONFIG).to_pylist()
    (defect,) = defects.register(table(row), day("03-05"), CONFIG).to_pylist()
    assert defect["description"] == "平均 4.1"


def test_a_reinspection_reopens_what_it_finds_again() -> None:
    inspection = lives.inspections(
        {"inspection_id": "I1", "inspected_date": day("03-05")},
        {"inspection_id": "I1-1", "inspected_date": day("05-05"), "reinspects": "I1"},
    )
    first = found("I1-D01")
    answer = reported(first, "03-10")
    closing = decided("closed", first, "03-12", answer, evidence="改善後.jpg")
    again, new = found("I1-1-D01", on="05-05"), found("I1-1-D02", on="05-05", category="marking")
    own, reopened = defects.reinspected(inspection, table(first, again, new), table(first), CONFIG)
    assert sorted(r["defect_id"] for r in own.to_pylist()) == ["I1-1-D02", "I1-D01"]
    rows = [*own.to_pylist(), *reopened.to_pylist(), answer, closing]
    by_id = {r["defect_id"]: r for r in listed(rows, "05-05")}
    assert (by_id["I1-D01"]["state"], by_id["I1-D01"]["cycle"]) == ("open", 2)
    assert by_id["I1-1-D02"]["cycle"] == 1


def test_a_finding_that_a_corrected_form_no_longer_lists_is_told() -> None:
    before = table(found("I1-D01"), found("I1-D02"), found("I2-D01"))
    assert defects.withdrawn(table(found("I1-D01")), before) == ["I1-D02"]


def test_counts() -> None:
    first, second = found("A-D01", severity="grave", deadline="03-12"), found("A-D02")
    counts = defects.summary(defects.register(table(first, second), day("03-16"), CONFIG))
    assert counts == {"open": 2, "reported": 0, "closed": 0, "defects": 2, "overdue": 1, "grave": 1}
