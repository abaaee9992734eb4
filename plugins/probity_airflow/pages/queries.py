"""What the pages show, read from the office's database and object store; nothing here writes.

In: a session or the settings. Out: rows and plain dicts for the templates, newest first, a page at a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from probity.settings import Settings
from probity.store import model, trail
from probity.store.objects import ObjectStore
from probity.tables import FAMILIES

PAGE = 50


def periods(session: Session, page: int = 1) -> list[dict[str, Any]]:
    """A row a job and period: its steps, the newest outcome of each gate, its newest selection."""
    keys = session.execute(
        select(model.RunStep.job, model.RunStep.period, func.max(model.RunStep.recorded_at).label("at"))
        .group_by(model.RunStep.job, model.RunStep.period)
        .order_by(model.RunStep.period.desc(), model.RunStep.job)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    wanted = [k.period for k in keys]
    gates: dict[tuple[str, str], dict[str, model.GateResult]] = {}
    for gate in session.scalars(
        select(model.GateResult).where(model.GateResult.period.in_(wanted)).order_by(model.GateResult.recorded_at)
    ):
        gates.setdefault((gate.job, gate.period), {})[gate.stage] = gate
    newest = {
        (s.job, s.period): s
        for s in session.scalars(
            select(model.Selection).where(model.Selection.period.in_(wanted)).order_by(model.Selection.revision)
        )
    }
    return [
        {
            "job": k.job,
            "period": k.period,
            "at": k.at,
            "gates": sorted(gates.get((k.job, k.period), {}).values(), key=lambda g: g.recorded_at),
            "selection": newest.get((k.job, k.period)),
        }
        for k in keys
    ]


def selections(session: Session, page: int = 1) -> list[Any]:
    """(selection, number of cases), newest period first."""
    count = (
        select(func.count())
        .where(model.SelectionCase.selection_id == model.Selection.selection_id)
        .correlate(model.Selection)
        .scalar_subquery()
    )
    return list(
        session.execute(
            select(model.Selection, count.label("cases"))
            .order_by(model.Selection.period.desc(), model.Selection.job, model.Selection.revision.desc())
            .limit(PAGE)
            .offset((page - 1) * PAGE)
        ).all()
    )


def selection_counts(session: Session, selection_id: str) -> dict[str, int]:
    """Part of the list -> number of cases."""
    rows = session.execute(
        select(model.SelectionCase.part, func.count())
        .where(model.SelectionCase.selection_id == selection_id)
        .group_by(model.SelectionCase.part)
    )
    return {part: count for part, count in rows}  # noqa: C416  rows are Row objects


def selection_cases(session: Session, settings: Settings, row: model.Selection, kept: Archive) -> list[dict[str, Any]]:
    """The cases in order, each with its reasons, score parts, the fired signals' evidence, its firms and auditors."""
    cases = session.scalars(
        select(model.SelectionCase)
        .where(model.SelectionCase.selection_id == row.selection_id)
        .order_by(model.SelectionCase.rank)
    ).all()
    ids = {c.case_id for c in cases}
    fired, winners, people = kept.evidence(ids), kept.winners(ids), kept.people()
    place = _about(kept.family.name, settings)
    return [
        {
            "case": case,
            "facts": case.facts,
            "about": place(case.facts),
            "reasons": json.loads(case.reasons),
            "score_parts": json.loads(case.score_parts),
            "evidence": fired.get(case.case_id, []),
            "winners": winners.get(case.case_id, []),
            "auditors": [people.get(i, i) for i in (case.auditors or "").split(",") if i],
            "recused": [people.get(i, i) for i in (case.recused or "").split(",") if i],
        }
        for case in cases
    ]


def _about(family: str, settings: Settings) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What the reports tell of a case beyond its columns: of a project its place, its sum in force, its dates."""
    from probity.reports.families import shape
    from probity.reports.works import facts

    words = shape(family).labels(settings.templates)
    return lambda case: facts(case | {"winners": ""}, words) if family == "works" else {}


def decision(session: Session, selection_id: str) -> model.Decision | None:
    """The answer that closed the selection: changes with their reasons, witnesses."""
    return session.scalar(select(model.Decision).where(model.Decision.selection_id == selection_id))


class Archive:
    """The snapshots behind a selection manifest. A part that is no longer there is empty: the page shows the rest."""

    def __init__(self, settings: Settings, manifest_digest: str) -> None:
        self.objects = ObjectStore(settings.objects)
        self.snapshots: dict[str, Any] = {}
        self.family = FAMILIES["procurement"]
        try:
            signals = self.objects.get_json(self.objects.get_json(manifest_digest)["signals"])
            self.snapshots |= signals["snapshots"]
            inputs = self.objects.get_json(signals["inputs"])
            self.snapshots |= inputs["snapshots"]
            self.family = FAMILIES[inputs.get("family", "procurement")]
        except (FileNotFoundError, KeyError):
            pass

    def rows(self, name: str, *where: tuple[str, Any]) -> list[dict[str, Any]]:
        import pyarrow.compute as pc

        try:
            table = self.objects.get_table(self.snapshots[name]["digest"])
        except (FileNotFoundError, KeyError):
            return []
        for column, value in where:
            table = table.filter(pc.equal(table[column], value))
        return table.to_pylist()

    def evidence(self, case_ids: set[str]) -> dict[str, list[dict[str, Any]]]:
        """Case id -> fired signals with value, threshold, amount at stake and evidence."""
        found: dict[str, list[dict[str, Any]]] = {}
        for line in self.rows("signal_result", ("state", "fired")):
            if line["case_id"] in case_ids:
                line["evidence"] = json.loads(line["evidence"]) if line["evidence"] else {}
                found.setdefault(line["case_id"], []).append(line)
        return found

    def winners(self, case_ids: set[str]) -> dict[str, list[str]]:
        """Case id -> names of the firms that won it, or that hold the contract."""
        found: dict[str, list[str]] = {}
        for firm in self.rows(self.family.firms):
            if firm["case_id"] in case_ids and firm.get("is_winner", True):
                found.setdefault(firm["case_id"], []).append(firm["firm_name"])
        return {case_id: sorted(names) for case_id, names in found.items()}

    def people(self) -> dict[str, str]:
        """Auditor id -> name."""
        return {a["auditor_id"]: a["auditor_name"] for a in self.rows("auditor")}


def draft(session: Session, job: str, period: str) -> model.RunStep | None:
    """The newest draft of a report: the digest that its approval speaks of, and its files."""
    return session.scalar(
        select(model.RunStep)
        .where(model.RunStep.job == job, model.RunStep.period == period, model.RunStep.step == "draft")
        .order_by(model.RunStep.id.desc())
        .limit(1)
    )


def gate_results(session: Session, page: int = 1) -> list[model.GateResult]:
    return list(
        session.scalars(
            select(model.GateResult)
            .order_by(model.GateResult.recorded_at.desc(), model.GateResult.id.desc())
            .limit(PAGE)
            .offset((page - 1) * PAGE)
        )
    )


def quarantine(session: Session) -> list[Any]:
    """(source, reason, expected, action, status, severity, count): counts only, no value."""
    item = model.QuarantineItem
    group = (item.source_id, item.reason, item.expected, item.action, item.status, item.severity)
    return list(
        session.execute(
            select(*group, func.count().label("count"))
            .group_by(*group)
            .order_by(func.count().desc(), item.source_id, item.reason)
            .limit(200)
        )
    )


def deliveries(session: Session) -> list[Any]:
    """(state, count, oldest due) of the outbox: no recipient, no subject."""
    from probity.delivery.model import OutboxMail

    return list(
        session.execute(
            select(OutboxMail.state, func.count().label("count"), func.min(OutboxMail.due_at).label("due"))
            .group_by(OutboxMail.state)
            .order_by(OutboxMail.state)
        )
    )


def trail_page(session: Session, page: int = 1) -> dict[str, Any]:
    """The head, the number of records and one page of them: number, time, job, period, step; no facts."""
    rows = session.execute(
        select(model.TrailRecord.seq, model.TrailRecord.digest, model.TrailRecord.body)
        .order_by(model.TrailRecord.seq.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    records = []
    for row in rows:
        body = json.loads(row.body)
        event = body["event"]
        records.append(
            {
                "seq": row.seq,
                "digest": row.digest,
                "at": body["at"],
                "job": event.get("job", ""),
                "period": event.get("period", ""),
                "step": event.get("step", ""),
            }
        )
    count = session.scalar(select(func.max(model.TrailRecord.seq))) or 0
    return {"head": trail.head(session), "count": count, "records": records}
