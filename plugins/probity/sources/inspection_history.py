"""歷次查驗清冊: inspections and defects of before Probity, for trends and look-back.

In: xlsx/xls/ods/csv with up to two worksheets told by their headers: inspections (a row each), defects (a row each,
with what became of it). Out: observations of inspection and defect_found. A defect names its inspection by its number,
or by agency, case number and day. An inspection without a number gets one made of these three.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from probity import canonical, text
from probity.sources import vocabulary as v
from probity.sources.contract import Contract, Field, Sheet
from probity.sources.inspection_form import table
from probity.sources.normalise import Clean, Origin

_AGENCY = (
    Field("agency_id", "機關代碼", aliases=("主辦機關代碼",)),
    Field("agency_name", "主辦機關", aliases=("機關名稱", "機關"), required=True),
    Field("case_no", "標案案號", aliases=("案號", "工程編號"), required=True),
)

INSPECTIONS = Sheet(
    "inspection",
    "歷次查驗",
    (
        Field("inspection_id", "查驗編號", aliases=("查驗序號", "編號")),
        *_AGENCY,
        Field("title", "標案名稱", aliases=("工程名稱", "案名")),
        Field("firm_name", "承攬廠商", aliases=("廠商名稱", "承包商")),
        Field("district", "行政區", aliases=("區域",)),
        Field("inspected_date", "查驗日", "date", ("查驗日期", "查核日期"), required=True),
        Field("part", "選案類別", "choice", values=v.PART, other="other"),
        Field("selection_id", "選案識別碼"),
        Field("score", "查驗分數", "number", ("查核分數", "分數", "成績")),
        Field("reinspects", "複驗之查驗編號", aliases=("原查驗編號",)),
    ),
    (("case_no",), ("inspected_date",), ("score", "firm_name")),
)

FINDINGS = Sheet(
    "defect_found",
    "歷次缺失",
    (
        Field("inspection_id", "查驗編號", aliases=("查驗序號",)),
        *_AGENCY,
        Field("found_date", "查驗日", "date", ("查驗日期", "發現日"), required=True),
        Field("number", "缺失序號", "int", ("項次",), minimum=1),
        Field("category", "缺失類別", aliases=("缺失項目",), required=True),
        Field("severity", "情節", aliases=("缺失等級",), required=True),
        Field("description", "缺失內容", aliases=("缺失說明", "缺失情形")),
        Field("photos", "照片檔名"),
        Field("deadline", "改善期限", "date", ("限期改善日",)),
        Field("reported_date", "改善完成日", "date", ("函復日", "改善日期")),
        Field("evidence", "改善佐證", aliases=("佐證",)),
        Field("closed_date", "結案日", "date", ("結案日期",)),
    ),
    (("case_no",), ("category",), ("severity",)),
)

CONTRACT = Contract("inspection_history", "歷次查驗清冊", (INSPECTIONS, FINDINGS))


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file. Defects without a number are counted within their inspection, by their rows."""
    out: dict[str, list[pa.Table]] = {"inspection": [], "defect_found": []}
    for clean in cleans:
        names = [f.name for f in clean.sheet.fields]
        columns = [clean.get(n).to_pylist() for n in names]
        rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
        counted: dict[str, int] = {}
        for row, number in zip(rows, clean.rows.to_pylist(), strict=True):
            day = row.get("inspected_date") or row.get("found_date")
            row |= {"_sheet": clean.name or None, "_row": number, "inspection_id": _number(row, day)}
            if clean.sheet is INSPECTIONS:
                row |= {"file_digest": origin.file_digest, "content": _content(row)}
            else:
                counted[row["inspection_id"]] = counted.get(row["inspection_id"], 0) + 1
                row["number"] = row["number"] or counted[row["inspection_id"]]
        out[clean.sheet.table].append(table(clean.sheet.table, rows, origin))
    return out


def _number(row: dict[str, Any], day: Any) -> str:
    """The inspection's own number, else H and 12 hex of agency, case and day."""
    if row["inspection_id"]:
        return str(row["inspection_id"])
    agency = row["agency_id"] or text.name_key(row["agency_name"])
    return "H" + canonical.digest([agency, text.case_no_key(row["case_no"]), day])[:12]


def _content(row: dict[str, Any]) -> str:
    return canonical.digest({k: v for k, v in row.items() if k[0] != "_" and k != "file_digest"})[:32]
