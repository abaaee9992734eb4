"""半月開放資料 XML: the portal's official half-month files of awards and of tenders.

In: <TENDER_LIST><TENDER>...; children in any order, no DTD, no entities. Out: observations of award_case and bid
(award file) or tender (tender file). Traps: a subset of all cases, two months late, no 統編 and no 底價; a missing
half-month comes as HTTP 200 with 0 bytes (refused as empty_file). TENDER_SPDT can lie after the file's half-month,
so it is no notice date: it is taken as the day of opening.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import pyarrow as pa

from probity import text
from probity.sources import observations as obs
from probity.sources import vocabulary as v
from probity.sources.contract import Contract, Field, Sheet
from probity.sources.normalise import Clean, Origin, RawColumn, RawTable
from probity.sources.readers import Document

_SHARED = (
    Field("agency_name", "TENDER_ORG_NAME", aliases=("ORG_NAME",), required=True),
    Field("case_no", "TENDER_CASE_NO", aliases=("CASE_NO",), required=True),
    Field("title", "TENDER_NAME", aliases=("NAME",), required=True),
    Field("method_raw", "PROCUREMENT_TYPE", aliases=("TYPE",)),
    Field("kind", "PROCUREMENT_ATTR", "choice", ("ATTR",), values=v.KIND),
)

AWARDS = Sheet(
    "award_case",
    "決標",
    (
        *_SHARED,
        Field("award_date", "AWARD_DATE", "date"),
        Field("award_notice_date", "AWARD_NOTICE_DATE", "date", required=True),
        Field("award_way_raw", "TENDER_AWARD_WAY"),
        Field("award_amount", "TENDER_AWARD_PRICE", "amount", minimum=0),
    ),
    (("award_notice_date",),),
)

BIDS = Sheet(
    "bid",
    "投標廠商",
    (
        Field("firm_name", "BIDDER_SUPP_NAME", required=True),
        Field("is_winner", "is_winner", "bool"),
        Field("address", "BIDDER_SUPP_ADDR"),
    ),
    (("firm_name",),),
)

TENDERS = Sheet(
    "tender",
    "招標",
    (*_SHARED, Field("opening_date", "TENDER_SPDT", "date")),
    (("opening_date",),),
)

CONTRACT = Contract("halfmonth_xml", "半月開放資料（XML）", (AWARDS, BIDS, TENDERS))


def recognise(document: Document) -> bool:
    return document.format == "xml" and b"<TENDER_LIST" in document.xml[:4096] and b"_CASE_NO" in document.xml[:65536]


def raw_tables(document: Document) -> list[RawTable]:
    """Text columns; row numbers count TENDER elements from 1."""
    found: dict[str, tuple[Sheet, list[int], list[list[str]], list[tuple[str, ...]]]] = {}
    bids: list[tuple[int, str, str, str]] = []
    for number, element in enumerate(document.elements("TENDER"), 1):
        values = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in element}
        is_award = "AWARD_NOTICE_DATE" in values or "AWARD_DATE" in values or "TENDER_AWARD_PRICE" in values
        sheet = AWARDS if is_award else TENDERS
        _, rows, columns, _ = found.setdefault(sheet.table, (sheet, [], [[] for _ in sheet.fields], []))
        rows.append(number)
        for column, item in zip(columns, sheet.fields, strict=True):
            column.append(next((values[h] for h in (item.zh, *item.aliases) if h in values), ""))
        bids.extend(_bidders(number, element))
    tables = [
        RawTable(
            sheet,
            "",
            pa.array(rows, pa.int64()),
            {f.name: RawColumn(f.zh, pa.array(c, pa.string())) for f, c in zip(sheet.fields, columns, strict=True)},
        )
        for sheet, rows, columns, _ in found.values()
    ]
    tables.append(
        RawTable(
            BIDS,
            "",
            pa.array([b[0] for b in bids], pa.int64()),
            {
                "firm_name": RawColumn("BIDDER_LIST", pa.array([b[1] for b in bids], pa.string())),
                "is_winner": RawColumn("BIDDER_LIST", pa.array([b[2] for b in bids], pa.string())),
                "address": RawColumn("BIDDER_SUPP_ADDR", pa.array([b[3] for b in bids], pa.string())),
            },
            nested=True,
        )
    )
    return tables


def _bidders(number: int, element: Element) -> list[tuple[int, str, str, str]]:
    winners: list[str] = []
    losers: list[str] = []
    addresses: list[str] = []
    for child in element.iterfind(".//BIDDER_LIST/*"):
        content = (child.text or "").strip()
        if child.tag == "BIDDER_SUPP_NAME" and content:
            winners.append(content)
        elif child.tag == "NOT_OBTAIN_SUPP_NAME" and content:
            losers.append(content)
        elif child.tag == "BIDDER_SUPP_ADDR":
            addresses.append(content)
    if len(addresses) != len(winners):  # which belongs to whom cannot be told
        addresses = [""] * len(winners)
    return [(number, n, "是", a) for n, a in zip(winners, addresses, strict=True)] + [
        (number, n, "否", "") for n in losers
    ]


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file."""
    out: dict[str, list[pa.Table]] = {"award_case": [], "bid": [], "tender": []}
    by_table = {c.sheet.table: c for c in cleans}
    bids = by_table["bid"]
    if "award_case" in by_table:
        clean = by_table["award_case"]
        columns = {f.name: clean.get(f.name) for f in AWARDS.fields}
        columns["title_key"] = obs.title_keys(columns["title"])
        obs.ways(columns)
        kept = set(clean.rows.to_pylist())
        counts = _counts(bids)
        rows = clean.rows.to_pylist()
        columns["n_bidders"] = pa.array([counts.get(r, (None, None))[0] for r in rows], pa.int64())
        columns["n_winners"] = pa.array([counts.get(r, (None, None))[1] for r in rows], pa.int64())
        out["award_case"].append(obs.table("award_case", columns, clean, origin))
        amounts = dict(zip(rows, columns["award_amount"].to_pylist(), strict=True))
        out["bid"].append(_bid_table(bids, kept, counts, amounts, origin))
    if "tender" in by_table:
        clean = by_table["tender"]
        columns = {f.name: clean.get(f.name) for f in TENDERS.fields}
        columns["event"] = pa.repeat(pa.scalar("tender"), len(clean.rows))
        obs.ways(columns)
        out["tender"].append(obs.table("tender", columns, clean, origin))
    return out


def _counts(bids: Clean) -> dict[int, tuple[int, int | None]]:
    firms: dict[int, dict[str, bool]] = {}
    columns: list[list[Any]] = [
        bids.rows.to_pylist(),
        bids.get("firm_name").to_pylist(),
        bids.get("is_winner").to_pylist(),
    ]
    for row, name, won in zip(*columns, strict=True):
        seen = firms.setdefault(row, {})
        key = text.name_key(name)
        seen[key] = seen.get(key, False) or bool(won)
    return {row: (len(seen), sum(seen.values()) or None) for row, seen in firms.items()}


def _bid_table(
    bids: Clean, kept: set[int], counts: dict[int, tuple[int, int | None]], amounts: dict[int, Any], origin: Origin
) -> pa.Table:
    columns = {name: bids.get(name) for name in ("firm_name", "address", "is_winner")}
    rows = bids.rows.to_pylist()
    won = columns["is_winner"].to_pylist()
    columns["award_amount"] = pa.array(
        [amounts.get(r) if w and counts[r][1] == 1 else None for r, w in zip(rows, won, strict=True)], pa.int64()
    )
    columns["_parent_row"] = bids.rows
    obs.firms(columns)
    return obs.table("bid", columns, bids, origin).filter(pa.array([r in kept for r in rows], pa.bool_()))
