"""The signal reference pages, made from the headers: one truth for officers, reports and code.

In: the signals of a family and the dated thresholds. Out: Markdown in Traditional Chinese, a page a family.
Run ``python -m probity.signals.reference`` to write the pages; a test keeps them equal to the headers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from probity import config, settings
from probity.signals.header import FAMILIES, MUST_WATCH, Signal, load_signals
from probity.signals.wording import FORMATS
from probity.tables import TABLES

PAGES = {"procurement": "signals.md", "works": "signals_works.md"}
"""Family of cases -> its page in docs."""


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


def page(family: str, signals: Sequence[Signal], threshold_rows: Sequence[Mapping[str, Any]], templates: Path) -> str:
    """The page of a family of cases as Markdown. Deterministic: groups in the order of FAMILIES, signals by id."""
    environment = Environment(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    groups = [
        {"key": key, "name": zh, "signals": [s for s in sorted(signals, key=lambda s: s.id) if s.family == key]}
        for key, zh in FAMILIES.items()
    ]
    return environment.get_template("reference.md.jinja").render(
        family=family,
        article=MUST_WATCH[family][0],
        groups=[g for g in groups if g["signals"]],
        total=len(signals),
        need=_need,
        values=lambda name: _values(name, threshold_rows),
    )


def own_page(family: str) -> str:
    """The page of the project's own signals of a family."""
    root = settings.ROOT / "include"
    found = load_signals(root / "sql" / family)
    return page(family, found, config.thresholds(root / "config"), root / "templates" / "signals")


def main() -> None:
    """Write the pages of the project's own signals."""
    for family, name in PAGES.items():
        (settings.ROOT / "docs" / name).write_text(own_page(family), encoding="utf-8")


if __name__ == "__main__":
    main()
