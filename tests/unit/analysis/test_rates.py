"""The exact comparisons against worked examples, brute force and their own definitions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from probity.analysis import compare, difference, dispersion, limits, rate, share

counts = st.integers(0, 60)
exposures = st.integers(1, 80)


def test_rate_ratio_of_a_published_example() -> None:
    """Lung cancer in Fredericia against three other towns (eba1977), the example of R's ``poisson.test``:
    ``poisson.test(c(11, 6 + 8 + 7), c(800, 1083 + 1050 + 878))`` gives 1.971488 with limits 0.8584264 to 4.2772659."""
    found = compare((11, 800), (21, 3011))
    assert found.ratio == pytest.approx(1.971488, abs=1e-6)
    assert (found.low, found.high) == pytest.approx((0.8584264, 4.2772659), abs=1e-7)
    assert found.state == "within"


def test_limits_of_a_poisson_mean() -> None:
    """Garwood's table: 10 events, 95 %: 4.795 to 18.390; none: 0 to 3.689."""
    ten = rate(10, 1)
    assert (ten.low, ten.high) == pytest.approx((4.795, 18.390), abs=5e-4)
    none = rate(0, 1)
    assert none.low == 0 and none.high == pytest.approx(3.689, abs=5e-4)
    assert rate(0, 0).estimate is None


@given(counts, exposures, counts, exposures)
def test_the_verdict_and_the_interval_never_disagree(x: int, t: int, y: int, s: int) -> None:
    found = compare((x, t), (y, s))
    # The conditional law, summed term by term.
    n, p = x + y, t / (t + s)
    upper = math.fsum(float(stats.binom.pmf(k, n, p)) for k in range(x, n + 1))
    lower = math.fsum(float(stats.binom.pmf(k, n, p)) for k in range(x + 1))
    assert found.p_value == pytest.approx(min(1.0, 2 * min(upper, lower)), abs=1e-9)
    assert found.low is not None
    if abs(found.p_value - 0.05) > 1e-6:
        outside = found.low > 1 or (found.high is not None and found.high < 1)
        assert outside == (found.p_value < 0.05)
        assert (found.state in ("up", "down")) == outside
    swapped = compare((y, s), (x, t))
    assert swapped.p_value == pytest.approx(found.p_value)


def test_counts_too_small_for_any_verdict_say_so() -> None:
    assert compare((3, 10), (0, 10)).state == "few", "three against none: two-sided p is 0.25 at the most extreme"
    assert compare((6, 10), (0, 10)).state == "up"
    assert compare((0, 10), (0, 10)).state == "few"
    assert compare((2, 5), (0, 0)).state == "no_base"
    with pytest.raises(ValueError, match="impossible"):
        compare((2, 0), (1, 3))


@settings(deadline=None)
@given(counts, exposures, exposures)
def test_prediction_limits_hold_just_the_counts_that_are_within_chance(y: int, s: int, t: int) -> None:
    found = limits((y, s), t)
    assert found is not None
    low, high = found
    inside = [x for x in range(high + 20) if compare((x, t), (y, s)).p_value > 0.05]
    assert inside == list(range(low, high + 1))


def test_clustered_defects_need_more_before_a_change_is_believed() -> None:
    even = dispersion([[1, 1, 1, 1], [2, 2, 2]])
    assert even == 1, "less than Poisson variation is not believed"
    phi = dispersion([[0, 0, 0, 8], [0, 0, 4]])
    # by hand: ((3 * 4 + 36) / 2 + (2 * 16/9 + 64/9) / (4/3)) / (3 + 2)
    assert phi == pytest.approx((24 + 8) / 5)
    assert dispersion([]) == dispersion([[3]]) == 1
    plain, clustered = compare((16, 10), (5, 10)), compare((16, 10), (5, 10), 2.5)
    assert plain.state == "up" and clustered.state == "within"
    assert compare((16, 10), (5, 10), phi).state == "few", "some three or four clusters are too few to tell"
    assert plain.ratio == clustered.ratio and clustered.low < plain.low < plain.high < clustered.high


def test_the_type_one_error_is_kept() -> None:
    """Exactly, over every outcome: two groups of the same Poisson rate are called different in at most 5 %."""
    mean, wrong = 6.0, 0.0
    for x in range(40):
        for y in range(40):
            if compare((x, 1), (y, 1)).state in ("up", "down"):
                wrong += float(stats.poisson.pmf(x, mean) * stats.poisson.pmf(y, mean))
    assert 0 < wrong <= 0.05


def test_difference_of_shares_of_a_published_example() -> None:
    """Newcombe (1998), table II, example (a): 56 of 70 less 48 of 80: method 10 gives 0.0524 to 0.3339."""
    found = difference((56, 70), (48, 80))
    assert found.estimate == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert found.ratio == pytest.approx(0.8 / 0.6) and found.state == "up"


def test_a_share_has_exact_limits_and_none_without_a_denominator() -> None:
    """Clopper and Pearson: 0 of 10 is at most 30.85 %, 10 of 10 at least 69.15 %."""
    assert share(0, 10).high == pytest.approx(0.3085, abs=1e-4)
    assert share(10, 10).low == pytest.approx(0.6915, abs=1e-4)
    empty = share(0, 0)
    assert (empty.estimate, empty.low, empty.high) == (None, None, None)
    with pytest.raises(ValueError, match="impossible"):
        share(3, 2)


def test_shares_of_few_cases_give_no_verdict() -> None:
    assert difference((2, 2), (0, 2)).state == "few"
    assert difference((0, 0), (1, 2)).state == "no_base"
    assert difference((5, 10), (5, 10)).state == "within"
    assert difference((0, 12), (9, 12)).state == "down"
