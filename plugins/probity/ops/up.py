"""``./probity up``: the whole set-up, left running for a person; Ctrl-C stops everything it started.

In: settings. Out: a running Airflow with mailbox and database, restarted part by part when one dies, and a file
``run/up.json`` in the home by which the other commands find it.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

from probity.ops import demo
from probity.ops.airflow_api import ApiError
from probity.ops.airflow_process import USERS, AirflowOptions, ChildDied
from probity.ops.console import Progress
from probity.ops.local import InUse, free_port, held
from probity.ops.stack import Stack
from probity.ops.words import text
from probity.settings import Settings
from probity.store.objects import write_atomic

PORT = 8080
MAX_RESTARTS = 20


def run(settings: Settings, *, port: int = 0, with_demo_files: bool = False) -> int:
    """Start, tell where everything is, and stay until interrupted. 2 when one is running over this home already."""
    say = Progress()
    try:
        with held(settings.home / "run" / "up.lock"):
            options = AirflowOptions(port=port or _port(), triggerer=True)
            stack = Stack(settings, options=options, local_mail="PROBITY_SMTP_URL" not in os.environ)
            try:
                stack.start(say, meanwhile=_filler(say) if with_demo_files else None)
                _stay(stack, say)
            except KeyboardInterrupt:
                say(text("up_stopping"))
            finally:
                stack.stop()
                state_file(settings.home).unlink(missing_ok=True)
            say(text("up_stopped"))
            return 0
    except InUse:
        say(text("up_busy", folder=settings.home))
        return 2


def state_file(home: Path) -> Path:
    return home / "run" / "up.json"


def state(home: Path) -> dict[str, Any] | None:
    """What the running ``up`` over ``home`` wrote: url, pid, database_url; None when none is running."""
    try:
        found = json.loads(state_file(home).read_text(encoding="utf-8"))
        os.kill(found["pid"], 0)
    except (FileNotFoundError, ValueError, KeyError, ProcessLookupError):
        return None
    except PermissionError:
        pass
    return found


def _port() -> int:
    import socket

    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            return free_port()
    return PORT


def _filler(say: Progress) -> Any:
    def fill(ready: Settings) -> None:
        if not any(ready.drop.iterdir()):
            demo.fill_drop(ready.drop, demo.DemoPlan(), say)

    return fill


def _stay(stack: Stack, say: Progress) -> None:
    airflow = stack.airflow
    assert airflow is not None
    with airflow.api("admin") as api:
        demo.unpause_all(api)
    settings = stack.settings
    facts = {"pid": os.getpid(), "url": airflow.url, "database_url": settings.database_url}
    write_atomic(state_file(settings.home), json.dumps(facts).encode(), 0o600)
    passwords = airflow.passwords()
    print(text("up_url", url=airflow.url))
    print(text("up_login", logins="　".join(f"{name} / {passwords[name]}" for name in USERS)))
    print(text("up_passwords", file=airflow.passwords_file))
    if stack.mailbox is not None:
        print(text("up_mail", folder=stack.mailbox.folder))
    print(text("up_drop", folder=settings.drop))
    print(text("up_stop"), flush=True)
    supervise(stack, say)


def supervise(stack: Stack, say: Progress, until: float = float("inf")) -> Counter[str]:
    """Start again whatever dies, until ``until`` (monotonic seconds) or an interrupt; returns the restarts by name.
    ChildDied when one part keeps dying."""
    restarts: Counter[str] = Counter()
    while time.monotonic() < until:
        server = stack.database.server
        if server is not None and not server.running():
            server.start()
            restarts["postgres"] += 1
            say(text("up_restarted", name="postgres", count=restarts["postgres"], log=server.data / "server.log"))
        assert stack.airflow is not None
        for child in list(stack.airflow.children):
            try:
                child.check()
            except ChildDied:
                restarts[child.name] += 1
                if restarts[child.name] > MAX_RESTARTS:
                    raise
                stack.airflow.restart(child.name)
                say(text("up_restarted", name=child.name, count=restarts[child.name], log=child.log))
        time.sleep(1)
    return restarts


__all__ = ["ApiError", "run", "state", "state_file", "supervise"]
