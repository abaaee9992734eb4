"""The road works quarter as a paper for the city's committee on the quality of major works (重大工程品質推動委員會).

In: the context of ``probity.reports.quarterly`` and the layout ``reports/quarterly_document.yaml``. Out: one docx file:
sentences, tables and native charts, the same bytes for the same context. Content by the annual plan (道路工程查驗, 二):
kinds of defects with their trend, months compared, suggestions, and the agencies that must report.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from probity.calendar import Period
from probity.reports import quarterly, render, word
from probity.reports.package import Properties, repack
from probity.reports.quarterly_charts import COLORS, SEVERITY_COLORS, Line, chart

LAYOUT = "reports/quarterly_document.yaml"
_NUMBERS = ("count", "ratio", "score")
Row = dict[str, Any]


def quarterly_document_bytes(context: Mapping[str, Any], templates: Path = render.TEMPLATES) -> bytes:
    """The document's bytes. ContextError when the context lacks a required key."""
    return _Writer(quarterly.prepare(context, templates), templates).to_bytes()


class _Writer:
    def __init__(self, data: Row, templates: Path) -> None:
        self.data = data | {"quarter_months": data["months"][-3:]}
        self.data["signals"] = [s | {"label": f"{s['signal_id']} {s['name']}"} for s in data["signals"]]
        self.templates = templates
        self.layout = render.layout(LAYOUT, templates)
        self.document = word.document()
        self.figures = self.tables = 0
        self.charts: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "months": self.months,
            "history": self.history,
            "by_month": self.by_month,
            "agencies": self.agencies,
            "signals": self.signals,
        }

    def text(self, source: str) -> str:
        return render.line(source, self.data, self.templates)

    def to_bytes(self) -> bytes:
        layout, document = self.layout, self.document
        word.paragraph(document, self.text(layout["title"]), 20, bold=True, align="center")
        word.paragraph(document, self.text(layout["subtitle"]), 18, bold=True, align="center", after=10)
        for line in layout["meta"]:
            word.paragraph(document, self.text(line), 11, align="center", after=0)
        for part in layout["parts"]:
            word.heading(document, part["heading"], 1)
            for item in part["items"]:
                self.item(item)
        word.run(document.sections[0].footer.paragraphs[0], self.text(layout["footer"]), 8)
        word.page_numbers(document, *layout["pages"])
        out = io.BytesIO()
        document.save(out)
        title, creator = self.text(layout["file_title"]), self.data["office"]["system"]
        date = render.as_date(self.data["decided_at"]) or dt.date(2000, 1, 1)
        return repack(out.getvalue(), Properties(title=title, creator=creator, date=date))

    def item(self, item: Mapping[str, Any]) -> None:
        if "heading" in item:
            word.heading(self.document, item["heading"], 2)
        elif "table" in item:
            self.table(item)
        elif "chart" in item:
            self.chart(item["chart"])
        elif text := self.text(item["text"]):
            mark = "● " if item.get("bullet") else ""
            hanging = 0.7 if mark else 0.85 if text[1:2] == "、" else 0
            word.paragraph(self.document, mark + text, item.get("size", 13), hanging=hanging)

    def table(self, item: Mapping[str, Any]) -> None:
        rows = self.data[item["table"]]
        if not rows:
            if item.get("none"):
                word.paragraph(self.document, item["none"], 13)
            return
        self.tables += 1
        title = self.layout["table"].format(number=self.tables, title=self.text(item["title"]))
        word.paragraph(self.document, title, 11, bold=True, align="center", after=2, keep=True)
        columns = item["columns"]
        shown = rows[: item["top"]] if "top" in item else rows
        word.table(
            self.document,
            [self.text(c["zh"]) for c in columns],
            [[_shown(r.get(c["key"]), c.get("type", "text")) for c in columns] for r in shown],
            [c["width"] for c in columns],
            [c.get("align") or ("right" if c.get("type") in _NUMBERS else "left") for c in columns],
        )
        note = item.get("more", "") if len(rows) > len(shown) else ""
        word.paragraph(self.document, note, 10, after=4)

    def chart(self, key: str) -> None:
        words = self.layout["charts"][key]
        made = self.charts[key](words)
        if made is None:
            return
        self.figures += 1
        word.chart(self.document, made, self.figures)
        title = self.layout["figure"].format(number=self.figures, title=words["title"])
        word.paragraph(self.document, title, 11, bold=True, align="center", after=8)

    # -- charts: None where there is nothing to draw --------------------------------------------------------------
    def months(self, words: Mapping[str, Any]) -> Any:
        rows = self.data["months"]
        if not any(r["inspections"] for r in rows):
            return None
        lines = [
            Line("rate", words["rate"], COLORS[0], marker=True),
            Line("base_rate", words["base_rate"], COLORS[2]),
            Line("high", words["high"], COLORS[1], dash="dash"),
            Line("low", words["low"], COLORS[1], dash="dash"),
        ]
        return chart("line", "", rows, "roc", lines, number="0.0", axis=words["axis"], size=(15.5, 7.5))

    def history(self, words: Mapping[str, Any]) -> Any:
        top = [r for r in self.data["categories"] if r["count"]][: words["top"]]
        if not top:
            return None
        quarters = [
            {"name": Period.parse(h["quarter"]).roc} | {str(i): r["history"][n]["rate"] for i, r in enumerate(top)}
            for n, h in enumerate(top[0]["history"])
        ]
        lines = [Line(str(i), r["name"], COLORS[i], marker=True) for i, r in enumerate(top)]
        return chart("line", "", quarters, "name", lines, number="0.0", axis=words["axis"], size=(15.5, 7.0))

    def by_month(self, words: Mapping[str, Any]) -> Any:
        rows = [r for r in self.data["categories"] if r["count"]][: words["top"]]
        months = [m["roc"] for m in self.data["quarter_months"]]
        lines = [Line(f"month{i}", m, COLORS[i - 1]) for i, m in enumerate(months, 1)]
        return chart("column", "", rows, "name", lines, size=(15.5, 7.0)) if rows else None

    def agencies(self, words: Mapping[str, Any]) -> Any:
        rows = [r for r in self.data["agencies"] if r["defects"]][: words["top"]]
        lines = [Line(s, self.data["severity"][s], color) for s, color in SEVERITY_COLORS.items()]
        size = (15.5, 2.6 + 0.75 * len(rows))
        return chart("bar", "", rows, "name", lines, size=size, stacked=True) if rows else None

    def signals(self, words: Mapping[str, Any]) -> Any:
        chance = self.data["hits"]["parts"]["control"]["estimate"]
        rows = [r | {"chance": chance} for r in self.data["signals"] if r["total"]]
        lines = [Line("estimate", words["hit"], COLORS[0]), Line("chance", words["control"], "A6A6A6")]
        size = (15.5, 2.6 + 0.8 * len(rows))
        return chart("bar", "", rows, "label", lines, number="0%", size=size, top=1.0) if rows else None


def _shown(value: Any, kind: str) -> str:
    if value is None or value == "":
        return ""
    if kind == "date":
        return render.roc(value)
    formats = {"count": "{:,.0f}", "ratio": "{:.1%}", "score": "{:.2f}"}
    return formats[kind].format(value) if kind in formats else str(value)
