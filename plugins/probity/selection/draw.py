"""The draw that a stranger can replay: tickets, commitment, sample, replacements.

In: candidates (ids by stratum), sample sizes, optional weights, and a public seed that nobody knew when the
plan was committed. Out: a plan with its commitment (a digest), and a draw file that
``include/verify_draw.py`` checks offline with nothing but Python's standard library.

Rule of the tickets: R. L. Rivest, "Consistent Sampling with Replacement" (2018) and its reference program
consistent_sampler: hash SHA-256(hex(SHA-256(seed)) + id), write it in decimal, reverse the digits, put "0."
before them. The lowest tickets are drawn. A ticket depends on the seed and the id alone, so one candidate
more or less does not reshuffle the others. What is hashed are the UTF-8 bytes of the id's own text, never
a language's printed form of an object.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from heapq import heapify, heapreplace
from typing import Any

import numpy as np

from probity import canonical

FORMAT = "probity-draw/1"
TICKET_RULE = (
    "ticket = '0.' + reversed decimal digits (zero-padded to 64) of SHA256(hex(SHA256(seed)) + id), UTF-8; "
    "with weights the key is ticket / weight; ascending, ties by id"
)
REPLACEMENT_RULE = (
    "a drawn candidate that is unavailable is replaced by the next one in ascending order of the same stratum"
)

_KEY_DIGITS = 9
_KEY_RANGE = 10**_KEY_DIGITS


@dataclass(frozen=True, order=True)
class Ticket:
    """One ticket: ``number`` ("0.ddd..."), the candidate's ``id`` and ``generation`` (1 = its first ticket)."""

    number: str
    id: str
    generation: int = 1


def id_text(identifier: str | int) -> str:
    """The text of an id whose UTF-8 bytes are hashed. Raises TypeError for anything but text and int."""
    if isinstance(identifier, str):
        return identifier
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        return str(identifier)
    raise TypeError(f"a candidate's id is text or a whole number, not {type(identifier).__name__}")


def seed_text(seed: str | int) -> str:
    """The seed as it is hashed: NFKC (full-width digits become plain ones), outer blanks dropped.

    Raises ValueError when nothing is left.
    """
    text = unicodedata.normalize("NFKC", id_text(seed)).strip()
    if not text:
        raise ValueError("the seed is empty")
    return text


def _decimal(digest: bytes) -> str:
    return "0." + f"{int.from_bytes(digest, 'big'):064d}"[::-1]


def uniform(text: str) -> str:
    """``text`` hashed to a decimal fraction "0.ddd..." (the published ``sha256_uniform``)."""
    return _decimal(hashlib.sha256(text.encode()).digest())


def _prefix(seed: str | int) -> bytes:
    return hashlib.sha256(seed_text(seed).encode()).hexdigest().encode()


def ticket_digest(identifier: str | int, seed: str | int) -> str:
    """The SHA-256 (hex) that a candidate's ticket number is written from."""
    return hashlib.sha256(_prefix(seed) + id_text(identifier).encode()).hexdigest()


def ticket_number(identifier: str | int, seed: str | int) -> str:
    """A candidate's first ticket number, a decimal fraction in (0, 1) as text."""
    return _decimal(bytes.fromhex(ticket_digest(identifier, seed)))


def next_number(number: str) -> str:
    """The ticket number that follows ``number``: pseudo-random in (number, 1) (the published ``next_fraction``)."""
    padded = number + "0"
    head = padded[: next(i for i in range(2, len(padded)) if padded[i] < "9")]
    counter, following = 0, "0."
    while following <= padded:
        counter += 1
        following = head + uniform(f"{number}:{counter}")[2:]
    return following


def trim(number: str, digits: int = 9) -> str:
    """``number`` cut for reading: its leading nines and ``digits`` digits more."""
    nines = len(number[2:]) - len(number[2:].lstrip("9"))
    return number[: 2 + nines + digits]


def _unique(ids: Iterable[str | int]) -> list[str]:
    texts = [id_text(i) for i in ids]
    if len(set(texts)) != len(texts):
        raise ValueError("the same candidate stands in the list twice")
    return texts


def tickets(ids: Iterable[str | int], seed: str | int) -> list[Ticket]:
    """The first ticket of every candidate, in drawing order. Raises ValueError for a repeated id."""
    prefix, sha256 = _prefix(seed), hashlib.sha256
    return sorted(Ticket(_decimal(sha256(prefix + t.encode()).digest()), t) for t in _unique(ids))


def _leading_digits(digests: bytes) -> np.ndarray:
    """The first nine digits of each ticket number (n x int64) from the joined 32-byte digests."""
    words = np.frombuffer(digests, dtype=">u4").reshape(-1, 8)
    rest = np.zeros(len(words), dtype=np.uint64)
    for column in range(8):
        rest = ((rest << np.uint64(32)) + words[:, column].astype(np.uint64)) % np.uint64(_KEY_RANGE)
    mirror = np.array([int(f"{i:03d}"[::-1]) for i in range(1000)], dtype=np.int64)
    low = rest.astype(np.int64)
    return (mirror[low % 1000] * 1000 + mirror[low // 1000 % 1000]) * 1000 + mirror[low // 1_000_000]


def sample(ids: Iterable[str | int], n: int, seed: str | int, drop: int = 0) -> list[Ticket]:
    """``n`` candidates without replacement, lowest tickets first, after passing over ``drop`` of them.

    The same as ``tickets(ids, seed)[drop : drop + n]``, but sorts only what can be drawn: 1,000,000
    candidates take well under a second. Raises ValueError for a repeated id or a negative size.
    """
    if n < 0 or drop < 0:
        raise ValueError("sample size and drop are not negative")
    texts = _unique(ids)
    wanted = n + drop
    if n == 0 or not texts:
        return []
    prefix, sha256 = _prefix(seed), hashlib.sha256
    digests = [sha256(prefix + t.encode()).digest() for t in texts]
    if wanted * 8 < len(texts):
        leading = _leading_digits(b"".join(digests))
        cutoff = np.partition(leading, wanted - 1)[wanted - 1]
        near: Iterable[int] = np.flatnonzero(leading <= cutoff).tolist()
    else:
        near = range(len(texts))
    return sorted(Ticket(_decimal(digests[i]), texts[i]) for i in near)[drop:wanted]


def sample_with_replacement(ids: Iterable[str | int], n: int, seed: str | int, drop: int = 0) -> list[Ticket]:
    """``n`` draws with replacement: a drawn candidate goes back with its next, higher ticket."""
    heap = tickets(ids, seed)
    heapify(heap)
    drawn: list[Ticket] = []
    while heap and len(drawn) < n + drop:
        lowest = heap[0]
        drawn.append(lowest)
        heapreplace(heap, Ticket(next_number(lowest.number), lowest.id, lowest.generation + 1))
    return drawn[drop:]


def _weight(value: str | int) -> Fraction:
    weight = Fraction(value)
    if weight <= 0:
        raise ValueError(f"a weight is a positive number, not {value!r}")
    return weight


def weighted_order(ids: Iterable[str | int], weights: Mapping[str, str | int], seed: str | int) -> list[Ticket]:
    """All candidates by ticket / weight: sequential Poisson sampling, the chance about proportional to weight.

    Exact rational arithmetic, no logarithms, so every machine agrees. Weights are whole numbers or decimal
    text. Source: E. Ohlsson, "Sequential Poisson Sampling", Journal of Official Statistics 14 (1998) 149-162.
    Raises KeyError for a candidate without a weight.
    """
    first = tickets(ids, seed)
    return sorted(first, key=lambda t: (Fraction(t.number) / _weight(weights[t.id]), t.id))


@dataclass(frozen=True)
class Plan:
    """What is fixed before the seed is known.

    ``population``: stratum -> ids; ``sizes``: stratum -> number to draw; ``weights``: id -> whole number or
    decimal text, None for equal chances; ``reserves``: how many replacements are named beforehand a stratum.
    """

    population: Mapping[str, Sequence[str]]
    sizes: Mapping[str, int]
    weights: Mapping[str, str | int] | None = None
    reserves: int = 0
    purpose: str = ""

    def __post_init__(self) -> None:
        everyone = [i for ids in self.population.values() for i in ids]
        _unique(everyone)
        if set(self.sizes) != set(self.population):
            raise ValueError("every stratum has a population and a sample size")
        for stratum, size in self.sizes.items():
            if not 0 <= size <= len(self.population[stratum]):
                raise ValueError(
                    f"stratum {stratum}: {size} cannot be drawn from {len(self.population[stratum])} candidates"
                )
        if self.weights is not None:
            if set(self.weights) != set(everyone):
                raise ValueError("weights name every candidate and nobody else")
            for weight in self.weights.values():
                _weight(weight)

    def document(self) -> dict[str, Any]:
        """The plan as JSON: exactly what the commitment digests."""
        return {
            "format": FORMAT,
            "purpose": self.purpose,
            "ticket_rule": TICKET_RULE,
            "replacement_rule": REPLACEMENT_RULE,
            "population": {s: sorted(ids) for s, ids in self.population.items()},
            "sample_size": dict(self.sizes),
            "weights": None if self.weights is None else {i: str(w) for i, w in self.weights.items()},
            "reserves": self.reserves,
        }

    @property
    def digest(self) -> str:
        """The commitment: SHA-256 of the canonical JSON of ``document()``."""
        return canonical.digest(self.document())

    def commitment(self) -> dict[str, Any]:
        """What may be published before the draw: digests and counts, no candidate's id."""
        document = self.document()
        return {
            "format": FORMAT,
            "commitment": self.digest,
            "population_digest": canonical.digest(document["population"]),
            "weights_digest": None if self.weights is None else canonical.digest(document["weights"]),
            "population": sum(len(ids) for ids in self.population.values()),
            "sample_size": sum(self.sizes.values()),
            "strata": {
                s: {"population": len(ids), "sample": self.sizes[s]} for s, ids in sorted(self.population.items())
            },
            "ticket_rule": TICKET_RULE,
            "replacement_rule": REPLACEMENT_RULE,
            "reserves": self.reserves,
        }


def plan_from_document(document: Mapping[str, Any]) -> Plan:
    """The plan inside a stored plan or draw file. Raises ValueError for another format."""
    if document.get("format") != FORMAT:
        raise ValueError(f"not a draw file of format {FORMAT}")
    return Plan(
        population=document["population"],
        sizes=document["sample_size"],
        weights=document["weights"],
        reserves=document["reserves"],
        purpose=document["purpose"],
    )


def _ordered(plan: Plan, stratum: str, count: int, seed: str) -> list[Ticket]:
    ids = plan.population[stratum]
    if plan.weights is None:
        return sample(ids, count, seed)
    return weighted_order(ids, plan.weights, seed)[:count]


def draw(plan: Plan, seed: str | int, unavailable: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Draw by ``plan``: the draw file (plan, commitment, seed, tickets in order with their status).

    ``unavailable``: id -> reason; such a candidate, when its turn comes, is recorded as ``replaced`` and the
    next one takes its place. ``tickets``: [{stratum, order, id, ticket, status: drawn | replaced | reserve}].
    Raises ValueError when an unavailable id is not in the population.
    """
    reasons = dict(unavailable or {})
    if stranger := set(reasons) - {i for ids in plan.population.values() for i in ids}:
        raise ValueError(f"{len(stranger)} of the unavailable candidates are not in the population")
    text = seed_text(seed)
    lines: list[dict[str, Any]] = []
    for stratum in sorted(plan.population):
        size = plan.sizes[stratum]
        absent = sum(i in reasons for i in plan.population[stratum])
        drawn = spare = 0
        for order, ticket in enumerate(_ordered(plan, stratum, size + plan.reserves + absent, text), 1):
            if drawn == size and spare == plan.reserves:
                break
            status = "replaced" if ticket.id in reasons else "drawn" if drawn < size else "reserve"
            drawn, spare = drawn + (status == "drawn"), spare + (status == "reserve")
            lines.append(
                {"stratum": stratum, "order": order, "id": ticket.id, "ticket": ticket.number, "status": status}
            )
    return plan.document() | {
        "commitment": plan.digest,
        "seed": text,
        "unavailable": dict(sorted(reasons.items())),
        "tickets": lines,
    }
