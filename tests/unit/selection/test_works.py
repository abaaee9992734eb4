"""Selection of road and public works: the family's cases and kinds, the spread over districts, what is left out."""

from __future__ import annotations

import copy
import datetime as dt
import json
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probity import config as files
from probity import selection
from probity.calendar import Period
from probity.tables import AGENCY, AUDIT_RESULT, AUDITOR, FAMILIES, INSPECTION, PROJECT, PROJECT_FIRM, SIGNAL_RESULT

from .conftest import CONFIG, table

ROAD, PUBLIC = "road_inspection_selection", "public_works_inspection_selection"
WORKS = FAMILIES["works"]
MARCH = Period.parse("2021-03")


class Works:
    """A month of invented works; tests add projects and signals, then call ``propose``."""

    def __init__(self, job: str = ROAD) -> None:
        self.job = job
        self.config = copy.deepcopy(files.load(CONFIG, "selection"))
        self.weights = files.load(CONFIG, "weights")
        self.projects: list[dict[str, Any]] = []
        self.signals: list[dict[str, Any]] = []
        self.firms: list[dict[str, Any]] = []
        self.results: list[dict[str, Any]] = []
        self.inspections: list[dict[str, Any]] = []
        self.meta: dict[str, dict[str, Any]] = {}

    @property
    def rules(self) -> dict[str, Any]:
        return self.config[self.job][0]

    def project(self, number: int, agency: str = "3.99.1", district: str | None = "甲區", **more: Any) -> str:
        case = f"{agency}|R{number:04d}"
        base = {"case_id": case, "agency_id": agency, "agency_key": agency, "agency_name": "虛構機關"}
        base |= {"case_no": f"R{number:04d}", "title": "虛構路面改善", "sources": "test", "n_observations": 1}
        self.projects.append(base | {"stage": "under_way", "eligible": True, "district": district} | more)
        return case

    def signal(self, case: str, signal_id: str = "W50", strength: float = 1.0, must_watch: int | None = None) -> None:
        row = {"case_id": case, "signal_id": signal_id, "state": "fired", "strength": strength}
        self.signals.append(row | {"value": 0.2, "threshold": 0.1})
        meta = {"signal_id": signal_id, "name": signal_id, "legal_basis": "作業辦法第4條", "reason_texts": {}}
        self.meta[signal_id] = meta | {"must_watch": must_watch, "family": signal_id}

    def propose(self, **more: Any) -> selection.Proposal:
        tables = {
            "project": table(PROJECT, self.projects),
            "project_firm": table(PROJECT_FIRM, self.firms),
            "agency": table(AGENCY, []),
            "auditor": table(AUDITOR, [self.auditor("A1", "works"), self.auditor("A2", "services")]),
            "audit_result": table(AUDIT_RESULT, self.results),
            "inspection": table(INSPECTION, self.inspections),
        }
        result = table(SIGNAL_RESULT, self.signals)
        meta = list(self.meta.values())
        return selection.select(
            result, tables, meta, MARCH, self.config, self.weights, job=self.job, family=WORKS, **more
        )

    @staticmethod
    def auditor(auditor_id: str, specialty: str) -> dict[str, Any]:
        post = {"auditor_id": auditor_id, "auditor_name": "某委員", "specialty": specialty, "agency_id": "3.98.1"}
        return post | {"served_from": dt.date(2010, 1, 1)}

    def district(self, case: str) -> str | None:
        return next(p["district"] for p in self.projects if p["case_id"] == case)

    def districts(self, proposal: selection.Proposal) -> Counter[str | None]:
        return Counter(self.district(c) for c in proposal.cases["case_id"].to_pylist())


def quota(works: Works, total: int, **more: Any) -> None:
    works.rules["quota"] |= {"total": total}
    works.rules.update({"max_per_agency": 99, "max_per_district": None, "min_districts": 0} | more)
    works.rules["control"] = works.rules["control"] | {"share": "0"}


@pytest.mark.parametrize("job", [ROAD, PUBLIC])
def test_the_shipped_rules_serve_works_under_way_or_within_warranty(job: str) -> None:
    works = Works(job)
    for n in range(30):
        stage = ("under_way", "in_warranty")[n % 2]
        works.signal(works.project(n, f"3.99.{n % 7}", f"{n % 6}區", stage=stage), strength=(n + 1) / 30)
    closed = works.project(90, eligible=False, stage="closed")
    works.signal(closed)
    proposal = works.propose()
    total = works.rules["quota"]["total"]
    assert proposal.cases.num_rows == total - 1 and closed not in proposal.candidates
    assert "本期施工中及保固期內工程 30 件" in "".join(proposal.steps)
    assert proposal.frame["purpose"] == f"{job} 2021-03 control"
    assert proposal.weights["version"] == "works-initial"
    final = selection.finish(proposal, {}, "7")
    assert Counter(final["part"].to_pylist()) == {"ranked": total - 1, "control": 1}
    assert all(n <= works.rules["max_per_district"] for n in works.districts(proposal).values())
    assert {r["auditors"] for r in final.to_pylist()} == {"A1,A2"}


def test_one_specialty_for_all_works() -> None:
    works = Works()
    works.rules["auditors_per_case"] = 1
    for n in range(4):
        works.signal(works.project(n, f"3.99.{n}", f"{n}區"))
    assert set(works.propose().cases["auditors"].to_pylist()) == {"A1"}


def test_no_district_has_more_than_its_share_and_unknown_ones_are_not_one_district() -> None:
    works = Works()
    quota(works, 6, max_per_district=2)
    for n in range(5):
        works.signal(works.project(n, district="甲區"), strength=1.0)
    for n in range(5, 9):
        works.signal(works.project(n, district=None), strength=0.5)
    proposal = works.propose()
    assert works.districts(proposal) == {"甲區": 2, None: 4}
    assert any("同一行政區至多 2 件而略過 3 件" in line for line in proposal.steps)
    assert any("行政區不明 4 件" in line for line in proposal.steps)


def test_the_last_of_a_crowded_district_gives_way_until_enough_districts_stand_on_the_list() -> None:
    works = Works()
    quota(works, 4, min_districts=3)
    crowd = [works.project(n) for n in range(6)]
    for n, case in enumerate(crowd):
        works.signal(case, strength=1 - n / 10)
    rare = [works.project(10, district="乙區"), works.project(11, district="丙區"), works.project(12, district="丁區")]
    for n, case in enumerate(rare):
        works.signal(case, strength=0.3 - n / 10)
    proposal = works.propose()
    assert set(proposal.cases["case_id"].to_pylist()) == {*crowd[:2], *rare[:2]}
    assert any("分布 3 個行政區（至少 3），為此換入 2 件" in line for line in proposal.steps)


def test_a_must_watch_work_never_gives_way_and_caps_hold_in_the_exchange() -> None:
    works = Works()
    quota(works, 2, min_districts=2, max_per_agency=2)
    watched = [works.project(n, designated=True) for n in range(2)]
    other = works.project(10, district="乙區")
    works.signal(other)
    assert set(works.propose().cases["case_id"].to_pylist()) == set(watched)
    works = Works()
    quota(works, 3, min_districts=2, max_per_agency=2)
    for n, agency in enumerate(("3.99.1", "3.99.2", "3.99.2")):
        works.signal(works.project(n, agency), strength=1 - n / 10)
    newcomer = works.project(10, "3.99.2", "乙區")
    works.signal(newcomer, strength=0.1)
    chosen = works.propose().cases["case_id"].to_pylist()
    assert sorted(chosen) == ["3.99.1|R0000", "3.99.2|R0001", newcomer]


def test_an_exchange_keeps_the_kind_where_places_do_not_pass_between_kinds() -> None:
    works = Works()
    quota(works, 2, min_districts=2)
    works.rules["quota"] |= {"kinds": {"under_way": 2, "in_warranty": 0}, "fallback": False}
    for n in range(3):
        works.signal(works.project(n), strength=1 - n / 10)
    works.signal(works.project(10, district="乙區", stage="in_warranty"), strength=0.9)
    assert works.districts(works.propose()) == {"甲區": 2}
    works.rules["quota"]["fallback"] = True
    assert works.districts(works.propose()) == {"甲區": 1, "乙區": 1}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_order_does_not_matter_and_the_spread_holds(seed: int) -> None:
    rng = random.Random(seed)
    works = Works()
    cap, least = rng.randint(1, 3), rng.randint(0, 5)
    quota(works, rng.randint(0, 9), max_per_district=cap, min_districts=least, max_per_agency=rng.randint(1, 4))
    for n in range(rng.randint(0, 30)):
        district = rng.choice(["甲區", "甲區", "甲區", "乙區", "丙區", "丁區", None])
        case = works.project(n, f"3.99.{rng.randint(1, 5)}", district, designated=rng.random() < 0.05)
        works.signal(case, "W50", rng.choice([0.25, 0.5, 1.0]))
    first = works.propose()
    for rows in (works.projects, works.signals):
        rng.shuffle(rows)
    again = works.propose()
    assert first.cases.equals(again.cases) and first.steps == again.steps and first.frame == again.frame
    counts = works.districts(first)
    assert all(n <= cap for d, n in counts.items() if d is not None)
    agencies = Counter(c.split("|")[0] for c in first.cases["case_id"].to_pylist())
    assert all(n <= works.rules["max_per_agency"] for n in agencies.values())
    assert first.cases.num_rows <= works.rules["quota"]["total"]


def test_what_was_inspected_lately_or_still_waits_is_left_out() -> None:
    works = Works()
    cases = [works.project(n, f"3.99.{n}", f"{n}區") for n in range(4)]
    for case in cases:
        works.signal(case)
    seen = {"inspection_id": "RI-2020-09-r1-001", "case_id": cases[0], "inspected_date": dt.date(2020, 10, 15)}
    later = seen | {"inspection_id": "RI-2021-03-r1-001", "case_id": cases[1], "inspected_date": dt.date(2021, 4, 2)}
    works.inspections = [seen, later]
    proposal = works.propose(awaiting={cases[2]})
    assert {e["case_id"]: e["reason"] for e in proposal.exclusions} == {
        cases[0]: "最近 12 個月內已查驗",
        cases[2]: "前期已選定，查驗結果尚未送回",
    }
    assert set(proposal.cases["case_id"].to_pylist()) == {cases[1], cases[3]}


def test_must_watch_reasons_name_the_article_for_works() -> None:
    works = Works()
    named = works.project(1, designated=True)
    works.signal(works.project(2, district="乙區"), "W50", must_watch=2)
    row = next(r for r in works.propose().cases.to_pylist() if r["case_id"] == named)
    reason = json.loads(row["reasons"])[0]
    assert row["rank"] == 1 and row["part"] == "must_watch"
    assert reason["legal_basis"] == "工程施工查核小組作業辦法第4條第3項" and "第4款" in reason["text"]


def test_a_signal_that_makes_many_works_urgent_leaves_places_for_the_others() -> None:
    works = Works()
    quota(works, 4)
    urgent = [works.project(n, f"3.99.{n}") for n in range(6)]
    for n, case in enumerate(urgent):
        works.signal(case, "W11A", 0.3 - n / 100, must_watch=2)
    others = [works.project(n, f"3.99.{n}") for n in range(10, 13)]
    for n, case in enumerate(others):
        works.signal(case, "W40", 1 - n / 10)
    proposal = works.propose()
    assert set(proposal.cases["case_id"].to_pylist()) == {*urgent[:2], *others[:2]}
    assert any("先占各類名額之 50%" in line and "列入 2 件" in line for line in proposal.steps)
    works.rules["must_watch"] = works.rules["must_watch"] | {"first_share": "1"}
    assert set(works.propose().cases["case_id"].to_pylist()) == set(urgent[:4])
    # What a person or an authority named is under no share.
    named = [works.project(n, f"3.99.{n}", designated=True) for n in range(20, 24)]
    works.rules["must_watch"] = works.rules["must_watch"] | {"first_share": "0.5"}
    assert set(works.propose().cases["case_id"].to_pylist()) == set(named)


def test_the_contractors_record_counts_from_inspections() -> None:
    works = Works()
    case, other = works.project(1), works.project(2, district="乙區")
    past = [(f"3.99.8|P{n}", n < 3) for n in range(6)]
    works.results = [{"case_id": c, "finished_date": dt.date(2020, 1, 1), "irregular": bad} for c, bad in past]
    firm = {"firm_name": "虛構營造", "firm_key": "虛構營造", "n_firms": 1}
    works.firms = [firm | {"case_id": c, "firm": "11111111" if bad else "22222222"} for c, bad in past]
    works.firms += [firm | {"case_id": case, "firm": "11111111"}, firm | {"case_id": other, "firm": "22222222"}]
    proposal = works.propose()
    assert proposal.cases["case_id"].to_pylist() == [case]
    assert "3 件中，3 件有不合格檢測或重大缺失" in proposal.cases["reasons"].to_pylist()[0]


def test_the_shipped_weights_name_the_shipped_signals() -> None:
    weights = files.load(CONFIG, "weights")["works"]["sets"][-1]
    sql = {p.name.split("_")[0] for p in (CONFIG.parent / "sql" / "works").glob("W*.sql")}
    assert set(weights["signals"]) - {"R02"} <= sql
