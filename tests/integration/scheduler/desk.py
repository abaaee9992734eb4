"""One running office for the tests of the real scheduler: PostgreSQL, LocalExecutor, mailbox, a tiny invented city.

In: nothing. Out: a ``Desk``: the hands of the people at it (the officer who starts runs, the approver who answers),
and an auditor's eyes on the records, the files, the mails and the logs. Nothing waits by the clock: each wait ends
when what it waits for is there, and gives up only after minutes, saying what was left.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from probity import demo as city
from probity.delivery.model import ACCEPTED, OutboxMail
from probity.demo import works as city_works
from probity.ops import demo
from probity.ops.airflow_api import AirflowApi, Busy
from probity.ops.airflow_process import AirflowOptions
from probity.ops.stack import Stack
from probity.settings import Settings
from probity.store import db, model

JOB = "procurement_audit_selection"
CITY = ("2021-01", "2021-02", "2021-03")  # the months of 2020 are there too, lighter ones
APPROVE, REJECT = "核定", "退回"
ENDED = ("success", "failed")
PATIENCE = 900.0  # on a machine shared by many; a quiet one needs a fraction of it
AWARDS = "採購網/決標清單/procurement_2021.csv"

#: What an approver answers: the option and the form's fields.
Answer = tuple[str, Mapping[str, str]]


def yes(period: str) -> Answer:
    """A plain approval, its seed as of a public act."""
    return APPROVE, {"seed": f"公開抽籤 {period}"}


@contextmanager
def opened(
    extra_env: Mapping[str, str] | None = None, months: Sequence[str] = CITY, works: bool = False
) -> Iterator[Desk]:
    """Start everything over a fresh home, fill the drop folder (with the city's ``works`` too where asked), unpause our
    DAGs; stop it all at the end."""

    def fill(ready: Settings) -> None:
        city.generate(ready.drop, 110, list(months), "tiny")
        if works:
            city_works.generate(ready.drop, 110, list(months), "tiny")

    # Not pytest's own folder: as root the database runs as another user, and its path must stay short.
    home = Path(tempfile.mkdtemp(prefix="probity-office-")) / "home"
    empty = Settings(home, home / "drop", "", "", "probity@ethics.example.gov.tw")
    stack = Stack(empty, options=AirflowOptions(eager=True, extra_env=dict(extra_env or {})), throwaway=True)
    try:
        stack.start(meanwhile=fill)
        assert stack.airflow is not None
        engine = create_engine(db.database_url(stack.settings), poolclass=NullPool)
        with stack.airflow.api("officer") as officer, stack.airflow.api("approver") as approver:
            demo.unpause_all(officer)
            yield Desk(stack, officer, approver, engine)
    finally:
        stack.stop()
        shutil.rmtree(home.parent, ignore_errors=True)


@dataclass
class Desk:
    """The people and the records of one running office."""

    stack: Stack
    officer: AirflowApi
    approver: AirflowApi
    engine: Engine
    job: str = JOB
    asked: Counter[str] = field(default_factory=Counter)  # run id -> approvals answered in it
    _seen: dict[tuple[str, int], float] = field(default_factory=dict)
    _answered: set[tuple[str, int]] = field(default_factory=set)

    @property
    def settings(self) -> Settings:
        return self.stack.settings

    def wait(self, there: Callable[[], Any], what: str) -> Any:
        """Look until ``there()`` is true, and return it. TimeoutError names ``what`` never came."""
        assert self.stack.airflow is not None
        deadline = time.monotonic() + PATIENCE
        while not (found := there()):
            self.stack.airflow.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not come in {PATIENCE:.0f} s")
            time.sleep(0.3)
        return found

    # -- the officer -----------------------------------------------------------------------------------------------
    def backfill(self, first: str, last: str, **options: Any) -> dict[str, str]:
        """Start a backfill as soon as none is active; returns period -> id of the run that it made."""
        before = self.backfilled()

        def started() -> bool:
            try:
                self.officer.backfill(self.job, *demo.span(first, last), **options)
            except Busy:
                self.close_backfills()
                return False
            return True

        self.wait(started, "the end of the backfill before")
        return {month: run for run, month in self.backfilled().items() if run not in before}

    def backfilled(self) -> dict[str, str]:
        """Run -> period of all runs that backfills have made so far."""
        return {r["dag_run_id"]: r["partition_key"] for r in self.officer.runs(self.job, run_type="backfill")}

    def close_backfills(self) -> None:
        """Close each backfill whose runs all are under way or over: Airflow itself looks only every 30 seconds.

        Cancelling fails what is still queued, so nothing is closed while a run is queued.
        """
        if any(r["state"] == "queued" for r in self.officer.runs(self.job)):
            return
        for backfill in self.officer.backfills(self.job):
            if backfill["completed_at"] is None:
                try:
                    self.officer.request("PUT", f"/backfills/{backfill['id']}/cancel")
                except Busy:
                    continue  # Airflow was quicker

    def trigger(self, period: str) -> str:
        """Start one run by hand; returns its id."""
        return self.officer.trigger(self.job, partition_key=period)["dag_run_id"]

    def by_the_clock(self) -> dict[str, Any]:
        """The run that Airflow makes by itself when the DAG is unpaused: last month, without a file. Ended."""
        [run] = self.wait(lambda: self.officer.runs(self.job, run_type="scheduled"), "the clock's own run")
        self.carry([run["dag_run_id"]])
        return run

    def run_other(self, dag_id: str) -> str:
        """Run one of the other DAGs by hand to its end; returns the run's id."""
        run = self.officer.trigger(dag_id)["dag_run_id"]
        self.wait(lambda: self.officer.run(dag_id, run)["state"] in ENDED, f"the end of {dag_id}")
        return run

    def states(self, run: str, dag_id: str | None = None) -> dict[str, str]:
        """Task -> state of a run."""
        return {t["task_id"]: t["state"] for t in self.officer.task_instances(dag_id or self.job, run)}

    def log(self, run: str, task: str, dag_id: str | None = None) -> str:
        """The log of a task's last try."""
        tries = [t["try_number"] for t in self.officer.task_instances(dag_id or self.job, run) if t["task_id"] == task]
        return self.officer.log(dag_id or self.job, run, task, max(tries))

    # -- the approver ----------------------------------------------------------------------------------------------
    def carry(self, runs: Collection[str], answer: Callable[[str], Answer] = yes) -> dict[str, str]:
        """Answer whatever these runs ask until they have ended; returns run -> state."""
        states: dict[str, str] = {}

        def ended() -> bool:
            self.answer(runs, answer)
            states.update({run: self.officer.run(self.job, run)["state"] for run in runs})
            return all(state in ENDED for state in states.values())

        self.wait(ended, f"the end of {', '.join(sorted(runs))}")
        return states

    def answer(self, runs: Collection[str], answer: Callable[[str], Answer] = yes) -> None:
        """Answer what can be answered now. A run whose task was tried again is answered again."""
        for detail in self.approver.waiting(self.job):
            task = detail["task_instance"]
            if task["dag_run_id"] in runs and self._rested(task):
                option, form = answer(self.period(task["dag_run_id"]))
                try:
                    self.approver.respond(detail, option, dict(form))
                except Busy:
                    continue
                self._answered.add((task["id"], task["try_number"]))
                self.asked[task["dag_run_id"]] += 1

    def _rested(self, task: Mapping[str, Any]) -> bool:
        """Whether a person could have read the request by now: Airflow 3.3.2 tries a task again when its answer
        comes while the process that asked is still ending (apache/airflow #72716)."""
        asked = (task["id"], task["try_number"])
        since = self._seen.setdefault(asked, time.monotonic())
        parking = task["pid"] is not None and psutil.pid_exists(task["pid"])
        return asked not in self._answered and time.monotonic() - since >= (30.0 if parking else 3.0)

    def period(self, run: str) -> str:
        return str(self.officer.run(self.job, run)["partition_key"])

    def waits(self, run: str) -> dict[str, Any] | None:
        """The request for approval that ``run`` has open, None when there is none."""
        return next((d for d in self.approver.waiting(self.job) if d["task_instance"]["dag_run_id"] == run), None)

    # -- the records -----------------------------------------------------------------------------------------------
    def rows(self, table: Any, *where: Any) -> list[dict[str, Any]]:
        """Rows of a table as plain dicts, by primary key."""
        columns = list(table.__table__.columns)
        keys = list(table.__table__.primary_key.columns)
        with self.engine.connect() as connection:
            return [dict(r) for r in connection.execute(select(*columns).where(*where).order_by(*keys)).mappings()]

    def selections(self, period: str) -> list[dict[str, Any]]:
        return self.rows(model.Selection, model.Selection.job == self.job, model.Selection.period == period)

    def selection(self, selection_id: str) -> dict[str, Any]:
        [row] = self.rows(model.Selection, model.Selection.selection_id == selection_id)
        return row

    def cases(self, selection_id: str) -> list[dict[str, Any]]:
        """The listed cases by rank, each with its facts."""
        found = self.rows(model.SelectionCase, model.SelectionCase.selection_id == selection_id)
        return sorted(found, key=lambda c: c["rank"])

    def steps(self, period: str) -> list[tuple[str, str]]:
        """(step, digest of its manifest) of everything that was ever done for a period."""
        found = self.rows(model.RunStep, model.RunStep.period == period)
        return sorted((s["step"], s["manifest_digest"]) for s in found)

    def published(self, selection_id: str) -> dict[str, str]:
        """Path below the reports folder -> digest, as recorded."""
        found = self.rows(model.Report, model.Report.publication_id == selection_id)
        return {r["path"]: r["digest"] for r in found}

    # -- the mails -------------------------------------------------------------------------------------------------
    def owed(self, report_id: str) -> list[dict[str, Any]]:
        """The outbox's rows of a report, such as ``procurement_audit_selection/2021-03``."""
        return self.rows(OutboxMail, OutboxMail.report_id == report_id)

    def delivered(self, period: str, revision: int = 1) -> list[dict[str, Any]]:
        """The outbox's rows of a period's selection once all of them were accepted."""
        where = (OutboxMail.report_id == f"{self.job}/{period}", OutboxMail.revision == revision)

        def accepted() -> list[dict[str, Any]]:
            found = self.rows(OutboxMail, *where)
            return found if found and all(m["state"] == ACCEPTED for m in found) else []

        return list(self.wait(accepted, f"the mails of {period} r{revision}"))

    def mails(self, message_id: str | None = None) -> list[EmailMessage]:
        """What arrived in the mailbox, all of it or under one Message-ID."""
        assert self.stack.mailbox is not None
        found = self.stack.mailbox.messages()
        return [m for m in found if message_id is None or m["Message-ID"] == message_id]

    # -- what is kept of a period ----------------------------------------------------------------------------------
    def everything(self, *periods: str) -> dict[str, Any]:
        """All that was decided, written and sent for these periods: to be compared before and after."""
        # The clock makes runs of the other jobs beside us: their mails are not this job's.
        kept: dict[str, Any] = {"mails": sum(self.job in m["X-Probity-Report"] for m in self.mails())}
        for period in periods:
            selections = self.selections(period)
            ids = [s["selection_id"] for s in selections]
            kept[period] = {
                "selections": selections,
                "cases": [self.cases(i) for i in ids],
                "decisions": self.rows(model.Decision, model.Decision.selection_id.in_(ids)),
                "reports": self.rows(model.Report, model.Report.publication_id.in_(ids)),
                "files": {p.name: p.read_bytes() for i in ids for p in sorted((self.settings.reports / i).iterdir())},
                "owed": self.owed(f"{self.job}/{period}"),
                "steps": self.steps(period),
                "trail": self.rows(model.TrailRecord, model.TrailRecord.key.startswith(f"{self.job}/{period}/")),
            }
        return kept

    # -- the drop folder -------------------------------------------------------------------------------------------
    def award_rows(self, month: str) -> tuple[list[str], list[dict[str, str]]]:
        """Header and rows of the city's award list with a notice in ``month`` (2021 only)."""
        with (self.settings.drop / AWARDS).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            key = month.replace("-", "")
            rows = [r for r in reader if r["announcement_date"].startswith(key)]
            return list(reader.fieldnames or ()), rows

    def drop(self, name: str, header: list[str], rows: list[dict[str, str]]) -> Path:
        """Lay an award list into the drop folder as an officer's copy does: under another name first."""
        path = self.settings.drop / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        with part.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, header, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
        return part.replace(path)


def moved(rows: list[dict[str, str]], month: str, prefix: str) -> list[dict[str, str]]:
    """The same awards as other cases of another month: new case numbers, the notice on the same day of ``month``."""
    made = []
    for number, row in enumerate(rows, start=1):
        day = month.replace("-", "") + f"{min(int(row['announcement_date'][6:]), 28):02d}"
        case_no = f"{prefix}{number:04d}"
        award = f"{day[:4]}-{day[4:6]}-01"
        key = f"{row['unit_id']}|{case_no}|{day}|{prefix}-{number}"
        changed = {"case_key": key, "year": day[:4], "announcement_date": day, "award_date": award}
        made.append(row | changed | {"job_number": case_no, "source_url": "", "raw_file": ""})
    return made


__all__ = ["APPROVE", "CITY", "JOB", "REJECT", "Answer", "Desk", "Session", "moved", "opened", "yes"]
