"""The road works quarter as a workbook: figures, trends, who must report, corrections, tests, hit rates, method.

In: the context of ``probity.reports.quarterly`` and the layout ``reports/quarterly_workbook.yaml``. Out: one xlsx file
with native charts over its own cells, the same bytes for the same context.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from probity.calendar import Period
from probity.reports import quarterly, render
from probity.reports.package import Properties
from probity.reports.quarterly_charts import COLORS, SEVERITY_COLORS, Line, chart
from probity.reports.xlsx import Book, Column, Range, Sheet

LAYOUT = "reports/quarterly_workbook.yaml"
_RED, _GREEN, _YELLOW = "FCE4D6", "E2EFDA", "FFF2CC"
_FILLS = {"up": _RED, "down": _GREEN, "unsure": _YELLOW}  # more defects are worse
_GOOD_FILLS = {"up": _GREEN, "down": _RED, "unsure": _YELLOW}  # a higher pass or hit rate is better
_ONE_PAGE = 25  # rows of a table that goes on one printed page
Row = dict[str, Any]


def quarterly_workbook_bytes(context: Mapping[str, Any], templates: Path = render.TEMPLATES) -> bytes:
    """The workbook's bytes. ContextError when the context lacks a required key."""
    return _Writer(quarterly.prepare(context, templates), templates).book.to_bytes()


class _Writer:
    def __init__(self, data: Row, templates: Path) -> None:
        months = Period.parse(data["period"]).months()
        self.data = data | {"month_names": [m.roc for m in months]}
        self.templates = templates
        self.layout = render.layout(LAYOUT, templates)
        self.book = Book(
            Properties(
                title=self.text(self.layout["title"]),
                subject=self.text(self.layout["subject"]),
                creator=data["office"]["system"],
                date=render.as_date(data["decided_at"]) or dt.date(2000, 1, 1),
            ),
            words=self.layout["writer"],
            header=self.text(self.layout["header"]),
            footer=self.text(self.layout["footer"]),
        )
        self.summary()
        self.inspections()
        self.categories()
        for kind, tab in (("agencies", "2E75B6"), ("contractors", "5B9BD5"), ("districts", "9DC3E6")):
            self.groups(kind, tab)
        self.grave()
        self.corrections()
        self.tests()
        self.grades()
        self.signals()
        self.method()

    def text(self, source: str) -> str:
        return render.line(source, self.data, self.templates)

    def sheet(
        self, layout: Mapping[str, Any], tab: str, notes: Sequence[str] | None = None, portrait: bool = False
    ) -> Sheet:
        sheet = self.book.sheet(layout["title"], tab, portrait)
        sheet.heading(self.text(layout["heading"]))
        for note in layout["notes"] if notes is None else notes:
            sheet.note(self.text(note))
        return sheet

    def columns(self, listed: Sequence[Mapping[str, Any]]) -> list[Column]:
        return [Column(**(dict(c) | {"zh": self.text(c["zh"])})) for c in listed]

    def part(self, sheet: Sheet, words: Mapping[str, Any], rows: Sequence[Row], **more: Any) -> Range:
        """A subheading and its table."""
        sheet.subheading(self.text(words["title"]))
        return sheet.table(self.columns(words["columns"]), rows, **more)

    def main(self, sheet: Sheet, columns: Sequence[Column], rows: Sequence[Row], fills: Any) -> Range:
        """The main table of a sheet that has a chart below: a short one's header is not repeated over the chart."""
        place = sheet.table(columns, rows, main=len(rows) > _ONE_PAGE, freeze=1, fills=fills)
        sheet.inner.freeze_panes = f"B{place.first}"
        sheet.inner.auto_filter.ref = f"A{place.first - 1}:{list(place.letters.values())[-1]}{place.last}"
        return place

    def below(self, sheet: Sheet, table: Range, made: Any) -> None:
        """A chart under ``table``, which was written last, and the rows that it covers left free."""
        row = table.last + 2
        sheet.inner.add_chart(made, f"A{row}")
        sheet.move(row + int(made.height / 0.62) + 2)

    def summary(self) -> None:
        layout = self.layout["summary"]
        sheet = self.sheet(layout, "C00000")
        rows = [{"item": self.text(i), "value": self.text(v)} for i, v in layout["rows"]]
        sheet.table(self.columns(layout["columns"]), rows, main=True, freeze=1)

    def inspections(self) -> None:
        layout = self.layout["inspections"]
        sheet = self.sheet(layout, "C55A11", portrait=True)
        self.part(sheet, layout["parts"], self.data["quarter_parts"])
        sheet.blank()
        months, words = self.data["months"], layout["months"]["chart"]
        sheet.subheading(self.text(layout["months"]["title"]))
        place = self.main(sheet, self.columns(layout["months"]["columns"]), months, _by_state)
        lines = [
            Line("rate", words["rate"], COLORS[0], marker=True),
            Line("base_rate", words["base_rate"], COLORS[2]),
            Line("high", words["high"], COLORS[1], dash="dash"),
            Line("low", words["low"], COLORS[1], dash="dash"),
        ]
        size = (23.0, 10.0)
        axis = words["axis"]
        made = chart("line", words["title"], months, "roc", lines, place=place, number="0.0", size=size, axis=axis)
        self.below(sheet, place, made)

    def categories(self) -> None:
        layout, data = self.layout["categories"], self.data
        sheet = self.sheet(layout, "BF9000")
        columns = self.columns(layout["columns"])
        titles = layout["tables"]
        for key, rows in (("total", [data["total"]]), ("severities", data["severities"])):
            sheet.subheading(titles[key])
            sheet.table(columns, rows, fills=_by_trend)
            sheet.blank()
        sheet.subheading(titles["categories"])
        place = self.main(sheet, columns, data["categories"], _by_trend)
        shown = [r for r in data["categories"] if r["count"]][: layout["top"]]
        if not shown:
            return
        sheet.page_break(place.last + 1)
        part = Range(place.sheet, place.first, place.first + len(shown) - 1, place.letters, place.columns)
        lines = [Line(f"month{i}", data["month_names"][i - 1], COLORS[i - 1]) for i in (1, 2, 3)]
        size = (24.0, 9.0)
        self.below(sheet, place, chart("column", layout["months_chart"], shown, "name", lines, place=part, size=size))
        words = layout["history_chart"]
        top = shown[: words["top"]]
        quarters = [
            {"quarter": Period.parse(h["quarter"]).roc} | {str(i): r["history"][n]["rate"] for i, r in enumerate(top)}
            for n, h in enumerate(top[0]["history"])
        ]
        sheet.subheading(words["table"])
        names = [Column("quarter", words["quarter"])]
        place = sheet.table([*names, *(Column(str(i), r["name"], "score") for i, r in enumerate(top))], quarters)
        lines = [Line(str(i), r["name"], COLORS[i], marker=True) for i, r in enumerate(top)]
        made = chart(
            "line", words["title"], quarters, "quarter", lines, place=place, number="0.0", size=size, axis=words["axis"]
        )
        self.below(sheet, place, made)

    def groups(self, kind: str, tab: str) -> None:
        layout, data = self.layout["groups"], self.data
        words = layout["tables"][kind]
        sheet = self.sheet(words, tab, layout["notes"])
        columns = [dict(c) | ({"zh": words["name"]} if c["key"] == "name" else {}) for c in layout["columns"]]
        rows = data[kind]
        place = self.main(sheet, self.columns(columns), rows, _by_state)
        shown = [r for r in rows if r["inspections"]][: layout["top"]]
        if not shown:
            return
        part = Range(place.sheet, place.first, place.first + len(shown) - 1, place.letters, place.columns)
        lines = [Line(s, data["severity"][s], color) for s, color in SEVERITY_COLORS.items()]
        size = (24.0, max(6.0, 2.6 + 0.75 * len(shown)))
        made = chart("bar", words["chart"], shown, "name", lines, place=part, size=size, stacked=True)
        if len(rows) > 10:
            sheet.page_break(place.last + 1)
        self.below(sheet, place, made)

    def grave(self) -> None:
        layout, data = self.layout["grave"], self.data
        sheet = self.sheet(layout, "7030A0")
        agencies = [
            {"number": n, "name": a["name"], "defects": a["defects"], "works": len({c["case_no"] for c in a["cases"]})}
            for n, a in enumerate(data["said"]["grave_agencies"], 1)
        ]
        if not agencies:
            sheet.note(layout["none"])
            return
        self.part(sheet, layout["agencies"], agencies)
        sheet.blank()
        dates = ("inspected_date", "deadline")
        rows = [r | {k: render.as_date(r[k]) for k in dates} for r in data["grave"]]
        self.part(sheet, layout["list"], rows, main=True, freeze=2)

    def corrections(self) -> None:
        layout, found = self.layout["corrections"], self.data["corrections"]
        sheet = self.sheet(layout, "548235")
        self.part(sheet, layout["due"], self.data["due"], main=True, freeze=1)
        words = layout["stock"]
        pair = [Column("name", words["name"]), Column("value", words["value"], "count")]
        for title, rows in (
            (words["title"], [{"name": zh, "value": found["stock"][k]} for k, zh in words["rows"].items()]),
            (
                layout["found"]["title"],
                [{"name": zh, "value": found["found"][k]} for k, zh in self.data["words"]["state"].items()],
            ),
        ):
            sheet.blank()
            sheet.subheading(title)
            sheet.table(pair, rows)

    def tests(self) -> None:
        layout, data = self.layout["tests"], self.data
        sheet = self.sheet(layout, "00B0F0")
        if not data["tests"]:
            sheet.note(layout["none"])
            return
        sheet.subheading(layout["kinds"]["title"])
        place = self.main(sheet, self.columns(layout["kinds"]["columns"]), data["tests"], _by_quality)
        words = layout["kinds"]["chart"]
        lines = [Line("estimate", words["share"], COLORS[0]), Line("last_share", words["last_share"], "A6A6A6")]
        made = chart(
            "column", words["title"], data["tests"], "name", lines, place=place, number="0%", size=(20.0, 8.5), top=1.0
        )
        self.below(sheet, place, made)

    def grades(self) -> None:
        layout = self.layout["grades"]
        sheet = self.sheet(layout, "00B0F0")
        if self.data["grades"]:
            sheet.table(self.columns(layout["columns"]), self.data["grades"], main=True, freeze=1)
        else:
            sheet.note(layout["none"])

    def signals(self) -> None:
        layout, data = self.layout["signals"], self.data
        sheet = self.sheet(layout, "7F6000")
        self.part(sheet, layout["parts"], data["parts"])
        sheet.note(self.text(layout["overall"]))
        sheet.blank()
        if not data["signals"]:
            sheet.note(layout["none"])
            return
        control = data["hits"]["parts"]["control"]["estimate"]
        rows = [
            r
            | {
                "label": f"{r['signal_id']} {r['name']}",
                "difference_points": None if r["difference"] is None else round(r["difference"] * 100, 2),
                "chance": control,
            }
            for r in data["signals"]
        ]
        sheet.subheading(layout["list"]["title"])
        place = self.main(sheet, self.columns(layout["list"]["columns"]), rows, _by_quality)
        words = layout["chart"]
        sheet.page_break(place.last + 1)
        lines = [Line("estimate", words["hit"], COLORS[0]), Line("chance", words["control"], "A6A6A6")]
        size = (24.0, max(7.0, 3 + 0.9 * len(rows)))
        made = chart("bar", words["title"], rows, "label", lines, place=place, number="0%", size=size, top=1.0)
        self.below(sheet, place, made)

    def method(self) -> None:
        layout, data = self.layout["method"], self.data
        sheet = self.sheet(layout, "404040")
        rows = [{"item": item, "value": self.text(value)} for item, value in layout["rows"]]
        rows += [{"item": layout["gate"].format(stage=g["stage"]), "value": g.get("message")} for g in data["gates"]]
        for key, listed in (("version", data["versions"]), ("rule", data["rules"])):
            rows += [{"item": layout[key].format(name=k), "value": str(v)} for k, v in sorted(listed.items())]
        sheet.table(self.columns(layout["columns"]), rows, main=True, freeze=1)


def _by_trend(row: Mapping[str, Any]) -> str | None:
    states = {row["last_year_state"], row["average_state"]}
    return next((_FILLS[s] for s in ("up", "down", "unsure") if s in states), None)


def _by_state(row: Mapping[str, Any]) -> str | None:
    return _FILLS.get(str(row["state"]))


def _by_quality(row: Mapping[str, Any]) -> str | None:
    return _GOOD_FILLS.get(str(row["state"]))
