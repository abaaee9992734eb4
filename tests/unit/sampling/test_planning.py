"""Sample sizes: every published case, the printed tables, and the least n by brute force in fractions."""

from __future__ import annotations

import json
import math
import random
from fractions import Fraction
from pathlib import Path

import pytest

from probity.sampling import HYPERGEOMETRIC, Model, NoPlan, Prior, acceptance_number, plan, share_size
from probity.sampling.exact import at_most

BINOMIAL, POISSON = Model("binomial"), Model("poisson")


def model(kind: str, population: int | None = None, prior: Prior | None = None) -> Model:
    return Model(kind, population if kind == HYPERGEOMETRIC else None, prior)


def test_every_published_sample_size(shared: Path) -> None:
    """AICPA, CRAN MUS, SRA, SMASH21, AuditSampler, jfa; where jfa differs from exact arithmetic, exact holds."""
    cases = json.loads((shared / "data/audit_sampling/sample_size_cases.json").read_text(encoding="utf-8"))["cases"]
    assert len(cases) == 150
    for case in cases:
        given = case["inputs"]
        kind = model(given["likelihood"], given.get("N.units"))
        arguments = (kind, given["conf.level"], given["materiality"], given.get("expected", 0))
        if case["exact_n"] is None:
            with pytest.raises(NoPlan):
                plan(*arguments)
            continue
        found = plan(*arguments)
        assert (found.n, float(found.x)) == (case["exact_n"], pytest.approx(case["exact_x"], abs=1e-6)), case


# AICPA, Audit Guide: Audit Sampling (2017), table A-2 (90 %), tolerable rate -> sizes for expected rates from 0 by
# 0.25 % to 4 %, then 5 %, 6 %, 7 %. Exact where the print differs: 7 % and 3.25 %, 3.5 %: 113, printed 112.
TABLE_A2 = {
    5: [45, 77, 77, 77, 77, 77, 105, 105, 132, 132, 158, 209, 258, 306, 400, 583, 873],
    7: [32, 55, 55, 55, 55, 55, 55, 55, 75, 75, 75, 94, 94, 113, 113, 131, 149, 318, 1150],
    8: [28, 48, 48, 48, 48, 48, 48, 48, 48, 65, 65, 65, 65, 82, 82, 98, 98, 160, 349, 1300],
}
EXPECTED = [*(Fraction(i, 400) for i in range(17)), *(Fraction(i, 100) for i in (5, 6, 7))]

# The same guide, table C-1 (monetary units): confidence, expected / tolerable -> sizes for tolerable rates TOLERABLE.
TOLERABLE = ("0.5", "0.3", "0.1", "0.08", "0.06", "0.05", "0.04", "0.03", "0.02", "0.01", "0.005")
TABLE_C1 = {
    ("0.95", 0): [6, 10, 30, 38, 50, 60, 75, 100, 150, 300, 600],
    ("0.95", "0.3"): [12, 20, 60, 75, 100, 120, 150, 200, 300, 600, 1199],
    ("0.95", "0.5"): [24, 39, 116, 145, 193, 231, 289, 385, 577, 1154, 2308],
    ("0.9", "0.5"): [16, 27, 80, 100, 134, 160, 200, 267, 400, 799, 1597],
    ("0.75", "0.4"): [6, 10, 29, 37, 49, 58, 73, 97, 145, 289, 578],
    ("0.65", "0.6"): [7, 12, 34, 43, 57, 68, 85, 113, 169, 338, 676],
    ("0.5", "0.6"): [4, 6, 17, 22, 29, 34, 43, 57, 85, 170, 340],
}


@pytest.mark.parametrize("tolerable", TABLE_A2)
def test_aicpa_table_of_attributes(tolerable: int) -> None:
    sizes = TABLE_A2[tolerable]
    expected = EXPECTED[: len(sizes)]
    assert [plan(BINOMIAL, "0.9", Fraction(tolerable, 100), e).n for e in expected] == sizes


@pytest.mark.parametrize(("confidence", "ratio"), TABLE_C1)
def test_aicpa_table_of_monetary_units(confidence: str, ratio: str) -> None:
    found = [plan(POISSON, confidence, t, Fraction(t) * Fraction(ratio)).n for t in TOLERABLE]
    assert found == TABLE_C1[confidence, ratio]


def test_floats_are_read_as_they_are_written() -> None:
    """400 x 0.035 is 14, not a little more; 1,300 x 0.07 is 91."""
    first, second = plan(BINOMIAL, 0.9, 0.05, 0.035), plan(BINOMIAL, 0.9, 0.08, 0.07)
    assert (first.n, first.x, first.limit) == (400, 14, 14)
    assert (second.n, second.x) == (1300, 91)


def test_other_published_sizes() -> None:
    """Touw, Hoogduin (2011) p. 17 and 23; SMASH21 rows 1 % and 3 %; posterior sizes of jfa's tests."""
    assert [plan(POISSON, c, "0.01").n for c in ("0.95", "0.9", "0.75", "0.6", "0.5")] == [300, 231, 139, 92, 70]
    assert [plan(POISSON, c, Fraction(1, 50)).n for c in ("0.95", "0.875")] == [150, 104]
    rates = [Fraction(i, 20) for i in range(1, 11)]
    assert [plan(POISSON, "0.95", t, "0.01").n for t in rates] == [93, 37, 23, 17, 13, 11, 10, 8, 7, 7]
    assert [plan(POISSON, "0.95", t, "0.03").n for t in rates] == [357, 60, 31, 21, 16, 13, 11, 9, 8, 7]
    uniform = model("binomial", prior=Prior.uniform())
    assert plan(uniform, "0.95", "0.05", "0.025", whole_errors=False).n == 220
    assert plan(model("poisson", prior=Prior.earlier_units(7, 1)), "0.95", "0.05", "0.025").n == 285
    assert plan(model("poisson", prior=Prior.of(1, 0)), "0.95", precision="0.02").n == 150
    assert plan(BINOMIAL, "0.95", "0.03", "0.013", precision="0.05").n == 303


def chance(kind: Model, n: int, x: int, t: Fraction) -> Fraction:
    """The risk in plain fractions, straight from the definition."""
    if kind.population is None:
        return sum((math.comb(n, i) * t**i * (1 - t) ** (n - i) for i in range(x + 1)), Fraction(0))
    size, errors = kind.population, math.ceil(t * kind.population)
    ways = sum(math.comb(errors, i) * math.comb(size - errors, n - i) for i in range(x + 1))
    return Fraction(ways, math.comb(size, n))


def test_no_smaller_sample_is_enough_and_this_one_is() -> None:
    """Random attribute plans against a search through every n; nothing is skipped, so jumps of x are seen."""
    r = random.Random(110)
    for _ in range(40):
        kind = r.choice([BINOMIAL, Model(HYPERGEOMETRIC, r.randint(20, 150))])
        confidence, t = Fraction(r.randint(50, 99), 100), Fraction(r.randint(4, 40), 100)
        e: Fraction | int = r.choice([Fraction(r.randint(0, 400), 1000) * t, r.randint(1, 3)])
        top = kind.population or 200
        answer = None
        for n in range(1, top + 1):
            x = e if e >= 1 else math.ceil(n * e)
            if x < n and chance(kind, n, int(x), t) <= 1 - confidence:
                answer = n
                break
        if answer is None:
            with pytest.raises(NoPlan):
                plan(kind, confidence, t, e, most=top)
        else:
            assert plan(kind, confidence, t, e, most=top).n == answer


def test_posterior_plans_are_the_least() -> None:
    """Whole errors go by runs, parts of errors one by one: against a search through every n."""
    r = random.Random(6)
    for _ in range(12):
        prior = Prior.of(r.choice([1, "1.5", 3]), r.choice([1, 20, "35.5"]))
        kind = r.choice(
            [Model("binomial", prior=prior), Model("poisson", prior=prior), Model(HYPERGEOMETRIC, 120, prior)]
        )
        confidence, t = Fraction(r.randint(50, 95), 100), Fraction(r.randint(8, 30), 100)
        e: Fraction | int = r.choice([Fraction(0), t * Fraction(r.randint(1, 4), 10), 2])
        whole = r.choice([True, None])
        try:
            found = plan(kind, confidence, t, e, whole_errors=whole, most=120)
        except NoPlan:
            continue
        for n in range(1, found.n + 1):
            x = Fraction(e) if e >= 1 else n * Fraction(e)
            x = Fraction(math.ceil(x)) if whole or kind.kind != "poisson" else x
            assert (x < n and at_most(kind.risk(n, x, t), 1 - confidence)) == (n == found.n)


def test_halving_finds_the_least_monetary_sample() -> None:
    r = random.Random(4)
    for _ in range(15):
        t, confidence = Fraction(r.randint(20, 300), 1000), Fraction(r.randint(50, 99), 100)
        found = plan(POISSON, confidence, t, t * Fraction(r.randint(0, 6), 10), most=2000)
        enough = [at_most(POISSON.risk(n, n * found.expected, t), 1 - confidence) for n in range(1, found.n + 5)]
        assert enough == [n >= found.n for n in range(1, found.n + 5)]


def test_ties_are_enough() -> None:
    """One error in 100, 95 drawn: the risk is exactly 5 %. One item at 50 %: exactly one half."""
    assert plan(Model(HYPERGEOMETRIC, 100), "0.95", "0.01").n == 95
    assert plan(BINOMIAL, "0.5", "0.5").n == 1


def test_a_prior_makes_the_sample_smaller_and_a_census_is_always_enough() -> None:
    assert plan(model("binomial", prior=Prior.earlier(40, 0)), "0.95", "0.05").n < plan(BINOMIAL, "0.95", "0.05").n
    finite = Model(HYPERGEOMETRIC, 300, Prior.impartial("0.05"))
    assert plan(finite, "0.95", "0.05", 1).n < plan(Model(HYPERGEOMETRIC, 300), "0.95", "0.05", 1).n
    assert plan(Model(HYPERGEOMETRIC, 7), "0.999", "0.2").n <= 7
    assert plan(model("binomial", prior=Prior.uniform()), "0.95", "0.05").n == 58  # (1 - t)^(n + 1) <= 5 %


def test_acceptance_numbers() -> None:
    assert acceptance_number(BINOMIAL, 400, "0.9", "0.05") == 14
    assert acceptance_number(BINOMIAL, 10, "0.95", "0.05") == -1
    assert acceptance_number(Model(HYPERGEOMETRIC, 100), 100, "0.95", "0.1") == 9


def test_shares_are_rounded_up() -> None:
    """10 % of 587 declarants: 59, 2 % of these: 2; 1,180: 118, 3."""
    assert [share_size(587, "0.10"), share_size(59, 0.02)] == [59, 2]
    assert [share_size(1180, 0.1), share_size(118, "0.02")] == [118, 3]
    assert share_size(30, 0.1) == 3 and share_size(3, "0.1", 5) == 3 and share_size(0, "0.1") == 0


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((BINOMIAL, 1, "0.05"), "between 0 and 1"),
        ((BINOMIAL, "0.95", 0), "rate between"),
        ((BINOMIAL, "0.95"), "needs a tolerable rate"),
        ((BINOMIAL, "0.95", "0.05", "0.05"), "not below"),
        ((BINOMIAL, "0.95", "0.05", "0.0499"), "up to 100000"),
        ((BINOMIAL, "0.95", "0.05", -1), "not negative"),
    ],
)
def test_impossible_plans_are_refused(arguments: tuple, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        plan(*arguments)


def test_impossible_models_are_refused() -> None:
    for wrong in (("normal",), ("binomial", 5), (HYPERGEOMETRIC,), ("binomial", None, Prior(Fraction(1), Fraction(0)))):
        with pytest.raises(ValueError):
            Model(*wrong)
