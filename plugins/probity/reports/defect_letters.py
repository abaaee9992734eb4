"""Letters about defects: the record with its deadlines, reminders, overdue notices, and what an officer decided.

In: a letter as ``probity.defects`` tells it (plain JSON, its defects with words), the context of the day, the layout
``letters/defect_letter.yaml``. Out: a .docx in the form of an official letter (函), the same bytes each time; nothing
of the day of the run is in it. Law: 工程施工查核小組作業辦法 §9, §10. The draft waits for an officer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from probity.reports import render
from probity.reports.letters import document
from probity.reports.package import Properties, repack

LAYOUT = "letters/defect_letter.yaml"
OFFICE = "letters/office.yaml"


def office(job: str, templates: Path = render.TEMPLATES) -> dict[str, Any]:
    """The sending office (letters/office.yaml), under the team's name that ``job`` has there."""
    words = dict(render.layout(OFFICE, templates))
    return words | {"team": words.get("teams", {}).get(job, words["team"])}


def letter_bytes(letter: Mapping[str, Any], context: Mapping[str, Any], templates: Path = render.TEMPLATES) -> bytes:
    """The letter as Word. ``letter``: keys of ``probity.defects.Letter`` with ``to_superior`` and ``answerable``, each
    of its defects with category_zh and severity_zh; ``context``: job."""
    layout = render.layout(LAYOUT, templates)
    values = _values(letter, layout, office(str(context["job"]), templates), templates)

    def text(source: str) -> str:
        return render.line(source, values, templates)

    values["kind_zh"] = text(layout["kinds"][letter["kind"]]["zh"])
    date = render.as_date(letter["due_date"]) or dt.date(2000, 1, 1)
    properties = Properties(title=text(layout["properties"]), creator=values["office"]["system"], date=date)
    shown = {k: v for k, v in layout.items() if k != "kinds"} | {"parts": layout["kinds"][letter["kind"]]["parts"]}
    return repack(document(values, shown, text), properties)


def _values(
    letter: Mapping[str, Any], layout: Mapping[str, Any], sender: dict[str, Any], templates: Path
) -> dict[str, Any]:
    names = {"agency": letter["agency_name"], "superior": letter["superior_name"]}
    addressee = names["superior"] if letter["to_superior"] else letter["agency_name"]
    rows = letter["defects"]
    about = {
        "note_zh": layout["notes"].get(letter["kind"], ""),
        "office": sender,
        "addressee": addressee,
        "superior": letter["to_superior"],
        "copies": [n for c in letter["copies"] if (n := names.get(c)) and n != addressee],
        "grave": any(r["severity"] == "grave" for r in rows),
        "first_deadline": min(r["deadline"] for r in rows),
        "most_overdue": max(r["overdue_days"] for r in rows),
        "found_date": min(r["found_date"] for r in rows),
        "inspection_id": "、".join(sorted({r["inspection_id"] for r in rows})),
    }
    keys = ("letter_id", "kind", "level", "due_date", "agency_name", "superior_name", "answerable")
    values = {k: letter[k] for k in keys} | about
    values["cases"] = [
        row | {"number": n} | {k: render.line(layout[k], about | row, templates) for k in ("work", "content")}
        for n, row in enumerate(rows, 1)
    ]
    return values
