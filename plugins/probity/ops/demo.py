"""The demo: the monthly procurement audit selection from real files to delivered mail, under the real scheduler.

In: a seed (an invented city is generated), or a folder of real files with its months. Out: a table of what was read,
selected and delivered per period, the workbooks and mails, and an exit code; nothing left running.
"""

from __future__ import annotations

import calendar
import datetime as dt
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from probity.ops import overview
from probity.ops.airflow_api import AirflowApi, ApiError
from probity.ops.airflow_process import AirflowOptions, ChildDied
from probity.ops.console import Progress, table
from probity.ops.local import InUse, held
from probity.ops.postgres import EmbeddedPostgres
from probity.ops.stack import Stack
from probity.ops.words import text
from probity.settings import Settings

JOB = "procurement_audit_selection"
TAG = "廉政稽核"
TAIPEI = dt.timezone(dt.timedelta(hours=8))
MARK = ".probity-demo"
APPROVER = "approver"
DONE = ("success", "failed")
# Airflow 3.3.2 ends a task that parks for an answer some moments after the request is there to be seen; an answer
# that comes in between has the task tried again. No person is that quick.
READ_SECONDS = 2.0
CITY_MONTHS = ("2021-01", "2021-03")
AWARDS = ("award_csv", "notice_index", "halfmonth_xml", "notice_detail", "city_list")

HEAD = (
    "期別 period",
    "公告 notices",
    "隔離 quarantined",
    "訊號 signals",
    "選案 selected",
    "對照 control",
    "郵件 mails",
    "軌跡 trail",
)


@dataclass(frozen=True)
class DemoPlan:
    """What to show: the months, and where their files come from (``data`` None: the invented city).

    Months left empty are 2021-01 to 2021-03 for the city, and for ``data`` those of the award notices in it.
    """

    first: str = ""
    last: str = ""
    data: Path | None = None
    seed: int = 110
    size: str = "demo"
    minutes_per_month: float = 4.0

    def months(self) -> list[str]:
        """The period keys from ``first`` to ``last``; empty while they are to be found in the data. ValueError when
        one cannot be read or ``last`` lies before ``first``."""
        if self.data is not None and not (self.first and self.last):
            return []
        return months_between(self.first or CITY_MONTHS[0], self.last or CITY_MONTHS[1])


def months_between(first: str, last: str) -> list[str]:
    """'2021-01', '2021-03' -> the keys in between, both included. ValueError when last lies before first."""
    start, end = (dt.datetime.strptime(key, "%Y-%m") for key in (first, last))  # noqa: DTZ007 (a month, no instant)
    keys = [f"{n // 12}-{n % 12 + 1:02d}" for n in range(start.year * 12 + start.month - 1, end.year * 12 + end.month)]
    if not keys:
        raise ValueError(f"{last} lies before {first}")
    return keys


def span(first: str, last: str) -> tuple[dt.datetime, dt.datetime]:
    """The instants that a backfill of these months is asked for: the first day and the last, in Taipei."""
    months_between(first, last)
    (y1, m1), (y2, m2) = (map(int, key.split("-")) for key in (first, last))
    return dt.datetime(y1, m1, 1, tzinfo=TAIPEI), dt.datetime(y2, m2, calendar.monthrange(y2, m2)[1], tzinfo=TAIPEI)


def roc(key: str) -> str:
    """'2021-03' -> '110年3月'."""
    from probity.calendar import Period

    return Period.parse(key).roc


def run(settings: Settings, plan: DemoPlan, say: Progress | None = None) -> int:
    """Run the demo over ``settings.home`` (emptied first when it is a demo's). Returns 0 when every month was
    carried through, every mail delivered and the trail verified; 1 otherwise; 2 when it cannot begin."""
    say = say or Progress()
    try:
        with held(settings.home.parent / f".{settings.home.name}.lock"):
            fresh_home(settings.home)
            return _run(settings, plan, say)
    except InUse:
        say(text("demo_busy", folder=settings.home))
        return 2


def fresh_home(home: Path) -> None:
    """Empty the folder of an earlier demo, ending a server that it left; ValueError for a folder that is not one."""
    if home.exists() and any(home.iterdir()):
        if not (home / MARK).exists():
            raise ValueError(f"{home} holds other data than a demo's; give another folder with --home")
        if (home / "postgres").exists():
            EmbeddedPostgres(home / "postgres").kill()
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    (home / MARK).touch()


def _run(settings: Settings, plan: DemoPlan, say: Progress) -> int:
    months: list[str] = []
    stopped: set[str] = set()

    def prepare(ready: Settings) -> None:
        fill_drop(ready.drop, plan, say)
        months.extend(plan.months() or months_of(ready, plan, say))

    stack = Stack(settings, options=AirflowOptions(eager=True), throwaway=True)
    good = False
    try:
        stack.start(say, meanwhile=prepare)
        good = carry_through(stack, months, stopped, say, plan.minutes_per_month)
        good = report(stack, months, stopped, say) and good
    except (ChildDied, ApiError, TimeoutError) as error:
        say(str(error))
    finally:
        stack.stop()
    say(text("demo_clean", seconds=f"{say.seconds:.0f}"))
    return 0 if good else 1


# -- files -------------------------------------------------------------------------------------------------------
def fill_drop(drop: Path, plan: DemoPlan, say: Callable[[str], None]) -> None:
    """Lay the files into the drop folder: the invented city's, or links to those of ``plan.data``."""
    if plan.data is None:
        from probity.demo import generate

        say(text("demo_generate", months=len(plan.months()), seed=plan.seed))
        generate(drop, plan.seed, plan.months(), plan.size)
    else:
        copy_tree(plan.data, drop)
    say(text("demo_files", files=sum(1 for path in drop.rglob("*") if path.is_file())))


def copy_tree(source: Path, drop: Path) -> None:
    """The files of ``source`` under ``drop``. NotADirectoryError names what is no folder."""
    if not source.is_dir():
        raise NotADirectoryError(str(source))
    shutil.copytree(source, drop, dirs_exist_ok=True, copy_function=shutil.copyfile)
    for path in [drop, *drop.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)  # the source may be read-only


def months_of(ready: Settings, plan: DemoPlan, say: Callable[[str], None]) -> list[str]:
    """The months of the award notices in the drop folder, within those that the plan names. ValueError when none."""
    from probity import sources
    from probity.store.objects import ObjectStore

    objects = ObjectStore(ready.objects)
    read = [sources.ingest(a, ready, objects) for a in sources.discover(ready.drop, ready) if a.source_id in AWARDS]
    dates = [d for i in read for d in (i.first_date, i.last_date) if d is not None]
    if not dates:
        raise ValueError(text("demo_no_period", folder=plan.data))
    return months_between(plan.first or f"{min(dates):%Y-%m}", plan.last or f"{max(dates):%Y-%m}")


# -- the run -----------------------------------------------------------------------------------------------------
def unpause_all(api: AirflowApi, timeout: float = 120.0) -> list[str]:
    """Unpause every DAG of ours once the main job has been read; returns their ids."""
    api.wait_for_dag(JOB, timeout)
    ids = sorted(d["dag_id"] for d in api.dags() if TAG in {t["name"] for t in d["tags"]})
    # Readers first: an event of before a reader was unpaused is not replayed to it.
    for dag_id in sorted(ids, key=lambda i: (i == JOB, i)):
        api.unpause(dag_id)
    return ids


def carry_through(
    stack: Stack, months: list[str], stopped: set[str], say: Callable[[str], None], minutes_per_month: float
) -> bool:
    """Backfill the months, approve each selection as the demo approver, wait for runs and mails. True when every
    run succeeded or was stopped by a gate (added to ``stopped``), and no mail is open."""
    assert stack.airflow is not None
    with stack.airflow.api("officer") as officer, stack.airflow.api(APPROVER) as approver:
        unpause_all(officer)
        start, end = span(months[0], months[-1])
        say(text("demo_ready", first=roc(months[0]), last=roc(months[-1])))
        officer.backfill(JOB, start, end, max_active_runs=4)
        watch = Watch(officer, approver, months, say)
        deadline = time.monotonic() + 60 * (5 + minutes_per_month * len(months))
        while not watch.look():
            stack.airflow.check()
            if time.monotonic() > deadline:
                say(text("demo_timeout", minutes=int(5 + minutes_per_month * len(months))))
                return False
            time.sleep(0.4)
        stopped |= watch.stopped
        return wait_for_mails(stack, months, say) and watch.all_good


class Watch:
    """Looks at the runs of the months again and again, answers what waits for an answer, says what has changed."""

    def __init__(
        self, officer: AirflowApi, approver: AirflowApi, months: list[str], say: Callable[[str], None]
    ) -> None:
        self.officer, self.approver = officer, approver
        self.months = set(months)
        self.say = say
        self.ended: dict[str, str] = {}
        self.stopped: set[str] = set()  # by a gate: a result like any other, told and mailed to the data's owner
        self.answered: set[tuple[str, int]] = set()
        self.retried: set[tuple[str, int]] = set()
        self.seen: dict[tuple[str, int], float] = {}

    @property
    def all_good(self) -> bool:
        return self.ended.keys() == self.months and all(
            state == "success" or key in self.stopped for key, state in self.ended.items()
        )

    def look(self) -> bool:
        """One look; True when every month has ended."""
        for detail in self.approver.waiting(JOB):
            if self._may_answer(detail["task_instance"]):
                self._answer(detail)
        for run in self.officer.runs(JOB):
            key = run["partition_key"]
            if key not in self.months:
                continue
            if run["state"] not in DONE:
                self._tell_retries(key, run["dag_run_id"])
            elif self.ended.get(key) != run["state"]:
                self.ended[key] = run["state"]
                if run["state"] == "failed":
                    self._tell_failure(key, run["dag_run_id"])
                else:
                    self.say(text("demo_run_ended", roc=roc(key), state=run["state"]))
        return self.ended.keys() == self.months

    def _may_answer(self, task: dict[str, Any]) -> bool:
        """The request was there to be read for a while, and the process that put it there has ended."""
        asked = (task["id"], task["try_number"])
        seen = self.seen.setdefault(asked, time.monotonic())
        parking = task["pid"] is not None and psutil.pid_exists(task["pid"])
        patience = 60.0 if parking else READ_SECONDS
        return asked not in self.answered and time.monotonic() - seen >= patience

    def _answer(self, detail: dict[str, Any]) -> None:
        task = detail["task_instance"]
        key = self.officer.run(JOB, task["dag_run_id"])["partition_key"]
        if key not in self.months:
            return
        # At a real approval the seed comes from a public act; the demo's is fixed, so that it repeats.
        self.approver.respond(detail, detail["options"][0], {"seed": f"probity-demo-{key}"})
        self.answered.add((task["id"], task["try_number"]))
        self.say(text("demo_asked", roc=roc(key)))

    def _tell_failure(self, key: str, run_id: str) -> None:
        for task in self.officer.task_instances(JOB, run_id):
            if task["state"] == "failed":
                gate = task["task_id"].startswith("gate_")
                if gate:
                    self.stopped.add(key)
                message = self._last_words(task, task["try_number"])
                words = "demo_stopped_gate" if gate else "demo_failed_task"
                self.say(text(words, roc=roc(key), task=task["task_id"], message=message))

    def _tell_retries(self, key: str, run_id: str) -> None:
        """A task that will be tried again: said once, with what went wrong."""
        for task in self.officer.task_instances(JOB, run_id):
            tried = (task["id"], task["try_number"])
            if task["state"] == "up_for_retry" and tried not in self.retried:
                self.retried.add(tried)
                message = self._last_words(task, task["try_number"])
                self.say(text("demo_retried_task", roc=roc(key), task=task["task_id"], message=message))

    def _last_words(self, task: dict[str, Any], attempt: int) -> str:
        log = self.officer.log(JOB, task["dag_run_id"], task["task_id"], max(attempt, 1))
        return last_words(log)


def last_words(log: str, lines: int = 3) -> str:
    """What a failed task said last: the beginning of its own message (【...】) when it has one, else its last line."""
    said = [line.strip() for line in log.splitlines() if line.strip() and not line.startswith("::")]
    starts = [number for number, line in enumerate(said) if line.startswith("【")]
    chosen = said[starts[-1] : starts[-1] + lines] if starts else said[-1:]
    return " ".join(chosen)[:600]


def wait_for_mails(stack: Stack, months: list[str], say: Callable[[str], None], seconds: float = 90.0) -> bool:
    """Wait until every mail of the months' selections is delivered; False when some stay open."""
    from probity.store import db

    engine = db.engine(stack.settings)
    deadline = time.monotonic() + seconds
    say(text("demo_mail"))
    while time.monotonic() < deadline:
        rows = overview.periods(stack.settings, engine, JOB, months)
        if not overview.open_mails(engine) and all(r.mails_delivered for r in rows if r.selection_id):
            return True
        time.sleep(0.5)
    say(text("demo_mail_open", count=overview.open_mails(engine)))
    return False


# -- the end -----------------------------------------------------------------------------------------------------
def report(stack: Stack, months: list[str], stopped: set[str], say: Callable[[str], None]) -> bool:
    """Print the table and where the workbooks and mails are; True when the trail is whole."""
    from probity.store import db, trail

    settings = stack.settings
    engine = db.engine(settings)
    rows = overview.periods(settings, engine, JOB, months)
    verdict = trail.verify(engine, settings)
    engine.dispose()
    mark = text("yes" if verdict.ok else "no")
    say(text("demo_result"))
    table(HEAD, [_cells(row, mark, row.period in stopped) for row in rows])
    if verdict.ok:
        print(text("demo_trail_ok", count=verdict.count, head=verdict.head[:16]))
    else:
        print(text("demo_trail_bad", number=verdict.first_bad, reason=f"{verdict.reason}: {verdict.detail}"))
    print(text("demo_workbooks"))
    for row in rows:
        for path in row.workbooks:
            print(f"  {path}")
    if stack.mailbox is not None:
        paths = stack.mailbox.paths()
        print(text("demo_mails", count=len(paths), folder=stack.mailbox.folder))
        for path in paths[:12]:
            print(f"  {path.name}")
        if len(paths) > 12:
            print("  ...")
    selection = next((row.selection_id for row in reversed(rows) if row.selection_id), "SELECTION_ID")
    print(text("demo_next", home=settings.home, selection=selection), flush=True)
    return verdict.ok


def _cells(row: overview.PeriodRow, mark: str, stopped: bool) -> tuple[object, ...]:
    period = row.period
    if stopped:
        period += f" {text('demo_stopped')}"
    elif not row.notices:
        period += f" {text('demo_no_data')}"
    return (period, row.notices, row.quarantined, row.fired, row.selected, row.control, row.mails_delivered, mark)
