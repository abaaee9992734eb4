"""公告明細 JSON: whole notices with reserve price and every bidder's price (flat colon keys, openfun shape).

In: one object, a list, JSON lines, or {"records": [...]}; a record is the notice itself or has it under ``detail``
beside date, filename, unit_id, job_number and brief. Keys are sections and labels joined by colons
(決標資料:底價金額); sections given as nested objects are flattened. Out: observations of award_case and bid from
award notices, tender from invitations (公開招標公告 ...), corrections and failures (無法決標公告).
A bidder's price is the sum over the items: 標價金額, for a winner 得標廠商原始投標金額, else its 決標金額.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from probity import text
from probity.sources import observations as obs
from probity.sources import vocabulary as v
from probity.sources.contract import Contract, Field, Sheet, header_key
from probity.sources.normalise import Clean, Origin, RawColumn, RawTable
from probity.sources.notice_index import event_of
from probity.sources.readers import Document

_UNPUBLISHED = ("未公開", "不公開", "未定", "未訂底價", "未訂", "詳如契約")
_SECTIONS = (
    "機關資料",
    "採購資料",
    "已公告資料",
    "招標資料",
    "領投開標",
    "決標資料",
    "無法決標公告",
    "投標廠商",
    "決標品項",
    "其他",
)


def _f(name: str, label: str, type_: str = "text", *sections: str, also: tuple[str, ...] = (), **more: Any) -> Field:
    """A field whose ``label`` stands under one of ``sections``; the first is how we name it."""
    keys = tuple(f"{s}:{label}" for s in sections) + also
    return Field(name, keys[0], type_, keys[1:], **more)


def _under(label: str, *sections: str) -> tuple[str, ...]:
    return tuple(f"{s}:{label}" for s in sections)


_FIRST_NOTICE = ("已公告資料:原公告日期", "採購資料:原公告日期", "無法決標公告:原招標公告之刊登採購公報日期")
_P = ("採購資料", "已公告資料", "無法決標公告")
_T = ("招標資料", "已公告資料", "採購資料", "無法決標公告")
_O = ("領投開標", "已公告資料", "採購資料")

_NOTICE = (
    _f("agency_id", "機關代碼", "text", "機關資料", "無法決標公告", "已公告資料", also=("unit_id",)),
    _f("agency_name", "機關名稱", "text", "機關資料", "無法決標公告", "已公告資料", also=("unit_name",), required=True),
    _f("case_no", "標案案號", "text", *_P, also=("job_number",), required=True),
    _f("title", "標案名稱", "text", *_P, also=("brief:title",), required=True),
    Field("type", "brief:type", aliases=("type", "公告類型")),
    Field("notice_date", "date", "date"),
    Field("notice_id", "filename"),
    _f("category", "標的分類", "text", *_P, also=("brief:category",)),
    _f("amount_class", "採購金額級距", "text", *_P),
    _f("restricted_clause_raw", "依據法條", "text", *_P, also=_under("限制性招標依據之法條", *_P)),
    _f("original_case_no", "原標案案號", "text", *_P, also=_under("原契約案號", *_P, "決標資料")),
    _f("budget", "預算金額", "amount", *_P, minimum=0, blanks=_UNPUBLISHED),
    _f("procurement_amount", "採購金額", "amount", *_P, minimum=0, blanks=_UNPUBLISHED),
    _f("method_raw", "招標方式", "text", *_T),
    _f("award_way_raw", "決標方式", "text", *_T, also=("決標資料:決標方式",)),
    _f("is_subsidised", "是否受機關補助", "bool", *_P, "決標資料"),
    _f("tender_notice_date", "公告日", "date", *_T, also=_FIRST_NOTICE),
    _f("deadline_date", "截止投標", "date", *_O),
    _f("opening_date", "開標時間", "date", *_O),
    _f("e_documents", "是否提供電子領標", "bool", *_O),
    _f("e_bidding", "是否提供電子投標", "bool", *_O),
    _f("public_viewing", "是否已辦理公開閱覽", "bool", *_T),
    _f("tender_round", "新增公告傳輸次數", "int", *_T, minimum=1),
    _f("expansion_announced", "後續擴充", "bool", *_P, also=("招標資料:後續擴充",)),
    _f("performance_location", "履約地點", "text", "其他", *_P, also=_under("履約地點(含地區)", *_P)),
)  # fmt: skip

AWARDS = Sheet(
    "award_case",
    "決標公告",
    (
        *_NOTICE,
        Field("award_date", "決標資料:決標日期", "date"),
        Field("award_notice_date", "決標資料:決標公告日期", "date", ("決標資料:公告日期",), required=True),
        Field("reserve_price", "決標資料:底價金額", "amount", minimum=0, blanks=_UNPUBLISHED),
        Field("award_amount", "決標資料:總決標金額", "amount", minimum=0, blanks=_UNPUBLISHED),
        Field("n_bidders", "投標廠商:投標廠商家數", "int", minimum=0),
        Field("performance", "投標廠商:履約起迄日期", "date_range"),
    ),
    (("case_no",),),
)

OTHERS = Sheet(
    "tender",
    "招標與無法決標公告",
    (
        *_NOTICE,
        Field("event", "event", required=True),
        Field("event_date", "無法決標公告:無法決標公告日期", "date", required=True),
        Field("content", "無法決標公告:無法決標的理由"),
    ),
    (("case_no",),),
)

BIDS = Sheet(
    "bid",
    "投標廠商",
    (
        Field("firm_name", "廠商名稱", required=True),
        Field("firm_id_raw", "廠商代碼"),
        Field("is_winner", "是否得標", "bool"),
        Field("bid_amount", "標價金額", "amount", minimum=0, blanks=_UNPUBLISHED),
        Field("award_amount", "決標金額", "amount", minimum=0, blanks=_UNPUBLISHED),
        Field("original_bid", "得標廠商原始投標金額", "amount", minimum=0, blanks=_UNPUBLISHED),
        Field("qualified", "是否合格", "bool"),
        Field("lost_reason", "未得標原因"),
        Field("address", "廠商地址"),
        Field("phone", "廠商電話"),
        Field("representative", "負責人"),
        Field("founded_date", "設立日期", "date"),
        Field("is_subcontractor", "是否為分包廠商", "bool"),
    ),
    (("firm_name",),),
)

CONTRACT = Contract("notice_detail", "公告明細（JSON）", (AWARDS, BIDS, OTHERS))

_BIDDER = re.compile(r"投標廠商:投標廠商(\d+):(.+)")
_ITEM = re.compile(r"決標品項:第(\d+)品項:(未得標廠商|得標廠商)(\d+):?(.+)")
_LABELS = {
    "廠商代碼": "firm_id_raw",
    "廠商名稱": "firm_name",
    "是否得標": "is_winner",
    "決標金額": "award_amount",
    "標價金額": "bid_amount",
    "投標金額": "bid_amount",
    "原始投標金額": "original_bid",
    "廠商地址": "address",
    "廠商電話": "phone",
    "負責人": "representative",
    "代表人": "representative",
    "設立日期": "founded_date",
    "設立日": "founded_date",
    "是否合格": "qualified",
    "未得標原因": "lost_reason",
    "是否為分包廠商": "is_subcontractor",
    "履約起迄日期": "performance",
}


def _records(document: Document) -> list[Any]:
    value = document.value
    if isinstance(value, dict):
        value = value["records"] if isinstance(value.get("records"), list) else [value]
    return value if isinstance(value, list) else []


def flatten(record: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """(key, text) of a record; nested objects joined by colons, ``detail`` taken as the record itself."""
    if not isinstance(record, dict):
        return
    for key, value in record.items():
        path = f"{prefix}:{key}" if prefix else str(key)
        if path == "detail":
            yield from flatten(value)
        elif isinstance(value, dict):
            yield from flatten(value, path)
        elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
            yield path, str(value).strip()
        elif isinstance(value, bool):
            yield path, "是" if value else "否"


def recognise(document: Document) -> bool:
    """Do the records have the notice's own colon keys?"""
    sample = _records(document)[:20]
    found = 0
    for record in sample:
        keys = [k for k, _ in flatten(record)]
        found += any(k.partition(":")[0] in _SECTIONS and ":" in k for k in keys)
    return bool(sample) and found * 2 >= len(sample)


# ------------------------------------------------------------------------------------------------ bidders


@dataclass
class _Bidder:
    number: str
    values: dict[str, str] = field(default_factory=dict)
    items: dict[str, list[str]] = field(default_factory=dict)
    won: bool = False
    lost: bool = False


def bidders(pairs: dict[str, str]) -> list[dict[str, str]]:
    """The bidders of one notice as text by field, the amounts of several items added up."""
    numbered: dict[str, _Bidder] = {}
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for key, value in pairs.items():
        if match := _BIDDER.fullmatch(key):
            label = _LABELS.get(match[2])
            if label and value:
                numbered.setdefault(match[1], _Bidder(match[1])).values[label] = value
        elif match := _ITEM.fullmatch(key):
            rows.setdefault((match[1], match[2], match[3]), {})[match[4]] = value
    by_name: dict[str, _Bidder] = {}
    for bidder in numbered.values():
        by_name.setdefault(text.name_key(bidder.values.get("firm_name", "")) or f"#{bidder.number}", bidder)
    for (_, side, number), row in sorted(rows.items(), key=lambda r: (int(r[0][0]), r[0][1], int(r[0][2]))):
        name = row.get(side, "")
        if not name:
            continue
        item_bidder = by_name.setdefault(text.name_key(name), _Bidder(f"{side}{number}", {"firm_name": name}))
        won = side == "得標廠商"
        item_bidder.won |= won
        item_bidder.lost |= not won
        for label, value in row.items():
            amount = {
                "決標金額": "award_amount",
                "得標廠商原始投標金額": "original_bid",
                "原始投標金額": "original_bid",
                "標價金額": "bid_amount",
                "標價": "bid_amount",
            }.get(label)
            if amount and value:
                item_bidder.items.setdefault(amount, []).append(value)
            elif label == "未得標原因" and value:
                item_bidder.items.setdefault("lost_reason", []).append(value)
            elif label == "是否合格" and value:
                item_bidder.values.setdefault("qualified", value)
    return [_as_text(b) for b in by_name.values()]


def _as_text(bidder: _Bidder) -> dict[str, str]:
    out = dict(bidder.values)
    for label, values in bidder.items.items():
        if label == "lost_reason":
            out.setdefault(label, "；".join(dict.fromkeys(values)))
        else:
            out.setdefault(label, _sum(values))
    if "is_winner" not in out:
        out["is_winner"] = "是" if bidder.won else "否"
    if "bid_amount" not in out:
        if "original_bid" in out:
            out["bid_amount"] = out["original_bid"]
        elif "award_amount" in out:
            out["bid_amount"] = out["award_amount"]
    out["_number"] = bidder.number
    return out


def _sum(values: list[str]) -> str:
    """The sum as text; the first value that cannot be read stands for the whole, so that it is quarantined."""
    if len(values) == 1:
        return values[0]
    total = 0
    for value in values:
        if value in _UNPUBLISHED:
            return ""
        try:
            total += text.parse_amount(value) or 0
        except text.TextError:
            return value
    return str(total)


# ------------------------------------------------------------------------------------------------ records


def raw_tables(document: Document) -> list[RawTable]:
    """Text columns of award notices, other notices and, nested, bidders. Row numbers count records from 1."""
    tables: dict[str, tuple[Sheet, list[int], dict[str, list[str]], dict[str, str]]] = {
        s.table: (s, [], {f.name: [] for f in s.fields}, {f.name: f.zh for f in s.fields}) for s in (AWARDS, OTHERS)
    }
    bids: dict[str, list[str]] = {f.name: [] for f in BIDS.fields}
    numbers: list[str] = []
    parents: list[int] = []
    for number, record in enumerate(_records(document), 1):
        pairs = dict(flatten(record))
        event = _event(pairs)
        sheet, rows, columns, headers = tables["award_case" if event.startswith("award") else "tender"]
        values = _by_field(sheet, pairs, headers)
        found = bidders(pairs) if sheet is AWARDS else []
        if sheet is AWARDS:
            values.setdefault("award_notice_date", values.get("notice_date", ""))
            values["type"] = event
            performance = next((b["performance"] for b in found if "performance" in b and b["is_winner"] == "是"), "")
            values.setdefault("performance", performance)
        else:
            values["event"] = event
            values.setdefault("event_date", values.get("notice_date") or values.get("tender_notice_date", ""))
        rows.append(number)
        for name, column in columns.items():
            column.append(values.get(name, ""))
        for bidder in found:
            parents.append(number)
            numbers.append(bidder["_number"])
            for name, column in bids.items():
                column.append(bidder.get(name, ""))
    out = [
        RawTable(
            sheet,
            "",
            pa.array(rows, pa.int64()),
            {name: RawColumn(headers[name], pa.array(column, pa.string())) for name, column in columns.items()},
        )
        for sheet, rows, columns, headers in tables.values()
    ]
    nested = {
        name: RawColumn(
            BIDS.field(name).zh,
            pa.array(column, pa.string()),
            headers=pa.array([f"投標廠商{n}:{BIDS.field(name).zh}" for n in numbers], pa.string()),
        )
        for name, column in bids.items()
    }
    out.append(RawTable(BIDS, "", pa.array(parents, pa.int64()), nested, nested=True))
    return out


def _event(pairs: dict[str, str]) -> str:
    type_ = pairs.get("brief:type") or pairs.get("type") or pairs.get("公告類型") or ""
    if type_:
        return event_of(type_)
    sections = {key.partition(":")[0] for key in pairs}
    if "無法決標公告" in sections:
        return "failed"
    return "award" if "決標資料" in sections else "tender"


def _by_field(sheet: Sheet, pairs: dict[str, str], headers: dict[str, str]) -> dict[str, str]:
    """Field -> text: of several keys of one field the first of its list that has a value."""
    keyed = {header_key(key)[0]: (key, value) for key, value in pairs.items() if value}
    out = {}
    for item in sheet.fields:
        for header in (item.zh, *item.aliases):
            hit = keyed.get(header_key(header)[0])
            if hit:
                headers[item.name], out[item.name] = hit
                break
    return out


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file."""
    awards, others, bids = cleans
    columns = _shared(awards)
    columns["tender_notice_date"] = awards.get("tender_notice_date")
    for name in ("award_date", "award_notice_date", "reserve_price", "award_amount", "n_bidders"):
        columns[name] = awards.get(name)
    for name in ("performance_start", "performance_end", "original_case_no", "is_subsidised", "performance_location"):
        columns[name] = awards.get(name)
    columns["title_key"] = obs.title_keys(columns["title"])
    columns["restricted_clause"] = obs.by_distinct(awards.get("restricted_clause_raw"), v.restricted_clause)
    columns["_is_correction"] = pc.equal(awards.get("type"), "award_correction")
    rows = awards.rows.to_pylist()
    won: dict[int, set[str]] = {}
    names = bids.get("firm_name").to_pylist()
    for row, name, winner in zip(bids.rows.to_pylist(), names, bids.get("is_winner").to_pylist(), strict=True):
        if winner:
            won.setdefault(row, set()).add(text.name_key(name))
    columns["n_winners"] = pa.array([len(won[r]) if r in won else None for r in rows], pa.int64())
    raw = {"performance_start": "performance", "performance_end": "performance"}
    cases = obs.table("award_case", columns, awards, origin, raw)

    events = _shared(others)
    for name in ("event", "event_date", "content"):
        events[name] = others.get(name)
    tender = obs.table("tender", events, others, origin)
    return {"award_case": [cases], "bid": [_bid_table(bids, set(rows), origin)], "tender": [tender]}


def _shared(clean: Clean) -> dict[str, pa.Array]:
    names = (
        "agency_id", "agency_name", "case_no", "title", "notice_id", "amount_class", "budget", "procurement_amount",
        "method_raw", "award_way_raw", "deadline_date", "opening_date", "e_documents", "e_bidding", "public_viewing",
        "tender_round", "expansion_announced",
    )  # fmt: skip
    columns = {name: clean.get(name) for name in names}
    obs.categories(columns, clean.get("category"))
    obs.ways(columns)
    return columns


def _bid_table(bids: Clean, kept: set[int], origin: Origin) -> pa.Table:
    names = [f.name for f in BIDS.fields if f.name != "qualified"]
    columns = {name: bids.get(name) for name in names}
    columns["is_disqualified"] = obs.disqualified(bids.get("qualified"), columns["lost_reason"], columns["is_winner"])
    columns["_parent_row"] = bids.rows
    obs.firms(columns)
    keep = pa.array([row in kept for row in bids.rows.to_pylist()], pa.bool_())
    return obs.table("bid", columns, bids, origin).filter(keep)
