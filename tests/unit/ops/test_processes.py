"""Stopping takes the grandchildren along, even those that will not listen."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from probity.ops.processes import Child, ChildDied, stop_all

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c",
    "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"],
    stdout=subprocess.PIPE, start_new_session=True)
grandchild.stdout.readline()
print(grandchild.pid, flush=True)
time.sleep(600)
"""


def child(tmp_path: Path, code: str) -> Child:
    return Child("part", [sys.executable, "-c", code], os.environ, tmp_path / "part.log")


def wait_for_line(made: Child) -> str:
    for _ in range(500):
        if made.tail().strip():
            return made.tail().strip()
        time.sleep(0.02)
    raise AssertionError("the child said nothing")


def running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_whole_tree_is_gone_though_it_ignores_sigterm(tmp_path: Path) -> None:
    made = child(tmp_path, STUBBORN)
    grandchild = int(wait_for_line(made))
    killed = stop_all([made], patience=0.2)
    assert {made.process.pid, grandchild} <= set(killed)
    assert not running(grandchild)
    assert made.process.poll() is not None


def test_a_polite_child_is_not_killed(tmp_path: Path) -> None:
    made = child(tmp_path, "import time; print('up', flush=True); time.sleep(600)")
    wait_for_line(made)
    assert stop_all([made]) == []


def test_a_dead_child_is_told_with_its_last_words(tmp_path: Path) -> None:
    made = child(tmp_path, "raise SystemExit('no port left')")
    made.process.wait(20)
    with pytest.raises(ChildDied, match=r"part ended with exit code 1.*(?s:.)*no port left"):
        made.check()
    assert stop_all([made]) == []


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    code = f"""
import os, sys, pathlib, time
sys.path.insert(0, {str(Path(__file__).resolve().parents[3] / "plugins")!r})
from probity.ops.processes import Child
sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
c = Child("inner", sleeper, os.environ, pathlib.Path({str(tmp_path)!r}) / "i.log")
print(c.process.pid, flush=True)
time.sleep(600)
"""
    parent = child(tmp_path, code)
    inner = int(wait_for_line(parent))
    parent.process.kill()
    parent.process.wait(5)
    for _ in range(200):
        if not running(inner):
            return
        time.sleep(0.02)
    raise AssertionError("the inner child outlived its parent")
