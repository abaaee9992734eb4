"""The selection as a workbook: list, reasons, case data, signal statistics, charts, coverage, method.

In: a report context (``probity.reports.context``) and the layout of its family (``probity.reports.families``). Out:
one xlsx file, the same bytes for the same context. Why: the officer works in Excel; whatever the selection rests on
must be in the file that is mailed, down to the digests by which a stranger recomputes it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from probity.reports import context as contexts
from probity.reports import families, render
from probity.reports.package import Properties
from probity.reports.xlsx import Book, Column, Range, Sheet

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNSURE = "FFF2CC"
_FILLS = {"must_watch": "FCE4D6", "control": "E2EFDA", "added": _UNSURE}


def columns(layout: Sequence[Mapping[str, Any]]) -> list[Column]:
    """The columns of a layout's list."""
    return [Column(**c) for c in layout]


def selection_workbook(path: Path, context: Mapping[str, Any], templates: Path = render.TEMPLATES) -> Path:
    """Write the workbook of a selection to ``path`` (whole or not at all) and return the path.

    Raises ``probity.reports.context.ContextError`` when the context lacks a required key.
    """
    build(context, templates).save(path)
    return path


def selection_workbook_bytes(context: Mapping[str, Any], templates: Path = render.TEMPLATES) -> bytes:
    """The workbook's bytes."""
    return build(context, templates).to_bytes()


def build(context: Mapping[str, Any], templates: Path = render.TEMPLATES) -> Book:
    """The filled workbook, not yet written."""
    return _Writer(contexts.prepare(context, templates), templates).book


class _Writer:
    def __init__(self, data: dict[str, Any], templates: Path) -> None:
        self.data, self.templates = data, templates
        self.shape = families.shape(data["family"])
        self.fields = self.shape.field_names
        self.layout = render.layout(self.shape.workbook, templates)
        self.book = Book(
            Properties(
                title=self.text(self.layout["title"]),
                subject=self.text(self.layout["subject"]),
                creator=data["office"]["system"],
                date=render.as_date(data["decided_at"]) or dt.date(2000, 1, 1),
            ),
            words=self.layout["writer"],
            header=self.text(self.layout["header"]),
            footer=self.text(self.layout["footer"]),
        )
        self.cases()
        self.reasons()
        self.details()
        signals = self.signals()
        self.charts(signals)
        self.coverage()
        self.method()

    def text(self, source: str, **more: Any) -> str:
        return render.line(source, self.data | more, self.templates)

    def sheet(self, part: str, tab: str) -> tuple[Sheet, Mapping[str, Any]]:
        layout = self.layout[part]
        sheet = self.book.sheet(layout["title"], tab)
        sheet.heading(self.text(layout["heading"]))
        for note in layout["notes"]:
            sheet.note(self.text(note))
        return sheet, layout

    def cases(self) -> None:
        sheet, layout = self.sheet("cases", "C00000")
        added = {a["case_id"]: a.get("reason") or "" for a in self.data["added"]}
        rows = []
        for case in self.data["cases"]:
            lines = [
                layout["reason_line"].format(number=n, text=r.get("text") or r.get("name") or "")
                for n, r in enumerate(case["reasons"], 1)
            ]
            if not lines or case["case_id"] in added:
                source = layout["no_reason"].get(case["part"], layout["no_reason"]["other"])
                first = self.text(
                    source, probability=case.get("inclusion_probability"), reason=added.get(case["case_id"], "")
                )
                lines = [first, *lines] if first else lines
            rows.append(case | {"reasons_zh": "\n".join(lines)})
        sheet.table(
            columns(layout["columns"]), rows, main=True, freeze=2, fills=lambda r: _FILLS.get(r["part"]), fill_to=2
        )
        if not rows:
            sheet.note(layout["none"])

    def reasons(self) -> None:
        sheet, layout = self.sheet("reasons", "C55A11")
        rows = []
        for case in self.data["cases"]:
            about = {k: case.get(k) for k in ("rank", "agency_name", "case_no", "title")}
            points = {p["signal_id"]: p for p in case["score_parts"]}
            for reason in case["reasons"]:
                evidence = case["evidence"].get(reason["signal_id"], {})
                part = points.pop(reason["signal_id"], {})
                rows.append(
                    about
                    | {
                        "signal_id": reason["signal_id"],
                        "signal_name": reason.get("name"),
                        "text": reason.get("text"),
                        "legal_basis": reason.get("legal_basis"),
                        "value": evidence.get("value"),
                        "threshold": evidence.get("threshold"),
                        "strength": evidence.get("strength", part.get("strength")),
                        "amount_at_stake": evidence.get("amount_at_stake"),
                        "weight": part.get("weight"),
                        "points": part.get("points"),
                        "evidence_zh": self.evidence(evidence.get("evidence"), layout),
                        "uncertain": uncertain(evidence.get("evidence"), layout.get("uncertain", ())),
                    }
                )
            rows += [about | self.scored(p, layout) for p in points.values() if p.get("points")]
        sheet.table(
            columns(layout["columns"]),
            rows,
            main=True,
            freeze=3,
            fills=lambda r: _UNSURE if r.get("uncertain") else None,
        )

    def scored(self, part: Mapping[str, Any], layout: Mapping[str, Any]) -> dict[str, Any]:
        """A part of the score that is no reason (it lowers the score, or repeats a signal that fired): it must be seen
        all the same, so that the points of a case add up to its score."""
        signal, _, tail = str(part["signal_id"]).partition(":")
        names = {s["signal_id"]: s.get("name") for s in self.data["signals"]}
        text = layout["scored"].format(tail=layout["tails"].get(tail, ""))
        kept = {k: part.get(k) for k in ("signal_id", "strength", "weight", "points")}
        return kept | {"signal_name": names.get(signal), "text": text}

    def evidence(self, value: Any, layout: Mapping[str, Any]) -> str:
        facts = contexts.parsed(value)
        if not isinstance(facts, dict):
            return "；".join(str(v) for v in facts) if isinstance(facts, list) else str(facts)
        return "\n".join(
            layout["evidence_pair"].format(key=key, value=value)
            for key, value in told(facts, self.fields, self.data["labels"])
        )

    def details(self) -> None:
        sheet, layout = self.sheet("details", "7F6000")
        words = self.data["labels"]["source"]
        rows = [
            c | {"sources": "、".join(words.get(s, s) for s in str(c.get("sources") or "").split(",") if s)}
            for c in self.data["cases"]
        ]
        sheet.table(columns(layout["columns"]), rows, main=True, freeze=3, pages=2)

    def signals(self) -> list[dict[str, Any]]:
        sheet, layout = self.sheet("signals", "2E75B6")
        chosen = Counter(r["signal_id"] for c in self.data["cases"] for r in c["reasons"])
        labels = self.data["labels"]
        rows = [
            dict(s)
            | {
                "too_common_zh": labels["affirmed"] if s.get("too_common") else "",
                "selected": chosen.get(s["signal_id"], 0),
                "must_watch": "" if s.get("must_watch") is None else str(s["must_watch"]),
                "family": labels["family"].get(s.get("family"), s.get("family")),
            }
            for s in sorted(self.data["signals"], key=lambda s: s["signal_id"])
        ]
        sheet.table(
            columns(layout["columns"]),
            rows,
            main=True,
            freeze=2,
            fills=lambda r: _UNSURE if r["too_common_zh"] else None,
        )
        return rows

    def charts(self, signals: Sequence[Mapping[str, Any]]) -> None:
        sheet, layout = self.sheet("charts", "548235")
        top = layout["top"]
        fired = sorted((s for s in signals if s.get("fired")), key=lambda s: (-s["fired"], s["signal_id"]))[:top]
        rows_of = {
            key: [{"name": n, "count": c} for n, c in self.data["counts"][key][:top]]
            for key in ("agencies", "kinds", "districts")
        }
        rows_of["signals"] = [{"name": f"{s['signal_id']} {s.get('name') or ''}", "count": s["fired"]} for s in fired]
        row, page, page_rows = 5, 1, layout.get("page_rows")
        for key in layout.get("shown", ("signals", "agencies", "kinds")):
            rows, words = rows_of[key], layout[key]
            height = max(5.5, 1.8 + 0.72 * len(rows))
            if page_rows:
                breaks = row + int(height / 0.62) - page > page_rows
            else:
                breaks = key == "agencies" and row + len(rows) > 30
            if breaks:
                # A row of air above the chart, whose frame would else show on the page before.
                sheet.page_break(row - 3 if page_rows else row - 2)
                page = row - 2
            sheet.move(row - 1)
            sheet.subheading(words["title"])
            table = [Column("name", words["name"], width=40), Column("count", words["count"], "count", width=12)]
            place: Range = sheet.table(table, rows)
            sheet.bar_chart(place, rows, "name", "count", words["title"], f"D{row - 1}", size=(19, height))
            row += max(len(rows) + 4, int(height / 0.62) + 2)

    def coverage(self) -> None:
        sheet, layout = self.sheet("coverage", "7030A0")
        data, labels = self.data["coverage"], self.data["labels"]
        fields, sources = self.fields, labels["source"]

        def zh(row: Mapping[str, Any], **words: Mapping[str, str]) -> dict[str, Any]:
            plain = {k: str(row.get(k) or "") for k in words}
            return dict(row) | {f"{k}_zh": names.get(plain[k], plain[k]) for k, names in words.items()}

        parts: dict[str, list[dict[str, Any]]] = {
            "sources": [
                dict(s)
                | {"source": sources.get(name := str(s.get("source") or s.get("source_id") or ""), name)}
                | {k: render.as_date(s.get(k)) for k in ("first_date", "last_date")}
                for s in data["sources"]
            ],
            "missing": [{"text": m} if isinstance(m, str) else m for m in data["missing"]],
            "gates": [zh(g, stage=labels["stage"], outcome=labels["outcome"]) for g in data["gates"]],
            "quarantine": [
                zh(q, severity=labels["severity"], source_id=sources, field=fields)
                | {"source_zh": sources.get(q.get("source_id"), q.get("source_id"))}
                for q in data["quarantine"]
            ],
            "conflicts": [
                zh(c, source_a=sources, source_b=sources) | {"field_zh": field_name(str(c.get("field") or ""), fields)}
                for c in data["conflicts"]
            ],
        }
        for name, rows in parts.items():
            words = layout[name]
            sheet.blank()
            sheet.subheading(words["title"])
            if not rows:
                sheet.note(words["none"])
            elif name == "missing":
                for row in rows:
                    sheet.note(row["text"])
            else:
                sheet.table(columns(words["columns"]), rows, main=name == "sources")

    def method(self) -> None:
        sheet, layout = self.sheet("method", "404040")
        commitment = self.commitment(layout)
        source = layout["seed_source"].get(self.data["seed_source"], self.data["seed_source"])
        rows = [
            {"item": item, "value": self.text(value, commitment_zh=commitment, seed_source_zh=source)}
            for item, value in layout["rows"]
        ]
        for key in ("removed", "added"):
            numbers = {c["case_id"]: c["rank"] for c in self.data["cases"]}
            for entry in self.data[key]:
                known = numbers.get(entry["case_id"])
                shown = layout["rank"].format(rank=known) if known else entry.get("case_no") or entry["case_id"]
                rows.append({"item": layout[key], "value": f"{shown}：{entry.get('reason') or ''}"})
        rows += [
            {"item": layout["step"].format(number=n), "value": str(s)} for n, s in enumerate(self.data["steps"], 1)
        ]
        rows += [
            {"item": layout["version"].format(name=k), "value": str(v)}
            for k, v in sorted(self.data["versions"].items())
        ]
        rows += [{"item": layout["rule"].format(name=k), "value": v} for k, v in sorted(self.data["rules"].items())]
        sheet.table(columns(layout["columns"]), rows, main=True, freeze=1)

    def commitment(self, layout: Mapping[str, Any]) -> str:
        """The control draw's commitment as lines: the figures that the layout names, and the rules in words."""
        parts = self.data["commitment"]
        if not parts:
            return str(layout["no_commitment"])
        known = [
            f"{name}：{shown(parts[key], self.data['labels'])}"
            for key, name in layout["commitment"].items()
            if parts.get(key) is not None
        ]
        return "\n".join([*known, *layout["commitment_rules"]])


def uncertain(evidence: Any, keys: Sequence[str]) -> bool:
    """Does the evidence count matches that nobody confirmed, under any of ``keys``?"""
    facts = contexts.parsed(evidence)
    return isinstance(facts, dict) and any(facts.get(key) for key in keys)


def told(facts: Mapping[str, Any], fields: Mapping[str, str], labels: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A signal's evidence as (name, value) for reading; ``fields``: names of the tables' columns."""
    names = dict(fields) | labels["evidence"]
    return [(names.get(key, key), shown(value, labels)) for key, value in facts.items()]


def field_name(field: str, fields: Mapping[str, str]) -> str:
    """A conflict's field for reading: 決標金額, or for a bidder (``bid.<firm>.award_amount``) the firm and the name."""
    *before, last = field.split(".")
    return "　".join([*before[1:], fields.get(last, last)])


def shown(value: Any, labels: Mapping[str, Any]) -> str:
    """A value of the evidence as an officer reads it."""
    if value is None:
        return str(labels["unknown"])
    if isinstance(value, bool):
        return str(labels["affirmed"] if value else labels["denied"])
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, (list, tuple)):
        return "、".join(shown(v, labels) for v in value)
    if isinstance(value, Mapping):
        return "；".join(f"{k} {shown(v, labels)}" for k, v in sorted(value.items()))
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        return render.roc(value)
    return str(value)
