"""What a report is made from: the plain dict that a job hands over, checked and filled in.

In: ``context`` with these keys (all of plain Python types; ``*`` must be there):

* ``period`` *, ``period_roc`` *, ``selection_id`` *, ``revision`` (1), ``replaces`` (selection id of the revision
  that this one replaces), ``revision_reason``, ``list_digest``, ``manifest_digest`` *, ``trail_head`` *;
* ``decided_by``, ``decided_at`` (date or ISO text), ``decision_reason``, ``witnesses``, ``removed`` and ``added``
  (lists of {case_id, reason});
* ``family`` ('procurement'; a key of ``probity.tables.FAMILIES``), ``job`` and ``job_zh`` (the job's name, such as
  道路工程查驗選案: title of list and mail; its team and work are looked up by ``job``);
* ``cases`` *: one dict a selected case: the columns of SELECTION_CASE (``reasons`` and ``score_parts`` as JSON text
  or as lists) and of the family's table of cases (AWARD_CASE, PROJECT), its firms as ``winners`` or ``firms`` (text,
  list of names, or rows with ``firm_name``), ``auditor_names``, ``recused_names``;
* ``evidence``: rows of SIGNAL_RESULT of the selected cases (state fired);
* ``signals``: rows of the signals' summary {signal_id, name, legal_basis, family, must_watch, fired, clear,
  not_assessable, base_rate, too_common, why_not}, and hit_rate, hit_rate_low, hit_rate_high where audits have come
  back;
* ``coverage``: {sources: [{source_id, source, file_name, digest, rows_in, rows_out, rows_quarantined, first_date,
  last_date, refused}], missing: [text], quarantine: [{source_id, field, reason, expected, action, severity, rows}],
  conflicts: [{case_no, agency_name, field, source_a, value_a, source_b, value_b}],
  gates: [{stage, outcome, checks, failed, message}]};
* ``steps``: lines of the selection's log; ``seed``, ``seed_source``, ``commitment`` (dict); ``population`` (cases of
  the period); ``rules`` (path -> digest), ``versions`` (name -> version);
* ``office``: overrides of ``letters/office.yaml``; ``documents``: [{name, digest, size}] of the mail's attachments.

Out: a new dict with every key there, JSON parsed, labels in Chinese and the counts that reports share.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from probity.reports import families, render, works
from probity.reports.families import Shape

REQUIRED = ("period", "period_roc", "selection_id", "cases", "manifest_digest", "trail_head")
PARTS = ("must_watch", "ranked", "control", "added")

_DEFAULTS: dict[str, Any] = {
    "revision": 1,
    "replaces": None,
    "revision_reason": None,
    "list_digest": None,
    "decided_by": None,
    "decided_at": None,
    "decision_reason": None,
    "seed": None,
    "seed_source": None,
    "commitment": None,
    "population": None,
    "ui_url": None,
    "family": families.DEFAULT,
    "job": None,
    "job_zh": None,
}
_LISTS = ("evidence", "signals", "steps", "removed", "added", "witnesses", "documents")
_COVERAGE = ("sources", "missing", "quarantine", "conflicts", "gates")


class ContextError(ValueError):
    """The context lacks what no report can do without; the message names the keys."""


def parsed(value: Any) -> Any:
    """JSON text parsed; anything else as it is; nothing becomes an empty list."""
    if value is None or value == "":
        return []
    return json.loads(value) if isinstance(value, str) else value


def names(value: Any) -> str:
    """Names as one line: a list (of names, or of rows with ``firm_name``) joined by 、, text as it is."""
    if value is None:
        return ""
    if not isinstance(value, (list, tuple)):
        return str(value).replace(",", "、")
    return "、".join(str(v["firm_name"] if isinstance(v, Mapping) else v) for v in value)


def ratio(part: Any, whole: Any) -> float | None:
    """``part`` / ``whole`` where both are known and whole is above 0."""
    return float(part) / float(whole) if part is not None and whole else None


def prepare(context: Mapping[str, Any], templates: Path = render.TEMPLATES) -> dict[str, Any]:
    """The context with defaults, parsed lists, labels and counts. ContextError names what is missing."""
    if missing := [k for k in REQUIRED if k not in context]:
        raise ContextError(f"the report's context lacks {', '.join(missing)}")
    shape = families.shape(context.get("family"))
    labels = shape.labels(templates)
    office = render.layout("letters/office.yaml", templates) | dict(context.get("office") or {})
    out = _DEFAULTS | {k: list(context.get(k) or []) for k in _LISTS} | {"labels": labels}
    out |= {k: v for k, v in context.items() if k not in _LISTS} | {"office": office, "family": shape.family}
    job = out["job"] or ""
    office["team"] = (context.get("office") or {}).get("team") or office.get("teams", {}).get(job, office["team"])
    coverage = dict(context.get("coverage") or {})
    out["coverage"] = {k: list(coverage.get(k) or []) for k in _COVERAGE}
    out["rules"], out["versions"] = dict(context.get("rules") or {}), dict(context.get("versions") or {})
    fired: dict[tuple[str, str], dict[str, Any]] = {
        (e["case_id"], e["signal_id"]): e for e in out["evidence"] if e.get("state", "fired") == "fired"
    }
    out["cases"] = [
        _case(case, fired, labels, shape) for case in sorted(context["cases"], key=lambda c: (c["rank"], c["case_id"]))
    ]
    out["counts"] = _counts(out, shape)
    return out


def _case(
    case: Mapping[str, Any], fired: Mapping[tuple[str, str], dict[str, Any]], labels: Any, shape: Shape
) -> dict[str, Any]:
    row = dict(case) | {name: render.as_date(case.get(name)) for name in shape.dates}
    row["reasons"] = parsed(case.get("reasons"))
    row["score_parts"] = parsed(case.get("score_parts"))
    row["part_zh"] = labels["part"].get(case.get("part"), case.get("part"))
    for column, group in shape.labelled.items():
        known, raw = labels[group].get(case.get(column)), case.get(f"{column}_raw")
        row[f"{column}_zh"] = known or (labels["unknown"] if column == shape.kind else raw or "")
    row["winners"] = names(case.get("winners") or case.get("firms"))
    row["auditors_zh"] = names(case.get("auditor_names") or case.get("auditors"))
    row["recused_zh"] = names(case.get("recused_names") or case.get("recused"))
    row["floor_ratio"] = ratio(case.get(shape.amount), case.get("reserve_price"))
    row["budget_ratio"] = ratio(case.get(shape.amount), case.get("budget"))
    row["evidence"] = {r["signal_id"]: fired.get((case["case_id"], r["signal_id"]), {}) for r in row["reasons"]}
    stakes = [e["amount_at_stake"] for e in row["evidence"].values() if e.get("amount_at_stake") is not None]
    row["amount_at_stake"] = max(stakes, default=None)
    row["n_reasons"] = len(row["reasons"])
    return row | (works.facts(row, labels) if shape.family == "works" else {})


def _counts(out: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    cases, sources = out["cases"], out["coverage"]["sources"]
    parts = Counter(c["part"] for c in cases)
    return {
        "cases": len(cases),
        "parts": {p: parts.get(p, 0) for p in PARTS},
        "agencies": _most(c.get("agency_name") or c.get("agency_key") or "" for c in cases),
        "kinds": _most(c[f"{shape.kind}_zh"] for c in cases),
        "districts": _most(c.get("district") or out["labels"]["unknown"] for c in cases),
        "rows_in": sum(s.get("rows_in") or 0 for s in sources),
        "rows_out": sum(s.get("rows_out") or 0 for s in sources),
        "rows_quarantined": sum(s.get("rows_quarantined") or 0 for s in sources),
        "files": len(sources),
        "refused": sum(1 for s in sources if s.get("refused")),
        "conflicts": len(out["coverage"]["conflicts"]),
        "fired": sum(s.get("fired") or 0 for s in out["signals"]),
        "too_common": sum(1 for s in out["signals"] if s.get("too_common")),
        "population": out.get("population"),
    }


def _most(values: Iterable[str]) -> list[tuple[str, int]]:
    """Value and count, the most frequent first; ties by name."""
    return sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
