"""The embedded server: fresh databases, long paths, joining a running server, a kill that loses nothing."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from probity.ops.postgres import EmbeddedPostgres, PostgresError


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="probity-pg-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def _scalar(url: str, sql: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            return connection.execute(text(sql)).scalar()
    finally:
        engine.dispose()


def test_each_test_gets_an_empty_database(pg: str) -> None:
    assert _scalar(pg, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    assert _scalar(pg, "SHOW server_encoding") == "UTF8"


def test_socket_is_closed_to_others(pg_server: EmbeddedPostgres) -> None:
    socket = pg_server.socket_dir / ".s.PGSQL.5432"
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(pg_server.data.stat().st_mode) == 0o700


def test_long_path_second_handle_and_kill(folder: Path) -> None:
    data = folder / ("a" * 60) / ("b" * 60) / "data"
    with EmbeddedPostgres(data) as server:
        assert len(os.fsencode(server.socket_dir)) < 90
        url = server.create_database("probity")
        _scalar(url, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42) RETURNING n")

        joined = EmbeddedPostgres(data).start()
        joined.stop()
        assert server.running(), "a handle that only joined must not stop the server"

        server.kill()
        assert not server.running()
        with EmbeddedPostgres(data) as again:
            assert _scalar(again.url("probity"), "SELECT n FROM kept") == 42
    assert not server.socket_dir.exists()


def test_the_owner_of_a_folder_stops_what_a_killed_one_left(folder: Path) -> None:
    left = EmbeddedPostgres(folder / "data", throwaway=True).start()
    with EmbeddedPostgres(folder / "data", adopt=True):
        assert left.running()
    assert not left.running()


def test_failure_tells_the_server_s_own_words(folder: Path) -> None:
    with EmbeddedPostgres(folder / "data") as server:
        conf = server.data / "postgresql.conf"
    conf.write_text(conf.read_text() + "\nno_such_setting = 1\n")
    with pytest.raises(PostgresError, match="no_such_setting"):
        EmbeddedPostgres(folder / "data").start()
