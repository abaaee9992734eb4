"""Small things of one machine: a free port, a secret kept in a file, a lock over a folder.

In: paths. Out: ports, secrets, held locks. Standard library only.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    """A loopback TCP port that nobody holds at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def secret_file(path: Path, make: Callable[[], str]) -> str:
    """The secret kept in ``path``, made by ``make()`` at the first call; the file has mode 0600 from the start."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        path.chmod(0o600)
        return path.read_text(encoding="utf-8")
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(make())
    return path.read_text(encoding="utf-8")


@contextmanager
def undisturbed() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back for the block, so that a clean-up is never left half done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class InUse(RuntimeError):
    """Another process works over this folder."""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock file ``path`` for the block. InUse when another process holds it; a dead one never does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(str(path)) from None
        yield
