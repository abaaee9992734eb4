"""Tail probabilities with certified bounds, so that no sample size or verdict hangs on a binary float.

In: whole numbers and fractions. Out: ``Tail`` objects whose true value is enclosed between two decimals at any number
of digits, and ``at_most(tail, limit)``, which decides "tail <= limit" for certain.

Why: a sample size is the least n for which a probability is at most a limit. In binary floats 400 x 0.035 is a little
more than 14, so that 15 errors are expected and the plan grows from 400 to 423. Here rates are fractions, and every
operation is rounded downwards for one bound and upwards for the other (``decimal``, whose exp and ln are correctly
rounded). While the limit lies between the bounds the digits are doubled; where the tail is a fraction it is then
computed as one.

Rule for ties: equal to the limit counts as "at most". Binomial, hypergeometric and beta-binomial tails are fractions,
so ties are found exactly. A Poisson tail at a positive rate is transcendental (Lindemann) and ties with no fraction.
The incomplete gamma and beta functions at fractional parameters have no such theorem: a limit that 640 digits cannot
tell from the tail counts as a tie.

Formulas: NIST Digital Library of Mathematical Functions 8.7.1, 8.11.4 (gamma), 8.17.4, 8.17.8 (beta); N. L. Johnson,
A. W. Kemp, S. Kotz, "Univariate Discrete Distributions" (2005) 3.1, 4.1, 6.1, 6.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from functools import lru_cache

Number = int | str | float | Decimal | Fraction
Bounds = tuple[Decimal, Decimal]

DIGITS = 40
MOST_DIGITS = 640
ZERO, ONE = Decimal(0), Decimal(1)


def rational(value: Number) -> Fraction:
    """``value`` as a fraction. Text and Decimal are taken as written, a float by its shortest decimal text.

    0.05 is 1/20, not the binary number next to it. Raises ValueError for what is no finite number, TypeError for bool.
    """
    if isinstance(value, bool):
        raise TypeError("a number, not a truth value")
    if hasattr(value, "item"):  # NumPy scalars
        value = value.item()
    try:
        return Fraction(repr(float(value)) if isinstance(value, float) else value)
    except (OverflowError, TypeError) as error:
        raise ValueError(f"not a finite number: {value!r}") from error


@lru_cache
def _contexts(digits: int) -> tuple[Context, Context]:
    wide = {"prec": digits, "Emin": MIN_EMIN, "Emax": MAX_EMAX, "traps": []}
    return Context(rounding=ROUND_FLOOR, **wide), Context(rounding=ROUND_CEILING, **wide)  # type: ignore[arg-type]


class Box:
    """Arithmetic on bounds of numbers that are not negative, at ``digits`` significant digits."""

    def __init__(self, digits: int) -> None:
        self.digits = digits
        self.down, self.up = _contexts(digits)

    def of(self, value: Fraction) -> Bounds:
        top, bottom = Decimal(value.numerator), Decimal(value.denominator)
        return self.down.divide(top, bottom), self.up.divide(top, bottom)

    def times(self, a: Bounds, b: Bounds) -> Bounds:
        return self.down.multiply(a[0], b[0]), self.up.multiply(a[1], b[1])

    def over(self, a: Bounds, b: Bounds) -> Bounds:
        return self.down.divide(a[0], b[1]), self.up.divide(a[1], b[0])

    def plus(self, a: Bounds, b: Bounds) -> Bounds:
        return self.down.add(a[0], b[0]), self.up.add(a[1], b[1])

    def minus(self, a: Bounds, b: Bounds) -> Bounds:
        """a - b where the true difference is not negative."""
        return max(ZERO, self.down.subtract(a[0], b[1])), max(ZERO, self.up.subtract(a[1], b[0]))

    def scale(self, a: Bounds, top: int, bottom: int) -> Bounds:
        """a x top / bottom."""
        t, b = Decimal(top), Decimal(bottom)
        return (
            self.down.divide(self.down.multiply(a[0], t), b),
            self.up.divide(self.up.multiply(a[1], t), b),
        )

    def power(self, a: Bounds, n: int) -> Bounds:
        out: Bounds = (ONE, ONE)
        while n:
            if n & 1:
                out = self.times(out, a)
            a, n = self.times(a, a), n >> 1
        return out

    def exp(self, low: Decimal, high: Decimal) -> Bounds:
        """e to a number between ``low`` and ``high`` (any sign)."""
        return self.down.next_minus(self.down.exp(low)), self.up.next_plus(self.up.exp(high))

    def raised(self, base: Fraction, exponent: Fraction) -> Bounds:
        """``base`` to a positive fractional power."""
        inside = self.of(base)
        low, high = self.down.next_minus(self.down.ln(inside[0])), self.up.next_plus(self.up.ln(inside[1]))
        e = self.of(exponent)
        return self.exp(
            self.down.multiply(low, e[1] if low < 0 else e[0]), self.up.multiply(high, e[0] if high < 0 else e[1])
        )

    def series(self, first: Bounds, ratio: Callable[[int], tuple[int, int]], end: tuple[int, int] = (0, 1)) -> Bounds:
        """The endless sum first x (1 + r(0) + r(0) r(1) + ...) of positive terms; ratios as (top, bottom).

        The ratios run steadily towards ``end``, which is below 1: from k on none is greater than r(k) or ``end``. So
        once q = max(r(k), end) is below 1, all that follows is at most the last term times q / (1 - q).
        """
        total, term, k = first, first, 0
        while True:
            term = self.scale(term, *ratio(k))
            total = self.plus(total, term)
            k += 1
            if self.up.scaleb(term[1], self.digits) < total[1]:
                top, bottom = ratio(k)
                if top * end[1] < end[0] * bottom:
                    top, bottom = end
                if top < bottom:
                    rest = self.scale((ZERO, term[1]), top, bottom - top)
                    return total[0], self.up.add(total[1], rest[1])


@dataclass(frozen=True)
class Tail:
    """A probability: ``bounds(digits)`` encloses it; ``fraction`` gives it exactly where that is possible."""

    bounds: Callable[[int], Bounds]
    fraction: Callable[[], Fraction] | None = None

    def __float__(self) -> float:
        low, high = self.bounds(DIGITS)
        return float((low + high) / 2)


def at_most(tail: Tail, limit: Fraction) -> bool:
    """Is the tail at most ``limit``? Certain; equal counts as yes (see the rule for ties above)."""
    digits = DIGITS
    while digits <= MOST_DIGITS:
        low, high = tail.bounds(digits)
        if Fraction(high) <= limit:
            return True
        if Fraction(low) > limit:
            return False
        if digits > DIGITS and tail.fraction is not None:
            return tail.fraction() <= limit
        digits *= 2
    return True


def complement(tail: Tail) -> Tail:
    """1 minus a tail."""
    exact = tail.fraction

    def bounds(digits: int) -> Bounds:
        return Box(digits).minus((ONE, ONE), tail.bounds(digits))

    return Tail(bounds, None if exact is None else lambda: 1 - exact())


def constant(value: int) -> Tail:
    """A tail that is 0 or 1 for certain."""
    return Tail(lambda digits: (Decimal(value), Decimal(value)), lambda: Fraction(value))


# -- sampling distributions --------------------------------------------------------------------------------------
def binomial(n: int, x: int, p: Fraction) -> Tail:
    """P(X <= x) of ``n`` draws with chance ``p``."""
    if x < 0 or x >= n or p in (0, 1):
        return constant(int(x >= n or (x >= 0 and p == 0)))
    q = 1 - p
    odds = p / q

    def bounds(digits: int) -> Bounds:
        box = Box(digits)
        term = box.power(box.of(q), n)
        total = term
        for i in range(x):
            term = box.scale(term, (n - i) * odds.numerator, (i + 1) * odds.denominator)
            total = box.plus(total, term)
        return total

    def fraction() -> Fraction:
        a, b, c = p.numerator, q.numerator, p.denominator
        return Fraction(sum(math.comb(n, i) * a**i * b ** (n - i) for i in range(x + 1)), c**n)

    return Tail(bounds, fraction)


def hypergeometric(population: int, errors: int, n: int, x: int) -> Tail:
    """P(X <= x) of ``n`` drawn without replacement from ``population`` with ``errors`` among them."""
    good = population - errors
    lowest, highest = max(0, n - good), min(errors, n)
    if x < lowest or x >= highest:
        return constant(int(x >= highest))

    def bounds(digits: int) -> Bounds:
        box = Box(digits)
        term: Bounds = (ONE, ONE)
        if lowest:  # C(errors, population - n) / C(population, n)
            factors = [(errors - j, population - j) for j in range(population - n)]
        elif n <= errors:  # C(good, n) / C(population, n)
            factors = [(good - j, population - j) for j in range(n)]
        else:
            factors = [(population - n - j, population - j) for j in range(errors)]
        for top, bottom in factors:
            term = box.scale(term, top, bottom)
        total = term
        for i in range(lowest, x):
            term = box.scale(term, (errors - i) * (n - i), (i + 1) * (good - n + i + 1))
            total = box.plus(total, term)
        return total

    def fraction() -> Fraction:
        ways = sum(math.comb(errors, i) * math.comb(good, n - i) for i in range(lowest, x + 1))
        return Fraction(ways, math.comb(population, n))

    return Tail(bounds, fraction)


def gamma_above(shape: Fraction, z: Fraction) -> Tail:
    """P(G > z) of a gamma variable of ``shape`` and rate 1: for a whole shape, P(X <= shape - 1) of a Poisson(z)."""
    if z <= 0:
        return constant(1)
    if shape.denominator == 1:
        return _poisson(int(shape) - 1, z)

    def bounds(digits: int) -> Bounds:
        box = Box(digits)
        # far enough that next to nothing lies above it
        far = max(2 * shape, z) + Fraction(5 * digits, 2) + 10
        below_z, below_far = _lower_gamma(box, shape, z, far), _lower_gamma(box, shape, far, far)
        # above ``far``: at most far^shape e^-far / (far - shape + 1), here relative to far^shape e^-far
        least = far - max(shape - 1, Fraction(0))
        whole = (below_far[0], box.up.add(below_far[1], box.of(1 / least)[1]))
        share = box.over(below_z, whole)
        return box.minus((ONE, ONE), (min(share[0], ONE), min(share[1], ONE)))

    return Tail(bounds)


def _poisson(x: int, mean: Fraction) -> Tail:
    if x < 0:
        return constant(0)

    def bounds(digits: int) -> Bounds:
        box = Box(digits)
        m = box.of(mean)
        term = box.exp(-m[1], -m[0])
        total = term
        for i in range(x):
            term = box.scale(term, mean.numerator, (i + 1) * mean.denominator)
            total = box.plus(total, term)
        return total

    return Tail(bounds)


def _lower_gamma(box: Box, shape: Fraction, z: Fraction, far: Fraction) -> Bounds:
    """The lower incomplete gamma function at z, divided by far^shape e^-far."""
    difference = box.of(far - z)
    lead = box.times(box.raised(z / far, shape), box.exp(difference[0], difference[1]))
    first = box.over(lead, box.of(shape))
    top, bottom = z.numerator * shape.denominator, z.denominator
    return box.series(first, lambda k: (top, bottom * (shape.numerator + (1 + k) * shape.denominator)))


# -- posterior distributions -------------------------------------------------------------------------------------
def beta_above(a: Fraction, b: Fraction, p: Fraction) -> Tail:
    """P(B > p) of a beta variable: for whole a and b, P(X <= a - 1) of a binomial(a + b - 1, p)."""
    if p <= 0 or p >= 1:
        return constant(int(p <= 0))
    if a.denominator == b.denominator == 1:
        return binomial(int(a + b) - 1, int(a) - 1, p)

    def bounds(digits: int) -> Bounds:
        box = Box(digits)
        # any point cuts the whole in two; both series are short when it lies neither near 0 nor near 1
        cut = min(max(a / (a + b), Fraction(1, 4)), Fraction(3, 4))
        whole = box.plus(_lower_beta(box, a, b, cut), _lower_beta(box, b, a, 1 - cut))
        if 2 * p > 1:
            upper = box.over(_lower_beta(box, b, a, 1 - p), whole)
            return upper[0], min(ONE, upper[1])
        share = box.over(_lower_beta(box, a, b, p), whole)
        return box.minus((ONE, ONE), (share[0], min(share[1], ONE)))

    return Tail(bounds)


def _lower_beta(box: Box, a: Fraction, b: Fraction, p: Fraction) -> Bounds:
    """The incomplete beta function (not divided by the complete one)."""
    lead = box.times(box.raised(p, a), box.raised(1 - p, b))
    first = box.over(lead, box.of(a))

    d = math.lcm(a.denominator, b.denominator)
    over, under = int((a + b) * d), int((a + 1) * d)

    def ratio(k: int) -> tuple[int, int]:
        return p.numerator * (over + k * d), p.denominator * (under + k * d)

    return box.series(first, ratio, (p.numerator, p.denominator))


def beta_binomial(rest: int, a: Fraction, b: Fraction, x: int) -> Tail:
    """P(X <= x) of a beta-binomial: errors among ``rest`` items whose error rate is beta(a, b)."""
    if x < 0 or x >= rest:
        return constant(int(x >= rest))
    if a.denominator == 1:
        factors = [(b + i, b + rest + i) for i in range(int(a))]
    else:
        factors = [(b + j, a + b + j) for j in range(rest)]
    step = a.denominator * b.denominator

    def ratio(i: int) -> tuple[int, int]:
        top = (rest - i) * (a + i) * step
        bottom = (i + 1) * (b + rest - i - 1) * step
        return int(top), int(bottom)

    def bounds(digits: int) -> Bounds:
        box = Box(digits)
        term: Bounds = (ONE, ONE)
        for top, bottom in factors:
            term = box.scale(term, int(top * step), int(bottom * step))
        total = term
        for i in range(x):
            term = box.scale(term, *ratio(i))
            total = box.plus(total, term)
        return total

    def fraction() -> Fraction:
        term = Fraction(1)
        for top, bottom in factors:
            term *= top / bottom
        total = term
        for i in range(x):
            term *= Fraction(*ratio(i))
            total += term
        return total

    return Tail(bounds, fraction)
