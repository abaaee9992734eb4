"""Arrival: did what the period needs arrive, whole, and could it be read?

In: ``context['files']`` (one dict or Ingested a file: digest, file_name, source_id or source, rows_in, rows_out,
rows_quarantined, first_date, last_date, refused), ``expected_sources``, ``one_of``, optional ``source_names`` (id to
Chinese name), ``known_sources``, ``superseded`` (digests that a mended file replaces), ``quarantine`` (the cells that
reading set aside).
Out: frames ``files``, ``required`` and ``optional``. A file whose dates lie outside the period's window does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from probity.calendar import Period
from probity.gates.checks import Check
from probity.gates.frames import Plan, as_date, facts, period_of, window

FILE_HEADINGS = {
    "file": "檔案",
    "digest": "檔案雜湊",
    "source": "來源",
    "rows_in": "讀入列數",
    "rows_out": "放行列數",
    "rows_quarantined": "隔離列數",
    "lost": "去向不明列數",
    "now": "本期所需",
    "known": "可辨識來源",
    "accepted": "已接受",
    "has_rows": "有資料列",
    "reason": "退件原因",
    "clean": "無隔離列",
    "history_clean": "以前各期無隔離列",
    "within_limit": "隔離比例在限度內",
    "history_within_limit": "以前各期隔離比例在限度內",
}
NEED_HEADINGS = {"need": "本期所需來源", "kind": "必要性", "present": "已到", "files": "檔數"}

STRUCTURE = (Check("arrival.any", "files", "row_count", args={"min": 1}),)

CHECKS = (
    Check("arrival.balance.known", "files", "not_null", ("lost",)),
    Check("arrival.balance", "files", "between", ("lost",), {"min": 0, "max": 0}, marks=("rows_in", "rows_out")),
    Check("arrival.recognised", "files", "true", ("known",), marks=("source",)),
    Check("arrival.accepted", "files", "true", ("accepted",), marks=("file",)),
    Check("arrival.has_rows", "files", "true", ("has_rows",), marks=("rows_in",)),
    Check("arrival.clean", "files", "true", ("clean",), marks=("rows_quarantined",)),
    Check("arrival.history_clean", "files", "true", ("history_clean",), marks=("rows_quarantined",)),
    Check("arrival.within_limit", "files", "true", ("within_limit",), marks=("rows_quarantined",)),
    Check("arrival.history_within_limit", "files", "true", ("history_within_limit",), marks=("rows_quarantined",)),
    Check("arrival.needs", "required", "row_count", args={"min": 1}),
    Check("arrival.required_present", "required", "true", ("present",), marks=("need",)),
    Check("arrival.optional_present", "optional", "true", ("present",), marks=("need",)),
)


def _get(item: Any, *names: str) -> Any:
    for name in names:
        value = item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)
        if value is not None:
            return value
    return None


def _file(item: Any, period: Period, first: Any, last: Any, limits: Mapping[str, Any]) -> dict[str, Any] | None:
    begins, ends = as_date(_get(item, "first_date")), as_date(_get(item, "last_date"))
    if (begins is not None and begins > last) or (ends is not None and ends < first):
        return None
    dated = begins is not None and ends is not None
    now = not dated or (begins <= period.last and ends >= period.first)  # type: ignore[operator]
    digest = str(_get(item, "digest") or "")
    rows_in, rows_out, aside = (int(_get(item, n) or 0) for n in ("rows_in", "rows_out", "rows_quarantined"))
    source, refused = _get(item, "source_id", "source") or None, _get(item, "refused")
    # A refused file is judged by ``accepted``: all of its rows are set aside, which is no share of anything.
    limit = max(float(limits["share"]) * rows_in, float(limits["rows"]))
    fine = bool(refused) or (aside <= limit and (rows_out > 0 or aside == 0))
    return {
        "file": str(_get(item, "file_name", "name") or digest[:12]),
        "digest": digest,
        "source": source,
        "rows_in": rows_in,
        "rows_out": rows_out,
        "rows_quarantined": aside,
        "lost": rows_in - rows_out - aside,
        "now": now,
        "known": source is not None,
        "accepted": source is None or not refused,
        "has_rows": bool(refused) or source is None or rows_in > 0,
        "reason": str(refused) if refused else None,
        "clean": aside == 0 or not now or bool(refused),
        "history_clean": aside == 0 or now or bool(refused),
        "within_limit": fine or not now,
        "history_within_limit": fine or now,
    }


def plan(tables: Mapping[str, pa.Table], context: Mapping[str, Any]) -> Plan:
    """Frames of the files that concern the period and of the sources that it needs."""
    period = period_of(context)
    first, last = window(period, int(context.get("history_years", 5)))
    superseded = set(context.get("superseded", ()))
    items = [i for i in context["files"] if _get(i, "digest") not in superseded]
    rows = [r for i in items if (r := _file(i, period, first, last, context["limits"])) is not None]
    rows.sort(key=lambda r: (r["file"], r["digest"]))
    arrived: dict[str, int] = {}
    for row in rows:
        if row["now"] and row["rows_out"] > 0 and row["source"] is not None:
            arrived[row["source"]] = arrived.get(row["source"], 0) + 1
    groups = [("必要", (name,)) for name in sorted(set(context.get("expected_sources", ())))]
    groups += [("擇一", tuple(sorted(group))) for group in context.get("one_of", ())]
    asked = {name for _, group in groups for name in group}
    others = sorted(set(context.get("known_sources", ())) - asked)
    names = context.get("source_names", {})
    needs = [_need(group, kind, arrived, names) for kind, group in groups]
    extra = [_need((name,), "選用", arrived, names) for name in others]
    result = Plan(facts={"files": len(rows), "files_of_other_periods": len(items) - len(rows)})
    result.add(facts("files", "收件檔案", FILE_HEADINGS, rows, open=True))
    result.add(facts("required", "必要來源", NEED_HEADINGS, needs, open=True))
    result.add(facts("optional", "選用來源", NEED_HEADINGS, extra, open=True))
    return result


def _need(sources: tuple[str, ...], kind: str, arrived: Mapping[str, int], names: Mapping[str, str]) -> dict[str, Any]:
    """A line of what the period needs; any one of ``sources`` will do."""
    n = sum(arrived.get(s, 0) for s in sources)
    return {"need": " 或 ".join(names.get(s, s) for s in sources), "kind": kind, "present": n > 0, "files": n}
