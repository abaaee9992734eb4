"""How many to draw from each stratum: in proportion, or by size and spread (Neyman), within minimum and size.

In: the total, sizes of strata, for Neyman their standard deviations. Out: stratum -> whole number, adding up to the
total. Exact arithmetic; ties go by SHA-256 of the stratum's name, so that nobody gains by naming.

Sources: J. Neyman (1934), JRSS 97:558; T. Wright (2017), "Exact optimal sample allocation: more efficient than Neyman",
Statistics & Probability Letters 129:50 (whole numbers that minimise the variance under minimum and maximum, without
rounding); proportional: the largest remainder.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Mapping
from fractions import Fraction

from probity.sampling.exact import Number, rational
from probity.sampling.units import Line

CERTAIN, DRAWN = "certain", "drawn"


def tie(name: str) -> str:
    """What breaks ties: SHA-256 (hex) of the name."""
    return hashlib.sha256(name.encode()).hexdigest()


def proportional(total: int, sizes: Mapping[str, int], minimum: int = 0) -> dict[str, int]:
    """``total`` shared out by ``sizes``: at least ``minimum`` (or the whole stratum if smaller), at most the stratum.

    Strata whose share lies outside these limits get the limit; the others share the rest in proportion, the places
    left over by whole numbers going to the largest remainders. Raises ValueError when the limits leave no solution.
    """
    low = _floors(total, sizes, minimum)
    shares = _clipped(total, sizes, low)
    given = {s: int(v) for s, v in shares.items()}
    order = sorted(shares, key=lambda s: (given[s] - shares[s], tie(s)))
    for name in order[: total - sum(given.values())]:
        given[name] += 1
    return dict(sorted(given.items()))


def _floors(total: int, sizes: Mapping[str, int], minimum: int) -> dict[str, int]:
    if any(size < 0 for size in sizes.values()) or total < 0 or minimum < 0:
        raise ValueError("sizes, minimum and total are not negative")
    low = {s: min(minimum, size) for s, size in sizes.items()}
    if not sum(low.values()) <= total <= sum(sizes.values()):
        raise ValueError(
            f"{total} cannot be shared out: the minima need {sum(low.values())}, the strata hold {sum(sizes.values())}"
        )
    return low


def _clipped(total: int, sizes: Mapping[str, int], low: Mapping[str, int]) -> dict[str, Fraction]:
    """share = clip(factor x size, low, size) with the factor that makes the shares add up to ``total``.

    No factor above 1 is ever needed, so only the minima bind: those below their minimum are set to it one round after
    the other, which only lowers the factor for the rest.
    """
    fixed: dict[str, int] = {s: 0 for s, size in sizes.items() if size == 0}
    while True:
        free = {s: size for s, size in sizes.items() if s not in fixed}
        rest = total - sum(fixed.values())
        factor = Fraction(rest, sum(free.values())) if free else Fraction(0)
        below = {s: low[s] for s, size in free.items() if factor * size < low[s]}
        if not below:
            return {s: Fraction(fixed[s]) if s in fixed else factor * sizes[s] for s in sizes}
        fixed |= below


def neyman(total: int, sizes: Mapping[str, int], spreads: Mapping[str, Number], minimum: int = 1) -> dict[str, int]:
    """The whole numbers, adding up to ``total``, that make the variance of the stratified mean least.

    ``spreads``: standard deviation in each stratum (0 or more). Every place goes to the stratum where it helps most: by
    the priority size^2 spread^2 / (k (k + 1)) of its place k + 1, compared as exact fractions (Wright). ``minimum`` is
    at least 1: without one item nothing is known of a stratum. Strata without spread get no more than their minimum
    until the others are full. Raises ValueError as ``proportional`` does, KeyError for a stratum without a spread.
    """
    given = _floors(total, sizes, max(1, minimum))
    squares = {s: (sizes[s] * rational(spreads[s])) ** 2 for s in sizes}
    if any(rational(spreads[s]) < 0 for s in sizes):
        raise ValueError("a standard deviation is not negative")

    def entry(s: str) -> tuple[Fraction, str, str]:
        return -squares[s] / (given[s] * (given[s] + 1)), tie(s), s

    heap = [entry(s) for s in sizes if given[s] < sizes[s]]
    heapq.heapify(heap)
    for _ in range(total - sum(given.values())):
        _, _, name = heapq.heappop(heap)
        given[name] += 1
        if given[name] < sizes[name]:
            heapq.heappush(heap, entry(name))
    return dict(sorted(given.items()))


def with_certain(amounts: Mapping[str, Number], n: int) -> tuple[dict[str, list[str]], dict[str, int]]:
    """Strata and sizes of a draw with chances proportional to size: those certain to be drawn, and the others.

    Items as large as total / n are certain (``units``: the same rule); the rest of ``n`` is drawn from the others by
    ``probity.draw.Plan(population, sizes, weights=amounts)``, whose tickets one item more or less does not reshuffle.
    Raises ValueError for an amount that is not positive, or fewer items than ``n``.
    """
    ids = sorted(amounts)
    if not 0 < n <= len(ids) or any(rational(amounts[i]) <= 0 for i in ids):
        raise ValueError(f"{n} of {len(ids)} items, all of a positive amount, cannot be drawn by size")
    rows, left = Line([amounts[i] for i in ids]).certain(n)
    certain = [ids[row] for row in rows.tolist()]
    apart = set(certain)
    return {CERTAIN: certain, DRAWN: [i for i in ids if i not in apart]}, {CERTAIN: len(certain), DRAWN: left}
