"""Puts the demo city together and lays its files into the drop folder.

In: an empty folder, a seed, months, a size. Out: the drop folder and the ``Truth``. One random stream a part,
derived from the seed and the part's name, so that a change in one writer does not shift the others.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from probity.demo import city, files_city, files_eproc, files_feed
from probity.demo.dirt import PRIVATE, Dirt
from probity.demo.maker import DAY, Maker, month_days, threshold
from probity.demo.model import Case, Truth
from probity.demo.plant import Planter


@dataclass(frozen=True)
class Size:
    """How large a corpus is: firms; honest cases a month asked for and a month of history; months of history; days
    between feed snapshots; months before the first that the city's list and the half-month XML still cover."""

    firms: int
    month: int
    history: int
    history_months: int
    feed_step: int
    listed_months: int
    xml_months: int


SIZES = {"demo": Size(400, 300, 120, 24, 8, 6, 9), "tiny": Size(400, 40, 10, 12, 31, 2, 3)}


def previous(month: str, n: int = 1) -> str:
    """The month ``n`` months before ``2021-03``-like text."""
    year, number = map(int, month.split("-"))
    total = year * 12 + number - 1 - n
    return f"{total // 12}-{total % 12 + 1:02d}"


def roc_month(month: str) -> str:
    return f"{int(month[:4]) - 1911}年{month[5:]}月"


def write_corpus(out: Path, seed: int, months: list[str], size: str) -> Truth:
    """See ``probity.demo.generate``."""
    made = world(seed, months, size)
    dirt = Dirt(made.stream("dirt"))
    _eproc(out, made, dirt)
    _feed(out, made)
    listed = made.history[-made.spec.listed_months :] + made.months
    files_city.write_all(out, made.city, made.cases, dirt, made.stream, listed, made.months)

    truth = Truth(seed, made.months, size, made.planter.planted)
    for case in made.cases:
        truth.n_cases[case.month] = truth.n_cases.get(case.month, 0) + 1
    truth.n_files = sum(1 for p in out.rglob("*") if p.is_file())
    truth.dirt = dict(sorted(dirt.counts.items()))
    truth.firms = [f.name for f in made.city.firms]
    return truth


@dataclass(frozen=True)
class World:
    """The demo city before it becomes files: clean cases, and the planter that knows what was done to them."""

    seed: int
    spec: Size
    history: list[str]
    months: list[str]
    city: city.City
    planter: Planter
    cases: list[Case]
    bans: list[files_feed.Ban]

    def stream(self, part: str) -> random.Random:
        """The random stream of one part."""
        return random.Random(f"{self.seed}:{part}")


def world(seed: int, months: list[str], size: str) -> World:
    """The city's cases, sorted by notice date; nothing is written. ValueError as ``probity.demo.generate``."""
    if size not in SIZES:
        raise ValueError(f"size is one of {', '.join(SIZES)}, not {size!r}")
    if not months or any(not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", m) for m in months):
        raise ValueError(f"months are given as YYYY-MM, not {months!r}")
    months, spec = sorted(set(months)), SIZES[size]
    history = [previous(months[0], n) for n in range(spec.history_months, 0, -1)]
    town = city.build(random.Random(f"{seed}:city"), spec.firms)
    _private_names(town)
    maker = Maker(town, random.Random(f"{seed}:cases"))
    planter = Planter(maker, history, months)
    cases = _honest(maker, random.Random(f"{seed}:calendar"), history, months, spec)
    planter.run()
    cases = sorted(cases + planter.cases, key=lambda c: (c.notice_date, c.agency.agency_id, c.case_no))
    bans = _bans(planter, random.Random(f"{seed}:feed"), months)
    return World(seed, spec, history, months, town, planter, cases, bans)


def _private_names(town: city.City) -> None:
    """Three firms carry a character that no code page knows, wherever they are named."""
    for firm in [f for f in town.firms if f.trade == "goods"][:3]:
        firm.name = firm.name[:1] + PRIVATE + firm.name[1:]


def _honest(maker: Maker, rng: random.Random, history: list[str], months: list[str], spec: Size) -> list[Case]:
    cases = []
    for month in history + months:
        n = spec.month if month in months else spec.history
        if month in history[-5:]:  # the office has kept fuller records of late
            n = spec.history + (spec.month - spec.history) * 3 // 4
        n = round(n * (1.25 if month.endswith("-12") else rng.uniform(0.93, 1.07)))
        days = month_days(month)
        for _ in range(n):
            case = maker.make(rng.choice(days))
            if _in_a_story(case):
                case = maker.make(case.notice_date, agency=maker.city.agency("34"))
            elif len(case.bids) >= 3 and case.award_way != "restricted" and rng.random() < 0.03:
                _two_winners(case)
            cases.append(case)
    return cases


def _in_a_story(case: Case) -> bool:
    """Would an honest case blur a planted story: the agency that bunches its budgets, the one with one cleaner?"""
    share = case.budget / threshold(case.tender_notice or case.award_date)
    if case.agency.agency_id == "3.99.30":
        return 0.95 < share < 1.06
    return case.agency.agency_id == "3.99.27" and case.category[0].startswith("87")


def _two_winners(case: Case) -> None:
    """複數決標: two winners share the award; the case total stands on each winner's row of the real files."""
    first, second = case.bids[:2]
    second.winner, second.reason, second.disqualified = True, None, False
    first.award = case.award * 3 // 5
    second.award = case.award - first.award
    first.amount, second.amount = first.award, second.award
    first.original, second.original = first.award, second.award


def _eproc(out: Path, made: World, dirt: Dirt) -> None:
    site = out / "採購網"
    noticed = [c for c in made.cases if not c.no_eproc]
    _year_lists(site, noticed, dirt, made)
    _half_months(site / "半月檔", noticed, dirt, made)
    _details(site / "公告明細", noticed, dirt, made)


def _grouped(cases: list[Case], key: Callable[[Case], str]) -> list[tuple[str, list[Case]]]:
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[key(case)].append(case)
    return sorted(groups.items())


def _year_lists(site: Path, cases: list[Case], dirt: Dirt, made: World) -> None:
    years = _grouped(cases, lambda c: str(c.notice_date.year))
    for k, (year, some) in enumerate(years):
        oldest = k == 0 and len(years) > 1  # the oldest year was saved in the old encoding
        path = site / "決標清單" / f"procurement_{year}.csv"
        encoding = "cp950" if oldest else "utf-8-sig"
        files_eproc.write_csv(path, some, dirt, made.stream(f"csv{year}"), encoding, spoil=not oldest)
        index = site / "公告索引" / f"decision_index_{year}.json"
        files_eproc.write_index(index, some, dirt, made.stream(f"index{year}"))


def _half_months(folder: Path, cases: list[Case], dirt: Dirt, made: World) -> None:
    recent = (made.history + made.months)[-made.spec.xml_months :]
    some = [c for c in cases if files_eproc.in_xml(c)]
    awards = dict(_grouped(some, lambda c: c.month))
    tenders = dict(_grouped([c for c in some if c.tender_notice], lambda c: f"{c.tender_notice:%Y-%m}"))
    for month in recent:
        name, rng = month.replace("-", ""), made.stream(f"xml{month}")
        for half in (1, 2):
            part = [c for c in awards.get(month, []) if (c.notice_date.day > 15) == (half == 2)]
            path = folder / roc_month(month) / f"award_{name}0{half}.xml"
            files_eproc.write_xml(path, part, rng, files_eproc.award_xml)
            part = [c for c in tenders.get(month, []) if c.tender_notice and (c.tender_notice.day > 15) == (half == 2)]
            path = folder / roc_month(month) / f"tender_{name}0{half}.xml"
            if month == recent[-1] and half == 2:  # asked for too early, the site answers 200 with nothing
                path.write_bytes(b"")
                dirt.counts["0-byte half month"] += 1
            else:
                files_eproc.write_xml(path, part, rng, files_eproc.tender_xml)


def _details(folder: Path, cases: list[Case], dirt: Dirt, made: World) -> None:
    months = _grouped(cases, lambda c: c.month)
    for k, (month, some) in enumerate(months):
        shape = ("records", "list", "lines")[k % 3]
        suffix = "jsonl" if shape == "lines" else "json"
        path = folder / f"{int(month[:4]) - 1911}年" / f"detail_{month.replace('-', '')}.{suffix}"
        files_eproc.write_detail(path, some, dirt, made.stream(f"detail{month}"), shape)
    single = months[-1][1][:1]
    path = folder / "補件" / f"{single[0].case_no}.json"
    files_eproc.write_detail(path, single, dirt, made.stream("single"), "object")


def _bans(planter: Planter, rng: random.Random, months: list[str]) -> list[files_feed.Ban]:
    first, last = month_days(months[0])[0], _last_day(months[-1])
    return [
        *files_feed.background(rng, first - 400 * DAY, last),
        files_feed.ban(planter.banned, first - 130 * DAY, 3.0, "第6款"),
        files_feed.ban(planter.banned_later, last, 1.0, "第12款"),
        files_feed.ban(planter.ban_over, first - 45 * DAY - 365 * DAY, 1.0, "第14款"),
    ]


def _feed(out: Path, made: World) -> None:
    months, bans = made.months, made.bans
    for month in made.history[-6:] + months:
        folder = out / "拒絕往來廠商" / roc_month(month)
        step = made.spec.feed_step if month in months else 31
        day = _last_day(month)
        days = []
        while f"{day:%Y-%m}" == month:
            days.append(day)
            day -= step * DAY
        for day in sorted(days):
            files_feed.write_json(folder / f"rvfile_{day:%Y%m%d}.json", bans, day)
    for month in months:
        day = dt.date(int(month[:4]), int(month[5:]), 2)
        files_feed.write_xls(out / "拒絕往來廠商" / roc_month(month) / f"rvfile_{day:%Y%m%d}.xls", bans, day)
    broken = dt.date(int(months[-1][:4]), int(months[-1][5:]), 12)
    files_feed.write_json(
        out / "拒絕往來廠商" / roc_month(months[-1]) / f"rvfile_{broken:%Y%m%d}.json", bans, broken, limit=37
    )


def _last_day(month: str) -> dt.date:
    year, number = map(int, month.split("-"))
    return dt.date(year + number // 12, number % 12 + 1, 1) - DAY
