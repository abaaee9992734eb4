"""What Probity itself lays down for any family of cases: signal results, the selection, the quarantine.

In: nothing. Out: one ``Table`` each.
"""

from __future__ import annotations

from probity.tables.model import Table
from probity.tables.model import col as _c

SIGNAL_RESULT = Table(
    "signal_result",
    "訊號結果",
    ("case_id", "signal_id"),
    (
        _c("case_id", "text", "案件識別碼", "", True),
        _c("signal_id", "text", "訊號代碼", "", True),
        _c("state", "text", "狀態", "fired | clear | not_assessable", True),
        _c("value", "float", "值"),
        _c("threshold", "float", "門檻"),
        _c("strength", "float", "強度", "0 to 1 among the assessable cases of the period, NULL unless fired"),
        _c("amount_at_stake", "int", "涉及金額", "NTD"),
        _c("evidence", "text", "佐證", "canonical JSON of the values that fired; no personal data"),
        _c("reason", "text", "無法評估原因", "names of the missing columns or too-small groups"),
    ),
)

SELECTION_CASE = Table(
    "selection_case",
    "選案清單",
    ("case_id",),
    (
        _c("case_id", "text", "案件識別碼", "", True),
        _c("rank", "int", "序號", "1 is first", True),
        _c("part", "text", "選案類別", "must_watch | ranked | control | added", True),
        _c("score", "float", "分數", "", True),
        _c("score_parts", "text", "分數組成", "canonical JSON: [{signal_id, weight, strength, points}]", True),
        _c(
            "reasons",
            "text",
            "選案理由",
            "canonical JSON: [{signal_id, name, text, legal_basis}] in words, zh-TW",
            True,
        ),
        _c("inclusion_probability", "float", "納入機率", "1 for certainty, n/N within the control share", True),
        _c("ticket", "text", "抽籤號", "hex SHA-256, control share only"),
        _c("auditors", "text", "建議稽核委員", "auditor ids joined by comma"),
        _c("recused", "text", "應迴避委員", "auditor ids joined by comma"),
    ),
)

QUARANTINE = Table(
    "quarantine",
    "隔離資料",
    ("file_digest", "sheet", "row", "column"),
    (
        _c("file_digest", "text", "檔案雜湊", "", True),
        _c("file_name", "text", "檔名", "", True),
        _c("source_id", "text", "來源"),
        _c("sheet", "text", "工作表"),
        _c("row", "int", "列", "1-based as the sender sees it in the file"),
        _c("column", "text", "欄", "header as written in the file"),
        _c("field", "text", "欄位", "canonical column"),
        _c("value", "text", "原值", "stays inside: never to logs, XCom or mail bodies"),
        _c("reason", "text", "原因代碼", "", True),
        _c("expected", "text", "應為", "zh-TW"),
        _c("action", "text", "處理方式", "zh-TW: who mends it and how"),
        _c(
            "severity",
            "text",
            "程度",
            "value (cell set to NULL, row goes on) | row (row set aside) | file (file refused)",
            True,
        ),
    ),
)
