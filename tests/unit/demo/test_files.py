"""Each file of the demo corpus is what the real one is, read with the standard readers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from probity.demo import Truth
from probity.demo.files_feed import XLS_COLUMNS


def award_rows(drop: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for path in sorted(drop.rglob("procurement_*.csv")):
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig") if raw.startswith(b"\xef\xbb\xbf") else raw.decode("cp950", "strict")
        rows += csv.DictReader(io.StringIO(text))
    return rows


def index_records(drop: Path) -> list[dict[str, Any]]:
    return [r for p in sorted(drop.rglob("decision_index_*.json")) for r in json.loads(p.read_text(encoding="utf-8"))]


def details(drop: Path) -> list[dict[str, str]]:
    out: list[dict[str, str]] = []
    for path in sorted(p for p in drop.rglob("公告明細/**/*") if p.is_file()):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".jsonl":
            out += [json.loads(line) for line in text.splitlines()]
            continue
        loaded = json.loads(text)
        if isinstance(loaded, dict) and "records" in loaded:
            out += [r["detail"] for r in loaded["records"]]
        else:
            out += loaded if isinstance(loaded, list) else [loaded]
    return out


def test_award_csv_has_the_real_columns(drop: Path, shared: Path) -> None:
    real = (shared / "data" / "awards_hualien" / "procurement_2013.csv").read_text(encoding="utf-8-sig").split("\n")[0]
    for path in drop.rglob("procurement_*.csv"):
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig") if raw.startswith(b"\xef\xbb\xbf") else raw.decode("cp950")
        assert text.split("\n")[0] == real.strip()
    assert sum(not p.read_bytes().startswith(b"\xef\xbb\xbf") for p in drop.rglob("procurement_*.csv")) == 1


def test_index_has_the_real_shape(drop: Path, shared: Path) -> None:
    real = json.loads((shared / "data" / "awards_hualien" / "decision_index_2013.json").read_text(encoding="utf-8-sig"))
    mine = index_records(drop)

    def shape(record: dict[str, Any]) -> set[str]:
        keys = {f"{k}:{type(v).__name__}" for k, v in record.items()}
        return keys | {f"brief.{k}" for k in record["brief"]} | {f"c.{k}" for k in record["brief"]["companies"]}

    def roles(records: list[dict[str, Any]]) -> set[str]:
        some = [
            k
            for r in records
            for field in ("id_key", "name_key")
            for ks in r["brief"]["companies"][field].values()
            for k in ks
        ]
        return {re.sub(r"\d+", "N", key) for key in some}

    assert {frozenset(shape(r)) for r in mine} == {frozenset(shape(r)) for r in real}
    assert roles(mine) == roles(real)
    ids = [i for r in mine for i in r["brief"]["companies"]["ids"]]
    assert any("*" in i for i in ids), "masked national ids"
    assert any(i.startswith("技執字") for i in ids), "free text ids"


def test_the_same_notice_comes_from_several_sources_and_twice_from_one(drop: Path) -> None:
    keys = Counter(r["case_key"] for r in award_rows(drop))
    assert any(n > 1 for n in keys.values())
    csv_keys = {k.split("|")[3] for k in keys}
    index_keys = {r["filename"] for r in index_records(drop)}
    assert csv_keys == index_keys


def test_xml_parses_with_varying_child_order_and_one_empty_file(drop: Path, shared: Path) -> None:
    real = fromstring((shared / "data" / "pcc_formats" / "award_20260502_excerpt.xml").read_bytes())
    real_tags = {child.tag for child in real[0]}
    orders = set()
    empty = 0
    for path in sorted(drop.rglob("*.xml")):
        raw = path.read_bytes()
        if not raw:
            empty += 1
            continue
        root = fromstring(raw)
        assert root.tag == "TENDER_LIST"
        for tender in root:
            tags = tuple(child.tag for child in tender)
            if path.name.startswith("award"):
                assert set(tags) == real_tags
                orders.add(tags)
            else:
                assert {"TENDER_SPDT", "TENDER_CASE_NO", "TENDER_NAME"} <= set(tags)
    assert empty == 1
    assert len(orders) > 10


def test_details_carry_reserve_price_and_every_bid(drop: Path) -> None:
    some = details(drop)
    assert len(some) > 100
    assert any(d.get("決標資料:底價金額", "").endswith("元") for d in some)
    for d in some:
        assert re.fullmatch(r"\d{2,3}/\d\d/\d\d", d["決標資料:決標日期"])
        n = int(d["投標廠商:投標廠商家數"])
        names = [k for k in d if re.fullmatch(r"投標廠商:投標廠商\d+:廠商名稱", k)]
        assert len(names) == n
        reasons = [k for k in d if k.endswith(":未得標原因")]
        prices = [k for k in d if k.endswith(":標價金額")]
        assert len(reasons) == len(prices) == n - sum(k.endswith(":得標廠商") for k in d)


def test_city_list_is_as_people_make_it(drop: Path) -> None:
    paths = sorted(drop.rglob("*採購清冊.xlsx"))
    assert len(paths) == 4
    orders, units = set(), set()
    for path in paths:
        book = load_workbook(path)
        assert book.sheetnames[:2] == ["標案", "投標廠商"]
        for sheet in book:
            assert sheet.merged_cells.ranges, "title rows are merged"
            header = [c.value for c in sheet[3]]
            orders.add(tuple(header))
            units |= {h[-4:] for h in header if h and h.endswith("(千元)")}
            assert sheet.cell(sheet.max_row, 1).value == "合計"
    assert len(orders) > 4
    assert units == {"(千元)"}


def test_feed_snapshots(drop: Path) -> None:
    sizes = {}
    for path in sorted(drop.rglob("rvfile_*.json")):
        rows = json.loads(path.read_text(encoding="utf-8"))["Rvlmd_List"]["Rvlmd"]
        sizes[path.name] = len(rows)
        if len(rows) > 1000:
            assert {type(r["Corporation_Number"]) for r in rows} == {int, str}
            assert any("*" in str(r["Corporation_Number"]) for r in rows)
            assert {"Origional_Announce_Date", "GPA101_Caluse"} <= rows[0].keys()
    assert sum(n < 1000 for n in sizes.values()) == 1, "one broken download"
    sheet = next(iter(sorted(drop.rglob("rvfile_*.xls"))))
    rows = CalamineWorkbook.from_path(str(sheet)).get_sheet_by_index(0).to_python()
    assert rows[0] == XLS_COLUMNS
    assert len(rows) > 1000


def test_dirt_is_there(truth: Truth) -> None:
    kinds = [
        "compatibility ideograph", "巿 for 市", "臺/台", "full-width digits", "stray blanks", "leading blank",
        "sheet in 千元", "sources that disagree", "unreadable cell in csv", "unreadable cell in the city's list",
    ]  # fmt: skip
    assert all(truth.dirt.get(kind, 0) > 0 for kind in kinds), truth.dirt


@pytest.mark.parametrize("where", ["csv", "detail"])
def test_every_planted_case_is_in_the_files(drop: Path, truth: Truth, where: str) -> None:
    wanted = {p.case_id for p in truth.planted if "no award notice" not in p.why}
    if where == "csv":
        found = {"|".join(r["case_key"].split("|")[:3]) for r in award_rows(drop)}
    else:
        days = {(d["機關資料:機關代碼"], d["已公告資料:標案案號"], d["決標資料:決標公告日期"]) for d in details(drop)}
        found = {f"{a}|{c}|{int(day[:-6]) + 1911}{day[-5:-3]}{day[-2:]}" for a, c, day in days}
    assert wanted <= found


def test_planted_numbers_stand_in_the_details(drop: Path, truth: Truth) -> None:
    by_case = {(d["機關資料:機關代碼"], d["已公告資料:標案案號"]): d for d in details(drop)}

    def of(pattern: str) -> list[dict[str, str]]:
        return [by_case[tuple(p.case_id.split("|")[:2])] for p in truth.of(pattern) if "no award notice" not in p.why]

    def money(text: str) -> int:
        return int(re.sub(r"\D", "", text))

    for d in of("P03"):
        assert money(d["決標資料:總決標金額"]) < 0.8 * money(d["決標資料:底價金額"])
    for d in of("P04"):
        assert money(d["決標資料:總決標金額"]) >= 0.995 * money(d["決標資料:底價金額"])
    for d in of("P11"):
        prices = sorted(money(v) for k, v in d.items() if k.endswith(":標價金額"))
        award = money(d["決標資料:總決標金額"])
        assert [p * 100 // award for p in prices] == [101, 102, 103]
    for d in of("P10"):
        places = [d[f"投標廠商:投標廠商{n}:{what}"] for n in (1, 2) for what in ("廠商地址", "廠商電話")]
        assert places
