"""Airflow on one machine: its settings, all by environment, and its programs, started and stopped together.

In: ``Settings``, the two database URLs, a free loopback port. Out: a running scheduler, dag-processor and API server
(and triggerer on request), with four local users whose passwords lie in a file that only we may read.

The programs are started apart instead of by ``airflow standalone``: that one starts the database's migration and
the login file its own way, listens on every address and leaves its children behind when it is killed.
Human-in-the-loop tasks wait without a triggerer since Airflow 3.3, so none is started unless asked for.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from probity.ops.airflow_api import AirflowApi
from probity.ops.local import free_port, secret_file
from probity.ops.processes import Child, ChildDied, stop_all
from probity.settings import ROOT, TIMEZONE, Settings

#: Login name -> role of Airflow's simple auth manager (viewer reads, user triggers and answers, admin all).
USERS: Mapping[str, str] = {"officer": "user", "approver": "user", "auditor": "viewer", "admin": "admin"}


@dataclass
class AirflowOptions:
    """What may differ between demo, tests and a long-running office."""

    port: int = 0  # 0: any free one
    dags: Path = ROOT / "dags"
    plugins: Path = ROOT / "plugins"
    triggerer: bool = False
    parallelism: int = 0  # 0: by the machine
    eager: bool = False  # shorter scheduler sleeps; for demo and tests
    preload: bool = True  # load Great Expectations once, before the workers fork
    extra_env: dict[str, str] = field(default_factory=dict)


class AirflowProcess:
    """Airflow over ``settings.home / 'airflow'``; ``database_url`` is Airflow's own (psycopg2 URL)."""

    def __init__(self, settings: Settings, database_url: str, options: AirflowOptions | None = None) -> None:
        self.settings = settings
        self.options = options or AirflowOptions()
        self.home = settings.home / "airflow"
        self.port = self.options.port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database_url = database_url
        self.children: list[Child] = []
        self.logs = settings.home / "logs"

    # settings
    @property
    def passwords_file(self) -> Path:
        return self.settings.home / "secrets" / "airflow_users.json"

    def passwords(self) -> dict[str, str]:
        """Login name -> password; made at the first call."""
        text = secret_file(
            self.passwords_file, lambda: json.dumps({name: secrets.token_urlsafe(12) for name in USERS}) + "\n"
        )
        return json.loads(text)

    def env(self) -> dict[str, str]:
        """The whole environment of Airflow's programs, Probity's own settings among it."""
        settings, options = self.settings, self.options
        self.passwords()
        keep = settings.home / "secrets"
        airflow = {
            "CORE__DAGS_FOLDER": str(options.dags),
            "CORE__PLUGINS_FOLDER": str(options.plugins),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": str(options.parallelism or _parallelism()),
            "CORE__MAX_ACTIVE_RUNS_PER_DAG": "4",
            "CORE__DEFAULT_TIMEZONE": TIMEZONE,
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.passwords_file),
            "CORE__FERNET_KEY": secret_file(keep / "fernet.key", _fernet_key),
            "CORE__MP_START_METHOD": "fork",
            "DATABASE__SQL_ALCHEMY_CONN": self.database_url,
            "DATABASE__SQL_ALCHEMY_CONN_ASYNC": self.database_url.replace("+psycopg2", "+asyncpg"),
            "DATABASE__SQL_ALCHEMY_POOL_SIZE": "5",
            "API__HOST": "127.0.0.1",
            "API__PORT": str(self.port),
            "API__BASE_URL": self.url,
            "API__WORKERS": "1",
            "API__SECRET_KEY": secret_file(keep / "api.key", lambda: secrets.token_hex(32)),
            "API__INSTANCE_NAME": "廉政稽核排程 Probity",
            "API_AUTH__JWT_SECRET": secret_file(keep / "jwt.key", lambda: secrets.token_hex(64)),
            "LOGGING__BASE_LOG_FOLDER": str(self.logs / "tasks"),
            "LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(self.logs / "dag_processor"),
            "LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
            "LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
            "LOGGING__COLORED_CONSOLE_LOG": "False",
            "DAG_PROCESSOR__REFRESH_INTERVAL": "10" if options.eager else "60",
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "30",
            "DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2" if options.eager else "1",
            "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1" if options.eager else "5",
            "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            # A task's supervisor sees its end only when it next wakes: with the default of 5 s a worker's place stays
            # taken that long, and a quick answer to a parked task finds the old supervisor still there.
            "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
            "USAGE_DATA_COLLECTION__ENABLED": "False",
            **options.extra_env,
        }
        env = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW__", "AIRFLOW_"))}
        env.update({f"AIRFLOW__{key}": value for key, value in airflow.items()})
        env.update(
            AIRFLOW_HOME=str(self.home),
            HOME=os.environ.get("HOME") or str(settings.home),
            PYTHONPATH=os.pathsep.join([str(ROOT / "config"), str(ROOT / "plugins")]),
            PYTHONUNBUFFERED="1",
            PATH=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "/usr/bin:/bin")]),
            LANG="C.UTF-8",
            LC_ALL="C.UTF-8",
            PROBITY_HOME=str(settings.home),
            PROBITY_DROP=str(settings.drop),
            PROBITY_DATABASE_URL=settings.database_url,
            PROBITY_SMTP_URL=settings.smtp_url,
            PROBITY_MAIL_FROM=settings.mail_from,
            PROBITY_CONFIG=str(settings.config),
            PROBITY_UI_URL=self.url,
            PROBITY_PRELOAD="1" if options.preload else "0",
            # Great Expectations and others would ask servers far away.
            GX_ANALYTICS_ENABLED="false",
            DO_NOT_TRACK="1",
        )
        return env

    # life
    def migrate(self) -> None:
        """``airflow db migrate``: makes or updates Airflow's tables. ChildDied with the log's end when it fails."""
        self.home.mkdir(parents=True, exist_ok=True)
        child = self._child("airflow-db-migrate", "db", "migrate")
        if child.process.wait() != 0:
            child.check()

    def start(self, timeout: float = 120.0, tell: Callable[[str], None] = lambda _: None) -> AirflowProcess:
        """Start the programs and wait until the API answers and the scheduler is alive. ChildDied or TimeoutError."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.children = [
            self._child("airflow-api-server", "api-server"),
            self._child("airflow-scheduler", "scheduler", "--skip-serve-logs"),
            self._child("airflow-dag-processor", "dag-processor"),
        ]
        if self.options.triggerer:
            self.children.append(self._child("airflow-triggerer", "triggerer", "--skip-serve-logs"))
        try:
            self._wait_ready(timeout, tell)
        except BaseException:
            self.stop(patience=1)
            raise
        return self

    def _wait_ready(self, timeout: float, tell: Callable[[str], None]) -> None:
        deadline = time.monotonic() + timeout
        wanted = {"metadatabase", "scheduler", "dag_processor"} | ({"triggerer"} if self.options.triggerer else set())
        shown: set[str] = set()
        with self.api("admin") as api:
            while time.monotonic() < deadline:
                self.check()
                healthy = {name for name, status in api.health().items() if status == "healthy"}
                for name in sorted((healthy & wanted) - shown):
                    tell(name)
                shown |= healthy
                if wanted <= healthy:
                    return
                time.sleep(0.2)
        raise TimeoutError(f"Airflow was not ready in {timeout:.0f} s; the logs are in {self.logs}")

    def check(self) -> None:
        """Raises ChildDied when one of the programs has ended."""
        for child in self.children:
            child.check()

    def stop(self, patience: float = 8.0) -> None:
        """Stop every program and everything they started."""
        children, self.children = self.children, []
        stop_all(children, patience)

    def __enter__(self) -> AirflowProcess:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def api(self, user: str) -> AirflowApi:
        """A client logged in as ``user`` (officer, approver, auditor, admin) at its first request."""
        return AirflowApi(self.url, user, self.passwords()[user])

    def child(self, name: str) -> Child:
        """The running program ``name``, e.g. ``airflow-scheduler`` (fault tests kill it). KeyError when absent."""
        for child in self.children:
            if child.name == name:
                return child
        raise KeyError(name)

    def restart(self, name: str) -> Child:
        """Start the program ``name`` again after it ended; what a supervisor (systemd, compose) would do."""
        old = self.child(name)
        stop_all([old], patience=5)
        new = self._child(name, *_ARGUMENTS[name])
        self.children[self.children.index(old)] = new
        return new

    def _child(self, name: str, *arguments: str) -> Child:
        argv = [sys.executable, "-m", "airflow", *arguments]
        return Child(name, argv, self.env(), self.logs / f"{name}.log")


_ARGUMENTS = {
    "airflow-api-server": ("api-server",),
    "airflow-scheduler": ("scheduler", "--skip-serve-logs"),
    "airflow-dag-processor": ("dag-processor",),
    "airflow-triggerer": ("triggerer", "--skip-serve-logs"),
}


def _parallelism() -> int:
    return max(4, min(16, (os.cpu_count() or 2) + 2))


def _fernet_key() -> str:
    import base64

    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


__all__ = ["USERS", "AirflowOptions", "AirflowProcess", "ChildDied"]
