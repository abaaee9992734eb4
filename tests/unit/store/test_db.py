"""The schema: what the migrations make is what the classes say, once, whoever comes first."""

from __future__ import annotations

import dataclasses
import multiprocessing

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from probity.settings import Settings
from probity.store import Base, db, model


def _settings(settings: Settings, url: str) -> Settings:
    return dataclasses.replace(settings, database_url=url)


def _migrate(settings: Settings, results: multiprocessing.Queue) -> None:
    results.put(db.migrate(settings))


def test_no_database_says_what_to_set(settings: Settings) -> None:
    with pytest.raises(ValueError, match="PROBITY_DATABASE_URL"):
        db.engine(settings)
    with pytest.raises(ValueError, match="PostgreSQL"):
        db.engine(_settings(settings, "sqlite://"))


def test_two_starts_at_once_make_one_schema(settings: Settings, pg: str) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    starts = [context.Process(target=_migrate, args=(_settings(settings, pg), results)) for _ in range(3)]
    for start in starts:
        start.start()
    revisions = {results.get(timeout=60) for _ in starts}
    for start in starts:
        start.join()
    assert len(revisions) == 1 and revisions != {""}
    assert [start.exitcode for start in starts] == [0, 0, 0]


def test_the_migrations_make_what_the_classes_say(db_settings: Settings) -> None:
    import probity.delivery.model  # noqa: F401  the outbox stands on the same Base

    with db.engine(db_settings).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": db.VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_decided_selection_never_changes(db_settings: Settings) -> None:
    with db.session_scope(db_settings) as session:
        session.add(
            model.Selection(
                selection_id="PA-2021-03-r1",
                job="procurement_audit_selection",
                period="2021-03",
                revision=1,
                state="approved",
                manifest_digest="m",
                decided_by="chen",
                decided_at=sa.func.now(),
                cases=[
                    model.SelectionCase(
                        case_id="3.87.1|A1|20210305",
                        rank=1,
                        part="ranked",
                        score=1.5,
                        score_parts="[]",
                        reasons="[]",
                        inclusion_probability=1.0,
                    )
                ],
            )
        )
    for statement in (
        "UPDATE selection SET seed = 'other'",
        "DELETE FROM selection_case",
        "UPDATE selection_case SET rank = 2",
        "UPDATE selection SET state = 'superseded', list_digest = 'x'",
    ):
        with pytest.raises(sa.exc.InternalError, match="never change"), db.session_scope(db_settings) as session:
            session.execute(sa.text(statement))
    with db.session_scope(db_settings) as session:
        session.execute(sa.text("UPDATE selection SET state = 'superseded'"))


def test_one_approved_selection_a_manifest(db_settings: Settings) -> None:
    def row(revision: int) -> model.Selection:
        return model.Selection(
            selection_id=f"PA-2021-03-r{revision}",
            job="procurement_audit_selection",
            period="2021-03",
            revision=revision,
            state="approved",
            manifest_digest="m",
            decided_by="chen",
            decided_at=sa.func.now(),
        )

    with db.session_scope(db_settings) as session:
        session.add(row(1))
    with pytest.raises(sa.exc.IntegrityError, match="one_approved"), db.session_scope(db_settings) as session:
        session.add(row(2))
