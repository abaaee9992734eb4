"""The empty forms: made from the contracts, the same bytes each time, read back by the sources."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from probity.sources import city_list, forms

CASES = [
    {"case_id": "3.99.10|A110010001|20210105", "selection_id": "s/2021-01/1", "agency_name": "霧嵐市政府建設局",
     "case_no": "A110010001", "title": "=杉木路路面改善工程", "part": "ranked"},
    {"case_id": "3.99.11|B110010002|20210106", "selection_id": "s/2021-01/1", "agency_name": "霧嵐市政府都市發展局",
     "case_no": "0110010002", "title": "公園整修", "part": "control"},
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("forms")
    forms.write_all_forms(out)
    return out


def test_all_forms_under_chinese_names(folder: Path) -> None:
    assert {p.name for p in folder.iterdir()} == {
        "市府採購清冊.xlsx",
        "稽核結果.xlsx",
        "機關名冊.xlsx",
        "稽核委員名冊.xlsx",
    }


def test_same_bytes(folder: Path, tmp_path: Path) -> None:
    forms.write_city_list_form(tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == (folder / "市府採購清冊.xlsx").read_bytes()


def test_every_field_has_a_column_a_note_and_its_drop_down(folder: Path) -> None:
    book = load_workbook(folder / "市府採購清冊.xlsx")
    assert book.sheetnames == ["填寫說明", *(s.zh for s in city_list.CONTRACT.sheets)]
    for sheet in city_list.CONTRACT.sheets:
        ws = book[sheet.zh]
        header = ws[forms.HEADER_ROW]
        assert [str(c.value).rstrip("*") for c in header] == [f.zh for f in sheet.fields]
        assert all(c.comment for c in header)
        assert ws.protection.sheet
        assert all(c.protection.locked for c in header)
        assert not ws.cell(forms.HEADER_ROW + 1, 1).protection.locked
        lists = {v.formula1: str(v.sqref) for v in ws.data_validations.dataValidation}
        assert {f'"{",".join(f.choices)}"' for f in sheet.fields if f.choices} == set(lists)


def test_instructions_name_every_field_in_chinese(folder: Path) -> None:
    ws = load_workbook(folder / "稽核結果.xlsx")["填寫說明"]
    said = {str(c.value) for row in ws.iter_rows() for c in row if c.value}
    assert {"案件識別碼", "稽核完成日", "有無違失"} <= said


def test_pre_filled_cells_are_text_and_locked(tmp_path: Path) -> None:
    path = tmp_path / "form.xlsx"
    forms.write_audit_result_form(path, CASES)
    ws = load_workbook(path)["稽核結果"]
    header = {str(c.value).rstrip("*"): c.column for c in ws[forms.HEADER_ROW]}
    title = ws.cell(forms.HEADER_ROW + 1, header["標案名稱"])
    assert title.value == "=杉木路路面改善工程"
    assert title.data_type == "s", "never a formula"
    assert title.protection.locked
    assert ws.cell(forms.HEADER_ROW + 1, header["選案類別"]).value == "訊號排序"
    assert not ws.cell(forms.HEADER_ROW + 1, header["有無違失"]).protection.locked
