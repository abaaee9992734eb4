"""What the audits found, joined with what was selected: the ground of hit rates and of the weight review.

In: the results that came back and the published selections. Out: AUDIT_RESULT rows and selections as
``selection.evaluate`` takes them, and the hit rate of each signal for the reports.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from probity import selection
from probity.calendar import Period
from probity.jobs import records
from probity.jobs.office import Office
from probity.store import model
from probity.tables import TABLES


def results_until(session: Session, day: dt.date) -> pa.Table:
    """AUDIT_RESULT of all audits finished by ``day``."""
    table = TABLES["audit_result"]
    rows = session.scalars(
        select(model.AuditResult)
        .where(model.AuditResult.finished_date <= day)
        .order_by(model.AuditResult.case_id, model.AuditResult.finished_date)
    )
    return pa.Table.from_pylist([{n: getattr(r, n) for n in table.names} for r in rows], schema=table.arrow_schema())


def final_lists(session: Session, office: Office, job: str, period: Period) -> list[dict[str, str]]:
    """[{selection_id, period, cases}] of the approved selections whose period ended by the period's end; ``cases`` is
    the digest of the final list."""
    rows = session.scalars(
        select(model.Selection)
        .where(model.Selection.job == job, model.Selection.state == "approved")
        .order_by(model.Selection.selection_id)
    )
    found = []
    for row in rows:
        if Period.parse(row.period).last <= period.last:
            manifest = office.manifest(records.publication_of(session, job, row.selection_id), "publication")
            cases = manifest["snapshots"]["selection_case"]["digest"]
            found.append({"selection_id": row.selection_id, "period": row.period, "cases": cases})
    return found


def published_until(session: Session, office: Office, job: str, period: Period) -> list[dict[str, Any]]:
    """[{selection_id, cases}] of the same selections, the lists read (SELECTION_CASE)."""
    return [
        {"selection_id": s["selection_id"], "cases": office.objects.get_table(s["cases"])}
        for s in final_lists(session, office, job, period)
    ]


def hit_rates(session: Session, office: Office, job: str, period: Period) -> dict[str, dict[str, float]]:
    """signal id -> {hit_rate, hit_rate_low, hit_rate_high} (95 %, Clopper-Pearson) over the chosen cases of earlier
    periods whose audits were finished by the period's end; a signal without an audited case is not there."""
    earlier = published_until(session, office, job, period.previous())
    results = results_until(session, period.last)
    if not earlier or results.num_rows == 0:
        return {}
    rows = selection.evaluate(results, earlier)["signals"]
    return {
        r["signal_id"]: {"hit_rate": r["hit_rate"], "hit_rate_low": r["low"], "hit_rate_high": r["high"]}
        for r in rows
        if r["audited"]
    }
