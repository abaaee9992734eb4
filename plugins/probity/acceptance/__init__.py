"""Acceptance: are the tested works as the contract (or the dated default rule) wants them?

In: INSPECTION_LIMIT and INSPECTION_MEASURE, acceptance.yaml. Out: verdicts per lot and project with the rule named
(``evaluate``), the percent within limits (``within_limits``), the results in the shape of audits (``results``), and
what an inspection form is filled with (``limits``, ``pack``).
"""

from probity.acceptance.pack import pack
from probity.acceptance.pwl import percent, table_percent, within_limits
from probity.acceptance.results import results
from probity.acceptance.rules import limits
from probity.acceptance.verdict import evaluate

__all__ = ["evaluate", "limits", "pack", "percent", "results", "table_percent", "within_limits"]
