"""Child processes that never outlive us: start them in groups of their own, stop them politely, then surely.

In: command lines. Out: running processes whose output goes to a log file. It exists because Airflow is four
programs with children of their own, and "nothing left running" is a promise of the demo.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1


class ChildDied(RuntimeError):
    """A program that should be running has ended; the message has its name, exit code and last lines."""


class Child:
    """One program in a process group of its own, its output appended to ``log``."""

    def __init__(self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                list(argv),
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )

    def check(self) -> None:
        """Raises ChildDied when the program has ended."""
        code = self.process.poll()
        if code is not None:
            raise ChildDied(f"{self.name} ended with exit code {code}; its log is {self.log}:\n{self.tail()}")

    def tail(self, lines: int = 15) -> str:
        try:
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        except OSError:
            return ""


def stop_all(children: Iterable[Child], patience: float = 8.0) -> list[int]:
    """SIGTERM to each child, SIGKILL after ``patience`` seconds to whatever of their whole trees is left.

    Returns the ids of the processes that had to be killed.
    """
    children = list(children)
    trees: dict[int, psutil.Process] = {}

    def look() -> None:
        for child in children:
            with contextlib.suppress(psutil.Error):
                root = psutil.Process(child.process.pid)
                for process in [root, *root.children(recursive=True)]:
                    trees[process.pid] = process

    look()
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            child.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and any(child.process.poll() is None for child in children):
        look()
        time.sleep(0.05)
    killed = [pid for pid, process in trees.items() if _alive(process)]
    for pid in killed:
        with contextlib.suppress(psutil.Error):
            trees[pid].kill()
    for child in children:
        # What a child started in between is still in its group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(5)
    psutil.wait_procs(list(trees.values()), timeout=3)
    return killed


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _die_with_parent() -> None:
    # Even kill -9 of the launcher must not leave a scheduler behind.
    with contextlib.suppress(Exception):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
