"""缺失改善回報表: what an agency answers on the form that came with a letter about its defects.

In: xlsx/xls/ods/csv, pre-filled with the defects. Out: observations of defect_event, kind ``reported``: a correction
with its evidence, or a wish for more time. A row that the agency left blank says nothing. Whether the defect is known,
still open, and the evidence named, is judged by the gate (``probity.gates.suites.correction``), which knows the list.

Ground: 工程施工查核小組作業辦法 §9 (改善完妥報查核小組備查), §10 (展延期限須經查核小組同意).
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pyarrow as pa

from probity import canonical
from probity.sources import observations as obs
from probity.sources.contract import Contract, Field, Sheet
from probity.sources.normalise import Clean, Origin, quarantine_rows
from probity.text import nfkc

PREFILLED = "由系統預填，請勿更改"

ANSWERS = Sheet(
    "correction_answer",
    "改善回報",
    (
        Field("defect_id", "缺失編號", required=True, note=PREFILLED),
        Field("agency_name", "主辦機關", note=PREFILLED),
        Field("case_no", "標案案號", note=PREFILLED),
        Field("title", "標案名稱", note=PREFILLED),
        Field("category", "缺失類別", note=PREFILLED),
        Field("severity", "情節", note=PREFILLED),
        Field("description", "缺失內容", note=PREFILLED),
        Field("found_date", "查驗日", note=PREFILLED),
        Field("due_date", "改善期限", note=PREFILLED),
        Field("corrected_date", "改善完成日", "date", note="如 110年3月15日"),
        Field("measure", "改善措施", aliases=("改善情形", "處理情形")),
        Field("evidence", "佐證檔名", aliases=("佐證", "改善照片"), note="改善前、中、後照片等檔名，以、分開"),
        Field("answered_date", "填報日", "date", note="空白時以改善完成日為準；僅申請展延者必填"),
        Field("extension_to", "申請展延至", "date", note="如 110年4月15日"),
        Field("extension_reason", "展延理由"),
    ),
    (("defect_id",), ("corrected_date", "extension_to"), ("measure", "evidence")),
)

CONTRACT = Contract("correction_form", "缺失改善回報表", (ANSWERS,))

_SEPARATORS = re.compile(r"[、,，;；\n]+")

NO_EVIDENCE = frozenset(
    {"無", "沒有", "尚無", "無佐證", "無附件", "未附", "未提供", "免", "免附", "略", "同上", "待補", "後補", "補件中"}
    | {"另補", "另送", "n/a", "na", "none", "nil", "x", "0"}
)
"""What is written where no file is named; an answer with nothing else names no evidence."""


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """DEFECT_EVENT observations of the answered rows; an answer without any date is set aside."""
    events: list[dict[str, Any]] = []
    aside: list[dict[str, Any]] = []
    for clean in cleans:
        names = ("defect_id", "corrected_date", "measure", "evidence", "answered_date", "extension_to")
        columns = {n: clean.get(n).to_pylist() for n in (*names, "extension_reason")}
        for index, row in enumerate(clean.rows.to_pylist()):
            answer = {n: values[index] for n, values in columns.items()}
            if not _answered(answer):
                continue
            if (answer["answered_date"] or answer["corrected_date"]) is None:
                field = ANSWERS.field("corrected_date" if _reports(answer) else "answered_date")
                cell = {"sheet": clean.name or None, "row": row, "column": field.zh, "field": field.name}
                aside.append(cell | {"value": None, "reason": "answer_date_missing", "severity": "row"})
                continue
            events.append(
                _event(answer, origin)
                | {"_source": origin.source_id, "_file_digest": origin.file_digest, "_sheet": clean.name, "_row": row}
            )
    table = pa.Table.from_pylist(events, schema=obs.schema("defect_event"))
    return {"defect_event": [table], "quarantine": [quarantine_rows(origin, aside)]}


def _reports(answer: dict[str, Any]) -> bool:
    return any(answer[n] is not None for n in ("corrected_date", "measure", "evidence"))


def _answered(answer: dict[str, Any]) -> bool:
    return _reports(answer) or answer["extension_to"] is not None


def _names_a_file(part: str) -> bool:
    said = part.strip().strip("()[]。.").casefold()
    return any(c.isalnum() for c in said) and said not in NO_EVIDENCE


def _event(answer: dict[str, Any], origin: Origin) -> dict[str, Any]:
    """The answer as a DEFECT_EVENT row. The same answer in another file is the same event."""
    names = [p.strip() for p in _SEPARATORS.split(nfkc(answer["evidence"] or "")) if _names_a_file(p)]
    facts = {"corrected_date": answer["corrected_date"], "extension_to": answer["extension_to"]}
    note = answer["measure"] if _reports(answer) else answer["extension_reason"]
    day: dt.date = answer["answered_date"] or answer["corrected_date"]
    said: dict[str, Any] = {
        "defect_id": nfkc(answer["defect_id"]),
        "kind": "reported",
        "event_date": day,
        "deadline": None,
        "evidence": "、".join(names) or None,
        "note": note,
        "decided_by": None,
        "facts": canonical.dumps(facts),
    }
    return {"event_id": canonical.digest(list(said.values()))[:32]} | said | {"source": origin.file_digest}
