"""The office that inspects works, for the tests: a tiny invented city, its selections, forms that come back, answers.

In: settings with a database over the city's drop folder. Out: what people and DAGs do with them, one call each, and
``Works``: a ``World`` of a works job.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa

from probity import canonical
from probity.calendar import Period
from probity.demo import works
from probity.jobs import NoData
from probity.jobs import defect_follow_up as follow_up
from probity.jobs import road_inspection_quarterly_report as quarterly
from probity.jobs import road_inspection_selection as roads
from probity.ops.demo import published
from probity.settings import Settings
from probity.store import db, model
from tests.unit.jobs.world import SEED, World

MONTHS = ["2021-01", "2021-02", "2021-03"]
FIRST = "RI-2021-01-r1"
QUARTER = "2021-Q1"
DEMO_SEED = 110
STAGES = (
    *("collect", "gate_arrival", "gate_works_canonical", "detect", "gate_signals"),
    *("select", "gate_selection"),
)
APPROVER = "陳科長 (approver)"


@dataclass(frozen=True)
class Works(World):
    """A ``World`` whose list is that of a works job for ``period``."""

    job: ModuleType = roads
    period: str = MONTHS[0]

    def inputs(self) -> dict[str, Any]:
        return self.office.manifest(self.refs["gate_works_canonical"], "inputs")

    def cases(self) -> list[dict[str, Any]]:
        """The proposed cases with their own columns, by rank."""
        own = {c["case_id"]: c for c in self.office.tables(self.inputs())["project"].to_pylist()}
        listed = self.office.tables(self.office.manifest(self.list_ref, "selection"))["selection_case"].to_pylist()
        return [own[c["case_id"]] | c for c in sorted(listed, key=lambda c: c["rank"])]

    def decide(self, choice: str = "approve", ref: str | None = None, **form: str) -> str | None:
        answer = {"choice": choice, "user": APPROVER, "seed": SEED, "reason": "例行"} | form
        return self.job.record_decision(self.settings, self.period, ref or self.list_ref, answer)

    def files(self, publication: str) -> dict[str, str]:
        """Name -> digest of what lies in the folder of ``publication``."""
        return {p.name: canonical.file_digest(p) for p in sorted((self.settings.reports / publication).iterdir())}

    def selected(self, selection_id: str) -> list[model.SelectionCase]:
        """The final cases of an approved list, by rank."""
        rows = self.rows(model.SelectionCase, model.SelectionCase.selection_id == selection_id)
        return sorted(rows, key=lambda c: c.rank)

    def secrets(self) -> set[str]:
        """What no log line, mail body or answer to Airflow may name: titles, case numbers, firms, people."""
        tables = self.office.tables(self.inputs())
        found: set[str] = {c.case_id for c in self.rows(model.SelectionCase)}
        found |= {c.facts["case_no"] for c in self.rows(model.SelectionCase)}
        found |= set(tables["project"]["title"].to_pylist())
        found |= set(tables["project_firm"]["firm_name"].to_pylist())
        found |= set(tables["auditor"]["auditor_name"].to_pylist())
        return {s for s in found if s}


def named(secrets: Iterable[str], text: str) -> list[str]:
    """Those of ``secrets`` that ``text`` names."""
    return sorted(s for s in secrets if re.search(rf"(?<![0-9A-Za-z]){re.escape(s)}(?![0-9A-Za-z])", text))


def run_to_list(settings: Settings, period: str = MONTHS[0], job: ModuleType = roads) -> dict[str, str]:
    """collect -> ... -> gate(selection) in the order of the DAG; step -> reference."""
    ref = job.collect(settings, period)
    refs = {"collect": ref}
    for step in STAGES[1:]:
        name, _, stage = step.partition("_")
        refs[step] = ref = (
            job.gate(settings, period, stage, ref) if name == "gate" else getattr(job, name)(settings, period, ref)
        )
    return refs


def publish_list(settings: Settings, period: str, job: ModuleType = roads) -> str:
    """The month carried from the files to its publication; returns the selection's id."""
    ref = run_to_list(settings, period, job)["gate_selection"]
    asked = job.approval_request(settings, period, ref)
    form = {"choice": "approve", "user": APPROVER, "seed": SEED, "list_digest": asked["list_digest"]}
    selection_id = job.record_decision(settings, period, ref, form)
    job.publish(settings, period, selection_id)
    return str(selection_id)


def inspect(settings: Settings, month: str) -> list[Path]:
    """The team fills the forms of the month's list and drops them."""
    poor = works.truth(DEMO_SEED, MONTHS, "tiny").poor
    return works.inspect(
        published(settings, roads.JOB, month, "inspection_form"), settings.drop, DEMO_SEED, month, poor
    )


def answer(settings: Settings, day: str, until: str) -> list[Path]:
    """The agencies answer the letters that were published on ``day``."""
    forms = published(settings, follow_up.JOB, day, "correction_form")
    return works.answer(forms, settings.drop, DEMO_SEED, dt.date.fromisoformat(until))


def follow(settings: Settings, day: str) -> tuple[str, dict[str, Any]]:
    """A day of the follow-up up to the open approval: its reference, and what is asked of the officer."""
    ref = follow_up.collect(settings, day)
    for stage in ("inspection", "correction"):
        ref = follow_up.gate(settings, day, stage, ref)
    ref = follow_up.follow_up(settings, day, ref)
    with suppress(NoData):  # a day with nothing to tell
        follow_up.publish(settings, day, ref)
    return ref, follow_up.approval_request(settings, day, ref)


def grant(settings: Settings, day: str, ref: str, asked: dict[str, Any]) -> None:
    """The officer grants what the day proposes."""
    form = {"choice": "approve", "user": APPROVER, "reason": "佐證齊全", "list_digest": asked["list_digest"]}
    follow_up.record_decision(settings, day, ref, form)


def after(month: str) -> tuple[str, str]:
    """The two days of the month after ``month`` on which the demo's follow-up runs: forms in, answers in."""
    following = Period.parse(month).next()
    return works.forms_day(following).isoformat(), following.last.isoformat()


def draft(settings: Settings, quarter: str = QUARTER) -> tuple[str, dict[str, Any]]:
    """A quarter's report up to the open approval: the draft's reference, and what is asked."""
    ref = quarterly.gate(settings, quarter, "inspection", quarterly.collect(settings, quarter))
    ref = quarterly.gate(settings, quarter, "report", quarterly.analyse(settings, quarter, ref))
    return ref, quarterly.approval_request(settings, quarter, ref)


def approve_report(settings: Settings, ref: str, asked: dict[str, Any], quarter: str = QUARTER, **form: str) -> str:
    """The draft approved and published; returns its publication id."""
    told = {"choice": "approve", "user": APPROVER, "reason": "", "list_digest": asked["list_digest"]} | form
    publication = quarterly.record_decision(settings, quarter, ref, told)
    assert publication is not None
    quarterly.publish(settings, quarter, publication)
    return publication


def defect_states(settings: Settings) -> dict[str, list[str]]:
    """Defect id -> the kinds of its recorded events, in their order."""
    found: dict[str, list[str]] = {}
    with db.session_scope(settings) as session:
        for event in session.scalars(sa.select(model.DefectEvent).order_by(model.DefectEvent.event_date)):
            found.setdefault(event.defect_id, []).append(event.kind)
    return found
