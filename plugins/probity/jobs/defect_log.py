"""The office's log of defect events: what inspections and officers said of defects, never changed, read as of any day.

In: DEFECT_EVENT rows of forms and decisions. Out: rows of ``defect_event``, each once; the events known of a day, by a
moment. Why: the list 列管, the works signals, the pages and the quarterly report all read the same events.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from probity import defects
from probity.jobs.office import Office
from probity.store import model
from probity.tables import TABLES

COLUMNS = TABLES["defect_event"].names
BATCH = 1000


def record(session: Session, events: pa.Table) -> int:
    """Keep ``events`` (DEFECT_EVENT); returns how many were not known before."""
    rows = events.select(COLUMNS).to_pylist()
    new = 0
    for start in range(0, len(rows), BATCH):
        statement = insert(model.DefectEvent).values(rows[start : start + BATCH]).on_conflict_do_nothing()
        new += len(session.execute(statement.returning(model.DefectEvent.event_id)).all())
    return new


def known(session: Session, until: dt.date | None = None, known_by: dt.datetime | None = None) -> pa.Table:
    """DEFECT_EVENT of the days up to ``until``, of which the office knew by ``known_by`` (a moment with its zone)."""
    query = select(*(getattr(model.DefectEvent, n) for n in COLUMNS))
    if until is not None:
        query = query.where(model.DefectEvent.event_date <= until)
    if known_by is not None:
        query = query.where(model.DefectEvent.recorded_at <= known_by)
    return defects.table(dict(row._mapping) for row in session.execute(query))


def complete(office: Office, tables: Mapping[str, pa.Table], until: dt.date, rules: defects.Rules) -> pa.Table:
    """Every event up to ``until``: what the files say, the findings of failed tests, what re-inspections reopen, and
    what the office has recorded (decisions of officers). ``tables``: inspection, inspection_test, defect_event.

    An answer that no gate has passed does no harm here: without evidence, for a closed defect, or dated before the
    finding, it changes nothing on the list.
    """
    with office.transaction() as session:
        recorded = known(session, until)
    return merged(tables, recorded, rules)


def merged(tables: Mapping[str, pa.Table], recorded: pa.Table, rules: defects.Rules) -> pa.Table:
    """The same, from the events already ``recorded``: a pure function."""
    said = tables["defect_event"].select(COLUMNS).to_pylist()
    found = defects.table(r for r in said if r["kind"] == "found" and _judged(r))
    tests = defects.from_tests(tables["inspection"], tables["inspection_test"], found, rules)
    findings = defects.table([*found.to_pylist(), *tests.to_pylist()])
    earlier = defects.table([*findings.to_pylist(), *recorded.to_pylist()])
    own, reopened = defects.reinspected(tables["inspection"], findings, earlier, rules)
    told = [r for r in said if r["kind"] != "found"]
    return defects.table([*own.to_pylist(), *reopened.to_pylist(), *told, *recorded.to_pylist()])


def _judged(found: Mapping[str, Any]) -> bool:
    """Whether a finding says what kind of defect it is and how grave; one that does not is its gate's to set aside."""
    facts = json.loads(found["facts"])
    return bool(facts.get("category") and facts.get("severity"))


def written(session: Session, job: str, period: str) -> list[model.DefectLetter]:
    """The parts of letters that the run of ``period`` wrote."""
    return list(
        session.scalars(
            select(model.DefectLetter)
            .where(model.DefectLetter.job == job, model.DefectLetter.period == period)
            .order_by(model.DefectLetter.letter_id, model.DefectLetter.item)
        )
    )


def sent(session: Session) -> set[str]:
    """The items of every letter that was ever written."""
    return set(session.scalars(select(model.DefectLetter.item)))


def keep_letter(session: Session, office: Office, job: str, period: str, letter: defects.Letter) -> Any:
    """Keep ``letter`` as written by the run of ``period``; returns its content as plain JSON values."""
    content = office.objects.put_json(plain(letter))
    for item in letter.items:
        session.execute(
            insert(model.DefectLetter)
            .values(
                item=item,
                letter_id=letter.letter_id,
                defect_id=item.partition("/")[0],
                kind=letter.kind,
                agency_key=letter.agency_key,
                due_date=letter.due_date,
                job=job,
                period=period,
                content=content,
            )
            .on_conflict_do_nothing()
        )
    return office.objects.get_json(content)


def plain(letter: defects.Letter) -> dict[str, Any]:
    """A letter as plain values."""
    about = {n: getattr(letter, n) for n in letter.__dataclass_fields__}
    return about | {
        "copies": list(letter.copies),
        "defects": list(letter.defects),
        "items": list(letter.items),
        "to_superior": letter.to_superior,
        "answerable": letter.answerable,
    }
