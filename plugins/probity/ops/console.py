"""Lines and tables on a terminal: progress with the seconds gone by, tables whose Chinese columns stand straight.

In: texts. Out: standard output.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Sequence


class Progress:
    """Plain lines, each with the seconds since the start; safe in a log file as on a terminal."""

    def __init__(self) -> None:
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def __call__(self, line: str) -> None:
        print(f"[{self.seconds:6.1f}s] {line}", flush=True)


def width(text: str) -> int:
    """Columns that ``text`` takes on a terminal: a full-width character takes two."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; numbers are set to the right."""
    cells = [[_text(value) for value in row] for row in rows]
    widths = [max([width(title), *(width(row[i]) for row in cells)]) for i, title in enumerate(head)]
    right = [all(isinstance(row[i], int | float) or row[i] is None for row in rows) for i in range(len(head))]

    def line(values: Sequence[str]) -> str:
        parts = []
        for value, size, is_right in zip(values, widths, right, strict=True):
            gap = " " * (size - width(value))
            parts.append(gap + value if is_right else value + gap)
        return "  ".join(parts).rstrip()

    print(line(head))
    print("  ".join("-" * size for size in widths))
    for row in cells:
        print(line(row), flush=True)


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
