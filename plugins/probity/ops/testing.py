"""``./probity test``: every check of the project, one after the other, with the time each took and one exit code.

In: which parts. Out: the tools' own output, a table of times. With ``CI=true`` a skipped test is a failure (see
tests/conftest.py); elsewhere a test that lacks something says so and is skipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from probity.ops.console import table
from probity.ops.words import text
from probity.settings import ROOT

FAST = ("tests/unit", "tests/dags")
PYTEST_NO_TESTS = 5
SQL = ("include/sql", "plugins")


@dataclass(frozen=True)
class Part:
    """One tool over the checkout; ``tests``: the folders that must hold a test for it to run at all."""

    name: str
    argv: tuple[str, ...]
    tests: tuple[str, ...] = ()

    def wanted(self) -> bool:
        return not self.tests or any(next((ROOT / t).rglob("test_*.py"), None) for t in self.tests)


def run(*, fast: bool, faults: bool, expression: str | None, paths: list[str]) -> int:
    """0 when every part is well, else 1. All parts run, whatever the ones before have said."""
    if expression or paths:
        selected = ("-k", expression) if expression else ()
        chosen = [_pytest("tests", *selected, *(paths or ["tests"]))]
    elif faults:
        chosen = [_pytest("faults", "tests/faults", tests=("tests/faults",))]
    else:
        chosen = [*checks(), fast_suite()]
        if not fast:
            chosen += the_rest()
    results = [(part, *_run(part)) for part in chosen if part.wanted()]
    print(f"\n{text('test_summary')}")
    rows = [
        (part.name, "ok" if code == 0 else f"FAILED ({code})", f"{seconds:.1f} s") for part, code, seconds in results
    ]
    table(("part", "result", "time"), rows)
    return 1 if any(code for _, code, _ in results) else 0


def checks() -> list[Part]:
    """Lint, format, types, import rules, SQL."""
    code = ["plugins", "dags", "tests", "config", "include"]
    return [
        Part("ruff check", _module("ruff", "check", *code)),
        Part("ruff format", _module("ruff", "format", "--check", *code)),
        Part("mypy", _module("mypy")),
        Part("import rules", (_bin("lint-imports"), "--no-cache")),
        Part("sqlfluff", _module("sqlfluff", "lint", "--disable-progress-bar", *SQL)),
    ]


def fast_suite() -> Part:
    workers = str(min(4, os.cpu_count() or 1))
    return _pytest("fast suite", "-n", workers, "--dist", "loadfile", "-m", "not slow and not bench", *FAST, tests=FAST)


def the_rest() -> list[Part]:
    """What takes longer: slow unit tests, the real scheduler, crashes, the browser."""
    return [
        _pytest("slow unit tests", "-m", "slow and not bench", *FAST, tests=FAST),
        _pytest("integration", "tests/integration", tests=("tests/integration",)),
        _pytest("faults", "tests/faults", tests=("tests/faults",)),
        _pytest("browser", "tests/browser", tests=("tests/browser",)),
    ]


def _pytest(name: str, *arguments: str, tests: tuple[str, ...] = ()) -> Part:
    return Part(name, _module("pytest", "-q", "--durations=10", "--durations-min=2", *arguments), tests)


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


def _bin(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _run(part: Part) -> tuple[int, float]:
    print(f"\n{text('test_part', name=part.name)}", flush=True)
    started = time.monotonic()
    env = {**os.environ, "PYTHONPATH": str(ROOT / "plugins"), "NO_COLOR": "1"}
    code = subprocess.run(part.argv, cwd=ROOT, env=env, check=False).returncode
    if code == PYTEST_NO_TESTS and part.tests:
        print(text("test_none"))
        code = 0
    return code, time.monotonic() - started
