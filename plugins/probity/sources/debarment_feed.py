"""拒絕往來廠商: the portal's list of debarred firms (dataset 5988), one snapshot a day.

In: JSON {"Rvlmd_List": {...}} or the 25-column XLS. Out: observations of debarment with their snapshot's date.
The feed holds only bans in force (a row vanishes at expiry), so snapshots are kept and compared day by day.
Traps: keys misspelt (Origional_Announce_Date, GPA101_Caluse), ids as number or string, masked IDs, dates as
1150717 or 1150813 00:00, true duplicates. A snapshot under ``debarment_min_rows`` is a broken download: refused;
one that lost more than MAX_DROP of the snapshot before it is set aside when snapshots are put in order.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from probity import text
from probity.sources import observations as obs
from probity.sources.contract import Contract, Field, Sheet
from probity.sources.dating import first_date
from probity.sources.normalise import Clean, Origin, RawColumn, RawTable
from probity.sources.readers import Document
from probity.sources.reasons import Refused

MAX_DROP = 0.2

BANS = Sheet(
    "debarment",
    "拒絕往來廠商",
    (
        Field("firm_id_raw", "廠商代碼", aliases=("Corporation_Number", "統一編號")),
        Field("case_no", "標案案號", aliases=("Case_no",)),
        Field("firm_name", "廠商名稱", aliases=("Corporation_Name",), required=True),
        Field("address", "廠商地址", aliases=("Corporation_Address",)),
        Field("country", "國別", aliases=("Corporation_Country",)),
        Field("agency_no", "機關代碼", aliases=("Announce_Agency_No", "刊登機關代碼")),
        Field("agency_name", "機關名稱", aliases=("Announce_Agency_Name", "刊登機關名稱")),
        Field("case_name", "標案名稱", aliases=("Case_Name",)),
        Field("clause", "第101條款次", aliases=("GPA101_Caluse", "GPA101_Clause", "第一百零一條款次")),
        Field(
            "original_announce_date",
            "原始公告日",
            "date",
            ("Origional_Announce_Date", "Original_Announce_Date", "原始公告日期"),
        ),
        Field("announce_date", "公告日", "date", ("Announce_Date", "公告日期")),
        Field("effective_date", "生效日", "date", ("Effective_Date", "生效日期", "拒絕往來生效日"), required=True),
        Field("duration", "103條期間", aliases=("Effective_Duration", "第103條期間")),
        Field("expire_date", "截止日", "date", ("Expire_Date", "截止日期", "拒絕往來截止日")),
        Field("appeal_result", "異議申訴結果", aliases=("Appeal_Result",)),
        Field("remark", "備註", aliases=("Remark",)),
    ),
    (("firm_name",), ("effective_date",), ("clause", "expire_date")),
)

_ORDER = (
    "廠商代碼 標案案號 廠商名稱 廠商地址 國別 機關代碼 機關名稱 機關地址 聯絡人 電話 負責人 負責人身分證 標案名稱 "
    "第101條款次 原始公告日 公告日 生效日 103條期間 截止日 異議申訴結果 判決書字號 適用法條 法條期間 罪名資訊 備註"
)
XLS_ORDER = tuple(_ORDER.split())

CONTRACT = Contract("debarment_feed", "拒絕往來廠商名單", (BANS,))

_LIST = ("Rvlmd_List", "RVLMD_List", "Rvlm_List")
_ANNULLED = re.compile(r"註銷|撤銷|(?<!不)(?:異議|申訴)成立|有理由")


def recognise(document: Document) -> bool:
    return isinstance(document.value, dict) and any(k in document.value for k in _LIST)


def raw_tables(document: Document) -> list[RawTable]:
    """Text columns of the JSON shape; row numbers count bans from 1."""
    body = next(document.value[k] for k in _LIST if k in document.value)
    bans = body.get("Rvlmd") if isinstance(body, dict) else None
    if not isinstance(bans, list):
        raise Refused("json_damaged", "Rvlmd")
    keys: dict[str, None] = {}
    for ban in bans:
        keys.update(dict.fromkeys(ban if isinstance(ban, dict) else ()))
    match = BANS.match(list(keys))
    if not match.complete and bans:
        raise Refused("missing_columns", "、".join(match.missing))
    columns = {}
    for name, index in match.columns.items():
        key = match.headers[index]
        values = ["" if not isinstance(b, dict) or b.get(key) is None else str(b[key]) for b in bans]
        columns[name] = RawColumn(key, pa.array(values, pa.string()))
    raw = RawTable(BANS, "", pa.array(range(1, len(bans) + 1), pa.int64()), columns)
    _date_rows(raw, first_date([str(body.get("Renewal_Date", "")), str(body.get("title", ""))]))
    return [raw]


def prepare(raw: RawTable, above: list[list[str]], file_name: str, options: dict[str, Any] | None = None) -> None:
    """Gives a worksheet's rows their snapshot date: from the title rows, else the file name, else the last notice."""
    _date_rows(raw, first_date([cell for row in above for cell in row] + [file_name]))


def is_bare_grid(preview: list[list[str]]) -> bool:
    """The XLS without header: the columns in the known order, told by its dates."""
    rows = [r for r in preview if len(r) >= 19 and r[2]]  # empty columns at the end are not there
    return len(rows) >= 3 and all(_is_date(r[16]) and _is_date(r[15]) for r in rows)


def bare_tables(document: Document, file_name: str) -> list[RawTable]:
    """The XLS without header, by position."""
    tables = []
    for sheet in document.sheets:
        if is_bare_grid(sheet.preview):
            match = BANS.match(XLS_ORDER[: len(sheet.preview[0])])
            rows, arrays = sheet.columns(-1, list(match.columns.values()))
            columns = {n: RawColumn(XLS_ORDER[i], a) for (n, i), a in zip(match.columns.items(), arrays, strict=True)}
            raw = RawTable(BANS, sheet.name, rows, columns)
            prepare(raw, [], file_name)
            tables.append(raw)
    return tables


def _is_date(value: str) -> bool:
    try:
        text.parse_date(value)
    except text.TextError:
        return False
    return True


def _date_rows(raw: RawTable, date: dt.date | None) -> None:
    n = len(raw.rows)
    if date is None and "announce_date" in raw.columns:
        known = [d for d in map(_or_none, raw.columns["announce_date"].values.to_pylist()) if d]
        date = max(known, default=None)
    raw.extra["_snapshot_date"] = pa.array([date] * n, pa.date32())


def _or_none(value: str | None) -> dt.date | None:
    try:
        return text.parse_date(value)
    except text.TextError:
        return None


def screen(cleans: list[Clean], options: dict[str, Any]) -> None:
    """Refuses a snapshot with fewer rows than ``debarment_min_rows``."""
    rows = sum(c.rows_in for c in cleans)
    if rows < options["debarment_min_rows"]:
        raise Refused("too_few_rows", f"{rows:,} 筆，下限 {options['debarment_min_rows']:,} 筆")


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file."""
    out = []
    for clean in cleans:
        names = (
            "firm_id_raw", "firm_name", "agency_no", "agency_name", "case_no", "case_name", "announce_date",
            "effective_date", "expire_date", "clause", "appeal_result", "_snapshot_date",
        )  # fmt: skip
        columns = {name: clean.get(name) for name in names}
        columns["announce_date"] = pc.coalesce(columns["announce_date"], clean.get("original_announce_date"))
        columns["annulled"] = _annulled(columns["appeal_result"], clean.get("remark"))
        obs.firms(columns)
        out.append(obs.table("debarment", columns, clean, origin))
    return {"debarment": out}


def _annulled(appeal: pa.Array, remark: pa.Array) -> pa.Array:
    def says(value: str) -> str:
        return "1" if _ANNULLED.search(text.nfkc(value)) else "0"

    said = pc.coalesce(obs.by_distinct(appeal, says), pa.scalar("0"))
    noted = pc.coalesce(obs.by_distinct(remark, says), pa.scalar("0"))
    return pc.or_(pc.equal(said, "1"), pc.equal(noted, "1"))


# ------------------------------------------------------------------------------------------------ snapshots


@dataclass(frozen=True)
class Snapshot:
    """One day's list: its date, file, number of rows, and why it is not used (None: it is)."""

    date: dt.date
    digest: str
    file_name: str
    rows: int
    table: str
    refused: str | None = None


def in_order(snapshots: Sequence[Snapshot], max_drop: float = MAX_DROP) -> list[Snapshot]:
    """By date (two of one day: the larger, then the lower digest, first). A sharp drop against the last good one is
    marked refused; so is any but the first of a day."""
    out: list[Snapshot] = []
    good: Snapshot | None = None
    for item in sorted(snapshots, key=lambda s: (s.date, -s.rows, s.digest)):
        reason = None
        if good is not None and item.date == good.date:
            reason = "同日已有另一份名單"
        elif good is not None and item.rows < good.rows * (1 - max_drop):
            reason = f"筆數由 {good.rows:,} 驟減為 {item.rows:,}，不採用"
        marked = Snapshot(item.date, item.digest, item.file_name, item.rows, item.table, reason)
        out.append(marked)
        if reason is None:
            good = marked
    return out


KEY = ("firm", "agency_no", "case_no", "effective_date")
_WATCHED = (
    "firm_name",
    "agency_name",
    "case_name",
    "announce_date",
    "expire_date",
    "clause",
    "appeal_result",
    "annulled",
)


def diff(old: pa.Table, new: pa.Table) -> list[dict[str, Any]]:
    """What changed between two snapshots: dicts with change (appeared | vanished | changed), the key, and for a change
    the fields with both values. Sorted by key. ``vanished`` before its expiry date means lifted or annulled."""
    before, after = _by_key(old), _by_key(new)
    out = []
    for key in sorted(before.keys() | after.keys(), key=lambda k: tuple("" if v is None else str(v) for v in k)):
        row = dict(zip(KEY, key, strict=True))
        if key not in after:
            out.append({"change": "vanished", **row, "expire_date": before[key]["expire_date"]})
        elif key not in before:
            out.append({"change": "appeared", **row, "expire_date": after[key]["expire_date"]})
        else:
            fields = {f: (before[key][f], after[key][f]) for f in _WATCHED if before[key][f] != after[key][f]}
            if fields:
                out.append({"change": "changed", **row, "fields": fields})
    return out


def _by_key(table: pa.Table) -> dict[tuple[Any, ...], dict[str, Any]]:
    rows = table.select([*KEY, *_WATCHED]).to_pylist()
    out: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:  # a true duplicate counts once
        out.setdefault(tuple(row[k] for k in KEY), row)
    return out
