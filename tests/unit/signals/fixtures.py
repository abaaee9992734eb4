"""For every signal one invented world with a case that fires, one that just does not, and one with missing data.

``FIXTURES[signal_id]`` is a function: it fills a World and returns {"fires": case_id, "quiet": ..., "missing": ...}.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from tests.unit.signals.world import DAY, World, firm_row

D = dt.date
Cases = dict[str, str]
FIXTURES: dict[str, Callable[[World], Cases]] = {}


def fixture(signal_id: str) -> Callable[[Callable[[World], Cases]], Callable[[World], Cases]]:
    def keep(function: Callable[[World], Cases]) -> Callable[[World], Cases]:
        FIXTURES[signal_id] = function
        return function

    return keep


def three(w: World, **cases: dict) -> Cases:
    return {label: w.case(**over) for label, over in cases.items()}


# -- must watch ------------------------------------------------------------------------------------------------


def flag(column: str) -> Callable[[World], Cases]:
    return lambda w: three(w, fires={column: True}, quiet={column: False}, missing={column: None})


FIXTURES |= {"W01": flag("tip_off"), "W04": flag("warning_area"), "W05": flag("designated")}


# -- periods ---------------------------------------------------------------------------------------------------


@fixture("P01")
def _(w: World) -> Cases:
    plain = {"tender_notice_date": D(2021, 2, 1), "e_documents": False, "e_bidding": False, "public_viewing": False}
    return three(
        w,
        fires=plain | {"deadline_date": D(2021, 2, 12)},
        quiet=plain | {"deadline_date": D(2021, 2, 15)},
        missing=plain | {"deadline_date": None},
    )


@fixture("P02")
def _(w: World) -> Cases:
    return three(
        w,
        fires={"award": D(2021, 2, 1), "notice": D(2021, 3, 4)},
        quiet={"award": D(2021, 2, 1), "notice": D(2021, 3, 3)},
        missing={"award_date": None},
    )


@fixture("P18")
def _(w: World) -> Cases:
    cases = three(w, fires={}, quiet={}, missing={"in_city_list": None})
    closing = D(2021, 2, 25)
    w.add("correction", case_id=cases["fires"], correction_no=1, correction_date=closing - 3 * DAY, is_material=True,
          deadline_before=closing, deadline_after=closing)  # fmt: skip
    w.add("correction", case_id=cases["quiet"], correction_no=1, correction_date=closing - 5 * DAY, is_material=False,
          deadline_before=closing, deadline_after=closing)  # fmt: skip
    return cases


@fixture("I27")
def _(w: World) -> Cases:
    for i in range(60):
        w.case(opening_date=D(2021, 3, 1) - (1 + i % 6) * DAY)
    return three(
        w,
        fires={"opening_date": D(2020, 11, 1)},
        quiet={"opening_date": D(2021, 2, 26)},
        missing={"opening_date": None, "deadline_date": None},
    )


@fixture("I29")
def _(w: World) -> Cases:
    for i in range(200):
        w.case(award=D(2020, 1, 6) + i * DAY, agency=2 + i % 8)
    for i in range(11):
        w.case(award=D(2020, 12, 14) + i * DAY)
    december = {"award": D(2020, 12, 21), "notice": D(2021, 3, 2)}
    w.case(award=D(2020, 12, 20), agency=3)
    return three(w, fires=december, quiet=december | {"agency": 3}, missing=december | {"award_date": None})


# -- prices ----------------------------------------------------------------------------------------------------


@fixture("P03")
def _(w: World) -> Cases:
    return three(
        w,
        fires={"reserve_price": 1_000_000, "award_amount": 799_999},
        quiet={"reserve_price": 1_000_000, "award_amount": 800_000},
        missing={"award_way": None},
    )


@fixture("P04")
def _(w: World) -> Cases:
    base = {"reserve_price": 1_000_000, "n_bidders": 3}
    return three(
        w,
        fires=base | {"award_amount": 995_000},
        quiet=base | {"award_amount": 994_000},
        missing=base | {"reserve_price": None},
    )


@fixture("P17A")
def _(w: World) -> Cases:
    return three(
        w,
        fires={"award_amount": 3_000_001},
        quiet={"award_amount": 3_000_000},
        missing={"budget": None, "procurement_amount": 5},
    )


@fixture("I05")
def _(w: World) -> Cases:
    base = {"reserve_price": 1_000_000}
    return three(
        w,
        fires=base | {"award_amount": 1_000_001},
        quiet=base | {"award_amount": 1_000_000},
        missing={"reserve_price": None},
    )


def spread(w: World, column: str) -> None:
    for i in range(60):
        w.case(**{column: 3_000_000, "award_amount": 2_500_000 + i * 5_000})


@fixture("I02")
def _(w: World) -> Cases:
    spread(w, "reserve_price")
    base = {"reserve_price": 3_000_000}
    return three(
        w,
        fires=base | {"award_amount": 2_997_000},
        quiet=base | {"award_amount": 2_984_000},
        missing={"reserve_price": None},
    )


@fixture("I03")
def _(w: World) -> Cases:
    spread(w, "budget")
    return three(
        w, fires={"award_amount": 2_997_000}, quiet={"award_amount": 2_938_000}, missing={"award_amount": None}
    )


@fixture("I06")
def _(w: World) -> Cases:
    spread(w, "budget")
    return three(w, fires={"award_amount": 2_000_000}, quiet={"award_amount": 2_101_000}, missing={"budget": None})


# -- competition -----------------------------------------------------------------------------------------------


@fixture("P05")
def _(w: World) -> Cases:
    cases = three(w, fires={}, quiet={}, missing={})
    for label, out in (("fires", (1, 2)), ("quiet", (2,)), ("missing", ())):
        w.bids(cases[label], 1, 2, 3)
        for i, row in enumerate(w.rows["bid"][-3:]):
            row["is_disqualified"] = None if label == "missing" else i in out
    return cases


@fixture("I01A")
def _(w: World) -> Cases:
    for i in range(50):
        w.case(n_bidders=3)
        w.case(n_bidders=1 + i % 2, method="quotation")
    return three(w, fires={"n_bidders": 1}, quiet={"n_bidders": 1, "method": "quotation"}, missing={"n_bidders": None})


@fixture("I01B")
def _(w: World) -> Cases:
    for i in range(200):
        w.case(n_bidders=1 if i % 10 == 0 else 4, agency=2 + i % 8)
    for i in range(25):
        w.case(n_bidders=1 if i < 15 else 4)
    return three(w, fires={"n_bidders": 1}, quiet={"n_bidders": 1, "agency": 2}, missing={"n_bidders": None})


def judged(w: World, flags: list[bool | None], agency: int = 1, **over: object) -> str:
    case = w.bids(
        w.case(agency=agency, n_bidders=len(flags)),
        *range(1, len(flags) + 1),
        prices=[900 + 10 * i for i in range(len(flags))],
    )
    for row, value in zip(w.rows["bid"][-len(flags) :], flags, strict=True):
        row |= {"is_disqualified": value} | over
    return case


@fixture("I25A")
def _(w: World) -> Cases:
    return {
        "fires": judged(w, [False, True, True, True]),
        "quiet": judged(w, [False, True, True, False]),
        "missing": judged(w, [None, None, None]),
    }


@fixture("I25B")
def _(w: World) -> Cases:
    for i in range(60):
        judged(w, [False, False, i % 5 == 0], agency=2 + i % 4)
    for _i in range(12):
        judged(w, [False, True, True])
    return {
        "fires": judged(w, [False, True, True]),
        "quiet": judged(w, [False, True, False], agency=2),
        "missing": judged(w, [None, None, None]),
    }


# -- bids ------------------------------------------------------------------------------------------------------


def screen_world(fires: list[int], quiet: list[int], missing: list[int]) -> Callable[[World], Cases]:
    """Sixty ordinary tenders with as many bidders as ``fires``, evenly spread, then the three cases."""

    def fill(w: World) -> Cases:
        n = len(fires)
        for i in range(60):
            step = 30_000 + 997 * i
            w.bids(
                w.case(), *range(1, n + 1), prices=[3_000_000 + k * step + (k * k * 311 * (i % 7)) for k in range(n)]
            )
        return {
            label: w.bids(w.case(), *range(1, len(prices) + 1), prices=prices)  # type: ignore[arg-type]
            for label, prices in (("fires", fires), ("quiet", quiet), ("missing", missing))
        }

    return fill


EVEN = [3_000_000, 3_050_000, 3_101_000, 3_152_000]
FIXTURES["I07"] = screen_world([3_000_000, 3_000_900, 3_001_500, 3_002_100], EVEN, EVEN[:2])
FIXTURES["I08"] = screen_world([3_000_000, 3_000_900, 3_001_500, 3_002_100], EVEN, EVEN[:2])
FIXTURES["I09"] = screen_world([3_000_000, 3_900_000, 3_950_000, 4_000_000], EVEN, EVEN[:2])
FIXTURES["I10"] = screen_world([3_000_000, 3_300_000, 3_301_000, 3_302_000], EVEN, EVEN[:2])
FIXTURES["I11A"] = screen_world([3_000_000, 3_300_000, 3_301_000, 3_302_000], EVEN, EVEN[:2])
FIXTURES["I11B"] = screen_world([3_000_000, 3_300_000, 3_301_000, 3_302_000], EVEN, EVEN[:3])
FIXTURES["I12"] = screen_world([3_000_000, 3_300_000, 3_301_000, 3_302_000], EVEN, EVEN[:2])


@fixture("I13")
def _(w: World) -> Cases:
    return {
        "fires": w.bids(w.case(), 1, 2, 3, prices=[3_000_100, 3_100_200, 3_100_200]),
        "quiet": w.bids(w.case(), 4, 5, 6, prices=[3_000_100, 3_100_200, 3_100_201]),
        "missing": w.bids(w.case(n_bidders=1), 1, prices=[3_000_100]),
    }


@fixture("I14")
def _(w: World) -> Cases:
    for i in range(40):
        w.bids(w.case(), 1, 2, 3, prices=[2_700_123 + i, 2_750_456 + i, 2_810_789 + i])
    return {
        "fires": w.bids(w.case(), 1, 2, 3, 4, 5, prices=[2_700_000 + 100_000 * k for k in range(5)]),
        "quiet": w.bids(w.case(), 1, 2, 3, prices=[2_701_000, 2_752_000, 2_813_000]),
        "missing": w.bids(w.case(), 1, 2, prices=[2_700_000, 2_800_000]),
    }


@fixture("P10")
def _(w: World) -> Cases:
    cases = three(w, fires={}, quiet={}, missing={})
    for label, addresses in (
        ("fires", ["虛城市臺一路１０號３樓", "虛城市台一路10號3樓"]),
        ("quiet", ["虛城市台一路10號3樓", "虛城市台一路10號9樓"]),
        ("missing", [None, "虛城市台一路10號3樓"]),
    ):
        w.bids(cases[label], 1, 2)
        for row, address in zip(w.rows["bid"][-2:], addresses, strict=True):
            row["address"] = address
    return cases


def others(w: World, n: int = 60) -> None:
    """Contests of firms that meet by chance, so that the market is larger than the pair under test."""
    for i in range(n):
        w.bids(w.case(award=D(2020, 6, 1) + i * DAY), 100 + i % 11, 120 + i % 13)


def no_losers(w: World) -> str:
    return w.bids(w.case(n_bidders=3), 9)


@fixture("P11A")
def _(w: World) -> Cases:
    others(w)
    for i in range(7):
        w.bids(w.case(award=D(2020, 7, 1) + i * DAY), *(1, 2, 50 + i))
    return {
        "fires": w.bids(w.case(), 1, 2, 60),
        "quiet": w.bids(w.case(), 1, 100, 120),
        "missing": no_losers(w),
    }


@fixture("P11B")
def _(w: World) -> Cases:
    others(w)
    for i in range(17):
        w.bids(w.case(award=D(2020, 7, 1) + i * DAY), 1, 2, 3, winner=1 + i % 3)
    for i in range(12):
        w.bids(w.case(award=D(2020, 7, 1) + i * DAY), 4, 5, 6, winner=4 + i // 4)
    return {
        "fires": w.bids(w.case(), 1, 2, 3, winner=3),
        "quiet": w.bids(w.case(), 4, 5, 6, winner=4),
        "missing": no_losers(w),
    }


@fixture("I21")
def _(w: World) -> Cases:
    others(w)
    for i in range(8):
        w.bids(w.case(award=D(2020, 7, 1) + i * DAY), 1, 2)
        w.bids(w.case(award=D(2020, 8, 1) + i * DAY), 3, 4, winner=3 + i % 2)
    for i in range(30):
        w.bids(w.case(award=D(2020, 9, 1) + i * DAY), 100 + i % 11, 1)
    return {"fires": w.bids(w.case(), 1, 2), "quiet": w.bids(w.case(), 3, 4), "missing": no_losers(w)}


@fixture("I23")
def _(w: World) -> Cases:
    for i in range(20):
        w.bids(w.case(award=D(2020, 7, 1) + i * DAY), 100 + i % 5, 1)
        w.bids(w.case(award=D(2020, 8, 1) + i * DAY), 110 + i % 5, 2, winner=2 if i % 2 == 0 else 110 + i % 5)
    return {"fires": w.bids(w.case(), 3, 1), "quiet": w.bids(w.case(), 3, 2), "missing": no_losers(w)}


@fixture("I24")
def _(w: World) -> Cases:
    for agency in (1, 2):
        for i in range(10):
            regular = (7,) if i < (8 if agency == 1 else 6) else ()
            w.bids(w.case(award=D(2020, 7, 1) + i * DAY, agency=agency), 20 + i, 40 + i, *regular)
    cases = {
        "fires": w.bids(w.case(), 1, 2),
        "quiet": w.bids(w.case(agency=2), 1, 2),
        "missing": w.bids(w.case(agency=3), 1, 2),
    }
    for label in ("fires", "quiet"):
        w.bids(cases[label], 7, winner=0, is_subcontractor=True)
    return cases


# -- methods ---------------------------------------------------------------------------------------------------


@fixture("P08A")
def _(w: World) -> Cases:
    base = {"method": "restricted", "restricted_clause": "22-1-1"}
    return three(
        w,
        fires=base | {"failed_count": 0},
        quiet=base | {"failed_count": 1},
        missing=base | {"restricted_clause": None},
    )


@fixture("P08B")
def _(w: World) -> Cases:
    w.case(award=D(2020, 5, 1), case_no="甲", award_amount=1_000_000)
    w.case(award=D(2020, 5, 1), case_no="乙", award_amount=1_000_000)
    base = {"method": "restricted", "restricted_clause": "22-1-6", "original_case_no": "甲"}
    w.case(award=D(2020, 8, 1), award_amount=300_000, **base)
    return three(
        w,
        fires=base | {"award_amount": 200_001},
        quiet=base | {"award_amount": 500_000, "original_case_no": "乙"},
        missing=base | {"original_case_no": "丙"},
    )


@fixture("P08C")
def _(w: World) -> Cases:
    base = {"method": "restricted", "restricted_clause": "22-1-7"}
    return three(
        w,
        fires=base | {"expansion_announced": False},
        quiet=base | {"expansion_announced": True},
        missing=base | {"expansion_announced": None},
    )


@fixture("P08D")
def _(w: World) -> Cases:
    for i in range(200):
        w.case(agency=2 + i % 8, method="restricted" if i % 20 == 0 else "open")
    for i in range(25):
        w.case(method="restricted" if i < 12 else "open")
    base = {"method": "restricted"}
    return three(w, fires=base, quiet=base | {"agency": 2}, missing={"method": None})


@fixture("P19")
def _(w: World) -> Cases:
    base = {"failed_count": 3, "qualification_changed": True}
    return three(w, fires=base, quiet=base | {"failed_count": 2}, missing=base | {"qualification_changed": None})


@fixture("I17")
def _(w: World) -> Cases:
    for agency in (1, 2):
        for i in range(40):
            w.bids(w.case(award=D(2020, 9, 1) + i * DAY, agency=agency), 20 + i)
    base = {"method": "restricted"}
    for agency, earlier in ((1, 2), (2, 1)):
        for i in range(earlier):
            w.bids(w.case(award=D(2021, 1, 4) + i * DAY, agency=agency, **base), 1)
    return {
        "fires": w.bids(w.case(**base), 1),
        "quiet": w.bids(w.case(agency=2, **base), 1),
        "missing": w.case(award_date=None, **base),
    }


# -- thresholds ------------------------------------------------------------------------------------------------


@fixture("P06")
def _(w: World) -> Cases:
    def part(agency: int, budget: int | None, k: int, place: str = "虛城市甲區") -> str:
        return w.bids(w.case(award=D(2021, 2, 1) + 10 * k * DAY, notice=D(2021, 3, 9), agency=agency, budget=budget,
                             method="quotation", performance_location=place), 1)  # fmt: skip

    part(1, 400_000, 0)
    part(2, 400_000, 0)
    part(3, 400_000, 0, place="虛城市乙區")
    return {
        "fires": part(1, 600_000, 1),
        "quiet": part(2, 599_999, 1),
        "missing": part(4, None, 1),
        "elsewhere": part(3, 600_000, 1),
    }


@fixture("P07")
def _(w: World) -> Cases:
    for i in range(12):
        w.case(budget=960_000 + i * 3_000)
        w.case(budget=960_000 + i * 3_000, agency=2)
        w.case(budget=1_000_000 + i * 3_000, agency=2)
    return three(w, fires={"budget": 999_999}, quiet={"budget": 999_999, "agency": 2}, missing={"budget": None})


# -- suppliers -------------------------------------------------------------------------------------------------


@fixture("P09")
def _(w: World) -> Cases:
    cases = three(w, fires={}, quiet={}, missing={"award_date": None})
    w.bids(cases["fires"], 1)
    w.bids(cases["quiet"], 2)
    w.bids(cases["missing"], 1)
    for number, begin in ((1, D(2021, 3, 1)), (2, D(2021, 3, 2)), (3, D(2019, 1, 1))):
        dates = {"effective_date": begin, "expire_date": begin + 365 * DAY, "annulled": False}
        dates |= {"first_listed": max(begin, D(2020, 6, 1)), "last_listed": D(2021, 3, 31)}
        w.add("debarment", **firm_row(number), **dates, agency_no="3.99.9", case_no=str(number))
    return cases


@fixture("P12")
def _(w: World) -> Cases:
    for agency, earlier in ((1, 19), (2, 18)):
        for i in range(earlier):
            w.bids(w.case(award=D(2020, 9, 1) + i * DAY, agency=agency), agency)
    return {
        "fires": w.bids(w.case(), 1),
        "quiet": w.bids(w.case(agency=2), 2),
        "missing": w.bids(w.case(award_date=None), 1),
    }


@fixture("P15")
def _(w: World) -> Cases:
    cases = three(
        w, fires={"designer_key": "10000001"}, quiet={"designer_key": "10000005"}, missing={"designer_key": None}
    )
    for case in cases.values():
        w.bids(case, 1, 2)
    return cases


def shares(w: World) -> Cases:
    """Thirty ordinary pairs of agency and firm with five contracts each, and firm 1, which takes most of agency 1."""
    for agency in range(2, 12):
        for firm in (20, 30, 40):
            for i in range(5):
                w.bids(w.case(award=D(2020, 9, 1) + i * DAY, agency=agency), firm + (agency + firm) % 10)
    for i in range(6):
        w.bids(w.case(award=D(2020, 10, 1) + i * DAY, award_amount=9_000_000), 1)
    return {
        "fires": w.bids(w.case(award_amount=9_000_000), 1),
        "quiet": w.bids(w.case(agency=2), 20 + 22 % 10),
        "missing": w.case(),
    }


FIXTURES |= {"I18": shares, "I19": shares}


@fixture("I20")
def _(w: World) -> Cases:
    for i in range(10):
        w.bids(w.case(award=D(2020, 9, 1) + i * DAY), 1)
        w.bids(w.case(award=D(2020, 9, 1) + i * DAY, agency=2), 20 + i)
    return {
        "fires": w.bids(w.case(), 1),
        "quiet": w.bids(w.case(agency=2), 20),
        "missing": w.bids(w.case(category_code=None), 1),
    }


@fixture("I32")
def _(w: World) -> Cases:
    for firm in range(20, 40):
        for i in range(20):
            w.bids(w.case(award=D(2020, 9, 1) + i * DAY), firm)
    for i in range(24):
        w.bids(w.case(award=D(2020, 9, 1) + i * DAY, category_code=f"{40 + i % 12}00"), 1)
    return {
        "fires": w.bids(w.case(category_code="9900"), 1),
        "quiet": w.bids(w.case(), 20),
        "missing": w.bids(w.case(category_code=None), 1),
    }


@fixture("I33")
def _(w: World) -> Cases:
    founded = {"fires": D(2020, 3, 2), "quiet": D(2020, 3, 1), "missing": None}
    return {label: w.bids(w.case(), 1, founded_date=day) for label, day in founded.items()}


@fixture("I36")
def _(w: World) -> Cases:
    def contract(firm: int, award: dt.date, amount: int, days: int | None) -> str:
        end = None if days is None else award + days * DAY
        return w.bids(w.case(award=award, award_amount=amount, performance_start=award, performance_end=end), firm)

    for firm in (1, 2):
        for month in (3, 4, 5):
            contract(firm, D(2019, month, 1), 700_000 if month > 3 else 600_000, 60)
        contract(firm, D(2021, 2, 20), 1_000_000, 365)
    return {
        "fires": contract(1, D(2021, 3, 1), 2_500_000, 300),
        "quiet": contract(2, D(2021, 3, 1), 1_900_000, 300),
        "missing": contract(1, D(2021, 3, 1), 2_500_000, None),
    }


# -- contracts -------------------------------------------------------------------------------------------------


@fixture("P13A")
def _(w: World) -> Cases:
    cases = three(
        w, fires={"award_amount": 1_000_000}, quiet={"award_amount": 1_000_000}, missing={"in_city_list": None}
    )
    for label, delta in (("fires", -200_001), ("quiet", 200_000)):
        w.add("contract_change", case_id=cases[label], change_no=1, change_date=D(2021, 3, 5), amount_delta=delta)
    return cases


@fixture("P13B")
def _(w: World) -> Cases:
    cases = three(w, fires={}, quiet={}, missing={"in_city_list": False})
    for label, days in (("fires", 30), ("quiet", 31)):
        w.add(
            "contract_change",
            case_id=cases[label],
            change_no=1,
            change_date=D(2021, 3, 1) + days * DAY,
            amount_delta=1000,
        )
    return cases


@fixture("P14")
def _(w: World) -> Cases:
    return three(
        w,
        fires={"planned_progress": 0.6, "actual_progress": 0.5},
        quiet={"planned_progress": 0.6, "actual_progress": 0.5001},
        missing={"planned_progress": 0.6},
    )


@fixture("I30")
def _(w: World) -> Cases:
    start = D(2021, 3, 10)
    for i in range(60):
        w.case(performance_start=start, performance_end=start + (80 + i) * DAY)
    return three(
        w,
        fires={"performance_start": start, "performance_end": start + 20 * DAY},
        quiet={"performance_start": start, "performance_end": start + 60 * DAY},
        missing={"performance_start": start},
    )


# -- records ---------------------------------------------------------------------------------------------------


@fixture("P17B")
def _(w: World) -> Cases:
    return three(w, fires={"award_amount": 0}, quiet={"award_amount": 1}, missing={"award_amount": None})


@fixture("P17C")
def _(w: World) -> Cases:
    base = {"amount_class": "未達公告金額", "award_amount": 900_000}
    return three(
        w, fires=base | {"budget": 1_000_000}, quiet=base | {"budget": 999_999}, missing={"amount_class": None}
    )


@fixture("P20")
def _(w: World) -> Cases:
    base = {"award_amount": 100_000, "city_award_amount": 100_000}
    return three(w, fires=base | {"city_award_amount": 99_999}, quiet=base, missing=base | {"in_city_list": None})


@fixture("I35")
def _(w: World) -> Cases:
    for i in range(300):
        w.case(agency=2 + i % 2, award_amount=round(100_000 * 10 ** (i / 300)))
    for i in range(120):
        w.case(award_amount=900_000 + i)
    return three(
        w, fires={"award_amount": 900_500}, quiet={"award_amount": 900_500, "agency": 2}, missing={"award_amount": None}
    )
