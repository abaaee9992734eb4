"""What selection puts before the approver, and everything that finishing it needs.

In: built by ``select``. Out: the proposed cases, the control frame with its commitment, the exclusions, the
lines for the log. Why a module: ``select`` makes it, ``finish`` uses it, jobs carry it; it knows neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from probity import canonical, draw
from probity.tables import SELECTION_CASE


@dataclass(frozen=True)
class Candidate:
    """One of the period's cases as selection sees it.

    ``status``: must_watch | ranked | frame (eligible, not ranked) | excluded. ``must_watch``: item of the rules'
    must-watch list (採購稽核小組作業規則 §8, 工程施工查核小組作業辦法 §4) or None. ``district``: None where the
    family's cases have none, or it is unknown. ``score_parts`` and ``reasons``: lists as SELECTION_CASE carries them.
    """

    case_id: str
    agency: str
    agency_id: str | None
    kind: str
    status: str
    score: float
    must_watch: int | None
    score_parts: list[dict[str, Any]]
    reasons: list[dict[str, Any]]
    exclusion: str | None = None
    district: str | None = None


@dataclass(frozen=True)
class Roster:
    """Who may audit: auditor id -> specialty, and agency -> auditors who must recuse (None: cannot be told)."""

    auditors: Mapping[str, str]
    recused: Mapping[str, list[str] | None]
    per_case: int


@dataclass(frozen=True)
class Proposal:
    """A proposed selection: a pure function of its inputs, the same whatever the order of their rows.

    ``cases``: SELECTION_CASE without the control share, sorted by case_id. ``frame``: the control plan as JSON
    (population by stratum, sample sizes, rules); its SHA-256 is ``commitment["commitment"]``. ``commitment``:
    digests and counts that may be known before the draw. ``exclusions``: [{case_id, reason}]. ``steps``: lines
    for the log, counts only. ``reserve``: must-watch and ranked cases next in line, in order.
    """

    period: str
    cases: pa.Table
    frame: dict[str, Any]
    commitment: dict[str, Any]
    exclusions: list[dict[str, str]]
    steps: list[str]
    reserve: list[str]
    weights: dict[str, Any]
    rules: dict[str, Any]
    candidates: Mapping[str, Candidate] = field(repr=False)
    roster: Roster = field(repr=False)

    @property
    def plan(self) -> draw.Plan:
        """The committed plan of the control draw."""
        return draw.plan_from_document(self.frame)


def specialty(candidate: Candidate, rules: Mapping[str, Any]) -> str:
    """What an auditor of the case should know: the rules' one ``specialty`` for all cases, else the case's kind."""
    return str(rules.get("specialty") or candidate.kind)


def row(candidate: Candidate, rank: int, part: str, probability: float, **more: Any) -> dict[str, Any]:
    """A SELECTION_CASE row of ``candidate``; ``more``: ticket, auditors, recused, or other columns to replace."""
    return {
        "case_id": candidate.case_id,
        "rank": rank,
        "part": part,
        "score": candidate.score,
        "score_parts": canonical.dumps(candidate.score_parts),
        "reasons": canonical.dumps(candidate.reasons),
        "inclusion_probability": probability,
        "ticket": None,
        "auditors": None,
        "recused": None,
    } | more


def case_table(rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as a SELECTION_CASE table, sorted by its key."""
    return pa.Table.from_pylist(sorted(rows, key=lambda r: r["case_id"]), schema=SELECTION_CASE.arrow_schema())
