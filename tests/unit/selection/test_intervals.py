"""Confidence limits against published tables and hand-computed values."""

from __future__ import annotations

import json
from math import comb
from pathlib import Path

import pytest

from probity.selection import intervals


def test_clopper_pearson_against_published_upper_limits(shared: Path) -> None:
    """One-sided limits at level c are the two-sided ones at 2c - 1."""
    cases = json.loads((shared / "data/audit_sampling/upper_limit_cases.json").read_text(encoding="utf-8"))["cases"]
    checked = 0
    for case in cases:
        given, expected = case["inputs"], case["expected"]
        if given.get("method") != "binomial" or "prior" in given or given.get("alternative", "less") != "less":
            continue
        limits = intervals.clopper_pearson(given["x"], given["n"], 2 * given["conf.level"] - 1)
        assert limits.high == pytest.approx(expected["ub"], abs=1e-9), case["source"]
        checked += 1
    assert checked >= 5


def test_clopper_pearson_by_hand() -> None:
    """0 of n: the upper limit solves (1-p)^n = 0.025; 1 of 1 mirrors it."""
    assert intervals.clopper_pearson(0, 10).high == pytest.approx(1 - 0.025 ** (1 / 10))
    assert intervals.clopper_pearson(10, 10).low == pytest.approx(0.025 ** (1 / 10))
    # Textbook value: 7 of 20 at 95 %: 0.1539 to 0.5922 (Zar, Biostatistical Analysis).
    limits = intervals.clopper_pearson(7, 20)
    assert (limits.low, limits.high) == (pytest.approx(0.1539, abs=5e-5), pytest.approx(0.5922, abs=5e-5))
    assert intervals.clopper_pearson(0, 0).estimate is None


def tail(x: int, n: int, population: int, k: int, upper: bool) -> float:
    """P(X >= x) or P(X <= x) of the hypergeometric distribution, in whole numbers."""
    places = range(x, n + 1) if upper else range(x + 1)
    return sum(comb(k, i) * comb(population - k, n - i) for i in places) / comb(population, n)


@pytest.mark.parametrize(("x", "n", "population"), [(0, 2, 40), (1, 2, 40), (3, 12, 50), (5, 5, 9), (4, 30, 31)])
def test_finite_population_limits_by_exhaustion(x: int, n: int, population: int) -> None:
    possible = [
        k
        for k in range(x, population - n + x + 1)
        if tail(x, n, population, k, True) > 0.025 and tail(x, n, population, k, False) > 0.025
    ]
    limits = intervals.finite(x, n, population)
    assert (limits.low, limits.high) == (possible[0] / population, possible[-1] / population)


def test_a_complete_audit_knows_the_rate() -> None:
    limits = intervals.finite(3, 10, 10)
    assert limits.low == limits.high == limits.estimate == 0.3
    with pytest.raises(ValueError, match="impossible"):
        intervals.finite(3, 2, 10)


def test_stratified_is_horvitz_thompson_and_covers() -> None:
    limits = intervals.stratified([(1, 2, 100), (0, 2, 300)])
    assert limits.estimate == pytest.approx((100 * 0.5 + 0) / 400)
    # effective size: 1 / (1/16 * .98/2 + 9/16 * (1 - 2/300)/2)
    effective = 1 / (0.0625 * 0.98 / 2 + 0.5625 * (1 - 2 / 300) / 2)
    assert limits.high == pytest.approx(intervals.clopper_pearson(0.125 * effective, effective).high)
    assert intervals.stratified([(0, 0, 5)]).estimate is None


def test_ratio_and_false_discovery_by_hand() -> None:
    lift = intervals.ratio(30, 100, 10, 100)
    assert lift.estimate == pytest.approx(3.0)
    assert lift.low == pytest.approx(1.525, abs=0.01) and lift.high == pytest.approx(5.53, abs=0.01)
    assert intervals.ratio(5, 10, 0, 10).estimate is None
    assert intervals.false_discovery([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.16 / 3, 0.16 / 3, 0.5])
