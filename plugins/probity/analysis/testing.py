"""Tests in the field by kind: how many passed, how good the lots were, and where a grade fell.

In: visits with their INSPECTION_TEST rows. Out: plain dicts: pass rates with exact limits, per cent within limits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from probity.analysis.shares import difference, share
from probity.analysis.trend import judge
from probity.analysis.visits import Visit


def by_kind(now: Sequence[Visit], before: Sequence[Visit], confidence: float) -> list[dict[str, Any]]:
    """One dict a test, by id: {test, inspections, not_assessable, count (passed), total, estimate, low, high,
    last_count, last_total (``before``), change (Difference), lots, pwl_mean, pwl_least (0 to 100)}."""
    mine, last = _states(now), _states(before)
    out = []
    for test in sorted(mine.keys() | last.keys()):
        passed, total, unknown = _passed(mine.get(test, []))
        last_passed, last_total, _ = _passed(last.get(test, []))
        values = _pwl(now, test)
        out.append(
            {
                "test": test,
                "inspections": total + unknown,
                "not_assessable": unknown,
                **share(passed, total, confidence).to_json(),
                "last_count": last_passed,
                "last_total": last_total,
                "change": difference((passed, total), (last_passed, last_total), confidence).to_json(),
                "lots": len(values),
                "pwl_mean": sum(values) / len(values) if values else None,
                "pwl_least": min(values, default=None),
            }
        )
    judge([r["change"] for r in out], confidence)
    return out


def _states(found: Sequence[Visit]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = defaultdict(list)
    for visit in found:
        for test, state in visit.states.items():
            out[test].append(state)
    return out


def _passed(states: Sequence[str]) -> tuple[int, int, int]:
    """(passed, passed or failed, not assessable)."""
    passed, failed = states.count("pass"), states.count("fail")
    return passed, passed + failed, len(states) - passed - failed


def _pwl(found: Sequence[Visit], test: str) -> list[float]:
    """Per cent within limits of each lot; of the whole where no lot has one."""
    out: list[float] = []
    for visit in found:
        rows = [t for t in visit.tests if t["test"] == test and t["pwl"] is not None]
        out += [float(t["pwl"]) for t in rows if t["lot"] > 0] or [float(t["pwl"]) for t in rows]
    return sorted(out)


def grades(now: Sequence[Visit]) -> list[dict[str, Any]]:
    """Inspections whose grade a failed test fixes (工程施工查核小組作業辦法 §8): [{inspection_id, agency_name, case_no,
    title, firm_name, effect, tests}], by inspection."""
    out = []
    for visit in sorted(now, key=lambda v: v.id):
        found = sorted({(t["grade_effect"], t["test"]) for t in visit.tests if t["grade_effect"]})
        if found:
            about = {k: visit.row[k] for k in ("inspection_id", "agency_name", "case_no", "title", "firm_name")}
            effects = "、".join(sorted({e for e, _ in found}))
            out.append(about | {"effect": effects, "tests": sorted({t for _, t in found})})
    return out
