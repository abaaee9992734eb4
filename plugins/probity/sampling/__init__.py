"""Audit sampling: how many to draw, which, and what the result proves; every decision exact, every draw replayable.

In: rates, counts, amounts, ids, a public seed. Out: sample sizes, selections, limits, and one file that holds all of
it and is verified offline. Why a room of its own: selection chooses cases for their signals; here samples are drawn for
what they tell of the whole. ``docs/sampling.md`` shows the way through.
"""

from probity.sampling.dossier import close, commit, open_draw, rule, sample_of, size_by_plan, size_by_share
from probity.sampling.evaluating import Evaluation, Stratum, cox_snell, evaluate, money, stratified, stringer, taint
from probity.sampling.planning import NoPlan, SizePlan, acceptance_number, plan, share_size
from probity.sampling.risk import BINOMIAL, HYPERGEOMETRIC, POISSON, Model, Prior
from probity.sampling.strata import neyman, proportional, with_certain
from probity.sampling.units import Line, UnitPlan, select, systematic_rows

__all__ = [
    "BINOMIAL",
    "HYPERGEOMETRIC",
    "POISSON",
    "Evaluation",
    "Line",
    "Model",
    "NoPlan",
    "Prior",
    "SizePlan",
    "Stratum",
    "UnitPlan",
    "acceptance_number",
    "close",
    "commit",
    "cox_snell",
    "evaluate",
    "money",
    "neyman",
    "open_draw",
    "plan",
    "proportional",
    "rule",
    "sample_of",
    "select",
    "share_size",
    "size_by_plan",
    "size_by_share",
    "stratified",
    "stringer",
    "systematic_rows",
    "taint",
    "with_certain",
]
