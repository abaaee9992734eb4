"""The outbox's tables: what is owed to whom, and every attempt to deliver it.

In: nothing. Out: ``OutboxMail`` (one row a report, recipient and revision) and ``OutboxAttempt`` (one row a try).
Why: a mail that a crash, a lost answer or a dead server leaves open must stay visible and be finished later, so
what is owed is a row in the office's database and not the memory of a task.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from probity.store.db import Base

OWED = "owed"  # never tried
CLAIMED = "claimed"  # a sender holds it until its lease ends
RETRY = "retry"  # failed for now, due again at due_at
IN_DOUBT = "in_doubt"  # the server may have it: due again under the same Message-ID
ACCEPTED = "accepted"  # the server took it: final
REFUSED = "refused"  # refused for good: final until someone has it sent again
HELD = "held"  # waits for an officer (a backfill mails nobody outside unless asked)

STATES = (OWED, CLAIMED, RETRY, IN_DOUBT, ACCEPTED, REFUSED, HELD)
DUE_STATES = (OWED, RETRY, IN_DOUBT)
OPEN_STATES = (OWED, CLAIMED, RETRY, IN_DOUBT, REFUSED, HELD)


class OutboxMail(Base):
    """One mail to one recipient. Bodies and attachments lie in the object store under the digests named here.

    ``claimed_by`` is the token of the sender that holds the row; ``sending`` says that this sender has begun to
    hand the body over, so that a crash from then on leaves the outcome open. ``doubtful`` stays true once an
    outcome was open: the recipient may have the mail twice, both with the same Message-ID.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("report_id", "recipient", "revision", name="uq_outbox_report_recipient_revision"),
        CheckConstraint(f"state IN ({', '.join(repr(s) for s in STATES)})", name="state"),
        Index("ix_outbox_state_due", "state", "due_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    report_id: Mapped[str] = mapped_column(Text, nullable=False)
    recipient: Mapped[str] = mapped_column(Text, nullable=False)
    revision: Mapped[int] = mapped_column(Integer, nullable=False)
    role: Mapped[str] = mapped_column(Text, nullable=False)
    sender: Mapped[str] = mapped_column(Text, nullable=False)
    message_id: Mapped[str] = mapped_column(Text, nullable=False, unique=True)
    subject: Mapped[str] = mapped_column(Text, nullable=False)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB, nullable=False)
    content_digest: Mapped[str] = mapped_column(Text, nullable=False)
    state: Mapped[str] = mapped_column(Text, nullable=False, default=OWED)
    attempts: Mapped[int] = mapped_column(Integer, nullable=False, default=0)
    doubtful: Mapped[bool] = mapped_column(Boolean, nullable=False, default=False)
    sending: Mapped[bool] = mapped_column(Boolean, nullable=False, default=False)
    claimed_by: Mapped[str | None] = mapped_column(Text)
    lease_until: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    enqueued_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), nullable=False)
    due_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), nullable=False)
    finished_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    last_code: Mapped[str | None] = mapped_column(Text)
    last_detail: Mapped[str | None] = mapped_column(Text)


class OutboxAttempt(Base):
    """One try to deliver a mail. ``outcome`` NULL: the sender never came back to say."""

    __tablename__ = "outbox_attempt"
    __table_args__ = (UniqueConstraint("mail_id", "number", name="uq_outbox_attempt_mail_number"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"), nullable=False, index=True)
    number: Mapped[int] = mapped_column(Integer, nullable=False)
    claimed_by: Mapped[str] = mapped_column(Text, nullable=False)
    started_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), nullable=False)
    sending_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    outcome: Mapped[str | None] = mapped_column(Text)
    code: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[str | None] = mapped_column(Text)
