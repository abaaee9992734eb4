"""Percent within limits (PWL): the share of a lot that lies within its limits, estimated from a few samples.

In: measured values of a lot and its limits. Out: the estimate by the closed form, and by the printed tables' rounding.
Why: a mean that passes hides a spread that does not; PWL is what FHWA calls the quality measure of choice.

Sources: AASHTO R 9; FHWA, Specification Conformity Analysis (fhwa.dot.gov/pavement/pwl); FAA AC 150/5370-10 section
110. QL = (mean - L) / s, QU = (U - mean) / s, s with n - 1; PWL = PL + PU - 100. Behind the tables stands
P(Q, n) = 100 (1 - I_z(a, a)), a = n/2 - 1, z = max(0, 1/2 - Q sqrt(n) / (2 (n - 1))), I the regularised incomplete
beta function: the unbiased estimate for a normal lot. A table gives whole percents and takes the next higher one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy.special import betainc

LEAST = 3
"""samples below which the estimate does not exist"""

_NOISE = 1e-9


@dataclass(frozen=True)
class Pwl:
    """``value`` 0 to 100 by the closed form; ``lower`` and ``upper`` its two sides (None: no such limit)."""

    value: float
    lower: float | None
    upper: float | None
    n: int

    @property
    def table(self) -> int:
        """By the tables' rule: each side is taken to the next higher whole percent, then PL + PU - 100."""
        sides = [table_percent(s) for s in (self.lower, self.upper) if s is not None]
        return max(0, sum(sides) - 100 * (len(sides) - 1))


def percent(q: float, n: int) -> float:
    """P(Q, n): the estimated percentage within one limit, 0 to 100. ValueError for fewer than 3 samples."""
    if n < LEAST:
        raise ValueError(f"percent within limits needs {LEAST} samples, not {n}")
    half = 0.5 - q * math.sqrt(n) / (2 * (n - 1))
    shape = n / 2 - 1
    return 100.0 * (1.0 - float(betainc(shape, shape, min(1.0, max(0.0, half)))))


def table_percent(value: float) -> int:
    """``value`` as the printed tables give it: the next higher whole percent."""
    return min(100, math.ceil(value - _NOISE))


def mean_of(values: Sequence[float]) -> float:
    """Arithmetic mean, exact to the last digit of the sum."""
    return math.fsum(values) / len(values)


def deviation_of(values: Sequence[float]) -> float | None:
    """Standard deviation with n - 1; None for fewer than two values."""
    if len(values) < 2:
        return None
    middle = mean_of(values)
    return math.sqrt(math.fsum((v - middle) ** 2 for v in values) / (len(values) - 1))


def within_limits(
    values: Sequence[float],
    lower: float | None = None,
    upper: float | None = None,
    rounding: Mapping[str, int] | None = None,
) -> Pwl | None:
    """PWL of a lot. None for fewer than 3 values or no limit at all.

    ``rounding`` (decimals of ``mean`` and ``sd``) rounds these two before the quality index, as FAA AC 150/5370-10
    does for densities: 96, 97, 99, 100 with L = 96.3 have s = 1.8 and PL = 81.48 (by the table 82). A lot without any
    spread is wholly within or wholly outside.
    """
    if len(values) < LEAST or (lower is None and upper is None):
        return None
    n, middle, spread = len(values), mean_of(values), deviation_of(values) or 0.0
    if rounding:
        middle, spread = _round(middle, rounding.get("mean")), _round(spread, rounding.get("sd"))
    sides = [
        None if limit is None else _side(sign * (middle - limit), spread, n)
        for limit, sign in ((lower, 1), (upper, -1))
    ]
    present = [s for s in sides if s is not None]
    value = max(0.0, math.fsum(present) - 100.0 * (len(present) - 1))
    return Pwl(value, sides[0], sides[1], n)


def _side(room: float, spread: float, n: int) -> float:
    if spread <= _NOISE:
        return 100.0 if room >= -_NOISE else 0.0
    return percent(room / spread, n)


def _round(value: float, decimals: int | None) -> float:
    """Half up, as people round by hand."""
    if decimals is None:
        return value
    scale = 10**decimals
    return math.floor(value * scale + 0.5 + _NOISE) / scale
