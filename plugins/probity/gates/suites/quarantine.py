"""The gate over the gate: what a quarantine may set aside, and that nothing gets lost on the way.

In: counts of each table. Out: CHECKS on the frame ``set_aside``. Why: a gate that quarantines most of the data has not
passed; and rows in = rows out + rows quarantined is checked, not believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from probity.gates.checks import Check
from probity.gates.frames import Frame, facts

HEADINGS = {
    "table": "資料表",
    "rows_in": "送入列數",
    "rows_out": "放行列數",
    "rows_aside": "隔離列數",
    "cells": "清空儲存格數",
    "allowed": "隔離上限",
    "over": "超出上限",
    "lost": "去向不明列數",
}

CHECKS = (
    Check("quarantine.known", "set_aside", "not_null", ("over",)),
    Check("quarantine.limit", "set_aside", "between", ("over",), {"max": 0}, marks=("rows_aside", "cells")),
    Check("quarantine.balance.known", "set_aside", "not_null", ("lost",)),
    Check("quarantine.balance", "set_aside", "between", ("lost",), {"min": 0, "max": 0}),
)


def frame(rows: Sequence[dict[str, Any]]) -> Frame:
    """One row for each table that lost rows or cells."""
    return facts("set_aside", "隔離", HEADINGS, rows, open=True)
