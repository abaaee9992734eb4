"""What the sample found: most likely error, upper limit, precision, and the verdict.

In: a ``Model`` and the counts of attribute errors, or the taints of a monetary-unit sample. Out: ``Evaluation``.

Limits are one-sided at ``confidence`` unless said otherwise. The figures to read (``upper``, ``p_value``) come from
scipy; what is decided or published does not: the verdict, the number of errors of a finite population, and
``upper_text``, the limit rounded up to six decimals, are settled by certified tails (probity.sampling.exact), so every
machine gives the same. The verdict: the risk that the rate is tolerable or worse is at most 1 - confidence; equal is
low enough.

* attributes: Clopper-Pearson (binomial), test inversion of the hypergeometric: the greatest number of errors that the
  sample does not contradict (E. Talens, "Statistical Auditing and the AOQL-method", 2005), Poisson;
* monetary units: the Stringer bound from binomial or Poisson limits, with the offsets for understatements of Leslie,
  Teitlebaum and Anderson; the same counted as a sum of taints; D. R. Cox and E. J. Snell (1979) for taints by Bayes;
* posterior limits with a ``Prior``: beta, gamma, beta-binomial; the most likely rate is then the posterior mode.

Sources: C. J. Clopper, E. S. Pearson (1934), Biometrika 26:404; K. W. Stringer (1963), "Practical aspects of
statistical sampling in auditing"; D. A. Leslie, A. D. Teitlebaum, R. J. Anderson, "Dollar-Unit Sampling" (1979); D. R.
Cox, E. J. Snell (1979), Biometrika 66:125; AICPA, "Audit Guide: Audit Sampling" (2017).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from scipy import special, stats

from probity.sampling.exact import Number, at_most, beta_above, complement, rational
from probity.sampling.risk import BINOMIAL, HYPERGEOMETRIC, POISSON, Model, confidence_of, rate_of

PLACES = 6
LIMIT_PLACES = 12
_TIE_PLACES = 30


@dataclass(frozen=True)
class Evaluation:
    """A sample's result. Rates are shares of items or of money (0 to 1; Poisson limits may pass 1).

    ``most_likely``: the most likely rate; ``lower`` and ``upper``: limits; ``precision``: upper - most_likely;
    ``upper_text``: the upper limit rounded up to six decimals, the same on every machine (a finite population: the
    exact share as a fraction of its size, rounded up); ``upper_errors``: the same as a number of errors of a finite
    population; ``accepted``: is the tolerable rate excluded (None when none was given); ``p_value``: the risk that it
    is not; ``method``: name of the method.
    """

    method: str
    n: int
    errors: str
    confidence: str
    most_likely: float
    lower: float
    upper: float
    precision: float
    upper_text: str
    upper_errors: int | None = None
    tolerable: str | None = None
    accepted: bool | None = None
    p_value: float | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def evaluate(
    model: Model,
    n: int,
    errors: Number,
    confidence: Number,
    tolerable: Number | None = None,
    *,
    two_sided: bool = False,
) -> Evaluation:
    """Evaluate ``errors`` errors in ``n``. Poisson and posterior limits take sums of taints, the others whole errors
    (the binomial too takes a sum of taints, by the incomplete beta function).

    ``two_sided``: lower and upper limit at (1 - confidence) / 2 each; the verdict stays one-sided. Raises ValueError
    for impossible counts.
    """
    level, x = confidence_of(confidence), rational(errors)
    model.check(n, x)
    tail = (1 - level) / (2 if two_sided else 1)
    top, text, upper = _upper(model, n, x, tail)
    t = None if tolerable is None else rate_of(tolerable, "the tolerable rate")
    risk = None if t is None else model.risk(n, x, t)
    likely = most_likely(model, n, x)
    return Evaluation(
        method=f"{model.kind}{'' if model.prior is None else ', posterior'}",
        n=n,
        errors=str(x),
        confidence=str(level),
        most_likely=likely,
        lower=_lower(model, n, x, tail) if two_sided else 0.0,
        upper=upper,
        precision=upper - likely,
        upper_text=text,
        upper_errors=top,
        tolerable=None if t is None else str(t),
        accepted=None if risk is None else at_most(risk, 1 - level),
        p_value=None if risk is None else float(risk),
    )


def most_likely(model: Model, n: int, x: Fraction) -> float:
    """The most likely rate: errors / n, or the mode of the posterior (a finite population: of its number of errors)."""
    if model.prior is None:
        return float(x / n) if n else 0.0
    a, b = model.prior.alpha + x, model.prior.beta
    if model.kind == POISSON:
        return float(max(a - 1, Fraction(0)) / (b + n))
    b += n - x
    if model.kind == BINOMIAL:
        return float(min(max((a - 1) / (a + b - 2), Fraction(0)), Fraction(1))) if a + b > 2 else float(a / (a + b))
    assert model.population is not None
    rest = model.population - n
    # k + 1 errors among the rest are at least as likely as k while (rest - k)(a + k) >= (k + 1)(b + rest - k - 1)
    mode = math.floor(((rest + 1) * (a - 1)) / (a + b - 2)) if a > 1 and a + b > 2 else 0
    return float((x + min(max(mode, 0), rest)) / model.population)


def _upper(model: Model, n: int, x: Fraction, tail: Fraction) -> tuple[int | None, str, float]:
    """Upper limit: (number of errors | None, text rounded up, float)."""
    if model.kind == HYPERGEOMETRIC:
        assert model.population is not None
        top = upper_errors(model, n, int(x), tail)
        return top, _text(Fraction(top, model.population)), top / model.population
    if n == 0 and model.prior is None:
        return None, "1", 1.0
    return None, upper_text(model, n, x, tail), _quantile(model, n, x, 1 - tail)


def _quantile(model: Model, n: int, x: Fraction, level: Fraction) -> float:
    """Upper limit of the rate by scipy."""
    p = float(level)
    if model.kind == POISSON:
        a, b = (x + 1, Fraction(n)) if model.prior is None else (model.prior.alpha + x, model.prior.beta + n)
        return float(special.gammaincinv(float(a), p)) / float(b) if b else math.inf
    if model.prior is not None:
        return float(stats.beta.ppf(p, float(model.prior.alpha + x), float(model.prior.beta + n - x)))
    return 1.0 if x >= n else float(stats.beta.ppf(p, float(x + 1), float(n - x)))


def _lower(model: Model, n: int, x: Fraction, tail: Fraction) -> float:
    """Lower limit of the rate: the rate at which so many errors or more have the chance ``tail``."""
    p = float(tail)
    if model.kind == HYPERGEOMETRIC:
        return lower_errors(model, n, int(x), tail) / (model.population or 1)
    if model.prior is not None:
        return _quantile(model, n, x, tail)
    if x == 0:
        return 0.0
    if model.kind == POISSON:
        return float(special.gammaincinv(float(x), p)) / n
    return float(stats.beta.ppf(p, float(x), float(n - x + 1)))


def upper_errors(model: Model, n: int, x: int, tail: Fraction) -> int:
    """The greatest number of errors in a finite population whose risk is above ``tail``; whole, in exact arithmetic."""
    assert model.population is not None
    low, high = x, model.population - (n - x)  # the risk of ``low`` is above the tail, that of ``high`` + 1 is nil
    while low < high:
        middle = (low + high + 1) // 2
        if at_most(model.risk_of_errors(n, x, middle), tail):
            high = middle - 1
        else:
            low = middle
    return low


def lower_errors(model: Model, n: int, x: int, tail: Fraction) -> int:
    """The least number of errors in a finite population that the sample does not contradict from below.

    Without a prior: P(x or more errors | number) is above ``tail``; with one: P(number or fewer) is above it.
    """
    assert model.population is not None
    low, high = x, model.population - (n - x)
    while low < high:
        middle = (low + high) // 2
        if model.prior is None:
            # P(X >= x) = 1 - P(X <= x - 1), above the tail if P(X <= x - 1) < 1 - tail
            doubt = Model(HYPERGEOMETRIC, model.population).risk_of_errors(n, x - 1, middle) if x else None
            holds = doubt is None or not at_most(complement(doubt), tail)
        else:
            holds = not at_most(complement(model.risk_of_errors(n, x, middle + 1)), tail)
        low, high = (low, middle) if holds else (middle + 1, high)
    return low


def upper_text(model: Model, n: int, x: Fraction, tail: Fraction, places: int = PLACES) -> str:
    """The upper limit rounded up to ``places`` decimals: the least such number whose risk is at most ``tail``."""
    return _text(_bracket(model, n, x, tail, places), places)


def _bracket(model: Model, n: int, x: Fraction, tail: Fraction, places: int) -> Fraction:
    """The least multiple of 10^-places with a risk of at most ``tail``; found from scipy's guess, settled exactly."""
    unit = 10**places
    if model.kind != POISSON and model.prior is None and x >= n:
        return Fraction(1)

    def enough(k: int) -> bool:
        return at_most(model.risk(n, x, Fraction(k, unit)), tail)

    return _settle(enough, _quantile(model, n, x, 1 - tail), places)


def _settle(enough: Callable[[int], bool], guess: float, places: int) -> Fraction:
    """The least multiple of 10^-places that is ``enough`` (so are all above it), looked for from ``guess`` on."""
    unit = 10**places
    centre = math.ceil(Fraction(guess) * unit)
    step = max(1, math.ceil(abs(centre) * Fraction(1, 10**12)))
    high = max(centre, 1)
    while not enough(high):
        high, step = high + step, 2 * step
    low, step = high - 1, 1
    while low > 0 and enough(low):
        high, low, step = low, max(0, low - step), 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return Fraction(high, unit)


def _text(value: Fraction, places: int = PLACES) -> str:
    """``value`` rounded up to ``places`` decimals, as text without needless zeros."""
    whole = math.ceil(value * 10**places)
    text = f"{whole // 10**places}.{whole % 10**places:0{places}d}".rstrip("0").rstrip(".")
    return text or "0"


# -- monetary units ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Money:
    """A monetary-unit sample's result in money. Amounts are in the unit of the book value.

    ``most_likely``, ``upper``: of the sampled part; ``known``: errors found in the items examined in full; the totals
    add both. ``upper_text``: upper total rounded up to two decimals; ``accepted``: is the tolerable amount not exceeded
    (equal is not); ``rates``: the evaluation of the sampled part as shares of its book value.
    """

    rates: Evaluation
    book_value: str
    known: str
    most_likely: float
    most_likely_total: float
    upper: float
    upper_total: float
    upper_text: str
    tolerable: str | None = None
    accepted: bool | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def taint(book: Number, audited: Number) -> Fraction:
    """(book - audited) / book: positive for an overstatement. Raises ValueError unless the book value is positive."""
    value = rational(book)
    if value <= 0:
        raise ValueError(f"a book value of {book} cannot be hit by monetary-unit sampling")
    return (value - rational(audited)) / value


@dataclass(frozen=True)
class Stratum:
    """One stratum of an attribute sample: ``size`` items, ``n`` drawn at random, ``errors`` found."""

    size: int
    n: int
    errors: int


def stratified(strata: Sequence[Stratum], confidence: Number, tolerable: Number | None = None) -> Evaluation:
    """The error rate over several strata, each a simple random sample without replacement.

    ``most_likely``: sum of size x errors / n over the items (Horvitz-Thompson). Limit: Clopper-Pearson at the effective
    sample size 1 / sum((size / all)^2 (1 - n / size) / n) and as many errors as make the estimate (E. L. Korn, B. I.
    Graubard (1998), Survey Methodology 24:193, with the pooled variance in every stratum); the verdict is settled
    exactly at these, which are fractions. One stratum alone: the hypergeometric limit. Raises ValueError for a stratum
    of which nothing was drawn.
    """
    level = confidence_of(confidence)
    if any(not 0 <= s.errors <= s.n <= s.size or s.n == 0 for s in strata) or not strata:
        raise ValueError("of every stratum at least one item is drawn, and no more errors found than drawn")
    if len(strata) == 1:
        only = strata[0]
        return evaluate(Model(HYPERGEOMETRIC, only.size), only.n, only.errors, level, tolerable)
    size, n = sum(s.size for s in strata), sum(s.n for s in strata)
    rate = sum((Fraction(s.size * s.errors, s.n) for s in strata), Fraction(0)) / size
    parts = (Fraction(s.size, size) ** 2 * (1 - Fraction(s.n, s.size)) / s.n for s in strata)
    spread = sum(parts, Fraction(0))
    t = None if tolerable is None else rate_of(tolerable, "the tolerable rate")
    if spread == 0:
        upper, text, risk = float(rate), _text(rate), None if t is None else Fraction(int(rate >= t))
        accepted = None if t is None else rate < t
        p_value = None if risk is None else float(risk)
    else:
        a, b = rate / spread + 1, (1 - rate) / spread

        def enough(k: int) -> bool:
            return b == 0 or at_most(beta_above(a, b, Fraction(k, 10**PLACES)), 1 - level)

        upper = 1.0 if b == 0 else float(stats.beta.ppf(float(level), float(a), float(b)))
        text = _text(_settle(enough, upper, PLACES)) if b else "1"
        tail = None if t is None or b == 0 else beta_above(a, b, t)
        accepted = None if t is None else tail is not None and at_most(tail, 1 - level)
        p_value = None if t is None else 1.0 if tail is None else float(tail)
    return Evaluation(
        method="stratified, Clopper-Pearson at effective size",
        n=n,
        errors=str(sum(s.errors for s in strata)),
        confidence=str(level),
        most_likely=float(rate),
        lower=0.0,
        upper=upper,
        precision=upper - float(rate),
        upper_text=text,
        tolerable=None if t is None else str(t),
        accepted=accepted,
        p_value=p_value,
    )


def stringer(
    taints: Sequence[Number],
    n: int,
    confidence: Number,
    tolerable: Number | None = None,
    *,
    base: str = BINOMIAL,
    offset: bool = False,
) -> Evaluation:
    """The Stringer bound of the overstatement rate.

    ``taints``: those that are not 0 (0s do no harm), each at most 1. p(0) + sum over the overstatements in descending
    order of (p(j) - p(j-1)) t_j, where p(j) is the upper limit for j errors in ``n`` by ``base`` (binomial or
    Poisson). ``offset``: understatements lower the bound by their mean, sum of |t| / n (Leslie, Teitlebaum,
    Anderson); without it they are left out, which is the cautious way. ``most_likely`` is the mean taint, net of
    understatements with ``offset``. Raises ValueError for more taints than ``n`` or a taint above 1.
    """
    level = confidence_of(confidence)
    values = _taints(taints, n)
    over = sorted((t for t in values if t > 0), reverse=True)
    net = sum((-t for t in values if t < 0), Fraction(0)) / n if offset else Fraction(0)
    bound = _Stringer(Model(base), n, level, tuple(over), net)
    upper, mean = bound.quick(), sum(over, Fraction(0)) / n - net
    t = None if tolerable is None else rate_of(tolerable, "the tolerable rate")
    return Evaluation(
        method=f"Stringer, {base}{', understatements offset' if offset else ''}",
        n=n,
        errors=str(sum(over, Fraction(0))),
        confidence=str(level),
        most_likely=float(mean),
        lower=0.0,
        upper=upper,
        precision=upper - float(mean),
        upper_text=_text(bound(LIMIT_PLACES)),
        tolerable=None if t is None else str(t),
        accepted=None if t is None else _within(bound, t),
    )


def stringer_limits(errors: int, n: int, confidence: Number, base: str = BINOMIAL) -> list[str]:
    """The limits p(0) ... p(errors) of the Stringer bound, each rounded up to twelve decimals."""
    tail = 1 - confidence_of(confidence)
    return [upper_text(Model(base), n, Fraction(j), tail, LIMIT_PLACES) for j in range(errors + 1)]


@dataclass(frozen=True)
class _Stringer:
    """The bound as sum of w(j) p(j), w(j) = t(j) - t(j + 1) with t(0) = 1: no weight is negative, so each limit that is
    rounded up makes the bound no lower, and higher by no more than its own rounding."""

    model: Model
    n: int
    level: Fraction
    over: tuple[Fraction, ...]
    net: Fraction

    @property
    def weights(self) -> list[Fraction]:
        return [a - b for a, b in zip([Fraction(1), *self.over], [*self.over, Fraction(0)], strict=True)]

    def quick(self) -> float:
        """By scipy."""
        limits = [_quantile(self.model, self.n, Fraction(j), self.level) for j in range(len(self.over) + 1)]
        return math.fsum(float(w) * p for w, p in zip(self.weights, limits, strict=True)) - float(self.net)

    def __call__(self, places: int) -> Fraction:
        """Never too low, too high by 10^-places at most."""
        tail = 1 - self.level
        limits = ((j, w) for j, w in enumerate(self.weights) if w)
        parts = (w * _bracket(self.model, self.n, Fraction(j), tail, places) for j, w in limits)
        return sum(parts, Fraction(0)) - self.net


def _within(bound: Callable[[int], Fraction], limit: Fraction) -> bool:
    """Is the bound at most ``limit``? ``bound(places)`` is 0 to 10^-places too high. A bound that thirty decimals
    cannot tell from the limit counts as equal, and so as within."""
    places = LIMIT_PLACES
    while True:
        value = bound(places)
        if value <= limit:
            return True
        if value - Fraction(1, 10**places) > limit:
            return False
        if places >= _TIE_PLACES:
            return True
        places *= 2


def _taints(taints: Sequence[Number], n: int) -> list[Fraction]:
    values = [rational(t) for t in taints]
    if sum(t != 0 for t in values) > n:
        raise ValueError(f"{len(values)} taints in a sample of {n}")
    if any(t > 1 for t in values):
        raise ValueError("an overstatement is at most the whole book value: taints are at most 1")
    return values


def cox_snell(
    taints: Sequence[Number],
    n: int,
    confidence: Number,
    tolerable: Number | None = None,
    *,
    rate: Number = "0.1",
    mean: Number = "0.5",
    shape: tuple[Number, Number] = (1, 3),
) -> Evaluation:
    """The posterior limit of Cox and Snell: the rate of errors is Poisson with a gamma prior, taints are exponential.

    Posterior of the overstatement rate: s G(m + a) / G(m + b), s = (m z + (b - 1) mean) / (n + a / rate), G gamma
    variables, m the number of overstatements, z their mean, (a, b) = ``shape``; ``rate`` and ``mean``: prior means of
    the error rate and of the taints. G / (G + G') is a beta variable, by which verdict and ``upper_text`` are exact.
    """
    level = confidence_of(confidence)
    over = [t for t in _taints(taints, n) if t > 0]
    total, a, b = sum(over, Fraction(0)), rational(shape[0]), rational(shape[1])
    scale = (total + (b - 1) * rational(mean)) / (n + a / rational(rate))
    p, q = len(over) + a, len(over) + b

    def enough(k: int) -> bool:
        return holds(Fraction(k, 10**PLACES))

    def holds(limit: Fraction) -> bool:
        return at_most(beta_above(p, q, limit / (limit + scale)), 1 - level)

    upper = float(scale * p / q) * float(stats.f.ppf(float(level), float(2 * p), float(2 * q)))
    likely = float(total / n)
    t = None if tolerable is None else rate_of(tolerable, "the tolerable rate")
    return Evaluation(
        method="Cox-Snell",
        n=n,
        errors=str(total),
        confidence=str(level),
        most_likely=likely,
        lower=0.0,
        upper=upper,
        precision=upper - likely,
        upper_text=_text(_settle(enough, upper, PLACES)),
        tolerable=None if t is None else str(t),
        accepted=None if t is None else holds(t),
    )


def money(rates: Evaluation, book_value: Number, *, known: Number = 0, tolerable: Number | None = None) -> Money:
    """Project ``rates`` on the book value of the part that was sampled; add the errors ``known`` from items examined in
    full (``known`` may be negative). The verdict takes the limit rounded up to six decimals of a rate, so it can err
    only on the side of caution, by a millionth of the book value."""
    value, found = rational(book_value), rational(known)
    t = None if tolerable is None else rational(tolerable)
    total = Fraction(rates.upper_text) * value + found
    return Money(
        rates=rates,
        book_value=str(value),
        known=str(found),
        most_likely=rates.most_likely * float(value),
        most_likely_total=rates.most_likely * float(value) + float(found),
        upper=rates.upper * float(value),
        upper_total=rates.upper * float(value) + float(found),
        upper_text=_text(total, 2),
        tolerable=None if t is None else str(t),
        accepted=None if t is None else total <= t,
    )
