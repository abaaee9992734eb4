"""What the office's database knows of each period, as one row a period: for the demo's table and for tests.

In: settings with a database. Out: ``PeriodRow`` objects, in order of period. Reads only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from probity.delivery import model as delivery
from probity.settings import Settings
from probity.store import model


@dataclass
class PeriodRow:
    """One period of one job. ``notices``: the period's own cases (of a report: inspections), None while nothing was
    collected; ``fired`` counts (case, signal); ``selection_id``: what was published."""

    period: str
    notices: int | None = None
    quarantined: int = 0
    fired: int = 0
    selection_id: str = ""
    selected: int = 0
    control: int = 0
    mails_delivered: int = 0
    mails_owed: int = 0
    workbooks: list[Path] = field(default_factory=list)


def periods(settings: Settings, engine: Engine, job: str, keys: list[str]) -> list[PeriodRow]:
    """The rows of ``keys`` for ``job``."""
    with Session(engine) as session:
        return [_row(settings, session, job, key) for key in keys]


def open_mails(engine: Engine) -> int:
    """Mails that are still on their way: owed, claimed or to be tried again."""
    pending = (*delivery.DUE_STATES, delivery.CLAIMED)
    with Session(engine) as session:
        query = select(func.count()).select_from(delivery.OutboxMail).where(delivery.OutboxMail.state.in_(pending))
        return session.scalar(query) or 0


def _row(settings: Settings, session: Session, job: str, key: str) -> PeriodRow:
    row = PeriodRow(key)
    if (facts := _facts(session, job, key, "collect")) is not None:
        told = _facts(session, job, key, "analyse") or {}
        row.notices = facts.get("notices", told.get("inspections", 0))
        row.quarantined = facts.get("quarantined", 0) + facts.get("quarantined_by_gate", 0)
    if (facts := _facts(session, job, key, "detect")) is not None:
        row.fired = sum(signal.get("fired", 0) for signal in facts.get("signals", []))
    newest = session.scalar(
        select(model.Publication)
        .where(model.Publication.job == job, model.Publication.period == key)
        .order_by(model.Publication.revision.desc())
        .limit(1)
    )
    if newest is None:
        return row
    row.selection_id = newest.publication_id
    selected = session.get(model.Selection, newest.publication_id)
    parts = [case.part for case in selected.cases] if selected else []
    row.control = parts.count("control")
    row.selected = len(parts) - row.control
    reports = list(session.scalars(select(model.Report).where(model.Report.publication_id == newest.publication_id)))
    row.workbooks = sorted(settings.reports / report.path for report in reports if report.kind == "workbook")
    mail = delivery.OutboxMail
    query = select(mail.state).where(mail.report_id == f"{job}/{key}", mail.revision == newest.revision)
    states = list(session.scalars(query))
    row.mails_delivered = states.count(delivery.ACCEPTED)
    row.mails_owed = len(states) - row.mails_delivered
    return row


def _facts(session: Session, job: str, key: str, step: str) -> dict | None:
    query = (
        select(model.RunStep.counts)
        .where(model.RunStep.job == job, model.RunStep.period == key, model.RunStep.step == step)
        .order_by(model.RunStep.recorded_at.desc(), model.RunStep.id.desc())
        .limit(1)
    )
    return session.scalar(query)
