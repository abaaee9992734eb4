"""A works selection on paper: its own list, letter and mail, out of the same code as the procurement selection."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import docx
import openpyxl
import pytest

from probity.reports import letters, mail_bodies, prepare, render, selection_workbook_bytes
from probity.reports.families import SHAPES
from probity.reports.works import facts, place, station
from probity.tables import FAMILIES, TABLES
from tests.unit.reports import samples
from tests.unit.reports.test_letters_and_mails import every_byte
from tests.unit.reports.test_workbook import texts

PROCUREMENT_WORDS = ("採購稽核", "稽核委員", "決標公告日", "投標家數")


def opened(context: dict[str, Any]) -> Any:
    return openpyxl.load_workbook(io.BytesIO(selection_workbook_bytes(context)))


def rows(sheet: Any) -> list[dict[str, Any]]:
    header = next(r for r in sheet.iter_rows(values_only=True) if r[0] == "序號")
    found = [r for r in sheet.iter_rows(values_only=True) if isinstance(r[0], int)]
    return [dict(zip(header, r, strict=True)) for r in found]


def test_every_family_has_a_shape_over_its_own_table_of_cases() -> None:
    assert set(SHAPES) == set(FAMILIES)
    for name, shape in SHAPES.items():
        assert shape.kind in shape.labelled and shape.dates
        assert shape.labels()[shape.labelled[shape.kind]].keys() >= set(FAMILIES[name].kinds)


@pytest.mark.parametrize("made", [samples.context, samples.works_context])
def test_no_column_of_a_list_or_letter_is_misspelt(made: Any) -> None:
    """A key that nobody fills would be an empty column for ever."""
    data = prepare(made())
    shape = SHAPES[data["family"]]
    known = {c.name for t in (TABLES[FAMILIES[shape.family].case], TABLES["selection_case"]) for c in t.columns}
    known |= data["cases"][0].keys() | {"reasons_zh"}
    layout = render.layout(shape.workbook)
    assert not [c["key"] for part in ("cases", "details") for c in layout[part]["columns"] if c["key"] not in known]
    letter = render.layout(shape.letter)["annex"]
    filled = {*shape.letter_keys, "number", "contact", "keeper"}
    assert {c["key"] for c in letter["columns"]} <= filled and set(letter.get("paper", ())) <= filled
    assert set(shape.letter_keys) <= known


def test_the_list_shows_place_stage_sum_in_force_and_lag() -> None:
    book = opened(samples.works_context())
    assert book.sheetnames[0] == "查驗選案清單"
    found = rows(book["查驗選案清單"])
    assert len(found) == 9
    assert found[0]["施工地點"] == "中正區" and found[1]["施工地點"] == "青埔區青田路一段至三段"
    assert found[1]["承攬廠商"] == "旭禾營造有限公司、大禾土木包工業", "a joint contract names both"
    assert found[1]["現行契約金額"] == 8_200_000 + 1_750_000 + 500_000, "as changed, not as awarded"
    assert found[0]["進度差"] == pytest.approx(0.13) and found[3]["進度差"] is None, "unknown is blank, not 0"
    assert {f["執行階段"] for f in found} == {"施工中", "保固期內"}
    assert found[0]["選案類別"] == "優先查驗" and "隨機對照案件" in found[-1]["選案理由"]


def test_details_charts_and_method_speak_of_works() -> None:
    book = opened(samples.works_context())
    (detail, *_) = rows(book["案件資料"])
    assert detail["樁號"] == "0K+350～1K+200" and detail["道路工程認定依據"] == "標的分類、名稱用語"
    assert len(book["統計圖表"]._charts) == 4
    everything = "\n".join(texts(book))
    assert "第13條第4款" in everything and "臺中市政府道路工程查驗小組" in everything
    assert not [w for w in PROCUREMENT_WORDS if w in everything]
    assert not re.search(r"\{\{|\}\}|None|nan", everything)


def test_an_uncertain_match_is_shown_as_one() -> None:
    sheet = opened(samples.works_context())["選案理由與佐證"]
    header = next(r for r in sheet.iter_rows() if r[0].value == "序號")
    at = {c.value: c.column - 1 for c in header}
    body = [r for r in sheet.iter_rows(min_row=header[0].row + 1) if r[0].value]
    marked = {r[at["訊號"]].value for r in body if r[0].fill.start_color.rgb == "00FFF2CC"}
    assert marked == {"W61"} and len(body) > len(marked)
    (told, *_) = [r[at["佐證"]].value for r in body if r[at["訊號"]].value == "W61"]
    assert "廠商比對：疑為本工程廠商（未計為同一廠商）" in told and "比對不確定件數：1" in told


def test_the_same_works_context_gives_the_same_bytes_in_any_order() -> None:
    other = json.loads(json.dumps(samples.works_context(), default=str))
    other["cases"].reverse()
    assert selection_workbook_bytes(other) == selection_workbook_bytes(samples.works_context())


def test_a_letter_holds_its_own_agency_and_the_law_of_inspections() -> None:
    context = samples.works_context()
    made = letters(context)
    assert [le.n_cases for le in made] == [3, 3, 3]
    for letter in made:
        content = every_byte(letter)
        for case in context["cases"]:
            assert (case["case_no"] in content) == (case["agency_key"] == letter.agency_key)
        assert not [s for s in samples.WORKS_SIGNALS if s[1] in content or f">{s[0]}<" in content]
        assert not [w for w in ("隨機對照", "訊號", "優先查驗", "A03", "委員甲", *PROCUREMENT_WORDS) if w in content]
        assert letter.agency_name not in letter.file_name + letter.annex_name
    text = "\n".join(p.text for p in docx.Document(io.BytesIO(made[0].content)).paragraphs)
    for law in ("道路工程查驗小組作業規定", "第6條", "第13條第4款", "7個工作天", "第8條", "政府採購法第15條第2項"):
        assert law in text, law
    assert "平整度、厚度、壓實度及含油量" in text
    assert letters(context)[0].files == made[0].files


def test_public_works_get_a_letter_of_their_own() -> None:
    context = samples.works_context(1) | {"job": "public_works_inspection_selection", "job_zh": "公共工程抽驗選案"}
    context["cases"][0]["facility"] = "building"
    text = "\n".join(p.text for p in docx.Document(io.BytesIO(letters(context)[0].content)).paragraphs)
    assert "110年3月公共工程抽驗" in text and "含油量" not in text and "混凝土鑽心" in text


@pytest.mark.parametrize("level", ["full", "agency", "figures"])
def test_a_works_mail_names_no_case_no_agency_no_firm_and_no_district(level: str) -> None:
    context = samples.works_context()
    made = mail_bodies(context, level)
    everything = made.subject + made.text + made.html
    secret = {c[k] for c in context["cases"] for k in ("case_no", "title", "agency_name", "case_id", "district")}
    assert not [s for s in secret | set(samples.FIRMS) if s in everything]
    assert "110年3月道路工程查驗選案" in made.subject and "施工中" in made.text and "優先查驗2件" in made.text
    assert not [w for w in PROCUREMENT_WORDS if w in everything]


def test_facts_of_a_project_are_unknown_where_its_columns_are() -> None:
    assert station(None) == "" and station(350.0) == "0K+350" and station(12_049.6) == "12K+050"
    assert place("青埔區", "青埔區中正路") == "青埔區中正路" and place(None, "中正路") == "中正路"
    assert place(None, None) == ""
    assert place("青埔區", "中正路") == "青埔區中正路" and place("青埔區", "市政路") == "青埔區市政路"
    assert place("青埔區", "霧嵐市(非原住民地區)") == "霧嵐市(非原住民地區)青埔區"
    none = facts({"winners": ""}, {"road_basis": {}})
    assert none["sum_in_force"] is None and none["behind"] is None and none["stations_zh"] == ""
