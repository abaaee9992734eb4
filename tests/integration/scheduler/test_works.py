"""The works inspections through the real scheduler: four quarters backfilled in turn, forms that come back, the days.

An office of its own: twelve months of the tiny city with its works.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from probity.demo import works
from probity.ops.demo import published
from probity.store import model, trail
from tests.integration.scheduler import desk
from tests.integration.scheduler.desk import APPROVE, ENDED, Answer, Desk

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

ROADS, DEFECTS, QUARTER = "road_inspection_selection", "defect_follow_up", "road_inspection_quarterly_report"
YEAR = [f"2020-{month:02d}" for month in range(1, 13)]
QUARTERS = [f"2020-Q{n}" for n in range(1, 5)]


@pytest.fixture(scope="module")
def roads() -> Iterator[Desk]:
    with desk.opened(months=YEAR, works=True) as office:
        yield dataclasses.replace(office, job=ROADS)


@dataclass(frozen=True)
class Year:
    """The runs of the backfill (month -> run id) and their ends; the quarters' runs (quarter -> run id)."""

    runs: dict[str, str]
    states: dict[str, str]
    quarters: dict[str, str]


def plain(period: str) -> Answer:
    """An approval without a draw."""
    return APPROVE, {}


def earlier_inspections(drop: Path) -> None:
    """Two inspections a quarter of the year, one with a defect, as an earlier list tells them."""
    about = ("查驗編號", "主辦機關", "標案案號", "查驗日")
    inspections = [(*about, "標案名稱", "承攬廠商", "查驗分數")]
    defects = [(*about, "缺失類別", "情節", "缺失內容")]
    for month in (2, 3, 5, 6, 8, 9, 11, 12):
        one = (f"E1090{month:02d}", "霧嵐市政府養護工程處", f"109E{month:02d}", f"109/{month}/15")
        inspections.append((*one, f"109年度第{month}號道路改善工程", "紙月鹿營造有限公司", "82"))
        if month % 3 == 0:
            defects.append((*one, "標線、標誌或緣石", "輕微", "0K+100 標線脫落"))
    for name, rows in (("歷次查驗_109.csv", inspections), ("歷次缺失_109.csv", defects)):
        with (drop / name).open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(rows)


@pytest.fixture(scope="module")
def year(roads: Desk) -> Year:
    earlier_inspections(roads.settings.drop)
    runs = roads.backfill(YEAR[0], YEAR[-1], max_active_runs=1)
    states = roads.carry(list(runs.values()))
    quarter = dataclasses.replace(roads, job=QUARTER)

    def fired() -> dict[str, str]:
        found = {r["partition_key"]: r["dag_run_id"] for r in quarter.officer.runs(QUARTER)}
        return found if set(QUARTERS) <= set(found) else {}

    quarters = quarter.wait(fired, "the four quarters")
    quarter.carry([quarters[q] for q in QUARTERS], plain)
    return Year(runs, states, quarters)


def listed(roads: Desk, month: str) -> set[str]:
    return {c["case_id"] for c in roads.cases(f"RI-{month}-r1")}


def test_every_month_is_carried_through_once(roads: Desk, year: Year) -> None:
    assert sorted(year.runs) == YEAR
    assert set(year.states.values()) == {"success"}
    for month in YEAR:
        [row] = roads.selections(month)
        assert (row["selection_id"], row["state"]) == (f"RI-{month}-r1", "approved")
        assert roads.delivered(month)


def test_no_work_is_chosen_again_while_its_inspection_is_awaited(roads: Desk, year: Year) -> None:
    for number, month in enumerate(YEAR):
        waiting = set().union(*(listed(roads, m) for m in YEAR[max(0, number - 6) : number])) if number else set()
        assert not listed(roads, month) & waiting, month


def test_the_quarters_fired_by_themselves_and_are_published(roads: Desk, year: Year) -> None:
    quarter = dataclasses.replace(roads, job=QUARTER)
    runs = [r for r in roads.officer.runs(QUARTER) if r["partition_key"] in QUARTERS]
    assert Counter(r["partition_key"] for r in runs) == Counter(QUARTERS)
    assert {r["run_type"] for r in runs} == {"asset_triggered"}
    assert {r["state"] for r in runs} == {"success"}
    for key in QUARTERS:
        kinds = {Path(p).suffix for p in quarter.published(f"RQ-{key}-r1")}
        assert kinds == {".xlsx", ".docx"}
        assert quarter.delivered(key)


def test_the_same_again_changes_nothing(roads: Desk, year: Year) -> None:
    before = roads.everything("2020-05", "2020-06")
    again = roads.backfill("2020-05", "2020-06", reprocess="completed", max_active_runs=1)
    runs = list(again.values()) or [year.runs[m] for m in ("2020-05", "2020-06")]
    roads.wait(lambda: any(roads.officer.run(ROADS, r)["state"] not in ENDED for r in runs) or again, "a new start")
    assert set(roads.carry(runs).values()) == {"success"}
    assert roads.everything("2020-05", "2020-06") == before


@pytest.fixture(scope="module")
def days(roads: Desk, year: Year) -> Desk:
    """December's works inspected, their forms in, two days backfilled, the agencies' answers, one more day."""
    daily = dataclasses.replace(roads, job=DEFECTS)
    poor = works.truth(110, YEAR, "tiny").poor
    forms = published(roads.settings, ROADS, "2020-12", "inspection_form")
    filled = works.inspect(forms, roads.settings.drop, 110, "2020-12", poor)
    assert len(filled) == len(forms) > 0
    runs = daily.backfill("2021-01-19", "2021-01-20", max_active_runs=2)
    assert sorted(runs) == ["2021-01-19", "2021-01-20"]
    assert set(daily.carry(list(runs.values()), plain).values()) == {"success"}
    out = [f for d in runs for f in published(roads.settings, DEFECTS, d, "correction_form")]
    assert works.answer(out, roads.settings.drop, 110, dt.date(2021, 1, 31))
    assert daily.carry([daily.trigger("2021-01-31")], plain)
    return daily


def test_forms_come_back_defects_are_told_answered_and_closed_by_an_officer(days: Desk) -> None:
    events = Counter(e["kind"] for e in days.rows(model.DefectEvent))
    assert events["found"] and events["reported"] and events["closed"]
    officers = {e["decided_by"] for e in days.rows(model.DefectEvent) if e["kind"] == "closed"}
    assert any("approver" in str(name) for name in officers)
    letters = days.rows(model.DefectLetter)
    assert len({row["item"] for row in letters}) == len(letters) > 0


def test_the_days_again_write_no_letter_and_no_event_twice(days: Desk) -> None:
    before = (days.rows(model.DefectEvent), days.rows(model.DefectLetter), days.rows(model.Publication))
    assert days.carry([days.trigger("2021-01-20"), days.trigger("2021-01-19")], plain)
    after = (days.rows(model.DefectEvent), days.rows(model.DefectLetter), days.rows(model.Publication))
    assert after[:2] == before[:2]


def test_no_log_and_no_value_between_tasks_names_a_work_or_a_firm(days: Desk, roads: Desk, year: Year) -> None:
    secret = {str(c["facts"][k]) for c in roads.cases("RI-2020-12-r1") for k in ("title", "case_no")}
    for task in ("collect", "detect", "select", "approve", "record", "publish"):
        text = roads.log(year.runs["2020-12"], task)
        assert text and not [s for s in secret if s in text], task
    path = f"/dags/{ROADS}/dagRuns/{year.runs['2020-12']}/taskInstances"
    for task in roads.officer.task_instances(ROADS, year.runs["2020-12"]):
        entries = roads.officer.request("GET", f"{path}/{task['task_id']}/xcomEntries")["xcom_entries"]
        assert not [s for s in secret if s in json.dumps(entries, ensure_ascii=False)]


def test_the_trail_is_whole(days: Desk) -> None:
    verdict = trail.verify(days.engine, days.settings)
    assert verdict.ok and verdict.count > 300
