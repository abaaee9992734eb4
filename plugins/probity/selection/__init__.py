"""Selection: from signals to a list that can be defended, and from audit results back to weights.

In: SIGNAL_RESULT and the canonical tables. Out: a proposal with a committed control frame (``select``), the final
list after approval (``finish``, ``draw_file``), what the audits tell (``evaluate``), a dated proposal of new weights
(``reweight``; ``apply_weights`` only with an approver's name). ``draw`` is the engine that a stranger can replay.
"""

from probity.selection.choose import recently_audited, rules_in_force, select
from probity.selection.closing import ChangeError, draw_file, finish
from probity.selection.evaluation import evaluate
from probity.selection.learning import apply_weights, reweight
from probity.selection.proposal import Proposal
from probity.selection.score import weight_set

__all__ = [
    "ChangeError",
    "Proposal",
    "apply_weights",
    "draw_file",
    "evaluate",
    "finish",
    "recently_audited",
    "reweight",
    "rules_in_force",
    "select",
    "weight_set",
]
