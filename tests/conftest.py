"""Fixtures for every test. The network is closed but for this machine (pytest-socket, see pyproject.toml)."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from probity.ops.postgres import EmbeddedPostgres
from probity.settings import Settings
from probity.store.objects import ObjectStore

ROOT = Path(__file__).resolve().parents[1]
_numbers = itertools.count(1)
_skipped: list[str] = []

# The test servers' own protocol lines (aiosmtpd) are no log of ours; a test may set the root logger to INFO.
logging.getLogger("mail.log").setLevel(logging.WARNING)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be left out unseen: a skipped test fails the run."""
    if os.environ.get("CI") == "true" and _skipped and not hasattr(session.config, "workerinput"):
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"CI=true: {len(_skipped)} skipped test(s) count as failed", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def shared() -> Path:
    """The read-only reference data that lie beside the checkout; the test is skipped where they are absent."""
    folder = Path(os.environ.get("PROBITY_SHARED") or ROOT.parent / "shared").resolve()
    if not (folder / "data").is_dir():
        pytest.skip(f"no shared data at {folder} (set PROBITY_SHARED)")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings over an empty home of this test's own; no database, a mail port where nobody listens."""
    home = tmp_path / "home"
    drop = home / "drop"
    drop.mkdir(parents=True)
    return Settings(
        home=home,
        drop=drop,
        database_url="",
        smtp_url="smtp://127.0.0.1:9",
        mail_from="probity@ethics.example.gov.tw",
    )


@pytest.fixture
def objects(settings: Settings) -> ObjectStore:
    return ObjectStore(settings.objects)


@pytest.fixture(scope="session")
def pg_server() -> Iterator[EmbeddedPostgres]:
    """One embedded PostgreSQL for the whole session (0.8 s once)."""
    # Not pytest's own tmp folder: as root the server runs as another user, and the path must stay short.
    folder = Path(tempfile.mkdtemp(prefix="probity-test-pg-"))
    server = EmbeddedPostgres(folder / "data", throwaway=True)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def pg(pg_server: EmbeddedPostgres) -> Iterator[str]:
    """SQLAlchemy URL of a fresh, empty PostgreSQL database for this test."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    yield pg_server.create_database(name)
    pg_server.drop_database(name)


@pytest.fixture(scope="module")
def pg_module(pg_server: EmbeddedPostgres) -> Iterator[str]:
    """The same, one database for a test module."""
    name = f"module_{os.getpid()}_{next(_numbers)}"
    yield pg_server.create_database(name)
    pg_server.drop_database(name)


@pytest.fixture(scope="session")
def pg_template(pg_server: EmbeddedPostgres) -> str:
    """Name of a database with Probity's own tables, made once a session and copied for each test."""
    from probity import store

    name = f"template_{os.getpid()}"
    url = pg_server.create_database(name)
    nowhere = Path(tempfile.gettempdir())
    store.migrate(Settings(home=nowhere, drop=nowhere, database_url=url, smtp_url="", mail_from=""))
    return name


@pytest.fixture
def db_settings(settings: Settings, pg_server: EmbeddedPostgres, pg_template: str) -> Iterator[Settings]:
    """``settings`` with a fresh database that has Probity's tables (``store.migrate`` done)."""
    name = f"db_{os.getpid()}_{next(_numbers)}"
    yield dataclasses.replace(settings, database_url=pg_server.create_database(name, template=pg_template))
    pg_server.drop_database(name)
