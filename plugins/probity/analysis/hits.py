"""Does the selection beat chance? What inspections found among the chosen cases, signal by signal, and the control.

In: published selections and the visits that followed. Out: shares with exact limits. The control cases were drawn from
all that were not chosen, so their share says what chance alone would have found.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from probity.analysis.shares import difference, share
from probity.analysis.trend import judge
from probity.analysis.visits import Visit
from probity.calendar import Period

CHOSEN = ("must_watch", "ranked", "added")
PLACES = ("CONTROL", "ADDED")


@dataclass(frozen=True)
class Selected:
    """A published case with its result: ``irregular`` is None until it has been inspected."""

    period: Period
    part: str
    fired: frozenset[str]
    irregular: bool | None


def selected(selections: Sequence[Mapping[str, Any]], found: Sequence[Visit]) -> tuple[list[Selected], dict[str, str]]:
    """The cases of ``selections`` [{selection_id, period, cases: SELECTION_CASE}] with results; the signals' names.

    Of several revisions of a period the last counts; an inspection made after an earlier one counts too.
    """
    periods: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for selection in selections:
        periods[str(selection["period"])].append(selection)
    results: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for visit in found:
        if not visit.again and visit.row["selection_id"]:
            results[visit.row["selection_id"], visit.row["case_id"]].append(visit.irregular)
    out: list[Selected] = []
    names: dict[str, str] = {}
    for key in sorted(periods):
        revisions = sorted(periods[key], key=lambda s: (len(s["selection_id"]), s["selection_id"]))
        for case in revisions[-1]["cases"].sort_by("case_id").to_pylist():
            seen = [r for s in revisions for r in results.get((s["selection_id"], case["case_id"]), ())]
            reasons = {r["signal_id"]: r.get("name") for r in json.loads(case["reasons"])}
            names |= {k: v for k, v in reasons.items() if v}
            parts = {p["signal_id"] for p in json.loads(case["score_parts"])} | set(reasons)
            # I07:low is a graded value, no signal that fired; CONTROL and ADDED say why a case stands on the list.
            fired = frozenset(p for p in parts if ":" not in p and p not in PLACES)
            out.append(Selected(Period.parse(key), case["part"], fired, any(seen) if seen else None))
    return out, names


def hits(cases: Sequence[Selected], names: Mapping[str, str], confidence: float) -> dict[str, Any]:
    """{parts: {part: {selected, pending} and Share}, chosen: the same with ``against`` (Difference to the control),
    signals: [{signal_id, name, selected, Share of irregular ones, control_count, control_total (control cases in which
    it fired), against}]} over all cases given, signals by id."""
    control = _inspected(c for c in cases if c.part == "control")
    chosen = [c for c in cases if c.part in CHOSEN]
    rows = []
    for signal in sorted({s for c in cases for s in c.fired}):
        fired = [c for c in chosen if signal in c.fired]
        x, n = _inspected(fired)
        by_chance = _inspected(c for c in cases if c.part == "control" and signal in c.fired)
        rows.append(
            {"signal_id": signal, "name": names.get(signal), "selected": len(fired)}
            | share(x, n, confidence).to_json()
            | {"control_count": by_chance[0], "control_total": by_chance[1]}
            | {"against": difference((x, n), control, confidence).to_json()}
        )
    judge([r["against"] for r in rows], confidence)
    overall = difference(_inspected(chosen), control, confidence).to_json()
    judge([overall], confidence)
    return {
        "parts": {p: _part([c for c in cases if c.part == p], confidence) for p in (*CHOSEN, "control")},
        "chosen": _part(chosen, confidence) | {"against": overall},
        "signals": rows,
    }


def _part(cases: Sequence[Selected], confidence: float) -> dict[str, Any]:
    x, n = _inspected(cases)
    return {"selected": len(cases), "pending": len(cases) - n} | share(x, n, confidence).to_json()


def _inspected(cases: Any) -> tuple[int, int]:
    done = [c.irregular for c in cases if c.irregular is not None]
    return sum(done), len(done)
