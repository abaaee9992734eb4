"""A prepared office for the tests of the jobs: a tiny invented city carried through the steps once, then copied.

In: the session's PostgreSQL and a tmp folder. Out: ``World`` objects, each with a home and a database of its own.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from probity.jobs import procurement_audit_selection as job
from probity.jobs.office import Office
from probity.ops.postgres import EmbeddedPostgres
from probity.settings import Settings
from probity.store import db, model

PERIOD = "2021-03"
MONTHS = ["2021-02", "2021-03"]
SEED = "統一發票特別獎 01234567"
STAGES = ("collect", "gate_arrival", "gate_canonical", "detect", "gate_signals", "select", "gate_selection")


@dataclass(frozen=True)
class World:
    """An office over one home and database. ``refs``: step -> the reference it gave; ``selection_id`` once asked for;
    ``log``: every line that our loggers wrote at INFO while the steps ran."""

    settings: Settings
    database: str
    refs: dict[str, str]
    asked: dict[str, Any]
    log: tuple[str, ...] = ()

    @property
    def office(self) -> Office:
        return Office(self.settings)

    @property
    def list_ref(self) -> str:
        """The selection manifest that the approver is asked about."""
        return self.refs["gate_selection"]

    def cases(self) -> list[dict[str, Any]]:
        """The proposed cases with their own columns, by rank."""
        office = self.office
        inputs = office.manifest(self.refs["gate_canonical"], "inputs")
        own = {c["case_id"]: c for c in office.tables(inputs)["award_case"].to_pylist()}
        listed = office.tables(office.manifest(self.list_ref, "selection"))["selection_case"].to_pylist()
        return [own[c["case_id"]] | c for c in sorted(listed, key=lambda c: c["rank"])]

    def frame(self) -> list[str]:
        """The case ids of the committed control frame."""
        population = self.office.objects.get_json(self.office.manifest(self.list_ref, "selection")["frame"])
        return sorted(c for ids in population["population"].values() for c in ids)

    def decide(self, choice: str = "approve", ref: str | None = None, **form: str) -> str | None:
        answer = {"choice": choice, "user": "陳科長 (approver)", "seed": SEED, "reason": "例行"} | form
        return job.record_decision(self.settings, PERIOD, ref or self.list_ref, answer)

    def rows(self, table: type[Any], *where: Any) -> list[Any]:
        with db.session_scope(self.settings) as session:
            return list(session.scalars(sa.select(table).where(*where)))

    def selection(self, selection_id: str) -> model.Selection:
        (row,) = self.rows(model.Selection, model.Selection.selection_id == selection_id)
        return row

    def session(self) -> Any:
        return db.session_scope(self.settings)

    def outbox(self) -> list[tuple[str, str, str]]:
        """(report, role, state) of every owed or delivered mail."""
        from probity.delivery.model import OutboxMail

        return sorted((m.report_id, m.role, m.state) for m in self.rows(OutboxMail))

    def events(self) -> list[dict[str, Any]]:
        """The trail's events in order."""
        records = sorted(self.rows(model.TrailRecord), key=lambda r: r.seq)
        return [json.loads(r.body)["event"] for r in records]


# -- making and copying -------------------------------------------------------------------------------------------
def settings_of(home: Path, drop: Path, url: str) -> Settings:
    return Settings(
        home=home,
        drop=drop,
        database_url=url,
        smtp_url="smtp://127.0.0.1:9",
        mail_from="probity@ethics.example.gov.tw",
    )


def run_to_list(settings: Settings, period: str = PERIOD) -> dict[str, str]:
    """collect -> ... -> gate(selection) in the order of the DAG; step -> reference."""
    refs = {"collect": job.collect(settings, period)}
    refs["gate_arrival"] = job.gate(settings, period, "arrival", refs["collect"])
    refs["gate_canonical"] = job.gate(settings, period, "canonical", refs["gate_arrival"])
    refs["detect"] = job.detect(settings, period, refs["gate_canonical"])
    refs["gate_signals"] = job.gate(settings, period, "signals", refs["detect"])
    refs["select"] = job.select(settings, period, refs["gate_signals"])
    refs["gate_selection"] = job.gate(settings, period, "selection", refs["select"])
    return refs


def ask(settings: Settings, refs: dict[str, str]) -> dict[str, Any]:
    return job.approval_request(settings, PERIOD, refs["gate_selection"])


def copied(world: World, folder: Path, server: EmbeddedPostgres, name: str, drop: Path | None = None) -> World:
    """The same office over copies of home and database; ``drop`` is shared unless another is given."""
    home = folder / "home"
    shutil.copytree(world.settings.home, home)
    db.engine(world.settings).dispose()  # a database with connections cannot be copied
    url = server.create_database(name, template=world.database)
    settings = dataclasses.replace(world.settings, home=home, drop=drop or world.settings.drop, database_url=url)
    return dataclasses.replace(world, settings=settings, database=name)


@contextmanager
def lines_of(*names: str) -> Iterator[list[str]]:
    """What the loggers below ``names`` say at INFO or above, as the task log shows it."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    handler = Keep(logging.INFO)
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.INFO)
    try:
        yield lines
    finally:
        for name, level in levels.items():
            logging.getLogger(name).removeHandler(handler)
            logging.getLogger(name).setLevel(level)


# -- changing what arrived ------------------------------------------------------------------------------------------
def detail_of(drop: Path) -> dict[str, str]:
    """The one notice detail that came as a file of its own."""
    (path,) = (drop / "採購網" / "公告明細" / "補件").glob("*.json")
    return json.loads(path.read_text(encoding="utf-8"))


def put_detail(drop: Path, **changed: str) -> dict[str, str]:
    """Drop one more notice detail: that of ``detail_of`` with other values (keys without their heading)."""
    notice = detail_of(drop)
    for key in list(notice):
        if key.split(":")[-1] in changed:
            notice[key] = changed[key.split(":")[-1]]
    path = drop / "採購網" / "公告明細" / "補件" / f"more-{len(changed)}-{changed['標案案號']}.json"
    path.write_text(json.dumps(notice, ensure_ascii=False), encoding="utf-8")
    return notice


def edit_csv(path: Path, change: Callable[[int, dict[str, str]], None]) -> None:
    """Rewrite the award csv with ``change(line number, row)`` done to each row."""
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    for number, row in enumerate(rows, start=2):
        change(number, row)
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text("\ufeff" + out.getvalue(), encoding="utf-8")
