"""The list 列管 as of any day: each defect's events read in order up to that day.

In: DEFECT_EVENT, a day, the rules. Out: DEFECT rows. Why: the list is never kept, it is always told anew from events
that never change, so that the list of any past day is the same whenever it is asked for.

A defect is ``open`` from its finding, ``reported`` once the agency answered with evidence, ``closed`` by an officer
alone; a refusal opens it again with a new deadline, a re-inspection reopens it (``cycle`` + 1). Of several findings of
one defect (a form that was corrected) that of the highest revision counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from probity.defects import events as ev
from probity.defects.rules import Rules
from probity.tables import TABLES

DEFECT = TABLES["defect"]


@dataclass
class Standing:
    """How a defect stands after its events up to some day."""

    defect_id: str
    facts: dict[str, Any]
    found_date: dt.date
    deadline: dt.date
    since: dt.date
    """the day on which the deadline was set"""
    state: str = "open"
    state_date: dt.date = dt.date.min
    cycle: int = 1
    evidence: str | None = None
    closed_date: dt.date | None = None
    answered: dt.date | None = None
    in_time: bool | None = None
    reports: list[dict[str, Any]] = field(default_factory=list)
    """answers of the agency that no decision has dealt with yet"""

    @property
    def severity(self) -> str:
        return str(self.facts["severity"])


def stand(rows: Sequence[Mapping[str, Any]], rules: Rules) -> Standing | None:
    """The standing after ``rows`` (one defect's events in order); None when not found yet. What is dated before the
    finding is not read: there was nothing to answer."""
    findings = [r for r in rows if r["kind"] == "found"]
    if not findings:
        return None
    first = max(findings, key=lambda r: (int(ev.facts_of(r).get("revision") or 0), r["event_id"]))
    facts = ev.facts_of(first)
    found = first["event_date"]
    set_ = first["deadline"]
    deadline = rules.last_day(set_) if set_ else rules.deadline(str(facts["severity"]), found)
    now = Standing(first["defect_id"], facts, found, deadline, found, state_date=found)
    for row in rows:
        if row["event_date"] >= found:
            _APPLY[row["kind"]](now, row, rules)
    return now


def _nothing(now: Standing, row: Mapping[str, Any], rules: Rules) -> None:
    """The finding made the standing."""


def _reported(now: Standing, row: Mapping[str, Any], rules: Rules) -> None:
    if now.state == "closed":
        return
    now.reports.append(dict(row))
    if not row["evidence"]:  # asks for more time, reports nothing
        return
    if now.state == "open":
        now.answered, now.in_time = row["event_date"], row["event_date"] <= now.deadline
        now.state, now.state_date = "reported", row["event_date"]
    now.evidence = row["evidence"]


def _extended(now: Standing, row: Mapping[str, Any], rules: Rules) -> None:
    if row["deadline"] is not None and now.state != "closed":
        now.deadline, now.since = rules.last_day(row["deadline"]), row["event_date"]
    _dealt_with(now, row)


def _refused(now: Standing, row: Mapping[str, Any], rules: Rules) -> None:
    if now.state == "reported" and not ev.facts_of(row).get("extension"):
        now.state, now.state_date = "open", row["event_date"]
        now.deadline = _again(now, row, rules)
        now.since, now.answered, now.in_time = row["event_date"], None, None
    _dealt_with(now, row)


def _closed(now: Standing, row: Mapping[str, Any], rules: Rules) -> None:
    now.state, now.state_date, now.closed_date = "closed", row["event_date"], row["event_date"]
    now.evidence = row["evidence"] or now.evidence
    now.reports.clear()


def _reopened(now: Standing, row: Mapping[str, Any], rules: Rules) -> None:
    if now.state == "open":  # still the same defect, seen again: the deadline that runs goes on running
        return
    now.cycle += 1
    now.state, now.state_date, now.closed_date = "open", row["event_date"], None
    now.deadline = _again(now, row, rules)
    now.since, now.answered, now.in_time, now.evidence = row["event_date"], None, None, None
    now.reports.clear()


def _again(now: Standing, row: Mapping[str, Any], rules: Rules) -> dt.date:
    """The deadline that a refusal or a re-inspection sets, the rules' own when it sets none."""
    set_: dt.date | None = row["deadline"]
    return rules.last_day(set_) if set_ else rules.again(now.severity, row["event_date"])


def _dealt_with(now: Standing, row: Mapping[str, Any]) -> None:
    answers = ev.facts_of(row).get("answers")
    now.reports = [] if answers is None else [r for r in now.reports if r["event_id"] not in set(answers)]


_APPLY = {
    "found": _nothing,
    "reported": _reported,
    "extended": _extended,
    "refused": _refused,
    "closed": _closed,
    "reopened": _reopened,
}


def row_of(now: Standing, as_of: dt.date, rules: Rules) -> dict[str, Any]:
    """The DEFECT row of a standing. ``overdue_days`` counts while the agency owes its answer; ``on_time`` is whether
    the answer of this cycle came by the deadline then in force, False once that has passed without one."""
    overdue = rules.overdue_days(now.deadline, as_of) if now.state == "open" else 0
    on_time = now.in_time if now.answered is not None else (False if now.state == "open" and overdue else None)
    facts = {n: now.facts.get(n) for n in ev.FOUND_FACTS}
    return facts | {
        "defect_id": now.defect_id,
        "found_date": now.found_date,
        "deadline": now.deadline,
        "state": now.state,
        "state_date": now.state_date,
        "overdue_days": overdue,
        "cycle": now.cycle,
        "evidence": now.evidence,
        "closed_date": now.closed_date,
        "on_time": on_time,
    }


def register(events: pa.Table, as_of: dt.date, config: Mapping[str, Any] | Rules) -> pa.Table:
    """DEFECT as of the end of ``as_of``, by defect id. ``events``: DEFECT_EVENT (later ones are left out); ``config``:
    defects.yaml or Rules. Events of a defect that was never found are left out: nothing is known of it."""
    rules = config if isinstance(config, Rules) else Rules(config)
    rows = []
    for own in ev.by_defect(events, as_of).values():
        now = stand(own, rules)
        if now is not None:
            rows.append(row_of(now, as_of, rules))
    return pa.Table.from_pylist(rows, schema=DEFECT.arrow_schema())


def history(events: pa.Table, defect_id: str, as_of: dt.date | None = None) -> list[dict[str, Any]]:
    """The events of one defect in order (DEFECT_EVENT columns, ``facts`` as a dict), up to ``as_of`` when given."""
    return [row | {"facts": ev.facts_of(row)} for row in ev.by_defect(events, as_of).get(defect_id, [])]


def summary(defects: pa.Table) -> dict[str, int]:
    """Counts of a DEFECT table: defects, open, reported, closed, overdue, grave (not closed)."""
    rows = defects.select(["state", "severity", "overdue_days"]).to_pylist()
    counts = {s: sum(r["state"] == s for r in rows) for s in ("open", "reported", "closed")}
    return counts | {
        "defects": len(rows),
        "overdue": sum(r["overdue_days"] > 0 for r in rows),
        "grave": sum(r["severity"] == "grave" and r["state"] != "closed" for r in rows),
    }
