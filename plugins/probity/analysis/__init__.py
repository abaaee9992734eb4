"""Counts and rates over time: what changed, and whether chance alone would do it.

In: canonical tables of inspections and their defects, as of a day. Out: plain JSON for a report: counts, rates with
exact intervals, comparisons with exact p-values and a verdict that never says more than the counts can carry.
"""

from probity.analysis.quarter import Options, quarter
from probity.analysis.rates import Comparison, Limits, compare, dispersion, limits, rate
from probity.analysis.shares import Difference, Share, difference, share

__all__ = [
    "Comparison",
    "Difference",
    "Limits",
    "Options",
    "Share",
    "compare",
    "difference",
    "dispersion",
    "limits",
    "quarter",
    "rate",
    "share",
]
