"""Shares compared: hit rates of signals against the control share, pass rates against last year's.

In: counts. Out: a share with Clopper-Pearson limits, a difference of two shares with Newcombe's limits and Fisher's
exact p-value. Sources: C. J. Clopper, E. S. Pearson (1934), Biometrika 26:404; R. G. Newcombe (1998), Statistics in
Medicine 17:873, method 10 (it keeps its coverage in small samples, where the plain interval does not).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """``count`` of ``total`` with two-sided limits; fractions. No estimate and no limits when ``total`` is 0."""

    count: int
    total: int
    estimate: float | None
    low: float | None
    high: float | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Difference:
    """One share less another. ``ratio``: their plain quotient, None over 0. ``p_value``: Fisher's exact test, 1 when
    a group is empty. ``state``: ``no_base`` (a group is empty), ``few`` (no table with these margins could differ
    significantly), ``within``, ``up``, ``down``."""

    estimate: float | None
    low: float | None
    high: float | None
    ratio: float | None
    p_value: float
    state: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def share(count: int, total: int, confidence: float = CONFIDENCE) -> Share:
    """``count`` of ``total``, exact limits. ValueError when ``count`` lies outside 0 to ``total``."""
    if not 0 <= count <= total:
        raise ValueError(f"{count} of {total} is impossible")
    if not total:
        return Share(count, total, None, None, None)
    found = stats.binomtest(count, total).proportion_ci(confidence, method="exact")
    return Share(count, total, count / total, float(found.low), float(found.high))


def difference(one: tuple[int, int], other: tuple[int, int], confidence: float = CONFIDENCE) -> Difference:
    """Share ``one`` (count, total) less share ``other``; see ``Difference``."""
    (x1, n1), (x0, n0) = one, other
    if not n1 or not n0:
        return Difference(None, None, None, None, 1.0, "no_base")
    p1, p0 = x1 / n1, x0 / n0
    first = stats.binomtest(x1, n1).proportion_ci(confidence, method="wilson")
    second = stats.binomtest(x0, n0).proportion_ci(confidence, method="wilson")
    low = p1 - p0 - math.hypot(p1 - first.low, second.high - p0)
    high = p1 - p0 + math.hypot(first.high - p1, p0 - second.low)
    p_value = float(stats.fisher_exact([[x1, n1 - x1], [x0, n0 - x0]]).pvalue)
    alpha = 1 - confidence
    if _least(n1, n0, x1 + x0) > alpha:
        state = "few"
    elif p_value > alpha:
        state = "within"
    else:
        state = "up" if p1 > p0 else "down"
    return Difference(p1 - p0, max(-1.0, low), min(1.0, high), p1 / p0 if x0 else None, p_value, state)


def _least(n1: int, n0: int, hits: int) -> float:
    """The least p-value that Fisher's test can give with these margins: that of one of the two extreme tables."""
    found = []
    for x1 in (max(0, hits - n0), min(n1, hits)):
        x0 = hits - x1
        found.append(float(stats.fisher_exact([[x1, n1 - x1], [x0, n0 - x0]]).pvalue))
    return min(found)
