"""Runs started by hand: the same month twice at the same time, a month without data, no month at all."""

from __future__ import annotations

import pytest

from probity.store import model
from tests.integration.scheduler.desk import JOB, Desk

pytestmark = [pytest.mark.slow, pytest.mark.airflow]

TWICE, EMPTY = "2020-11", "2019-05"
RECIPIENTS = ["audit-team@ethics.example.gov.tw", "director@ethics.example.gov.tw"]


@pytest.fixture(scope="module")
def runs(office: Desk) -> dict[str, str]:
    """All runs of this file, started together and carried to their ends."""
    started = {name: office.trigger(TWICE) for name in ("one", "other")}
    started["empty"] = office.trigger(EMPTY)
    started["none"] = office.officer.trigger(JOB)["dag_run_id"]
    office.carry(list(started.values()))
    return started


def test_two_runs_of_one_month_at_once_make_one_selection(office: Desk, runs: dict[str, str]) -> None:
    for name in ("one", "other"):
        assert set(office.states(runs[name]).values()) == {"success"}
    [selection] = office.selections(TWICE)
    assert (selection["selection_id"], selection["state"]) == (f"PA-{TWICE}-r1", "approved")
    assert len(office.rows(model.Decision, model.Decision.selection_id == selection["selection_id"])) == 1
    paths = list(office.published(selection["selection_id"]))
    assert len(paths) == len(set(paths)) > 0


def test_two_runs_of_one_month_at_once_send_each_mail_once(office: Desk, runs: dict[str, str]) -> None:
    owed = office.delivered(TWICE)
    office.run_other("report_distribution_sweep")
    assert sorted(m["recipient"] for m in owed) == RECIPIENTS
    for mail in owed:
        assert len(office.mails(mail["message_id"])) == 1
    about = [m for m in office.mails() if m["X-Probity-Report"].startswith(f"{JOB}/{TWICE};")]
    assert sorted(m["X-Envelope-To"] for m in about) == RECIPIENTS


def test_a_month_without_data_says_so_and_sends_nothing(office: Desk, runs: dict[str, str]) -> None:
    run = runs["empty"]
    assert office.officer.run(JOB, run)["state"] == "success"
    states = office.states(run)
    assert states.pop("collect") == "success"
    assert set(states.values()) == {"skipped"}
    log = office.log(run, "gate_arrival")
    assert "108年5月沒有「採購稽核選案」可用的案件資料" in log
    assert "不選案、不寄送" in log
    assert office.asked[run] == 0
    assert office.selections(EMPTY) == []
    assert [m for m in office.mails() if f"/{EMPTY}" in m["X-Probity-Report"]] == []


def test_a_run_without_a_month_says_what_to_fill_in(office: Desk, runs: dict[str, str]) -> None:
    run = runs["none"]
    assert office.officer.run(JOB, run)["state"] == "failed"
    assert office.states(run)["collect"] == "failed"
    assert "這次執行沒有期別" in office.log(run, "collect")
    tries = [t["try_number"] for t in office.officer.task_instances(JOB, run) if t["task_id"] == "collect"]
    assert tries == [1], "what a person must mend is not tried again"
