"""Counts and rates over time: what changed, and whether chance alone would do it.

In: counts. Out: comparisons with intervals and exact p-values.
"""
