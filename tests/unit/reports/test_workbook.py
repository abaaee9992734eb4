"""The selection workbook as its readers open it: Excel's rules, LibreOffice, an auditor with a hash tool."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from probity.reports import ContextError, selection_workbook, selection_workbook_bytes
from probity.reports.package import Properties
from probity.reports.render import layout
from probity.reports.xlsx import CELL_LIMIT, Book, Column, display_width, pieces
from tests.unit.reports import samples

SHEETS = ["選案清單", "選案理由與佐證", "案件資料", "訊號統計", "統計圖表", "資料涵蓋與品質", "方法與重現"]
EVIL = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "＝1+1", '=HYPERLINK("http://x.example","y")']


def opened(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))


def book() -> Book:
    return Book(Properties("t", "c"), layout("reports/selection_workbook.yaml")["writer"])


def texts(workbook: Any) -> list[str]:
    return [str(c.value) for sheet in workbook for row in sheet.iter_rows() for c in row if c.value is not None]


def test_the_same_context_gives_the_same_bytes(tmp_path: Path) -> None:
    one = selection_workbook(tmp_path / "a.xlsx", samples.context()).read_bytes()
    other = samples.context()
    other["cases"].reverse()
    other["signals"].reverse()
    assert selection_workbook_bytes(other) == one, "the order in which rows come makes no difference"
    with zipfile.ZipFile(io.BytesIO(one)) as package:
        assert {i.date_time for i in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = package.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d{2}-\d{2}T[\d:]+Z", core)) == {"2021-04-06T00:00:00Z"}
    assert [p.name for p in tmp_path.iterdir()] == ["a.xlsx"], "no half-written file is left behind"


def test_every_sheet_is_there_set_up_for_screen_and_paper() -> None:
    workbook = opened(selection_workbook_bytes(samples.context()))
    assert workbook.sheetnames == SHEETS
    for sheet in workbook:
        assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert "密" in sheet.oddHeader.left.text and "&P" in sheet.oddFooter.right.text
        assert samples.context()["trail_head"][:16] in sheet.oddFooter.left.text
        if sheet.title != "統計圖表":
            assert sheet.freeze_panes and sheet.auto_filter.ref and sheet.print_title_rows
    assert len(workbook["統計圖表"]._charts) == 3


def test_dates_and_money_are_values_shown_the_local_way() -> None:
    sheet = opened(selection_workbook_bytes(samples.context()))["選案清單"]
    header = next(r for r in sheet.iter_rows() if r[0].value == "序號")
    at = {c.value: c.column for c in header}
    first = header[0].row + 1
    date, money = sheet.cell(first, at["決標公告日"]), sheet.cell(first, at["決標金額"])
    assert date.is_date and '[$-404]e"年"' in date.number_format
    assert (money.value, money.number_format) == (1_234_567, "#,##0")
    assert sheet.cell(first, at["標比"]).value is None, "an unknown reserve price is blank, not 0"


def test_reasons_evidence_digests_and_changes_are_in_the_book() -> None:
    context = samples.context()
    found = texts(opened(selection_workbook_bytes(context)))
    everything = "\n".join(found)
    for digest in ("manifest_digest", "trail_head", "list_digest", "seed"):
        assert context[digest] in found or context[digest] in everything
    assert "決標金額：1,234,567" in everything, "evidence keys carry the names of the data dictionary"
    assert "決標日：110年2月26日" in everything
    assert "DM110-900：上月已由審計機關查核" in found
    assert any("隨機對照案件" in t for t in found)
    assert f"./probity replay {context['selection_id']}" in everything
    assert not re.search(r"\{\{|\}\}|None|nan", everything)


def test_the_points_of_a_case_add_up_to_its_score() -> None:
    """Parts that lower the score, or repeat a signal that fired, are no reasons: they must be seen all the same."""
    context = samples.context()
    case = context["cases"][4]
    parts = json.loads(case["score_parts"])
    parts += [
        {"signal_id": "S07:high", "weight": -0.5, "strength": 0.4, "points": -0.2},
        {"signal_id": "C01:low", "weight": 0.0, "strength": 0.9, "points": 0.0},
    ]
    case["score_parts"], case["score"] = json.dumps(parts), sum(p["points"] for p in parts)
    sheet = opened(selection_workbook_bytes(context))["選案理由與佐證"]
    header = next(r for r in sheet.iter_rows() if r[0].value == "序號")
    at = {c.value: c.column - 1 for c in header}
    mine = [r for r in sheet.iter_rows(min_row=header[0].row + 1, values_only=True) if r[0] == case["rank"]]
    assert sum(r[at["得分"]] for r in mine) == pytest.approx(case["score"])
    (lowered,) = [r for r in mine if r[at["訊號"]] == "S07:high"]
    assert lowered[at["訊號名稱"]] == "投標價離散程度偏低" and lowered[at["理由"]] == "計分項目（數值偏高），未列為理由"


@pytest.mark.parametrize("evil", EVIL)
def test_no_text_becomes_a_formula(evil: str) -> None:
    context = samples.context()
    for case in context["cases"]:
        case["title"] = case["agency_name"] = case["case_no"] = evil
        case["winners"] = [evil]
    data = selection_workbook_bytes(context)
    cells = [c for sheet in opened(data) for row in sheet.iter_rows() for c in row]
    assert not [c for c in cells if c.data_type == "f"]
    mine = [c for c in cells if c.value == evil]
    assert len(mine) >= 3 * len(context["cases"]) and all(c.quotePrefix for c in mine)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert not [n for n in package.namelist() if re.search("sheet", n) and b"<f>" in package.read(n)]


def test_text_that_no_cell_can_hold_goes_on_in_a_sheet_of_its_own() -> None:
    long = "證據𠮷" * 20_000
    context = samples.context(1)
    context["steps"] = [long]
    workbook = opened(selection_workbook_bytes(context))
    assert workbook.sheetnames[-1] == "長文續頁"
    cells = texts(workbook)
    assert all(len(c.encode("utf-16-le")) // 2 <= CELL_LIMIT for c in cells)
    (start,) = [c for c in cells if c.startswith(long[:100])]
    assert "續見「長文續頁」工作表第4列起" in start
    rest = [workbook["長文續頁"].cell(r, 4).value for r in range(4, workbook["長文續頁"].max_row + 1)]
    assert start.partition("……（")[0] + "".join(rest) == long


def test_characters_that_xml_cannot_carry_do_no_harm() -> None:
    made = book()
    sheet = made.sheet("一")
    values = ["a\x00b", "c\ud800d", "_x0041_", "<&>\"'", "兩行\r\n文字", "  前後空白  ", "\ufffe"]
    sheet.table([Column("v", "值", wrap=True)], [{"v": v} for v in values])
    read = [c.value for (c,) in opened(made.to_bytes())["一"].iter_rows(min_row=2)]
    assert read == ["a�b", "c�d", "_x005F_x0041_", "<&>\"'", "兩行\n文字", "  前後空白  ", "�"]


def test_numbers_that_a_cell_would_round_stay_text() -> None:
    made = book()
    values = [10**15, 999_999_999_999_999, float("inf"), float("nan"), True, 0.1]
    made.sheet("一").table([Column("v", "值", "number")], [{"v": v} for v in values])
    read = [c.value for (c,) in opened(made.to_bytes())["一"].iter_rows(min_row=2)]
    assert read == ["1000000000000000", 999_999_999_999_999, "inf", "nan", True, 0.1]


def test_widths_and_heights_fit_cjk_text() -> None:
    assert display_width("abc") == 3 and display_width("標案") == 4 and display_width("ab\n標案名稱") == 8
    assert pieces("a𠮷b", 2) == ["a", "𠮷", "b"]
    made = book()
    sheet = made.sheet("一")
    sheet.table([Column("v", "值", width=20, wrap=True)], [{"v": "長" * 50}, {"v": "短"}])
    read = opened(made.to_bytes())["一"]
    assert read.row_dimensions[2].height > 5 * read.row_dimensions[3].height / 2


def test_a_period_without_cases_says_so() -> None:
    context = samples.context(0) | {"signals": [], "coverage": {}}
    found = texts(opened(selection_workbook_bytes(context)))
    assert "本期無選案。" in found and "本期未收到任何來源檔案。" in found


def test_a_context_without_its_digests_is_refused() -> None:
    context = samples.context()
    del context["trail_head"], context["manifest_digest"]
    with pytest.raises(ContextError, match="manifest_digest, trail_head"):
        selection_workbook_bytes(context)


def test_json_text_and_iso_dates_do_as_well_as_values() -> None:
    """The context may come back from the object store as JSON."""
    import json

    plain = samples.context()
    stored = json.loads(json.dumps(plain, default=str, ensure_ascii=False))
    assert selection_workbook_bytes(stored) == selection_workbook_bytes(plain)
