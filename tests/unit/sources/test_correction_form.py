"""The form that goes out with a letter comes back: answers become events, blank rows say nothing, the rest is named."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import openpyxl

from probity import sources
from probity.settings import Settings
from probity.sources import forms
from probity.store.objects import ObjectStore

DEFECTS = [
    {"defect_id": f"RI-2021-02-r1-001-D0{n}", "agency_name": "甲養護工程處", "case_no": "R110-01", "title": "甲路整修"}
    | {"category": "路面破損", "severity": "中等", "description": f"=坑洞{n}", "found_date": "110年3月5日"}
    | {"due_date": "110年3月25日"}
    for n in range(1, 6)
]


def fill(path: Path, answers: dict[int, dict[str, Any]]) -> None:
    """Type ``answers`` (row of the form, from 1) into the form at ``path``."""
    book = openpyxl.load_workbook(path)
    sheet = book["改善回報"]
    columns = {str(c.value).rstrip("*"): c.column for c in sheet[forms.HEADER_ROW]}
    for number, cells in answers.items():
        for header, value in cells.items():
            sheet.cell(forms.HEADER_ROW + number, columns[header], value)
    book.save(path)


def read(settings: Settings, objects: ObjectStore) -> tuple[Any, list[dict[str, Any]]]:
    (arrival,) = sources.discover(settings.drop, settings)
    done = sources.ingest(arrival, settings, objects)
    found = done.observation_digests.get("defect_event")
    return done, objects.get_table(found).to_pylist() if found else []


def test_answers_come_back_as_events(settings: Settings, objects: ObjectStore) -> None:
    path = settings.drop / "回報.xlsx"
    forms.write_correction_form(path, DEFECTS)
    fill(
        path,
        {
            1: {"改善完成日": "110年3月18日", "改善措施": "已刨除重鋪", "佐證檔名": "前.jpg；中.jpg, 後.jpg"},
            2: {"改善完成日": "110/03/18", "填報日": "110/03/20", "改善措施": "已補平"},
            3: {"申請展延至": "110年4月15日", "展延理由": "連日降雨", "填報日": "110年3月19日"},
            4: {"申請展延至": "110年4月15日"},
        },
    )
    done, events = read(settings, objects)
    assert (done.source_id, done.rows_in, done.rows_out, done.rows_quarantined) == ("correction_form", 5, 4, 1)
    by_row = {e["_row"] - forms.HEADER_ROW: e for e in events}
    assert sorted(by_row) == [1, 2, 3], "a blank row says nothing"
    first = by_row[1]
    assert (first["kind"], first["event_date"], first["evidence"]) == (
        "reported",
        dt.date(2021, 3, 18),
        "前.jpg、中.jpg、後.jpg",
    )
    assert (by_row[2]["event_date"], by_row[2]["evidence"]) == (dt.date(2021, 3, 20), None)
    assert json.loads(by_row[3]["facts"]) == {"corrected_date": None, "extension_to": "2021-04-15"}
    assert by_row[3]["note"] == "連日降雨"
    (cell,) = objects.get_table(done.quarantine_digest).to_pylist()
    assert (cell["reason"], cell["row"], cell["column"]) == ("answer_date_missing", forms.HEADER_ROW + 4, "填報日")


def test_the_form_is_locked_but_for_the_answers_and_the_same_each_time(settings: Settings, tmp_path: Path) -> None:
    first, again = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    forms.write_correction_form(first, DEFECTS)
    forms.write_correction_form(again, DEFECTS)
    assert first.read_bytes() == again.read_bytes()
    sheet = openpyxl.load_workbook(first)["改善回報"]
    assert sheet.protection.sheet
    filled = sheet.cell(forms.HEADER_ROW + 1, 1)
    assert filled.protection.locked and filled.value == DEFECTS[0]["defect_id"]
    assert sheet.cell(forms.HEADER_ROW + 1, 7).data_type == "s", "text that looks like a formula stays text"
    assert not sheet.column_dimensions["J"].protection.locked


def test_the_same_answer_in_another_file_is_the_same_event(settings: Settings, objects: ObjectStore) -> None:
    ids = []
    for name in ("回報.xlsx", "回報（再寄）.xlsx"):
        path = settings.drop / name
        forms.write_correction_form(path, DEFECTS if "再" not in name else DEFECTS[:2])
        fill(path, {1: {"改善完成日": "110年3月18日", "改善措施": "已補平", "佐證檔名": "後.jpg"}})
        _, events = read(settings, objects)
        ids += [e["event_id"] for e in events]
        path.unlink()
    assert ids[0] == ids[1]


def test_a_word_that_names_no_file_is_no_evidence(settings: Settings, objects: ObjectStore) -> None:
    path = settings.drop / "回報.xlsx"
    forms.write_correction_form(path, DEFECTS)
    said = ["無", "（待補）", "-", "N/A、無", "無、後.jpg"]
    fill(path, {n: {"改善完成日": "110年3月18日", "改善措施": "已補平", "佐證檔名": s} for n, s in enumerate(said, 1)})
    _, events = read(settings, objects)
    assert [e["evidence"] for e in sorted(events, key=lambda e: e["_row"])] == [None] * 4 + ["後.jpg"]
