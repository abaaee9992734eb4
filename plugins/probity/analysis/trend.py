"""One count over time: this quarter against the same quarter of last year and against the moving average.

In: visits and what to count of each. Out: plain dicts of counts, exact comparisons (``probity.analysis.rates``) and
verdicts. A family of comparisons (all defect categories, all agencies) is looked at together: of twenty, one would
stand out by chance alone, so a difference counts only if it survives Benjamini and Hochberg (1995, JRSS B 57:289).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from scipy import stats

from probity.analysis import rates
from probity.analysis.visits import Visit, within
from probity.calendar import Period

Count = Callable[[Visit], int]
UNSURE = "unsure"  # beyond chance by itself, not among so many comparisons


@dataclass(frozen=True)
class Options:
    """``confidence`` of intervals and verdicts; ``window``: quarters in the moving average; ``chart_months``: months
    shown in the control chart, whose base is the ``base_months`` before each month and whose limits hold at
    ``chart_confidence`` (0.9973: the 3 sigma of W. A. Shewhart's charts)."""

    confidence: float = 0.95
    window: int = 4
    chart_months: int = 24
    base_months: int = 12
    chart_confidence: float = 0.9973


def row(found: Sequence[Visit], period: Period, count: Count, options: Options) -> dict[str, Any]:
    """``count`` over the quarter ``period`` and before; ``found`` holds no re-inspections.

    {count, months: [count a month], history: [{quarter, inspections, count, rate} oldest first, the quarter last],
    rate/low/high, dispersion, last_year: Comparison, average: Comparison, expected_low, expected_high (counts that
    chance makes beside the moving average; None without a base)}.
    """
    quarters = [period.previous(i) for i in range(options.window, -1, -1)]
    groups = [[count(v) for v in within(found, q)] for q in quarters]
    year = [count(v) for v in within(found, period.previous(4))]
    phi = rates.dispersion(groups if options.window >= 4 else [year, *groups])
    now, base = groups[-1], [c for g in groups[:-1] for c in g]
    of = (sum(now), len(now))
    estimate = rates.rate(*of, phi, options.confidence)
    expected = rates.limits((sum(base), len(base)), len(now), phi, options.confidence)
    return {
        "count": of[0],
        "months": [sum(count(v) for v in within(found, m)) for m in period.months()],
        "history": [
            {"quarter": q.key, "inspections": len(g), "count": sum(g), "rate": sum(g) / len(g) if g else None}
            for q, g in zip(quarters, groups, strict=True)
        ],
        "rate": estimate.estimate,
        "low": estimate.low,
        "high": estimate.high,
        "dispersion": phi,
        "last_year": rates.compare(of, (sum(year), len(year)), phi, options.confidence).to_json(),
        "average": rates.compare(of, (sum(base), len(base)), phi, options.confidence).to_json(),
        "expected_low": expected[0] if expected else None,
        "expected_high": expected[1] if expected else None,
    }


def judge(comparisons: Sequence[dict[str, Any]], confidence: float) -> None:
    """Add ``q_value`` and ``verdict`` to each comparison of one family: its ``state``, or ``unsure`` where the
    difference does not survive the number of comparisons."""
    tested = [c for c in comparisons if c["state"] not in ("no_base", "few")]
    q_values = stats.false_discovery_control([c["p_value"] for c in tested]) if tested else []
    for comparison in comparisons:
        comparison |= {"q_value": None, "verdict": comparison["state"]}
    for comparison, q_value in zip(tested, q_values, strict=True):
        comparison["q_value"] = float(q_value)
        if comparison["state"] in ("up", "down") and q_value > 1 - confidence:
            comparison["verdict"] = UNSURE


def chart(found: Sequence[Visit], period: Period, count: Count, options: Options) -> list[dict[str, Any]]:
    """A u-chart: one dict a month up to the period's end, each month against the months before it.

    {month, roc, inspections, count, rate, base_rate, low, high (limits of the rate; None without a base), state:
    within | up | down | None}. Nothing later than a month changes what was said of it.
    """
    last = period.months()[-1]
    months = [last.previous(i) for i in range(options.chart_months - 1, -1, -1)]
    out = []
    for month in months:
        now = [count(v) for v in within(found, month)]
        before = [[count(v) for v in within(found, month.previous(i))] for i in range(options.base_months, 0, -1)]
        phi, base = rates.dispersion(before), [c for g in before for c in g]
        expected = rates.limits((sum(base), len(base)), len(now), phi, options.chart_confidence)
        entry: dict[str, Any] = {
            "month": month.key,
            "roc": month.roc,
            "inspections": len(now),
            "count": sum(now),
            "rate": sum(now) / len(now) if now else None,
            "base_rate": sum(base) / len(base) if base else None,
            "low": None,
            "high": None,
            "state": None,
        }
        if expected:
            low, high = expected
            state = "up" if sum(now) > high else "down" if sum(now) < low else "within"
            entry |= {"low": low / len(now), "high": high / len(now), "state": state}
        out.append(entry)
    return out
