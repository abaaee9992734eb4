"""A gate that stops, and the run that goes on by itself once the mended file lies in the drop folder.

Two months whose only files are broken: in one a required column is missing, so the file is refused; in the other the
case numbers of most rows are blank. Stages: ``stopped`` (both failed), ``mended`` (the same names dropped again).
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import openpyxl
import pytest

from probity.store import model, trail
from tests.integration.scheduler.desk import JOB, Desk, moved

pytestmark = [pytest.mark.slow, pytest.mark.airflow]

NO_COLUMN, BLANKS = "2021-06", "2021-07"
NAMES = {NO_COLUMN: "採購網/決標清單/procurement_202106.csv", BLANKS: "採購網/決標清單/procurement_202107.csv"}
OWNERS = ["operator@ethics.example.gov.tw", "procurement-data@ethics.example.gov.tw"]
MARKED = "FFFFC7CE"


@dataclass(frozen=True)
class Stopped:
    """The runs by month, their states, the log of the stopped gate, and what the watch said before anything came."""

    runs: dict[str, str]
    states: dict[str, dict[str, str]]
    logs: dict[str, str]
    watched: dict[str, int]
    steps: dict[str, list[tuple[str, str]]]


def good(office: Desk, month: str) -> tuple[list[str], list[dict[str, str]]]:
    """The month as it should have come: February's awards as other cases."""
    header, rows = office.award_rows("2021-02")
    return header, moved(rows, month, f"M{month[2:4]}{month[5:]}")


def look(office: Desk) -> dict[str, int]:
    """One look of the watch, by hand instead of after five minutes."""
    run = office.run_other("drop_folder_watch")
    return dict(office.officer.xcom("drop_folder_watch", run, "watch")[JOB])


@pytest.fixture(scope="module")
def stopped(office: Desk) -> Stopped:
    office.by_the_clock()  # or it would stop too: the unreadable file may be that month's
    header, rows = good(office, NO_COLUMN)
    office.drop(NAMES[NO_COLUMN], [h for h in header if h != "job_number"], rows)
    header, rows = good(office, BLANKS)
    blank = [row | {"job_number": ""} if n % 5 else row for n, row in enumerate(rows)]
    office.drop(NAMES[BLANKS], header, [row | {"case_key": ""} for row in blank])
    runs = {month: office.trigger(month) for month in NAMES}
    office.carry(list(runs.values()))
    watched = look(office)
    office.run_other("report_distribution_sweep")
    return Stopped(
        runs,
        {month: office.states(run) for month, run in runs.items()},
        {month: office.log(run, "gate_arrival") for month, run in runs.items()},
        watched,
        {month: office.steps(month) for month in runs},
    )


@pytest.fixture(scope="module")
def mended(office: Desk, stopped: Stopped) -> dict[str, str]:
    for month, name in NAMES.items():
        office.drop(name, *good(office, month))
    look(office)
    states = office.carry(list(stopped.runs.values()))
    for month in NAMES:
        office.delivered(month)
    return {month: states[run] for month, run in stopped.runs.items()}


def notices(office: Desk, month: str) -> list[EmailMessage]:
    return [m for m in office.mails() if m["X-Probity-Report"].startswith(f"gate/{JOB}/{month}/")]


# -- stopped -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("month", NAMES)
def test_the_gate_fails_its_task_and_nothing_after_it_runs(office: Desk, stopped: Stopped, month: str) -> None:
    states = dict(stopped.states[month])
    assert (states.pop("collect"), states.pop("gate_arrival")) == ("success", "failed")
    assert set(states.values()) == {"upstream_failed"}
    tries = office.officer.task_instances(JOB, stopped.runs[month])
    assert {t["try_number"] for t in tries if t["task_id"] == "gate_arrival"} <= {1, 2}, "no retries of a stop"
    assert office.rows(model.GateResult, model.GateResult.period == month, model.GateResult.outcome == "stop")


@pytest.mark.parametrize("month", NAMES)
def test_the_message_tells_an_operator_what_to_do(stopped: Stopped, month: str) -> None:
    said = stopped.logs[month]
    roc = f"110年{int(month[5:])}月"
    assert f"【停止】{JOB} {roc} 收件檢核" in said
    assert "誰處理：資料提供機關承辦人" in said
    assert "怎麼處理：" in said
    assert "修正後請以原檔名放回收件資料夾" in said
    wanted = {NO_COLUMN: "本期不可缺少的資料有 1 項未到", BLANKS: "隔離的列數超過限度"}
    assert wanted[month] in said


@pytest.mark.parametrize("month", NAMES)
def test_the_owner_gets_one_mail_with_the_marked_workbook(office: Desk, stopped: Stopped, month: str) -> None:
    mails = notices(office, month)
    assert sorted(m["X-Envelope-To"] for m in mails) == OWNERS
    for mail in mails:
        assert "未通過檢核" in mail["Subject"]
        [workbook] = [a for a in mail.iter_attachments() if str(a.get_filename()).endswith(".xlsx")]
        book = openpyxl.load_workbook(io.BytesIO(workbook.get_payload(decode=True)))
        cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
        marked = [c for c in cells if c.fill.fgColor.rgb == MARKED]
        assert marked, "the bad cells are marked"
        assert NAMES[month] in {str(c.value) for c in cells}, "the workbook names the file to mend"
    failures = [m for m in office.mails() if m["X-Probity-Report"].startswith(f"failure/{JOB}/gate_arrival")]
    assert failures == [], "told once, by the gate"


def test_without_a_mended_file_the_watch_starts_nothing(stopped: Stopped) -> None:
    assert stopped.watched == {"stopped": 2, "cleared": 0}


# -- mended ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("month", NAMES)
def test_the_mended_file_makes_the_same_run_go_on(
    office: Desk, stopped: Stopped, mended: dict[str, str], month: str
) -> None:
    assert mended[month] == "success"
    assert set(office.states(stopped.runs[month]).values()) == {"success"}
    [selection] = office.selections(month)
    assert (selection["state"], selection["decided_by"]) == ("approved", "approver")
    assert office.asked[stopped.runs[month]] >= 1
    runs = [r for r in office.officer.runs(JOB) if r["partition_key"] == month]
    assert [r["dag_run_id"] for r in runs] == [stopped.runs[month]]


@pytest.mark.parametrize("month", NAMES)
def test_what_was_done_before_the_stop_is_still_there(
    office: Desk, stopped: Stopped, mended: dict[str, str], month: str
) -> None:
    assert set(stopped.steps[month]) <= set(office.steps(month))
    outcomes = [r["outcome"] for r in _arrivals(office, month)]
    assert outcomes[0] == "stop"
    assert outcomes[-1] != "stop"
    events = [json.loads(r["body"])["event"] for r in office.rows(model.TrailRecord)]
    gates = [e["facts"]["outcome"] for e in events if (e["step"], e.get("period")) == ("gate_arrival", month)]
    assert gates[0] == "stop"
    assert "stop" not in gates[1:]


@pytest.mark.parametrize("month", NAMES)
def test_the_mended_month_is_mailed_once(office: Desk, mended: dict[str, str], month: str) -> None:
    about = [m for m in office.mails() if m["X-Probity-Report"].startswith(f"{JOB}/{month};")]
    assert sorted(m["X-Envelope-To"] for m in about) == [
        "audit-team@ethics.example.gov.tw",
        "director@ethics.example.gov.tw",
    ]
    assert trail.verify(office.engine, office.settings).ok


def test_nothing_waits_any_more(office: Desk, mended: dict[str, str]) -> None:
    assert look(office) == {"stopped": 0, "cleared": 0}


def _arrivals(office: Desk, month: str) -> list[dict[str, Any]]:
    found = office.rows(model.GateResult, model.GateResult.period == month, model.GateResult.stage == "arrival")
    return sorted(found, key=lambda r: r["recorded_at"])
