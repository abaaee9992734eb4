"""Gates: what stands between every two steps and says pass, warn, quarantine or stop.

In: Arrow tables, plain facts, gates.yaml. Out: ``GateResult``, its page, the owner's marked workbook, the operator's
message. Why: bad data must not become a bad selection, and whoever has to mend them must be told what and how.
"""

from probity.gates.engine import warm
from probity.gates.model import BadRows, CheckResult, GateResult, Place
from probity.gates.places import locator
from probity.gates.run import run
from probity.gates.show import message, render, workbook

__all__ = ["BadRows", "CheckResult", "GateResult", "Place", "locator", "message", "render", "run", "warm", "workbook"]
