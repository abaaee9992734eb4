"""Signals: SQL files that say of every case fired, clear or not assessable. A signal is a signal, never a finding."""

from probity.signals.engine import SignalError, Workspace, input_columns, run, run_batches, summary
from probity.signals.header import FAMILIES, HeaderError, Signal, load_signals
from probity.signals.wording import reason

__all__ = [
    "FAMILIES",
    "HeaderError",
    "Signal",
    "SignalError",
    "Workspace",
    "input_columns",
    "load_signals",
    "reason",
    "run",
    "run_batches",
    "summary",
]
