"""Letters hold one agency's cases and no reason; mails hold no case at all."""

from __future__ import annotations

import io
import zipfile
from html.parser import HTMLParser
from typing import Any

import docx
import openpyxl
import pytest

from probity.reports import Letter, letters, mail, mail_bodies
from tests.unit.reports import samples


def every_byte(letter: Letter) -> str:
    """All that is in a letter's files: every part of both packages, as text."""
    out = [letter.file_name, letter.annex_name]
    for content in letter.files.values():
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            out += [n + package.read(n).decode("utf-8", "replace") for n in package.namelist()]
    return "\n".join(out)


def secrets(context: dict[str, Any], agency: str | None = None) -> set[str]:
    """Names that must not be seen: case numbers, titles, agencies, firms (of all, or of all but one agency)."""
    others = [c for c in context["cases"] if c["agency_key"] != agency]
    own = {c[k] for c in context["cases"] if c["agency_key"] == agency for k in ("case_no", "title", "agency_name")}
    found = {c[k] for c in others for k in ("case_no", "title", "agency_name", "case_id")} | set(samples.FIRMS)
    return found - own


def test_each_agency_has_one_letter_with_its_own_cases_alone() -> None:
    context = samples.context()
    made = letters(context)
    assert [le.n_cases for le in made] == [3, 3, 2, 2, 2]
    for letter in made:
        content = every_byte(letter)
        mine = [c for c in context["cases"] if c["agency_key"] == letter.agency_key]
        assert all(c["case_no"] in content for c in mine)
        assert not [s for s in secrets(context, letter.agency_key) if s in content]


def test_a_letter_tells_nothing_of_why_a_case_was_chosen() -> None:
    for letter in letters(samples.context()):
        content = every_byte(letter)
        for signal_id, name, *_ in samples.SIGNALS:
            assert name not in content and f">{signal_id}<" not in content
        for word in ("隨機對照", "訊號排序", "應加強稽核", "A03", "DM110-900"):
            assert word not in content
        assert letter.agency_name not in letter.file_name + letter.annex_name


def test_the_letter_has_the_form_and_the_law_of_an_official_letter() -> None:
    letter = letters(samples.context())[4]
    lines = [p.text for p in docx.Document(io.BytesIO(letter.content)).paragraphs]
    text = "\n".join(lines)
    assert lines[0].endswith("函（稿）")
    for part in ("受文者：", "發文日期：中華民國　　年", "主旨：", "說明：", "辦法：", "正本：", "副本："):
        assert any(line.startswith(part) for line in lines), part
    for law in (
        "政府採購法第108條",
        "第2條第2項",
        "第4條第6款",
        "第7條",
        "第9條（最有利標）",
        "第11條（底價之訂定）",
        "15工作日",
        "第14條",
        "第15條",
    ):
        assert law in text, law
    assert "共2件" in text


def test_the_list_of_cases_begins_a_page_without_an_empty_one_before_it() -> None:
    """A break in a paragraph of its own, behind a letter that fills its page, gave a blank page."""
    paper = docx.Document(io.BytesIO(letters(samples.context())[0].content))
    assert [p.paragraph_format.page_break_before for p in paper.paragraphs].count(True) == 1
    assert not [p for p in paper.paragraphs if "w:br" in p._p.xml]


def test_article_9_is_cited_only_where_best_value_was_used() -> None:
    text = "\n".join(p.text for p in docx.Document(io.BytesIO(letters(samples.context())[0].content)).paragraphs)
    assert "第9條" not in text


def test_letters_are_the_same_bytes_each_time_and_free_of_formulas() -> None:
    context = samples.context()
    for case in context["cases"]:
        case["title"] = "=1+1"
    one, two = letters(context), letters(context)
    assert [le.files for le in one] == [le.files for le in two]
    for letter in one:
        for row in openpyxl.load_workbook(io.BytesIO(letter.annex)).worksheets[0].iter_rows():
            assert not [c for c in row if c.data_type == "f"]


@pytest.mark.parametrize("level", ["full", "agency", "figures"])
def test_a_mail_names_no_case_no_agency_and_no_firm(level: str) -> None:
    context = samples.context()
    made = mail_bodies(context, level)
    everything = made.subject + made.text + made.html
    assert not [s for s in secrets(context) if s in everything]
    for key in ("manifest_digest", "trail_head", "list_digest", "selection_id"):
        assert context[key] in made.text and context[key] in made.html
    assert "共12件" in made.text and "\n" not in made.subject and "110年3月" in made.subject


def test_what_comes_from_outside_is_escaped_in_html() -> None:
    context = samples.context()
    context["coverage"]["missing"] = ["<script>alert(1)</script>"]
    context["documents"] = [{"name": "<b>x</b>.xlsx", "digest": "0" * 64}]
    html = mail_bodies(context).html
    assert "<script>" not in html and "&lt;script&gt;" in html and "&lt;b&gt;x" in html


def test_the_html_loads_nothing_and_closes_its_tags() -> None:
    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []
            self.links: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.links += [v or "" for k, v in attrs if k in ("src", "href", "background")]
            if tag not in ("meta", "br"):
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    for html in (
        mail_bodies(samples.context()).html,
        mail("task_failed", FAILED).html,
        mail("gate_stop", STOPPED).html,
    ):
        reader = Reader()
        reader.feed(html)
        assert (reader.open, reader.links) == ([], [])


FAILED = {
    "dag_id": "procurement_audit_selection",
    "task_id": "gate",
    "run_id": "r1",
    "try_number": "1",
    "period": "2021-03",
    "message": "停止",
    "url": "",
}
STOPPED = {
    "period_roc": "110年3月",
    "dataset": "決標公告",
    "stage": "收件",
    "messages": ["缺欄位"],
    "documents": [{"name": "待補正.xlsx", "digest": "0" * 64}],
    "trail_head": "f" * 64,
}


def test_notices_say_what_stopped_and_what_to_do() -> None:
    failed, stopped = mail("task_failed", FAILED), mail("gate_stop", STOPPED)
    assert "procurement_audit_selection" in failed.subject and "gate" in failed.text
    assert "110年3月決標公告" in stopped.subject and "1. 缺欄位" in stopped.text and "收件資料夾" in stopped.html
    aside = mail("gate_stop", STOPPED | {"outcome": "quarantine"})
    assert "部分資料已隔離" in aside.subject and "繼續處理" in aside.text and "停止" not in aside.text + aside.html
