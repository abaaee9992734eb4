"""The demo: procurement audits and a quarter of works inspections, from files to delivered mail, under the real
scheduler: forms go out, are filled by an invented inspection team, come back, and defects are followed to closing.

In: a seed (an invented city is generated), or a folder of real files with its months. Out: a table of what was read,
selected and delivered per period, the workbooks and mails, and an exit code; nothing left running.
"""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from probity.calendar import Period, period_range
from probity.ops import overview
from probity.ops.airflow_api import AirflowApi, ApiError
from probity.ops.airflow_process import AirflowOptions, ChildDied
from probity.ops.console import Progress, table
from probity.ops.local import InUse, held
from probity.ops.postgres import EmbeddedPostgres
from probity.ops.stack import Stack
from probity.ops.watching import Watch, roc
from probity.ops.words import text
from probity.settings import Settings

JOB = "procurement_audit_selection"
TAG = "廉政稽核"
TAIPEI = dt.timezone(dt.timedelta(hours=8))
MARK = ".probity-demo"
APPROVER = "approver"
ROADS, PUBLIC_WORKS, DEFECTS = "road_inspection_selection", "public_works_inspection_selection", "defect_follow_up"
QUARTER = "road_inspection_quarterly_report"
PRODUCERS = (JOB, ROADS, PUBLIC_WORKS, DEFECTS)
CITY_MONTHS = ("2021-01", "2021-03")
AWARDS = ("award_csv", "notice_index", "halfmonth_xml", "notice_detail", "city_list")

HEAD = (
    "作業 job",
    "期別 period",
    "案件 cases",
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
    """'2021-01', '2021-03' -> the keys in between, both included (months, or days). ValueError when last lies before
    first or one cannot be read."""
    start, end = Period.parse(first), Period.parse(last)
    if start.kind != end.kind or end < start:
        raise ValueError(f"{last} lies before {first}")
    return [p.key for p in period_range(start, end)]


def span(first: str, last: str) -> tuple[dt.datetime, dt.datetime]:
    """The instants that a backfill of these periods is asked for: from the first day to the last one's end, Taipei."""
    months_between(first, last)
    start, end = Period.parse(first).first, Period.parse(last).last
    midnight = dt.datetime(start.year, start.month, start.day, tzinfo=TAIPEI)
    # A day's run stands at the hour of its schedule: the last day counts to its end.
    return midnight, dt.datetime(end.year, end.month, end.day, 23, 59, tzinfo=TAIPEI)


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
    stopped: set[tuple[str, str]] = set()

    def prepare(ready: Settings) -> None:
        fill_drop(ready.drop, plan, say)
        months.extend(plan.months() or months_of(ready, plan, say))

    stack = Stack(settings, options=AirflowOptions(eager=True), throwaway=True)
    good = False
    try:
        stack.start(say, meanwhile=prepare)
        show = Show(stack, plan, months, say)
        good = show.carry_through()
        stopped |= show.stopped
        good = report(stack, show.periods(), stopped, say) and good
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
        from probity.demo import generate, works

        say(text("demo_generate", months=len(plan.months()), seed=plan.seed))
        generate(drop, plan.seed, plan.months(), plan.size)
        works.generate(drop, plan.seed, plan.months(), plan.size)
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
    for dag_id in sorted(ids, key=lambda i: (i in PRODUCERS, i)):
        api.unpause(dag_id)
    return ids


class Show:
    """The acts of the demo over one running stack. The works need the invented city: real files bring no inspectors."""

    def __init__(self, stack: Stack, plan: DemoPlan, months: list[str], say: Callable[[str], None]) -> None:
        assert stack.airflow is not None
        self.stack, self.airflow, self.plan, self.months, self.say = stack, stack.airflow, plan, months, say
        self.works = plan.data is None
        self.stopped: set[tuple[str, str]] = set()
        self.good = True

    def carry_through(self) -> bool:
        """Every act in turn, each approval given as the demo approver. True when every run succeeded or was stopped by
        a gate, and no mail is open."""
        with self.airflow.api("officer") as officer, self.airflow.api(APPROVER) as approver:
            self.officer, self.approver = officer, approver
            unpause_all(officer)
            self.say(text("demo_ready", first=roc(self.months[0]), last=roc(self.months[-1])))
            if not self.works:
                self._backfill({JOB: self.months})
            else:
                self._backfill({JOB: self.months, PUBLIC_WORKS: self.months[-1:], ROADS: self.months[:1]})
                for month, following in pairwise(self.months):
                    self._inspect(month)
                    quarters = self.quarters() if following == self.months[-1] else []
                    self._backfill({ROADS: [following]}, {QUARTER: quarters})
        return wait_for_mails(self.stack, self.periods(), self.say) and self.good

    def quarters(self) -> list[str]:
        """The quarters whose three months are shown: their reports fire by themselves."""
        found = {Period.of(Period.parse(m).first, "quarter") for m in self.months}
        return sorted(q.key for q in found if {m.key for m in q.months()} <= set(self.months))

    def periods(self) -> dict[str, list[str]]:
        """job -> periods shown, in the order of the report."""
        shown = {JOB: self.months}
        if self.works:
            shown |= {ROADS: self.months, PUBLIC_WORKS: self.months[-1:], QUARTER: self.quarters()}
        return shown

    def _backfill(self, wanted: dict[str, list[str]], more: dict[str, list[str]] | None = None) -> None:
        """Backfill these months and wait for them, and for the runs that follow by themselves (``more``)."""
        for job, months in wanted.items():
            if months:
                self._free(job)
                self.officer.backfill(job, *span(months[0], months[-1]), max_active_runs=4)
        self._await({job: set(keys) for job, keys in (wanted | (more or {})).items() if keys})

    def _free(self, job: str, seconds: float = 90.0) -> None:
        """Wait until Airflow has closed the backfill before: it does so some moments after the last run's end."""
        deadline = time.monotonic() + seconds
        while any(b["completed_at"] is None for b in self.officer.backfills(job)) and time.monotonic() < deadline:
            time.sleep(0.5)

    def _await(self, wanted: dict[str, set[str]]) -> None:
        """Look until these runs have ended. TimeoutError when they take too long."""
        runs = sum(map(len, wanted.values()))
        minutes = 5 + self.plan.minutes_per_month * runs
        watch = Watch(self.officer, self.approver, wanted, self.say)
        deadline = time.monotonic() + 60 * minutes
        while not watch.look():
            self.airflow.check()
            if time.monotonic() > deadline:
                raise TimeoutError(text("demo_timeout", minutes=int(minutes)))
            time.sleep(0.4)
        self.stopped |= watch.stopped
        self.good &= watch.all_good

    # -- the loop back ---------------------------------------------------------------------------------------------
    def _inspect(self, month: str) -> None:
        """The team inspects what was selected for ``month``, its forms come back, the agencies answer the letters; the
        daily job takes both in, on two days of the month after."""
        from probity.demo import works

        after = Period.parse(month).next()
        settings = self.stack.settings
        forms = published(settings, ROADS, month, "inspection_form")
        poor = works.truth(self.plan.seed, self.months, self.plan.size).poor
        filled = works.inspect(forms, settings.drop, self.plan.seed, month, poor)
        self.say(text("demo_inspected", roc=roc(month), forms=len(filled)))
        self._day(works.forms_day(after))
        answers = published(settings, DEFECTS, works.forms_day(after).isoformat(), "correction_form")
        answered = works.answer(answers, settings.drop, self.plan.seed, after.last)
        self.say(text("demo_answered", forms=len(answered)))
        self._day(after.last)

    def _day(self, day: dt.date) -> None:
        self.officer.trigger(DEFECTS, partition_key=day.isoformat())
        self._await({DEFECTS: {day.isoformat()}})


def published(settings: Settings, job: str, period: str, kind: str) -> list[Path]:
    """The published files of ``kind`` of the newest publication of ``job`` for ``period``."""
    from sqlalchemy import select

    from probity.store import db, model

    newest = (
        select(model.Publication.publication_id)
        .where(model.Publication.job == job, model.Publication.period == period)
        .order_by(model.Publication.revision.desc())
        .limit(1)
    )
    with db.session_scope(settings) as session:
        paths = session.scalars(
            select(model.Report.path).where(
                model.Report.kind == kind, model.Report.publication_id == newest.scalar_subquery()
            )
        )
        return sorted(settings.reports / path for path in paths)


def wait_for_mails(
    stack: Stack, shown: dict[str, list[str]], say: Callable[[str], None], seconds: float = 90.0
) -> bool:
    """Wait until every mail of the published periods is delivered; False when some stay open."""
    from probity.store import db

    engine = db.engine(stack.settings)
    deadline = time.monotonic() + seconds
    say(text("demo_mail"))
    while time.monotonic() < deadline:
        rows = [r for job, keys in shown.items() for r in overview.periods(stack.settings, engine, job, keys)]
        if not overview.open_mails(engine) and all(r.mails_delivered for r in rows if r.selection_id):
            return True
        time.sleep(0.5)
    say(text("demo_mail_open", count=overview.open_mails(engine)))
    return False


# -- the end -----------------------------------------------------------------------------------------------------
def report(
    stack: Stack, shown: dict[str, list[str]], stopped: set[tuple[str, str]], say: Callable[[str], None]
) -> bool:
    """Print the table and where the workbooks and mails are; True when the trail is whole."""
    from probity.jobs.wording import job_name
    from probity.store import db, trail

    settings = stack.settings
    engine = db.engine(settings)
    found = {job: overview.periods(settings, engine, job, keys) for job, keys in shown.items()}
    rows = [row for of_job in found.values() for row in of_job]
    verdict = trail.verify(engine, settings)
    engine.dispose()
    mark = text("yes" if verdict.ok else "no")
    say(text("demo_result"))
    table(
        HEAD,
        [
            (job_name(job), *_cells(row, mark, (job, row.period) in stopped))
            for job, of_job in found.items()
            for row in of_job
        ],
    )
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
    selection = next((row.selection_id for row in reversed(found[JOB]) if row.selection_id), "SELECTION_ID")
    print(text("demo_next", home=settings.home, selection=selection), flush=True)
    return verdict.ok


def _cells(row: overview.PeriodRow, mark: str, stopped: bool) -> tuple[object, ...]:
    period = row.period
    if stopped:
        period += f" {text('demo_stopped')}"
    elif not row.notices:
        period += f" {text('demo_no_data')}"
    return (period, row.notices, row.quarantined, row.fired, row.selected, row.control, row.mails_delivered, mark)
