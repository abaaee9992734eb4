"""Looking after runs from outside, as a person at the UI would: what waits is answered, what fails is told.

In: Airflow's API with two logins, the runs that are awaited (job -> periods). Out: how each ended. For the demo;
nothing here decides anything that an officer would have to decide.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil

from probity.calendar import Period
from probity.ops.airflow_api import AirflowApi
from probity.ops.words import text

DONE = ("success", "failed")
# Airflow 3.3.2 ends a task that parks for an answer some moments after the request is there to be seen; an answer
# that comes in between has the task tried again. No person is that quick.
READ_SECONDS = 2.0


def roc(key: str) -> str:
    """'2021-03' -> '110年3月'."""
    return Period.parse(key).roc


class Watch:
    """Looks at the awaited runs again and again, answers what waits for an answer, says what has changed."""

    def __init__(
        self, officer: AirflowApi, approver: AirflowApi, wanted: Mapping[str, set[str]], say: Callable[[str], None]
    ) -> None:
        self.officer, self.approver = officer, approver
        self.wanted = {(job, key) for job, keys in wanted.items() for key in keys}
        self.jobs = sorted(wanted)
        self.say = say
        self.ended: dict[tuple[str, str], str] = {}
        self.stopped: set[tuple[str, str]] = set()  # by a gate: a result like any other, told to the data's owner
        self.answered: set[tuple[str, int]] = set()
        self.retried: set[tuple[str, int]] = set()
        self.seen: dict[tuple[str, int], float] = {}

    @property
    def all_good(self) -> bool:
        return self.ended.keys() == self.wanted and all(
            state == "success" or run in self.stopped for run, state in self.ended.items()
        )

    def look(self) -> bool:
        """One look; True when every awaited run has ended."""
        for job in self.jobs:
            for detail in self.approver.waiting(job):
                if self._may_answer(detail["task_instance"]):
                    self._answer(job, detail)
            for run in self.officer.runs(job):
                self._see(job, run)
        return self.ended.keys() == self.wanted

    def _see(self, job: str, run: dict[str, Any]) -> None:
        key = run["partition_key"]
        if (job, key) not in self.wanted:
            return
        if run["state"] not in DONE:
            self._tell_retries(job, key, run["dag_run_id"])
        elif self.ended.get((job, key)) != run["state"]:
            self.ended[job, key] = run["state"]
            if run["state"] == "failed":
                self._tell_failure(job, key, run["dag_run_id"])
            else:
                self.say(text("demo_run_ended", roc=self._name(job, key), state=run["state"]))

    def _may_answer(self, task: dict[str, Any]) -> bool:
        """The request was there to be read for a while, and the process that put it there has ended."""
        asked = (task["id"], task["try_number"])
        seen = self.seen.setdefault(asked, time.monotonic())
        parking = task["pid"] is not None and psutil.pid_exists(task["pid"])
        patience = 60.0 if parking else READ_SECONDS
        return asked not in self.answered and time.monotonic() - seen >= patience

    def _answer(self, job: str, detail: dict[str, Any]) -> None:
        task = detail["task_instance"]
        key = self.officer.run(job, task["dag_run_id"])["partition_key"]
        if (job, key) not in self.wanted:
            return
        # At a real approval the seed comes from a public act; the demo's is fixed, so that it repeats.
        form = {"seed": f"probity-demo-{key}"} if "seed" in (detail.get("params") or {}) else {}
        self.approver.respond(detail, detail["options"][0], form)
        self.answered.add((task["id"], task["try_number"]))
        self.say(text("demo_asked", roc=self._name(job, key)))

    def _tell_failure(self, job: str, key: str, run_id: str) -> None:
        for task in self.officer.task_instances(job, run_id):
            if task["state"] == "failed":
                gate = task["task_id"].startswith("gate_")
                if gate:
                    self.stopped.add((job, key))
                message = self._last_words(job, task)
                words = "demo_stopped_gate" if gate else "demo_failed_task"
                self.say(text(words, roc=self._name(job, key), task=task["task_id"], message=message))

    def _tell_retries(self, job: str, key: str, run_id: str) -> None:
        """A task that will be tried again: said once, with what went wrong."""
        for task in self.officer.task_instances(job, run_id):
            tried = (task["id"], task["try_number"])
            if task["state"] == "up_for_retry" and tried not in self.retried:
                self.retried.add(tried)
                message = self._last_words(job, task)
                self.say(text("demo_retried_task", roc=self._name(job, key), task=task["task_id"], message=message))

    def _last_words(self, job: str, task: dict[str, Any]) -> str:
        log = self.officer.log(job, task["dag_run_id"], task["task_id"], max(task["try_number"], 1))
        return last_words(log)

    @staticmethod
    def _name(job: str, key: str) -> str:
        from probity.jobs.wording import job_name

        return f"{roc(key)}{job_name(job)}"


def last_words(log: str, lines: int = 3) -> str:
    """What a failed task said last: the beginning of its own message (【...】) when it has one, else its last line."""
    said = [line.strip() for line in log.splitlines() if line.strip() and not line.startswith("::")]
    starts = [number for number, line in enumerate(said) if line.startswith("【")]
    chosen = said[starts[-1] : starts[-1] + lines] if starts else said[-1:]
    return " ".join(chosen)[:600]
