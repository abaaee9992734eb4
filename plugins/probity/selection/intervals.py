"""Exact confidence limits for shares: what an irregularity rate from a sample may really be.

In: counts. Out: ``Interval`` (estimate, low, high, two-sided at ``confidence``) and helpers for rates of rates.
Sources: C. J. Clopper, E. S. Pearson (1934), Biometrika 26:404; exact hypergeometric limits for a finite
population (test inversion); E. L. Korn, B. I. Graubard (1998), Survey Methodology 24:193 for stratified samples;
S. D. Walter (1975), Biometrika 62:371 for the ratio of two rates; Y. Benjamini, Y. Hochberg (1995), JRSS B 57:289.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A share with its two-sided limits and the name of the method; fractions from 0 to 1 (a ratio: from 0)."""

    estimate: float | None
    low: float | None
    high: float | None
    method: str

    def to_json(self) -> dict[str, float | str | None]:
        return asdict(self)


def clopper_pearson(x: float, n: float, confidence: float = CONFIDENCE) -> Interval:
    """Exact binomial limits of ``x`` in ``n`` (both may be effective, not whole). No limits when n is 0."""
    if n <= 0:
        return Interval(None, 0.0, 1.0, "none")
    tail = (1 - confidence) / 2
    low = 0.0 if x <= 0 else float(stats.beta.ppf(tail, x, n - x + 1))
    high = 1.0 if x >= n else float(stats.beta.ppf(1 - tail, x + 1, n - x))
    return Interval(x / n, low, high, "Clopper-Pearson")


def finite(x: int, n: int, population: int, confidence: float = CONFIDENCE) -> Interval:
    """Exact limits of the share in a finite population of which ``n`` were drawn without replacement.

    Test inversion of the hypergeometric distribution: the least and greatest number of irregular cases that the
    sample does not contradict. With ``n == population`` the share is known. Raises ValueError for n > population.
    """
    if not 0 <= x <= n <= population:
        raise ValueError(f"{x} of {n} drawn from {population} is impossible")
    if n == 0:
        return Interval(None, 0.0, 1.0, "none")
    tail = (1 - confidence) / 2
    bottom, top = x, population - (n - x)
    low = _first(bottom, top, lambda k: stats.hypergeom.sf(x - 1, population, k, n) > tail)
    high = top - _first(0, top - bottom, lambda d: stats.hypergeom.cdf(x, population, top - d, n) > tail)
    return Interval(x / n, low / population, high / population, "hypergeometric")


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The least k in [low, high] for which ``holds``; it holds from some k on, and at ``high``."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def stratified(strata: Sequence[tuple[int, int, int]], confidence: float = CONFIDENCE) -> Interval:
    """The share over strata of (irregular, drawn, population), each a simple random sample.

    Horvitz-Thompson estimate: sum of N_h x_h / n_h over sum of N_h. One stratum: exact hypergeometric limits.
    Several: Clopper-Pearson at the effective sample size 1 / sum((N_h/N)^2 (1 - n_h/N_h) / n_h), as Korn and
    Graubard do, but with the pooled rate's variance in every stratum: a month draws one or two control cases, from
    which no variance within it can be told, and the pooled one is never too small. Strata with nothing drawn are
    left out of the estimate (``evaluate`` reports what is pending).
    """
    used = [(x, n, size) for x, n, size in strata if n > 0]
    if not used:
        return Interval(None, 0.0, 1.0, "none")
    if len(used) == 1:
        return finite(*used[0], confidence)
    total = sum(size for _, _, size in used)
    rate = sum(size * x / n for x, n, size in used) / total
    spread = sum((size / total) ** 2 * (1 - n / size) / n for _, n, size in used)
    if spread == 0:
        return Interval(rate, rate, rate, "complete")
    limits = clopper_pearson(rate / spread, 1 / spread, confidence)
    return Interval(rate, limits.low, limits.high, "Clopper-Pearson at effective size")


def ratio(x1: int, n1: int, x0: int, n0: int, confidence: float = CONFIDENCE) -> Interval:
    """Rate 1 over rate 0 (lift): the plain ratio, limits by Walter's log method with half a case added.

    No estimate when rate 0 is 0 or a group is empty; the limits stand as long as both groups have cases.
    """
    if n1 == 0 or n0 == 0:
        return Interval(None, None, None, "none")
    estimate = (x1 / n1) / (x0 / n0) if x0 else None
    centre = math.log((x1 + 0.5) / (n1 + 0.5)) - math.log((x0 + 0.5) / (n0 + 0.5))
    variance = 1 / (x1 + 0.5) - 1 / (n1 + 0.5) + 1 / (x0 + 0.5) - 1 / (n0 + 0.5)
    spread = float(stats.norm.ppf(1 - (1 - confidence) / 2)) * math.sqrt(max(variance, 0.0))
    return Interval(estimate, math.exp(centre - spread), math.exp(centre + spread), "Walter")


def false_discovery(p_values: Sequence[float]) -> list[float]:
    """Benjamini-Hochberg q values, in the order given."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i], reverse=True)
    out, smallest = [1.0] * len(p_values), 1.0
    for place, index in enumerate(order):
        smallest = min(smallest, p_values[index] * len(p_values) / (len(p_values) - place))
        out[index] = smallest
    return out
