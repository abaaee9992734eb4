"""Pieces of Word documents: Chinese fonts, headings, paragraphs, tables, native charts, page numbers.

In: a python-docx document and plain values. Out: the document, filled. python-docx knows no charts: an openpyxl chart
is the same DrawingML, so its XML goes in as a part of its own; Word and LibreOffice draw it with their own fonts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.oxml import serialize_part_xml
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Emu, Pt, RGBColor
from openpyxl.xml.functions import tostring

FONT = "標楷體"  # DFKai-SB, the face of official papers
LATIN = "Times New Roman"
_SHORT = 10  # rows of a table that is kept on one page
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/"
_ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
}


def document(margin: float = 2.3) -> Any:
    """A new A4 document with ``margin`` cm on each side, its styles in the official fonts."""
    made = docx.Document()
    section = made.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(margin)
    font(made.styles["Normal"], 12)
    for level, size in ((1, 16), (2, 14)):
        style = made.styles[f"Heading {level}"]
        font(style, size)
        style.font.bold, style.font.color.rgb = True, RGBColor(0, 0, 0)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(12), Pt(4)
        style.paragraph_format.keep_with_next = True
    return made


def font(target: Any, size: float) -> None:
    """Latin and Chinese face, size and language of a style or a run."""
    target.font.name, target.font.size = LATIN, Pt(size)
    properties = target.element.get_or_add_rPr()
    fonts = properties.get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):  # a theme's face would win over ours
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), FONT)
    language = properties.find(qn("w:lang"))
    if language is None:
        language = OxmlElement("w:lang")
        properties.append(language)
    language.set(qn("w:val"), "zh-TW")
    language.set(qn("w:eastAsia"), "zh-TW")


def writable(text: str) -> str:
    """``text`` with U+FFFD in place of what XML cannot carry: control characters, lone surrogates."""

    def bad(char: str) -> bool:
        return char in "\ufffe\uffff" or (unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t")

    return "".join("�" if bad(c) else c for c in text)


def run(paragraph: Any, text: str, size: float, bold: bool = False) -> Any:
    made = paragraph.add_run(writable(text))
    made.bold = bold
    font(made, size)
    return made


def paragraph(
    target: Any,
    text: str,
    size: float = 12,
    *,
    bold: bool = False,
    align: str = "left",
    left: float = 0,
    hanging: float = 0,
    after: float = 4,
    keep: bool = False,
) -> Any:
    """A paragraph of ``text``; ``left`` and ``hanging`` in cm, ``after`` in points; ``keep`` with the next."""
    made = target.add_paragraph()
    form = made.paragraph_format
    form.alignment, form.line_spacing, form.space_after, form.keep_with_next = _ALIGN[align], 1.25, Pt(after), keep
    if left or hanging:
        form.left_indent, form.first_line_indent = Cm(left + hanging), Cm(-hanging)
    run(made, text, size, bold)
    return made


def heading(target: Any, text: str, level: int) -> None:
    """A heading of the style, so that Word's navigation finds it."""
    font(target.add_heading(text, level).runs[0], 16 if level == 1 else 14)


def table(
    target: Any,
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    aligns: Sequence[str],
    *,
    size: float = 10,
    fills: Sequence[str | None] = (),
) -> Any:
    """A table over the text's whole width (``widths`` are shares), its header repeated on each page, no row broken; a
    short one stays on one page."""
    made = target.add_table(rows=1, cols=len(titles))
    made.style, made.autofit = "Table Grid", False
    section = target.sections[0]
    room = section.page_width - section.left_margin - section.right_margin
    total = sum(widths)
    exact = [Emu(int(room * w / total)) for w in widths]
    for grid, width in zip(made.columns, exact, strict=True):
        grid.width = width
    _mark(made.rows[0], "w:tblHeader")
    for cell, title, width in zip(made.rows[0].cells, titles, exact, strict=True):
        _fill(cell, title, width, size, "center", bold=True, shade="D9E2F3")
    for number, values in enumerate(rows):
        line = made.add_row()
        shade = fills[number] if number < len(fills) else None
        for cell, value, width, align in zip(line.cells, values, exact, aligns, strict=True):
            _fill(cell, value, width, size, align, shade=shade)
    for line in made.rows:
        _mark(line, "w:cantSplit")
    if len(rows) <= _SHORT:
        for line in made.rows[:-1]:
            for cell in line.cells:
                cell.paragraphs[0].paragraph_format.keep_with_next = True
    return made


def _fill(
    cell: Any, text: str, width: Any, size: float, align: str, *, bold: bool = False, shade: str | None = None
) -> None:
    cell.width = width
    inside = cell.paragraphs[0]
    inside.paragraph_format.space_after, inside.alignment = Pt(0), _ALIGN[align]
    run(inside, text, size, bold)
    if shade:
        cell._tc.get_or_add_tcPr().append(parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:fill="{shade}"/>'))


def _mark(row: Any, name: str) -> None:
    mark = OxmlElement(name)
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def chart(target: Any, made: Any, number: int) -> None:
    """The openpyxl chart ``made`` as a native chart, centred; ``number`` (from 1) is its place in the document."""
    tree = parse_xml(tostring(made._write()))
    face = (
        f'<c:txPr xmlns:c="{_DRAWING}chart" xmlns:a="{_DRAWING}main"><a:bodyPr/><a:p><a:pPr><a:defRPr sz="900">'
        f'<a:latin typeface="{LATIN}"/><a:ea typeface="{FONT}"/></a:defRPr></a:pPr><a:endParaRPr lang="zh-TW"/></a:p>'
        "</c:txPr>"
    )
    before = [e for e in tree if e.tag in (f"{{{_DRAWING}chart}}chart", f"{{{_DRAWING}chart}}spPr")]
    before[-1].addnext(parse_xml(face))
    package = target.part.package
    part = Part(PackURI(f"/word/charts/chart{number}.xml"), CONTENT_TYPE.DML_CHART, serialize_part_xml(tree), package)
    relation = target.part.relate_to(part, RELATIONSHIP_TYPE.CHART)
    width, height = Cm(made.width), Cm(made.height)
    drawing = (
        f'<w:drawing {nsdecls("w", "wp", "a", "r")}><wp:inline distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent cx="{width}" cy="{height}"/><wp:docPr id="{number}" name="chart{number}"/>'
        f'<a:graphic><a:graphicData uri="{_DRAWING}chart"><c:chart xmlns:c="{_DRAWING}chart" r:id="{relation}"/>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing>"
    )
    line = target.add_paragraph()
    line.alignment, line.paragraph_format.keep_with_next = WD_ALIGN_PARAGRAPH.CENTER, True
    line.add_run()._r.append(parse_xml(drawing))


def page_numbers(target: Any, before: str, between: str, after: str, size: float = 9) -> None:
    """The footer's right side: ``before`` page ``between`` pages ``after``, counted by Word."""
    line = target.sections[0].footer.add_paragraph()
    line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for text, code in ((before, "PAGE"), (between, "NUMPAGES"), (after, "")):
        run(line, text, size)
        if code:
            field = parse_xml(f'<w:fldSimple {nsdecls("w")} w:instr="{code}"/>')
            line._p.append(field)
            run(line, "1", size)
            field.append(line.runs[-1]._r)
