"""公告索引 JSON: the list of notices with winners and losing bidders and their 統編 (openfun shape).

In: a list (or {"records": [...]}) of notices: date, filename, unit_id, unit_name, job_number, and brief with
type, title and companies (id_key and name_key say from which key of the notice each id and name came).
Out: observations of award_case and bid; failed and invitation notices become tender observations.
An id and a name with the same 投標廠商N belong together. 未得標廠商 contains the characters 得標廠商: losers first.
"""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa

from probity import text
from probity.sources import observations as obs
from probity.sources.contract import Contract, Field, Sheet
from probity.sources.normalise import Clean, Origin, RawColumn, RawTable
from probity.sources.readers import Document

NOTICES = Sheet(
    "award_case",
    "公告索引",
    (
        Field("notice_date", "date", "date", required=True),
        Field("notice_id", "filename"),
        Field("agency_id", "unit_id"),
        Field("agency_name", "unit_name", required=True),
        Field("case_no", "job_number", required=True),
        Field("title", "brief.title", required=True),
        Field("type", "brief.type", required=True),
        Field("category", "brief.category"),
        Field("has_companies", "brief.companies"),
    ),
    (("notice_date",), ("case_no",)),
)

BIDS = Sheet(
    "bid",
    "投標廠商",
    (
        Field("firm_name", "廠商名稱", required=True),
        Field("firm_id_raw", "廠商代碼"),
        Field("is_winner", "是否得標", "bool"),
    ),
    (("firm_name",),),
)

CONTRACT = Contract("notice_index", "公告索引（JSON）", (NOTICES, BIDS))

_BIDDER = re.compile(r"投標廠商:投標廠商(\d+):")
_LOSER = re.compile(r"未得標廠商\d*:未得標廠商")
_WINNER = re.compile(r"(?<!未)得標廠商\d*:得標廠商")


def records(document: Document) -> list[Any]:
    """The notices of the document, [] when it has another shape."""
    value = document.value
    if isinstance(value, dict):
        value = value.get("records")
    return value if isinstance(value, list) else []


def recognise(document: Document) -> bool:
    """Is it a list of notices with a brief, without the notice's own detail?"""
    sample = [r for r in records(document)[:20] if isinstance(r, dict)]
    return bool(sample) and all("brief" in r and "job_number" in r and "detail" not in r for r in sample)


def bidders(companies: dict[str, Any]) -> list[tuple[str, str | None, bool | None]]:
    """(name, id, won) of every company of a brief; won is None when the brief does not say."""
    ids: dict[str, str] = {}
    for firm_id, paths in _paths(companies.get("id_key")):
        for path in paths:
            if match := _BIDDER.match(path):
                ids[match[1]] = firm_id
    out: list[tuple[str, str | None, bool | None]] = []
    for name, paths in _paths(companies.get("name_key")):
        numbers = [m[1] for m in map(_BIDDER.match, paths) if m]
        own = next((ids[n] for n in numbers if n in ids), None)
        won = any(_WINNER.search(p) for p in paths)
        lost = any(_LOSER.search(p) for p in paths)
        out.append((name, own, True if won else (False if lost else None)))
    return out


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _paths(mapping: Any) -> list[tuple[str, list[str]]]:
    if not isinstance(mapping, dict):
        return []
    return [(str(k), [str(p) for p in paths]) for k, paths in mapping.items() if isinstance(paths, list)]


def raw_tables(document: Document) -> list[RawTable]:
    """Text columns of the notices and, nested, of their bidders. Row numbers count records from 1."""
    rows: dict[str, list[str]] = {f.name: [] for f in NOTICES.fields}
    bids: dict[str, list[Any]] = {f.name: [] for f in BIDS.fields}
    parents: list[int] = []
    for number, record in enumerate(map(_dict, records(document)), 1):
        brief = _dict(record.get("brief"))
        companies = _dict(brief.get("companies"))
        values = (
            record.get("date"),
            record.get("filename"),
            record.get("unit_id"),
            record.get("unit_name") or record.get("unit_id"),
            record.get("job_number"),
            brief.get("title"),
            brief.get("type"),
            brief.get("category"),
            "1" if companies else "",
        )
        for name, value in zip(rows, values, strict=True):
            rows[name].append("" if value is None else str(value))
        for name, firm_id, won in bidders(companies):
            parents.append(number)
            bids["firm_name"].append(name)
            bids["firm_id_raw"].append(firm_id or "")
            bids["is_winner"].append("" if won is None else ("是" if won else "否"))
    n = len(next(iter(rows.values())))
    notices = RawTable(NOTICES, "", pa.array(range(1, n + 1), pa.int64()), _columns(NOTICES, rows))
    nested = RawTable(BIDS, "", pa.array(parents, pa.int64()), _columns(BIDS, bids), nested=True)
    return [notices, nested]


def _columns(sheet: Sheet, values: dict[str, list[str]]) -> dict[str, RawColumn]:
    return {name: RawColumn(sheet.field(name).zh, pa.array(column, pa.string())) for name, column in values.items()}


def event_of(type_: str) -> str:
    """award | award_correction | failed | tender | correction, from the notice's type."""
    if "無法決標" in type_:
        return "failed"
    if "決標" in type_ or "定期彙送" in type_:
        return "award_correction" if "更正" in type_ else "award"
    return "correction" if "更正" in type_ else "tender"


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file."""
    notices, bids = cleans
    events = obs.by_distinct(notices.get("type"), event_of)
    columns = {name: notices.get(name) for name in ("notice_id", "agency_id", "agency_name", "case_no", "title")}
    columns["award_notice_date"] = notices.get("notice_date")
    columns["title_key"] = obs.title_keys(columns["title"])
    obs.categories(columns, notices.get("category"))
    is_bid = bids.get("is_winner")
    award_rows = set()
    n_bidders: dict[int, int] = {}
    n_winners: dict[int, int] = {}
    seen = set()
    event_list = events.to_pylist()
    for row, event in zip(notices.rows.to_pylist(), event_list, strict=True):
        if event.startswith("award"):
            award_rows.add(row)
    keys = obs.by_distinct(bids.get("firm_name"), text.name_key).to_pylist()
    for row, key, won in zip(bids.rows.to_pylist(), keys, is_bid.to_pylist(), strict=True):
        if (row, key) not in seen:
            seen.add((row, key))
            n_bidders[row] = n_bidders.get(row, 0) + 1
            n_winners[row] = n_winners.get(row, 0) + bool(won)
    rows = notices.rows.to_pylist()
    columns["n_bidders"] = pa.array([n_bidders.get(r) for r in rows], pa.int64())
    columns["n_winners"] = pa.array([n_winners.get(r) or None for r in rows], pa.int64())
    columns["_is_correction"] = pa.array([e == "award_correction" for e in event_list], pa.bool_())
    awards = pa.array([e.startswith("award") for e in event_list], pa.bool_())
    cases = obs.table("award_case", columns, notices, origin, {"award_notice_date": "notice_date"}).filter(awards)
    return {
        "award_case": [cases],
        "bid": [bid_table(bids, award_rows, origin)],
        "tender": [tender_table(notices, event_list, origin)],
    }


def bid_table(bids: Clean, award_rows: set[int], origin: Origin) -> pa.Table:
    """Bid observations of the award notices; is_winner is NULL where the notice does not say."""
    columns = {name: bids.get(name) for name in ("firm_name", "firm_id_raw")}
    columns["is_winner"] = bids.get("is_winner")
    columns["_parent_row"] = bids.rows
    obs.firms(columns)
    keep = pa.array([row in award_rows for row in bids.rows.to_pylist()], pa.bool_())
    return obs.table("bid", columns, bids, origin).filter(keep)


def tender_table(notices: Clean, events: list[str], origin: Origin) -> pa.Table:
    """Tender observations of the notices that are not awards."""
    columns = {name: notices.get(name) for name in ("notice_id", "agency_id", "agency_name", "case_no", "title")}
    columns["event"] = pa.array(events, pa.string())
    columns["event_date"] = notices.get("notice_date")
    columns["method_raw"] = notices.get("type")
    keep = pa.array([not e.startswith("award") for e in events], pa.bool_())
    return obs.table("tender", columns, notices, origin, {"event_date": "notice_date"}).filter(keep)
