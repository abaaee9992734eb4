"""民眾反映: reports of citizens (1999 hotline, 全民督工, mayor's mailbox), one row a report.

In: xlsx/xls/ods/csv. Out: observations of complaint. What the report says (內容) is read only to tell whether it speaks
of the road surface (words in works.yaml) and is then dropped: it holds names, plates and telephones.
"""

from __future__ import annotations

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
from probity.sources.normalise import Clean, Origin, RawTable, aside

REPORTS = Sheet(
    "complaint",
    "民眾反映",
    (
        Field("complaint_id", "案件編號", aliases=("反映編號", "通報編號", "派工單號", "陳情編號"), required=True),
        Field(
            "received_date",
            "受理日期",
            "date",
            ("受理日期時間", "受理時間", "受理日", "反映日期", "反映時間", "通報日期", "通報時間", "通報日期時間"),
            required=True,
        ),
        Field(
            "channel",
            "來源",
            "choice",
            ("案件來源", "反映管道", "受理管道", "陳情管道"),
            values=v.CHANNEL,
            other="other",
            choices=v.CHANNEL_CHOICES,
        ),
        Field("category", "案件類別", aliases=("案件類型", "類別", "主類別")),
        Field("subcategory", "案件子類", aliases=("子類", "子類別", "次類別", "案件子類別")),
        Field("district", "行政區", aliases=("區域", "鄉鎮市區")),
        Field("location", "地點", aliases=("案件地點", "發生地點", "地址", "反映地點")),
        Field("x_raw", "X坐標", "number", ("X", "X座標", "經度", "坐標X")),
        Field("y_raw", "Y坐標", "number", ("Y", "Y座標", "緯度", "坐標Y")),
        Field("content", "內容", aliases=("案件內容", "反映內容", "陳情內容", "通報內容"), note="僅供判讀，不予保存"),
        Field("case_no", "標案案號", aliases=("標案編號", "案號", "工程編號"), note="全民督工案件填列"),
        Field("agency_name", "主辦機關", aliases=("承辦機關", "權責機關", "主辦單位")),
        Field("closed_date", "結案日期", "date", ("結案日", "結案時間", "辦結日期")),
    ),
    (("complaint_id",), ("received_date",), ("category", "subcategory", "content", "channel")),
)

CONTRACT = Contract("complaints", "民眾反映", (REPORTS,))


def prepare(raw: RawTable, above: list[list[str]], file_name: str, options: Mapping[str, Any] | None = None) -> None:
    """Gives rows the day that the file is of, and the channel that its title or name says."""
    said = [*(cell for row in above for cell in row if cell), file_name]
    n = len(raw.rows)
    raw.extra["_file_date"] = pa.array([stated_date(said)] * n, pa.date32())
    raw.extra["_channel"] = pa.array([v.channel_of(said)] * n, pa.string())


def screen(cleans: list[Clean], options: Mapping[str, Any]) -> None:
    """Tells which reports speak of the road surface, then drops what they say."""
    words = (options.get("works") or {}).get("complaints") or {}
    categories = {text.nfkc(c) for c in words.get("categories", ())}
    pattern = re.compile("|".join(map(re.escape, words.get("words", ()))) or r"(?!)")
    other = re.compile("|".join(map(re.escape, words.get("not_words", ()))) or r"(?!)")
    for clean in cleans:
        kinds = [clean.get(n).to_pylist() for n in ("category", "subcategory")]
        said = [clean.get(n).to_pylist() for n in ("subcategory", "location", "content")]
        about = []
        for kind, row in zip(zip(*kinds, strict=True), zip(*said, strict=True), strict=True):
            written = other.sub("", " ".join(text.nfkc(s) for s in row if s))
            about.append(any(k and text.nfkc(k) in categories for k in kind) or bool(pattern.search(written)))
        clean.columns["_about"] = pa.array(about, pa.bool_())
        clean.columns.pop("content", None)


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file."""
    out: dict[str, list[pa.Table]] = {"complaint": [], "quarantine": []}
    for clean in cleans:
        columns = {f.name: clean.get(f.name) for f in REPORTS.fields if f.name != "content"}
        columns |= {"_file_date": clean.get("_file_date"), "about_road": clean.columns["_about"]}
        columns["channel"] = pc.coalesce(columns["channel"], clean.columns["_channel"], pa.scalar("other"))
        columns["x"], columns["y"], bad = obs.place(columns["x_raw"], columns["y_raw"])
        out["quarantine"].append(aside(clean, bad, "x_raw", "coordinate_unreadable", origin, "value"))
        out["complaint"].append(obs.table("complaint", columns, clean, origin))
    return out
