"""The inspection form as a workbook: what the inspectors take to the site and drop back.

In: a pack (``acceptance.pack``), texts of include/templates/forms/inspection_form.yaml. Out: xlsx with five sheets and
a hidden one for the drop-downs. Pre-filled cells and formulas are locked, cells to fill are open and checked as they
are typed; every row carries the inspection's number. Same pack, same bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from probity import config, settings
from probity.sources.contract import Field, Sheet
from probity.sources.forms import save
from probity.sources.inspection_layout import DEFECT_ROWS, DEFECTS, HEADER, LIMITS, MEASURES, OPEN, SHEETS
from probity.text import roc_date

_THIN = Side(style="thin", color="FF999999")
_BORDER = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_HEAD = PatternFill("solid", fgColor="FFDDEBF7")
_LOCKED = PatternFill("solid", fgColor="FFF2F2F2")
_OPEN = PatternFill("solid", fgColor="FFFFF9DB")
_BAD = PatternFill("solid", bgColor="FFF8CBAD")
_WRAP = Alignment(wrap_text=True, vertical="center")
_CENTRE = Alignment(wrap_text=True, vertical="center", horizontal="center")
_BOUNDS = ("lower", "upper", "mean_lower", "mean_upper")
_WIDTHS = {
    "inspection": (13, 13, 15, 12, 14, 22, 16, 8, 10, 13, 11, 7, 8, 16),
    "inspection_limit": (18, 18, 27, 9, 8, 9, 9, 9, 9, 18, 14, 30, 9, 9, 9, 9),
    "inspection_measure": (18, 18, 27, 9, 6, 8, 12, 12, 10, 18, 9, 9, 10),
    "defect_found": (18, 8, 20, 9, 48, 22, 13),
}
_ROC_DATE = 'ISNUMBER(DATEVALUE(LEFT({c},FIND("/",{c})-1)+1911&MID({c},FIND("/",{c}),9)))'


@cache
def words() -> dict[str, Any]:
    """The texts of the form."""
    path = settings.ROOT / "include" / "templates" / "forms" / "inspection_form.yaml"
    loaded: dict[str, Any] = config.parse(path.read_text(encoding="utf-8"))
    return loaded


def write(path: Path, pack: Mapping[str, Any]) -> None:
    """Write the form of ``pack`` to ``path``."""
    book = Workbook()
    _Form(book, pack).fill()
    save(book, path)


class _Form:
    """One workbook and the pack that it is made from."""

    def __init__(self, book: Workbook, pack: Mapping[str, Any]) -> None:
        self.book, self.pack, self.text = book, pack, words()
        self.tests = {t["test"]: t for t in pack["tests"]}
        self.id = str(pack["inspection"]["inspection_id"])

    def fill(self) -> None:
        self._instructions(self.book.worksheets[0])
        lists = self._lists()
        self._header(self._new(HEADER))
        self._limits(self._new(LIMITS))
        self._measures(self._new(MEASURES), lists)
        self._defects(self._new(DEFECTS), lists)
        self.book.move_sheet(self.book[self.text["lists_sheet"]], len(SHEETS))
        self.book.active = 1

    def _new(self, sheet: Sheet) -> Worksheet:
        ws = self.book.create_sheet(sheet.zh)
        for index, width in enumerate(_WIDTHS[sheet.table], 1):
            ws.column_dimensions[get_column_letter(index)].width = width
        return ws

    # -- sheets -------------------------------------------------------------------------------------------------
    def _header(self, ws: Worksheet) -> None:
        last = len(HEADER.fields)
        _title(ws, self.text["title"], last)
        _line(ws, 2, self.text["subtitle"], last)
        ws.row_dimensions[2].height = 20
        row = 3
        facts = [(label, self._fact(k, self.pack["facts"].get(k))) for k, label in self.text["facts"].items()]
        for at in range(0, len(facts), 2):
            for side, (label, value) in enumerate(facts[at : at + 2]):
                left = 1 + side * 7
                _cell(ws, row, left, label, fill=_HEAD)
                ws.merge_cells(start_row=row, start_column=left, end_row=row, end_column=left + 1)
                _cell(ws, row, left + 2, value, fill=_LOCKED)
                ws.merge_cells(start_row=row, start_column=left + 2, end_row=row, end_column=left + 6)
            ws.row_dimensions[row].height = 18
            row += 1
        head = row + 1
        _heads(ws, head, [f.zh + _star(f) for f in HEADER.fields])
        values = {**self.pack["inspection"], "revision": 1}
        values["part"] = self.text["parts"].get(values.get("part"), values.get("part"))
        at = head + 1
        for column, item in enumerate(HEADER.fields, 1):
            _value(ws, at, column, item, values.get(item.name), item.name in OPEN[HEADER.table])
        ws.row_dimensions[at].height = 62
        ws.oddFooter.center.text = self.text["sign"]  # a line below the table would be read as one of its rows
        self._check_date(ws, HEADER, "inspected_date", at, at)
        self._check(ws, HEADER, "revision", at, at, "whole", ("1", "99"), self.text["errors"]["revision"])
        self._check(ws, HEADER, "score", at, at, "decimal", ("0", "100"), self.text["errors"]["score"])
        _protect(ws)

    def _limits(self, ws: Worksheet) -> None:
        effective = self.text["effective"]
        width = len(LIMITS.fields) + len(effective)
        _title(ws, self.text["limits_title"], width)
        _heads(ws, 3, [f.zh + _star(f) for f in LIMITS.fields] + effective)
        for at, limit in enumerate(self.pack["limits"], 4):
            values = {**limit, "inspection_id": self.id, "test_name": self.tests[limit["test"]]["zh"]}
            for column, item in enumerate(LIMITS.fields, 1):
                _value(ws, at, column, item, values.get(item.name), item.name in OPEN[LIMITS.table])
            for offset, name in enumerate(_BOUNDS):
                cell = _cell(ws, at, len(LIMITS.fields) + 1 + offset, self._bound(limit, name, at), _LOCKED, True)
                cell.number_format = "General"
            ws.row_dimensions[at].height = 62
            for name in ("design_value", *_BOUNDS):
                self._check(ws, LIMITS, name, at, at, "decimal", ("-100000", "100000"), self.text["errors"]["number"])
        _protect(ws)

    @staticmethod
    def _bound(limit: Mapping[str, Any], name: str, at: int) -> str:
        """The bound that holds: the contract's when the row states any, else the default rule's for the design value.
        The deviation of readings is no bound of a single value."""
        column = "FGHI"[_BOUNDS.index(name)]
        spec = {} if limit["of"] == "sd" else limit["rule"].get(name, {})
        default = '""'
        if "fixed" in spec:
            default = repr(spec["fixed"])
        elif "ratio" in spec:
            default = f'IF(E{at}="","",ROUND(E{at}*{spec["ratio"]!r},6))'
        elif "delta" in spec:
            default = f'IF(E{at}="","",ROUND(E{at}+({spec["delta"]!r}),6))'
        return f'=IF(COUNT(F{at}:I{at})>0,IF({column}{at}="","",{column}{at}),{default})'

    def _measures(self, ws: Worksheet, lists: Mapping[str, str]) -> None:
        text = self.text
        rows = self._rows()
        head = 3 + len(self.tests) + 3
        first = head + 1
        extra = (text["share_header"], text["across_header"], text["verdict_header"])
        _title(ws, text["measures_title"], len(MEASURES.fields) + len(extra))
        self._summary(ws, rows, first)
        _heads(ws, head, [f.zh + _star(f) for f in MEASURES.fields] + list(extra))
        limit_row = {limit["test"]: at for at, limit in enumerate(self.pack["limits"], 4)}
        for at, row in enumerate(rows, first):
            test = self.tests[row["test"]]
            values = {**row, "inspection_id": self.id, "test_name": test["zh"], "unit": test["unit"]}
            if row.get("station") is not None:
                values["station"] = station_text(row["station"])
            for column, item in enumerate(MEASURES.fields, 1):
                open_ = item.name in OPEN[MEASURES.table] or (
                    item.name in ("station", "offset") and row.get(item.name) is None
                )
                cell = _value(ws, at, column, item, values.get(item.name), open_)
                if item.name == "value":
                    cell.number_format = "0." + "0" * test["decimals"] if test["decimals"] else "0"
            for column, name in enumerate(("fraction", "across"), len(MEASURES.fields) + 1):
                _cell(ws, at, column, row.get(name), fill=_LOCKED).number_format = "0.0%"
            _cell(ws, at, len(MEASURES.fields) + len(extra), self._verdict(at, limit_row[row["test"]]), _LOCKED, True)
            self._check(
                ws,
                MEASURES,
                "value",
                at,
                at,
                "decimal",
                (repr(test["min"]), repr(test["max"])),
                text["errors"]["value"].format(min=test["min"], max=test["max"], unit=test["unit"]),
            )
        last = first + len(rows) - 1
        if rows:
            self._check_list(ws, MEASURES, "not_measured", first, last, lists["not_measured"], strict=False)
            verdict = get_column_letter(len(MEASURES.fields) + len(extra))
            _paint(ws, f"{verdict}{first}:{verdict}{last}", text["verdicts"]["fail"])
        ws.print_title_rows = f"{head}:{head}"
        _protect(ws)

    def _rows(self) -> list[Mapping[str, Any]]:
        """The positions, test by test in the order of the limits: a test's values stand together."""
        order = {limit["test"]: i for i, limit in enumerate(self.pack["limits"])}
        return sorted(self.pack["measures"], key=lambda r: (order[r["test"]], r["sample_no"]))

    def _summary(self, ws: Worksheet, rows: Sequence[Mapping[str, Any]], first: int) -> None:
        """A line a test above the values: count, mean, deviation, worst, verdict. The reference is the rows of the
        test, which stand together."""
        text, said = self.text, self.text["verdicts"]
        columns = range(3, 3 + len(text["summary_headers"]))
        for column, header in zip(columns, text["summary_headers"], strict=True):
            _cell(ws, 3, column, header, fill=_HEAD).alignment = _CENTRE
        for index, limit in enumerate(self.pack["limits"]):
            at, lim = 4 + index, 4 + index
            own = [first + i for i, r in enumerate(rows) if r["test"] == limit["test"]]
            test = self.tests[limit["test"]]
            span = f"I{own[0]}:I{own[-1]}" if own else "I1:I1"
            bad = f"M{own[0]}:M{own[-1]}" if own else "M1:M1"
            low, high, mean_low, mean_high = (f"{quote_sheetname(LIMITS.zh)}!${c}${lim}" for c in "MNOP")
            digits = test["decimals"] + 1
            worst = (
                f"IF(ISNUMBER({low}),IF(ISNUMBER({high}),IF(MAX({span})-{high}>{low}-MIN({span}),MAX({span}),MIN({span})),"
                f"MIN({span})),IF(ISNUMBER({high}),MAX({span}),IF(ISNUMBER({mean_low}),MIN({span}),MAX({span}))))"
            )
            verdict = (
                f'=IF(E{at}=0,"{said["none"]}",IF(COUNT({low},{high},{mean_low},{mean_high})=0,"{said["no_limit"]}",'
                f"IF(OR(I{at}>0,AND(ISNUMBER({mean_low}),F{at}<{mean_low}),AND(ISNUMBER({mean_high}),F{at}>{mean_high})),"
                f'"{said["fail"]}","{said["pass"]}")))'
            )
            cells = (
                test["zh"],
                test["unit"],
                f"=COUNT({span})",
                f'=IF(E{at}=0,"",AVERAGE({span}))',
                f'=IF(E{at}<2,"",STDEV({span}))',
                f'=IF(E{at}=0,"",{worst})',
                f'=COUNTIF({bad},"{said["fail"]}")',
                verdict,
            )
            for column, value in zip(columns, cells, strict=True):
                cell = _cell(ws, at, column, value, _LOCKED, column > 4)
                if column in (6, 7, 8):
                    cell.number_format = "0." + "0" * (digits if column < 8 else max(1, test["decimals"]))
        if self.pack["limits"]:
            _paint(ws, f"J4:J{3 + len(self.pack['limits'])}", said["fail"])

    def _verdict(self, at: int, limit: int) -> str:
        said = self.text["verdicts"]
        low, high = (f"{quote_sheetname(LIMITS.zh)}!${c}${limit}" for c in "MN")
        return (
            f'=IF(I{at}="","",IF(COUNT({low},{high})=0,"{said["no_point_limit"]}",'
            f"IF(OR(AND(ISNUMBER({low}),I{at}<{low}),AND(ISNUMBER({high}),I{at}>{high})),"
            f'"{said["fail"]}","{said["pass"]}")))'
        )

    def _defects(self, ws: Worksheet, lists: Mapping[str, str]) -> None:
        _title(ws, self.text["defects_title"], len(DEFECTS.fields))
        _heads(ws, 3, [f.zh + _star(f) for f in DEFECTS.fields])
        first, last = 4, 3 + DEFECT_ROWS
        for number, at in enumerate(range(first, last + 1), 1):
            values = {"inspection_id": self.id, "number": number}
            for column, item in enumerate(DEFECTS.fields, 1):
                _value(ws, at, column, item, values.get(item.name), item.name in OPEN[DEFECTS.table])
        self._check_list(ws, DEFECTS, "category", first, last, lists["categories"])
        self._check_list(ws, DEFECTS, "severity", first, last, lists["severities"])
        self._check_date(ws, DEFECTS, "deadline", first, last)
        ws.freeze_panes = ws.cell(first, 1)
        ws.print_title_rows = "3:3"
        _protect(ws)

    # -- drop-downs and checks ------------------------------------------------------------------------------------
    def _lists(self) -> dict[str, str]:
        """The hidden sheet of the drop-downs (a list written into a check may hold 255 characters only)."""
        ws = self.book.create_sheet(self.text["lists_sheet"])
        ws.sheet_state = "hidden"
        choices = {
            "categories": self.pack["defects"]["categories"],
            "severities": self.pack["defects"]["severities"],
            "not_measured": self.text["not_measured_choices"],
        }
        out = {}
        for column, (name, values) in enumerate(choices.items(), 1):
            for row, value in enumerate(values, 1):
                ws.cell(row, column, value)
            letter = get_column_letter(column)
            out[name] = f"{quote_sheetname(ws.title)}!${letter}$1:${letter}${len(values)}"
        ws.protection.sheet = True
        return out

    def _check(
        self, ws: Worksheet, sheet: Sheet, name: str, first: int, last: int, kind: str, ends: tuple[str, str], says: str
    ) -> None:
        check = DataValidation(type=kind, operator="between", formula1=ends[0], formula2=ends[1], allow_blank=True)
        self._add(ws, check, sheet, name, first, last, says)

    def _check_list(
        self, ws: Worksheet, sheet: Sheet, name: str, first: int, last: int, where: str, strict: bool = True
    ) -> None:
        check = DataValidation(type="list", formula1=where, allow_blank=True)
        if not strict:
            check.errorStyle = "information"
        self._add(ws, check, sheet, name, first, last, self.text["errors"]["choice"])

    def _check_date(self, ws: Worksheet, sheet: Sheet, name: str, first: int, last: int) -> None:
        cell = f"{_letter(sheet, name)}{first}"
        check = DataValidation(type="custom", formula1=_ROC_DATE.format(c=cell), allow_blank=True)
        self._add(ws, check, sheet, name, first, last, self.text["errors"]["date"])

    def _add(
        self, ws: Worksheet, check: DataValidation, sheet: Sheet, name: str, first: int, last: int, says: str
    ) -> None:
        check.errorTitle, check.error, check.showErrorMessage = self.text["errors"]["title"], says, True
        letter = _letter(sheet, name)
        check.add(f"{letter}{first}:{letter}{last}")
        ws.add_data_validation(check)

    # -- words ----------------------------------------------------------------------------------------------------
    def _fact(self, name: str, value: Any) -> str:
        if value is None:
            return str(self.text["unknown"])
        if name == "facility":
            return str(self.text["facilities"].get(value, value))
        if name.startswith("station_"):
            return station_text(float(value))
        if name == "contract_amount":
            return f"{int(value):,}"
        if isinstance(value, float):
            return f"{value:,.10g}"
        if name.endswith(("_date", "_end")):
            return roc_date(dt.date.fromisoformat(str(value)))
        return str(value)

    def _lead(self) -> list[str]:
        """What to do, with the days that each severity gets where the office's rules set any."""
        days = self.pack["defects"].get("deadlines") or {}
        said = "、".join(self.text["deadline"].format(severity=name, days=days[name]) for name in days)
        return [*self.text["lead"], *([self.text["deadlines"].format(days=said)] if said else [])]

    def _instructions(self, ws: Worksheet) -> None:
        text = self.text
        ws.title = text["instructions_sheet"]
        _title(ws, text["title"], 5)
        row = 2
        for number, line in enumerate(self._lead(), 1):
            row += 1
            _line(ws, row, f"{number}. {line}", 5)
            ws.row_dimensions[row].height = 17 * (1 + len(line) // 60)
        row += 2
        _heads(ws, row, text["table_headers"])
        for sheet in SHEETS:
            for item in sheet.fields:
                row += 1
                who = text["who"]["open" if item.name in OPEN[sheet.table] else "locked"]
                for column, value in enumerate((sheet.zh, item.zh, who, _kind(item), item.note), 1):
                    _cell(ws, row, column, value)
        for letter, width in zip("ABCDE", (14, 18, 12, 40, 48), strict=True):
            ws.column_dimensions[letter].width = width
        _protect(ws)
        ws.page_setup.orientation = "portrait"


# -- cells ------------------------------------------------------------------------------------------------------------
def station_text(metres: float) -> str:
    """412.3 as 0K+412.3."""
    kilometres, rest = divmod(round(metres * 10), 10_000)
    return f"{kilometres}K+{rest // 10:03d}" + (f".{rest % 10}" if rest % 10 else "")


def _kind(item: Field) -> str:
    from probity.sources.forms import words as common

    return str(common()["types"][item.type])


def _letter(sheet: Sheet, name: str) -> str:
    return get_column_letter([f.name for f in sheet.fields].index(name) + 1)


def _star(item: Field) -> str:
    return "*" if item.required and item.name in ("inspected_date", "revision") else ""


def _title(ws: Worksheet, text: str, width: int) -> None:
    ws.cell(1, 1, text).font = Font(bold=True, size=14)
    ws.merge_cells(start_row=1, start_column=1, end_row=1, end_column=width)


def _line(ws: Worksheet, row: int, text: str, width: int) -> None:
    ws.cell(row, 1, text).alignment = _WRAP
    ws.merge_cells(start_row=row, start_column=1, end_row=row, end_column=width)


def _heads(ws: Worksheet, row: int, headers: Sequence[str]) -> None:
    for column, header in enumerate(headers, 1):
        cell = _cell(ws, row, column, header, fill=_HEAD)
        cell.font, cell.alignment = Font(bold=True), _CENTRE
    ws.row_dimensions[row].height = 34


def _cell(
    ws: Worksheet, row: int, column: int, value: Any, fill: PatternFill | None = None, formula: bool = False
) -> Any:
    """A locked cell. Text is a formula only where we say so, whatever it starts with."""
    cell = ws.cell(row, column, value)
    if isinstance(value, str) and not formula:
        cell.data_type = "s"
    cell.border, cell.alignment = _BORDER, _WRAP
    if fill is not None:
        cell.fill = fill
    return cell


def _value(ws: Worksheet, row: int, column: int, item: Field, value: Any, open_: bool) -> Any:
    """A cell of a contract's field."""
    cell = _cell(ws, row, column, value, _OPEN if open_ else _LOCKED)
    cell.number_format = "General" if item.type in ("number", "int") else "@"
    if item.type == "int":
        cell.alignment = _CENTRE  # set to the right, a sample's number would run into the station beside it
    cell.protection = Protection(locked=not open_)
    return cell


def _paint(ws: Worksheet, area: str, word: str) -> None:
    ws.conditional_formatting.add(area, CellIsRule(operator="equal", formula=[f'"{word}"'], fill=_BAD))


def _protect(ws: Worksheet) -> None:
    protection = ws.protection
    protection.sheet = True
    protection.formatColumns = protection.formatRows = False
    ws.page_setup.orientation, ws.page_setup.paperSize = "landscape", ws.PAPERSIZE_A4
    ws.page_setup.fitToWidth, ws.page_setup.fitToHeight = 1, 0
    ws.sheet_properties.pageSetUpPr.fitToPage = True
