"""Defects from their finding to their closing: events, the list as of any day, deadlines, letters that are due.

In: DEFECT_EVENT rows and ``include/config/defects.yaml``. Out: ``register`` (the list 列管 as of any day), ``history``,
``due_letters``, the closures that an officer decides (``proposals``, ``decide``), and the events that inspections give
(``from_tests``, ``reinspected``). Why: an event is never changed or taken back, so what was open on any past day, and
what had to be written to whom, can always be told again. Nothing here knows a database, a file or today's date.
"""

from probity.defects.closures import Proposal, decide, proposals
from probity.defects.events import event, table
from probity.defects.findings import from_tests, reinspected, withdrawn
from probity.defects.ledger import history, register, summary
from probity.defects.letters import Letter, due_letters
from probity.defects.rules import Rules

__all__ = [
    "Letter",
    "Proposal",
    "Rules",
    "decide",
    "due_letters",
    "event",
    "from_tests",
    "history",
    "proposals",
    "register",
    "reinspected",
    "summary",
    "table",
    "withdrawn",
]
