"""The sheets of the inspection form: one declaration for the form that goes out and the reader of what comes back.

In: nothing. Out: the sheets of the contract, which of their columns the inspector fills, and the letter of a column as
written (so that a wrong cell can be named).
"""

from __future__ import annotations

from openpyxl.utils import get_column_letter

from probity.sources import vocabulary as v
from probity.sources.contract import Field, Sheet

_ID = Field("inspection_id", "查驗編號", required=True)
_TEST = Field("test", "項目代號", required=True)
_NAME = Field("test_name", "檢測項目")
_UNIT = Field("unit", "單位")

HEADER = Sheet(
    "inspection",
    "查驗表",
    (
        _ID,
        Field("selection_id", "選案識別碼", required=True),
        Field("case_id", "案件識別碼", required=True),
        Field("agency_name", "主辦機關"),
        Field("case_no", "標案案號"),
        Field("title", "標案名稱"),
        Field("firm_name", "承攬廠商"),
        Field("district", "行政區"),
        Field("part", "選案類別", "choice", values=v.PART, other="other"),
        Field("reinspects", "複驗之查驗編號", note="複驗時由系統預填"),
        Field("inspected_date", "查驗日", "date", required=True, note="如 110/3/15"),
        Field("revision", "修訂次", "int", required=True, minimum=1, note="更正後重新交表時加 1"),
        Field("score", "查驗分數", "number", note="0 至 100；未評分者空白"),
        Field("remarks", "備註"),
    ),
    (("inspection_id",), ("revision",), ("case_id",)),
)

LIMITS = Sheet(
    "inspection_limit",
    "查驗標準",
    (
        _ID,
        _TEST,
        _NAME,
        _UNIT,
        Field("design_value", "設計值", "number", note="依契約圖說；含油量填拌和公式值"),
        Field("lower", "契約單點下限", "number"),
        Field("upper", "契約單點上限", "number"),
        Field("mean_lower", "契約平均下限", "number"),
        Field("mean_upper", "契約平均上限", "number"),
        Field("contract_clause", "契約標準依據", note="填契約上下限時必填，如 契約附件3第02742章3.4.2"),
        Field("rule_id", "通案標準代號", required=True),
        Field("rule_source", "通案標準依據"),
    ),
    (("inspection_id",), ("test",), ("contract_clause",)),
)

MEASURES = Sheet(
    "inspection_measure",
    "檢測值",
    (
        _ID,
        _TEST,
        _NAME,
        _UNIT,
        Field("lot", "批次", "int", required=True, minimum=1),
        Field("sample_no", "樣本編號", "int", required=True, minimum=1, note="同一鑽心之各項試驗編號相同"),
        Field("station", "樁號", "station", note="如 0K+350"),
        Field("offset", "橫距（公尺）", "number", ("橫距(公尺)", "橫距"), note="自右側路緣起算"),
        Field("value", "檢測值", "number"),
        Field("not_measured", "未檢測原因", note="檢測值空白時必填"),
    ),
    (("inspection_id",), ("sample_no",), ("value",)),
)

DEFECTS = Sheet(
    "defect_found",
    "缺失",
    (
        _ID,
        Field("number", "缺失序號", "int", required=True, minimum=1),
        Field("category", "缺失類別"),
        Field("severity", "情節"),
        Field("description", "缺失內容", note="請寫明位置（樁號）"),
        Field("photos", "照片檔名", note="多張以頓號分開"),
        Field("deadline", "改善期限", "date", note="如 110/4/15；未填者依情節以規定工作日計算"),
    ),
    (("inspection_id",), ("number",), ("category", "severity")),
)

SHEETS = (HEADER, LIMITS, MEASURES, DEFECTS)

OPEN: dict[str, tuple[str, ...]] = {
    "inspection": ("inspected_date", "revision", "score", "remarks"),
    "inspection_limit": ("design_value", "lower", "upper", "mean_lower", "mean_upper", "contract_clause"),
    "inspection_measure": ("value", "not_measured"),
    "defect_found": ("category", "severity", "description", "photos", "deadline"),
}
"""Columns that the inspector fills; all others are pre-filled and locked (a station that was not known is open)."""

KEYS: dict[str, tuple[str, ...]] = {
    "inspection": ("inspection_id",),
    "inspection_limit": ("test",),
    "inspection_measure": ("test", "sample_no"),
    "defect_found": ("number",),
}
"""What tells the rows of one form apart."""

DEFECT_ROWS = 20
BLANK_DEFECT = ("category", "severity", "description", "photos", "deadline")


def letter(sheet: Sheet, name: str) -> str:
    """The column letter of a field in the form as it goes out."""
    return get_column_letter([f.name for f in sheet.fields].index(name) + 1)


def locked(sheet: Sheet) -> tuple[str, ...]:
    """Names of the pre-filled columns."""
    return tuple(f.name for f in sheet.fields if f.name not in OPEN[sheet.table])
