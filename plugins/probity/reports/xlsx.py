"""Workbooks that an office can trust: typed cells, no formula that nobody wrote, the same bytes each time.

In: sheets as headings, notes and tables (columns as data, rows as dicts). Out: one .xlsx file. openpyxl makes
the styles, charts and page set-up; the rows themselves are written here, straight into the sheet's XML, which
is several times as fast and lets every text cell be typed as text whatever it starts with.

What is taken care of, because each has bitten someone: text that starts with = + - @ or a tab is a text cell
with Excel's quote prefix (never a formula, not even after F2 and Enter); text over Excel's 32,767 characters goes
on in a sheet of its own, and the cell says so; characters that XML cannot carry become U+FFFD and a literal
``_x0041_`` stays what it was; dates are true dates shown in ROC years; row heights are worked out for wrapped CJK
text, so that nothing is hidden in Excel or LibreOffice.
"""

from __future__ import annotations

import datetime as dt
import io
import math
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.chart import BarChart, Reference
from openpyxl.chart.data_source import AxDataSource, NumData, NumVal, StrData, StrRef, StrVal
from openpyxl.chart.label import DataLabelList
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.properties import PageSetupProperties

from probity.reports.package import Properties, repack
from probity.store.objects import write_atomic

CELL_LIMIT = 32_767  # characters of one cell, in UTF-16 units (Excel specifications and limits)
ROW_LIMIT = 1_048_576
FONT = "微軟正黑體"  # Microsoft JhengHei; LibreOffice falls back to a CJK font where it is missing
ACCENT = "1F4E79"
ROC_DATE = '[$-404]e"年"m"月"d"日"'

FORMATS = {
    "text": "@",
    "int": "0",
    "count": "#,##0",
    "money": "#,##0",
    "ratio": "0.0%",
    "score": "0.00",
    "number": "#,##0.####",
    "date": ROC_DATE,
}
_ALIGN = {"int": "center", "count": "right", "money": "right", "ratio": "right", "score": "right", "number": "right"}
_RISKY = frozenset("=+-@\t\r\n＝＋－＠|%")
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_EPOCH = dt.date(1899, 12, 30).toordinal()


@dataclass(frozen=True)
class Column:
    """One column of a table: ``key`` in the rows, its heading, its type (a key of FORMATS) and its width in
    characters (0: fitted to the content between 8 and ``most``). ``wrap`` breaks long text over lines."""

    key: str
    zh: str
    type: str = "text"
    width: float = 0
    most: float = 40
    wrap: bool = False
    align: str = ""


@dataclass(frozen=True)
class Range:
    """Where a table's data rows came to lie: 1-based rows, and the column letter of each key."""

    sheet: str
    first: int
    last: int
    letters: Mapping[str, str]
    columns: Mapping[str, int]


@lru_cache(maxsize=65536)
def _char_width(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WFA" else 1


def display_width(text: str) -> int:
    """The width of ``text`` in half-width characters: its widest line, CJK counted as two."""
    return max((len(s) if s.isascii() else sum(map(_char_width, s)) for s in text.split("\n")), default=0)


def _lines(text: str, width: float) -> int:
    room = max(width - 3, 4)
    if 2 * len(text) <= room and "\n" not in text:
        return 1
    return sum(max(1, math.ceil(display_width(part) / room)) for part in text.split("\n"))


def plain(text: str) -> str:
    """``text`` as XML content of a string cell: what XML or Excel's own escapes would change is kept."""
    if _UNWRITABLE.search(text):
        text = _UNWRITABLE.sub("�", text)
    if "_x" in text:
        text = _ESCAPED.sub("_x005F_", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def pieces(text: str, limit: int) -> list[str]:
    """``text`` cut into pieces of at most ``limit`` UTF-16 units, no surrogate pair cut in two."""
    out, start, units = [], 0, 0
    for i, char in enumerate(text):
        size = 2 if ord(char) > 0xFFFF else 1
        if units + size > limit:
            out.append(text[start:i])
            start, units = i, 0
        units += size
    return [*out, text[start:]]


def _print_line(size: int, text: str) -> str:
    """A header's or footer's text; a digit right after the size would be read as part of it."""
    return f"&{size}{' ' if text[:1].isdigit() else ''}{text.replace('&', '&&')}"


@dataclass
class Book:
    """One workbook in the making. ``words`` are the few texts that the writer itself adds (see the layout's
    ``writer`` part): overflow sheet's title and headings, the note in a cut cell, page numbering."""

    properties: Properties
    words: Mapping[str, str]
    header: str = ""
    footer: str = ""
    _book: Any = field(default_factory=openpyxl.Workbook)
    _sheets: list[Sheet] = field(default_factory=list)
    _strings: dict[str, str] = field(default_factory=dict)
    _styles: dict[tuple[Any, ...], int] = field(default_factory=dict)
    _overflow: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._scratch = self._book.active
        self._scratch.title = "scratch"

    def sheet(self, title: str, tab: str = ACCENT, portrait: bool = False) -> Sheet:
        """A new sheet at the end, set up for A4 (landscape unless ``portrait``), one page wide."""
        sheet = Sheet(self, self._book.create_sheet(title), tab, portrait)
        self._sheets.append(sheet)
        return sheet

    def style(self, **spec: Any) -> int:
        """Index of the cell format that ``spec`` describes: bold, size, color, fill, format, align, wrap, border,
        quote."""
        key = tuple(sorted(spec.items()))
        if key not in self._styles:
            cell = self._scratch.cell(len(self._styles) + 1, 1)  # openpyxl keeps the cell's own style object
            cell.font = Font(
                name=FONT, size=spec.get("size", 10), bold=spec.get("bold", False), color=spec.get("color", "000000")
            )
            fill = spec.get("fill")
            cell.fill = PatternFill("solid", start_color=fill) if fill else PatternFill()
            thin = Side(style="thin", color="BFBFBF")
            cell.border = Border(left=thin, right=thin, top=thin, bottom=thin) if spec.get("border") else Border()
            cell.number_format = spec.get("format", "General")
            align = spec.get("align")
            cell.alignment = Alignment(
                horizontal=align or None,
                vertical="center",
                wrap_text=bool(spec.get("wrap")),
                indent=1 if spec.get("border") and align in ("left", "right") else 0,
            )
            cell.quotePrefix = bool(spec.get("quote"))
            self._styles[key] = cell.style_id
        return self._styles[key]

    def string(self, text: str) -> str:
        """``text`` as the inside of a string cell."""
        xml = self._strings.get(text)
        if xml is None:
            xml = self._strings[text] = f'<is><t xml:space="preserve">{plain(text)}</t></is>'
        return xml

    def fit(self, text: str, sheet: str, cell: str) -> str:
        """``text``, or its first piece with a note when it is longer than a cell; the rest goes to the overflow
        sheet."""
        if len(text) <= CELL_LIMIT // 2 or len(text.encode("utf-16-le", "surrogatepass")) // 2 <= CELL_LIMIT:
            return text
        parts = pieces(text, CELL_LIMIT - 200)
        first = len(self._overflow)
        for number, part in enumerate(parts[1:], 2):
            self._overflow.append({"sheet": sheet, "cell": cell, "part": f"{number}/{len(parts)}", "text": part})
        note = self.words["cut"].format(sheet=self.words["overflow"], row=first + 4, parts=len(parts))
        return parts[0] + note

    def save(self, path: Path) -> int:
        """Write the workbook to ``path`` (whole or not at all); returns the number of bytes."""
        data = self.to_bytes()
        write_atomic(path, data)
        return len(data)

    def to_bytes(self) -> bytes:
        """The workbook's bytes: the same for the same content."""
        if self._overflow:
            rows, self._overflow = self._overflow, []
            sheet = self.sheet(self.words["overflow"], tab="7F7F7F")
            sheet.heading(self.words["overflow"])
            sheet.note(self.words["overflow_note"])
            sheet.table(
                [
                    Column("sheet", self.words["overflow_sheet"], width=18),
                    Column("cell", self.words["overflow_cell"], width=10),
                    Column("part", self.words["overflow_part"], width=10),
                    Column("text", self.words["overflow_text"], width=100, wrap=True),
                ],
                rows,
            )
        for sheet in self._sheets:
            sheet.close()
        if self._scratch is not None:
            self._book.remove(self._scratch)
            self._scratch = None
        self._book.active = 0
        buffer = io.BytesIO()
        self._book.save(buffer)
        parts = {f"xl/worksheets/sheet{i}.xml": s for i, s in enumerate(self._sheets, 1)}
        return repack(buffer.getvalue(), self.properties, self._parts(buffer, parts))

    def _parts(self, buffer: io.BytesIO, sheets: Mapping[str, Sheet]) -> dict[str, bytes]:
        out: dict[str, bytes] = {}
        with zipfile.ZipFile(buffer) as package:
            for name, sheet in sheets.items():
                out[name] = sheet.merge(package.read(name))
        return out


class Sheet:
    """One sheet, filled from top to bottom."""

    def __init__(self, book: Book, inner: Any, tab: str, portrait: bool) -> None:
        self.book = book
        self.inner = inner
        self.title: str = inner.title
        self._rows: list[str] = []
        self._next = 1
        self._widths: dict[int, float] = {}
        self._last_column = 1
        self._merged: list[str] = []
        inner.sheet_properties.tabColor = tab
        inner.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        page = inner.page_setup
        page.paperSize = inner.PAPERSIZE_A4
        page.orientation = "portrait" if portrait else "landscape"
        page.fitToWidth, page.fitToHeight = 1, 0
        inner.page_margins.left = inner.page_margins.right = 0.4
        inner.page_margins.top, inner.page_margins.bottom = 0.75, 0.65
        inner.page_margins.header = inner.page_margins.footer = 0.3
        inner.print_options.horizontalCentered = True
        inner.sheet_view.zoomScale = 100
        inner.sheet_view.showGridLines = False
        inner.sheet_format.defaultRowHeight = 18
        inner.oddHeader.left.text = _print_line(9, book.header)
        inner.oddHeader.right.text = "&9&A"
        inner.oddFooter.left.text = _print_line(8, book.footer)
        inner.oddFooter.right.text = f"&9{book.words['page']}"

    # -- lines ------------------------------------------------------------------------------------------------
    def heading(self, text: str) -> None:
        self._line(text, self.book.style(bold=True, size=16, color=ACCENT), 28)

    def subheading(self, text: str) -> None:
        self._line(text, self.book.style(bold=True, size=12, color=ACCENT), 22)

    def note(self, text: str) -> None:
        self._line(text, self.book.style(size=9, color="595959"), 15)

    def blank(self, rows: int = 1) -> None:
        self._next += rows

    def move(self, row: int) -> None:
        """Go on writing at ``row``, which lies below what is written already (ValueError otherwise)."""
        if row < self._next:
            raise ValueError(f"sheet {self.title}: row {row} is written already")
        self._next = row

    def page_break(self, row: int) -> None:
        """In print, start a new page after ``row``."""
        self.inner.row_breaks.append(Break(id=row))

    def _line(self, text: str, style: int, height: float) -> None:
        row = self._next
        inside = self.book.string(self.book.fit(text, self.title, f"A{row}"))
        cell = f'<c r="A{row}" s="{style}" t="inlineStr">{inside}</c>'
        self._rows.append(f'<row r="{row}" ht="{height}" customHeight="1">{cell}</row>')
        self._next += 1

    # -- tables -----------------------------------------------------------------------------------------------
    def table(
        self,
        columns: Sequence[Column],
        rows: Iterable[Mapping[str, Any]],
        *,
        main: bool = False,
        freeze: int = 0,
        pages: int = 1,
        fills: Callable[[Mapping[str, Any]], str | None] | None = None,
        fill_to: int = 0,
    ) -> Range:
        """Write a header row and ``rows``. The sheet's ``main`` table gets the filter, the frozen panes (its header
        and the first ``freeze`` columns) and the header row repeated on every printed page; ``pages`` wide in print,
        with the frozen columns repeated, when it is wider than one. ``fills`` may give a
        row's first ``fill_to`` cells (0: all) a background colour. ValueError when the rows do not fit in a sheet."""
        book, head = self.book, self._next
        style = book.style(bold=True, color="FFFFFF", fill=ACCENT, align="center", wrap=True, border=True)
        letters = [get_column_letter(i) for i in range(1, len(columns) + 1)]
        rows = list(rows)
        if head + len(rows) > ROW_LIMIT:
            raise ValueError(f"sheet {self.title}: {len(rows)} rows do not fit in one sheet")
        widths = self._fit(columns, rows)
        titles = "".join(
            f'<c r="{a}{head}" s="{style}" t="inlineStr">{book.string(c.zh)}</c>'
            for a, c in zip(letters, columns, strict=True)
        )
        tall = max((_lines(c.zh, widths[i]) for i, c in enumerate(columns)), default=1)
        self._rows.append(f'<row r="{head}" ht="{6 + 15 * tall}" customHeight="1">{titles}</row>')
        self._body(columns, letters, rows, head + 1, widths, fills, fill_to)
        last = head + len(rows)
        self._next = last + 1
        self._last_column = max(self._last_column, len(columns))
        if main:
            self.inner.auto_filter.ref = f"A{head}:{letters[-1]}{max(last, head)}"
            self.inner.freeze_panes = f"{get_column_letter(freeze + 1)}{head + 1}"
            self.inner.print_title_rows = f"{head}:{head}"
            if pages > 1:
                self.inner.page_setup.fitToWidth = pages
                self.inner.print_title_cols = f"A:{get_column_letter(max(freeze, 1))}"
        keys = [c.key for c in columns]
        return Range(
            self.title, head + 1, last, dict(zip(keys, letters, strict=True)), {k: i for i, k in enumerate(keys, 1)}
        )

    def _fit(self, columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> list[float]:
        out = []
        for i, column in enumerate(columns, 1):
            width = column.width
            if not width:
                seen = {str(r.get(column.key) or "") for r in rows[:2000]}
                width = max([display_width(column.zh) + 3, *(min(display_width(s), column.most) + 3 for s in seen)])
                if column.type in ("money", "count", "number"):
                    width *= 1.2
                if column.type == "date":
                    width = max(15, display_width(column.zh) + 3)
                width = min(max(width, 8), column.most + 3)
            self._widths[i] = max(self._widths.get(i, 0), width)
            out.append(self._widths[i])
        return out

    def _body(
        self,
        columns: Sequence[Column],
        letters: Sequence[str],
        rows: Sequence[Mapping[str, Any]],
        first: int,
        widths: Sequence[float],
        fills: Callable[[Mapping[str, Any]], str | None] | None,
        fill_to: int,
    ) -> None:
        book, strings, title, out = self.book, self.book._strings, self.title, self._rows
        styles: dict[str | None, list[tuple[int, int, int]]] = {}

        def of(fill: str | None) -> list[tuple[int, int, int]]:
            if fill not in styles:
                made = []
                for i, c in enumerate(columns):
                    spec = {
                        "border": True,
                        "align": c.align or _ALIGN.get(c.type, "center" if c.type == "date" else "left"),
                        "wrap": c.wrap,
                        "fill": fill if not fill_to or i < fill_to else None,
                    }
                    made.append(
                        (
                            book.style(format=FORMATS[c.type], **spec),
                            book.style(format="@", quote=True, **spec),
                            book.style(format="@", **spec),
                        )
                    )
                styles[fill] = made
            return styles[fill]

        wrapped = [(c.key, widths[i]) for i, c in enumerate(columns) if c.wrap]
        plan = [(c.key, a) for c, a in zip(columns, letters, strict=True)]
        base = of(None)
        for number, row in enumerate(rows, first):
            formats = base if fills is None else of(fills(row))
            cells = []
            for (key, letter), (fmt, quoted, text_fmt) in zip(plan, formats, strict=True):
                value = row.get(key)
                if value is None or value == "":
                    cells.append(f'<c r="{letter}{number}" s="{fmt}"/>')
                    continue
                kind = type(value)
                if kind is str:
                    if len(value) > CELL_LIMIT // 2:
                        value = book.fit(value, title, f"{letter}{number}")
                    fmt = quoted if value[0] in _RISKY else text_fmt
                    inside = strings.get(value) or book.string(value)
                    cells.append(f'<c r="{letter}{number}" s="{fmt}" t="inlineStr">{inside}</c>')
                elif kind is int and -(10**15) < value < 10**15:
                    cells.append(f'<c r="{letter}{number}" s="{fmt}"><v>{value}</v></c>')
                else:
                    cells.append(self._other(value, letter, number, fmt, text_fmt))
            height = ""
            if wrapped:
                lines = max((_lines(v, w) for k, w in wrapped if isinstance(v := row.get(k), str)), default=1)
                height = f' ht="{min(409, 4 + 14.5 * lines):g}" customHeight="1"'
            out.append(f'<row r="{number}"{height}>{"".join(cells)}</row>')

    def _other(self, value: Any, letter: str, number: int, fmt: int, text_fmt: int) -> str:
        if hasattr(value, "item"):  # NumPy scalars
            value = value.item()
        if isinstance(value, dt.datetime):
            value = value.date()
        if isinstance(value, dt.date):
            value = value.toordinal() - _EPOCH
        elif isinstance(value, bool):
            return f'<c r="{letter}{number}" s="{fmt}" t="b"><v>{int(value)}</v></c>'
        # A cell's number has 15 digits; a longer one stays text.
        elif not isinstance(value, (int, float)) or not math.isfinite(value) or abs(value) >= 10**15:
            return f'<c r="{letter}{number}" s="{text_fmt}" t="inlineStr">{self.book.string(str(value))}</c>'
        return f'<c r="{letter}{number}" s="{fmt}"><v>{value!r}</v></c>'

    # -- charts -----------------------------------------------------------------------------------------------
    def bar_chart(
        self,
        data: Range,
        rows: Sequence[Mapping[str, Any]],
        names: str,
        values: str,
        title: str,
        anchor: str,
        *,
        source: Any = None,
        size: tuple[float, float] = (16.5, 8.5),
    ) -> None:
        """A native bar chart over ``data``'s columns ``names`` and ``values``, with its values cached in the file so
        that previews which do not calculate show it too. ``size`` in cm."""
        if not rows:
            return
        inner = (source or self).inner
        chart = BarChart()
        chart.type, chart.style, chart.gapWidth = "bar", 10, 60
        chart.title, chart.legend = title, None
        chart.width, chart.height = size
        first, last = data.first, data.last
        reference = Reference(inner, min_col=data.columns[values], min_row=first, max_row=last)
        chart.add_data(reference, titles_from_data=False)
        chart.set_categories(Reference(inner, min_col=data.columns[names], min_row=first, max_row=last))
        series = chart.series[0]
        series.graphicalProperties.solidFill = ACCENT
        series.val.numRef.numCache = NumData(
            formatCode="0", ptCount=len(rows), pt=[NumVal(idx=i, v=str(r[values])) for i, r in enumerate(rows)]
        )
        sheet = data.sheet.replace("'", "''")
        letter = data.letters[names]
        series.cat = AxDataSource(
            strRef=StrRef(
                f=f"'{sheet}'!${letter}${first}:${letter}${last}",
                strCache=StrData(
                    ptCount=len(rows),
                    pt=[StrVal(idx=i, v=_UNWRITABLE.sub("�", str(r[names] or ""))) for i, r in enumerate(rows)],
                ),
            )
        )
        series.dLbls = DataLabelList(showVal=True, showSerName=False, showCatName=False, showLegendKey=False)
        chart.x_axis.scaling.orientation = "maxMin"  # the first row on top
        chart.y_axis.majorGridlines = None
        chart.y_axis.scaling.min = 0
        chart.x_axis.delete = False
        chart.y_axis.delete = True
        self.inner.add_chart(chart, anchor)

    # -- end --------------------------------------------------------------------------------------------------
    def close(self) -> None:
        for index, width in self._widths.items():
            self.inner.column_dimensions[get_column_letter(index)].width = round(width, 2)

    def merge(self, xml: bytes) -> bytes:
        """openpyxl's XML of this sheet with our rows in it."""
        rows = f"<sheetData>{''.join(self._rows)}</sheetData>".encode()
        out, found = re.subn(rb"<sheetData\s*/>|<sheetData>.*?</sheetData>", lambda _: rows, xml, count=1, flags=re.S)
        if not found:
            raise ValueError(f"sheet {self.title}: no place for its rows")
        area = f"A1:{get_column_letter(self._last_column)}{max(self._next - 1, 1)}"
        return re.sub(rb'<dimension ref="[^"]*"', f'<dimension ref="{area}"'.encode(), out, count=1)
