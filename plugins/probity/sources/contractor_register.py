"""營造業登記: contractors with class, capital and net worth, from the registry or the works agency's own list.

In: xlsx/xls/ods/csv. Out: observations of contractor. A row without 資料起日 holds from the day that the file is of;
without that day, from the beginning of the records. The address is read for city and district only.
Law: 營造業法 §7, §8 (classes and capital), §23 and 營造業承攬總額認定辦法 (net worth, twenty times).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from probity import text
from probity.sources import observations as obs
from probity.sources import vocabulary as v
from probity.sources.contract import Contract, Field, Sheet
from probity.sources.dating import stated_date
from probity.sources.normalise import Clean, Origin, RawTable

ALWAYS = dt.date(1912, 1, 1)

CONTRACTORS = Sheet(
    "contractor",
    "營造業登記",
    (
        Field("firm_id_raw", "統一編號", aliases=("統編", "營利事業統一編號")),
        Field("firm_name", "廠商名稱", aliases=("公司名稱", "營造業名稱", "名稱"), required=True),
        Field(
            "grade",
            "等級",
            "choice",
            ("營造業等級", "登記等級", "營造業類別", "業別"),
            values=v.GRADE,
            choices=v.GRADE_CHOICES,
        ),
        Field("capital", "資本額", "amount", ("登記資本額", "實收資本額"), minimum=0),
        Field("net_worth", "淨值", "amount", ("淨值總額", "財務淨值"), note="最近一次申報；可為負"),
        Field("base_city", "登記縣市", aliases=("縣市", "縣市別", "所在縣市")),
        Field("base_district", "登記行政區", aliases=("行政區", "鄉鎮市區")),
        Field("address", "登記地址", aliases=("地址", "公司地址", "營業地址"), note="僅取縣市及行政區"),
        Field("valid_from", "資料起日", "date", ("登記日期", "異動日期", "生效日", "資料日期")),
        Field("valid_to", "資料迄日", "date", ("失效日", "廢止日期", "註銷日期")),
    ),
    (("firm_name",), ("grade",), ("capital", "net_worth")),
)

CONTRACT = Contract("contractor_register", "營造業登記", (CONTRACTORS,))

_PLACE = re.compile(r"(?:\d{3,6})?\s*([\u4e00-\u9fff]{2}[縣市])(?:([\u4e00-\u9fff]{1,3}?[區鄉鎮市]))?")


def prepare(raw: RawTable, above: list[list[str]], file_name: str, options: Mapping[str, Any] | None = None) -> None:
    """Gives rows the day that the file is of."""
    date = stated_date([*(cell for row in above for cell in row if cell), file_name])
    raw.extra["_file_date"] = pa.array([date] * len(raw.rows), pa.date32())


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file."""
    out = []
    for clean in cleans:
        columns = {f.name: clean.get(f.name) for f in CONTRACTORS.fields} | {"_file_date": clean.get("_file_date")}
        columns["valid_from"] = pc.coalesce(columns["valid_from"], columns["_file_date"], pa.scalar(ALWAYS))
        city, district = _base(columns["address"])
        columns["base_city"] = pc.coalesce(obs.by_distinct(columns["base_city"], _city), city)
        columns["base_district"] = pc.coalesce(columns["base_district"], district)
        obs.firms(columns)
        out.append(obs.table("contractor", columns, clean, origin))
    return {"contractor": out}


def _city(name: str) -> str:
    return text.nfkc(name).replace("台", "臺")


def _base(addresses: pa.Array) -> tuple[pa.Array, pa.Array]:
    found = [_PLACE.match(text.nfkc(a)) if a else None for a in addresses.to_pylist()]
    city = [_city(m[1]) if m else None for m in found]
    return pa.array(city, pa.string()), pa.array([m[2] if m else None for m in found], pa.string())
