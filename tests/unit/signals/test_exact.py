"""The exact tests against brute force and published identities."""

from __future__ import annotations

import itertools
from math import comb

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probity.signals import exact

chances = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=9)


@given(chances)
@settings(max_examples=60, deadline=None)
def test_poisson_binomial_equals_enumeration(p: list[float]) -> None:
    law = np.zeros(len(p) + 1)
    for outcome in itertools.product((0, 1), repeat=len(p)):
        law[sum(outcome)] += np.prod([x if o else 1 - x for o, x in zip(outcome, p, strict=True)])
    assert np.allclose(exact.poisson_binomial(np.array(p)), law, atol=1e-12)


@given(st.lists(st.integers(1, 3), min_size=2, max_size=7).filter(lambda w: len(set(w)) > 1))
@settings(max_examples=60, deadline=None)
def test_rotation_equals_counting_all_orders(winners: list[int]) -> None:
    def repeats(order: tuple[int, ...]) -> int:
        return sum(a == b for a, b in itertools.pairwise(order))

    orders = set(itertools.permutations(winners))
    expected = sum(repeats(o) <= repeats(tuple(winners)) for o in orders) / len(orders)
    assert exact.rotation(winners) == pytest.approx(expected)


def test_binomial_and_hypergeometric_tails() -> None:
    k, n = pa.array([0.0, 3.0, 5.0, None]), pa.array([5.0, 5.0, 5.0, 5.0])
    half = pa.array([0.5] * 4)
    assert exact.binom_sf(k, n, half).to_pylist() == pytest.approx([1.0, 16 / 32, 1 / 32, None])
    got = exact.hypergeom_sf(pa.array([2.0]), pa.array([10.0]), pa.array([4.0]), pa.array([3.0])).to_pylist()[0]
    assert got == pytest.approx((comb(4, 2) * 6 + comb(4, 3)) / comb(10, 3))


def test_many_trials_use_the_normal_law_and_stay_close() -> None:
    p = np.linspace(0.01, 0.4, exact.EXACT_LIMIT + 1)
    law = exact.poisson_binomial(p)
    got = exact.pbinom_sf(pa.array([95.0]), pa.array([p.tolist()])).to_pylist()[0]
    assert got == pytest.approx(law[95:].sum(), abs=2e-3)
    cdf = exact.pbinom_cdf(pa.array([70.0]), pa.array([p.tolist()])).to_pylist()[0]
    assert cdf == pytest.approx(law[:71].sum(), abs=2e-3)


def test_false_discovery_rate_in_sql_equals_scipy() -> None:
    import duckdb
    from scipy import stats

    from probity import settings as project
    from probity.signals import engine

    macros, _ = engine.read_helpers(project.ROOT / "include" / "sql" / "procurement")
    p = np.round(np.random.default_rng(3).random(40) ** 3, 3)
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t AS SELECT unnest(?) AS p", [p.tolist()])
        for text in macros:
            con.execute(text)
        got = con.execute("SELECT p, q FROM bh('t') ORDER BY p").fetchall()
    expected = np.sort(stats.false_discovery_control(p))
    assert np.allclose([q for _, q in got], expected)
