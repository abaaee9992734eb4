"""Limits: every published case, printed tables, scipy beside certified text, Stringer, posterior limits, verdicts."""

from __future__ import annotations

import json
import math
import random
from fractions import Fraction
from pathlib import Path

import pytest
from scipy import integrate, stats

from probity.sampling import (
    HYPERGEOMETRIC,
    POISSON,
    Model,
    Prior,
    Stratum,
    cox_snell,
    evaluate,
    money,
    stratified,
    stringer,
    taint,
)
from probity.sampling.evaluating import stringer_limits

BINOMIAL = Model("binomial")


def test_every_published_limit(shared: Path) -> None:
    cases = json.loads((shared / "data/audit_sampling/upper_limit_cases.json").read_text(encoding="utf-8"))["cases"]
    assert len(cases) == 150
    for case in cases:
        given, expected = case["inputs"], case["expected"]
        kind = Model(given["method"], given.get("N.units"))
        found = evaluate(kind, given["n"], given["x"], given["conf.level"], given["materiality"])
        assert found.upper == pytest.approx(expected["ub"], abs=1e-9), case
        assert found.most_likely == pytest.approx(expected["mle"], abs=1e-9)
        assert found.precision == pytest.approx(expected["precision"], abs=1e-9)
        assert found.p_value == pytest.approx(expected["p.value"], abs=1e-8)
        assert found.accepted == (expected["p.value"] <= 1 - given["conf.level"])
        assert -1e-12 <= float(found.upper_text) - found.upper <= 1.000001e-6


@pytest.mark.parametrize(
    ("confidence", "n", "row"),
    [
        ("0.95", 20, [14.0, 21.7, 28.3, 34.4, 40.2, 45.6, 50.8, 55.9, 60.7, 65.4, 69.9]),
        ("0.95", 100, [3.0, 4.7, 6.2, 7.6, 9.0, 10.3, 11.5, 12.8, 14.0, 15.2, 16.4]),
        ("0.95", 500, [0.6, 1.0, 1.3, 1.6, 1.9, 2.1, 2.4, 2.7, 2.9, 3.2, 3.4]),
        ("0.9", 60, [3.8, 6.4, 8.7, 10.8, 12.9, 15.0, 16.9, 18.9, 20.8, 22.7, 24.6]),
        ("0.9", 200, [1.2, 2.0, 2.7, 3.4, 4.0, 4.6, 5.3, 5.9, 6.5, 7.1, 7.6]),
    ],
)
def test_aicpa_tables_of_limits(confidence: str, n: int, row: list[float]) -> None:
    """AICPA, Audit Guide: Audit Sampling (2017), tables A-3 and A-4: per cent, rounded up to one decimal."""
    found = [Fraction(evaluate(BINOMIAL, n, x, confidence).upper_text) for x in range(11)]
    assert [math.ceil(f * 1000) / 10 for f in found] == row


def test_limit_texts_are_the_least_that_are_enough() -> None:
    r = random.Random(3)
    for _ in range(20):
        kind = r.choice([BINOMIAL, Model(POISSON), Model("binomial", prior=Prior.of("2.5", 30))])
        n, level = r.randint(5, 300), Fraction(r.randint(60, 99), 100)
        x = Fraction(r.randint(0, n // 3))
        value = Fraction(evaluate(kind, n, x, level).upper_text)
        assert float(kind.risk(n, x, value)) <= float(1 - level) + 1e-12
        assert float(kind.risk(n, x, value - Fraction(1, 10**6))) > float(1 - level) - 1e-12


def test_two_sided_limits_are_clopper_pearson_and_cover() -> None:
    found = evaluate(BINOMIAL, 50, 3, "0.95", two_sided=True)
    assert found.lower == pytest.approx(stats.beta.ppf(0.025, 3, 48))
    assert found.upper == pytest.approx(stats.beta.ppf(0.975, 4, 47))
    finite = Model(HYPERGEOMETRIC, 60)
    for errors in range(0, 61, 5):
        inside = 0.0
        for x in range(max(0, errors - 40), min(20, errors) + 1):
            limits = evaluate(finite, 20, x, "0.9", two_sided=True)
            inside += (limits.lower <= errors / 60 <= limits.upper) * stats.hypergeom.pmf(x, 60, errors, 20)
        assert inside >= 0.9


def test_hypergeometric_limit_and_verdict_agree() -> None:
    """The tolerable rate is excluded just when the limit lies below the least number of errors that reaches it."""
    for population, n, x in ((100, 60, 0), (500, 65, 1), (73, 20, 2), (30, 30, 4)):
        finite = Model(HYPERGEOMETRIC, population)
        for t in (Fraction(i, 40) for i in range(1, 40)):
            found = evaluate(finite, n, x, "0.95", t)
            assert found.upper_errors is not None
            assert found.accepted == (found.upper_errors < math.ceil(t * population))
    assert evaluate(Model(HYPERGEOMETRIC, 30), 30, 4, "0.95").upper_errors == 4


def test_posterior_limits() -> None:
    uniform = evaluate(Model("binomial", prior=Prior.uniform()), 60, 1, "0.95", "0.1")
    assert uniform.upper == pytest.approx(stats.beta.ppf(0.95, 2, 60))
    assert (uniform.most_likely, uniform.accepted) == (pytest.approx(1 / 60), True)
    poisson = evaluate(Model(POISSON, prior=Prior.of("1.5", 20)), 100, "0.7", "0.9")
    assert poisson.upper == pytest.approx(stats.gamma.ppf(0.9, 2.2, scale=1 / 120))
    assert poisson.most_likely == pytest.approx(1.2 / 120)
    finite = evaluate(Model(HYPERGEOMETRIC, 200, Prior.uniform()), 40, 2, "0.9")
    rest = stats.betabinom(160, 3, 39)
    assert finite.upper_errors == 2 + int(rest.ppf(0.9))
    assert finite.most_likely * 200 == 2 + max(range(161), key=rest.pmf)
    improper = Model(POISSON, prior=Prior.of(1, 0))
    assert evaluate(improper, 80, "1.25", "0.95").upper_text == evaluate(Model(POISSON), 80, "1.25", "0.95").upper_text


def test_stringer_bound_from_its_definition() -> None:
    taints = [Fraction(3, 10), 0, Fraction(1, 2), Fraction(-1, 5), 1]
    for base, limit in (
        ("binomial", lambda j: float(stats.beta.ppf(0.95, j + 1, 100 - j))),
        (POISSON, lambda j: float(stats.gamma.ppf(0.95, j + 1)) / 100),
    ):
        found = stringer(taints, 100, "0.95", "0.2", base=base)
        steps = [limit(0), *((limit(j) - limit(j - 1)) * t for j, t in ((1, 1.0), (2, 0.5), (3, 0.3)))]
        assert found.upper == pytest.approx(sum(steps), abs=1e-12)
        assert found.most_likely == pytest.approx(0.018) and found.accepted is True
        assert stringer(taints, 100, "0.95", base=base, offset=True).upper == pytest.approx(found.upper - 0.002)
    whole = evaluate(BINOMIAL, 100, 2, "0.95")
    assert stringer([1, 1], 100, "0.95").upper == pytest.approx(whole.upper)
    assert stringer([], 100, "0.95").upper_text == evaluate(BINOMIAL, 100, 0, "0.95").upper_text
    lta = stringer(["0.6"] * 3 + ["-0.5"] * 3, 60, "0.95", offset=True)  # jfa's own test of its method stringer.lta
    assert lta.upper == pytest.approx(0.06899349, abs=5e-9)
    assert stringer_limits(2, 100, "0.95") == ["0.029513049608", "0.046559811454", "0.061619200397"]


def test_the_verdict_of_stringer_at_the_limit_itself() -> None:
    """0 errors in 2 at 75 %: the limit is exactly 1/2, which is within a tolerable half."""
    assert stringer([], 2, "0.75", "0.5").accepted is True
    assert stringer([], 2, "0.75", "0.499999999999999999").accepted is False
    assert stringer(["0.25"], 50, "0.95", "0.0671").accepted is True
    assert stringer(["0.25"], 50, "0.95", "0.065").accepted is False


def test_cox_snell_is_the_posterior_of_rate_times_mean_taint() -> None:
    """By integration: errors Poisson(n rate), rate gamma(1, 10); taints exponential, 1 / mean gamma(3, 1)."""
    n, taints = 80, (0.4, 0.9)
    found = cox_snell([Fraction(2, 5), Fraction(9, 10), 0], n, "0.9")
    rate, inverse = stats.gamma(3, scale=1 / (n + 10)), stats.gamma(2 + 3, scale=1 / (sum(taints) + 1))
    below, _ = integrate.quad(lambda v: rate.cdf(found.upper * v) * inverse.pdf(v), 0, 40, limit=200)
    assert below == pytest.approx(0.9, abs=1e-6)
    assert -1e-12 <= float(found.upper_text) - found.upper <= 1.000001e-6
    for step, accepted in ((0, True), (1, False)):
        limit = Fraction(found.upper_text) - Fraction(step, 10**6)
        assert cox_snell(["0.4", "0.9"], n, "0.9", limit).accepted is accepted


def test_money_adds_what_is_known() -> None:
    rates = stringer([taint(1000, 600)], 93, "0.95")
    found = money(rates, 2_500_000, known=-1200, tolerable=125_000)
    assert found.upper_total == pytest.approx(rates.upper * 2_500_000 - 1200)
    assert found.accepted is True and float(found.upper_text) == pytest.approx(found.upper_total, abs=2.6)
    assert found.most_likely_total == pytest.approx(0.4 / 93 * 2_500_000 - 1200)
    with pytest.raises(ValueError, match="cannot be hit"):
        taint(0, 5)


def test_stratified_rates() -> None:
    one = stratified([Stratum(100, 60, 0)], "0.95")
    assert one.upper_errors == 3
    even = stratified([Stratum(50_000, 50, 1), Stratum(50_000, 50, 1)], "0.95", "0.07")
    pooled = evaluate(BINOMIAL, 100, 2, "0.95", "0.07")
    assert even.upper == pytest.approx(pooled.upper, abs=2e-4)
    assert even.most_likely == pytest.approx(0.02) and even.accepted == pooled.accepted
    uneven = stratified([Stratum(900, 30, 3), Stratum(100, 30, 0)], "0.95", "0.1")
    assert uneven.most_likely == pytest.approx(0.09) and uneven.accepted is False
    census = stratified([Stratum(10, 10, 1), Stratum(30, 30, 3)], "0.95", "0.1")
    assert (census.upper_text, census.accepted) == ("0.1", False)
    with pytest.raises(ValueError, match="at least one"):
        stratified([Stratum(10, 0, 0), Stratum(10, 5, 0)], "0.95")


def test_impossible_counts_are_refused() -> None:
    for n, x, kind in ((5, 6, BINOMIAL), (5, -1, BINOMIAL), (9, 1, Model(HYPERGEOMETRIC, 8))):
        with pytest.raises(ValueError):
            evaluate(kind, n, x, "0.95")
    with pytest.raises(ValueError, match="whole"):
        evaluate(BINOMIAL, 5, "0.5", "0.95")
    with pytest.raises(ValueError, match="at most 1"):
        stringer(["1.5"], 10, "0.95")
    with pytest.raises(ValueError, match="taints in a sample"):
        stringer([1, 1], 1, "0.95")
