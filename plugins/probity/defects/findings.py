"""The events that inspections give beyond what their forms list: failed tests, and what a re-inspection reopens.

In: INSPECTION, INSPECTION_TEST, the findings of the forms (DEFECT_EVENT), the rules. Out: DEFECT_EVENT rows. Why: a
core that is too thin must be corrected whether or not the inspector wrote it down a second time, and a defect that a
re-inspection finds again is the old one, not a new one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from probity.defects import events as ev
from probity.defects.rules import Rules


def from_tests(
    inspection: pa.Table, inspection_test: pa.Table, found: pa.Table, config: Mapping[str, Any] | Rules
) -> pa.Table:
    """A finding for each test that failed, unless the form lists a defect of its category: grave when the rule lowers
    the grade (工程施工查核小組作業辦法 §8), else major."""
    rules = config if isinstance(config, Rules) else Rules(config)
    listed = {(f["inspection_id"], f["category"]) for _, f in _findings(found)}
    failed: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for row in sorted(inspection_test.to_pylist(), key=lambda r: (r["inspection_id"], r["test"], r["lot"])):
        if row["state"] == "fail":
            about = rules.config["tests"].get(row["test"], rules.config["other_tests"])
            failed.setdefault((row["inspection_id"], int(about["number"]), about["category"]), []).append(row)
    known = {r["inspection_id"]: r for r in inspection.to_pylist()}
    rows = []
    for (inspection_id, number, category), results in sorted(failed.items()):
        record = known.get(inspection_id)
        if record is None or (inspection_id, category) in listed:
            continue
        severity = "grave" if any(r["grade_effect"] for r in results) else "major"
        facts = _facts(record) | {
            "category": category,
            "severity": severity,
            "description": _said(results, rules) or rules.category_zh(category),
            "photos": None,
        }
        rows.append(
            ev.event(
                "found",
                f"{inspection_id}-D{number:02d}",
                record["inspected_date"],
                record["file_digest"] or inspection_id,
                facts=facts,
            )
        )
    return ev.table(rows)


def _said(results: list[dict[str, Any]], rules: Rules) -> str:
    """The reasons of a failed test. Those of several lots are told apart: each figure belongs to its own lot."""
    reasons = {r["reason"]: int(r["lot"]) for r in reversed(results) if r["reason"]}
    if len(reasons) < 2:
        return "".join(reasons)
    names = rules.config["lots"]
    told = [names["one" if lot else "all"].format(lot=lot) + reason for reason, lot in reversed(reasons.items())]
    return str(names["between"]).join(told)


def reinspected(
    inspection: pa.Table, found: pa.Table, earlier: pa.Table, config: Mapping[str, Any] | Rules
) -> tuple[pa.Table, pa.Table]:
    """(findings that are defects of their own, reopenings). A re-inspection's finding of the category of a defect that
    the inspection before had found, within ``reopen_months``, is that defect: it is reopened, one for one in the order
    of their ids. ``earlier``: every event known, among them the findings of the inspections before."""
    rules = config if isinstance(config, Rules) else Rules(config)
    looks_at = {r["inspection_id"]: r["reinspects"] for r in inspection.to_pylist() if r["reinspects"]}
    old: dict[tuple[str, str], list[tuple[str, dt.date]]] = {}
    for row, facts in _findings(earlier):
        old.setdefault((facts["inspection_id"], facts["category"]), []).append((row["defect_id"], row["event_date"]))
    own, reopened = [], []
    for row, facts in sorted(_findings(found), key=lambda pair: (pair[0]["defect_id"], pair[0]["event_id"])):
        match = _matching(row, facts, looks_at, old, rules)
        if match is None:
            own.append(row)
            continue
        again = {k: facts.get(k) for k in ("inspection_id", "category", "severity", "photos")}
        reopened.append(
            ev.event(
                "reopened",
                match,
                row["event_date"],
                row["source"],
                deadline=row["deadline"],
                note=facts.get("description"),
                facts=again,
            )
        )
    others = [r for r in found.to_pylist() if r["kind"] != "found"]
    return ev.table([*own, *others]), ev.table(reopened)


def _matching(
    row: Mapping[str, Any],
    facts: Mapping[str, Any],
    looks_at: Mapping[str, str],
    old: dict[tuple[str, str], list[tuple[str, dt.date]]],
    rules: Rules,
) -> str | None:
    """The earlier defect that a finding is; each earlier one is taken once."""
    target = looks_at.get(facts["inspection_id"])
    while target:
        waiting = sorted(set(old.get((target, facts["category"]), [])))
        months = int(rules.on(row["event_date"])["reopen_months"])
        waiting = [w for w in waiting if _months(w[1], row["event_date"]) <= months]
        if waiting:
            old[target, facts["category"]] = waiting[1:]
            return waiting[0][0]
        target = looks_at.get(target)
    return None


def _months(first: dt.date, last: dt.date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def withdrawn(found: pa.Table, registered: pa.Table) -> list[str]:
    """Ids of defects whose registered finding is no longer among ``found`` although its inspection is: the inspector
    corrected the form. They stay on the list until an officer closes them; the office is told."""
    inspections = {facts["inspection_id"] for _, facts in _findings(found)}
    now = {row["defect_id"] for row, _ in _findings(found)}
    return sorted(
        {
            row["defect_id"]
            for row, facts in _findings(registered)
            if facts["inspection_id"] in inspections and row["defect_id"] not in now
        }
    )


def _findings(events: pa.Table) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(row, ev.facts_of(row)) for row in events.to_pylist() if row["kind"] == "found"]


def _facts(record: Mapping[str, Any]) -> dict[str, Any]:
    kept = {n: record.get(n) for n in ev.FOUND_FACTS if n in record}
    return kept | {"found_date": record["inspected_date"], "agency_name": record["agency_name"] or record["agency_key"]}
