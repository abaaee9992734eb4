"""What every job keeps of its steps in the office's database, each row once however often a step runs.

In: an open session, so that a result and its trail record stand or fall together. Out: rows of
``probity.store.model``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from probity import canonical
from probity.calendar import Period
from probity.jobs import JobError, wording
from probity.store import model, trail
from probity.store.objects import ObjectStore
from probity.tables import TABLES

log = logging.getLogger(__name__)

BATCH = 1000


def step(session: Session, job: str, period: Period, name: str, ref: str, facts: Mapping[str, Any]) -> None:
    """A step that came to ``ref``: its row (the newest facts win) and its trail record."""
    statement = insert(model.RunStep).values(
        job=job, period=period.key, step=name, manifest_digest=ref, counts=dict(facts)
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["job", "period", "step", "manifest_digest"], set_={"counts": statement.excluded.counts}
        )
    )
    event(session, job, period, name, ref, facts)


def event(session: Session, job: str, period: Period, name: str, ref: str, facts: Mapping[str, Any]) -> None:
    """One trail record for this job, period, step, subject and content: a retry that did the same adds none."""
    body = {"job": job, "period": period.key, "step": name, "subject": ref, "facts": dict(facts)}
    trail.append(session, body, key=f"{job}/{period.key}/{name}/{canonical.digest(body)}")


def step_facts(session: Session, job: str, period: Period, name: str, ref: str) -> dict[str, Any]:
    """The facts that step ``name`` kept for ``ref``; LookupError when it never came to it."""
    facts = find_facts(session, job, period, name, ref)
    if facts is None:
        raise LookupError(f"{job} {period.key}: step {name} has no record of {ref}")
    return facts


def find_facts(session: Session, job: str, period: Period, name: str, ref: str) -> dict[str, Any] | None:
    """The same, None when the step never came to ``ref``."""
    facts = session.scalar(
        select(model.RunStep.counts).where(
            model.RunStep.job == job,
            model.RunStep.period == period.key,
            model.RunStep.step == name,
            model.RunStep.manifest_digest == ref,
        )
    )
    return None if facts is None else dict(facts)


def publication_of(session: Session, job: str, selection_id: str) -> str:
    """Digest of the publication manifest of ``selection_id``; JobError when it was never approved."""
    found = session.scalar(
        select(model.RunStep.manifest_digest).where(
            model.RunStep.job == job,
            model.RunStep.step == "decide",
            model.RunStep.counts["selection_id"].astext == selection_id,
        )
    )
    if found is None:
        raise JobError(wording.text("nothing_to_replay", selection_id=selection_id))
    return str(found)


def arrivals(session: Session, objects: ObjectStore, ingested: Iterable[Any]) -> None:
    """A row a file and a row a quarantined cell."""
    for item in ingested:
        session.execute(
            insert(model.SourceFile)
            .values(
                digest=item.digest,
                file_name=item.file_name,
                source_id=item.source_id,
                rows_in=item.rows_in,
                rows_out=item.rows_out,
                rows_quarantined=item.rows_quarantined,
                first_date=item.first_date,
                last_date=item.last_date,
                refused=item.refused,
            )
            .on_conflict_do_nothing()
        )
        if item.quarantine_digest:
            quarantined(session, objects.get_table(item.quarantine_digest))


def file_facts(objects: ObjectStore, ingested: Iterable[Any]) -> dict[str, Any]:
    """What a collecting step keeps of the files it read: ``files`` (counts by digest, never by name), ``provenance``
    (digest of the list that has the names, dates, observations and quarantine of each), and sums."""
    ordered = sorted(ingested, key=lambda i: (i.digest, i.file_name))
    files = [
        {
            "digest": i.digest,
            "source": i.source_id,
            "rows_in": i.rows_in,
            "rows_out": i.rows_out,
            "rows_quarantined": i.rows_quarantined,
            "refused": bool(i.refused),
        }
        for i in ordered
    ]
    provenance = [
        file
        | {
            "file_name": i.file_name,
            "first_date": i.first_date,
            "last_date": i.last_date,
            "refused": i.refused,
            "observations": i.observation_digests,
            "quarantine": i.quarantine_digest,
        }
        for i, file in zip(ordered, files, strict=True)
    ]
    return {
        "files": files,
        "provenance": objects.put_json(provenance),
        "quarantined": sum(f["rows_quarantined"] for f in files),
        "refused": sum(1 for f in files if f["refused"]),
    }


def log_files(facts: Mapping[str, Any]) -> None:
    """What ``file_facts`` counted, a plain line a file for the task's log: by digest, never by name."""
    for file in facts["files"]:
        log.info(
            "file %s source=%s rows in=%s out=%s quarantined=%s%s",
            file["digest"][:12],
            file["source"],
            file["rows_in"],
            file["rows_out"],
            file["rows_quarantined"],
            " REFUSED" if file["refused"] else "",
        )


def quarantined(session: Session, table: pa.Table) -> None:
    """The rows of a QUARANTINE table as open items."""
    _insert(session, model.QuarantineItem, table)


def audit_results(session: Session, table: pa.Table) -> None:
    """The results that came back on the 稽核結果 form; a form that was corrected and dropped again counts anew."""
    key = TABLES["audit_result"].key
    rows = table.to_pylist()
    for start in range(0, len(rows), BATCH):
        statement = insert(model.AuditResult).values(rows[start : start + BATCH])
        changed = {name: statement.excluded[name] for name in table.column_names if name not in key}
        session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed))


def _insert(session: Session, target: Any, table: pa.Table) -> None:
    rows = table.to_pylist()
    for start in range(0, len(rows), BATCH):
        session.execute(insert(target).on_conflict_do_nothing(), rows[start : start + BATCH])
