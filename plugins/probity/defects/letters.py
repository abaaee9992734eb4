"""Who must be written to, and when: letters on creation, before the deadline, when overdue, and after a decision.

In: DEFECT_EVENT, a day, the rules, the agencies (for the superior). Out: ``Letter`` objects. Why: each letter's day and
content follow from its own due day alone (the standing of its defects on that day), never from the day of the run: a
run that was missed, repeated or backfilled gives the same letters, and ``items`` (one key a defect, kind, step and day)
lets the office send each once.

Kinds: notice, reminder, overdue, refused, extended, closed, reopened (工程施工查核小組作業辦法 §9, §10).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from probity import canonical
from probity.defects import events as ev
from probity.defects.ledger import Standing, row_of, stand
from probity.defects.rules import Rules

ON_DECISION = {"refused": "refused", "extended": "extended", "closed": "closed", "reopened": "reopened"}


@dataclass(frozen=True)
class Letter:
    """One letter. ``level`` counts the steps of escalation (0 when the kind has none); ``to`` is agency or superior;
    ``superior_name`` is None when the list of agencies knows none. ``defects``: DEFECT rows as of ``due_date`` with
    ``note`` (of the decision, or of the re-inspection). ``items``: the keys by which each is sent once."""

    letter_id: str
    kind: str
    level: int
    due_date: dt.date
    agency_key: str
    agency_name: str
    to: str
    copies: tuple[str, ...]
    superior_key: str | None
    superior_name: str | None
    law: str
    defects: tuple[dict[str, Any], ...]
    items: tuple[str, ...]

    @property
    def to_superior(self) -> bool:
        """Whether the superior agency is its addressee (it is the agency itself when no superior is known)."""
        return self.to == "superior" and self.superior_name is not None

    @property
    def answerable(self) -> bool:
        """Whether a correction form goes with it."""
        return self.kind != "closed"


@dataclass(frozen=True)
class _Due:
    """One defect's part in a letter."""

    kind: str
    level: int
    day: dt.date
    now: Standing
    note: str | None
    step: Mapping[str, Any]

    @property
    def item(self) -> str:
        return f"{self.now.defect_id}/{self.kind}{self.level or ''}/{self.day.isoformat()}"


def due_letters(
    events: pa.Table,
    as_of: dt.date,
    config: Mapping[str, Any] | Rules,
    agencies: pa.Table | None = None,
    sent: Collection[str] = (),
) -> list[Letter]:
    """The letters due by the end of ``as_of`` whose items are not in ``sent``, by due day, agency and kind.

    ``config``: defects.yaml or Rules; nothing before its ``letters_from`` is due. ``agencies``: AGENCY. A notice is one
    letter an inspection; the others gather an agency's defects of one day and step.
    """
    rules = config if isinstance(config, Rules) else Rules(config)
    done = frozenset(sent)
    groups: dict[tuple[Any, ...], list[_Due]] = {}
    for own in ev.by_defect(events, as_of).values():
        for due in _due(own, as_of, rules):
            if due.day >= rules.letters_from and due.item not in done:
                whole = str(due.now.facts["inspection_id"]) if due.kind == "notice" else ""
                key = (due.day, str(due.now.facts["agency_key"]), due.kind, due.level, whole)
                groups.setdefault(key, []).append(due)
    superiors = _superiors(agencies)
    return [_letter(groups[key], rules, superiors) for key in sorted(groups)]


def _letter(parts: list[_Due], rules: Rules, superiors: Mapping[str, tuple[str, str]]) -> Letter:
    first, facts = parts[0], parts[0].now.facts
    items = tuple(sorted(p.item for p in parts))
    superior = superiors.get(str(facts["agency_key"]))
    rows = [row_of(p.now, p.day, rules) | {"note": p.note} for p in parts]
    return Letter(
        letter_id=f"DL-{first.day:%Y%m%d}-{first.kind}-{canonical.digest(list(items))[:8]}",
        kind=first.kind,
        level=first.level,
        due_date=first.day,
        agency_key=str(facts["agency_key"]),
        agency_name=str(facts["agency_name"]),
        to=str(first.step.get("to", "agency")),
        copies=tuple(first.step.get("copy", ())),
        superior_key=superior[0] if superior else None,
        superior_name=superior[1] if superior else None,
        law=str(rules.on(first.now.found_date)["law"]),
        defects=tuple(sorted(rows, key=lambda r: r["defect_id"])),
        items=items,
    )


# -- what falls due -----------------------------------------------------------------------------------------------
def _due(own: list[dict[str, Any]], as_of: dt.date, rules: Rules) -> Iterator[_Due]:
    """Every part in a letter that one defect's events make due by ``as_of``."""
    found = stand(own, rules)
    if found is None:
        return
    rule = rules.on(found.found_date)
    if (day := rules.notice(found.found_date)) <= as_of:
        now = _on(own, day, rules)
        if now is not None:
            yield _Due("notice", 0, day, now, None, {})
    for row in own:
        kind = ON_DECISION.get(row["kind"])
        now = _on(own, row["event_date"], rules) if kind else None
        if kind and now is not None and _tells(row, own, rules):
            yield _Due(kind, 0, row["event_date"], now, row["note"], {})
    for deadline in sorted(_deadlines(own, rules)):
        for days in sorted(rule["reminders"]):
            day = rules.calendar.add_working_days(deadline, -int(days))
            if day <= as_of and (now := _owed(own, day, deadline, rules)) is not None:
                yield _Due("reminder", 0, day, now, None, {})
        for level, step in enumerate(sorted(rule["overdue"], key=lambda s: int(s["days"])), 1):
            day = rules.calendar.add_working_days(deadline, int(step["days"]))
            if day <= as_of and (now := _owed(own, day, deadline, rules)) is not None:
                yield _Due("overdue", level, day, now, None, step)


def _on(own: list[dict[str, Any]], day: dt.date, rules: Rules) -> Standing | None:
    return stand([r for r in own if r["event_date"] <= day], rules)


def _tells(row: Mapping[str, Any], own: list[dict[str, Any]], rules: Rules) -> bool:
    """A re-inspection that finds an open defect still open changes nothing that a letter could tell."""
    if row["kind"] != "reopened":
        return True
    before = stand(own[: [r["event_id"] for r in own].index(row["event_id"])], rules)
    return before is not None and before.state != "open"


def _deadlines(own: list[dict[str, Any]], rules: Rules) -> set[dt.date]:
    """Every deadline that was in force on some day."""
    days = sorted({r["event_date"] for r in own})
    return {now.deadline for day in days if (now := _on(own, day, rules)) is not None}


def _owed(own: list[dict[str, Any]], day: dt.date, deadline: dt.date, rules: Rules) -> Standing | None:
    """The standing on ``day`` when the defect is open under ``deadline``, set before that day."""
    now = _on(own, day, rules)
    return now if now and now.state == "open" and now.deadline == deadline and now.since < day else None


def _superiors(agencies: pa.Table | None) -> dict[str, tuple[str, str]]:
    """Agency key (and id) -> key and name of the superior agency."""
    rows = agencies.to_pylist() if agencies is not None else []
    known = {r["agency_id"]: (r["agency_key"], r["agency_name"]) for r in rows}
    out: dict[str, tuple[str, str]] = {}
    for row in rows:
        if row["parent_id"] in known and row["parent_id"] != row["agency_id"]:
            out[row["agency_id"]] = out[row["agency_key"]] = known[row["parent_id"]]
    return out
