"""Rates of events per inspection, compared exactly: is the difference more than chance makes by itself?

In: counts with their exposure (inspections), and the counts of single inspections for the dispersion. Out: rates,
rate ratios and prediction limits with exact intervals. All limits are two-sided and central, and the p-value is
twice the smaller tail, so that a p-value below 1 - confidence and an interval that leaves 1 out are the same thing.

Sources: J. Przyborowski, H. Wilenski (1940), Biometrika 31:313 (two Poisson counts, given their sum, are binomial);
M. P. Fay (2010), R Journal 2(1):53 (limits and p-values that agree); F. Garwood (1936), Biometrika 28:437 (limits of a
Poisson mean); W. Nelson (1970), IEEE Trans. Reliability R-19:42 (prediction limits of a Poisson count);
R. W. M. Wedderburn (1974), Biometrika 61:439 (dispersion). Defects come in clusters: one bad road gives many at once,
so their counts vary more than Poisson counts do. With dispersion phi above 1 every count is taken as the effective
count x / phi; the exact formulas carry on through the incomplete beta function.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Limits:
    """``estimate`` with its two-sided limits; ``high`` is None where there is no upper limit."""

    estimate: float | None
    low: float | None
    high: float | None

    def to_json(self) -> dict[str, float | None]:
        return asdict(self)


@dataclass(frozen=True)
class Comparison:
    """``count`` events at ``exposure`` inspections against ``base_count`` at ``base_exposure``.

    ``rate`` and ``base_rate``: events an inspection, None without inspections. ``ratio``: rate over base rate with
    limits ``low`` and ``high`` (None: unknown, or without an upper limit). ``p_value``: two-sided; 1 when nothing can
    be compared. ``state``: ``no_base`` (one side has no inspections), ``few`` (so few events that no split between
    the two sides could be told from chance), ``within`` (within chance), ``up``, ``down``.
    """

    count: int
    exposure: float
    base_count: int
    base_exposure: float
    rate: float | None
    base_rate: float | None
    ratio: float | None
    low: float | None
    high: float | None
    p_value: float
    dispersion: float
    state: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def dispersion(groups: Sequence[Sequence[int]]) -> float:
    """Pearson's chi-squared over its degrees of freedom: how many times as much as Poisson counts the counts vary.

    ``groups``: for each stretch of time the events of each single inspection; each stretch has its own rate. Never
    below 1 (less than Poisson variation is not believed), and 1 where it cannot be told.
    """
    squares, freedom = 0.0, 0
    for counts in groups:
        mean = sum(counts) / len(counts) if counts else 0.0
        if mean > 0:
            squares += sum((c - mean) ** 2 for c in counts) / mean
            freedom += len(counts) - 1
    return max(1.0, squares / freedom) if freedom else 1.0


def rate(count: int, exposure: float, phi: float = 1.0, confidence: float = CONFIDENCE) -> Limits:
    """Events per inspection with Garwood's exact limits. Without exposure: no estimate, no limits."""
    if exposure <= 0:
        return Limits(None, None, None)
    tail, events = (1 - confidence) / 2, count / phi
    low = float(stats.chi2.ppf(tail, 2 * events)) / 2 if events else 0.0
    high = float(stats.chi2.ppf(1 - tail, 2 * events + 2)) / 2
    return Limits(count / exposure, low * phi / exposure, high * phi / exposure)


def compare(
    now: tuple[int, float], base: tuple[int, float], phi: float = 1.0, confidence: float = CONFIDENCE
) -> Comparison:
    """The rate of ``now`` (count, exposure) against that of ``base``, given the sum of the two counts (see the module).

    ValueError for a negative count or exposure, or for events without exposure.
    """
    (count, exposure), (base_count, base_exposure) = now, base
    for events, time in (now, base):
        if events < 0 or time < 0 or (events and not time):
            raise ValueError(f"{events} events at exposure {time} are impossible")
    if not exposure or not base_exposure:
        known = [x / t if t else None for x, t in (now, base)]
        return Comparison(*now, *base, known[0], known[1], None, None, None, 1.0, phi, "no_base")
    x, y, share = count / phi, base_count / phi, exposure / (exposure + base_exposure)
    tail = (1 - confidence) / 2
    low = _odds(float(stats.beta.ppf(tail, x, y + 1)) if x else 0.0, share)
    high = _odds(float(stats.beta.ppf(1 - tail, x + 1, y)) if y else 1.0, share)
    p_value = _p_value(x, y, share)
    if min(1.0, 2 * min(share, 1 - share) ** (x + y)) > 1 - confidence:
        state = "few"
    elif p_value > 1 - confidence:
        state = "within"
    else:
        state = "up" if count / exposure > base_count / base_exposure else "down"
    base_rate = base_count / base_exposure
    ratio = count / exposure / base_rate if base_count else None
    return Comparison(*now, *base, count / exposure, base_rate, ratio, low, high, p_value, phi, state)


def _odds(probability: float, share: float) -> float | None:
    """The rate ratio that gives the current side this probability of each event."""
    if probability >= 1:
        return None
    return probability / (1 - probability) * (1 - share) / share


def _p_value(x: float, y: float, share: float) -> float:
    """Twice the smaller tail of Binomial(x + y, share) at x, at most 1; x and y need not be whole."""
    at_least = float(stats.beta.cdf(share, x, y + 1)) if x else 1.0
    at_most = float(stats.beta.sf(share, x + 1, y)) if y else 1.0
    return min(1.0, 2 * min(at_least, at_most))


def limits(
    base: tuple[int, float], exposure: float, phi: float = 1.0, confidence: float = CONFIDENCE
) -> tuple[int, int] | None:
    """The least and the greatest count at ``exposure`` that chance makes beside ``base`` (count, exposure).

    Nelson's prediction limits, by inverting ``compare``: they allow for the base rate's own uncertainty, which the
    3-sigma limits of a u-chart do not. None when either side has no exposure.
    """
    base_count, base_exposure = base
    if exposure <= 0 or base_exposure <= 0:
        return None
    share = exposure / (exposure + base_exposure)

    def inside(count: int) -> bool:
        return _p_value(count / phi, base_count / phi, share) > 1 - confidence

    middle = math.floor(base_count * exposure / base_exposure)
    step = 1
    while inside(middle + step):
        step *= 2
    high = _last(middle, middle + step, inside)
    low = 0 if inside(0) else middle - _last(0, middle, lambda back: inside(middle - back))
    return low, high


def _last(low: int, high: int, holds: Any) -> int:
    """The last whole number in [low, high) for which ``holds``; it holds at ``low`` and stops once."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
