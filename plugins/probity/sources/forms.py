"""Empty forms for the data owners, made from the sources' contracts: what is handed out is what is read back.

In: a contract, rows to pre-fill. Out: xlsx with a sheet of instructions, drop-downs (data validation), a note on
each header, a protected header and text cells that keep leading zeros. Same arguments, same bytes.
Why: a form that is typed by hand drifts from its reader; this one cannot.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from probity import config, settings
from probity.sources import audit_results, city_list, correction_form, vocabulary
from probity.sources.contract import Contract, Field, Sheet
from probity.store.objects import write_atomic

BLANK_ROWS = 600
"""Rows of an empty form that carry drop-downs; whole columns are unlocked below the header."""

HEADER_ROW = 3
_THIN = Side(style="thin", color="FF999999")
_BORDER = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_REQUIRED = PatternFill("solid", fgColor="FFFCE4D6")
_OPTIONAL = PatternFill("solid", fgColor="FFDDEBF7")
_FILL_IN = PatternFill("solid", fgColor="FFFFF9DB")
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_FIXED = "2000-01-01T00:00:00Z"
_PART_ZH = dict(zip(("must_watch", "ranked", "control", "added", "other"), vocabulary.PART_CHOICES, strict=True))


@cache
def words() -> dict[str, Any]:
    """The texts of the forms (include/templates/forms/forms.yaml)."""
    path = settings.ROOT / "include" / "templates" / "forms" / "forms.yaml"
    loaded: dict[str, Any] = config.parse(path.read_text(encoding="utf-8"))
    return loaded


def write_city_list_form(path: Path) -> None:
    """The empty 市府採購清冊 (cases, bidders, contract changes, corrected notices)."""
    _write(path, city_list.CONTRACT, {})


def write_audit_result_form(path: Path, cases: Sequence[Mapping[str, Any]]) -> None:
    """The 稽核結果 form for ``cases``, which are pre-filled and locked.

    A case gives case_id, selection_id, agency_name, case_no, title and part (canonical or in Chinese); keys that are
    missing stay blank. An empty sequence gives an empty form.
    """
    rows = [{**case, "part": _PART_ZH.get(str(case.get("part")), case.get("part"))} for case in cases]
    _write(path, audit_results.CONTRACT, {"audit_result": rows})


def write_correction_form(path: Path, defects: Sequence[Mapping[str, Any]]) -> None:
    """The 缺失改善回報 form for ``defects``, which are pre-filled and locked: the columns of
    ``correction_form.ANSWERS`` up to due_date, as texts."""
    _write(path, correction_form.CONTRACT, {"correction_answer": defects}, wrapped=True)


def write_all_forms(folder: Path) -> list[Path]:
    """Every form, empty, under its Chinese file name in ``folder``; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for contract in _contracts():
        path = folder / words()["forms"][contract.source_id]["file"]
        _write(path, contract, {})
        paths.append(path)
    return paths


def _contracts() -> list[Contract]:
    from probity.sources import agency_list, auditor_list, contractor_register, works_projects

    return [
        city_list.CONTRACT,
        audit_results.CONTRACT,
        agency_list.CONTRACT,
        auditor_list.CONTRACT,
        works_projects.CONTRACT,
        contractor_register.CONTRACT,
    ]


def _write(
    path: Path, contract: Contract, rows: Mapping[str, Sequence[Mapping[str, Any]]], *, wrapped: bool = False
) -> None:
    book = Workbook()
    text = words()["forms"][contract.source_id]
    _instructions(book.worksheets[0], contract, text)
    for sheet in contract.sheets:
        _sheet(book.create_sheet(sheet.zh), sheet, text["title"], rows.get(sheet.table, ()), wrapped)
    book.active = 1
    save(book, path)


def _sheet(ws: Worksheet, sheet: Sheet, title: str, rows: Sequence[Mapping[str, Any]], wrapped: bool = False) -> None:
    fields = sheet.fields
    last = get_column_letter(len(fields))
    ws["A1"] = f"{title}－{sheet.zh}" if sheet.zh not in title else title
    ws["A1"].font = Font(bold=True, size=14)
    ws.merge_cells(f"A1:{last}1")
    ws.row_dimensions[HEADER_ROW].height = 34
    for column, item in enumerate(fields, 1):
        cell = ws.cell(HEADER_ROW, column, item.zh + ("*" if item.required else ""))
        cell.font = Font(bold=True)
        cell.protection = Protection(locked=True)
        cell.fill = _REQUIRED if item.required else _OPTIONAL
        cell.border = _BORDER
        cell.alignment = Alignment(wrap_text=True, vertical="center", horizontal="center")
        note = Comment(_note(item), "Probity")
        note.width, note.height = 260, 90
        cell.comment = note
        whole = ws.column_dimensions[get_column_letter(column)]
        whole.width, whole.number_format, whole.protection = _width(item), _format(item), Protection(locked=False)
    count = len(rows) or BLANK_ROWS
    for offset, row in enumerate(rows, 1):
        for column, item in enumerate(fields, 1):
            value = row.get(item.name)
            if value is None:
                if wrapped and item.note != correction_form.PREFILLED:
                    _open(ws.cell(HEADER_ROW + offset, column), item)
                continue
            cell = ws.cell(HEADER_ROW + offset, column, value)
            if isinstance(value, str):
                cell.data_type = "s"  # never a formula, whatever it starts with
            cell.number_format = _format(item)
            if wrapped:
                cell.alignment, cell.border = _WRAPPED, _BORDER
        if wrapped:
            texts = [(str(row.get(i.name) or ""), _width(i)) for i in fields]
            lines = max(math.ceil(2.2 * len(text) / width) for text, width in texts)
            ws.row_dimensions[HEADER_ROW + offset].height = 4 + 15 * max(2, lines)
    _drop_downs(ws, fields, count)
    ws.freeze_panes = ws.cell(HEADER_ROW + 1, 1)
    ws.auto_filter.ref = f"A{HEADER_ROW}:{last}{HEADER_ROW + count}"
    protection = ws.protection
    protection.sheet = True
    protection.formatColumns = protection.formatRows = protection.sort = protection.autoFilter = False
    protection.insertRows = protection.deleteRows = False
    ws.page_setup.orientation, ws.page_setup.paperSize = "landscape", ws.PAPERSIZE_A4
    ws.page_setup.fitToWidth, ws.page_setup.fitToHeight = 1, 0
    ws.sheet_properties.pageSetUpPr.fitToPage = True
    ws.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"


def _open(cell: Any, item: Field) -> None:
    """A cell to fill in a pre-filled row: unlocked, framed and coloured."""
    cell.protection, cell.border, cell.alignment = Protection(locked=False), _BORDER, _WRAPPED
    cell.fill, cell.number_format = _FILL_IN, _format(item)


def _drop_downs(ws: Worksheet, fields: Sequence[Field], count: int) -> None:
    text = words()
    for column, item in enumerate(fields, 1):
        if not item.choices:
            continue
        check = DataValidation(type="list", formula1='"' + ",".join(item.choices) + '"', allow_blank=True)
        check.errorTitle, check.error, check.showErrorMessage = text["choice_error_title"], text["choice_error"], True
        letter = get_column_letter(column)
        check.add(f"{letter}{HEADER_ROW + 1}:{letter}{HEADER_ROW + count}")
        ws.add_data_validation(check)


def _note(item: Field) -> str:
    text = words()
    required = f"，{text['required']}" if item.required else ""
    return str(
        text["header_note"].format(
            zh=item.zh,
            type="／".join(item.choices) or text["types"][item.type],
            required=required,
            note=f"\n{item.note}" if item.note else "",
        )
    )


def _instructions(ws: Worksheet, contract: Contract, text: Mapping[str, Any]) -> None:
    common = words()
    ws.title = common["instructions_sheet"]
    ws["A1"] = text["title"]
    ws["A1"].font = Font(bold=True, size=14)
    ws.merge_cells("A1:E1")
    row = 2
    for number, line in enumerate(text["lead"], 1):
        row += 1
        ws.cell(row, 1, f"{number}. {line}").alignment = Alignment(wrap_text=True, vertical="top")
        ws.merge_cells(start_row=row, start_column=1, end_row=row, end_column=5)
        ws.row_dimensions[row].height = 32
    row += 2
    for column, header in enumerate(common["instructions_headers"], 1):
        cell = ws.cell(row, column, header)
        cell.font, cell.fill, cell.border = Font(bold=True), _OPTIONAL, _BORDER
    for sheet in contract.sheets:
        for item in sheet.fields:
            row += 1
            kind = "／".join(item.choices) or common["types"][item.type]
            required = common["required"] if item.required else common["optional"]
            for column, value in enumerate((sheet.zh, item.zh, required, kind, item.note), 1):
                cell = ws.cell(row, column, value)
                cell.alignment, cell.border = Alignment(wrap_text=True, vertical="top"), _BORDER
    for letter, width in zip("ABCDE", (14, 22, 8, 44, 46), strict=True):
        ws.column_dimensions[letter].width = width
    ws.protection.sheet = True
    ws.page_setup.fitToWidth, ws.page_setup.fitToHeight = 1, 0
    ws.sheet_properties.pageSetUpPr.fitToPage = True


def _format(item: Field) -> str:
    return "#,##0" if item.type == "amount" else "0" if item.type == "int" else "@"


def _width(item: Field) -> float:
    if item.name in ("title", "content", "reason", "address", "case_id", "lost_reason", "description", "measure"):
        return 34
    if item.type in ("bool", "int", "fraction"):
        return 11
    return max(14, 2.2 * len(item.zh))


def save(book: Workbook, path: Path) -> None:
    """Save ``book`` so that the same content gives the same bytes (no clock in properties or zip entries)."""
    raw = io.BytesIO()
    book.save(raw)
    out = io.BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", _FIXED.encode(), data)
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            target.writestr(entry, data)
    write_atomic(path, out.getvalue())
