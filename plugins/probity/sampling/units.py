"""Selection along a line of units: systematic with random start, proportional to size, monetary units.

In: items in their order, each with its amount (for records: 1), the sample size, the public seed. Out: the items hit.

The items lie end to end on a line of whole units (dollars, or items). A point of the line hits the item that covers it:
point p belongs to unit ceil(p), so an item is hit with a chance proportional to its amount.

* ``interval``: one random start in the first interval (total / n), then every interval: systematic selection; of money:
  fixed-interval monetary-unit sampling;
* ``cell``: one random point in each interval;
* ``random``: n random points, independent of each other (an item may be hit again).
``apart``: items as large as the interval are certain to be hit; they are taken out, examined in full and not projected,
and the rest of the sample is drawn from the rest of the line, until no such item is left. What remains is hit at most
twice in neighbouring cells, with ``interval`` at most once: probability proportional to size without replacement.

Random points come from the tickets (probity.tickets) of "<purpose>|start", "<purpose>|cell|<k>", "<purpose>|unit|<k>",
"<purpose>|reserve|<k>", as exact decimal fractions; the order of the items, the amounts and the size are bound by the
commitment. Unlike draws by tickets of the items themselves, a selection along a line is moved by one item more or
less: where that matters draw by tickets, with weights (probity.draw).

All in whole numbers, never binary floats, so that item and point meet the same way everywhere. Sources: W. G. Cochran,
"Sampling Techniques" (1977) 8.1, 9A; D. A. Leslie, A. D. Teitlebaum, R. J. Anderson, "Dollar-Unit Sampling" (1979);
P. Touw, L. Hoogduin, "Statistiek voor audit en controlling" (2011).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np

from probity import canonical
from probity.sampling.exact import Number, rational
from probity.tickets import TICKET_RULE, id_text, seed_text, ticket_number, unique

FORMAT = "probity-units/1"
INTERVAL, CELL, RANDOM = "interval", "cell", "random"
METHODS = (INTERVAL, CELL, RANDOM)
UNIT_RULE = (
    "amounts lie end to end in the order of items; point p hits the item that covers unit ceil(p); total / n is the "
    "interval; interval: p = (u + k - 1) total / n, u = ticket of '<purpose>|start'; cell: the same, u = ticket of "
    "'<purpose>|cell|<k>'; random: p = u total, u = ticket of '<purpose>|unit|<k>'; k = 1..n; apart: items with amount "
    "x n >= total are taken out, n and total lowered by them, until none is left"
)
RESERVE_RULE = (
    "a hit on an unavailable item is replaced by the next reserve point, p = u total, u = ticket of "
    "'<purpose>|reserve|<k>', k = 1, 2, ..., passing over items that are unavailable or hit already"
)

_INT64 = 2**62


class Line:
    """Amounts end to end, as whole numbers of ``1 / scale``.

    ``amounts``: numbers that are not negative (an item of 0 can never be hit), or an int64 array.
    Raises ValueError for a negative amount (credit balances are a population of their own) or a line without length.
    """

    def __init__(self, amounts: Sequence[Number] | np.ndarray) -> None:
        self.scale = 1
        if isinstance(amounts, np.ndarray) and amounts.dtype.kind in "iu":
            self.amounts = amounts
        else:
            whole = list(amounts)
            if not all(type(a) is int for a in whole):
                exact = [rational(a) for a in whole]
                self.scale = math.lcm(*{a.denominator for a in exact})
                whole = [int(a * self.scale) for a in exact]
            self.amounts = np.array(whole, dtype=object if sum(map(abs, whole)) >= _INT64 else np.int64)
        if self.amounts.dtype != object and float(self.amounts.sum(dtype=float)) >= _INT64:
            self.amounts = self.amounts.astype(object)
        if len(self.amounts) and self.amounts.min() < 0:
            raise ValueError("negative amounts are no part of the line: a population of their own")
        self.total = int(self.amounts.sum()) if len(self.amounts) else 0
        if self.total == 0:
            raise ValueError("the amounts add up to nothing")

    @classmethod
    def records(cls, count: int) -> Line:
        """Every item one unit long."""
        return cls(np.ones(count, dtype=np.int64))

    @cached_property
    def _ends(self) -> Any:
        return list(accumulate(self.amounts)) if self.amounts.dtype == object else np.cumsum(self.amounts)

    def rows(self, units: Sequence[int]) -> np.ndarray:
        """The row that covers each unit (1 = the first)."""
        if isinstance(self._ends, list):
            return np.array([bisect_left(self._ends, u) for u in units], dtype=np.int64)
        return np.searchsorted(self._ends, np.array(units, dtype=np.int64), side="left")

    def certain(self, n: int) -> tuple[np.ndarray, int]:
        """Rows that are certain to be hit by ``n`` points, and the points that are left for the others."""
        size = len(self.amounts)
        # no more than n items can be certain, and of items as large as each other all or none are
        largest = np.argpartition(self.amounts, size - n)[size - n :] if n < size else np.arange(size)
        order = largest[np.argsort(-self.amounts[largest], kind="stable")]
        left, total, count = n, self.total, 0
        while left and count < len(order) and int(self.amounts[order[count]]) * left >= total > 0:
            total -= int(self.amounts[order[count]])
            left, count = left - 1, count + 1
        return np.sort(order[:count]), left


def unit_at(share: Fraction, k: int, total: int, n: int) -> int:
    """The unit hit by the point (share + k) total / n, k from 0; the line's first unit at the least."""
    return max(1, math.ceil((share + k) * total / n))


def systematic_rows(line: Line, n: int, start: Number) -> np.ndarray:
    """Rows hit by the points start + k total / n, k = 0..n-1; ``start`` in units of the amounts, in (0, interval].

    Raises ValueError for a start outside the first interval.
    """
    first = rational(start) * line.scale
    if n < 1 or not 0 < first * n <= line.total:
        raise ValueError(f"a start of {start} does not lie in the first of {n} intervals")
    share = first * n / line.total
    return line.rows([unit_at(share, k, line.total, n) for k in range(n)])


@dataclass(frozen=True)
class UnitPlan:
    """What is fixed before the seed is known.

    ``ids`` in the order of the line; ``amounts`` beside them (None: records, one unit each); ``n`` points; ``method``;
    ``apart``: certainty items taken out first; ``reserves``: replacement points named beforehand; ``purpose``: part of
    every ticket's name, so that two draws under one seed differ.
    """

    ids: Sequence[str]
    n: int
    method: str = INTERVAL
    amounts: Sequence[Number] | np.ndarray | None = None
    apart: bool = False
    reserves: int = 0
    purpose: str = ""

    def __post_init__(self) -> None:
        unique(self.ids)
        if self.method not in METHODS:
            raise ValueError(f"a line is sampled by {', '.join(METHODS)}, not {self.method!r}")
        if self.amounts is not None and len(self.amounts) != len(self.ids):
            raise ValueError("every item has an amount")
        if self.reserves < 0 or self.n < 1:
            raise ValueError("a sample has at least one point; reserves are not negative")
        if self.amounts is None and self.n > len(self.ids):
            raise ValueError(f"{self.n} cannot be drawn from {len(self.ids)} items")
        if self.n > self.line.total:
            raise ValueError(f"{self.n} points on a line of {self.line.total} units")

    @cached_property
    def line(self) -> Line:
        return Line.records(len(self.ids)) if self.amounts is None else Line(self.amounts)

    def document(self) -> dict[str, Any]:
        """The plan as JSON: exactly what the commitment digests. Amounts are exact text."""
        texts = ["1"] * len(self.ids) if self.amounts is None else [str(rational(a)) for a in self.amounts]
        return {
            "format": FORMAT,
            "purpose": self.purpose,
            "ticket_rule": TICKET_RULE,
            "unit_rule": UNIT_RULE,
            "replacement_rule": RESERVE_RULE,
            "method": self.method,
            "items": [[id_text(i), a] for i, a in zip(self.ids, texts, strict=True)],
            "sample_size": self.n,
            "apart": self.apart,
            "reserves": self.reserves,
        }

    @property
    def digest(self) -> str:
        """The commitment: SHA-256 of the canonical JSON of ``document()``."""
        return canonical.digest(self.document())

    def commitment(self) -> dict[str, Any]:
        """What may be published before the draw: digests and counts, no item's id."""
        document = self.document()
        kept = ("format", "ticket_rule", "unit_rule", "replacement_rule", "method", "sample_size", "apart", "reserves")
        return {name: document[name] for name in kept} | {
            "commitment": canonical.digest(document),
            "items_digest": canonical.digest(document["items"]),
            "population": len(self.ids),
            "total": str(Fraction(self.line.total, self.line.scale)),
        }


def plan_from_document(document: Mapping[str, Any]) -> UnitPlan:
    """The plan inside a stored plan or draw. Raises ValueError for another format."""
    if document.get("format") != FORMAT:
        raise ValueError(f"not a selection along a line of format {FORMAT}")
    return UnitPlan(
        ids=[i for i, _ in document["items"]],
        n=document["sample_size"],
        method=document["method"],
        amounts=[a for _, a in document["items"]],
        apart=document["apart"],
        reserves=document["reserves"],
        purpose=document["purpose"],
    )


@dataclass(frozen=True)
class Hits:
    """``certain``: rows examined in full; ``rows``: the row of each point in order (a row may come again); ``units``:
    each point's unit on the line without the certain items; ``interval``: its interval in units of the amounts."""

    certain: np.ndarray
    rows: np.ndarray
    units: list[int]
    tickets: list[str]
    interval: Fraction | None


def select(plan: UnitPlan, seed: str | int) -> Hits:
    """The rows that ``seed`` selects; quick for millions of items."""
    return _Selection(plan, seed_text(seed)).hits()


class _Selection:
    def __init__(self, plan: UnitPlan, seed: str) -> None:
        self.plan, self.seed = plan, seed
        line = plan.line
        self.certain: np.ndarray = np.array([], dtype=np.int64)
        self.left = plan.n
        if plan.apart:
            self.certain, self.left = line.certain(plan.n)
        self.places: np.ndarray | None = None
        self.rest: Line | None = line
        if len(self.certain):
            self.places = np.delete(np.arange(len(plan.ids)), self.certain)
            kept = np.delete(line.amounts, self.certain)
            self.rest = Line(kept) if self.left and kept.sum() else None

    def ticket(self, name: str) -> str:
        return ticket_number(f"{self.plan.purpose}|{name}", self.seed)

    def hits(self) -> Hits:
        if self.rest is None:
            return Hits(self.certain, np.array([], dtype=np.int64), [], [], None)
        total, n, method = self.rest.total, self.left, self.plan.method
        if method == INTERVAL:
            tickets = [self.ticket("start")] * n
        else:
            tickets = [self.ticket(f"{'cell' if method == CELL else 'unit'}|{k}") for k in range(1, n + 1)]
        if method == RANDOM:
            units = [unit_at(Fraction(t), 0, total, 1) for t in tickets]
        else:
            units = _spaced(tickets, total, n)
        return Hits(self.certain, self.rows(units), units, tickets, Fraction(total, n * self.plan.line.scale))

    def reserve(self, k: int) -> tuple[int, int, str]:
        """The k-th reserve point (from 1): row, unit, ticket."""
        assert self.rest is not None
        ticket = self.ticket(f"reserve|{k}")
        unit = unit_at(Fraction(ticket), 0, self.rest.total, 1)
        return int(self.rows([unit])[0]), unit, ticket

    def rows(self, units: list[int]) -> np.ndarray:
        """The rows of the plan that these units of the line without certain items belong to."""
        assert self.rest is not None
        rows = self.rest.rows(units)
        return rows if self.places is None else self.places[rows]


def _spaced(tickets: list[str], total: int, n: int) -> list[int]:
    """Units of the points (u_k + k) total / n; one division of whole numbers a point."""
    units = []
    for k, ticket in enumerate(tickets):
        digits = ticket[2:]
        bottom = 10 ** len(digits)
        units.append(max(1, -(-(int(digits) + k * bottom) * total // (n * bottom))))
    return units


def draw(plan: UnitPlan, seed: str | int, unavailable: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The draw document: plan, commitment, seed, certain items, points in order with their status, reserve points.

    ``points``: [{order, id, unit, ticket, status: drawn | replaced | reserve}]; reserve points that took a place are
    ``drawn``, with their number in ``reserve``. ``unavailable``: id -> reason; certain items that are unavailable stay
    listed (nothing can replace them). Raises ValueError for a stranger among them, or when nothing is left to replace.
    """
    reasons = dict(unavailable or {})
    ids = list(plan.ids)
    if stranger := set(reasons) - set(ids):
        raise ValueError(f"{len(stranger)} of the unavailable items are not in the population")
    text = seed_text(seed)
    selection = _Selection(plan, text)
    hits = selection.hits()
    lines: list[dict[str, Any]] = []
    for row, unit, ticket in zip(hits.rows.tolist(), hits.units, hits.tickets, strict=True):
        status = "replaced" if ids[row] in reasons else "drawn"
        lines.append({"id": ids[row], "unit": unit, "ticket": ticket, "status": status, "reserve": None})
    missing = sum(line["status"] == "replaced" for line in lines)
    lines += _reserves(selection, ids, reasons, lines, missing)
    return plan.document() | {
        "commitment": plan.digest,
        "seed": text,
        "unavailable": dict(sorted(reasons.items())),
        "interval": None if hits.interval is None else str(hits.interval),
        "certain": sorted(ids[row] for row in hits.certain.tolist()),
        "points": [{"order": k} | line for k, line in enumerate(lines, 1)],
    }


def _reserves(
    selection: _Selection,
    ids: list[str],
    reasons: Mapping[str, str],
    lines: list[dict[str, Any]],
    missing: int,
) -> Iterator[dict[str, Any]]:
    plan, taken = selection.plan, {line["id"] for line in lines}
    wanted = missing + plan.reserves
    if wanted == 0 or selection.rest is None:
        return
    places = range(len(ids)) if selection.places is None else selection.places.tolist()
    inside = [ids[i] for i, a in zip(places, selection.rest.amounts.tolist(), strict=True) if a]
    free = sum(i not in taken and i not in reasons for i in inside)
    if free < missing:
        raise ValueError("no items are left to replace the unavailable ones")
    wanted, k = min(wanted, free), 0
    for place in range(wanted):
        while True:
            k += 1
            row, unit, ticket = selection.reserve(k)
            if ids[row] not in taken and ids[row] not in reasons:
                break
        taken.add(ids[row])
        status = "drawn" if place < missing else "reserve"
        yield {"id": ids[row], "unit": unit, "ticket": ticket, "status": status, "reserve": k}
