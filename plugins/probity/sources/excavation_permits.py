"""道路挖掘許可: the city's open data of road-excavation permits, one row a place of work.

In: csv/xlsx/xls/ods, or the open-data platform's JSON (a list of records), under either generation of its headers
(核准起日, 中心點X坐標; later 核准起日期, 經度). Out:
observations of permit: places and areas in EPSG:3826 metres, titles and firms as written but without persons.
Traps: one application has many rows; firms are cut at ten characters; a telephone number stands in the firm's place;
titles of house connections hold the applicant's name. Who handles it and telephones are not read at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from probity import canonical, text
from probity.matching import geo
from probity.sources import observations as obs
from probity.sources.contract import Contract, Field, Sheet
from probity.sources.dating import stated_date
from probity.sources.normalise import Clean, Origin, RawColumn, RawTable, aside, quarantine_rows
from probity.sources.readers import Document

PERMITS = Sheet(
    "permit",
    "道路挖掘許可",
    (
        Field("application_no", "申請書編號", aliases=("申請編號", "申請案號"), required=True),
        Field("permit_no", "許可證編號", aliases=("許可證號", "路證編號")),
        Field("start_date", "核准起日", "date", ("核准起日期", "核准起始日期", "許可起日")),
        Field("end_date", "核准迄日", "date", ("核准迄日期", "核准截止日期", "許可迄日")),
        Field("applicant", "申請單位", aliases=("申請人單位", "管線單位")),
        Field("title", "工程名稱", aliases=("案件名稱",)),
        Field("case_type", "案件類別", aliases=("案件類型",)),
        Field("pipe_type", "管線工程類別", aliases=("管線類別", "工程類別")),
        Field("district", "區域名稱", aliases=("行政區", "行政區域")),
        Field("location", "地點", aliases=("施工地點", "挖掘地點")),
        Field("started", "是否開工", "bool", ("開工",)),
        Field("firm_name", "廠商名稱", aliases=("施工廠商", "承攬廠商")),
        Field("x_raw", "中心點X坐標", "number", ("中心點X座標", "經度", "X坐標", "X座標")),
        Field("y_raw", "中心點Y坐標", "number", ("中心點Y座標", "緯度", "Y坐標", "Y座標")),
        Field("shape", "施工範圍坐標", aliases=("施工範圍座標", "施工範圍", "WKT")),
    ),
    (("application_no",), ("permit_no", "shape"), ("start_date", "end_date", "location")),
)

CONTRACT = Contract("excavation_permits", "道路挖掘許可", (PERMITS,))

NOT_ISSUED = "尚未核發"
_PHONE = re.compile(r"(?=(?:\D*\d){7})[\d\s()#*+~\-－轉]+")
_HOUSE = re.compile(r"(用戶申裝|新增建築用戶申裝|一般用戶申裝)\s*[-－:：].*", re.DOTALL)
_WORK = re.compile(
    "工程|計畫|改善|路面|刨|鋪|舖|路修|封層|燙平|修復|修補|修繕|修理|打除|側溝|水溝|箱涵|人行|步道|車道|號誌|孔蓋|人孔|"
    "手孔|管線|管路|管障|埋|換管|漏水|燈|維護|維修|排水|下水道|共同管道|開闢|拓寬|消防栓|用戶供氣|配管|橫越"
)
_REFERENCE = re.compile(r"(?<![A-Za-z0-9])[A-Z]{0,4}\d[0-9A-Z\-]{3,}")


def prepare(raw: RawTable, above: list[list[str]], file_name: str, options: Mapping[str, Any] | None = None) -> None:
    """Gives rows the day that the file is of."""
    date = stated_date([*(cell for row in above for cell in row if cell), file_name])
    raw.extra["_file_date"] = pa.array([date] * len(raw.rows), pa.date32())


def recognise(document: Document) -> bool:
    """JSON: a list of records with the permits' keys."""
    return isinstance(document.value, list) and PERMITS.match(_keys(document.value[:20])).complete


def raw_tables(document: Document) -> list[RawTable]:
    """Text columns of the JSON shape; row numbers count records from 1."""
    records = [r if isinstance(r, dict) else {} for r in document.value]
    columns = {}
    for name, index in (match := PERMITS.match(_keys(records))).columns.items():
        values = ["" if r.get(match.headers[index]) is None else str(r[match.headers[index]]) for r in records]
        columns[name] = RawColumn(match.headers[index], pa.array(values, pa.string()))
    raw = RawTable(PERMITS, "", pa.array(range(1, len(records) + 1), pa.int64()), columns)
    prepare(raw, [], document.name)
    return [raw]


def _keys(records: list[Any]) -> list[str]:
    return list(dict.fromkeys(str(key) for r in records if isinstance(r, dict) for key in r))


def title_without_person(title: str) -> str | None:
    """The title when it names works; of a house connection only that; of any other text only its reference number.

    Titles such as 「3210639 某某某(1010370 建桿*1)」 are an applicant's name between two numbers.
    """
    if match := _HOUSE.match(title):
        return match[1]
    if _WORK.search(title):
        return title
    found = _REFERENCE.search(text.nfkc(title))
    return found[0] if found else None


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file. A place or area that cannot be read is NULL, its row goes on."""
    out: dict[str, list[pa.Table]] = {"permit": [], "quarantine": []}
    for clean in cleans:
        columns = {f.name: clean.get(f.name) for f in PERMITS.fields} | {"_file_date": clean.get("_file_date")}
        issued = pc.not_equal(columns["permit_no"], NOT_ISSUED)
        columns["permit_no"] = pc.if_else(issued, columns["permit_no"], pa.scalar(None, pa.string()))
        columns["permit_id"] = _ids(columns)
        phone = pc.equal(obs.by_distinct(columns["firm_name"], lambda n: "1" if _PHONE.fullmatch(n) else "0"), "1")
        out["quarantine"].append(aside(clean, phone, "firm_name", "phone_number", origin, "value", keep_value=False))
        columns["firm_name"] = pc.if_else(
            pc.fill_null(phone, False), pa.scalar(None, pa.string()), columns["firm_name"]
        )
        columns["firm_key"] = obs.by_distinct(columns["firm_name"], text.name_key)
        columns["applicant_key"] = obs.by_distinct(columns["applicant"], text.name_key)
        columns["title"] = _titles(columns["title"])
        columns["x"], columns["y"], bad = obs.place(columns["x_raw"], columns["y_raw"])
        out["quarantine"].append(aside(clean, bad, "x_raw", "coordinate_unreadable", origin, "value"))
        shapes = geo.read_shapes(columns["shape"])
        out["quarantine"].append(_shapes(clean, shapes.reason, origin))
        columns["shape"] = shapes.wkt
        out["permit"].append(obs.table("permit", columns, clean, origin))
    return out


def _ids(columns: dict[str, pa.Array]) -> pa.Array:
    """16 hex digits over application, permit, place and shape: the same row in any encoding, header or file."""
    columns = columns | {"location": obs.made_characters(columns["location"])}
    parts = [columns[n].to_pylist() for n in ("application_no", "permit_no", "location", "shape")]
    return pa.array([canonical.digest(list(row))[:16] for row in zip(*parts, strict=True)], pa.string())


def _titles(titles: pa.Array) -> pa.Array:
    encoded = titles.dictionary_encode()
    kept = [title_without_person(t) for t in encoded.dictionary.to_pylist()]
    return pa.array(kept, pa.string()).take(encoded.indices)


def _shapes(clean: Clean, reasons: pa.Array, origin: Origin) -> pa.Table:
    parts = [
        aside(clean, pc.equal(reasons, code), "shape", code, origin, "value")
        for code in sorted(c for c in reasons.unique().to_pylist() if c)
    ]
    return pa.concat_tables([quarantine_rows(origin, []), *parts])
