"""Letters: one draft notice an agency, with the cases of that agency alone.

In: a report context and the letter's layout of its family (``probity.reports.families``). Out: for each agency a .docx
in the form of an official letter (函) and an .xlsx annex, the same bytes each time. Built from only the agency's own
rows, so that nothing about another agency, and nothing about why a case was chosen, can be in any byte of them.

Law of an audit: 政府採購法 §108; 採購稽核小組作業規則 §2, 4, 5, 6, 7, 9, 11, 13, 14, 15; the letter is sent in the name
of the founding agency (§17). Of an inspection of works: 工程施工查核小組作業辦法 §2, 3, 5, 6, 8, 9, 13; 組織準則
§8, 11. The draft waits for an officer: either may also come unannounced (作業規則 §3; 作業辦法 §5).
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from probity.reports import context as contexts
from probity.reports import families, render
from probity.reports.package import Properties, repack
from probity.reports.selection_workbook import columns
from probity.reports.xlsx import Book

FONT = "標楷體"  # DFKai-SB, the face of official letters
LATIN = "Times New Roman"
_NUMERALS = "一二三四五六七八九十"
_SHARED = ("office", "period", "period_roc", "revision", "selection_id", "trail_head", "job")


@dataclass(frozen=True)
class Letter:
    """One agency's letter. File names carry a number instead of the agency's name, which is secret (§4-6)."""

    number: int
    agency_key: str
    agency_name: str
    n_cases: int
    file_name: str
    content: bytes
    annex_name: str
    annex: bytes

    @property
    def files(self) -> dict[str, bytes]:
        return {self.file_name: self.content, self.annex_name: self.annex}


def letters(context: Mapping[str, Any], templates: Path = render.TEMPLATES) -> list[Letter]:
    """One letter an agency, by agency key. ContextError when the context lacks a required key."""
    data = contexts.prepare(context, templates)
    shape = families.shape(data["family"])
    layout = render.layout(shape.letter, templates)

    def key(case: Mapping[str, Any]) -> str:
        return str(case.get("agency_key") or case.get("agency_id") or case["agency_name"])

    out = []
    ordered = sorted(data["cases"], key=lambda c: (key(c), c["rank"]))
    for number, (agency_key, group) in enumerate(groupby(ordered, key), 1):
        cases = list(group)
        values = {k: data[k] for k in _SHARED} | {
            "number": number,
            "agency_name": cases[0]["agency_name"],
            "cases": [{k: c.get(k) for k in shape.letter_keys} | {"number": n} for n, c in enumerate(cases, 1)],
            "best_value": any(str(c.get("award_way") or "").startswith("best_value") for c in cases),
            "reserve": any(c.get("reserve_price") is not None for c in cases),
            "road": any(c.get("facility") == "road" for c in cases),
        }
        values |= layout.get("works", {}).get(data["job"], {})
        date = render.as_date(data["decided_at"]) or dt.date(2000, 1, 1)
        out.append(_letter(agency_key, values, layout, date, templates))
    return out


def _letter(
    agency_key: str, values: dict[str, Any], layout: Mapping[str, Any], date: dt.date, templates: Path
) -> Letter:
    def text(source: str) -> str:
        return render.line(source, values, templates)

    properties = Properties(title=text(layout["properties"]), creator=values["office"]["system"], date=date)
    return Letter(
        number=values["number"],
        agency_key=agency_key,
        agency_name=values["agency_name"],
        n_cases=len(values["cases"]),
        file_name=text(layout["file"]),
        content=repack(document(values, layout, text), properties),
        annex_name=text(layout["annex_file"]),
        annex=_annex(values, layout, text, properties, templates),
    )


def document(values: Mapping[str, Any], layout: Mapping[str, Any], text: Any) -> bytes:
    """An official letter as Word. ``layout``: title, contact, recipient, head, parts, copies, signature, footer, annex
    (heading, note, columns of the table over ``values['cases']``); ``text`` fills a line."""
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    section.top_margin = section.bottom_margin = Cm(2.3)
    _font(document.styles["Normal"], 12)
    _paragraph(document, text(layout["title"]), 20, align=WD_ALIGN_PARAGRAPH.CENTER, after=8)
    for line in layout["contact"]:
        _paragraph(document, text(line), 10.5, left=9.2)
    _paragraph(document, text(layout["recipient"]), 16, before=10, after=8)
    for line in layout["head"]:
        _paragraph(document, text(line), 12)
    for part in layout["parts"]:
        if "text" in part:
            _paragraph(document, f"{part['heading']}：{text(part['text'])}", 16, hanging=1.7, before=8)
            continue
        _paragraph(document, f"{part['heading']}：", 16, before=8)
        for number, item in enumerate(part["items"]):
            _paragraph(document, f"{_NUMERALS[number]}、{text(item)}", 16, left=2.3, hanging=1.15)
    for index, line in enumerate(layout["copies"]):
        _paragraph(document, text(line), 12, before=10 if not index else 0)
    _paragraph(document, text(layout["signature"]), 18, before=16)
    footer = section.footer.paragraphs[0]
    _run(footer, text(layout["footer"]), 8)
    _cases_page(document, values, layout["annex"], text)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _cases_page(document: Any, values: Mapping[str, Any], annex: Mapping[str, Any], text: Any) -> None:
    heading = _paragraph(document, annex["heading"], 16, align=WD_ALIGN_PARAGRAPH.CENTER)
    # Not a break in a paragraph of its own: behind a letter that fills its page that gave a blank one.
    heading.paragraph_format.page_break_before = True
    _paragraph(document, text(annex["note"]), 11, after=4)
    keys = annex.get("paper") or [c["key"] for c in annex["columns"] if c["key"] not in ("contact", "keeper")]
    shown = [c for c in annex["columns"] if c["key"] in keys]
    table = document.add_table(rows=1, cols=len(shown))
    table.style = "Table Grid"
    table.autofit = False
    total = sum(c["width"] for c in shown)
    widths = [Cm(16 * c["width"] / total) for c in shown]
    for grid, width in zip(table.columns, widths, strict=True):
        grid.width = width
    _repeat_header(table.rows[0])
    for cell, column, width in zip(table.rows[0].cells, shown, widths, strict=True):
        cell.width = width
        _fill(cell, column["zh"], bold=True)
    for case in values["cases"]:
        for cell, column, width in zip(table.add_row().cells, shown, widths, strict=True):
            cell.width = width
            _fill(cell, _shown(case[column["key"]], column.get("type", "text")))


def _shown(value: Any, kind: str) -> str:
    if value is None:
        return ""
    return render.roc(value) if kind == "date" else f"{value:,}" if kind == "money" else str(value)


def _annex(
    values: Mapping[str, Any], layout: Mapping[str, Any], text: Any, properties: Properties, templates: Path
) -> bytes:
    annex = layout["annex"]
    words = render.layout("reports/selection_workbook.yaml", templates)["writer"]
    book = Book(properties, words, header=text(layout["properties"]), footer=text(layout["footer"]))
    sheet = book.sheet(annex["heading"])
    sheet.heading(annex["heading"])
    sheet.note(text(annex["note"]))
    sheet.table(columns(annex["columns"]), values["cases"], main=True, freeze=2)
    sheet.blank()
    sheet.subheading(annex["documents_heading"])
    rows = [{"number": n, "stage": s, "documents": d} for n, (s, d) in enumerate(annex["documents"], 1)]
    sheet.table(columns(annex["documents_columns"]), rows)
    return book.to_bytes()


# -- Word ---------------------------------------------------------------------------------------------------------
def _font(target: Any, size: float) -> None:
    target.font.name, target.font.size = LATIN, Pt(size)
    fonts = target.element.get_or_add_rPr().get_or_add_rFonts()
    fonts.set(qn("w:eastAsia"), FONT)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "zh-TW")
    language.set(qn("w:eastAsia"), "zh-TW")
    target.element.get_or_add_rPr().append(language)


def _run(paragraph: Any, text: str, size: float, bold: bool = False) -> None:
    run = paragraph.add_run(text)
    run.bold = bold
    _font(run, size)


def _paragraph(
    document: Any,
    text: str,
    size: float,
    *,
    align: Any = None,
    left: float = 0,
    hanging: float = 0,
    before: float = 0,
    after: float = 0,
) -> Any:
    paragraph = document.add_paragraph()
    form = paragraph.paragraph_format
    form.alignment = align
    form.left_indent, form.first_line_indent = Cm(left or hanging), Cm(-hanging) if hanging else None
    form.space_before, form.space_after = Pt(before), Pt(after)
    form.line_spacing = 1.15
    _run(paragraph, text, size)
    return paragraph


def _fill(cell: Any, text: str, bold: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(0)
    _run(paragraph, text, 10.5, bold)


def _repeat_header(row: Any) -> None:
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)
