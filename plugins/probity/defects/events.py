"""The events of a defect's life: how one is written, and in which order those of a day are read.

In: what happened, as plain values. Out: DEFECT_EVENT rows whose id is a digest of what they say (so that the same
thing said twice, by a file dropped again or a step run again, is one event).

``facts`` is canonical JSON: of ``found`` the DEFECT columns that never change (and ``revision`` of the form); of
``reported`` {corrected_date, extension_to}; of ``closed``, ``refused`` and ``extended`` {answers: ids of the reports
that the decision answers}; of ``reopened`` {inspection_id, category, severity, photos}.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from probity import canonical
from probity.tables import DEFECT_FACTS, TABLES

DEFECT_EVENT = TABLES["defect_event"]
KINDS = ("found", "reported", "extended", "closed", "refused", "reopened")
FOUND_FACTS = (*DEFECT_FACTS, "found_date")
"""The DEFECT columns that a finding fixes for good."""

_DECISIONS = ("extended", "refused", "closed")
_SAID = ("defect_id", "kind", "event_date", "deadline", "evidence", "note", "decided_by", "facts")


def event(
    kind: str,
    defect_id: str,
    event_date: dt.date,
    source: str,
    *,
    deadline: dt.date | None = None,
    evidence: str | None = None,
    note: str | None = None,
    decided_by: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A DEFECT_EVENT row. ValueError for an unknown kind, a decision that nobody took, a closing without evidence."""
    if kind not in KINDS:
        raise ValueError(f"no event {kind!r}; there are {', '.join(KINDS)}")
    if kind in _DECISIONS and not decided_by:
        raise ValueError(f"{kind}: an officer decides, and is named")
    if kind == "closed" and not evidence:
        raise ValueError("closed: nothing closes without evidence")
    row: dict[str, Any] = {
        "defect_id": defect_id,
        "kind": kind,
        "event_date": event_date,
        "deadline": deadline,
        "evidence": evidence or None,
        "note": note or None,
        "decided_by": decided_by or None,
        "source": source,
        "facts": canonical.dumps(dict(facts)) if facts is not None else None,
    }
    return {"event_id": canonical.digest([row[k] for k in _SAID])[:32]} | row


def table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """DEFECT_EVENT of ``rows``, one of each id, sorted by id."""
    unique = {row["event_id"]: {n: row[n] for n in DEFECT_EVENT.names} for row in rows}
    return pa.Table.from_pylist([unique[i] for i in sorted(unique)], schema=DEFECT_EVENT.arrow_schema())


def facts_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of an event, empty when it has none."""
    loaded: dict[str, Any] = json.loads(row["facts"]) if row.get("facts") else {}
    return loaded


def by_defect(events: pa.Table, as_of: dt.date | None = None) -> dict[str, list[dict[str, Any]]]:
    """Defect id -> its events up to ``as_of`` in the order in which they are read, by defect id."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in events.to_pylist():
        if as_of is None or row["event_date"] <= as_of:
            grouped.setdefault(row["defect_id"], []).append(row)
    return {i: ordered(grouped[i]) for i in sorted(grouped)}


def ordered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events in order. Within a day: findings, reports, decisions, reopenings; but a report that no decision of the
    day speaks of came after them (an agency that answers a refusal on the day that it gets it). Ties by id."""
    answered = {a for row in rows for a in facts_of(row).get("answers", ())}
    speaking = {row["event_date"] for row in rows if row["kind"] in _DECISIONS and facts_of(row).get("answers")}

    def place(row: Mapping[str, Any]) -> int:
        kind = row["kind"]
        if kind == "found":
            return 0
        if kind == "reported":
            return 3 if row["event_date"] in speaking and row["event_id"] not in answered else 1
        return 2 if kind in _DECISIONS else 4

    return sorted(rows, key=lambda r: (r["event_date"], place(r), r["event_id"]))
