"""The office's database: engine, session, migrations. PostgreSQL only (demo, tests and production alike).

In: ``Settings.database_url``. Out: ``Base`` for the tables, ``engine``, ``session_scope``, ``migrate``.
Why: what was decided and what is owed must outlive Airflow's own database and every killed worker.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Engine, MetaData, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import NullPool

from probity.settings import Settings

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).with_name("migrations")
MIGRATE_LOCK = 0x50524F42_4D494752  # "PROBMIGR": one migration at a time, over all processes
VERSION_TABLE = "probity_version"


class Base(DeclarativeBase):
    """All tables of the package. Constraint names are fixed, so that a migration can name them."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        }
    )


def database_url(settings: Settings) -> URL:
    """The URL with its driver named (SQLAlchemy 2.1 would take psycopg 3, which is not what we pin).

    Raises ValueError when none is configured or it is not PostgreSQL.
    """
    if not settings.database_url:
        raise ValueError("no database: set PROBITY_DATABASE_URL (./probity demo and ./probity up start one)")
    url = make_url(settings.database_url.replace("postgres://", "postgresql://", 1))
    if url.get_backend_name() != "postgresql":
        raise ValueError(f"the database must be PostgreSQL, not {url.get_backend_name()}")
    return url.set(drivername="postgresql+psycopg2") if url.drivername == "postgresql" else url


@lru_cache(maxsize=8)
def _engine(url: URL, pid: int) -> Engine:
    return create_engine(
        url,
        pool_size=2,
        max_overflow=4,
        pool_timeout=30,
        pool_recycle=1800,
        pool_pre_ping=True,
        hide_parameters=True,  # an error must not print what was bound (addresses, quarantined values)
        connect_args={"connect_timeout": 10, "application_name": f"probity-{pid}"},
    )


def engine(settings: Settings) -> Engine:
    """The process's engine: one a process (a forked worker never shares its parent's connections), a small
    pool (many workers share one server), each connection tried before use (the server may have restarted)."""
    return _engine(database_url(settings), os.getpid())


@contextmanager
def session_scope(target: Settings | Engine) -> Iterator[Session]:
    """One transaction: committed when the block ends well, rolled back when it raises."""
    bind = target if isinstance(target, Engine) else engine(target)
    with Session(bind, expire_on_commit=False) as session, session.begin():
        yield session


def migrate(target: Settings | Engine) -> str:
    """Bring the database to the newest schema; returns its revision. Safe when two start at once: the second
    waits for the first and finds nothing left to do."""
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext

    # A connection of its own, closed at the end: the migrated database may be copied as a template at once.
    bind = target if isinstance(target, Engine) else create_engine(database_url(target), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with bind.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATE_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        revision = context.get_current_revision() or ""
    log.info("database schema at revision %s", revision)
    return revision
