"""Certified tails: they enclose the exact fraction, agree with scipy, and decide ties as declared."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import pytest
from scipy import special, stats

from probity.sampling import exact

NEAR = pytest.approx


def cases(seed: int, count: int = 60) -> list[random.Random]:
    return [random.Random(seed * 1000 + i) for i in range(count)]


def test_numbers_are_taken_as_they_are_written() -> None:
    assert exact.rational(0.1) == exact.rational("0.1") == exact.rational(Decimal("0.1")) == Fraction(1, 10)
    assert exact.rational("19/20") == Fraction(19, 20)
    for bad in ("x", float("nan"), float("inf"), Decimal("Infinity")):
        with pytest.raises(ValueError):
            exact.rational(bad)
    with pytest.raises(TypeError):
        exact.rational(True)


def enclosed(tail: exact.Tail) -> None:
    assert tail.fraction is not None
    low, high = tail.bounds(25)
    assert Fraction(low) <= tail.fraction() <= Fraction(high)


def test_sampling_tails() -> None:
    for r in cases(1):
        n, p = r.randint(1, 300), Fraction(r.randint(1, 999), 1000)
        x = r.randint(0, n)
        tail = exact.binomial(n, x, p)
        enclosed(tail)
        assert float(tail) == NEAR(stats.binom.cdf(x, n, float(p)), abs=1e-11)
        population = r.randint(2, 250)
        errors, n = r.randint(0, population), r.randint(0, population)
        x = r.randint(0, n)
        tail = exact.hypergeometric(population, errors, n, x)
        enclosed(tail)
        assert float(tail) == NEAR(stats.hypergeom.cdf(x, population, errors, n), abs=1e-10)


def test_posterior_tails() -> None:
    for r in cases(2, 40):
        shape, z = Fraction(r.randint(1, 3000), r.choice([1, 37])), Fraction(r.randint(1, 9000), 113)
        assert float(exact.gamma_above(shape, z)) == NEAR(special.gammaincc(float(shape), float(z)), abs=1e-11)
        a, b = Fraction(r.randint(1, 900), 37), Fraction(r.randint(1, 5000), r.choice([1, 41]))
        p = Fraction(r.randint(1, 999), 1000)
        assert float(exact.beta_above(a, b, p)) == NEAR(special.betaincc(float(a), float(b), float(p)), abs=1e-9)
        a, b, rest = Fraction(r.randint(1, 40), r.choice([1, 3])), Fraction(r.randint(1, 60), 4), r.randint(1, 60)
        tail = exact.beta_binomial(rest, a, b, r.randint(0, rest - 1))
        enclosed(tail)
        assert 0 <= float(tail) <= 1
    assert float(exact.beta_binomial(50, Fraction(5, 2), Fraction(30), 4)) == NEAR(stats.betabinom.cdf(4, 50, 2.5, 30))


def test_bounds_close_in_and_hold_the_truth() -> None:
    """More digits lie inside fewer digits; whole and fractional parameters meet."""
    tails = [
        exact.gamma_above(Fraction(51, 10), Fraction(77, 10)),
        exact.beta_above(Fraction(51, 10), Fraction(407, 10), Fraction(1, 9)),
        exact.binomial(1300, 91, Fraction(8, 100)),
    ]
    for tail in tails:
        low, high = tail.bounds(20)
        for digits in (40, 80, 160):
            inner = tail.bounds(digits)
            assert low <= inner[0] <= inner[1] <= high
            assert inner[1] - inner[0] < Decimal(10) ** (8 - digits)
            low, high = inner
    a, b = (
        exact.gamma_above(Fraction(5), Fraction(4)),
        exact.gamma_above(Fraction(5) + Fraction(1, 10**15), Fraction(4)),
    )
    assert float(a) == NEAR(float(b), abs=1e-14)


def test_ties_count_as_at_most() -> None:
    assert exact.at_most(exact.binomial(2, 0, Fraction(1, 2)), Fraction(1, 4))
    assert not exact.at_most(exact.binomial(2, 0, Fraction(1, 2)), Fraction(1, 4) - Fraction(1, 10**60))
    assert exact.at_most(exact.hypergeometric(100, 1, 95, 0), Fraction(1, 20))
    assert not exact.at_most(exact.hypergeometric(100, 1, 94, 0), Fraction(1, 20))
    assert exact.at_most(exact.complement(exact.binomial(1, 0, Fraction(1, 3))), Fraction(1, 3))


def test_tiny_probabilities_keep_their_bounds() -> None:
    low, high = exact.binomial(2_000_000, 0, Fraction(6, 7)).bounds(30)
    assert Decimal(0) < low < high < Decimal(10) ** -999_000
    assert exact.at_most(exact.gamma_above(Fraction(3, 2), Fraction(50_000)), Fraction(1, 10**12))
