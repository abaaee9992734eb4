"""The list 列管 as a workbook: what is open, what was closed, what happened on the day, which letters were made.

In: the context of a published day (``probity.jobs.defect_reports.context``), the layout ``reports/defect_list.yaml``.
Out: one .xlsx, the same bytes for the same context.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from probity.reports import render
from probity.reports.defect_letters import office
from probity.reports.package import Properties
from probity.reports.selection_workbook import columns
from probity.reports.xlsx import Book

LAYOUT = "reports/defect_list.yaml"
DATES = ("found_date", "deadline", "state_date", "closed_date", "due_date")
_FILLS = {"grave": "FCE4D6"}


def workbook_bytes(context: Mapping[str, Any], templates: Path = render.TEMPLATES) -> bytes:
    """The workbook's bytes. Overdue defects come first, grave ones are marked."""
    layout = render.layout(LAYOUT, templates)
    data = dict(context) | {"office": office(str(context["job"]), templates)}

    def text(source: str) -> str:
        return render.line(source, data, templates)

    book = Book(
        Properties(
            title=text(layout["title"]),
            subject=text(layout["subject"]),
            creator=data["office"]["system"],
            date=render.as_date(data["date"]) or dt.date(2000, 1, 1),
        ),
        words=layout["writer"],
        header=text(layout["header"]),
        footer=text(layout["footer"]),
    )
    tabs = {"list": "C00000", "today": "C55A11", "mails": "2E75B6", "closed": "548235", "method": "7F7F7F"}
    for part, rows in _rows(data, layout).items():
        own = layout[part]
        sheet = book.sheet(own["title"], tabs[part])
        sheet.heading(text(own["heading"]))
        for note in own["notes"]:
            sheet.note(text(note))
        frozen = 0 if part == "method" else 2
        wide = own.get("pages", 1)
        sheet.table(columns(own["columns"]), rows, main=True, freeze=frozen, pages=wide, fills=_fill, fill_to=2)
        if not rows and "none" in own:
            sheet.note(own["none"])
    return book.to_bytes()


def _fill(row: Mapping[str, Any]) -> str | None:
    return _FILLS.get(str(row.get("severity")))


def _rows(data: Mapping[str, Any], layout: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Sheet -> its rows, in the order of the sheets."""
    answered = {True: layout["in_time"], False: layout["late"], None: ""}
    listed = [
        row | {"state_zh": layout["states"][row["state"]], "on_time_zh": answered[row["on_time"]]}
        for row in data["defects"]
    ]
    today = [row | {"kind_zh": layout["kinds"][row["kind"]]} for row in data["today"]]
    mails = [
        row
        | {
            "kind_zh": layout["letters"][row["kind"]].format(level=row["level"]),
            "addressee": row["superior_name"] if row["to_superior"] else row["agency_name"],
            "items_zh": "、".join(d["defect_id"] for d in row["defects"]),
        }
        for row in data["letters"]
    ]
    facts = dict(data) | {"law": data["rules"]["law"]}
    method = [{"name": zh, "value": facts[key]} for key, zh in layout["method"]["names"].items()]
    return {
        "list": _numbered([r for r in listed if r["state"] != "closed"]),
        "today": _numbered(today),
        "mails": _numbered(mails),
        "closed": _numbered([r for r in listed if r["state"] == "closed"]),
        "method": method,
    }


def _numbered(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        dict(row) | {n: render.as_date(row[n]) for n in DATES if n in row} | {"number": i}
        for i, row in enumerate(rows, 1)
    ]
