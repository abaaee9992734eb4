"""Auditors: who must recuse, and who is proposed for which case.

In: AUDITOR posts, AGENCY list, the selected cases in rank order. Out: auditor ids a case, load balanced.
Law: 採購稽核小組作業規則 §15: recusal for procurement of the agency where one serves now or served within the
last three years. That superior and subordinate agencies count too is this office's own extension (config). The
family ties of 採購法 §15 are in no data set: an auditor declares them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from probity.calendar import Period, years_before
from probity.selection.proposal import Roster


def tie(*parts: str) -> str:
    """SHA-256 (hex) that orders equals: the same on every machine, favouring nobody."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def related(one: str, other: str, parents: Mapping[str, str | None], rule: Mapping[str, Any]) -> bool:
    """Is ``one`` the same agency as ``other``, or (by config) its superior or subordinate?

    By code: 3.87.10 stands above 3.87.10.1; a code of fewer than ``min_prefix_parts`` parts (3.87, the city)
    is above everybody and therefore counts as nobody's superior. By list: the agency list's ``parent_id``.
    """
    if one == other:
        return True
    if not rule.get("related_agencies"):
        return False
    above, below = sorted((one, other), key=lambda a: (a.count("."), a))
    parts = rule.get("min_prefix_parts", 3)
    if above.count(".") + 1 >= parts and below.startswith(above + "."):
        return True
    return _ancestor(one, other, parents, parts) or _ancestor(other, one, parents, parts)


def _ancestor(above: str, below: str, parents: Mapping[str, str | None], parts: int) -> bool:
    seen: set[str] = set()
    current = parents.get(below)
    while current and current not in seen and current.count(".") + 1 >= parts:
        if current == above:
            return True
        seen.add(current)
        current = parents.get(current)
    return False


def roster(
    tables: Mapping[str, pa.Table], agency_ids: Iterable[str], period: Period, rules: Mapping[str, Any]
) -> Roster:
    """The auditors and, for each agency of ``agency_ids``, who must recuse for it.

    A post counts when it began by the period's last day and had not ended more than ``recusal.years`` years
    before it (the very day three years ago still counts).
    """
    rule = rules["recusal"]
    posts = tables["auditor"].to_pylist() if "auditor" in tables else []
    parents = {a["agency_id"]: a["parent_id"] for a in tables["agency"].to_pylist()} if "agency" in tables else {}
    since = years_before(period.last, rule["years"])
    binding = {
        (p["auditor_id"], p["agency_id"])
        for p in posts
        if (p["served_from"] is None or p["served_from"] <= period.last)
        and (p["served_to"] is None or p["served_to"] >= since)
    }
    recused = {
        agency: sorted({auditor for auditor, served in binding if related(agency, served, parents, rule)})
        for agency in sorted(set(agency_ids))
    }
    specialties = {p["auditor_id"]: p["specialty"] or "any" for p in sorted(posts, key=lambda p: str(p["specialty"]))}
    return Roster(dict(sorted(specialties.items())), recused, rules["auditors_per_case"])


def propose(
    cases: Sequence[tuple[str, str | None, str]], roster: Roster, load: Mapping[str, int] | None = None
) -> dict[str, dict[str, str | None]]:
    """case_id -> {auditors, recused}: ids joined by comma, None when nobody can be named.

    ``cases``: (case_id, agency_id, kind) in rank order; ``load``: cases an auditor has already. Those of the
    case's specialty come first, then the least loaded, then by hash. An agency that is not known leaves the
    case to be assigned by hand: without it nobody's recusal can be checked.
    """
    busy = dict.fromkeys(roster.auditors, 0) | dict(load or {})
    out: dict[str, dict[str, str | None]] = {}
    for case_id, agency_id, kind in cases:
        recused = roster.recused.get(agency_id) if agency_id else None
        if recused is None:
            out[case_id] = {"auditors": None, "recused": None}
            continue
        free = [a for a in roster.auditors if a not in recused]
        free.sort(key=lambda a: (roster.auditors[a] not in (kind, "any"), busy[a], tie(case_id, a)))
        chosen = sorted(free[: roster.per_case])
        for auditor in chosen:
            busy[auditor] += 1
        out[case_id] = {"auditors": ",".join(chosen) or None, "recused": ",".join(recused) or None}
    return out
