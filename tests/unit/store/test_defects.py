"""A defect's events and letters are append-only: no role of the office can change what was recorded."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from probity.settings import Settings
from probity.store import db, model


def put(settings: Settings, **changed: object) -> None:
    row = {"event_id": "e1", "defect_id": "D", "kind": "found", "event_date": dt.date(2021, 3, 5), "source": "s"}
    with db.session_scope(settings) as session:
        session.execute(sa.insert(model.DefectEvent).values(row | changed))


def test_events_and_letters_never_change(db_settings: Settings) -> None:
    put(db_settings)
    with db.session_scope(db_settings) as session:
        day = dt.date(2021, 3, 10)
        names = ("item", "letter_id", "defect_id", "kind", "agency_key", "job", "period", "content")
        session.add(model.DefectLetter(**dict.fromkeys(names, "x"), due_date=day))
        about = {"job": "j", "period": "2021-03-05", "revision": 1, "manifest_digest": "m", "list_digest": "l"}
        session.add(
            model.ClosureRequest(
                request_id="DF-2021-03-05-r1", state="approved", decided_by="lin", decided_at=sa.func.now(), **about
            )
        )
    for statement in (
        "UPDATE defect_event SET event_date = '2020-01-01'",
        "DELETE FROM defect_event",
        "TRUNCATE defect_event",
        "UPDATE defect_letter SET period = 'y'",
        "DELETE FROM defect_letter",
        "UPDATE closure_request SET state = 'proposed'",
        "DELETE FROM closure_request",
    ):
        with (
            pytest.raises(sa.exc.DBAPIError, match=r"append-only|never changes"),
            db.session_scope(db_settings) as session,
        ):
            session.execute(sa.text(statement))


def test_the_database_too_refuses_a_closing_without_evidence_or_officer(db_settings: Settings) -> None:
    said = {"evidence": "a.jpg", "decided_by": "lin"}
    for changed in (said | {k: v} for k in said for v in (None, "", " ")):
        with pytest.raises(sa.exc.IntegrityError):
            put(db_settings, kind="closed", **changed)
    put(db_settings, kind="closed", evidence="a.jpg", decided_by="lin")
