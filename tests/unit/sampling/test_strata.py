"""Allocation: sums, limits, the largest remainder, and Neyman's variance no other whole numbers beat."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probity import draw
from probity.sampling import neyman, proportional, with_certain

SIZES = st.dictionaries(st.sampled_from("甲乙丙丁戊己"), st.integers(0, 40), min_size=1, max_size=6)


@settings(max_examples=100, deadline=None)
@given(SIZES, st.integers(0, 3), st.data())
def test_proportional_keeps_sum_and_limits(sizes: dict[str, int], minimum: int, data: st.DataObject) -> None:
    low = sum(min(minimum, s) for s in sizes.values())
    total = data.draw(st.integers(low, sum(sizes.values())))
    given_ = proportional(total, sizes, minimum)
    assert sum(given_.values()) == total
    assert all(min(minimum, sizes[s]) <= given_[s] <= sizes[s] for s in sizes)
    if minimum == 0 and total:
        exact = {s: Fraction(total * size, sum(sizes.values())) for s, size in sizes.items()}
        assert all(abs(given_[s] - exact[s]) < 1 for s in sizes)


def test_proportional_by_hand() -> None:
    assert proportional(10, {"a": 100, "b": 3, "c": 1}, 1) == {"a": 8, "b": 1, "c": 1}
    assert proportional(9, {"a": 60, "b": 30}, 3) == {"a": 6, "b": 3}
    assert proportional(5, {"a": 50, "b": 25, "c": 25}) in (
        {"a": 3, "b": 1, "c": 1},
        {"a": 2, "b": 2, "c": 1},
        {"a": 2, "b": 1, "c": 2},
    )
    for total in (-1, 1, 200):
        with pytest.raises(ValueError):
            proportional(total, {"a": 60, "b": 30}, 2)


def variance(sizes: dict[str, int], spreads: dict[str, Fraction], n: dict[str, int]) -> Fraction:
    return sum(((sizes[s] * spreads[s]) ** 2 * (Fraction(1, n[s]) - Fraction(1, sizes[s])) for s in sizes), Fraction(0))


def test_no_whole_numbers_beat_neyman() -> None:
    sizes = {"a": 7, "b": 12, "c": 5}
    spreads = {"a": Fraction(3, 2), "b": Fraction(1), "c": Fraction(7)}
    for total in range(3, 25):
        for minimum in (1, 2):
            if total < 3 * minimum:
                continue
            ranges = [range(min(minimum, sizes[s]), sizes[s] + 1) for s in "abc"]
            options = [dict(zip("abc", n, strict=True)) for n in itertools.product(*ranges) if sum(n) == total]
            best = min(variance(sizes, spreads, n) for n in options)
            found = neyman(total, sizes, spreads, minimum)
            assert found in options and variance(sizes, spreads, found) == best


def test_neyman_fills_strata_without_spread_last() -> None:
    assert neyman(6, {"a": 4, "b": 4}, {"a": 0, "b": "0.5"}) == {"a": 2, "b": 4}
    with pytest.raises(ValueError, match="not negative"):
        neyman(4, {"a": 4}, {"a": -1})
    with pytest.raises(KeyError):
        neyman(4, {"a": 4}, {})


def test_ties_do_not_go_by_the_alphabet() -> None:
    """Equal strata, one place more than they share out: over many names the first does not always win."""
    firsts = {proportional(3, {f"{i}x": 10, f"{i}y": 10})[f"{i}x"] for i in range(20)}
    assert firsts == {1, 2}


def test_items_certain_by_size_make_a_stratum() -> None:
    """Two large items are always drawn; the others by weight, about n weight / total of what is left."""
    amounts: dict[str, str | int] = {"A": 500, "B": "120.5", **{f"S{i}": i for i in range(1, 11)}}
    population, sizes = with_certain(amounts, 5)
    assert population["certain"] == ["A", "B"] and sizes == {"certain": 2, "drawn": 3}
    plan, counts, seeds = draw.Plan(population, sizes, amounts), dict.fromkeys(amounts, 0), 1500
    for seed in range(seeds):
        for ticket in draw.draw(plan, seed)["tickets"]:
            counts[ticket["id"]] += 1
    assert counts["A"] == counts["B"] == seeds
    for i in range(1, 11):
        assert counts[f"S{i}"] / seeds == pytest.approx(3 * i / 55, abs=0.06)
    for wrong in ({"a": 0, "b": 1}, {"a": 1}):
        with pytest.raises(ValueError):
            with_certain(wrong, 2)
