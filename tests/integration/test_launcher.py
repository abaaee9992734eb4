"""The launcher as a person uses it: the demo from files to mail, the checks afterwards, and a set-up left running.

Each starts the whole of it (PostgreSQL, mailbox, Airflow) in its own home, over the tiny invented city.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
MONTHS = ("2021-01", "2021-02", "2021-03")
JOB = "procurement_audit_selection"

pytestmark = [pytest.mark.slow, pytest.mark.airflow]


def environment() -> dict[str, str]:
    """Ours, without what would turn the launcher to another place."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "PROBITY_")) or k == "PROBITY_VENV"}


def probity(*arguments: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "probity"), *arguments],
        cwd="/", env=environment(), capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


def left_running(home: Path) -> list[str]:
    """Processes that still work over ``home``."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            if process.environ().get("PROBITY_HOME") == str(home) or str(home) in " ".join(process.cmdline()):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    home = tmp_path_factory.mktemp("launcher") / "demo"
    return home, probity("demo", "--size", "tiny", "--home", str(home))


def test_demo_carries_three_months_from_files_to_mail(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    home, done = demo
    assert done.returncode == 0, done.stdout + done.stderr
    for month in MONTHS:
        for job in ("採購稽核選案", "道路工程查驗選案"):
            [line] = re.findall(rf"^{job}\s+{month}\s.*$", done.stdout, re.M)
            cells = line.split()
            cases, selected, mails = int(cells[2].replace(",", "")), int(cells[5]), int(cells[7])
            assert cases > 0
            assert selected > 0
            assert mails > 0
            assert cells[-1] == "相符"
    assert len(list((home / "mail").glob("*.eml"))) >= 3
    workbooks = re.findall(r"^  (/.*\.xlsx)$", done.stdout, re.M)
    assert len(workbooks) == 8, "three months each of audits and roads, a month of public works, the quarter"
    assert all(Path(path).stat().st_size > 0 for path in workbooks)


def test_demo_follows_the_works_from_form_to_closing_and_quarter(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    home, done = demo
    forms = [int(n) for n in re.findall(r"(\d+) 份查驗表填妥放回收件匣", done.stdout)]
    answers = [int(n) for n in re.findall(r"主辦機關填回 (\d+) 份", done.stdout)]
    assert len(forms) == 2 and all(forms) and sum(answers) > 0
    assert (home / "reports" / "RQ-2021-Q1-r1" / "RQ-2021-Q1-r1.docx").is_file()
    assert len(list((home / "reports" / "RI-2021-02-r1").glob("RI-2021-02-r1-0*.xlsx"))) == forms[1]
    listed = probity("defects", "--as-of", "2021-03-31", "--home", str(home))
    assert listed.returncode == 0, listed.stdout + listed.stderr
    before = probity("defects", "--as-of", "2021-02-20", "--home", str(home))
    assert before.returncode == 0 and before.stdout != listed.stdout


def test_demo_leaves_nothing_running(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    assert left_running(demo[0]) == []


def test_trail_and_replay_of_what_the_demo_made(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    home, _ = demo
    verified = probity("verify", "--home", str(home))
    assert verified.returncode == 0, verified.stdout + verified.stderr
    for selection in ("PA-2021-03-r1", "RI-2021-02-r1", "PW-2021-03-r1"):
        replayed = probity("replay", selection, "--home", str(home))
        assert replayed.returncode == 0, replayed.stdout + replayed.stderr
        assert "identical" in replayed.stdout
    assert left_running(home) == []


def test_secrets_are_closed_and_no_case_stands_in_a_file_name(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    home, _ = demo
    secrets = list((home / "secrets").iterdir())
    assert secrets
    assert all(path.stat().st_mode & 0o077 == 0 for path in secrets)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """``./probity up`` over the tiny city, ready to be used."""
    home = tmp_path / "up"
    from probity.demo import generate

    (home / "drop").mkdir(parents=True)
    generate(home / "drop", 110, list(MONTHS), "tiny")
    process = subprocess.Popen(
        [str(ROOT / "probity"), "up", "--home", str(home)],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "Ctrl-C" in line:
            break
    else:
        pytest.fail("".join(said))
    yield home, process
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def test_up_is_found_by_the_other_commands_and_stops_clean(running: tuple[Path, subprocess.Popen[str]]) -> None:
    home, process = running
    state = json.loads((home / "run" / "up.json").read_text())
    assert state["url"].startswith("http://127.0.0.1:")

    second = probity("up", "--home", str(home))
    assert second.returncode == 2

    started = probity("backfill", JOB, *MONTHS[::2], "--home", str(home), "--no-wait")
    assert started.returncode == 0, started.stdout
    busy = probity("backfill", JOB, *MONTHS[::2], "--home", str(home), "--no-wait")
    assert busy.returncode == 1
    assert "已有回補作業進行中" in busy.stdout

    # The trail can be verified beside the running set-up, whose server stays up.
    assert probity("verify", "--home", str(home)).returncode == 0
    assert process.poll() is None

    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)  # an impatient second one must not leave anything behind
    assert process.wait(60) == 0
    assert left_running(home) == []
    assert not (home / "run" / "up.json").exists()
