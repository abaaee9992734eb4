"""The tables of the office's database: what was read, judged, decided, published and recorded.

In: nothing. Out: typed SQLAlchemy classes. Each unique key is what makes its step safe to run twice, and by
two workers at once. Times are the database's own clock (``now()``), never a job's.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from probity.store.db import Base

Json = dict[str, Any]


def _now() -> Any:
    return mapped_column(DateTime(timezone=True), server_default=func.now())


def _id() -> Any:
    return mapped_column(BigInteger, Identity(), primary_key=True)


def _json() -> Any:
    return mapped_column(JSONB, server_default=text("'{}'::jsonb"))


class RunStep(Base):
    """A finished step of a period: one row for each manifest it came to. Running it again adds nothing."""

    __tablename__ = "run_step"
    __table_args__ = (UniqueConstraint("job", "period", "step", "manifest_digest"),)

    id: Mapped[int] = _id()
    job: Mapped[str] = mapped_column(Text)
    period: Mapped[str] = mapped_column(Text)
    step: Mapped[str] = mapped_column(Text)
    manifest_digest: Mapped[str] = mapped_column(Text)
    counts: Mapped[Json] = _json()
    recorded_at: Mapped[dt.datetime] = _now()


class SourceFile(Base):
    """A file that arrived, as read under one version of its contract. ``refused`` says why it was not read."""

    __tablename__ = "source_file"
    __table_args__ = (
        CheckConstraint("refused IS NOT NULL OR rows_in = rows_out + rows_quarantined", name="rows_balance"),
    )

    digest: Mapped[str] = mapped_column(Text, primary_key=True)
    contract_version: Mapped[str] = mapped_column(Text, primary_key=True, server_default="1")
    file_name: Mapped[str] = mapped_column(Text)
    source_id: Mapped[str | None] = mapped_column(Text)
    rows_in: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rows_out: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rows_quarantined: Mapped[int] = mapped_column(BigInteger, server_default="0")
    first_date: Mapped[dt.date | None] = mapped_column(Date)
    last_date: Mapped[dt.date | None] = mapped_column(Date)
    refused: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = _now()


class QuarantineItem(Base):
    """A row or value set aside (``probity.tables.QUARANTINE``) and what an officer did with it."""

    __tablename__ = "quarantine_item"
    __table_args__ = (
        UniqueConstraint(
            "file_digest",
            "sheet",
            "row",
            "column",
            "reason",
            postgresql_nulls_not_distinct=True,
            name="uq_quarantine_item_cell",
        ),
        CheckConstraint("status IN ('open', 'released', 'returned')", name="status"),
        CheckConstraint("status = 'open' OR (decided_by IS NOT NULL AND decision_reason IS NOT NULL)", name="decided"),
        Index(None, "status"),
    )

    id: Mapped[int] = _id()
    file_digest: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    source_id: Mapped[str | None] = mapped_column(Text)
    sheet: Mapped[str | None] = mapped_column(Text)
    row: Mapped[int | None] = mapped_column(BigInteger)
    column: Mapped[str | None] = mapped_column(Text)
    field: Mapped[str | None] = mapped_column(Text)
    value: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    expected: Mapped[str | None] = mapped_column(Text)
    action: Mapped[str | None] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default="open")
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    decision_reason: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = _now()


class GateResult(Base):
    """What a gate said of one subject (the manifest it looked at). ``result`` holds no raw values."""

    __tablename__ = "gate_result"
    __table_args__ = (
        UniqueConstraint("job", "period", "stage", "subject_digest"),
        CheckConstraint("outcome IN ('pass', 'warn', 'quarantine', 'stop')", name="outcome"),
    )

    id: Mapped[int] = _id()
    job: Mapped[str] = mapped_column(Text)
    period: Mapped[str] = mapped_column(Text)
    stage: Mapped[str] = mapped_column(Text)
    subject_digest: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    result: Mapped[Json] = _json()
    html_digest: Mapped[str | None] = mapped_column(Text)
    workbook_path: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = _now()


class Selection(Base):
    """A period's selection, one row a revision (``PA-2021-03-r1``).

    Once approved, rejected or superseded a row is closed: a trigger refuses every change but
    approved -> superseded. So set the state together with who, when, seed and digests in one UPDATE.
    """

    __tablename__ = "selection"
    __table_args__ = (
        UniqueConstraint("job", "period", "revision"),
        CheckConstraint("state IN ('proposed', 'approved', 'rejected', 'superseded')", name="state"),
        CheckConstraint("revision > 0", name="revision"),
        CheckConstraint("state = 'proposed' OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)", name="decided"),
        Index(
            "uq_selection_one_approved",
            "job",
            "period",
            "manifest_digest",
            unique=True,
            postgresql_where=text("state = 'approved'"),
        ),
        Index(
            "uq_selection_one_proposed",
            "job",
            "period",
            "manifest_digest",
            unique=True,
            postgresql_where=text("state = 'proposed'"),
        ),
    )

    selection_id: Mapped[str] = mapped_column(Text, primary_key=True)
    job: Mapped[str] = mapped_column(Text)
    period: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text, server_default="proposed")
    manifest_digest: Mapped[str] = mapped_column(Text)
    list_digest: Mapped[str | None] = mapped_column(Text)
    frame_digest: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    seed: Mapped[str | None] = mapped_column(Text)
    seed_source: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = _now()

    cases: Mapped[list[SelectionCase]] = relationship(order_by="SelectionCase.rank", passive_deletes="all")


class SelectionCase(Base):
    """A case of a selection (``probity.tables.SELECTION_CASE``). ``facts``: case_no, title, agency, amount, dates
    for the restricted page. Secret until the audit (採購稽核小組作業規則 §4)."""

    __tablename__ = "selection_case"
    __table_args__ = (
        UniqueConstraint("selection_id", "rank"),
        CheckConstraint("part IN ('must_watch', 'ranked', 'control', 'added')", name="part"),
        CheckConstraint("inclusion_probability > 0 AND inclusion_probability <= 1", name="probability"),
        Index(None, "case_id"),
    )

    selection_id: Mapped[str] = mapped_column(ForeignKey("selection.selection_id"), primary_key=True)
    case_id: Mapped[str] = mapped_column(Text, primary_key=True)
    rank: Mapped[int] = mapped_column(Integer)
    part: Mapped[str] = mapped_column(Text)
    score: Mapped[float] = mapped_column(Float)
    score_parts: Mapped[str] = mapped_column(Text)
    reasons: Mapped[str] = mapped_column(Text)
    inclusion_probability: Mapped[float] = mapped_column(Float)
    ticket: Mapped[str | None] = mapped_column(Text)
    auditors: Mapped[str | None] = mapped_column(Text)
    recused: Mapped[str | None] = mapped_column(Text)
    facts: Mapped[Json] = _json()


class Decision(Base):
    """Who decided what over which list. One a selection: a second answer to the same list changes nothing."""

    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("selection_id"),
        CheckConstraint("choice IN ('approve', 'reject')", name="choice"),
    )

    id: Mapped[int] = _id()
    selection_id: Mapped[str] = mapped_column(ForeignKey("selection.selection_id"))
    choice: Mapped[str] = mapped_column(Text)
    user: Mapped[str] = mapped_column(Text)
    list_digest: Mapped[str] = mapped_column(Text)
    seed: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    removed: Mapped[list[Json]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    added: Mapped[list[Json]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    witnesses: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    decided_at: Mapped[dt.datetime] = _now()


class Publication(Base):
    """What was approved and published: one row a revision of a job's period; a trigger refuses every change.

    ``publication_id`` is the selection's id where a selection was published. ``reference``: the manifest that it came
    from; ``context``: digest of the facts that its reports tell.
    """

    __tablename__ = "publication"
    __table_args__ = (UniqueConstraint("job", "period", "revision"), CheckConstraint("revision > 0", name="revision"))

    publication_id: Mapped[str] = mapped_column(Text, primary_key=True)
    job: Mapped[str] = mapped_column(Text)
    period: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer)
    reference: Mapped[str] = mapped_column(Text)
    context: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = _now()


class Report(Base):
    """A published file: workbook, letter, form, document. ``path`` is relative to the reports folder."""

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("publication_id", "kind", "path"),)

    report_id: Mapped[str] = mapped_column(Text, primary_key=True)
    publication_id: Mapped[str] = mapped_column(ForeignKey("publication.publication_id"))
    kind: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer, server_default="1")
    recorded_at: Mapped[dt.datetime] = _now()


class AuditResult(Base):
    """What an audit found (``probity.tables.AUDIT_RESULT``), from the 稽核結果 form dropped back."""

    __tablename__ = "audit_result"
    __table_args__ = (
        CheckConstraint("severity IS NULL OR severity IN ('minor', 'serious', 'grave')", name="severity"),
    )

    case_id: Mapped[str] = mapped_column(Text, primary_key=True)
    finished_date: Mapped[dt.date] = mapped_column(Date, primary_key=True)
    selection_id: Mapped[str | None] = mapped_column(Text)
    part: Mapped[str | None] = mapped_column(Text)
    irregular: Mapped[bool]
    severity: Mapped[str | None] = mapped_column(Text)
    patterns: Mapped[str | None] = mapped_column(Text)
    amount_irregular: Mapped[int | None] = mapped_column(BigInteger)
    file_digest: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = _now()


class DefectEvent(Base):
    """An event in a defect's life (``probity.tables.DEFECT_EVENT``); a trigger refuses every change and deletion.

    Two times: ``event_date`` is the day on which it happened, ``recorded_at`` when this office came to know of it (the
    database's clock). The list as of a day reads the first; what was known by a moment, the second.
    """

    __tablename__ = "defect_event"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('found', 'reported', 'extended', 'closed', 'refused', 'reopened')",
            name="kind",
        ),
        CheckConstraint(
            "kind <> 'closed' OR (coalesce(btrim(evidence), '') <> '' AND coalesce(btrim(decided_by), '') <> '')",
            name="closed",
        ),
        CheckConstraint("kind NOT IN ('refused', 'extended') OR coalesce(btrim(decided_by), '') <> ''", name="decided"),
        Index(None, "defect_id"),
        Index(None, "event_date"),
    )

    event_id: Mapped[str] = mapped_column(Text, primary_key=True)
    defect_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    event_date: Mapped[dt.date] = mapped_column(Date)
    deadline: Mapped[dt.date | None] = mapped_column(Date)
    evidence: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    facts: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = _now()


class DefectLetter(Base):
    """One defect's part in one letter: ``item`` (defect, kind, step, due day) is written about once, whichever run
    makes the letter. ``period`` is the day whose run made it; ``content`` the digest of the letter as JSON."""

    __tablename__ = "defect_letter"
    __table_args__ = (Index(None, "job", "period"), Index(None, "letter_id"))

    item: Mapped[str] = mapped_column(Text, primary_key=True)
    letter_id: Mapped[str] = mapped_column(Text)
    defect_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    agency_key: Mapped[str] = mapped_column(Text)
    due_date: Mapped[dt.date] = mapped_column(Date)
    job: Mapped[str] = mapped_column(Text)
    period: Mapped[str] = mapped_column(Text)
    content: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = _now()


class ClosureRequest(Base):
    """What was put before an officer on a day: defects to close, deadlines to extend; one row a revision
    (``DF-2021-03-05-r1``). ``list_digest``: the proposals as JSON in the object store. Once decided it never changes.
    """

    __tablename__ = "closure_request"
    __table_args__ = (
        UniqueConstraint("job", "period", "revision"),
        UniqueConstraint("job", "period", "list_digest"),
        CheckConstraint("state IN ('proposed', 'approved', 'rejected', 'superseded')", name="state"),
        CheckConstraint("revision > 0", name="revision"),
        CheckConstraint("state = 'proposed' OR (decided_by IS NOT NULL AND decided_at IS NOT NULL)", name="decided"),
    )

    request_id: Mapped[str] = mapped_column(Text, primary_key=True)
    job: Mapped[str] = mapped_column(Text)
    period: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text, server_default="proposed")
    manifest_digest: Mapped[str] = mapped_column(Text)
    list_digest: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)
    refused: Mapped[list[Json]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    recorded_at: Mapped[dt.datetime] = _now()


class WeightSet(Base):
    """Signal weights proposed from audit results; in force from a date only when someone approved them."""

    __tablename__ = "weight_set"
    __table_args__ = (
        CheckConstraint("state IN ('proposed', 'approved', 'rejected')", name="state"),
        CheckConstraint("state = 'proposed' OR decided_by IS NOT NULL", name="decided"),
        Index(
            "uq_weight_set_one_approved",
            "job",
            "effective_from",
            unique=True,
            postgresql_where=text("state = 'approved'"),
        ),
    )

    weight_set_id: Mapped[str] = mapped_column(Text, primary_key=True)
    job: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default="proposed")
    effective_from: Mapped[dt.date] = mapped_column(Date)
    weights: Mapped[Json] = _json()
    evidence: Mapped[Json] = _json()
    reason: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    recorded_at: Mapped[dt.datetime] = _now()


class TrailRecord(Base):
    """A link of the chain; written only by ``probity.store.trail.append``. A trigger refuses every change.

    ``body`` is the canonical JSON of seq, prev, key, at and event; ``digest`` is its SHA-256.
    """

    __tablename__ = "trail"
    __table_args__ = (UniqueConstraint("key"), UniqueConstraint("prev_digest"), UniqueConstraint("digest"))

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(Text)
    prev_digest: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[dt.datetime] = _now()
