"""The road works quarter as its reports tell it: the analysis made ready for tables, charts and sentences.

In: ``context`` (plain JSON; ``*`` must be there): ``analysis`` * (the dict of ``probity.analysis.quarter``),
``publication_id`` *, ``manifest_digest`` *, ``trail_head`` *, ``names`` * ({category, severity, test}: id -> Chinese
name, from the config files), ``revision`` (1), ``replaces``, ``revision_reason``, ``decided_by``, ``decided_at``,
``decision_reason``, ``selections`` (ids of the selections behind it), ``rules`` (path -> digest), ``versions``,
``gates`` ([{stage, outcome, message}]), ``documents`` ([{name, digest}]), ``ui_url``, ``office`` (overrides).
Out: ``prepare`` for the workbook and the document, ``quarterly_mail_bodies`` for the mail. Only inspected works are
named anywhere: a work that is chosen but not yet inspected stays secret, and the analysis holds none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from probity.reports import render
from probity.reports.context import ContextError
from probity.reports.mails import MailBodies, mail

WORDS = "reports/quarterly_words.yaml"
REQUIRED = ("analysis", "publication_id", "manifest_digest", "trail_head", "names")
_DEFAULTS: dict[str, Any] = {
    "revision": 1,
    "replaces": None,
    "revision_reason": None,
    "decided_by": None,
    "decided_at": None,
    "decision_reason": None,
    "ui_url": None,
}
_MAIL_KEYS = ("publication_id", "revision", "replaces", "manifest_digest", "trail_head", "documents", "ui_url")
Row = dict[str, Any]


def prepare(context: Mapping[str, Any], templates: Path = render.TEMPLATES) -> Row:
    """The context with defaults, Chinese names in every row and what sentences need. ContextError names what lacks.

    Beside the analysis' own keys: ``categories``, ``severities``, ``total`` (rows of the trend tables), ``agencies``,
    ``contractors``, ``districts``, ``tests``, ``grades``, ``grave``, ``parts``, ``signals`` (all selections until now),
    ``quarter_parts``, ``months`` (control chart), ``due`` (corrections by severity) and ``said``: lists of names and
    rows that sentences speak of.
    """
    if missing := [k for k in REQUIRED if k not in context]:
        raise ContextError(f"the quarterly report's context lacks {', '.join(missing)}")
    words = render.layout(WORDS, templates)
    analysis = context["analysis"]
    out = _DEFAULTS | {k: list(context.get(k) or []) for k in ("selections", "documents", "gates")}
    out |= {k: dict(context.get(k) or {}) for k in ("rules", "versions")}
    out |= {k: v for k, v in context.items() if v is not None and k not in ("office", *out)} | analysis
    out |= {k: context[k] for k in _DEFAULTS if context.get(k) is not None}
    out["office"] = render.layout("letters/office.yaml", templates) | dict(context.get("office") or {})
    out |= {"words": words, **_View(analysis, context["names"], words).rows()}
    out["said"] = _said(out)
    return out


def quarterly_mail_bodies(context: Mapping[str, Any], templates: Path = render.TEMPLATES) -> MailBodies:
    """The mail that brings the report: counts and digests only, no agency, firm or work by name."""
    data = prepare(context, templates)
    analysis = {k: data[k] for k in ("period", "period_roc", "inspections", "corrections", "base")}
    values = {k: data[k] for k in _MAIL_KEYS} | analysis | {"office": data["office"], "words": data["words"]}
    counts = {k: len(v) for k, v in data["said"].items()}
    total = {k: data["total"][k] for k in ("count", "last_year_sentence", "average_sentence")}
    return mail("quarterly", values | {"counts": counts, "total": total}, templates)


class _View:
    def __init__(self, analysis: Mapping[str, Any], names: Mapping[str, Any], words: Mapping[str, Any]) -> None:
        self.analysis, self.names, self.words = analysis, names, words

    def name(self, kind: str, key: str) -> str:
        return str(self.names.get(kind, {}).get(key, key))

    def rows(self) -> Row:
        analysis = self.analysis
        defects, corrections = analysis["defects"], analysis["corrections"]
        due = {s: self.name("severity", s) for s in corrections["by_severity"]}
        return {
            "severity": {s["severity"]: self.name("severity", s["severity"]) for s in defects["severities"]},
            "total": self.trend(defects["total"], self.words["all"]),
            "severities": [self.trend(r, self.name("severity", r["severity"])) for r in defects["severities"]],
            "categories": [self.trend(r, self.name("category", r["category"])) for r in defects["categories"]],
            **{k: [self.group(r) for r in analysis[k]] for k in ("agencies", "contractors", "districts")},
            "months": [m | {"state_zh": self.words["month_state"].get(m["state"], "")} for m in analysis["months"]],
            "due": [
                *({"name": due[s], **self.share(corrections["by_severity"][s])} for s in due),
                {"name": self.words["all"], **self.share(corrections["all"])},
            ],
            "tests": [self.test(r) for r in analysis["tests"]],
            "grades": [self.grade(r) for r in analysis["grades"]],
            "grave": self.grave(),
            "parts": self.parts(analysis["hits"]),
            "quarter_parts": self.parts(analysis["quarter_hits"]),
            "signals": [self.signal(r) for r in analysis["hits"]["signals"]],
        }

    def interval(self, row: Mapping[str, Any], scale: float = 1, digits: int = 2, unit: str = "") -> str:
        """The limits ``low`` and ``high`` of ``row`` as text, times ``scale``; empty when they are unknown."""
        if row["low"] is None:
            return ""
        ends = {k: f"{row[k] * scale:.{digits}f}" for k in ("low", "high") if row[k] is not None}
        return str(self.words["interval" if "high" in ends else "interval_open"].format(**ends, unit=unit))

    def share(self, row: Mapping[str, Any]) -> Row:
        return dict(row) | {"interval": self.interval(row, 100, 1, "%")}

    def trend(self, row: Mapping[str, Any], name: str) -> Row:
        out = {"name": name, "count": row["count"], "rate": row["rate"], "history": row["history"]}
        out |= {f"month{i}": n for i, n in enumerate(row["months"], 1)}
        for key in ("last_year", "average"):
            base = row[key]
            out |= {
                f"{key}_count": base["base_count"] if base["base_exposure"] else None,
                f"{key}_inspections": base["base_exposure"],
                f"{key}_rate": base["base_rate"],
                f"{key}_ratio": base["ratio"],
                f"{key}_low": base["low"],
                f"{key}_high": base["high"],
                f"{key}_interval": self.interval(base),
                f"{key}_p": _p(base["p_value"] if base["low"] is not None else None),
                f"{key}_state": base["verdict"],
                f"{key}_verdict": self.words["verdict"][base["verdict"]],
                f"{key}_sentence": self.words["sentence"][base["verdict"]],
            }
        known = row["expected_low"] is not None
        shown = self.words["interval"].format(low=row["expected_low"], high=row["expected_high"], unit="")
        return out | {"expected": shown if known else "", "dispersion": row["dispersion"]}

    def group(self, row: Mapping[str, Any]) -> Row:
        against, on_time = row["against"], self.share(row["on_time"])
        return dict(row) | {
            "name": row["name"] or self.words["unknown"],
            "interval": self.interval(row),
            "ratio": against["ratio"],
            "verdict": self.words["against"][against["verdict"]],
            "state": against["verdict"],
            "due_total": on_time["total"],
            "due_count": on_time["count"],
            "due_share": on_time["estimate"],
        }

    def test(self, row: Mapping[str, Any]) -> Row:
        last = row["last_count"] / row["last_total"] if row["last_total"] else None
        verdict = row["change"]["verdict"]
        return self.share(row) | {
            "name": self.name("test", row["test"]),
            "failed": row["total"] - row["count"],
            "last_share": last,
            "state": verdict,
            "verdict": self.words["verdict"][verdict],
        }

    def grade(self, row: Mapping[str, Any]) -> Row:
        tests = self.words["separator"].join(self.name("test", t) for t in row["tests"])
        return dict(row) | {"tests": tests, "grade": str(row["effect"]).partition("（")[0]}

    def grave(self) -> list[Row]:
        """One row a grave defect, in the order of the agencies that must report."""
        out: list[Row] = []
        for agency in self.analysis["grave"]:
            for case in agency["cases"]:
                for defect in case["defects"]:
                    out.append(
                        {k: v for k, v in case.items() if k != "defects"}
                        | defect
                        | {
                            "number": len(out) + 1,
                            "agency_name": agency["name"],
                            "category": self.name("category", defect["category"]),
                            "state_zh": self.words["state"][defect["state"]],
                        }
                    )
        return out

    def parts(self, hits: Mapping[str, Any]) -> list[Row]:
        return [self.share(row) | {"name": self.words["part"][part]} for part, row in hits["parts"].items()]

    def signal(self, row: Mapping[str, Any]) -> Row:
        against = row["against"]
        control = row["control_count"] / row["control_total"] if row["control_total"] else None
        return self.share(row) | {
            "name": row["name"] or row["signal_id"],
            "difference": against["estimate"],
            "difference_low": against["low"],
            "difference_high": against["high"],
            "difference_interval": self.interval(against, 100, 1),
            "ratio": against["ratio"],
            "p_value": _p(against["p_value"] if against["estimate"] is not None else None),
            "q_value": _p(against["q_value"]),
            "control_share": control,
            "state": against["verdict"],
            "verdict": self.words["hit"][against["verdict"]],
        }


def _p(value: float | None) -> str:
    """A p-value to four decimals; what would round to nothing is said to be below the last of them."""
    return "" if value is None else "<0.0001" if value < 0.0001 else f"{value:.4f}"


def _said(data: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What sentences and suggestions speak of."""

    def where(rows: Sequence[Row], state: str, *keys: str) -> list[Row]:
        return [r for r in rows if any(r[k] == state for k in keys)]

    bases = ("last_year_state", "average_state")
    return {
        "rising": where(data["categories"], "up", *bases),
        "falling": where(data["categories"], "down", *bases),
        "watched": where(data["categories"], "unsure", *bases),
        "most": [r for r in data["categories"] if r["count"]][:3],
        "months_high": [m for m in data["months"][-3:] if m["state"] == "up"],
        "agencies_high": where(data["agencies"], "up", "state"),
        "contractors_high": where(data["contractors"], "up", "state"),
        "districts_high": where(data["districts"], "up", "state"),
        "grave_agencies": list(data["analysis"]["grave"]),
        "tests_down": where(data["tests"], "down", "state"),
        "signals_good": where(data["signals"], "up", "state"),
        "signals_bad": where(data["signals"], "down", "state"),
        "late_agencies": [r for r in data["agencies"] if r["overdue"]],
    }
