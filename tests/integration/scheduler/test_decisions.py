"""Two months backfilled by the command line; one list is approved with changes, the other is sent back.

While that backfill is active a second one is refused, by Airflow's API and by ``probity backfill``. The approver first
names a case that is not there; the task says so, is cleared and asks again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any

import openpyxl
import pytest

from probity.delivery.model import OutboxMail
from probity.jobs import procurement_audit_selection as job
from probity.ops import demo
from probity.ops.airflow_api import Busy
from probity.settings import ROOT
from probity.store import model
from probity.store.objects import ObjectStore
from tests.integration.scheduler import secrets
from tests.integration.scheduler.desk import APPROVE, JOB, REJECT, Answer, Desk

pytestmark = [pytest.mark.slow, pytest.mark.airflow]

CHANGED, REJECTED = "2020-09", "2020-10"
TAKEN_OUT, PUT_IN, SENT_BACK = "已由審計處於前月查核", "主管機關來函指定", "清冊漏列第二季變更契約"


def probity(office: Desk, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line as an officer's, against the running Airflow."""
    assert office.stack.airflow is not None
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "PROBITY_"))}
    env |= {
        "PYTHONPATH": str(ROOT / "plugins"),
        "PROBITY_HOME": str(office.settings.home),
        "PROBITY_UI_URL": office.settings.ui_url,
        "PROBITY_API_USER": "officer",
        "PROBITY_API_PASSWORD": office.stack.airflow.passwords()["officer"],
    }
    return subprocess.run(
        [sys.executable, "-m", "probity", *arguments], env=env, capture_output=True, text=True, timeout=600, check=False
    )


@dataclass(frozen=True)
class Decided:
    """What was started, refused and answered. ``mistaken``: the state of the month's run after the first answer, and
    the log; ``removed`` is the listed case taken out, ``added`` the id of the case put in."""

    started: subprocess.CompletedProcess[str]
    refused: subprocess.CompletedProcess[str]
    refusal: str
    runs: dict[str, str]
    states: dict[str, str]
    mistaken: tuple[str, str]
    removed: dict[str, Any]
    added: str


@pytest.fixture(scope="module")
def decided(office: Desk) -> Decided:
    before = office.backfilled()
    office.wait(lambda: office.close_backfills() or not _active(office), "the end of the backfills before")
    started = probity(office, "backfill", JOB, CHANGED, REJECTED, "--no-wait")
    refused = probity(office, "backfill", JOB, CHANGED, REJECTED, "--no-wait")
    with pytest.raises(Busy) as refusal:
        office.officer.backfill(JOB, *demo.span("2020-07", "2020-08"))
    runs = {month: run for run, month in office.backfilled().items() if run not in before}
    run = runs[CHANGED]
    office.wait(lambda: office.waits(run), f"the request for {CHANGED}")
    removed = office.cases(f"PA-{CHANGED}-r1")[0]
    added = _not_listed(office)

    def answer(period: str) -> Answer:
        if period == REJECTED:
            return REJECT, {"reason": SENT_BACK}
        return APPROVE, {
            "seed": "09876543",
            "removed_text": f"1：{TAKEN_OUT}",
            "added_text": f"{added.split('|')[1]}：{PUT_IN}",
            "reason": "依科務會議決議",
            "witnesses": "主計室專員\n研考會科員",
        }

    def mistake(period: str) -> Answer:
        option, form = answer(period)
        return option, {**form, "added_text": f"沒有這個案號：{PUT_IN}"} if period == CHANGED else form

    states = office.carry(list(runs.values()), mistake)
    mistaken = (states[run], office.log(run, "approve"))
    office.officer.clear(JOB, run, ["approve"])
    states |= office.carry([run], answer)
    assert states[run] == "success", office.log(run, "approve")
    office.delivered(CHANGED)
    return Decided(started, refused, str(refusal.value), runs, states, mistaken, removed, added)


def _active(office: Desk) -> bool:
    return any(b["completed_at"] is None for b in office.officer.backfills(JOB))


def _not_listed(office: Desk) -> str:
    """A case of the month that was not proposed: the id of one whose number no other case of the month has."""
    objects = ObjectStore(office.settings.objects)
    manifest = objects.get_json(office.selection(f"PA-{CHANGED}-r1")["manifest_digest"])
    inputs = objects.get_json(objects.get_json(manifest["signals"])["inputs"])
    cases = objects.get_table(inputs["snapshots"]["award_case"]["digest"]).to_pylist()
    numbers = Counter(c["case_no"] for c in cases if c["award_notice_date"].strftime("%Y-%m") == CHANGED)
    frame = sorted(case for part in objects.get_json(manifest["frame"])["population"].values() for case in part)
    return next(case for case in frame if numbers[case.split("|")[1]] == 1)


# -- two at once -------------------------------------------------------------------------------------------------
def test_a_second_backfill_is_refused_in_plain_words(decided: Decided) -> None:
    assert decided.started.returncode == 0, decided.started.stdout + decided.started.stderr
    assert decided.refused.returncode == 1
    for said in (decided.refused.stdout, decided.refusal):
        assert "已有回補作業進行中" in said
        assert "請待其完成後再執行" in said
        assert "Traceback" not in said


def test_the_refused_backfill_made_no_run(decided: Decided) -> None:
    assert sorted(decided.runs) == [CHANGED, REJECTED]
    assert set(decided.states.values()) == {"success"}


# -- sent back ---------------------------------------------------------------------------------------------------
def test_a_list_sent_back_is_recorded_with_its_reason(office: Desk, decided: Decided) -> None:
    [selection] = office.selections(REJECTED)
    assert (selection["state"], selection["decided_by"], selection["reason"]) == ("rejected", "approver", SENT_BACK)
    [decision] = office.rows(model.Decision, model.Decision.selection_id == selection["selection_id"])
    assert (decision["choice"], decision["user"]) == ("reject", "approver")
    events = office.rows(model.TrailRecord, model.TrailRecord.key.startswith(f"{JOB}/{REJECTED}/decide/"))
    assert [json.loads(e["body"])["event"]["facts"]["choice"] for e in events] == ["reject"]


def test_a_list_sent_back_sends_and_publishes_nothing(office: Desk, decided: Decided) -> None:
    states = office.states(decided.runs[REJECTED])
    assert states["publish"] == "skipped"
    assert "退回" in office.log(decided.runs[REJECTED], "publish")
    office.run_other("report_distribution_sweep")
    assert office.rows(OutboxMail, OutboxMail.report_id == f"{JOB}/{REJECTED}") == []
    assert office.published(f"PA-{REJECTED}-r1") == {}
    assert not (office.settings.reports / f"PA-{REJECTED}-r1").exists()
    assert [m for m in office.mails() if m["X-Probity-Report"].startswith(f"{JOB}/{REJECTED}")] == []


# -- a mistake ----------------------------------------------------------------------------------------------------
def test_a_case_that_is_not_there_is_told_and_may_be_answered_again(office: Desk, decided: Decided) -> None:
    state, log = decided.mistaken
    assert state == "failed"
    assert "在本期案件中找不到" in log
    assert "本次決定尚未生效" in log
    assert PUT_IN not in log
    assert len(office.rows(model.Decision, model.Decision.selection_id == f"PA-{CHANGED}-r1")) == 1


# -- approved with changes -----------------------------------------------------------------------------------------
def test_removed_and_added_cases_are_on_the_final_list(office: Desk, decided: Decided) -> None:
    [selection] = office.selections(CHANGED)
    assert (selection["state"], selection["seed"]) == ("approved", "09876543")
    final = {c["case_id"]: c for c in office.cases(selection["selection_id"])}
    assert decided.removed["case_id"] not in final
    assert final[decided.added]["part"] == "added"
    assert PUT_IN in final[decided.added]["reasons"]
    assert sorted(c["rank"] for c in final.values()) == list(range(1, len(final) + 1))
    assert [f.part for f in job.replay(office.settings, selection["selection_id"]) if not f.identical] == []


def test_the_decision_keeps_the_changes_and_their_reasons(office: Desk, decided: Decided) -> None:
    [decision] = office.rows(model.Decision, model.Decision.selection_id == f"PA-{CHANGED}-r1")
    assert [c["reason"] for c in decision["removed"]] == [TAKEN_OUT]
    assert [c["reason"] for c in decision["added"]] == [PUT_IN]
    assert decision["witnesses"] == ["主計室專員", "研考會科員"]
    book = openpyxl.load_workbook(office.settings.reports / f"PA-{CHANGED}-r1" / f"PA-{CHANGED}-r1.xlsx")
    text = "\n".join(str(c.value) for sheet in book for row in sheet.iter_rows() for c in row if c.value)
    assert TAKEN_OUT in text
    assert PUT_IN in text


def test_neither_the_changes_nor_their_reasons_reach_logs_and_xcom(office: Desk, decided: Decided) -> None:
    terms = secrets.named(office, f"PA-{CHANGED}-r1") | {TAKEN_OUT, PUT_IN}
    terms |= {decided.removed["facts"][k] for k in ("case_no", "title")} | {decided.added.split("|")[1]}
    for name, text in secrets.logs(office):
        assert secrets.found_in(text, terms) == set(), name
    for name, value in secrets.xcoms(office, decided.runs[CHANGED]):
        assert secrets.found_in(str(value), terms) == set(), name
