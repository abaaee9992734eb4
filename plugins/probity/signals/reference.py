"""The signal reference page (docs/signals.md), made from the headers: one truth for officers, reports and code.

In: the signals and the dated thresholds. Out: Markdown in Traditional Chinese.
Run ``python -m probity.signals.reference`` to write the page; a test keeps the page equal to the headers.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from probity import config, settings
from probity.signals.header import FAMILIES, Signal, load_signals
from probity.signals.wording import FORMATS
from probity.tables import TABLES

PAGE = settings.ROOT / "docs" / "signals.md"


def _need(name: str) -> str:
    table, _, column = name.partition(".")
    return f"{TABLES[table].column(column).zh}（`{name}`）"


def _values(name: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [
        {
            "value": FORMATS["num"](row["value"]) if row["value"] >= 1 else f"{row['value']:g}",
            "from": FORMATS["date"](row["effective_from"]),
            "to": FORMATS["date"](row["effective_to"]) if row["effective_to"] else "",
            "law": row["law"],
        }
        for row in rows
        if row["name"] == name
    ]


def page(signals: Sequence[Signal], threshold_rows: Sequence[Mapping[str, Any]], templates: Path) -> str:
    """The reference page as Markdown. Deterministic: families in the order of FAMILIES, signals by id."""
    environment = Environment(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    families = [
        {"name": zh, "signals": [s for s in sorted(signals, key=lambda s: s.id) if s.family == key]}
        for key, zh in FAMILIES.items()
    ]
    return environment.get_template("reference.md.jinja").render(
        families=[f for f in families if f["signals"]],
        total=len(signals),
        need=_need,
        values=lambda name: _values(name, threshold_rows),
    )


def main(path: Path = PAGE) -> None:
    """Write the page for the project's own signals."""
    root = settings.ROOT / "include"
    text = page(
        load_signals(root / "sql" / "procurement"), config.thresholds(root / "config"), root / "templates" / "signals"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*(Path(a) for a in sys.argv[1:2]))
