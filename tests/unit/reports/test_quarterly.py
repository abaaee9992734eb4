"""The quarterly report as its readers open it: workbook, paper for the committee, mail."""

from __future__ import annotations

import functools
import io
import json
import re
import zipfile
from typing import Any

import docx
import openpyxl
import pytest

from probity import analysis
from probity.calendar import Period
from probity.reports import ContextError
from probity.reports.quarterly import prepare, quarterly_mail_bodies
from probity.reports.quarterly_document import quarterly_document_bytes
from probity.reports.quarterly_workbook import quarterly_workbook_bytes
from tests.unit.analysis import quarters

Q1 = Period.parse("2021-Q1")
SEVERITY = {"minor": "輕微", "major": "中等", "grave": "嚴重"}


@functools.cache
def figures(empty: bool = False) -> str:
    tables, facts = quarters.many(Q1)
    if empty:
        tables, facts = {n: t.slice(0, 0) for n, t in tables.items()}, {"selections": []}
    return json.dumps(analysis.quarter(tables, Q1, facts))


def context(empty: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "analysis": json.loads(figures(empty)),
        "publication_id": "RQ-2021-Q1-r1",
        "manifest_digest": "ab" * 32,
        "trail_head": "cd" * 32,
        "names": quarters.NAMES | {"severity": SEVERITY},
        "selections": ["RI-2021-01-r1", "RI-2021-02-r1", "RI-2021-03-r1"],
        "decided_by": "副處長",
        "decided_at": "2021-04-12",
        "versions": {"scipy": "1"},
        "rules": {"include/config/defects.yaml": "0" * 64},
        "documents": [{"name": "RQ-2021-Q1-r1.xlsx", "digest": "0" * 64}],
    } | more


def sheets(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))


def cells(workbook: Any) -> list[str]:
    return [str(c.value) for sheet in workbook for row in sheet.iter_rows() for c in row if c.value is not None]


def paper(data: bytes) -> tuple[Any, str]:
    document = docx.Document(io.BytesIO(data))
    lines = [p.text for p in document.paragraphs]
    lines += [c.text for t in document.tables for r in t.rows for c in r.cells]
    return document, "\n".join(lines)


@pytest.mark.parametrize("build", [quarterly_workbook_bytes, quarterly_document_bytes])
def test_the_same_context_gives_the_same_bytes(build: Any) -> None:
    one = build(context())
    assert build(context()) == one
    with zipfile.ZipFile(io.BytesIO(one)) as package:
        assert {i.date_time for i in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert "2021-04-12T00:00:00Z" in package.read("docProps/core.xml").decode()


def test_the_workbook_has_every_part_of_the_annual_plan_with_native_charts() -> None:
    workbook = sheets(quarterly_workbook_bytes(context()))
    assert workbook.sheetnames == [
        "摘要", "查驗情形", "缺失類別趨勢", "機關別", "廠商別", "行政區別", "應提精進報告", "改善情形", "檢測結果",
        "等第影響", "訊號命中率", "方法與重現",
    ]  # fmt: skip
    charts = {s.title: len(s._charts) for s in workbook if s._charts}
    assert charts == {
        "查驗情形": 1, "缺失類別趨勢": 2, "機關別": 1, "廠商別": 1, "行政區別": 1, "檢測結果": 1, "訊號命中率": 1,
    }  # fmt: skip
    everything = "\n".join(cells(workbook))
    assert "上升，超出機遇" in everything and "機遇範圍內" in everything and "鋪面厚度不足" in everything
    assert not re.search(r"\{\{|\}\}|None|nan|pavement_thickness", everything)
    assert context()["manifest_digest"] in everything and "109年第1季" in everything


def test_charts_stand_over_the_cells_that_hold_their_values() -> None:
    workbook = sheets(quarterly_workbook_bytes(context()))
    found = 0
    for sheet in workbook:
        for chart in sheet._charts:
            for series in chart.series:
                name, area = series.val.numRef.f.rsplit("!", 1)
                cached = {p.idx: float(p.v) for p in series.val.numRef.numCache.pt}
                column = [c.value for (c,) in workbook[name.strip("'")][area.replace("$", "")]]
                assert {i: v for i, v in enumerate(column) if v is not None} == pytest.approx(cached)
                found += len(cached)
    assert found > 100


def test_the_paper_says_what_the_figures_say() -> None:
    told = context()
    document, text = paper(quarterly_document_bytes(told))
    head = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert [h[0] for h in head] == list("壹貳參肆伍陸柒捌玖附")
    assert "臺中市政府重大工程品質推動委員會工作報告" in text and "110年第1季道路工程查驗情形" in text
    assert "「鋪面厚度不足」顯著上升" in text and "由承辦人補充" in text
    for agency in told["analysis"]["grave"]:
        assert agency["name"] in text
    assert not re.search(r"\{\{|\}\}|None|nan|pavement_thickness", text)
    assert len(document.tables) == 11


def test_the_paper_draws_its_charts_itself_and_in_chinese_faces() -> None:
    with zipfile.ZipFile(io.BytesIO(quarterly_document_bytes(context()))) as package:
        names = [n for n in package.namelist() if n.startswith("word/charts/")]
        body, types = package.read("word/document.xml").decode(), package.read("[Content_Types].xml").decode()
        charts = [package.read(n).decode() for n in names]
    assert len(names) == body.count("<c:chart ") == types.count("drawingml.chart+xml") == 5
    assert not [n for n in package.namelist() if n.endswith(".png")], "no picture of letters"
    for chart in charts:
        assert "numLit" in chart and "strLit" in chart and "numRef" not in chart, "no workbook is needed to draw it"
        assert 'ea typeface="標楷體"' in chart
    assert 'w:eastAsia="標楷體"' in body


def test_a_quarter_without_any_inspection_is_reported_too() -> None:
    workbook = sheets(quarterly_workbook_bytes(context(empty=True)))
    document, text = paper(quarterly_document_bytes(context(empty=True)))
    everything = "\n".join([*cells(workbook), text])
    assert "無從比較" in everything and "本季無檢測紀錄。" in everything and "尚無已發布之選案。" in everything
    assert not re.search(r"\{\{|\}\}|None|nan", everything)
    assert not any(s._charts for s in workbook if s.title not in ("查驗情形",))
    assert "與109年第1季相較：無比較基礎。" in quarterly_mail_bodies(context(empty=True)).text


def test_the_mail_names_no_agency_firm_or_work() -> None:
    told = context(replaces="RQ-2021-Q1-r0", revision=2)
    bodies = quarterly_mail_bodies(told)
    assert bodies.subject == "110年第1季道路工程查驗季報（第2版，取代前版）"
    secret = [a for _, a in quarters.AGENCIES] + quarters.FIRMS + ["RD0", "道路改善工程", "鋪面厚度不足"]
    for text in (bodies.subject, bodies.text, bodies.html):
        assert not [s for s in secret if s in text]
        assert not re.search(r"\{\{|\}\}|None", text)
    assert told["trail_head"] in bodies.text and told["trail_head"] in bodies.html
    assert "缺失類別顯著上升1類" in bodies.text


def test_no_text_becomes_a_formula_and_missing_keys_are_named() -> None:
    told = context()
    for case in told["analysis"]["grave"][0]["cases"]:
        case["title"] = "=1+1"
        case["defects"][0]["description"] = "@SUM(A1)"
    workbook = sheets(quarterly_workbook_bytes(told))
    assert not [c for s in workbook for r in s.iter_rows() for c in r if c.data_type == "f"]
    assert "=1+1" in cells(workbook)
    with pytest.raises(ContextError, match="analysis, names"):
        prepare({"publication_id": "x", "manifest_digest": "y", "trail_head": "z"})


def test_an_unknown_name_is_shown_by_its_key_and_characters_that_no_file_carries_do_no_harm() -> None:
    told = context(names={"category": {}, "severity": SEVERITY, "test": {}})
    told["analysis"]["agencies"][0]["name"] = "甲\x00乙\ue0c6"
    assert "pavement_thickness" in cells(sheets(quarterly_workbook_bytes(told)))
    assert "甲�乙\ue0c6" in paper(quarterly_document_bytes(told))[1]
