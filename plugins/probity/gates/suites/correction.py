"""Answers of the agencies: about a known defect that is still open, not dated before its finding, mended between the
finding and the answer, with evidence?

In: tables ``defect_event`` (the answers among the events known before) and ``defect`` (the list before the answers);
``context['answers']`` (event ids of the answers that are new to the office), ``context['files']`` (the correction files
that no run has judged before, as in ``arrival``). Out: frames ``answers``, ``files`` and ``log``. Why: nothing closes
without evidence, and an agency that answers the wrong row must be told which cell.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from probity.gates.checks import Check
from probity.gates.frames import Plan, canonical, facts, schema

COLUMNS = ("event_id", "defect_id", "kind", "event_date", "evidence", "facts")

STRUCTURE = (
    Check("answers.schema.known", "schema", "not_null", ("state",)),
    Check("answers.schema", "schema", "in_set", ("state",), {"values": ("ok",)}),
    Check("answers.log", "log", "row_count", args={"min": 1}),
)

CHECKS = (
    Check("answers.files", "files", "true", ("clean",), marks=("file",)),
    Check("answers.unique", "answers", "unique", ("event_id",)),
    Check("answers.defect.filled", "answers", "not_null", ("defect_id",), aside="row"),
    Check("answers.known", "answers", "true", ("known",), aside="row", marks=("defect_id",)),
    Check("answers.open", "answers", "true", ("still_open",), aside="row", marks=("defect_id",)),
    Check("answers.after", "answers", "true", ("after",), aside="row", marks=("event_date",)),
    Check("answers.corrected", "answers", "true", ("plausible",), aside="row", marks=("facts",)),
    Check("answers.evidence", "answers", "true", ("has_evidence",), aside="row", marks=("evidence",)),
    Check("answers.extension", "answers", "true", ("later",), aside="row", marks=("facts",)),
)

FLAGS = {
    "known": "缺失在列管清單",
    "still_open": "尚未結案",
    "after": "不早於查驗日",
    "plausible": "改善完成日在查驗日與填報日之間",
    "has_evidence": "附佐證",
    "later": "展延日晚於原期限",
}
FILE_HEADINGS = {
    "file": "檔案",
    "digest": "檔案雜湊",
    "source": "來源",
    "accepted": "已接受",
    "clean": "無隔離儲存格",
}
LOG_HEADINGS = {"item": "項目", "count": "數量"}


def plan(tables: Mapping[str, pa.Table], context: Mapping[str, Any]) -> Plan:
    """Frames of the new answers, of their files, and of what was known before."""
    events, listed = tables["defect_event"], tables["defect"]
    new = np.isin(np.array(events["event_id"].to_pylist(), dtype=object), sorted(context["answers"]))
    result = Plan()
    result.add(schema(tables, ("defect_event", "defect")))
    answers = canonical(events, "defect_event", COLUMNS, "answers", new)
    answers.headings.update(FLAGS)
    _flags(answers.data, {r["defect_id"]: r for r in listed.to_pylist()})
    result.add(answers)
    files = [
        {
            "file": f["file_name"],
            "digest": f["digest"],
            "source": f["source_id"],
            "accepted": not f["refused"],
            "clean": not f["quarantine"] and not f["refused"],
        }
        for f in context["files"]
    ]
    result.add(facts("files", "改善回報檔案", FILE_HEADINGS, files, open=True))
    counts = [{"item": "defects", "count": listed.num_rows}, {"item": "answers", "count": int(new.sum())}]
    result.add(facts("log", "列管清單", LOG_HEADINGS, counts, open=True))
    result.facts = {"defects": listed.num_rows, "answers": int(new.sum())}
    return result


def _flags(data: pd.DataFrame, listed: Mapping[str, Mapping[str, Any]]) -> None:
    """One column a question, True where the answer is fine; a question that does not arise is fine."""
    rows = [listed.get(str(i)) for i in data["defect_id"]]
    days = [d.date() for d in data["event_date"]]
    said = [json.loads(f) if isinstance(f, str) else {} for f in data["facts"]]
    asked = [dt.date.fromisoformat(s["extension_to"]) if s.get("extension_to") else None for s in said]
    evidence = data["evidence"].notna().tolist()
    only_asks = [
        a is not None and not e and not s.get("corrected_date") for a, e, s in zip(asked, evidence, said, strict=True)
    ]
    data["known"] = [r is not None for r in rows]
    data["still_open"] = [r is None or r["state"] != "closed" for r in rows]
    data["after"] = [r is None or d >= r["found_date"] for r, d in zip(rows, days, strict=True)]
    done = [dt.date.fromisoformat(s["corrected_date"]) if s.get("corrected_date") else None for s in said]
    data["plausible"] = [
        c is None or r is None or d < r["found_date"] or r["found_date"] <= c <= d
        for r, d, c in zip(rows, days, done, strict=True)
    ]
    data["has_evidence"] = [e or o for e, o in zip(evidence, only_asks, strict=True)]
    data["later"] = [
        not o or r is None or (a is not None and a > r["deadline"])
        for r, a, o in zip(rows, asked, only_asks, strict=True)
    ]
