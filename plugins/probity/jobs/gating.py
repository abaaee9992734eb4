"""What happens around a gate: its result is kept, its page and marked workbook written, the owner told.

In: a ``gates.GateResult``. Out: a row of gate_result, a trail record, and for quarantine and stop a mail owed to
the data's owner with the workbook in which the bad cells are marked. The message of a stop is the operator's.
"""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from probity import gates
from probity.calendar import Period
from probity.jobs import GateStopped, post, records
from probity.jobs.office import Office
from probity.store import model

log = logging.getLogger(__name__)


def keep(
    office: Office,
    job: str,
    period: Period,
    stage: str,
    ref: str,
    kept: str,
    result: Any,
    sources: list[str] | None = None,
    tell: bool | None = None,
) -> None:
    """Keep ``result`` for the subject ``ref`` (the run goes on with ``kept``) and tell the owner when rows are bad.

    ``tell``: whether the owner has something new to mend, where the job knows; a stop is always told.
    """
    html = office.objects.put_bytes(gates.render(result).encode(), "html")
    workbook = None
    if result.outcome in ("quarantine", "stop"):
        folder = office.settings.reports / "gates" / job / period.key
        folder.mkdir(parents=True, exist_ok=True)
        workbook = folder / f"{stage}-{ref[:12]}.xlsx"
        gates.workbook(result, workbook)
    sentences = [c.message_zh for c in result.failed()]
    facts = result.to_json() | {"page": html, "goes_on_with": kept, "sentences": sentences}
    with office.transaction() as session:
        statement = insert(model.GateResult).values(
            job=job,
            period=period.key,
            stage=stage,
            subject_digest=ref,
            outcome=result.outcome,
            result=facts,
            html_digest=html,
            workbook_path=str(workbook.relative_to(office.settings.reports)) if workbook else None,
        )
        changed = statement.excluded
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["job", "period", "stage", "subject_digest"],
                set_={
                    "outcome": changed.outcome,
                    "result": changed.result,
                    "html_digest": changed.html_digest,
                    "workbook_path": changed.workbook_path,
                    "recorded_at": func.now(),
                },
            )
        )
        records.event(session, job, period, f"gate_{stage}", ref, facts)
        news = concerns_period(result) if tell is None else tell or result.outcome == "stop"
        if workbook is not None and news:
            post.gate_notice(session, office, job, period, stage, result, workbook, sources or [])


def concerns_period(result: Any) -> bool:
    """Whether the owner has something new to mend: old dirt in the history was told in its own period."""
    return result.outcome == "stop" or result.facts.get("cases_in_period_set_aside", 1) != 0


def log_result(result: Any) -> None:
    """The gate's verdict in plain lines for the task log: no value of any row."""
    log.info("gate %s: %s", result.stage, result.outcome)
    for table, counts in sorted(result.counts.items()):
        if result.stage != "canonical" and not counts["quarantined"]:
            continue  # every stage sees the same tables; their counts are told once, where they are judged
        log.info(
            "gate %s: %s rows in=%s out=%s quarantined=%s",
            result.stage,
            table,
            counts["in"],
            counts["out"],
            counts["quarantined"],
        )
    for check in result.failed():
        log.info(
            "check %s on %s.%s: %s (%s of %s rows), to be mended by %s",
            check.id,
            check.table,
            check.column,
            check.outcome,
            check.n_bad,
            check.n_rows,
            check.who,
        )


def stopped(result: Any) -> GateStopped:
    """The error with which a stopped gate fails its task."""
    return GateStopped(gates.message(result))


def open_stops(session: Session, job: str) -> list[model.GateResult]:
    """The newest result of each period and stage of ``job`` where that is a stop: runs that wait for a mended file."""
    newest: dict[tuple[str, str], model.GateResult] = {}
    for row in session.scalars(
        select(model.GateResult)
        .where(model.GateResult.job == job)
        .order_by(model.GateResult.recorded_at, model.GateResult.id)
    ):
        newest[row.period, row.stage] = row
    return [row for row in newest.values() if row.outcome == "stop"]
