"""Writes what the e-procurement site gives: the 25-column csv, the notice index, half-month XML, notice details.

In: cases and a folder. Out: files in exactly the real shapes (columns, keys, encodings, child order that varies,
a 0-byte half month, the same notice twice).
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from probity.demo import maker
from probity.demo.city import CITY, ROADS
from probity.demo.dirt import Dirt
from probity.demo.model import Case

KIND = {"works": "工程類", "goods": "財物類", "services": "勞務類"}
METHOD = {
    "quotation": "公開取得報價單或企劃書",
    "open": "公開招標",
    "restricted_public": "限制性招標(經公開評選或公開徵求)",
    "restricted": "限制性招標(未經公開評選或公開徵求)",
}
XML_METHOD = METHOD | {
    "restricted_public": "經公開評選或公開徵求之限制性招標",
    "restricted": "未經公開評選或公開徵求之限制性招標",
}
WAY = {
    "lowest": "最低標",
    "best_value": "最有利標",
    "best_value_quasi": "準用最有利標",
    "best_value_ref": "參考最有利標精神",
}
HOST = "https://pcc.example"

CSV_COLUMNS = [
    "case_key",
    "year",
    "announcement_date",
    "award_date",
    "unit_id",
    "unit_name",
    "job_number",
    "title",
    "procurement_category",
    "tender_method",
    "award_method",
    "budget_amount",
    "award_amount",
    "winner_count",
    "winning_vendors",
    "performance_location",
    "performance_region",
    "performance_period",
    "road_names",
    "road_name_source",
    "work_tags",
    "is_road_related",
    "is_open_contract",
    "source_url",
    "raw_file",
]


def category(case: Case) -> str:
    return f"<{KIND[case.kind]}>{case.category[0]}{case.category[1]}"


def roc_range(case: Case) -> str:
    if not case.start or not case.end:
        return ""
    return "－".join(f"{d.year - 1911}/{d:%m/%d}" for d in (case.start, case.end))


def csv_row(case: Case, dirt: Dirt, rng: random.Random, plain: bool) -> list[str]:
    """The 25 values of one award notice, in the order of CSV_COLUMNS."""
    location, region = maker.place(case)
    road = next((r for r in ROADS if r in case.title), "")
    period = roc_range(case) if rng.random() < 0.96 else ""
    day = f"{case.notice_date:%Y%m%d}"
    names = "；".join(dirt.firm(b.firm.name) for b in case.winners)
    tag = (
        "路燈照明"
        if "路燈" in case.title
        else "排水清淤"
        if "溝" in case.title or "排水" in case.title
        else "道路養護"
        if road
        else ""
    )
    return [
        f"{case.agency.agency_id}|{case.case_no}|{day}|{case.notice_id}",
        str(case.notice_date.year),
        day,
        case.award_date.isoformat(),
        case.agency.agency_id,
        dirt.agency(case.agency.name),
        case.case_no,
        dirt.title(case.title, plain),
        category(case),
        METHOD[case.method],
        WAY[case.award_way],
        "" if rng.random() < 0.012 and not case.planted else str(case.budget),
        str(case.award),
        str(len(case.winners)),
        names,
        location,
        region,
        period,
        road,
        "標案名稱" if road else "",
        tag,
        "1" if road else "0",
        "1" if "開口" in case.title else "0",
        f"{HOST}/prkms/tender/common/noticeDate/redirectPublic?ds={day}&fn={case.notice_id}.xml",
        f"data/raw/wulan/{case.notice_date.year}/tenders/{day}_{case.agency.agency_id}_{case.case_no}.json",
    ]


def write_csv(path: Path, cases: Iterable[Case], dirt: Dirt, rng: random.Random, encoding: str, spoil: bool) -> None:
    """One year's award csv. ``spoil`` adds rows that cannot be read, and repeats some rows."""
    plain = encoding == "cp950"
    rows: list[list[str]] = []
    spare: list[int] = []
    for case in cases:
        row = csv_row(case, dirt, rng, plain)
        if not case.planted and row[11]:
            spare.append(len(rows))
        rows.append(row)
        if rng.random() < 0.004:
            dirt.counts["same notice twice in one csv"] += 1
            rows.append(row)
    if spoil:
        for k, (column, value) in zip(
            rng.sample(spare, 3), ((3, "2021-02-31"), (11, "約65萬元"), (11, "詳契約")), strict=True
        ):
            rows[k] = [*rows[k][:column], value, *rows[k][column + 1 :]]
            dirt.counts["unreadable cell in csv"] += 1
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerows(rows)
    text = buffer.getvalue()
    if plain:
        text = text.replace("\ue0c6", "□")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("cp950" if plain else "utf-8-sig"))


# -- index ----------------------------------------------------------------------------------------------------
def index_record(case: Case, dirt: Dirt, rng: random.Random) -> dict[str, Any]:
    """One notice of the list API: winners and losers with the keys they came from."""
    ids: list[str] = []
    names: list[str] = []
    id_key: dict[str, list[str]] = {}
    name_key: dict[str, list[str]] = {}
    won = lost = 0
    for n, bid in enumerate([b for b in case.bids if not b.subcontractor], 1):
        name = dirt.firm(bid.firm.name)
        if bid.winner:
            won += 1
            item = f"決標品項:第1品項:得標廠商{won}:得標廠商"
        else:
            lost += 1
            item = f"決標品項:第1品項:未得標廠商{lost}:未得標廠商"
        name_key.setdefault(name, []).extend([f"投標廠商:投標廠商{n}:廠商名稱", item])
        names.append(name)
        if rng.random() < 0.006 and not case.planted:
            dirt.counts["id dropped from index"] += 1
            continue
        raw = bid.firm.raw_id
        if rng.random() < 0.001 and not case.planted:
            raw = rng.choice(["無", "查無此廠商", "沒有"])
            dirt.counts["free text id"] += 1
        id_key.setdefault(raw, []).append(f"投標廠商:投標廠商{n}:廠商代碼")
        if raw not in ids:
            ids.append(raw)
    agency, day = case.agency.agency_id, f"{case.notice_date:%Y%m%d}"
    query = f"unit_id={agency}&job_number={case.case_no}"
    return {
        "date": int(day),
        "filename": case.notice_id,
        "brief": {
            "type": "決標公告",
            "title": dirt.title(case.title),
            "companies": {"ids": ids, "names": names, "id_key": dict(sorted(id_key.items())), "name_key": name_key},
        },
        "job_number": case.case_no,
        "unit_id": agency,
        "unit_name": agency if rng.random() < 0.004 else case.agency.name,
        "unit_api_url": f"http://pcc-api.example/api/listbyunit?unit_id={agency}",
        "tender_api_url": f"http://pcc-api.example/api/tender?{query}",
        "unit_url": f"/index/unit/{agency}",
        "url": f"/index/case/{agency}/{case.case_no}/{day}/{case.notice_id}",
    }


def write_index(path: Path, cases: Iterable[Case], dirt: Dirt, rng: random.Random) -> None:
    records = []
    for case in cases:
        record = index_record(case, dirt, rng)
        records.append(record)
        if rng.random() < 0.003:
            dirt.counts["same notice twice in one index"] += 1
            records.append(record)
    dump(path, json_list(records))


def json_list(records: list[Any]) -> str:
    """A JSON list, one record a line (json's own indentation is ten times slower)."""
    return "[\n" + ",\n".join(json.dumps(r, ensure_ascii=False) for r in records) + "\n]\n"


def dump(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


# -- half-month XML -------------------------------------------------------------------------------------------
def in_xml(case: Case) -> bool:
    """The open XML holds only a subset: most cases from 公告金額 up, few below. By notice, not by chance."""
    number = int(case.notice_id[-3:])
    return number % 10 < (6 if case.budget >= maker.threshold(case.award_date) else 1)


def _element(tag: str, value: str) -> str:
    return f"<{tag}>{escape(value)}</{tag}>"


def award_xml(case: Case, rng: random.Random) -> str:
    suppliers = [
        _element("BIDDER_SUPP_NAME", b.firm.name) + "\n      " + _element("BIDDER_SUPP_ADDR", b.firm.address)
        for b in case.winners
    ]
    suppliers += [
        _element("NOT_OBTAIN_SUPP_NAME", b.firm.name) for b in case.bids if not b.winner and not b.subcontractor
    ]
    if rng.random() < 0.5:
        suppliers.reverse()
    children = [
        _element("TENDER_AWARD_PRICE", str(case.award)),
        _element("PROCUREMENT_ATTR", KIND[case.kind]),
        _element("AWARD_DATE", f"{case.award_date:%Y/%m/%d}"),
        _element("AWARD_NOTICE_DATE", f"{case.notice_date:%Y/%m/%d}"),
        _element("TENDER_TEL", "(00)5550000"),
        _element("TENDER_ORG_NAME", case.agency.name),
        _element("TENDER_ORG_ADDR", f"999{CITY}{case.agency.district}銀杏大道1號"),
        _element("PROCUREMENT_TYPE", XML_METHOD[case.method]),
        _element("TENDER_NAME", case.title),
        _element("CONTACT_PERSON", "MASKED"),
        _element("TENDER_CASE_NO", case.case_no),
        _element("TENDER_AWARD_WAY", WAY[case.award_way]),
    ]
    if rng.random() < 0.6:
        rng.shuffle(children)
    children.append("<BIDDER_LIST>\n      " + "\n      ".join(suppliers) + "\n    </BIDDER_LIST>")
    return "  <TENDER>\n    " + "\n    ".join(children) + "\n  </TENDER>"


def tender_xml(case: Case, rng: random.Random) -> str:
    children = [
        _element("TENDER_SPDT", f"{case.tender_notice:%Y/%m/%d}"),
        _element("TENDER_ORG_NAME", case.agency.name),
        _element("TENDER_CASE_NO", case.case_no),
        _element("TENDER_NAME", case.title),
        _element("PROCUREMENT_TYPE", XML_METHOD[case.method]),
    ]
    if rng.random() < 0.9:
        children.append(_element("PROCUREMENT_ATTR", KIND[case.kind]))
    if rng.random() < 0.4:
        rng.shuffle(children)
    return "  <TENDER>\n    " + "\n    ".join(children) + "\n  </TENDER>"


def write_xml(path: Path, cases: Iterable[Case], rng: random.Random, one: Callable[[Case, random.Random], str]) -> None:
    body = "\n".join(one(case, rng) for case in cases)
    dump(path, f'<?xml version="1.0" encoding="UTF-8"?>\n<TENDER_LIST>\n{body}\n</TENDER_LIST>\n')


# -- notice detail --------------------------------------------------------------------------------------------
def detail(case: Case, dirt: Dirt, rng: random.Random) -> dict[str, str]:
    """The flat colon keys of one award notice page."""

    def roc(day: Any) -> str:
        return f"{day.year - 1911}/{day:%m/%d}" if day else ""

    public = case.reserve is not None and (case.planted or rng.random() < 0.8)
    d: dict[str, str] = {
        "type": "決標公告",
        "url": f"{HOST}/tps/atm/AtmAwardWithoutSso/QueryAtmAwardDetail?pkAtmMain={case.notice_id[-8:]}",
        "機關資料:機關代碼": case.agency.agency_id,
        "機關資料:機關名稱": dirt.agency(case.agency.name),
        "機關資料:單位名稱": "總務單位",
        "機關資料:機關地址": f"999{CITY}{case.agency.district}銀杏大道1號",
        "機關資料:聯絡人": "示範承辦",
        "機關資料:聯絡電話": "(00)5550000",
        "已公告資料:標案案號": case.case_no,
        "已公告資料:招標方式": METHOD[case.method],
        "已公告資料:決標方式": WAY[case.award_way],
        "已公告資料:新增公告傳輸次數": f"{case.tender_round:02d}",
        "已公告資料:是否複數決標": "是" if len(case.winners) > 1 else "否",
        "已公告資料:是否訂有底價": "是" if case.reserve is not None else "否",
        "已公告資料:標案名稱": dirt.title(case.title),
        "已公告資料:標的分類": category(case),
        "已公告資料:開標時間": f"{roc(case.opening)} {rng.choice(['09:30', '10:00', '14:00'])}",
        "已公告資料:採購金額級距": case.amount_class,
        "已公告資料:辦理方式": "自辦",
        "已公告資料:預算金額是否公開": "是",
        "已公告資料:預算金額": dirt.money(case.budget),
        "已公告資料:是否受機關補助": "是" if case.subsidised else "否",
        "已公告資料:履約地點": maker.place(case)[0],
    }
    if case.tender_notice:
        d["已公告資料:原公告日期"] = roc(case.tender_notice)
    if case.clause:
        article, paragraph, item = case.clause.split("-")
        d["已公告資料:依據法條"] = f"採購法第{article}條第{paragraph}項第{item}款"
    d["投標廠商:投標廠商家數"] = str(sum(not b.subcontractor for b in case.bids))
    won = lost = 0
    items: dict[str, str] = {"決標品項:決標品項數": "1", "決標品項:第1品項:品項名稱": case.title}
    for n, bid in enumerate([b for b in case.bids if not b.subcontractor], 1):
        p = f"投標廠商:投標廠商{n}:"
        d |= {
            p + "廠商代碼": bid.firm.raw_id,
            p + "廠商名稱": bid.firm.name,
            p + "是否得標": "是" if bid.winner else "否",
        }
        d[p + "廠商地址"], d[p + "廠商電話"] = bid.firm.address, bid.firm.phone
        if bid.winner:
            won += 1
            q = f"決標品項:第1品項:得標廠商{won}:"
            d |= {
                p + "決標金額": dirt.money(bid.award),
                p + "履約起迄日期": roc_range(case) + rng.choice(["", "(預估)"]),
            }
            items |= {q + "得標廠商": bid.firm.name, q + "決標金額": dirt.money(bid.award)}
            items[q + "得標廠商原始投標金額"] = dirt.money(bid.original or bid.amount)
            if public and case.reserve:
                items[q + "底價金額"] = f"{case.reserve:,}元"
        else:
            lost += 1
            q = f"決標品項:第1品項:未得標廠商{lost}:"
            items |= {
                q + "未得標廠商": bid.firm.name,
                q + "標價金額": dirt.money(bid.amount),
                q + "未得標原因": bid.reason or "",
            }
            items[q + "是否合格"] = "否" if bid.disqualified else "是"
        d[p + "是否為中小企業"] = "是"
    d |= items
    d |= {
        "決標資料:決標公告序號": "001",
        "決標資料:決標日期": roc(case.award_date),
        "決標資料:決標公告日期": roc(case.notice_date),
        "決標資料:底價金額是否公開": "是" if public else "否",
        "決標資料:總決標金額": f"{case.award:,}元",
        "決標資料:總決標金額是否公開": "是",
        "決標資料:履約執行機關": f"機關代碼：{case.agency.agency_id} 機關名稱：{case.agency.name}",
    }
    if public and case.reserve:
        d["決標資料:底價金額"] = f"{case.reserve:,}元"
    return d


def detail_record(case: Case, dirt: Dirt, rng: random.Random) -> dict[str, Any]:
    """The notice as the detail API wraps it."""
    return {
        "date": f"{case.notice_date:%Y%m%d}",
        "filename": case.notice_id,
        "job_number": case.case_no,
        "unit_id": case.agency.agency_id,
        "unit_name": case.agency.name,
        "brief": {"type": "決標公告", "title": case.title, "category": KIND[case.kind]},
        "detail": detail(case, dirt, rng),
    }


def write_detail(path: Path, cases: list[Case], dirt: Dirt, rng: random.Random, shape: str) -> None:
    """``shape``: records (API answer), list, lines (JSON lines), object (first case alone)."""
    if shape == "records":
        head = json.dumps({"unit_name": CITY}, ensure_ascii=False)[:-1]
        text = f'{head}, "records": {json_list([detail_record(c, dirt, rng) for c in cases])}}}\n'
    elif shape == "lines":
        text = "".join(json.dumps(detail(c, dirt, rng), ensure_ascii=False) + "\n" for c in cases)
    elif shape == "object":
        text = json.dumps(detail(cases[0], dirt, rng), ensure_ascii=False, indent=1)
    else:
        text = json_list([detail(c, dirt, rng) for c in cases])
    dump(path, text)
