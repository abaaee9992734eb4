"""Periods, wrappers and the approval's answer, without a scheduler."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from probity.jobs import GateStopped, JobError, NoData
from probity.settings import Settings
from probity.store import trail
from probity_airflow import approval, callbacks, service, tasks, wording
from probity_airflow.errors import GateStop
from probity_airflow.periods import period_of


def _context(key: str | None = None, form: str | None = None) -> dict[str, Any]:
    return {"partition_key": key, "dag_run": SimpleNamespace(partition_key=key), "params": {"period": form}}


def test_the_partition_key_is_the_period() -> None:
    assert period_of(_context("2021-03")) == "2021-03"
    assert period_of({"dag_run": SimpleNamespace(partition_key="2021-Q1")}) == "2021-Q1"


def test_a_run_by_hand_takes_the_form() -> None:
    assert period_of(_context(None, " 2021-03 ")) == "2021-03"
    assert period_of(_context("2021-03", "2021-03")) == "2021-03"


@pytest.mark.parametrize(
    ("context", "says"),
    [(_context(), "沒有期別"), (_context("2021-03", "2021-04"), "兩個不同的期別"), (_context("202103"), "看不懂")],
)
def test_no_clear_period_is_an_error_that_says_so(context: dict[str, Any], says: str) -> None:
    with pytest.raises(AirflowFailException, match=says):
        period_of(context)


def _raise(error: Exception) -> Any:
    raise error


@pytest.fixture
def at_home(db_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("PROBITY_HOME", str(db_settings.home))
    monkeypatch.setenv("PROBITY_DATABASE_URL", db_settings.database_url)
    return db_settings


def test_errors_for_the_operator(at_home: Settings, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(GateStop, match="請補正") as stopped:
        tasks.guarded(lambda _: _raise(GateStopped("欄位缺漏，請補正")))
    assert stopped.value.__suppress_context__, "the operator reads the message, not a chain of errors"
    with pytest.raises(AirflowSkipException, match="不選案"):
        tasks.guarded(lambda _: _raise(NoData("110年2月")))
    with pytest.raises(ConnectionError):  # may heal: Airflow tries again
        tasks.guarded(lambda _: _raise(ConnectionError()))
    assert "欄位缺漏，請補正" in caplog.text


def test_the_head_is_anchored_after_a_step(at_home: Settings) -> None:
    from probity.store import db

    def step(settings: Settings) -> str:
        with db.session_scope(settings) as session:
            return trail.append(session, {"step": "collect"}, "k").digest

    digest = tasks.guarded(step)
    assert [a["digest"] for a in trail.anchors(at_home)] == [digest]


def test_a_database_that_is_away_does_not_hide_the_result(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBITY_HOME", str(settings.home))
    monkeypatch.delenv("PROBITY_DATABASE_URL", raising=False)
    assert tasks.guarded(lambda _: "digest") == "digest"


def test_our_loggers_speak_and_libraries_are_quiet() -> None:
    tasks.plain_logs()
    assert logging.getLogger("probity.jobs.x").isEnabledFor(logging.INFO)
    assert not logging.getLogger("great_expectations.x").isEnabledFor(logging.INFO)


def _answer(option: str, user: dict[str, str] | None, **form: str) -> dict[str, Any]:
    return {"chosen_options": [option], "params_input": {"list_code": "AB"} | form, "responded_by_user": user}


AT = dt.datetime(2021, 4, 1, tzinfo=dt.UTC)
CHEN = {"id": "chen", "name": "陳核定"}


def test_the_answer_names_who_was_logged_in() -> None:
    answer = approval.answer_of(_answer("核定", CHEN, seed=" AB-12345678 ", removed_text="A1：重複"))
    assert answer == {
        "choice": "approve",
        "user": "陳核定 (chen)",
        "list_code": "AB",
        "seed": "AB-12345678",
        "removed_text": "A1：重複",
        "added_text": "",
        "reason": "",
        "witnesses": "",
    }


@pytest.mark.parametrize(
    ("answer", "says"),
    [(_answer("核定", None), "誰答覆"), (_answer("退回", CHEN), "理由")],
)
def test_an_answer_that_cannot_be_taken(answer: dict[str, Any], says: str) -> None:
    with pytest.raises(AirflowFailException, match=says):
        approval.answer_of(answer)


class FakeJob(ModuleType):
    """A job that keeps its decisions in memory, as the real one does in its database."""

    def __init__(self) -> None:
        super().__init__("probity.jobs.fake_job")
        self.list_digest = "0a1b2c3d" + "0" * 56
        self.decisions: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.requests = 0

    def approval_request(self, settings: Settings, period: str, ref: str) -> dict[str, Any]:
        self.requests += 1
        approved = any(d["choice"] == "approve" for d in self.decisions)
        return {
            "selection_id": f"PA-{period}-r1",
            "list_digest": self.list_digest,
            "subject": "s",
            "body": "b",
            "url": "http://127.0.0.1/list",
            "already": "approved" if approved else None,
        }

    def record_decision(self, settings: Settings, period: str, ref: str, decision: dict[str, Any]) -> str | None:
        if self.error:
            raise self.error
        self.decisions.append(decision)
        return f"PA-{period}-r1" if decision["choice"] == "approve" else None


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> FakeJob:
    module = FakeJob()
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def _event(option: str = "核定", code: str = "0A1B2C3D", **form: str) -> dict[str, Any]:
    empty = dict.fromkeys(wording.FORM, "")
    return {
        "chosen_options": [option],
        "params_input": empty | {"list_code": code} | form,
        "responded_by_user": CHEN,
        "responded_at": AT,
    }


def _task(ref: str = "ref") -> approval.SelectionApproval:
    return approval.SelectionApproval(task_id="approve", job="fake_job", ref=ref, params=approval.form())


def test_an_answer_is_recorded_and_only_a_digest_goes_on(at_home: Settings, job: FakeJob) -> None:
    result = _task().execute_complete(_context("2021-03"), _event(removed_text="A1：重複"))
    assert set(result) == {"decision"} and len(result["decision"]) == 64
    assert [d["removed_text"] for d in job.decisions] == ["A1：重複"]
    other = _context("2021-03") | {"ti": SimpleNamespace(try_number=1)}
    assert _task().execute(other) == {"selection_id": "PA-2021-03-r1"}, "approved once, asked no more"
    assert len(job.decisions) == 1


def test_an_answer_to_a_list_that_has_changed_is_refused(airflow_api: FakeApi, job: FakeJob) -> None:
    with pytest.raises(AirflowFailException, match=r"DEADBEEF.*0A1B2C3D"):
        _task().execute_complete(_context("2021-03"), airflow_api.answered(_event(code="deadbeef")))
    assert job.decisions == []
    assert _asks_again(), "a person must look at the new list"


def test_an_answer_that_the_job_refuses_is_asked_for_anew(airflow_api: FakeApi, job: FakeJob) -> None:
    job.error = JobError("第 2 行無法辨識")
    with pytest.raises(AirflowFailException, match="第 2 行無法辨識"):
        _task().execute_complete(_context("2021-03"), airflow_api.answered(_event()))
    job.error = None
    assert _asks_again()


def test_the_next_try_uses_an_answer_that_airflow_never_handed_over(airflow_api: FakeApi, job: FakeJob) -> None:
    airflow_api.answered(_event(seed="AB-1"))
    assert set(_task().execute(_second_try())) == {"decision"}
    assert [(d["seed"], d["user"]) for d in job.decisions] == [("AB-1", "陳核定 (chen)")]


def test_the_next_try_uses_an_answer_that_could_not_be_recorded(airflow_api: FakeApi, job: FakeJob) -> None:
    job.error = ConnectionError("the database is away")
    with pytest.raises(ConnectionError):
        _task().execute_complete(_context("2021-03"), airflow_api.answered(_event()))
    job.error = None
    assert set(_task().execute(_second_try())) == {"decision"}


def test_a_rejection_survives_the_try_that_recorded_it(airflow_api: FakeApi, job: FakeJob) -> None:
    event = airflow_api.answered(_event("退回", reason="名單有誤"))
    first = _task().execute_complete(_context("2021-03"), event)
    requests = job.requests
    assert _task().execute(_second_try()) == first, "killed after it was recorded: nobody is asked again"
    assert job.requests == requests, "a request would open a new revision of the rejected list"
    assert [d["choice"] for d in job.decisions] == ["reject"]
    airflow_api.state = "success"
    assert _asks_again(), "cleared by someone after a good end: asked anew"


def test_an_api_that_is_away_means_asking_again(at_home: Settings, job: FakeJob) -> None:
    assert _asks_again()


@pytest.fixture
def airflow_api(at_home: Settings, monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    api = FakeApi()
    monkeypatch.setattr(service, "service_account", lambda _: nullcontext(api))
    return api


class FakeApi:
    """What Airflow's API says of the request and of the tries, in the shapes seen on 3.3.2 (its times are text)."""

    def __init__(self) -> None:
        self.detail: dict[str, Any] = {"response_received": False}
        self.state = "failed"

    def answered(self, event: dict[str, Any]) -> dict[str, Any]:
        self.detail = event | {"responded_at": "2021-04-01T00:00:00Z", "response_received": True}
        return event

    def request(self, method: str, path: str) -> dict[str, Any]:
        task = "/dags/d/dagRuns/r/taskInstances/t"
        return {
            f"{task}/-1/hitlDetails": self.detail,
            f"{task}/tries": {"task_instances": [{"try_number": 1, "state": self.state}]},
        }[path]


def _second_try() -> dict[str, Any]:
    return _context("2021-03") | {
        "ti": SimpleNamespace(try_number=2, dag_id="d", run_id="r", task_id="t", map_index=-1)
    }


def _asks_again() -> bool:
    """The second try puts its question: Airflow's operator then wants the running task, which is not here."""
    task = _task()
    with pytest.raises(KeyError, match="task_instance"):
        task.execute(_second_try())
    return task.subject == "s"


def test_a_rejection_is_recorded(at_home: Settings, job: FakeJob) -> None:
    _task().execute_complete(_context("2021-03"), _event("退回", reason="名單有誤"))
    assert [d["choice"] for d in job.decisions] == ["reject"]


def test_a_list_is_known_by_its_code() -> None:
    assert approval.list_code("0a1b2c3d" + "f" * 56) == "0A1B2C3D"


def test_a_failure_mail_carries_no_data() -> None:
    ti = SimpleNamespace(dag_id="d", task_id="t", run_id="r", try_number=2, log_url="http://127.0.0.1/x")
    facts = callbacks.failure_facts({"ti": ti, "partition_key": "2021-03", "exception": KeyError("王小明 A123456789")})
    assert facts["message"] == "KeyError" and facts["period"] == "2021-03"
    facts = callbacks.failure_facts({"ti": ti, "exception": AirflowFailException("請補正")})
    assert facts["message"] == "請補正"


def test_failures_are_owed_to_the_operators_but_a_gate_tells_them_itself(at_home: Settings) -> None:
    from sqlalchemy import func, select

    from probity.delivery.model import OutboxMail
    from probity.store import db

    def owed() -> int:
        with db.session_scope(at_home) as session:
            return session.scalar(select(func.count()).select_from(OutboxMail)) or 0

    ti = SimpleNamespace(dag_id="procurement_audit_selection", task_id="detect", run_id="r", try_number=4, log_url="")
    callbacks.task_failed({"ti": ti, "partition_key": "2021-03", "exception": GateStop("請補正")})
    assert owed() == 0
    for _ in range(2):  # the same failure is told once
        callbacks.task_failed({"ti": ti, "partition_key": "2021-03", "exception": KeyError("x")})
    assert owed() > 0
    before = owed()
    callbacks.task_failed({"ti": ti, "partition_key": "2021-03", "exception": KeyError("x")})
    assert owed() == before
