"""The draw that a stranger can replay: commitment, sample, replacements.

In: candidates (ids by stratum), sample sizes, optional weights, and a public seed that nobody knew when the
plan was committed. Out: a plan with its commitment (a digest), and a draw file that
``include/verify_draw.py`` checks offline with nothing but Python's standard library. The rule of the tickets
is that of ``probity.tickets``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from probity import canonical
from probity.tickets import TICKET_RULE, Ticket, sample, seed_text, unique, weight_of, weighted_sample

FORMAT = "probity-draw/1"
REPLACEMENT_RULE = (
    "a drawn candidate that is unavailable is replaced by the next one in ascending order of the same stratum"
)


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
        unique(everyone)
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
                weight_of(weight)

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
    return weighted_sample(ids, plan.weights, count, seed)


def draw(plan: Plan, seed: str | int, unavailable: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Draw by ``plan``: the draw file (plan, commitment, seed, tickets in order with their status).

    ``unavailable``: id -> reason; such a candidate, when its turn comes, is recorded as ``replaced`` and the
    next one takes its place. ``tickets``: [{stratum, order, id, ticket, status: drawn | replaced | reserve}].
    Raises ValueError when an unavailable id is not in the population.
    """
    reasons = dict(unavailable or {})
    if stranger := set(reasons).difference(*plan.population.values()):
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
