"""Tickets that a stranger can replay: which candidates a public seed draws, in which order.

In: candidates' ids and a public seed, with weights if chances shall differ. Out: tickets in drawing order.

Rule of the tickets: R. L. Rivest, "Consistent Sampling with Replacement" (2018) and its reference program
consistent_sampler: hash SHA-256(hex(SHA-256(seed)) + id), write it in decimal, reverse the digits, put "0."
before them. The lowest tickets are drawn. A ticket depends on the seed and the id alone, so one candidate
more or less does not reshuffle the others. What is hashed are the UTF-8 bytes of the id's own text, never
a language's printed form of an object.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from heapq import heapify, heapreplace

import numpy as np

TICKET_RULE = (
    "ticket = '0.' + reversed decimal digits (zero-padded to 64) of SHA256(hex(SHA256(seed)) + id), UTF-8; "
    "with weights the key is ticket / weight; ascending, ties by id"
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


def unique(ids: Iterable[str | int]) -> list[str]:
    """The texts of the ids. Raises ValueError when one stands there twice."""
    given = list(ids)
    texts: list[str] = given if set(map(type, given)) <= {str} else [id_text(i) for i in given]  # type: ignore[assignment]
    if len(set(texts)) != len(texts):
        raise ValueError("the same candidate stands in the list twice")
    return texts


def tickets(ids: Iterable[str | int], seed: str | int) -> list[Ticket]:
    """The first ticket of every candidate, in drawing order. Raises ValueError for a repeated id."""
    prefix, sha256 = _prefix(seed), hashlib.sha256
    return sorted(Ticket(_decimal(sha256(prefix + t.encode()).digest()), t) for t in unique(ids))


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
    texts = unique(ids)
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


def weight_of(value: str | int) -> Fraction:
    """A weight as a fraction. Raises ValueError unless it is positive."""
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
    return sorted(first, key=lambda t: (Fraction(t.number) / weight_of(weights[t.id]), t.id))


def weighted_sample(
    ids: Iterable[str | int], weights: Mapping[str, str | int], n: int, seed: str | int
) -> list[Ticket]:
    """The first ``n`` of ``weighted_order``, sorting only what can be drawn.

    Nine digits of each ticket bound its key from both sides; only candidates whose lower bound does not exceed the
    n-th smallest upper bound are compared, exactly. Raises KeyError for a candidate without a weight.
    """
    texts = unique(ids)
    given = (weights[t] for t in texts)
    shares: list[Fraction | int] = [weight_of(w) if isinstance(w, str) else w for w in given]
    if n * 8 >= len(texts) or min(shares) <= 0 or max(shares) > _KEY_RANGE**3:
        return weighted_order(texts, weights, seed)[:n]
    if n <= 0:
        return []
    prefix, sha256 = _prefix(seed), hashlib.sha256
    digests = [sha256(prefix + t.encode()).digest() for t in texts]
    leading = _leading_digits(b"".join(digests)).astype(float)
    weight = np.fromiter(map(float, shares), dtype=float, count=len(shares))
    low, high = leading / weight * (1 - 1e-12), (leading + 1) / weight * (1 + 1e-12)
    near = np.flatnonzero(low <= np.partition(high, n - 1)[n - 1]).tolist()
    found = [Ticket(_decimal(digests[i]), texts[i]) for i in near]
    return sorted(found, key=lambda t: (Fraction(t.number) / weight_of(weights[t.id]), t.id))[:n]
