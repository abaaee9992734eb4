"""How many to draw: the least sample that will do, in exact arithmetic.

In: a ``Model``, confidence, the tolerable rate, the errors to expect. Out: ``SizePlan`` with the sample size and the
number of errors up to which the sample concludes "below the tolerable rate".

The least n >= 1 such that a sample of n with the expected errors x leaves a risk of at most 1 - confidence that the
rate is tolerable or worse. Expected errors: a rate below 1 (x = n times the rate, rounded up to whole errors for
attributes, as it is for monetary units), or a number of errors from 1 on. There must be fewer errors than items.
Ties: a risk equal to 1 - confidence is low enough (probity.sampling.exact).

Where exact arithmetic and printed tables or programs differ, exact arithmetic holds: AICPA, "Audit Guide: Audit
Sampling" (2017), table A-2 (90 %), tolerable 5 %, expected 3.5 %: 400, where a program in binary floats expects 15
errors in 400 and goes on to 423; 8 % and 7 %: 1,300, not 1,313.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from probity.sampling.exact import DIGITS, ONE, ZERO, Bounds, Box, Number, at_most, rational
from probity.sampling.risk import HYPERGEOMETRIC, POISSON, Model, confidence_of, rate_of

MOST = 100_000
MOST_SLOW = 10_000
RULE = "least n with P(risk) <= 1 - confidence; equal is enough; exact arithmetic"


class NoPlan(ValueError):
    """No sample up to the limit is enough; ``args`` says why."""


@dataclass(frozen=True)
class SizePlan:
    """A planned sample. ``n`` items or units; ``x`` expected errors; rates and errors are exact fractions.

    ``limit``: the sample concludes that the rate is below ``tolerable`` as long as at most this many errors are found
    (the acceptance number; -1 when none). With ``precision`` instead of ``tolerable`` there is no such verdict.
    """

    model: Model
    confidence: Fraction
    tolerable: Fraction | None
    expected: Fraction
    precision: Fraction | None
    whole_errors: bool
    n: int
    x: Fraction
    limit: int | None

    def interval(self, book_value: Number) -> Fraction:
        """The sampling interval of a monetary-unit sample: book value / n, in money."""
        return rational(book_value) / self.n

    def to_json(self) -> dict[str, Any]:
        def text(value: Fraction | None) -> str | None:
            return None if value is None else str(value)

        return {
            "rule": RULE,
            "model": self.model.to_json(),
            "confidence": text(self.confidence),
            "tolerable": text(self.tolerable),
            "expected": text(self.expected),
            "precision": text(self.precision),
            "whole_errors": self.whole_errors,
            "sample_size": self.n,
            "expected_errors": text(self.x),
            "acceptance_number": self.limit,
        }


def plan(
    model: Model,
    confidence: Number,
    tolerable: Number | None = None,
    expected: Number = 0,
    *,
    precision: Number | None = None,
    whole_errors: bool | None = None,
    most: int | None = None,
) -> SizePlan:
    """The least sample size.

    ``tolerable``: the rate that must be excluded. ``precision``: how far above the most likely rate the upper limit may
    lie; one of both or both. ``whole_errors``: round expected errors up (default: for attributes, not for monetary
    units). ``most``: the greatest size looked at (default: the population, else 100,000; 10,000 where every size has
    to be looked at by itself: with a precision, or a prior and parts of an error).
    Raises ValueError for rates that contradict each other, NoPlan when nothing up to ``most`` will do.
    """
    level = confidence_of(confidence)
    if tolerable is None and precision is None:
        raise ValueError("a plan needs a tolerable rate, a precision or both")
    t = None if tolerable is None else rate_of(tolerable, "the tolerable rate")
    width = None if precision is None else rate_of(precision, "the precision")
    e = rational(expected)
    if e < 0:
        raise ValueError("expected errors are not negative")
    if e < 1 and t is not None and e >= t:
        raise NoPlan(f"the expected rate {e} is not below the tolerable rate {t}")
    whole = model.kind != POISSON if whole_errors is None else whole_errors or model.whole_errors
    enough = _Enough(model, 1 - level, t, width, e, whole)
    top = most or model.population or (MOST_SLOW if enough.slow else MOST)
    n = enough.least(top)
    if n is None:
        raise NoPlan(f"no sample of up to {top} is enough")
    limit = None if t is None else acceptance_number(model, n, level, t)
    return SizePlan(model, level, t, e, width, whole, n, enough.errors(n), limit)


def acceptance_number(model: Model, n: int, confidence: Number, tolerable: Number) -> int:
    """The most errors in a sample of ``n`` that still exclude the tolerable rate; -1 when not even none does."""
    risk, t = 1 - confidence_of(confidence), rate_of(tolerable, "the tolerable rate")
    low, high = -1, n
    while low < high:
        middle = (low + high + 1) // 2
        if at_most(model.risk(n, Fraction(middle), t), risk):
            low = middle
        else:
            high = middle - 1
    return low


def share_size(population: int, share: Number, minimum: int = 0) -> int:
    """A share of a population as whole items, rounded up, at least ``minimum``, at most all of them.

    In exact arithmetic: 10 % of 587 declarants are 59, and 2 % of these are 2.
    """
    part = rational(share)
    if population < 0 or not 0 <= part <= 1:
        raise ValueError(f"a share of {share} of {population}")
    return min(population, max(minimum, math.ceil(part * population)))


@dataclass(frozen=True)
class _Enough:
    """Is a sample of n enough? ``expected``: errors as a rate (below 1) or a number; ``whole``: rounded up."""

    model: Model
    risk: Fraction
    tolerable: Fraction | None
    precision: Fraction | None
    expected: Fraction
    whole: bool

    def errors(self, n: int) -> Fraction:
        """The errors to expect in ``n``."""
        x = self.expected if self.expected >= 1 else n * self.expected
        return Fraction(math.ceil(x)) if self.whole else x

    def __call__(self, n: int) -> bool:
        x = self.errors(n)
        if x >= n:
            return False
        if self.tolerable is not None and not at_most(self.model.risk(n, x, self.tolerable), self.risk):
            return False
        if self.precision is None:
            return True
        rate = x / n + self.precision
        return rate >= 1 or at_most(self.model.risk(n, x, rate), self.risk)

    @property
    def _parts(self) -> bool:
        """Whether every n has other errors to expect."""
        return 0 < self.expected < 1 and not self.whole

    @property
    def _halving(self) -> bool:
        return self.model.kind == POISSON and self.model.prior is None and self.risk <= Fraction(1, 2)

    @property
    def slow(self) -> bool:
        """Whether every n has to be looked at by itself."""
        return self.precision is not None or (self._parts and not self._halving)

    def least(self, top: int) -> int | None:
        """The least n in 1..top that is enough."""
        if self.slow:
            return next((n for n in range(1, top + 1) if self(n)), None)
        if self._parts:
            return self._least_poisson(top)
        if self.model.kind != POISSON and self.model.prior is None:
            return self._first(self._walk(top))
        return self._by_blocks(top)

    def _by_blocks(self, top: int) -> int | None:
        """By runs of sizes with the same errors: along a run the risk only falls, so its last size speaks for it."""
        n = 1
        while n <= top:
            x = self.errors(n)
            last = top if self.expected >= 1 or self.expected == 0 else min(top, math.floor(x / self.expected))
            if self(last):
                return _halve(self, n - 1, last)
            n = last + 1
        return None

    def _least_poisson(self, top: int) -> int | None:
        """By halving: from some n on every n is enough.

        With expected rate e the upper limit is c(1 + n e) / n, c(a) the confidence quantile of a gamma variable of
        shape a. c(b) / c(a), a < b, falls as the level rises (van Zwet's star order of the gamma family), and for the
        median it is at most (b - 1) / (a - 1) (median m(a) > a - 1/3, 0 < m' < 1: Berg, Pedersen 2006). So from a
        confidence of 1/2 on, c(1 + n e) / n falls in n.
        """
        if not self(top):
            return None
        low, high = 0, 1
        while high < top and not self(high):
            low, high = high, min(top, 2 * high)
        return _halve(self, low, high)

    def _first(self, walk: Iterator[tuple[int, Bounds]]) -> int | None:
        """The first n whose bounds prove it enough, or, where they prove nothing, that is enough by itself."""
        for n, (low, high) in walk:
            if Fraction(low) > self.risk:
                continue
            if (Fraction(high) <= self.risk and self.errors(n) < n) or self(n):
                return n
        return None

    def _walk(self, top: int) -> Iterator[tuple[int, Bounds]]:
        """P(X <= errors(n)) for every n in turn, each from the last by one step of Pascal's kind, enclosed.

        F(n + 1; x) = F(n; x) - f(n; x) p, where p is the chance of an error at draw n + 1 after x in n; then errors
        are added one by one. ``f``: the chance of exactly x errors.
        """
        assert self.tolerable is not None
        box = Box(2 * DIGITS)
        count = _Count(self.model, self.tolerable, box)
        n, x = 0, 0
        f: Bounds = (ONE, ONE)
        total = f
        while n < top:
            total = box.minus(total, box.scale(f, *count.error(n, x)))
            f = box.scale(f, *count.no_error(n, x))
            n += 1
            expected = min(math.ceil(self.errors(n)), n)
            while x < expected:
                steps = count.one_more(n, x)
                if f[1] == ZERO or steps[0] == 0 or steps[1] <= 0:  # x errors or x + 1 are impossible: start afresh
                    x += 1
                    total, f = count.afresh(n, x)
                    continue
                f = box.scale(f, *steps)
                x += 1
                total = box.plus(total, f)
            yield n, total


def _halve(enough: Callable[[int], bool], low: int, high: int) -> int:
    """The least n above ``low`` that is enough, when ``high`` is, and every n above one that is."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


@dataclass(frozen=True)
class _Count:
    """Chances as (top, bottom) of the two attribute models, for the walk."""

    model: Model
    tolerable: Fraction
    box: Box

    @property
    def _finite(self) -> tuple[int, int]:
        assert self.model.population is not None
        return self.model.population, self.model.errors_at(self.tolerable)

    def error(self, n: int, x: int) -> tuple[int, int]:
        """That draw n + 1 is an error, after x in n."""
        if self.model.kind == HYPERGEOMETRIC:
            population, errors = self._finite
            return max(0, errors - x), population - n
        return self.tolerable.numerator, self.tolerable.denominator

    def no_error(self, n: int, x: int) -> tuple[int, int]:
        """f(n + 1; x) / f(n; x)."""
        if self.model.kind == HYPERGEOMETRIC:
            population, errors = self._finite
            return max(0, population - errors - n + x) * (n + 1), (n + 1 - x) * (population - n)
        q = 1 - self.tolerable
        return (n + 1) * q.numerator, (n + 1 - x) * q.denominator

    def one_more(self, n: int, x: int) -> tuple[int, int]:
        """f(n; x + 1) / f(n; x)."""
        if self.model.kind == HYPERGEOMETRIC:
            population, errors = self._finite
            return max(0, errors - x) * (n - x), (x + 1) * (population - errors - n + x + 1)
        p, q = self.tolerable, 1 - self.tolerable
        return (n - x) * p.numerator * q.denominator, (x + 1) * p.denominator * q.numerator

    def afresh(self, n: int, x: int) -> tuple[Bounds, Bounds]:
        """F(n; x) and f(n; x) without the last step."""
        digits = self.box.digits
        upto = self.model.risk(n, Fraction(x), self.tolerable).bounds(digits)
        if x == 0:
            return upto, upto
        return upto, self.box.minus(upto, self.model.risk(n, Fraction(x - 1), self.tolerable).bounds(digits))
