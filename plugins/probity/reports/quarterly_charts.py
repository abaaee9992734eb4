"""Native charts of the quarterly report, the same for Excel and for Word.

In: a title, category names and series of numbers. Out: openpyxl chart objects whose values are cached, so that
previews which do not calculate show them too; over the cells of a sheet in a workbook, with the values written into
the chart itself in a document. Native charts carry no picture of letters: the reader's own Chinese font draws them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.chart import BarChart, LineChart
from openpyxl.chart.data_source import AxDataSource, NumData, NumDataSource, NumRef, NumVal, StrData, StrRef, StrVal
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.marker import Marker
from openpyxl.chart.series import Series, SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.chart.title import title_maker
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties, RichTextProperties

from probity.reports.word import writable
from probity.reports.xlsx import Range

SEVERITY_COLORS = {"minor": "9DC3E6", "major": "F4B183", "grave": "E06666"}
COLORS = ("1F4E79", "C55A11", "7F7F7F", "BF9000", "548235", "7030A0")


@dataclass(frozen=True)
class Line:
    """One series: ``key`` in the rows, its name, its colour, and how a line is drawn (a bar ignores that)."""

    key: str
    name: str
    color: str = COLORS[0]
    dash: str = ""
    marker: bool = False


def chart(
    kind: str,
    title: str,
    rows: Sequence[Mapping[str, Any]],
    names: str,
    lines: Sequence[Line],
    *,
    place: Range | None = None,
    number: str = "0",
    size: tuple[float, float] = (16.0, 8.0),
    axis: str = "",
    top: float | None = None,
    stacked: bool = False,
) -> Any:
    """A chart of ``rows``: ``kind`` is bar (lying), column or line; ``names`` the key of the category names.

    ``place``: where the rows lie in a workbook (None: values go into the chart). ``number``: number format of labels
    and axis; ``axis``: title of the value axis; ``top``: its end; ``stacked``: bars on each other; ``size`` in cm.
    """
    made = LineChart() if kind == "line" else BarChart()
    if isinstance(made, BarChart):
        made.type, made.gapWidth = "bar" if kind == "bar" else "col", 60
    made.style, (made.width, made.height) = 10, size
    if title:
        made.title = title_maker(title)
        made.title.tx.rich.p[0].pPr = ParagraphProperties(defRPr=CharacterProperties(sz=1200, b=True))
        made.title.overlay = False
    made.series = [_series(i, line, rows, names, place, number, kind) for i, line in enumerate(lines)]
    if len(lines) == 1:
        made.legend = None
    else:
        made.legend.position = "b"
    made.x_axis.delete = made.y_axis.delete = False
    made.x_axis.number_format, made.y_axis.number_format = "@", number
    made.y_axis.scaling.min, made.y_axis.scaling.max = 0, top
    if stacked:
        made.grouping, made.overlap = "stacked", 100
    made.y_axis.title = axis or None
    made.y_axis.majorGridlines.spPr = GraphicalProperties(ln=LineProperties(solidFill="D9D9D9"))
    made.x_axis.tickLblPos = "low"
    if kind != "bar" and len(rows) > 12:
        made.x_axis.txPr = RichText(RichTextProperties(rot=-45 * 60_000), p=[Paragraph(ParagraphProperties())])
    if kind == "bar":
        made.x_axis.scaling.orientation = "maxMin"  # the first row on top
        made.y_axis.majorGridlines, made.y_axis.delete = None, True
    return made


def _series(
    index: int,
    line: Line,
    rows: Sequence[Mapping[str, Any]],
    names: str,
    place: Range | None,
    number: str,
    kind: str,
) -> Any:
    values = NumData(
        formatCode=number,
        ptCount=len(rows),
        pt=[NumVal(idx=i, v=repr(r[line.key])) for i, r in enumerate(rows) if r[line.key] is not None],
    )
    words = StrData(ptCount=len(rows), pt=[StrVal(idx=i, v=writable(str(r[names] or ""))) for i, r in enumerate(rows)])
    if place is None:
        data, categories = NumDataSource(numLit=values), AxDataSource(strLit=words)
    else:
        data = NumDataSource(numRef=NumRef(f=_cells(place, line.key), numCache=values))
        categories = AxDataSource(strRef=StrRef(f=_cells(place, names), strCache=words))
    made: Any = Series(idx=index, order=index, tx=SeriesLabel(v=writable(line.name)), cat=categories, val=data)
    if kind == "line":
        stroke = LineProperties(solidFill=line.color, w=22_000, prstDash=line.dash or None)
        made.spPr, made.smooth = GraphicalProperties(ln=stroke), False
        made.marker = Marker("circle", size=6) if line.marker else Marker("none")
        if line.marker:
            made.marker.spPr = GraphicalProperties(solidFill=line.color, ln=LineProperties(solidFill=line.color))
    else:
        made.spPr, made.invertIfNegative = GraphicalProperties(solidFill=line.color), False
        made.dLbls = DataLabelList(showVal=True, showSerName=False, showCatName=False, showLegendKey=False)
        made.dLbls.showPercent = made.dLbls.showLeaderLines = False
        made.dLbls.numFmt = number if number.endswith("%") else f"{number};;;"  # no label on an empty bar
    return made


def _cells(place: Range, key: str) -> str:
    letter, sheet = place.letters[key], place.sheet.replace("'", "''")
    return f"'{sheet}'!${letter}${place.first}:${letter}${place.last}"
