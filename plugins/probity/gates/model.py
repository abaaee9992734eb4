"""What a gate says: the outcome of a stage, of each check, and the rows that a person has to mend.

In: nothing. Out: ``CheckResult``, ``GateResult``, ``Place`` and ``BadRows``. Why: the verdict goes to four readers
(log, trail, HTML page, workbook); what each may see is decided here. Raw values live in ``bad_rows``, ``bad``, ``kept``
and ``quarantined`` alone; ``to_json`` and ``message`` never touch them.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

OUTCOMES = ("pass", "warn", "quarantine", "stop")
NOT_RUN = "not_run"


def worst(outcomes: list[str]) -> str:
    """The gravest of ``outcomes``; checks that were not run do not count. None at all is a stop."""
    ranks = [OUTCOMES.index(o) for o in outcomes if o != NOT_RUN]
    return OUTCOMES[max(ranks)] if ranks else "stop"


@dataclass(frozen=True)
class Place:
    """Where a row came from. ``row`` is 1-based as the sender sees it; ``sheet`` is None for files without sheets."""

    file_name: str
    file_digest: str
    source_id: str | None
    sheet: str | None
    row: int


@dataclass(frozen=True)
class BadRows:
    """Bad rows of one frame, whole, for the owner's workbook. ``marks``: (index into rows, column, check id)."""

    frame: str
    title: str
    headings: tuple[tuple[str, str], ...]
    """(column, zh-TW heading)"""
    rows: tuple[dict[str, Any], ...]
    marks: tuple[tuple[int, str, str], ...]
    more: int = 0
    """bad rows beyond those listed (``max_listed`` of gates.yaml)"""


@dataclass(frozen=True)
class CheckResult:
    """One check. ``outcome`` is pass, warn, quarantine, stop or not_run; ``severity`` is what failing it means at most.

    ``n_bad`` counts every bad row; ``bad_rows`` lists them up to ``max_listed``: dicts of key, row, column, value,
    file, sheet. ``error`` is the class name of an exception (never its text, which may quote a value).
    """

    id: str
    table: str
    column: str
    severity: str
    success: bool
    outcome: str
    n_bad: int
    n_rows: int
    message_zh: str
    who: str
    who_zh: str
    action_zh: str
    expected_zh: str = ""
    error: str = ""
    labels: tuple[str, ...] = ()
    """names of the bad rows where anyone may see them (files, sources, signals, tables); never a case or a person"""
    bad_rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class GateResult:
    """The verdict on one stage.

    ``kept`` are the tables that go on (every table given, without what was set aside); ``quarantined`` is a QUARANTINE
    table; ``counts`` is table -> {in, out, quarantined, cells}: rows in = out + quarantined, ``cells`` values emptied.
    """

    stage: str
    period: str
    outcome: str
    checks: tuple[CheckResult, ...]
    kept: dict[str, pa.Table]
    quarantined: pa.Table
    counts: dict[str, dict[str, int]]
    bad: tuple[BadRows, ...] = ()
    facts: dict[str, int | float | str] = field(default_factory=dict)
    words: dict[str, Any] = field(default_factory=dict)
    """titles, role names and sentences of gates.yaml that page, workbook and message are written with; ``stage`` is the
    gate's name as people know it"""

    def failed(self) -> list[CheckResult]:
        """Checks that did not pass, gravest first, then in their order in the suite."""
        bad = [c for c in self.checks if c.outcome not in ("pass", NOT_RUN)]
        return sorted(bad, key=lambda c: -OUTCOMES.index(c.outcome))

    def to_json(self) -> dict[str, Any]:
        """For logs, XCom and the trail: ids, counts, places. No value, key, name or exception text of any row."""
        return {
            "stage": self.stage,
            "period": self.period,
            "outcome": self.outcome,
            "counts": {t: dict(c) for t, c in sorted(self.counts.items())},
            "n_checks": len(self.checks),
            "n_not_run": sum(c.outcome == NOT_RUN for c in self.checks),
            "facts": dict(sorted(self.facts.items())),
            "failed": [
                {
                    "id": c.id,
                    "table": c.table,
                    "column": c.column,
                    "severity": c.severity,
                    "outcome": c.outcome,
                    "n_bad": c.n_bad,
                    "n_rows": c.n_rows,
                    "who": c.who,
                    "error": c.error,
                }
                for c in self.failed()
            ],
        }


def plain(text: object, limit: int = 80) -> str:
    """``text`` on one line, without control or direction characters, cut at ``limit``: safe in a log line."""
    raw = "".join(" " if unicodedata.category(ch) in ("Cc", "Cf", "Zl", "Zp", "Cs") else ch for ch in str(text))
    line = " ".join(raw.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
