"""The command line: every command is there, explained, and refuses bad use before it starts anything."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from probity import store
from probity.delivery import outbox
from probity.delivery.message import Envelope, compose
from probity.delivery.model import OutboxMail
from probity.ops import bench, cli, console, demo, local, mails, testing, watching
from probity.reports import MailBodies
from probity.settings import Settings
from probity.store import db
from probity.store.objects import ObjectStore

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = {
    *("demo", "up", "test", "bench", "verify", "backfill", "replay", "defects"),
    *("sources", "mails", "forms", "migrate"),
}


def subcommands() -> dict[str, argparse.ArgumentParser]:
    [action] = [a for a in cli.parser()._actions if isinstance(a, argparse._SubParsersAction)]
    return action.choices


def test_every_command_is_listed_and_every_option_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(subcommands()) == COMMANDS == set(cli.COMMANDS)
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    shown = capsys.readouterr().out
    assert all(f"    {name} " in shown for name in COMMANDS)
    for name, command in subcommands().items():
        assert command.description, name
        for action in command._actions:
            assert action.help, f"{name}: {action.dest} has no help"


def test_every_command_and_setting_is_documented() -> None:
    docs = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    for name in COMMANDS:
        assert f"./probity {name}" in docs, name
    sources = "".join((ROOT / path).read_text(encoding="utf-8") for path in ("probity", "plugins/probity/ops/cli.py"))
    settings = set(re.findall(r"PROBITY_[A-Z_]+[A-Z]", sources + (ROOT / "plugins/probity/settings.py").read_text()))
    assert {name for name in settings if name not in docs} == set()


@pytest.mark.parametrize(
    "argv",
    [["demo", "--from", "2021-13"], ["demo", "--from", "2021-03", "--to", "2021-01"], ["demo", "--from", "110/03"]],
)
def test_bad_months_are_refused(argv: list[str], tmp_path: Path) -> None:
    assert cli.main([*argv, "--home", str(tmp_path / "home")]) == 2
    assert not (tmp_path / "home").exists()


def test_months_and_the_span_asked_of_airflow() -> None:
    assert demo.months_between("2020-11", "2021-02") == ["2020-11", "2020-12", "2021-01", "2021-02"]
    first, last = demo.span("2021-01", "2021-02")
    assert (first.isoformat(), last.isoformat()) == ("2021-01-01T00:00:00+08:00", "2021-02-28T23:59:00+08:00")
    assert demo.months_between("2021-02-27", "2021-03-01") == ["2021-02-27", "2021-02-28", "2021-03-01"]
    assert first.utcoffset() == dt.timedelta(hours=8)


def test_last_words_of_a_task_are_its_own_message() -> None:
    message = "【停止】本期 收件檢核\n\n1. [停止] 缺 1 項\n   位置：award_csv\n結尾\n"
    log = f"::group::Pre\nstart\n{message}Task failed with exception"
    assert watching.last_words(log) == "【停止】本期 收件檢核 1. [停止] 缺 1 項 位置：award_csv"
    assert watching.last_words("a\nTask failed: KeyError: 'x'\n") == "Task failed: KeyError: 'x'"


def test_demo_never_empties_a_folder_that_is_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "precious.txt").write_text("keep")
    with pytest.raises(ValueError, match="other data"):
        demo.fresh_home(tmp_path / "home")
    assert (tmp_path / "home" / "precious.txt").exists()
    demo.fresh_home(tmp_path / "new")
    (tmp_path / "new" / "old.txt").touch()
    demo.fresh_home(tmp_path / "new")
    assert not (tmp_path / "new" / "old.txt").exists()


def test_backfill_without_a_running_airflow_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["backfill", "procurement_audit_selection", "2021-01", "2021-03", "--home", str(tmp_path)]
    assert cli.main(argv) == 1
    assert "./probity up" in capsys.readouterr().out


def test_replay_of_an_unknown_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", "XX-2021-03-r1", "--home", str(tmp_path)]) == 2
    assert "PA-2021-03-r1" in capsys.readouterr().err


def test_table_stands_straight_with_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    console.table(("期別", "n"), [("2021-03", 1234), ("110年3月", None)])
    lines = capsys.readouterr().out.splitlines()
    assert {console.width(line) for line in lines} == {console.width(lines[1])}
    assert "1,234" in lines[2]


def test_a_secret_is_made_once_and_kept_closed(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "key"
    assert local.secret_file(path, lambda: "one") == local.secret_file(path, lambda: "two") == "one"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    with local.held(tmp_path / "lock"), pytest.raises(local.InUse), local.held(tmp_path / "lock"):
        pass
    with local.held(tmp_path / "lock"):
        pass


def test_benchmarks_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert "imports" in bench.names()
    assert bench.run("no_such", []) == 2
    assert "imports" in capsys.readouterr().out


def test_test_parts_cover_every_folder_of_tests() -> None:
    covered = {folder for part in (testing.fast_suite(), *testing.the_rest()) for folder in part.tests}
    folders = {f"tests/{p.name}" for p in (ROOT / "tests").iterdir() if p.is_dir() and next(p.rglob("test_*.py"), None)}
    assert folders <= covered


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_a_skipped_test_fails_ci_only(tmp_path: Path, ci: str, code: int) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "conftest.py")
    (tmp_path / "test_one.py").write_text(
        "import pytest\ndef test_good(): pass\ndef test_skipped(): pytest.skip('not here')\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(tmp_path)],
        env={**os.environ, "CI": ci, "PYTHONPATH": str(ROOT / "plugins")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout


def test_forms_are_written_empty_and_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["forms", str(tmp_path / "forms")]) == 0
    written = sorted((tmp_path / "forms").iterdir())
    assert sorted(capsys.readouterr().out.split()) == [str(p) for p in written]
    assert {p.suffix for p in written} == {".xlsx"}
    assert len(written) == 6


def test_what_is_owed_is_shown_and_a_refused_mail_is_made_due_again(
    pg: str, settings: Settings, objects: ObjectStore, capsys: pytest.CaptureFixture[str]
) -> None:
    ready = dataclasses.replace(settings, database_url=pg)
    store.migrate(ready)
    assert mails.show(ready) == 0
    envelope = Envelope("report/1", "someone@ethics.example.gov.tw", 1, "secretary", ready.mail_from)
    with db.session_scope(ready) as session:
        number = outbox.enqueue(session, compose(objects, envelope, MailBodies("subject", "text", "<p>text</p>")))
        session.get_one(OutboxMail, number).state = "refused"
    assert mails.show(ready) == 1
    assert mails.resend(ready, number) == 0
    assert mails.resend(ready, number + 1) == 1
    shown = capsys.readouterr().out
    assert "secretary" in shown
    assert "someone@" not in shown
    with db.session_scope(ready) as session:
        assert session.get_one(OutboxMail, number).state == "owed"
