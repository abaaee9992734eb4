"""Percent within limits against published figures (INDICATORS.md, Road-works quality acceptance)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probity.acceptance import percent, table_percent, within_limits

FAA = {"mean": 1, "sd": 1}


def test_the_published_worked_example():
    """FAA AC 150/5370-10, section 110: mat densities 96, 97, 99, 100 with L = 96.3: 81.48, by the table 82."""
    found = within_limits([96, 97, 99, 100], lower=96.3, rounding=FAA)
    assert found is not None
    assert round(found.value, 2) == 81.48
    assert found.table == 82


def test_the_second_example_with_two_limits():
    density = within_limits([96.60, 97.55, 99.30, 98.35], lower=96.3)
    voids = within_limits([5.00, 3.74, 2.30, 3.25], lower=2, upper=5)
    assert density is not None and voids is not None
    assert (round(density.value, 2), density.table) == (97.84, 98)
    assert (round(voids.lower, 2), round(voids.upper, 2)) == (96.64, 92.34)
    assert voids.table == 90  # 97 + 93 - 100
    assert round(voids.value, 2) == 88.98


@pytest.mark.parametrize(
    ("n", "q99", "q90"),
    [
        (3, 1.1541, 1.0982),
        (4, 1.4700, 1.2000),
        (5, 1.6714, 1.2290),
        (6, 1.8008, 1.2419),
        (7, 1.8888, 1.2492),
        (8, 1.9520, 1.2541),
    ],
)
def test_points_of_the_inverse(n, q99, q90):
    assert percent(q99, n) == pytest.approx(99, abs=0.03)
    assert percent(q90, n) == pytest.approx(90, abs=0.01)


@given(st.floats(-2, 2))
def test_four_samples_are_linear_and_both_sides_make_a_whole(q):
    assert percent(q, 4) == pytest.approx(min(100, max(0, 50 + 100 * q / 3)))
    assert percent(q, 6) + percent(-q, 6) == pytest.approx(100)


def test_what_cannot_be_estimated():
    assert within_limits([96, 97], lower=95) is None
    assert within_limits([96, 97, 98]) is None
    with pytest.raises(ValueError, match="3 samples"):
        percent(1.0, 2)


def test_a_lot_without_spread_is_wholly_in_or_out():
    assert within_limits([5, 5, 5], lower=5).value == 100
    assert within_limits([5, 5, 5], lower=5.1).value == 0


def test_the_table_takes_the_next_higher_percent():
    assert [table_percent(v) for v in (81.01, 82.0, 100.0, 0.0)] == [82, 82, 100, 0]
