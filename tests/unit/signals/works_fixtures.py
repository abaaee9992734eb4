"""For every works signal one invented world with a case that fires, one that just does not, one with missing data.

``WORKS[signal_id]`` fills a WorksWorld and returns {"fires": case_id, "quiet": ..., "missing": ...}; every further
label is a case that must be clear as well.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from tests.unit.signals.works_world import DAY, LAST, WorksWorld

D = dt.date
Cases = dict[str, str]
WORKS: dict[str, Callable[[WorksWorld], Cases]] = {}


def fixture(signal_id: str) -> Callable[[Callable[[WorksWorld], Cases]], Callable[[WorksWorld], Cases]]:
    def keep(function: Callable[[WorksWorld], Cases]) -> Callable[[WorksWorld], Cases]:
        WORKS[signal_id] = function
        return function

    return keep


def three(w: WorksWorld, **cases: dict) -> Cases:
    return {label: w.project(1, **over) for label, over in cases.items()}


def flag(column: str) -> Callable[[WorksWorld], Cases]:
    return lambda w: three(w, fires={column: True}, quiet={column: False}, missing={column: None})


WORKS |= {"W01": flag("tip_off"), "W05": flag("designated")}


@fixture("W10")
def _(w: WorksWorld) -> Cases:
    return three(
        w,
        fires={"districts": "和平區,東勢區"},
        quiet={"districts": "東勢區"},
        missing={"districts": None},
        before={"districts": "和平區", "tender_notice_date": D(2010, 12, 24)},  # the day before the list took effect
    )


# -- prices ----------------------------------------------------------------------------------------------------
@fixture("W11A")
def _(w: WorksWorld) -> Cases:
    reserve = {"reserve_price": 1_000_000, "budget": 5_000_000}
    budget = {"reserve_price": None, "budget": 1_000_000}
    cases = three(
        w,
        fires=reserve | {"contract_amount": 799_999},
        quiet=reserve | {"contract_amount": 800_000},
        missing=budget | {"budget": None},
        by_budget=budget | {"contract_amount": 700_000},
        best_value=reserve | {"contract_amount": 700_000, "award_way": "best_value"},
    )
    w.project(1, **budget | {"contract_amount": 699_999})
    return cases


@fixture("W11B")
def _(w: WorksWorld) -> Cases:
    for i in range(40):
        w.award(award_amount=2_400_000 + 10_000 * i)
        w.award(award_amount=2_100_000, category_code="5129")  # another trade, same size
    for _ in range(5):
        w.award(budget=150_000, award_amount=140_000)
    base = {"reserve_price": None, "budget": 3_000_000}
    return three(
        w,
        fires=base | {"contract_amount": 2_430_000},
        quiet=base | {"contract_amount": 2_450_000},
        missing=base | {"budget": 150_000, "contract_amount": 110_000},
        reserve_known={"contract_amount": 2_110_000},
        counted_by_w11a=base | {"contract_amount": 2_000_000},
    )


# -- the contractor --------------------------------------------------------------------------------------------
@fixture("W20")
def _(w: WorksWorld) -> Cases:
    w.ban(1, D(2020, 1, 1), D(2020, 9, 30))
    w.ban(2, D(2020, 1, 1), D(2020, 9, 29))
    w.ban(3, D(2020, 10, 1), D(2021, 9, 30))
    w.ban(4, D(2020, 1, 1), D(2021, 9, 30), annulled=True)
    return {
        "fires": w.project(9, 1),
        "quiet": w.project(2),
        "later": w.project(3),
        "annulled": w.project(4),
        "missing": w.project(),
    }


@fixture("W21")
def _(w: WorksWorld) -> Cases:
    w.ban(1, D(2017, 6, 1), D(2018, 4, 1))
    w.ban(2, D(2017, 6, 1), D(2018, 3, 31))
    w.ban(3, D(2020, 9, 1), D(2020, 10, 1))  # covers the award: W20's
    return {"fires": w.project(1), "quiet": w.project(2), "at_award": w.project(3), "missing": w.project()}


@fixture("W22")
def _(w: WorksWorld) -> Cases:
    other = w.done(1, on=D(2019, 1, 1))
    w.inspect(other, D(2018, 6, 1), ("thickness",))
    w.inspect(other, D(2018, 3, 31), ("thickness",))  # more than three years ago
    good = w.done(2, on=D(2019, 1, 1))
    w.inspect(good, D(2018, 6, 1), score=70.0)
    own = w.project(3)
    w.inspect(own, D(2021, 1, 5), ("compaction",))  # the project's own: W24
    w.inspect(w.done(3, on=D(2019, 1, 1)), D(2020, 1, 5))
    return {"fires": w.project(1), "quiet": w.project(2), "own": own, "missing": w.project(4)}


@fixture("W23")
def _(w: WorksWorld) -> Cases:
    late, fine = w.done(1), w.done(2)
    w.inspect(late, D(2021, 1, 10))
    w.defect(late, 20)
    w.defect(fine, 0)
    w.defect(fine, 9, state="closed")
    return {"fires": w.project(1), "quiet": w.project(2), "missing": w.project()}


@fixture("W24")
def _(w: WorksWorld) -> Cases:
    cases = {label: w.project(i) for i, label in enumerate(("fires", "quiet", "missing"), 1)}
    w.inspect(cases["fires"], D(2021, 1, 10), score=69.0)
    w.inspect(cases["quiet"], D(2021, 1, 10), score=70.0)
    w.defect(cases["quiet"], 0, severity="major")
    return cases


# -- the public ------------------------------------------------------------------------------------------------
@fixture("W30")
def _(w: WorksWorld) -> Cases:
    cases = three(w, fires={}, quiet={}, missing={"road_keys": None, "x": None, "y": None})
    w.complaint(cases["fires"], LAST, "distance", 199.0)
    w.complaint(cases["fires"], LAST - 89 * DAY, "road", None)
    w.complaint(cases["fires"], LAST, "case_no", None, about_road=False)
    first = w.complaint(cases["quiet"], LAST, "distance", 10.0)
    w.complaint(cases["quiet"], LAST, "distance", 200.0)
    w.complaint(cases["quiet"], LAST, "distance", 12.0, duplicate_of=first)
    w.complaint(cases["quiet"], LAST - 90 * DAY, "distance", 10.0)  # too long ago
    w.complaint(cases["quiet"], LAST + DAY, "distance", 10.0)  # after the period
    w.complaint(cases["quiet"], LAST, "distance", 10.0, about_road=False)
    w.complaint(cases["quiet"], LAST, "distance", 201.0)  # beyond the radius
    w.complaint(cases["quiet"], LAST, "road", 1_001.0)
    w.complaint(cases["quiet"], LAST, "distance", 10.0, channel="citizen_supervision")
    return cases


@fixture("W31")
def _(w: WorksWorld) -> Cases:
    cases = three(w, fires={}, quiet={}, missing={"road_keys": None, "x": None, "y": None})
    report = {"channel": "citizen_supervision"}
    w.complaint(cases["fires"], LAST - 364 * DAY, "case_no", None, **report)
    w.complaint(cases["quiet"], LAST, "road", None, **report)  # the same road alone: shown, never counted
    w.complaint(cases["quiet"], LAST - 365 * DAY, "case_no", None, **report)
    return cases


# -- capacity --------------------------------------------------------------------------------------------------
@fixture("W40")
def _(w: WorksWorld) -> Cases:
    for firm in (1, 2, 3, 5):
        w.register(firm, net_worth=1_000_000)
    fires = w.project(1, contract_amount=15_000_000, valued_amount=5_000_000)
    w.project(1, contract_amount=10_000_000, changed_amount=12_000_000, actual_progress=0.0)
    w.project(1, 2, contract_amount=40_000_000, share=[0.05, 0.95], actual_progress=0.95)  # 100,000 for firm 1
    quiet = w.project(2, contract_amount=18_100_000, actual_progress=0.0)  # 18.1 + 1.9 million: exactly twenty times
    return {
        "fires": fires,
        "quiet": quiet,
        "small_at_most": w.project(5, contract_amount=19_000_000),  # neither valued nor progress: whole, still within
        "missing": w.project(3, contract_amount=21_000_000),  # and this may be over
    }


@fixture("W41")
def _(w: WorksWorld) -> Cases:
    w.register(1, grade="C")
    w.register(2, grade="B")
    w.register(3, grade="A", capital=3_000_000)
    w.register(4, grade="civil", valid_from=D(2021, 1, 1))
    return {
        "fires": w.project(1, contract_amount=27_000_001),
        "quiet": w.project(1, contract_amount=27_000_000),
        "part": w.project(1, 2, contract_amount=54_000_000, share=[0.5, 0.5]),
        "capital": w.project(3, contract_amount=30_000_000),
        "registered_later": w.project(4, contract_amount=7_200_000),
        "missing": w.project(1, 2, contract_amount=54_000_000),  # who has how much of it?
    }


@fixture("W42")
def _(w: WorksWorld) -> Cases:
    fires = [w.project(1) for _ in range(5)][-1]
    quiet = [w.project(2) for _ in range(4)][-1]
    w.done(2)
    w.project(2, stage="not_started")
    assumed = [w.project(3, **({"sources": "award_csv"} if i else {})) for i in range(5)][-1]
    return {"fires": fires, "quiet": quiet, "missing": assumed}


@fixture("W43")
def _(w: WorksWorld) -> Cases:
    for i in range(60):
        w.project(100 + i, agency=2 + i % 6)
    fires = [w.project(1) for _ in range(5)][-1]
    quiet = [w.project(2) for _ in range(3)][-1]
    for i in range(5):
        w.project(200 + i)
    w.project(2, award_date=LAST - 365 * DAY, contract_amount=90_000_000)  # before the window
    return {"fires": fires, "quiet": quiet, "missing": w.project(1, agency=9)}


@fixture("W44")
def _(w: WorksWorld) -> Cases:
    w.register(1, base_city="台東縣")
    w.register(2, base_city="南投縣")
    w.register(3, base_city=None)
    w.register(4, base_city="新竹市")  # 營造業法 §11: as its neighbours, which border the city
    return {"fires": w.project(2, 1), "quiet": w.project(2), "by_law": w.project(4), "missing": w.project(3)}


# -- the contract ----------------------------------------------------------------------------------------------
@fixture("W50")
def _(w: WorksWorld) -> Cases:
    month = {"progress_date": D(2021, 2, 28), "planned_progress": 0.62}
    return three(
        w,
        fires=month | {"actual_progress": 0.52},
        quiet=month | {"actual_progress": 0.5201},
        huge=month | {"actual_progress": 0.5201, "budget": 200_000_000},
        finished=month | {"actual_progress": 0.2, "stage": "in_warranty"},
        missing=month | {"actual_progress": 0.2, "progress_date": D(2021, 1, 27)},
    )


@fixture("W51")
def _(w: WorksWorld) -> Cases:
    base = {"contract_amount": 1_000_000}
    cases = three(w, fires=base, quiet=base, by_total=base | {"changed_amount": 1_200_000}, missing=base)
    for i in range(3):
        w.add("project_change", case_id=cases["fires"], change_no=i + 1, change_date=LAST, amount_delta=1_000)
    for i in range(2):
        w.add("project_change", case_id=cases["quiet"], change_no=i + 1, change_date=LAST, amount_delta=-100_000)
    w.add("project_change", case_id=cases["quiet"], change_no=3, change_date=LAST + DAY, amount_delta=-100_000)
    w.add("project_change", case_id=cases["missing"], change_no=1, change_date=LAST, amount_delta=None)
    return cases


@fixture("W52")
def _(w: WorksWorld) -> Cases:
    cases = three(
        w,
        fires={"start_date": LAST - 365 * DAY},
        quiet={"start_date": LAST - 364 * DAY},
        seen={"start_date": LAST - 900 * DAY},
        missing={"start_date": None},
    )
    cases["finished"] = w.done(1, on=LAST - 364 * DAY)
    w.inspect(cases["seen"], LAST - 30 * DAY)
    return cases


# -- repeats ---------------------------------------------------------------------------------------------------
@fixture("W60")
def _(w: WorksWorld) -> Cases:
    old = w.done(1, on=D(2020, 1, 1))
    w.project(2, start_date=D(2021, 2, 1), x=215_499.0)  # the same stretch, another contractor, 499 m away
    elsewhere = "虛東區/虛城路二段"
    quiet = w.done(1, on=D(2020, 1, 1), road_keys=elsewhere)
    w.project(2, start_date=D(2021, 2, 1), x=215_501.0, road_keys=elsewhere)
    third = "虛東區/虛城路三段"
    over = w.done(1, on=D(2018, 1, 1), road_keys=third, warranty_end=D(2021, 1, 31))
    w.project(2, start_date=D(2021, 2, 1), road_keys=third)
    lamps = w.done(3, road_keys="虛東區/虛城路一段", title="虛城路路燈更新工程", on=D(2020, 2, 1))
    return {
        "fires": old,
        "quiet": quiet,
        "warranty_over": over,
        "lamps": lamps,
        "building": w.project(3, facility="building", road_keys=None),
        "missing": w.project(3, road_keys=None),
    }


@fixture("W61")
def _(w: WorksWorld) -> Cases:
    ended = D(2019, 3, 15)
    cases = {label: w.done(1, on=ended, road_keys=f"虛東區/{label}") for label in ("fires", "quiet")}
    w.permit(cases["fires"], D(2021, 3, 15), 300.0)
    w.permit(cases["quiet"], D(2021, 3, 16), 0.0)  # a day after the twenty-four months
    w.permit(cases["quiet"], D(2020, 3, 15), 301.0)
    w.permit(cases["quiet"], D(2020, 3, 15), 0.0, is_paving=True)
    w.permit(cases["quiet"], D(2020, 3, 15), 0.0, method="title")
    w.permit(cases["quiet"], ended, 0.0)
    return cases | {
        "under_way": w.project(1),
        "missing": w.done(2, on=ended, actual_end=None, acceptance_date=None),
    }
