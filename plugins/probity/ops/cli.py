"""The commands of ``./probity``. In: arguments. Out: an exit code (0 well, 1 something is wrong, 2 bad use).

Every command works on one home (``PROBITY_HOME`` or ``--home``); where no database is configured it starts the
embedded server over that home, or joins the one that ``./probity up`` runs, and stops what it started.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from probity.ops.words import text
from probity.settings import ROOT, Settings, load

EPILOG = """\
examples:
  ./probity demo                                                  the invented city, 110/01 to 110/03
  ./probity demo --data ../shared/data/awards_hualien --from 2012-01 --to 2012-03
  ./probity up                                                    the same set-up, left running
  ./probity backfill procurement_audit_selection 2021-01 2021-03  through the Airflow that `up` runs
  ./probity replay PA-2021-03-r1                                  recompute a published selection

environment:
  PROBITY_HOME           where everything that is written goes (default: var in the checkout)
  PROBITY_DROP           the drop folder (default: drop in the home)
  PROBITY_DATABASE_URL   Probity's PostgreSQL; without it the embedded server is used
  PROBITY_AIRFLOW_DATABASE_URL   Airflow's, needed when the one above is set
  PROBITY_SMTP_URL       mail server, smtp://, smtp+starttls:// or smtps://; without it a local mailbox is used
  PROBITY_MAIL_FROM, PROBITY_CONFIG, PROBITY_UI_URL, PROBITY_API_USER, PROBITY_API_PASSWORD
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line; every command and option with its help."""
    top = argparse.ArgumentParser(
        prog="probity",
        description="廉政稽核排程 Probity: recurring compliance work of a Department of Ethics, on Apache Airflow.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, summary: str, *, home: bool = True) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=summary, description=summary)
        if home:
            made.add_argument("--home", type=Path, help="work over this folder instead of PROBITY_HOME")
        return made

    demo = command("demo", "run the monthly procurement audit selection from real files to delivered mail, then stop")
    demo.add_argument("--data", type=Path, help="a folder of real files instead of the invented city")
    demo.add_argument("--from", dest="first", metavar="YYYY-MM", help="first month (default 2021-01)")
    demo.add_argument("--to", dest="last", metavar="YYYY-MM", help="last month (default 2021-03)")
    demo.add_argument("--seed", type=int, default=110, help="seed of the invented city (default 110)")
    demo.add_argument("--size", choices=("demo", "tiny"), default="demo", help="size of the invented city")

    up = command("up", "start database, mailbox and Airflow and leave them running until Ctrl-C")
    up.add_argument("--port", type=int, default=0, help="port of the UI (default 8080, or a free one)")
    up.add_argument("--demo", action="store_true", help="fill an empty drop folder with the invented city")

    test = command("test", "lint, types, import rules and all tests; one exit code", home=False)
    test.add_argument("--fast", action="store_true", help="only the checks and the fast suite (unit, dags)")
    test.add_argument("--faults", action="store_true", help="only the fault tests")
    test.add_argument("-k", metavar="EXPRESSION", help="only tests that match, without the other checks")
    test.add_argument("paths", nargs="*", help="only these test files or folders, without the other checks")

    bench = command("bench", "run the benchmarks of tests/bench, or one of them", home=False)
    bench.add_argument("name", nargs="?", help="e.g. imports, signals, selection, reports")
    bench.add_argument("arguments", nargs=argparse.REMAINDER, help="passed on to the benchmark")

    verify = command("verify", "recompute the trail and name the first record that does not fit")
    verify.add_argument("--head", help="a head digest printed in a report: the trail must still contain it")

    backfill = command("backfill", "run a job over past months or days through Airflow's API and follow it")
    backfill.add_argument("job", metavar="JOB", help="e.g. procurement_audit_selection")
    backfill.add_argument("first", metavar="FROM", help="first month, YYYY-MM, or day, YYYY-MM-DD (for a daily job)")
    backfill.add_argument("last", metavar="TO", help="last one")
    backfill.add_argument(
        "--reprocess",
        choices=("none", "failed", "completed"),
        default="none",
        help="months that ran before: leave them, run failed ones again, run all again (default none)",
    )
    backfill.add_argument("--no-wait", action="store_true", help="start it and return")

    replay = command("replay", "recompute a published selection from its manifest: identical, or what differs")
    replay.add_argument("selection_id", metavar="SELECTION_ID", help="e.g. PA-2021-03-r1")

    listed = command("defects", "the list of defects (列管) as of any day, as it was known by any moment")
    listed.add_argument("--as-of", required=True, metavar="DATE", help="the day, e.g. 2021-03-05")
    listed.add_argument("--known-by", default="", metavar="TIME", help="only what was recorded by then")

    command("sources", "what has arrived for which period, what is missing, what is in quarantine")
    mails = command("mails", "what the outbox still owes; send a refused mail again")
    mails.add_argument("--resend", metavar="ID", type=int, help="make this mail due again, under its own Message-ID")
    kinds = "city list, audit results, agencies, auditors, works projects, contractors"
    forms = command("forms", f"write the empty xlsx forms: {kinds}", home=False)
    forms.add_argument("folder", metavar="DIR", type=Path, help="where to put them; made when it is not there")
    command("migrate", "bring Probity's database to the newest schema")
    return top


def main(argv: Sequence[str]) -> int:
    """Run one command. Ctrl-C and SIGTERM stop what was started and give 130."""
    arguments = parser().parse_args(list(argv))
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell starts background jobs with SIGINT ignored
        signal.signal(number, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        return COMMANDS[arguments.command](arguments)
    except KeyboardInterrupt:
        print(text("interrupted"), file=sys.stderr)
        return 130
    except (ValueError, OSError) as error:
        print(f"probity: {error}", file=sys.stderr)
        return 2


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def settings_of(arguments: argparse.Namespace, default: str = "") -> Settings:
    """The environment's settings, over ``--home`` when given, else over ``default`` below the home."""
    environ = dict(os.environ)
    home = getattr(arguments, "home", None)
    if home is None and default and "PROBITY_HOME" not in environ:
        home = ROOT / "var" / default
    if home is not None:
        environ["PROBITY_HOME"] = str(home.resolve())
        environ.pop("PROBITY_DROP", None)
    return load(environ)


@contextmanager
def database(settings: Settings) -> Iterator[Settings]:
    """Settings with a database that answers and has our tables: the configured one, the running one, or the
    embedded one, started for the block."""
    from probity import store
    from probity.ops.stack import Database

    with Database(settings) as found:
        ready = dataclasses.replace(settings, database_url=found.probity_url)
        store.migrate(ready)
        try:
            yield ready
        finally:
            store.engine(ready).dispose()


# -- commands ----------------------------------------------------------------------------------------------------
def _demo(arguments: argparse.Namespace) -> int:
    from probity.ops import demo

    plan = demo.DemoPlan(
        first=arguments.first or "",
        last=arguments.last or "",
        data=arguments.data,
        seed=arguments.seed,
        size=arguments.size,
    )
    plan.months()  # refuse a bad month before anything is started
    settings = settings_of(arguments, "demo")
    return demo.run(dataclasses.replace(settings, drop=settings.home / "drop", database_url=""), plan)


def _up(arguments: argparse.Namespace) -> int:
    from probity.ops import up

    return up.run(settings_of(arguments), port=arguments.port, with_demo_files=arguments.demo)


def _test(arguments: argparse.Namespace) -> int:
    from probity.ops import testing

    return testing.run(
        fast=arguments.fast, faults=arguments.faults, expression=arguments.k, paths=list(arguments.paths)
    )


def _bench(arguments: argparse.Namespace) -> int:
    from probity.ops import bench

    return bench.run(arguments.name, arguments.arguments)


def _verify(arguments: argparse.Namespace) -> int:
    from probity import store
    from probity.store import trail

    with database(settings_of(arguments)) as settings:
        verdict = trail.verify(store.engine(settings), settings, arguments.head)
    if verdict.ok:
        print(text("verify_ok", count=verdict.count, head=verdict.head))
        return 0
    print(text("verify_bad", number=verdict.first_bad, reason=f"{verdict.reason}: {verdict.detail}"))
    return 1


def _replay(arguments: argparse.Namespace) -> int:
    from probity.jobs import (
        JobError,
        procurement_audit_selection,
        public_works_inspection_selection,
        road_inspection_selection,
    )

    jobs = (procurement_audit_selection, road_inspection_selection, public_works_inspection_selection)
    prefixes = {job.SELECTING.prefix: job for job in jobs}
    job = prefixes.get(arguments.selection_id.split("-")[0])
    if job is None:
        print(text("replay_unknown", selection=arguments.selection_id), file=sys.stderr)
        return 2
    with database(settings_of(arguments)) as settings:
        try:
            findings = job.replay(settings, arguments.selection_id)
        except JobError as error:
            print(f"probity: {error}", file=sys.stderr)
            return 1
    for finding in findings:
        key = "replay_part_same" if finding.identical else "replay_part_differs"
        print(text(key, part=finding.part, expected=finding.expected, found=finding.found))
    different = sum(not finding.identical for finding in findings)
    key = "replay_differs" if different else "replay_same"
    print(text(key, selection=arguments.selection_id, count=different))
    return 1 if different else 0


def _sources(arguments: argparse.Namespace) -> int:
    from probity.ops import arrivals

    return arrivals.show(settings_of(arguments))


def _defects(arguments: argparse.Namespace) -> int:
    from probity.ops import defect_list

    with database(settings_of(arguments)) as settings:
        return defect_list.show(settings, arguments.as_of, arguments.known_by)


def _mails(arguments: argparse.Namespace) -> int:
    from probity.ops import mails

    with database(settings_of(arguments)) as settings:
        return mails.show(settings) if arguments.resend is None else mails.resend(settings, arguments.resend)


def _forms(arguments: argparse.Namespace) -> int:
    from probity.sources import forms

    for path in forms.write_all_forms(arguments.folder):
        print(path)
    return 0


def _migrate(arguments: argparse.Namespace) -> int:
    from probity import store
    from probity.ops.stack import Database

    settings = settings_of(arguments)
    with Database(settings) as found:
        revision = store.migrate(dataclasses.replace(settings, database_url=found.probity_url))
    print(text("migrate_done", revision=revision))
    return 0


def _backfill(arguments: argparse.Namespace) -> int:
    from probity.ops import backfill

    return backfill.run(
        settings_of(arguments),
        arguments.job,
        arguments.first,
        arguments.last,
        reprocess=arguments.reprocess,
        wait=not arguments.no_wait,
    )


COMMANDS: dict[str, Any] = {
    "demo": _demo,
    "up": _up,
    "test": _test,
    "bench": _bench,
    "verify": _verify,
    "backfill": _backfill,
    "replay": _replay,
    "defects": _defects,
    "sources": _sources,
    "mails": _mails,
    "forms": _forms,
    "migrate": _migrate,
}
