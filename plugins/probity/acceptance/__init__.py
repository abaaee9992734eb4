"""Quality acceptance: what cores and measurements of an inspection say against the contract's tolerances.

In: measurements and limits. Out: statistics a lot, percent within limits, pass or fail with the rule named.
"""
