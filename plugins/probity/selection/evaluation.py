"""What the audits tell: the irregularity rate without bias, and whether each signal beats chance.

In: AUDIT_RESULT rows and the published selections (with their control shares). Out: a plain dict for reports.
Why the control share: cases chosen for their signals say nothing of the others; the control cases were drawn
with known chances n/N from all that was not chosen, so their rate is that of the whole rest (Horvitz-Thompson).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from scipy import stats

from probity.selection import intervals
from probity.selection.score import is_graded

CHOSEN = ("must_watch", "ranked", "added")


@dataclass(frozen=True)
class Audited:
    """A selected case with its result: ``irregular`` is None while no result has come back."""

    selection_id: str
    case_id: str
    part: str
    probability: float
    irregular: bool | None
    score: float
    signals: tuple[dict[str, Any], ...]

    @property
    def fired(self) -> set[str]:
        return {p["signal_id"] for p in self.signals if not is_graded(p["signal_id"])}


def audited(results: pa.Table, selections: Iterable[Mapping[str, Any]]) -> list[Audited]:
    """The selected cases joined with their results, sorted by selection and case.

    ``selections``: [{"selection_id", "cases": final SELECTION_CASE table}]. Of several results of a case the
    latest counts; on one day an irregularity found counts. Results of cases that were never selected are left
    out: nobody knows their chances.
    """
    verdicts: dict[str, bool] = {}
    rows = results.select(["case_id", "finished_date", "irregular"]).to_pylist()
    for result in sorted(rows, key=lambda r: (r["finished_date"], r["irregular"], r["case_id"])):
        verdicts[result["case_id"]] = result["irregular"]
    out = [
        Audited(
            selection_id=selection["selection_id"],
            case_id=case["case_id"],
            part=case["part"],
            probability=case["inclusion_probability"],
            irregular=verdicts.get(case["case_id"]),
            score=case["score"],
            signals=tuple(json.loads(case["score_parts"])),
        )
        for selection in selections
        for case in selection["cases"].to_pylist()
    ]
    return sorted(out, key=lambda a: (a.selection_id, a.case_id))


def strata(cases: Sequence[Audited]) -> list[tuple[int, int, int]]:
    """(irregular, results in, population) of each control stratum: a selection and a chance within it.

    The population follows from the chance: cases drawn / (n/N). Cases without a result count as missing at
    random within their stratum.
    """
    groups: dict[tuple[str, float], list[Audited]] = {}
    for case in cases:
        if case.part == "control":
            groups.setdefault((case.selection_id, case.probability), []).append(case)
    return [
        (sum(bool(c.irregular) for c in group), sum(c.irregular is not None for c in group), round(len(group) / chance))
        for (_, chance), group in sorted(groups.items())
    ]


def evaluate(
    results: pa.Table, selections: Sequence[Mapping[str, Any]], confidence: float = intervals.CONFIDENCE
) -> dict[str, Any]:
    """The evaluation as plain JSON values.

    ``rest``: the rate among eligible cases that were not chosen, from the control share: {estimate, low, high,
    method, irregular, audited, pending, population, if_all_pending_regular, if_all_pending_irregular}.
    ``eligible``: the rate over all eligible cases (chosen ones counted as they are, the rest estimated).
    ``parts``: rate of each part with limits. ``lift_of_selection``: chosen against control. ``signals``: see
    ``signal_rows``. Fractions, not per cent.
    """
    cases = audited(results, selections)
    return {
        "confidence": confidence,
        "selections": sorted({c.selection_id for c in cases}),
        "rest": _rest(cases, confidence),
        "eligible": _eligible(cases, confidence),
        "parts": {p: _part([c for c in cases if c.part == p], confidence) for p in (*CHOSEN, "control")},
        "lift_of_selection": _lift([c for c in cases if c.part in CHOSEN], cases, confidence),
        "signals": signal_rows(cases, confidence),
    }


def _rest(cases: Sequence[Audited], confidence: float) -> dict[str, Any]:
    groups = strata(cases)
    irregular, done, population = (sum(g[i] for g in groups) for i in range(3))
    drawn = sum(c.part == "control" for c in cases)
    out = intervals.stratified(groups, confidence).to_json() | {
        "irregular": irregular,
        "audited": done,
        "pending": drawn - done,
        "population": population,
    }
    return out | {
        "if_all_pending_regular": irregular / drawn if drawn else None,
        "if_all_pending_irregular": (irregular + drawn - done) / drawn if drawn else None,
    }


def _eligible(cases: Sequence[Audited], confidence: float) -> dict[str, Any]:
    """Chosen cases have chance 1; those without a result yet are taken at the rate of the others chosen."""
    chosen = [c for c in cases if c.part in CHOSEN]
    done = [c for c in chosen if c.irregular is not None]
    rate = sum(bool(c.irregular) for c in done) / len(done) if done else None
    rest = intervals.stratified(strata(cases), confidence)
    population = sum(size for _, n, size in strata(cases) if n)
    total = population + (len(chosen) if done else 0)

    def mix(share: float | None) -> float | None:
        if share is None or total == 0:
            return None
        return (share * population + (rate or 0.0) * (len(chosen) if done else 0)) / total

    return {
        "estimate": mix(rest.estimate),
        "low": mix(rest.low) if population else None,
        "high": mix(rest.high) if population else None,
        "population": total,
        "chosen_pending": len(chosen) - len(done),
    }


def _part(cases: Sequence[Audited], confidence: float) -> dict[str, Any]:
    done = [c for c in cases if c.irregular is not None]
    irregular = sum(bool(c.irregular) for c in done)
    limits = intervals.clopper_pearson(irregular, len(done), confidence)
    return limits.to_json() | {"irregular": irregular, "audited": len(done), "pending": len(cases) - len(done)}


def _counts(cases: Iterable[Audited]) -> tuple[int, int]:
    done = [c for c in cases if c.irregular is not None]
    return sum(bool(c.irregular) for c in done), len(done)


def _lift(chosen: Sequence[Audited], cases: Sequence[Audited], confidence: float) -> dict[str, Any]:
    x1, n1 = _counts(chosen)
    x0, n0 = _counts(c for c in cases if c.part == "control")
    p_value = stats.fisher_exact([[x1, n1 - x1], [x0, n0 - x0]]).pvalue if n1 and n0 else 1.0
    return intervals.ratio(x1, n1, x0, n0, confidence).to_json() | {"p_value": float(p_value)}


def signal_rows(cases: Sequence[Audited], confidence: float = intervals.CONFIDENCE) -> list[dict[str, Any]]:
    """One dict a signal, sorted by id.

    ``audited``/``irregular``/``hit_rate``/``low``/``high``: chosen cases in which it fired (Clopper-Pearson).
    ``lift``/``lift_low``/``lift_high``/``p_value``/``q_value``: against all control cases (Fisher's exact test,
    Benjamini-Hochberg over the signals). ``control_fired``/``control_irregular``: control cases in which it fired.
    ``population_rate``: over all eligible cases in which it fired, weighted by 1/chance (Hajek).
    """
    rows = []
    for signal in sorted({s for c in cases for s in c.fired}):
        fired = [c for c in cases if signal in c.fired]
        chosen = [c for c in fired if c.part in CHOSEN]
        x, n = _counts(chosen)
        limits = intervals.clopper_pearson(x, n, confidence)
        lift = _lift(chosen, cases, confidence)
        control_x, control_n = _counts(c for c in fired if c.part == "control")
        done = [c for c in fired if c.irregular is not None]
        weight = sum(1 / c.probability for c in done)
        rows.append(
            {
                "signal_id": signal,
                "audited": n,
                "irregular": x,
                "hit_rate": limits.estimate,
                "low": limits.low,
                "high": limits.high,
                "lift": lift["estimate"],
                "lift_low": lift["low"],
                "lift_high": lift["high"],
                "p_value": lift["p_value"],
                "control_fired": control_n,
                "control_irregular": control_x,
                "population_rate": sum(bool(c.irregular) / c.probability for c in done) / weight if done else None,
            }
        )
    for row, q_value in zip(rows, intervals.false_discovery([r["p_value"] for r in rows]), strict=True):
        row["q_value"] = q_value
    return rows
