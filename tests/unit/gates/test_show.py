"""Page, workbook and message: who sees what, nothing runs, the same bytes each time."""

from __future__ import annotations

import itertools
import random
import re
import zipfile
from html.parser import HTMLParser

import openpyxl
import pyarrow as pa
import pytest

from probity import gates
from tests.unit.gates import making

CONTEXT = {"period": making.PERIOD, "job": "procurement_audit_selection"}
DANGEROUS = ['=HYPERLINK("http://x")', "+1+1", "-2", "@SUM(A1)", "\t=1", "＝1", "a\x00b\ud800c", "字" * 40_000]


def dirty() -> gates.GateResult | dict:
    cases = making.cases(200)
    for i, text in enumerate(DANGEROUS[:4]):
        cases[i] |= {"kind": text, "budget": -1}
    cases[4]["title"] = " "
    return {"award_case": cases, "bid": making.bids(cases)}


@pytest.fixture
def result(rules):
    return gates.run("canonical", making.canonical(**dirty()), CONTEXT, rules)


def test_the_workbook_marks_the_bad_cells_and_says_what_to_do(result, tmp_path):
    path = gates.workbook(result, tmp_path / "要更正.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[0] == "說明"
    sheet = book["決標案件"]
    heads = {cell.value: cell.column for cell in sheet[1]}
    marked = sheet.cell(2, heads["標的類別"])
    assert marked.value == DANGEROUS[0]
    assert marked.data_type == "s"
    assert marked.fill.fgColor.rgb == "FFFFC7CE"
    assert "應為：下列之一：works、goods、services" in marked.comment.text
    assert "處理方式：" in marked.comment.text
    clean = sheet.cell(2, heads["標案名稱"])
    assert (clean.comment, clean.fill.fill_type) == (None, None)
    assert sheet.freeze_panes == "A2"
    wrapped = [r for r in book["說明"].iter_rows(min_row=5) if len(str(r[1].value)) > 30]
    assert all(book["說明"].row_dimensions[r[0].row].height > 30 for r in wrapped)
    assert sheet.auto_filter.ref
    bids = book["投標廠商"] if "投標廠商" in book.sheetnames else None
    assert bids is None, "bids that only follow their case are not their owner's fault"


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_text_becomes_a_formula(rules, tmp_path, text):
    text = text if "\ud800" not in text else text.replace("\ud800", "")
    cases = making.cases(200)
    cases[0]["kind"] = text
    result = gates.run("canonical", making.canonical(award_case=cases), CONTEXT, rules)
    path = gates.workbook(result, tmp_path / "w.xlsx")
    with zipfile.ZipFile(path) as book:
        sheets = [book.read(n).decode() for n in book.namelist() if n.startswith("xl/worksheets/sheet")]
    assert not any("<f>" in s or "<f " in s for s in sheets)
    sheet = openpyxl.load_workbook(path)["決標案件"]
    cell = next(c for c in sheet[2] if c.fill.fill_type)
    assert cell.data_type == "s"
    assert len(cell.value) <= 32_767
    if text[0] in "=+-@\t＝":
        assert cell.quotePrefix


def test_the_same_result_gives_the_same_bytes(rules, tmp_path):
    tables = making.canonical(**dirty())
    first = gates.run("canonical", tables, CONTEXT, rules)
    split = {n: pa.Table.from_batches(t.to_batches(max_chunksize=7), schema=t.schema) for n, t in tables.items()}
    second = gates.run("canonical", split, CONTEXT, rules)
    one, two = (gates.workbook(r, tmp_path / f"{i}.xlsx").read_bytes() for i, r in enumerate((first, second)))
    assert one == two
    assert gates.render(first) == gates.render(second)
    assert gates.message(first) == gates.message(second)
    assert first.to_json() == second.to_json()
    assert first.quarantined.equals(second.quarantined)
    with zipfile.ZipFile(tmp_path / "0.xlsx") as book:
        assert {i.date_time for i in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_what_is_set_aside_does_not_depend_on_the_order_of_rows(rules):
    made = dirty()
    one = gates.run("canonical", making.canonical(**made), CONTEXT, rules)
    for rows in made.values():
        random.Random(5).shuffle(rows)
    two = gates.run("canonical", making.canonical(**made), CONTEXT, rules)
    for name in ("award_case", "bid"):
        keys = [(k, "ascending") for k in ("case_id", "firm") if k in one.kept[name].column_names]
        assert one.kept[name].sort_by(keys).equals(two.kept[name].sort_by(keys))


class Page(HTMLParser):
    """Tags with their attributes, and whether each table has a caption and each heading cell a scope."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_the_page_is_accessible_and_loads_nothing(result):
    page = Page()
    text = gates.render(result)
    page.feed(text)
    names = [t for t, _ in page.tags]
    assert ("html", {"lang": "zh-Hant-TW"}) in page.tags
    assert names.count("table") == names.count("caption") > 0
    assert all(a.get("scope") in ("col", "row") for t, a in page.tags if t == "th")
    assert {"script", "img", "link", "iframe", "form"} & set(names) == set()
    assert not re.search(r"(src|href)=\"(?!#)", text)
    assert not re.search(r"url\(|@import", text)
    levels = [int(t[1]) for t in names if re.fullmatch(r"h[1-6]", t)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert all(a["aria-labelledby"] in ids for _, a in page.tags if "aria-labelledby" in a)


def test_the_page_shows_rows_places_and_words(result):
    text = gates.render(result)
    for part in ("隔離", "資料提供機關承辦人", "應為", "award_case.kind.values", "要更正", "110年3月"):
        assert part in text


def test_the_message_of_a_stop_says_all_an_operator_needs(rules):
    cases = making.cases(20, title=" ")
    text = gates.message(gates.run("canonical", making.canonical(award_case=cases), CONTEXT, rules))
    assert text.startswith("【停止】procurement_audit_selection 110年3月 標準表檢核：檢核未通過，後面的步驟都不會執行")
    assert "前面已完成的步驟都保留" in text
    assert "誰處理：資料提供機關承辦人" in text
    assert "放回收件資料夾" in text
    assert "自動從這一步接續" in text
    assert "A000001" not in text


def test_a_fault_of_the_program_is_not_blamed_on_the_owner(rules):
    tables = making.canonical(award_case=making.cases(2) + making.cases(1))
    text = gates.message(gates.run("canonical", tables, CONTEXT, rules))
    assert "誰處理：系統維護人員" in text
    assert "資料提供機關不必處理" in text
    assert "放回收件資料夾" not in text


def test_a_file_name_cannot_break_the_message(rules):
    file = making.arrived(file_name="x\n【通過】一切正常\u202e.csv", rows_out=10, rows_quarantined=90)
    text = gates.message(gates.run("arrival", {}, making.arrival(file), rules))
    assert not [line for line in text.splitlines() if line.startswith("【通過】")]
    assert "\u202e" not in text


def test_a_heading_that_looks_like_data_is_not_repeated(rules):
    cell = {"file_digest": "d" * 64, "file_name": "決標清單.csv", "row": 2, "column": "A123456789", "value": "x"}
    cell |= {"reason": "bad", "severity": "value"}
    context = making.arrival(
        making.arrived(rows_out=99, rows_quarantined=1), quarantine=making.table("quarantine", [cell])
    )
    text = gates.message(gates.run("arrival", {}, context, rules))
    assert "A123456789" not in text
    assert "第 2 列" in text


def test_a_pass_has_a_short_message_and_a_page(rules, tmp_path):
    cases = making.cases(40)
    result = gates.run("canonical", making.canonical(award_case=cases), CONTEXT, rules)
    assert gates.message(result).strip() == (
        "【通過】procurement_audit_selection 110年3月 標準表檢核：全部檢核通過，流程繼續。"
    )
    assert "沒有。" in gates.render(result)
    assert openpyxl.load_workbook(gates.workbook(result, tmp_path / "w.xlsx")).sheetnames == ["說明"]
