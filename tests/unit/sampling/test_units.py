"""Selection along a line: published cases, chances against theory, certain items, replacements, exact amounts."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from probity.sampling import Line, UnitPlan, select, systematic_rows
from probity.sampling import units as line_units
from probity.sampling.units import CELL, INTERVAL, METHODS, RANDOM, draw, plan_from_document


def test_published_selections(shared: Path) -> None:
    """jfa's tests and Touw, Hoogduin (2011): fixed starts, rows and times."""
    cases = json.loads((shared / "data/audit_sampling/selection_interval_cases.json").read_text(encoding="utf-8"))
    for case in cases["cases"]:
        given_ = case["inputs"]
        values = given_["units"] == "values"
        line = Line(given_["population_values"]) if values else Line.records(given_["N_rows"])
        rows, times = np.unique(systematic_rows(line, given_["size"], given_["start"]) + 1, return_counts=True)
        assert rows.tolist() == case["expected"]["row"] and times.tolist() == case["expected"]["times"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=25), st.integers(1, 6))
def test_every_start_counted_an_item_is_hit_as_often_as_it_is_large(amounts: list[int], n: int) -> None:
    """Over all whole starts of the first interval the hits of an item are its amount: chance = n amount / total."""
    amounts = [a * n for a in amounts]
    if sum(amounts) == 0:
        return
    line = Line(amounts)
    hits: Counter[int] = Counter()
    for start in range(1, line.total // n + 1):
        hits.update(systematic_rows(line, n, start).tolist())
    assert [hits[i] for i in range(len(amounts))] == amounts


@pytest.mark.parametrize("method", METHODS)
def test_chances_over_seeds_follow_the_amounts(method: str) -> None:
    """2,000 seeds; hits of each item against n amount / total, within 4.5 standard deviations of a binomial."""
    amounts, n, seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 5], 3, 2000
    plan = UnitPlan([f"K{i}" for i in range(10)], n, method, amounts)
    hits: Counter[int] = Counter()
    for seed in range(seeds):
        hits.update(select(plan, seed).rows.tolist())
    for i, amount in enumerate(amounts):
        mean = seeds * n * amount / 50
        assert abs(hits[i] - mean) < 4.5 * (mean * (1 - amount / 50)) ** 0.5


def test_random_start_is_uniform() -> None:
    plan = UnitPlan([f"{i}" for i in range(100)], 5, INTERVAL, purpose="均勻")
    starts = [select(plan, seed).units[0] for seed in range(2000)]
    assert stats.chisquare([starts.count(u) for u in range(1, 21)]).pvalue > 0.001
    for seed in range(5):
        found = select(plan, seed).units
        assert {b - a for a, b in itertools.pairwise(found)} == {20}


def test_cells_hold_one_point_each() -> None:
    units = select(UnitPlan([f"{i}" for i in range(1000)], 10, CELL), 7).units
    assert [(u - 1) // 100 for u in units] == list(range(10))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=2, max_size=30), st.integers(1, 12))
def test_certain_items(amounts: list[int], n: int) -> None:
    """What is left has no item as large as its interval; taken one round after the other it comes to the same."""
    if sum(amounts) < n:
        return
    rows, left = Line(amounts).certain(n)
    rest, points, total = dict(enumerate(amounts)), n, sum(amounts)
    while found := [i for i, a in rest.items() if points and a * points >= total > 0]:
        total -= sum(rest[i] for i in found)
        points -= len(found)
        for i in found:
            del rest[i]
    assert sorted(set(range(len(amounts))) - set(rest)) == rows.tolist() and left == points


def test_fixed_interval_after_certain_items_hits_no_item_twice() -> None:
    amounts = [9000, 4000, *range(100, 160)]
    plan = UnitPlan([f"{i}" for i in range(len(amounts))], 20, INTERVAL, amounts, apart=True)
    for seed in range(50):
        hits = select(plan, seed)
        assert len({*hits.rows.tolist(), *hits.certain.tolist()}) == 20


def test_amounts_are_exact_however_large_or_fine() -> None:
    """Items beyond 64 bits and cents on cents; the same rows as in fractions."""
    for amounts in ([10**30, 1, 10**30, 7], ["0.10", "0.20", "0.30", "99.40"], [Fraction(1, 3), Fraction(2, 3), 1, 2]):
        line = Line(amounts)
        exact = [Fraction(a) for a in amounts]
        for k in range(1, 9):
            start = sum(exact, Fraction(0)) / 2 * Fraction(k, 8)
            ends = [sum(exact[: i + 1], Fraction(0)) for i in range(4)]
            unit = Fraction(1, line.scale)
            points = [-(-(start + j * sum(exact) / 2) // unit) * unit for j in range(2)]
            expected = [next(i for i, end in enumerate(ends) if end >= p) for p in points]
            assert systematic_rows(line, 2, start).tolist() == expected
    near = np.array([2**61, 2**61, 2**61, 5], dtype=np.int64)
    assert Line(near).total == 3 * 2**61 + 5 and systematic_rows(Line(near), 1, 3 * 2**61 + 1).tolist() == [3]
    assert Line(np.array([0.1, 0.2])).total == 3 and Line([np.int64(2**62), np.int64(2**62)]).total == 2**63
    with pytest.raises(ValueError, match="negative"):
        Line([5, -1])
    with pytest.raises(ValueError, match="nothing"):
        Line([0, 0])
    with pytest.raises(ValueError, match="first of"):
        systematic_rows(Line([10]), 2, 6)


def test_items_of_nothing_are_never_hit() -> None:
    amounts = [0, 5, 0, 0, 5, 0]
    for method in METHODS:
        for seed in range(40):
            assert {*select(UnitPlan(list("abcdef"), 4, method, amounts), seed).rows.tolist()} <= {1, 4}


def test_arrays_and_lists_give_the_same_draw() -> None:
    amounts = np.random.default_rng(1).integers(0, 10**9, 2000)
    ids = [f"{i}" for i in range(2000)]
    for method in METHODS:
        one, other = (UnitPlan(ids, 50, method, a, apart=True) for a in (amounts, amounts.tolist()))
        assert one.digest == other.digest
        assert select(one, 5).rows.tolist() == select(other, 5).rows.tolist()


def test_replacements_come_from_reserve_points_in_order() -> None:
    plan = UnitPlan([f"F{i}" for i in range(40)], 6, RANDOM, None, reserves=3, purpose="抽")
    free = draw(plan, 9)
    assert [p["status"] for p in free["points"]] == ["drawn"] * 6 + ["reserve"] * 3
    absent = {free["points"][0]["id"]: "停業", free["points"][6]["id"]: "停業"}
    found = draw(plan, 9, absent)
    times = [p["id"] for p in free["points"][:6]].count(free["points"][0]["id"])
    assert sum(p["status"] == "replaced" for p in found["points"]) == times
    drawn = [p for p in found["points"] if p["status"] == "drawn"]
    assert len(drawn) == 6 and not set(absent) & {p["id"] for p in drawn}
    assert next(p["id"] for p in found["points"] if p["reserve"]) == free["points"][7]["id"]
    with pytest.raises(ValueError, match="not in the population"):
        draw(plan, 9, {"x": "?"})
    with pytest.raises(ValueError, match="no items are left"):
        draw(UnitPlan(["a", "b"], 1), 1, {"a": "?", "b": "?"})


def test_plans_are_bound_and_read_back() -> None:
    base = {"ids": ["a", "b", "c"], "n": 2, "method": CELL, "amounts": [5, "2.5", 4]}
    others = [{"ids": ["b", "a", "c"]}, {"n": 1}, {"method": RANDOM}, {"amounts": [5, "2.6", 4]}, {"apart": True}]
    others += [{"reserves": 1}, {"purpose": "p"}]
    digests = {UnitPlan(**{**base, **change}).digest for change in [{}, *others]}
    assert len(digests) == len(others) + 1
    document = draw(UnitPlan(**base), 3)
    assert plan_from_document(document).digest == document["commitment"]
    public = UnitPlan(**base).commitment()
    assert public["commitment"] == document["commitment"] and public["total"] == "23/2" and "items" not in public
    with pytest.raises(ValueError, match="format"):
        plan_from_document({"format": "other"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"ids": ["a", "a"], "n": 1},
        {"ids": ["a"], "n": 0},
        {"ids": ["a"], "n": 2},
        {"ids": ["a"], "n": 1, "amounts": [1, 2]},
        {"ids": ["a"], "n": 1, "method": "sieve"},
        {"ids": ["a"], "n": 5, "amounts": [3]},
    ],
)
def test_impossible_plans_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError):
        UnitPlan(**wrong)


def test_the_first_unit_is_never_zero() -> None:
    assert line_units.unit_at(Fraction(0), 0, 10, 2) == 1
