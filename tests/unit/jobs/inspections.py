"""An office with one inspection that went out: its pack published, its form filled in and dropped back.

In: settings with a database. Out: helpers that do what people do: fill an inspection form, answer a correction form.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from probity import acceptance, canonical, config
from probity.jobs.office import Office
from probity.selection import positions
from probity.settings import ROOT, Settings
from probity.sources import inspection_form
from probity.store import db, model
from probity.tables import TABLES

SELECTION = "RI-2021-02-r1"
INSPECTION = f"{SELECTION}-001"
AGENCIES = "機關代碼,機關名稱,上級機關代碼,行政區\n3.87.10.2,甲養護工程處,3.87.10,西屯區\n3.87.10,甲建設局,,西屯區\n"
CONFIG = ROOT / "include" / "config"


def project(**changed: Any) -> dict[str, Any]:
    """A road project under way."""
    row: dict[str, Any] = dict.fromkeys(TABLES["project"].names)
    row |= {"case_id": "3.87.10.2|R11001", "agency_id": "3.87.10.2", "agency_key": "3.87.10.2", "case_no": "R110-01"}
    row |= {"agency_name": "甲養護工程處", "title": "甲路（乙街至丙街）路面整修工程", "facility": "road"}
    row |= {"district": "西屯區", "station_start": 0.0, "station_end": 900.0, "width_m": 10.0, "area_m2": 9000.0}
    row |= {"thickness_cm": 5.0, "start_date": dt.date(2021, 1, 4), "tender_notice_date": dt.date(2020, 11, 2)}
    return row | changed


def pack(inspection_id: str = INSPECTION, **about: Any) -> dict[str, Any]:
    """What the form of an inspection is filled with when it goes out."""
    rules, known = config.load(CONFIG, "acceptance"), project()
    drawn = positions.plan(known, rules["tests"], inspection_id, "110")
    told = {"inspection_id": inspection_id, "selection_id": SELECTION, "part": "ranked", "firm_name": "乙營造"}
    return acceptance.pack(known, told | about, drawn, rules, config.load(CONFIG, "defects"), dt.date(2021, 2, 28))


def send_out(settings: Settings, *packs: dict[str, Any], name: str = SELECTION) -> None:
    """Publish ``packs`` as the selection's job does, and put the agency list into the drop folder."""
    office = Office(settings)
    content = (canonical.dumps(list(packs)) + "\n").encode()
    digest = office.objects.put_bytes(content, "report")
    about = {"job": "road_inspection_selection", "period": "2021-02", "reference": "r", "context": "c"}
    with db.session_scope(settings) as session:
        number = session.query(model.Publication).count() + 1
        session.add(model.Publication(publication_id=name, revision=number, **about))
        session.flush()
        session.add(
            model.Report(
                report_id=f"{name}/packs", publication_id=name, kind="packs", path=f"{name}/p.json", digest=digest
            )
        )
    (settings.drop / "機關名冊.csv").write_text("\ufeff" + AGENCIES, encoding="utf-8")


def form(settings: Settings, sent: dict[str, Any], on: str, findings: list[dict[str, Any]], **more: Any) -> Path:
    """The form of ``sent`` filled in on the day ``on`` and dropped. ``findings``: 缺失 rows by heading; ``values``: of
    each test (default: fine ones); ``revision``, ``name``: of the form and its file."""
    path = settings.drop / more.pop("name", f"{sent['inspection']['inspection_id']}.xlsx")
    inspection_form.write(path, sent)
    return fill(settings, path, on, findings, **more)


def fill(settings: Settings, blank: Path, on: str, findings: list[dict[str, Any]], **more: Any) -> Path:
    """The same with a form that is there: ``blank`` filled in and dropped under its name."""
    path = settings.drop / blank.name
    book = openpyxl.load_workbook(blank)
    _put(book["查驗表"], 1, {"查驗日": on, "修訂次": more.get("revision", 1)})
    fine = {"flatness": 2.0, "flatness_sd": 2.0, "thickness": 5.1, "compaction": 97.0, "binder": 5.0}
    given = fine | more.get("values", {})
    for test, row in _tests(book["查驗標準"]):
        _put(book["查驗標準"], row, {"設計值": 5.0 if test in ("thickness", "binder") else None})
    for test, row in _tests(book["檢測值"]):
        value = given.get(test)
        _put(book["檢測值"], row, {"檢測值": value} if value is not None else {"未檢測原因": "設備故障"})
    for number, finding in enumerate(findings, 1):
        _put(book["缺失"], number, finding)
    book.save(path)
    return path


def answer(path: Path, to: Path, answers: dict[str, dict[str, Any]]) -> None:
    """The correction form at ``path`` filled in (defect id -> cells by heading) and dropped as ``to``."""
    book = openpyxl.load_workbook(path)
    sheet = book["改善回報"]
    head, columns = _header(sheet)
    for row in range(head + 1, sheet.max_row + 1):
        cells = answers.get(str(sheet.cell(row, columns["缺失編號"]).value))
        for heading, value in (cells or {}).items():
            sheet.cell(row, columns[heading], value)
    book.save(to)


def _tests(sheet: Worksheet) -> list[tuple[str, int]]:
    """(test, number of the row below the header) of each row."""
    head, columns = _header(sheet)
    found = [(sheet.cell(row, columns["項目代號"]).value, row - head) for row in range(head + 1, sheet.max_row + 1)]
    return [(str(test), number) for test, number in found if test]


def _put(sheet: Worksheet, number: int, cells: dict[str, Any]) -> None:
    head, columns = _header(sheet)
    for heading, value in cells.items():
        if value is not None:
            sheet.cell(head + number, columns[heading], value)


def _header(sheet: Worksheet) -> tuple[int, dict[str, int]]:
    """The header row (it begins with a number's heading) and the column of each heading."""
    for row in sheet.iter_rows(min_row=1, max_row=40):
        named = {str(c.value).rstrip("*"): c.column for c in row if c.value is not None}
        if len(named) >= 5 and ("查驗編號" in named or "缺失編號" in named):
            return row[0].row, named
    raise AssertionError(f"{sheet.title} has no header row")
