"""The empty forms: made from the contracts, the same bytes each time, read back by the sources."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from probity import sources
from probity.settings import Settings
from probity.sources import city_list, forms
from probity.store.objects import ObjectStore

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
        "工程標案清冊.xlsx",
        "營造業登記.xlsx",
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
        assert not ws.column_dimensions["A"].protection.locked
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
    assert ws.cell(forms.HEADER_ROW + 1, header["有無違失"]).value is None


def test_city_list_form_filled_in_is_read_back(
    folder: Path, tmp_path: Path, settings: Settings, objects: ObjectStore
) -> None:
    path = settings.drop / "清冊.xlsx"
    book = load_workbook(folder / "市府採購清冊.xlsx")
    reference = {"機關名稱": "霧嵐市政府建設局", "標案案號": "A110010001"}
    prices = {"底價": 2_950_000, "決標金額": "2,800,000", "預定進度": "12.5%", "公開閱覽": "否"}
    dates = {"決標公告日": "110年1月5日", "決標日": "110/01/04"}
    fill(book["標案"], [{**reference, "標案名稱": "杉木路路面改善工程", "標的類別": "工程", **prices, **dates}])
    bid = {"統一編號": "00010002", "廠商名稱": "霧藍鯨營造有限公司", "是否得標": "是", "標價": 2_800_000}
    fill(book["投標廠商"], [{**reference, **bid}])
    book.save(path)
    got = sources.ingest(path, settings, objects)
    assert got.source_id == "city_list"
    assert (got.rows_in, got.rows_out, got.rows_quarantined) == (2, 2, 0)
    case = objects.get_table(got.observation_digests["award_case"]).to_pylist()[0]
    assert (case["reserve_price"], case["award_amount"], case["planned_progress"]) == (2_950_000, 2_800_000, 0.125)
    assert objects.get_table(got.observation_digests["bid"]).to_pylist()[0]["firm_id_raw"] == "00010002"


def test_audit_result_form_filled_in_is_read_back(settings: Settings, objects: ObjectStore) -> None:
    path = settings.drop / "結果.xlsx"
    forms.write_audit_result_form(path, CASES)
    book = load_workbook(path)
    fill(book["稽核結果"], [
        {"稽核完成日": "110年3月15日", "有無違失": "有", "情節": "嚴重", "錯誤行為態樣": "1,5", "違失金額": 120_000},
        {"稽核完成日": "1100316", "有無違失": "無"},
    ])  # fmt: skip
    book.save(path)
    got = sources.ingest(path, settings, objects)
    assert (got.rows_in, got.rows_out) == (2, 2)
    rows = {r["case_id"]: r for r in objects.get_table(got.observation_digests["audit_result"]).to_pylist()}
    first, second = (rows[str(c["case_id"])] for c in CASES)
    assert (first["irregular"], first["severity"], first["part"]) == (True, "serious", "ranked")
    assert (second["irregular"], second["part"]) == (False, "control")


def test_empty_forms_hold_no_rows(folder: Path, settings: Settings, objects: ObjectStore) -> None:
    for path in sorted(folder.iterdir()):
        got = sources.ingest(path, settings, objects)
        assert got.rows_in == 0, path.name


def fill(ws: Worksheet, rows: list[dict[str, object]]) -> None:
    columns = {str(c.value).rstrip("*"): c.column for c in ws[forms.HEADER_ROW]}
    for offset, row in enumerate(rows, 1):
        for header, value in row.items():
            ws.cell(forms.HEADER_ROW + offset, columns[header], value)
