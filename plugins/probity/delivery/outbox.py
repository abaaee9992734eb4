"""The outbox: each recipient gets each revision of each report once, over retries, crashes and re-runs.

In: mails to owe (``enqueue``), a backend. Out: deliveries, and a record of every attempt. How it holds:

* what is owed is a row with a unique key (report, recipient, revision) and a Message-ID that follows from the key;
  enqueueing it again, by ten workers at once, changes nothing;
* a sender claims one row (``FOR UPDATE SKIP LOCKED``) in one transaction, sends outside of any, and records the
  outcome in another; so four senders never take the same row;
* a second short transaction marks the row ``sending`` after the server has asked for the body and before its first
  byte leaves. A claim whose sender died before that mark was not delivered and is simply due again when its lease
  ends; one that died after it is sent again under the same Message-ID and stays flagged ``doubtful``. The mark is
  refused to a sender that slept through its lease, so a thawed process sends nothing;
* a fault of one recipient moves that mail alone; a server that is down ends the run, and everything stays owed.

Logs show row ids, roles and codes, never an address.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from probity.delivery import mailer
from probity.delivery.mailer import Backend, Message, Outcome
from probity.delivery.message import Attachment, Envelope, OutgoingMail
from probity.delivery.mime import Composer
from probity.delivery.model import (
    ACCEPTED,
    CLAIMED,
    DUE_STATES,
    HELD,
    IN_DOUBT,
    OPEN_STATES,
    OWED,
    REFUSED,
    RETRY,
    OutboxAttempt,
    OutboxMail,
)
from probity.store.objects import ObjectStore

log = logging.getLogger(__name__)

_STATE_OF = {
    mailer.ACCEPTED: ACCEPTED,
    mailer.REFUSED: REFUSED,
    mailer.RETRY: RETRY,
    mailer.UNKNOWN: IN_DOUBT,
}
SERVER_FAULTS = 2  # faults of the server in a row after which a run ends


@dataclass(frozen=True)
class Policy:
    """How patient the outbox is. ``lease`` must exceed the longest send (server timeouts); ``backoff`` are the waits
    after the first, second, ... failed try, the last one for all that follow; ``doubt`` is the wait before a mail in
    doubt is sent again; ``patience`` is for how many seconds an outcome that the database would not take is offered
    again; ``pause`` is the least time between two mails of one sender, in seconds (the server's rate limit)."""

    lease: dt.timedelta = dt.timedelta(minutes=5)
    backoff: tuple[dt.timedelta, ...] = tuple(dt.timedelta(minutes=m) for m in (1, 5, 15, 60, 240))
    doubt: dt.timedelta = dt.timedelta(minutes=10)
    patience: float = 60.0
    pause: float = 0.0

    def wait(self, attempts: int) -> dt.timedelta:
        return self.backoff[min(max(attempts, 1), len(self.backoff)) - 1]


@dataclass(frozen=True)
class Receipt:
    """What the trail is told of an attempt: no address, no subject."""

    mail_id: int
    report_id: str
    revision: int
    role: str
    message_id: str
    attempt: int
    state: str
    code: str
    doubtful: bool
    content_digest: str

    @property
    def key(self) -> str:
        """Unique for an attempt's end: what ``store.trail.append`` is keyed by."""
        return f"mail/{self.message_id}/{self.attempt}/{self.state}"


ReceiptCallback = Callable[[Session, Receipt], None]


@dataclass
class Summary:
    """What a run of ``deliver_due`` did. ``lost`` counts claims that another sender took over meanwhile."""

    accepted: int = 0
    refused: int = 0
    retry: int = 0
    in_doubt: int = 0
    lost: int = 0
    stopped: str = ""
    codes: Counter[str] = field(default_factory=Counter)

    @property
    def attempted(self) -> int:
        return self.accepted + self.refused + self.retry + self.in_doubt

    def to_json(self) -> dict[str, Any]:
        counts = {k: getattr(self, k) for k in ("accepted", "refused", "retry", "in_doubt", "lost", "stopped")}
        return counts | {"codes": dict(sorted(self.codes.items()))}


class LeaseLostError(RuntimeError):
    """The claim was taken over by another sender before the body left: nothing was sent."""


class OutboxError(ValueError):
    """A request that makes no sense for the mail's state; the message says why."""


# -- owing --------------------------------------------------------------------------------------------------------
def enqueue(session: Session, mail: OutgoingMail, *, hold: bool = False) -> int:
    """Owe ``mail`` within the caller's transaction; returns its row id. The same key again gives the same id and
    keeps the first content. ``hold``: owed, but not sent before ``release`` (quiet mode of a backfill)."""
    envelope = mail.envelope
    values = {
        "report_id": envelope.report_id,
        "recipient": envelope.recipient,
        "revision": envelope.revision,
        "role": envelope.role,
        "sender": envelope.sender,
        "message_id": envelope.message_id,
        "subject": mail.subject,
        "content": mail.to_json(),
        "content_digest": mail.digest,
        "state": HELD if hold else OWED,
        "attempts": 0,
        "doubtful": False,
        "sending": False,
        "enqueued_at": func.date_trunc("second", func.clock_timestamp()),
        "due_at": func.clock_timestamp(),
    }
    key = ("report_id", "recipient", "revision")
    # No arbiter index is named: the Message-ID is unique too, and two workers at once may collide on either.
    made = session.scalar(insert(OutboxMail).values(**values).on_conflict_do_nothing().returning(OutboxMail.id))
    if made is not None:
        log.info("owed: mail %s, report %s r%s, role %s", made, envelope.report_id, envelope.revision, envelope.role)
        return int(made)
    there = session.execute(
        select(OutboxMail.id, OutboxMail.content_digest).where(*(getattr(OutboxMail, k) == values[k] for k in key))
    ).one()
    if there.content_digest != mail.digest:
        log.warning("mail %s was owed before with other content: the first is kept", there.id)
    return int(there.id)


def release(session: Session, report_id: str | None = None) -> int:
    """Let held mails go (all, or those of one report); returns how many."""
    rows = session.scalars(select(OutboxMail).where(OutboxMail.state == HELD).with_for_update()).all()
    chosen = [r for r in rows if report_id in (None, r.report_id)]
    for row in chosen:
        row.state, row.due_at = OWED, func.clock_timestamp()
    return len(chosen)


def resend(session: Session, mail_id: int) -> None:
    """Make a refused, held or waiting mail due now, under the same Message-ID. OutboxError when it was accepted or is
    being sent: it is never sent twice on purpose."""
    row = session.scalar(select(OutboxMail).where(OutboxMail.id == mail_id).with_for_update())
    if row is None:
        raise OutboxError(f"there is no mail {mail_id}")
    if row.state in (ACCEPTED, CLAIMED):
        raise OutboxError(f"mail {mail_id} is {row.state}")
    row.state = IN_DOUBT if row.state == IN_DOUBT else OWED
    row.due_at, row.finished_at = func.clock_timestamp(), None
    log.info("mail %s made due again", mail_id)


def owed(session: Session) -> list[dict[str, Any]]:
    """What has not been accepted, oldest first: id, report_id, revision, role, state, attempts, doubtful, code,
    enqueued_at, due_at. Held and refused mails are among them. No addresses."""
    rows = session.scalars(
        select(OutboxMail).where(OutboxMail.state.in_(OPEN_STATES)).order_by(OutboxMail.enqueued_at, OutboxMail.id)
    )
    names = ("id", "report_id", "revision", "role", "state", "attempts", "doubtful", "enqueued_at", "due_at")
    return [{n: getattr(r, n) for n in names} | {"code": r.last_code} for r in rows]


def counts(session: Session) -> dict[str, int]:
    """Mails by state, and how many of the accepted ones are doubtful (the recipient may have two)."""
    rows = session.execute(select(OutboxMail.state, func.count()).group_by(OutboxMail.state)).all()
    doubtful = session.scalar(select(func.count()).where(OutboxMail.doubtful))
    by_state = {str(state): int(number) for state, number in sorted((r[0], r[1]) for r in rows)}
    return by_state | {"doubtful": int(doubtful or 0)}


# -- delivering ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Claim:
    id: int
    token: str
    attempt: int
    mail: OutgoingMail
    enqueued_at: dt.datetime


def deliver_due(
    engine: Engine,
    backend: Backend,
    objects: ObjectStore,
    *,
    now: dt.datetime | None = None,
    limit: int = 500,
    policy: Policy = Policy(),
    receipt: ReceiptCallback | None = None,
) -> Summary:
    """Deliver up to ``limit`` mails that are due; safe beside any number of other senders.

    ``now`` (with zone) stands for the clock at the start, for tests and replays; None takes the database's clock.
    ``receipt`` is called in the transaction that records an outcome; what it raises undoes the record.
    """
    run = _Run(engine, backend, Composer(objects), now, policy, receipt)
    try:
        return run.deliver(limit)
    finally:
        backend.close()


class _Run:
    def __init__(
        self,
        engine: Engine,
        backend: Backend,
        composer: Composer,
        now: dt.datetime | None,
        policy: Policy,
        receipt: ReceiptCallback | None,
    ) -> None:
        self.engine, self.backend, self.composer = engine, backend, composer
        self.policy, self.receipt = policy, receipt
        self._now, self._started = now, time.monotonic()
        self.summary = Summary()

    def clock(self, session: Session) -> dt.datetime:
        """Now: the database's clock, so that machines with other clocks agree on leases; or the given one, going on."""
        if self._now is not None:
            return self._now + dt.timedelta(seconds=time.monotonic() - self._started)
        current: dt.datetime = session.scalar(select(func.clock_timestamp()))  # type: ignore[assignment]
        return current

    def deliver(self, limit: int) -> Summary:
        faults = 0
        for number in range(limit):
            if number and self.policy.pause:
                time.sleep(self.policy.pause)
            claim = self.claim()
            if claim is None:
                break
            outcome = self.attempt(claim)
            if outcome is None:
                self.summary.lost += 1
                continue
            faults = faults + 1 if outcome.server else 0
            if faults >= SERVER_FAULTS:
                self.summary.stopped = outcome.code
                log.warning("the mail server does not take mail (%s): the rest stays owed", outcome.code)
                break
        log.info("mail run: %s", self.summary.to_json())
        return self.summary

    def claim(self) -> _Claim | None:
        """Take the next due mail, or one whose sender's lease is over; None when there is none."""
        with Session(self.engine) as session, session.begin():
            now = self.clock(session)
            row = session.scalar(
                select(OutboxMail)
                .where(_due(now))
                .order_by(OutboxMail.due_at, OutboxMail.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if row is None:
                return None
            if row.state == CLAIMED:
                self.take_over(session, row, now)
            row.state, row.sending = CLAIMED, False
            row.claimed_by = token = f"{os.getpid()}-{secrets.token_hex(8)}"
            row.lease_until = now + self.policy.lease
            row.attempts += 1
            session.add(OutboxAttempt(mail_id=row.id, number=row.attempts, claimed_by=token, started_at=now))
            return _Claim(row.id, token, row.attempts, _mail(row), row.enqueued_at)

    def take_over(self, session: Session, row: OutboxMail, now: dt.datetime) -> None:
        """Close the attempt of a sender that never came back."""
        row.doubtful = row.doubtful or row.sending
        ended = IN_DOUBT if row.sending else "abandoned"
        attempt = session.scalar(
            select(OutboxAttempt).where(OutboxAttempt.mail_id == row.id, OutboxAttempt.number == row.attempts)
        )
        if attempt is not None and attempt.outcome is None:
            attempt.outcome, attempt.code, attempt.finished_at = ended, "sender lost", now
        log.warning("mail %s: its sender never came back (%s), sending again under the same Message-ID", row.id, ended)
        self.tell(session, row, ended, "sender lost")

    def attempt(self, claim: _Claim) -> Outcome | None:
        """Send and record. None when the claim was lost before the body left."""
        try:
            envelope = claim.mail.envelope
            data = self.composer.bytes(claim.mail, claim.enqueued_at)
            message = Message(envelope.sender, envelope.recipient, envelope.message_id, data)
        except (OSError, ValueError) as error:
            outcome = Outcome(mailer.REFUSED, "content", f"{type(error).__name__}: {error}"[:500])
        else:
            try:
                outcome = self.backend.send(message, lambda: self.mark_sending(claim))
            except LeaseLostError:
                log.warning("mail %s: the claim was taken over, nothing sent", claim.id)
                return None
        self.record_patiently(claim, outcome)
        return outcome

    def mark_sending(self, claim: _Claim) -> None:
        """From here on the outcome is open. LeaseLostError when the claim is no longer ours."""
        with Session(self.engine) as session, session.begin():
            now = self.clock(session)
            row = session.get(OutboxMail, claim.id, with_for_update=True)
            if row is None or row.claimed_by != claim.token or row.lease_until is None or row.lease_until <= now:
                raise LeaseLostError(claim.id)
            row.sending, row.lease_until = True, now + self.policy.lease
            attempt = session.scalar(
                select(OutboxAttempt).where(OutboxAttempt.mail_id == claim.id, OutboxAttempt.number == claim.attempt)
            )
            if attempt is not None:
                attempt.sending_at = now

    def record_patiently(self, claim: _Claim, outcome: Outcome) -> None:
        """Record; a database that is away for a while does not turn a delivered mail into one in doubt."""
        deadline, wait = time.monotonic() + self.policy.patience, 0.2
        while True:
            try:
                return self.record(claim, outcome)
            except DBAPIError as error:
                if not error.connection_invalidated and not isinstance(error.orig, _connection_errors()):
                    raise
                if time.monotonic() + wait > deadline:
                    raise
                log.warning("mail %s: the database is away, its outcome is offered again", claim.id)
                time.sleep(wait)
                wait = min(wait * 2, 5.0)

    def record(self, claim: _Claim, outcome: Outcome) -> None:
        with Session(self.engine) as session, session.begin():
            now = self.clock(session)
            row = session.get_one(OutboxMail, claim.id, with_for_update=True)
            attempt = session.scalar(
                select(OutboxAttempt).where(OutboxAttempt.mail_id == claim.id, OutboxAttempt.number == claim.attempt)
            )
            if attempt is not None:
                attempt.outcome, attempt.code, attempt.detail = outcome.result, outcome.code, outcome.detail or None
                attempt.finished_at = now
            state = _STATE_OF[outcome.result]
            ours = row.claimed_by == claim.token
            if not ours:  # another sender took the row over while this one was still at it: both may deliver
                row.doubtful = row.doubtful or state in (ACCEPTED, IN_DOUBT)
            if settled := ours or (state == ACCEPTED and row.state != ACCEPTED):
                # Taking the claim away stops the other sender, if its body has not left yet.
                self.settle(row, state, outcome, now)
            self.tell(session, row, state, outcome.code, claim.attempt)
        counted = state if settled else "lost"
        setattr(self.summary, counted, getattr(self.summary, counted) + 1)
        if state != ACCEPTED:
            self.summary.codes[outcome.code] += 1
        log.info("mail %s to role %s: %s (%s)", claim.id, claim.mail.envelope.role, state, outcome.code)

    def settle(self, row: OutboxMail, state: str, outcome: Outcome, now: dt.datetime) -> None:
        """Write the end of an attempt into its mail."""
        row.state, row.last_code, row.last_detail = state, outcome.code, outcome.detail or None
        row.claimed_by = row.lease_until = None
        row.sending = False
        row.doubtful = row.doubtful or state == IN_DOUBT
        row.finished_at = now if state in (ACCEPTED, REFUSED) else None
        if state == RETRY:
            row.due_at = now + self.policy.wait(row.attempts)
        elif state == IN_DOUBT:
            row.due_at = now + self.policy.doubt

    def tell(self, session: Session, row: OutboxMail, state: str, code: str, attempt: int | None = None) -> None:
        if self.receipt is None:
            return
        self.receipt(
            session,
            Receipt(
                mail_id=row.id,
                report_id=row.report_id,
                revision=row.revision,
                role=row.role,
                message_id=row.message_id,
                attempt=row.attempts if attempt is None else attempt,
                state=state,
                code=code,
                doubtful=row.doubtful,
                content_digest=row.content_digest,
            ),
        )


def _due(now: dt.datetime) -> ColumnElement[bool]:
    return or_(
        and_(OutboxMail.state.in_(DUE_STATES), OutboxMail.due_at <= now),
        and_(OutboxMail.state == CLAIMED, OutboxMail.lease_until <= now),
    )


def _mail(row: OutboxMail) -> OutgoingMail:
    envelope = Envelope(
        row.report_id, row.recipient, row.revision, row.role, row.sender, row.content.get("answers", "")
    )
    return OutgoingMail(
        envelope=envelope,
        subject=row.subject,
        text=row.content["text"],
        html=row.content["html"],
        attachments=tuple(Attachment(**a) for a in row.content["attachments"]),
    )


def _connection_errors() -> tuple[type[BaseException], ...]:
    import psycopg2

    return (psycopg2.OperationalError, psycopg2.InterfaceError)
