"""Tasks and their workers killed with SIGKILL in the middle of collect, detect and publish, under the real scheduler.

Airflow tries a task again at once when its process dies, and when its worker dies after the heartbeats are missed
(300 s by default, shorter here). A worker killed alone leaves the task running unseen beside its own second try. At
the end the scheduler itself is killed with all its workers, and started again as a supervisor would.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from probity import canonical
from probity.jobs import procurement_audit_selection as job
from probity.store import model, trail
from tests.integration.scheduler import desk
from tests.integration.scheduler.desk import JOB, Desk

pytestmark = [pytest.mark.slow, pytest.mark.airflow]

MONTHS = ("2020-03", "2020-04", "2020-05", "2020-06")
LATER = ("2020-07", "2020-08")
RECIPIENTS = ["audit-team@ethics.example.gov.tw", "director@ethics.example.gov.tw"]
# (task, what is killed): the task's own process, the worker that watches it, or both at once.
PLAN = (
    ("collect", "task"), ("collect", "worker"), ("detect", "both"), ("detect", "task"),
    ("publish", "worker"), ("publish", "both"),
)  # fmt: skip
HEARTBEATS = {
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "20",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
}
RUNNING = text(
    "SELECT ti.pid, ti.task_id, ti.run_id FROM task_instance ti"
    " WHERE ti.dag_id = :dag AND ti.state = 'running' AND ti.try_number = 1 AND ti.pid IS NOT NULL"
)


class Killer(threading.Thread):
    """Looks at Airflow's running tasks and kills as the plan says, each first try of a run's task at most once."""

    def __init__(self, airflow_url: str) -> None:
        super().__init__(name="killer", daemon=True)
        self.engine = create_engine(airflow_url, poolclass=NullPool)
        self.left = list(PLAN)
        self.hit: list[tuple[str, str, str]] = []  # run, task, what
        self.over = threading.Event()
        self.dice = random.Random(110)

    def run(self) -> None:
        while self.left and not self.over.wait(0.03):
            with self.engine.connect() as connection:
                running = connection.execute(RUNNING, {"dag": JOB}).all()
            for pid, task, run in running:
                kinds = [what for step, what in self.left if step == task]
                if kinds and (run, task) not in {h[:2] for h in self.hit}:
                    time.sleep(self.dice.uniform(0.1, 0.5))  # somewhere in the middle
                    if kill(pid, kinds[0]):
                        self.left.remove((task, kinds[0]))
                        self.hit.append((run, task, kinds[0]))


def kill(pid: int, what: str) -> bool:
    """SIGKILL to a running task's process, to the worker above it, or to both; False when it has ended already."""
    try:
        process = psutil.Process(pid)
        worker = process.parent()
        if worker is None or worker.pid == 1 or process.status() == psutil.STATUS_ZOMBIE:
            return False
        for victim in {"task": [process], "worker": [worker], "both": [worker, process]}[what]:
            victim.kill()
    except psutil.NoSuchProcess:
        return False
    return True


@dataclass(frozen=True)
class Survived:
    """The office, its runs by month, their states, and who was killed."""

    office: Desk
    runs: dict[str, str]
    states: dict[str, str]
    hit: list[tuple[str, str, str]]


@pytest.fixture(scope="module")
def survived() -> Iterator[Survived]:
    with desk.opened(HEARTBEATS) as office:
        killer = Killer(office.stack.database.airflow_url)
        killer.start()
        try:
            runs = office.backfill(MONTHS[0], MONTHS[-1])
            states = office.carry(list(runs.values()))
        finally:
            killer.over.set()
            killer.join()
        for month in MONTHS:
            office.delivered(month)
        office.run_other("report_distribution_sweep")
        yield Survived(office, runs, states, killer.hit)


@pytest.fixture(scope="module")
def restarted(survived: Survived) -> Survived:
    """Two more months, and the death of the scheduler while their tasks run."""
    office = survived.office
    assert office.stack.airflow is not None
    runs = office.backfill(LATER[0], LATER[-1])
    engine = create_engine(office.stack.database.airflow_url, poolclass=NullPool)

    def busy() -> list[Any]:
        with engine.connect() as connection:
            return list(connection.execute(RUNNING, {"dag": JOB}))

    office.wait(busy, "a running task")
    scheduler = psutil.Process(office.stack.airflow.child("airflow-scheduler").process.pid)
    for process in [scheduler, *scheduler.children(recursive=True)]:
        process.kill()
    office.stack.airflow.restart("airflow-scheduler")
    states = office.carry(list(runs.values()))
    for month in LATER:
        office.delivered(month)
    return Survived(office, runs, states, [])


def test_every_run_ends_well(survived: Survived) -> None:
    assert sorted((task, what) for _, task, what in survived.hit) == sorted(PLAN), "all were killed in the middle"
    assert Counter(survived.states.values()) == {"success": len(MONTHS)}
    for run, task, _ in survived.hit:
        tries = {t["task_id"]: t for t in survived.office.officer.task_instances(JOB, run)}
        assert tries[task]["state"] == "success"
        assert tries[task]["try_number"] >= 2, f"{task} was tried again"


def test_no_row_twice(survived: Survived) -> None:
    office = survived.office
    for month in MONTHS:
        [selection] = office.selections(month)
        assert (selection["revision"], selection["state"]) == (1, "approved")
        assert len(office.rows(model.Decision, model.Decision.selection_id == selection["selection_id"])) == 1
        done = Counter(step for step, _ in office.steps(month))
        assert {step: done[step] for step in ("detect", "select", "decide", "publish", "owe")} == dict.fromkeys(
            ("detect", "select", "decide", "publish", "owe"), 1
        )
        files = office.rows(model.Report, model.Report.publication_id == selection["selection_id"])
        assert Counter(f["kind"] for f in files)["workbook"] == 1
        assert len({f["path"] for f in files}) == len(files)
    keys = [r["key"] for r in office.rows(model.TrailRecord)]
    assert len(keys) == len(set(keys))


def test_every_file_is_whole(survived: Survived) -> None:
    office = survived.office
    for month in MONTHS:
        published = office.published(f"PA-{month}-r1")
        folder = office.settings.reports / f"PA-{month}-r1"
        for path, digest in published.items():
            assert canonical.file_digest(office.settings.reports / path) == digest, path
        shown = {p.name for p in folder.iterdir() if not p.name.startswith(".")}
        assert shown == {path.split("/", 1)[1] for path in published}


def test_no_mail_twice_and_none_lost(survived: Survived) -> None:
    office = survived.office
    for month in MONTHS:
        about = [m for m in office.mails() if m["X-Probity-Report"].startswith(f"{JOB}/{month};")]
        assert sorted(m["X-Envelope-To"] for m in about) == RECIPIENTS
    assert [m for m in office.mails() if m["X-Probity-Report"].startswith("failure/")] == [], "nothing failed for good"


def test_the_trail_is_whole_and_every_selection_replays(survived: Survived) -> None:
    office = survived.office
    verdict = trail.verify(office.engine, office.settings)
    assert verdict.ok, (verdict.reason, verdict.detail)
    for month in MONTHS:
        findings: list[Any] = job.replay(office.settings, f"PA-{month}-r1")
        assert [f.part for f in findings if not f.identical] == []


def test_runs_survive_the_death_of_the_scheduler(survived: Survived, restarted: Survived) -> None:
    office = restarted.office
    assert Counter(restarted.states.values()) == {"success": len(LATER)}
    for month in LATER:
        [selection] = office.selections(month)
        assert (selection["revision"], selection["state"]) == (1, "approved")
        about = [m for m in office.mails() if m["X-Probity-Report"].startswith(f"{JOB}/{month};")]
        assert sorted(m["X-Envelope-To"] for m in about) == RECIPIENTS
    assert trail.verify(office.engine, office.settings).ok
