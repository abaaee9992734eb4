"""稽核結果: what the audits of selected cases found, on the form that went out with the selection.

In: xlsx/xls/ods/csv, pre-filled with the selected cases. Out: observations of audit_result.
"""

from __future__ import annotations

import pyarrow as pa

from probity.sources import observations as obs
from probity.sources import vocabulary as v
from probity.sources.contract import Contract, Field, Sheet
from probity.sources.normalise import Clean, Origin

RESULTS = Sheet(
    "audit_result",
    "稽核結果",
    (
        Field("case_id", "案件識別碼", required=True, note="由系統預填，請勿更改"),
        Field("selection_id", "選案識別碼", note="由系統預填，請勿更改"),
        Field("agency_name", "機關名稱", note="由系統預填，僅供對照"),
        Field("case_no", "標案案號", note="由系統預填，僅供對照"),
        Field("title", "標案名稱", note="由系統預填，僅供對照"),
        Field("part", "選案類別", "choice", values=v.PART, other="other", choices=v.PART_CHOICES, note="由系統預填"),
        Field("finished_date", "稽核完成日", "date", ("稽核日期", "完成日期"), required=True, note="如 110年3月15日"),
        Field("irregular", "有無違失", "bool", ("有違失", "是否有違失"), required=True, choices=("有", "無")),
        Field("severity", "情節", "choice", ("違失情節",), values=v.SEVERITY, choices=v.SEVERITY_CHOICES),
        Field("patterns", "錯誤行為態樣", aliases=("態樣", "違失態樣"), note="態樣項次，以逗號分開"),
        Field("amount_irregular", "違失金額", "amount", minimum=0),
    ),
    (("case_id",), ("finished_date", "irregular")),
)

CONTRACT = Contract("audit_results", "稽核結果", (RESULTS,))


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file."""
    names = [f.name for f in RESULTS.fields if f.name not in ("agency_name", "case_no", "title")]
    return {"audit_result": [obs.table("audit_result", {n: c.get(n) for n in names}, c, origin) for c in cleans]}
