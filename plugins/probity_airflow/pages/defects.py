"""What the pages of the defects show (列管): the list as of a day, one defect's history, what waits for an officer.

In: a session, the settings, a day and, when it matters, a moment until which things were known. Out: plain dicts for
the templates. The list is told anew from the events each time, by the code that makes the published list.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from probity import config, defects
from probity.settings import Settings
from probity.store import model
from probity.store.objects import ObjectStore
from probity.tables import DEFECT_EVENT

JOB = "defect_follow_up"
PAGE = 100
STATES = ("due", "overdue", "reported", "closed", "all")
TAIPEI = dt.timezone(dt.timedelta(hours=8), "Asia/Taipei")


@dataclass(frozen=True)
class Moment:
    """``as_of``: the day whose list is told. ``known_by``: only what this office had recorded by then; None: all."""

    as_of: dt.date
    known_by: dt.datetime | None = None


def moment(session: Session, as_of: str, known_by: str) -> Moment:
    """The moment that was asked for; without a day, the database's own day in Taipei. ValueError for what is no day
    (``2021-03-05``) or no time (``2021-03-05T17:00``, Taipei time unless it says otherwise)."""
    day = dt.date.fromisoformat(as_of) if as_of else session.execute(select(func.current_timestamp())).scalar_one()
    if isinstance(day, dt.datetime):
        day = day.astimezone(TAIPEI).date()
    known = dt.datetime.fromisoformat(known_by) if known_by else None
    return Moment(day, known.replace(tzinfo=TAIPEI) if known is not None and known.tzinfo is None else known)


class Register:
    """The list as of a moment."""

    def __init__(self, session: Session, settings: Settings, at: Moment) -> None:
        self.rules = defects.Rules(config.load(settings.config, "defects"))
        self.rows = events(session, at)
        self.at = at
        self.events = defects.table(self.rows)
        self.table = defects.register(self.events, at.as_of, self.rules)

    @property
    def counts(self) -> dict[str, int]:
        """defects, open, reported, closed, overdue, grave: see ``probity.defects.summary``."""
        return defects.summary(self.table)

    def listed(self, state: str) -> list[dict[str, Any]]:
        """The DEFECT rows in ``state`` (due: not closed), the longest overdue first, then by deadline and id."""
        rows = [self.told(r) for r in self.table.to_pylist() if _wanted(r, state)]
        return sorted(rows, key=lambda r: (-r["overdue_days"], r["deadline"], r["defect_id"]))

    def one(self, defect_id: str) -> dict[str, Any] | None:
        """The defect's row, None when nothing is known of it by then."""
        return next((self.told(r) for r in self.table.to_pylist() if r["defect_id"] == defect_id), None)

    def history(self, defect_id: str) -> list[dict[str, Any]]:
        """The defect's events in order, each with the time at which it was recorded."""
        recorded = {r["event_id"]: r["recorded_at"] for r in self.rows}
        found = defects.history(self.events, defect_id, self.at.as_of)
        return [row | {"recorded_at": recorded[row["event_id"]]} for row in found]

    def told(self, row: dict[str, Any]) -> dict[str, Any]:
        """A DEFECT row with its category and severity in words."""
        return row | {
            "category_zh": self.rules.category_zh(row["category"]),
            "severity_zh": self.rules.severity_zh(row["severity"]),
        }


def _wanted(row: dict[str, Any], state: str) -> bool:
    if state == "due":
        return bool(row["state"] != "closed")
    if state == "overdue":
        return bool(row["overdue_days"])
    return state == "all" or bool(row["state"] == state)


def events(session: Session, at: Moment) -> list[dict[str, Any]]:
    """The events dated and recorded by then: DEFECT_EVENT columns and ``recorded_at``."""
    table = model.DefectEvent
    query = select(table).where(table.event_date <= at.as_of).order_by(table.event_id)
    if at.known_by is not None:
        query = query.where(table.recorded_at <= at.known_by)
    names = (*DEFECT_EVENT.names, "recorded_at")
    return [{name: getattr(row, name) for name in names} for row in session.scalars(query)]


def letters(session: Session, defect_id: str, at: Moment) -> list[model.DefectLetter]:
    """The letters that were written about a defect and due by then, by due day."""
    table = model.DefectLetter
    query = select(table).where(table.defect_id == defect_id, table.due_date <= at.as_of)
    if at.known_by is not None:
        query = query.where(table.recorded_at <= at.known_by)
    return list(session.scalars(query.order_by(table.due_date, table.item)))


# -- what waits for an officer -------------------------------------------------------------------------------------
def requests(session: Session, page: int = 1) -> list[model.ClosureRequest]:
    """What was put before an officer: what waits first, then the newest."""
    table = model.ClosureRequest
    return list(
        session.scalars(
            select(table)
            .order_by(table.state != "proposed", table.period.desc(), table.revision.desc())
            .limit(PAGE)
            .offset((page - 1) * PAGE)
        )
    )


def waiting(session: Session, day: dt.date) -> list[model.ClosureRequest]:
    """The requests of days up to ``day`` that nobody has answered yet."""
    table = model.ClosureRequest
    query = select(table).where(table.state == "proposed", table.period <= day.isoformat())
    return list(session.scalars(query.order_by(table.period, table.revision)))


def proposed(settings: Settings, request: model.ClosureRequest) -> list[dict[str, Any]]:
    """The matters of a request, with category and severity in words and, once decided, why one was refused."""
    rules = defects.Rules(config.load(settings.config, "defects"))
    refused = {str(r.get("defect_id")): r.get("reason") or "" for r in request.refused}
    found = []
    for item in ObjectStore(settings.objects).get_json(request.list_digest):
        row = item["defect"]
        words = {
            "category_zh": rules.category_zh(row["category"]),
            "severity_zh": rules.severity_zh(row["severity"]),
            "refused": refused.get(row["defect_id"]),
        }
        found.append(item | words)
    return found
