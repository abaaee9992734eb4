"""The outbox on a real PostgreSQL, with a real mail server that misbehaves."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, create_engine, func, select, update
from sqlalchemy.orm import Session

from probity.delivery import mailer, outbox
from probity.delivery.mailer import Message, Outcome, Server, StdlibBackend
from probity.delivery.model import OutboxAttempt, OutboxMail
from probity.delivery.outbox import Policy, Receipt
from probity.settings import Settings
from probity.store import db
from probity.store.objects import ObjectStore
from tests.unit.delivery import letters, post_office
from tests.unit.delivery.post_office import PostOffice

WHO = "officer@ethics.example.gov.tw"
SOON = Policy(
    lease=dt.timedelta(seconds=30),
    backoff=(dt.timedelta(minutes=1), dt.timedelta(minutes=5)),
    doubt=dt.timedelta(minutes=2),
)


@pytest.fixture
def engine(db_settings: Settings) -> Iterator[Engine]:
    engine = create_engine(db.database_url(db_settings), pool_size=8)
    yield engine
    engine.dispose()


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office.running() as running:
        yield running


def smtp(office: PostOffice) -> StdlibBackend:
    return StdlibBackend(Server("127.0.0.1", office.port, timeout=0.7), letters.SENDER)


def owe(engine: Engine, objects: ObjectStore, *recipients: str, report: str = "PA-2021-03-r1") -> list[int]:
    with Session(engine) as session, session.begin():
        return [outbox.enqueue(session, letters.outgoing(objects, r, report)) for r in recipients]


def rows(engine: Engine) -> list[OutboxMail]:
    with Session(engine) as session:
        return list(session.scalars(select(OutboxMail).order_by(OutboxMail.id)))


def later(engine: Engine, **delta: float) -> dt.datetime:
    with Session(engine) as session:
        return session.execute(select(func.clock_timestamp())).scalar_one() + dt.timedelta(**delta)


class Told:
    """A backend that does what it is told, for what no server can be made to do on cue."""

    def __init__(self, act: Callable[[Message, Callable[[], None]], Outcome]) -> None:
        self.act = act
        self.sent: list[str] = []

    def send(self, message: Message, before_data: Callable[[], None] = lambda: None) -> Outcome:
        outcome = self.act(message, before_data)
        self.sent.append(message.recipient)
        return outcome

    def close(self) -> None:
        return None


def test_owing_the_same_mail_again_and_at_once_changes_nothing(engine: Engine, objects: ObjectStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = {i[0] for i in pool.map(lambda _: owe(engine, objects, WHO), range(24))}
    assert len(ids) == 1 and len(rows(engine)) == 1
    other = letters.outgoing(objects, WHO, bodies=letters.Bodies(text="changed"))
    with Session(engine) as session, session.begin():
        assert outbox.enqueue(session, other) in ids
    assert rows(engine)[0].content_digest != other.digest, "the first content is kept"
    with Session(engine) as session, session.begin():
        assert outbox.enqueue(session, letters.outgoing(objects, WHO, revision=2)) not in ids


def test_owing_belongs_to_the_callers_transaction(engine: Engine, objects: ObjectStore) -> None:
    with pytest.raises(RuntimeError), Session(engine) as session, session.begin():
        outbox.enqueue(session, letters.outgoing(objects))
        raise RuntimeError
    assert rows(engine) == []


def test_every_recipient_gets_one_and_a_second_run_sends_nothing(
    engine: Engine, objects: ObjectStore, office: PostOffice
) -> None:
    owe(engine, objects, *(f"r{i}@b.tw" for i in range(5)))
    assert outbox.deliver_due(engine, smtp(office), objects).accepted == 5
    assert outbox.deliver_due(engine, smtp(office), objects).attempted == 0
    assert Counter(r for r, _ in office.mails) == {f"r{i}@b.tw": 1 for i in range(5)}
    assert {(r.state, r.attempts, r.doubtful) for r in rows(engine)} == {("accepted", 1, False)}
    assert {post_office.parse(d)["Message-ID"] for _, d in office.mails} == {r.message_id for r in rows(engine)}


def test_one_recipients_fault_moves_only_that_mail(engine: Engine, objects: ObjectStore, office: PostOffice) -> None:
    office.faults = {"a@b.tw": ["rcpt_550"], "c@b.tw": ["rcpt_451"], "e@b.tw": ["data_452"]}
    owe(engine, objects, "a@b.tw", "b@b.tw", "c@b.tw", "d@b.tw", "e@b.tw", "f@b.tw")
    first = outbox.deliver_due(engine, smtp(office), objects, policy=SOON)
    assert (first.accepted, first.refused, first.retry) == (3, 1, 2)
    assert first.codes == {"rcpt 550": 1, "rcpt 451": 1, "data 452": 1}
    with Session(engine) as session:
        assert {(o["state"], o["code"]) for o in outbox.owed(session)} == {
            ("refused", "rcpt 550"),
            ("retry", "rcpt 451"),
            ("retry", "data 452"),
        }
        assert not any("@" in str(v) for o in outbox.owed(session) for v in o.values())
    assert outbox.deliver_due(engine, smtp(office), objects, policy=SOON).attempted == 0, "back-off holds"
    then = outbox.deliver_due(engine, smtp(office), objects, now=later(engine, seconds=61), policy=SOON)
    assert then.accepted == 2
    with Session(engine) as session, session.begin():
        refused = outbox.owed(session)[0]
        outbox.resend(session, refused["id"])
    assert outbox.deliver_due(engine, smtp(office), objects, now=later(engine, seconds=61)).accepted == 1
    assert Counter(r for r, _ in office.mails) == {f"{c}@b.tw": 1 for c in "abcdef"}
    with Session(engine) as session, pytest.raises(outbox.OutboxError, match="accepted"):
        outbox.resend(session, refused["id"])


def test_the_waits_grow(engine: Engine, objects: ObjectStore, office: PostOffice) -> None:
    office.faults = {WHO: ["rcpt_451"] * 3}
    owe(engine, objects, WHO)
    waits, now = [], later(engine, seconds=1)
    for _ in range(3):
        outbox.deliver_due(engine, smtp(office), objects, now=now, policy=SOON)
        due = rows(engine)[0].due_at
        waits.append(round((due - now).total_seconds() / 60))
        now = due + dt.timedelta(seconds=1)
    assert waits == [1, 5, 5]


def test_a_lost_answer_is_sent_again_under_the_same_message_id_and_flagged(
    engine: Engine, objects: ObjectStore, office: PostOffice
) -> None:
    office.faults = {WHO: ["drop_after_data"]}
    owe(engine, objects, WHO)
    assert outbox.deliver_due(engine, smtp(office), objects, policy=SOON).in_doubt == 1
    assert [(r.state, r.doubtful) for r in rows(engine)] == [("in_doubt", True)]
    assert outbox.deliver_due(engine, smtp(office), objects, now=later(engine, seconds=121), policy=SOON).accepted == 1
    one, two = office.received(WHO)
    assert one == two, "the same bytes, so the same Message-ID and date"
    with Session(engine) as session:
        assert outbox.counts(session) == {"accepted": 1, "doubtful": 1}


def test_a_server_that_is_down_ends_the_run_and_everything_stays_owed(engine: Engine, objects: ObjectStore) -> None:
    owe(engine, objects, *(f"r{i}@b.tw" for i in range(6)))
    down = StdlibBackend(Server("127.0.0.1", 9, timeout=0.5), letters.SENDER)
    summary = outbox.deliver_due(engine, down, objects, policy=SOON)
    assert (summary.retry, summary.accepted, summary.stopped) == (outbox.SERVER_FAULTS, 0, "connection")
    with Session(engine) as session:
        assert len(outbox.owed(session)) == 6


@pytest.mark.parametrize("begun", [False, True])
def test_a_sender_that_died_is_replaced_when_its_lease_ends(
    engine: Engine, objects: ObjectStore, office: PostOffice, begun: bool
) -> None:
    """Died before the body left: not in doubt. Died after: in doubt, sent again."""

    class Killed(BaseException):
        pass

    def die(message: Message, before_data: Callable[[], None]) -> Outcome:
        if begun:
            before_data()
        raise Killed

    owe(engine, objects, WHO)
    with pytest.raises(Killed):
        outbox.deliver_due(engine, Told(die), objects, policy=SOON)
    assert rows(engine)[0].state == "claimed"
    assert outbox.deliver_due(engine, smtp(office), objects, policy=SOON).attempted == 0, "the lease holds"
    receipts: list[Receipt] = []
    again = outbox.deliver_due(
        engine,
        smtp(office),
        objects,
        now=later(engine, seconds=31),
        policy=SOON,
        receipt=lambda _, r: receipts.append(r),
    )
    assert again.accepted == 1
    (row,) = rows(engine)
    assert (row.state, row.attempts, row.doubtful) == ("accepted", 2, begun)
    assert [(r.attempt, r.state) for r in receipts] == [(1, "in_doubt" if begun else "abandoned"), (2, "accepted")]
    assert len({r.key for r in receipts}) == 2
    with Session(engine) as session:
        outcomes = session.scalars(select(OutboxAttempt.outcome).order_by(OutboxAttempt.number)).all()
    assert outcomes == ["in_doubt" if begun else "abandoned", "accepted"]


def test_a_thawed_sender_whose_claim_was_taken_over_sends_nothing(
    engine: Engine, objects: ObjectStore, office: PostOffice
) -> None:
    taken: list[int] = []

    def sleep_through_the_lease(message: Message, before_data: Callable[[], None]) -> Outcome:
        taken.append(
            outbox.deliver_due(engine, smtp(office), objects, now=later(engine, seconds=31), policy=SOON).accepted
        )
        before_data()
        raise AssertionError("the body must not leave")

    owe(engine, objects, WHO)
    late = outbox.deliver_due(engine, Told(sleep_through_the_lease), objects, policy=SOON)
    assert (taken, late.lost, late.attempted) == ([1], 1, 0)
    assert len(office.received(WHO)) == 1 and not rows(engine)[0].doubtful


def test_an_acceptance_that_comes_late_stops_the_sender_that_took_over(engine: Engine, objects: ObjectStore) -> None:
    """A is slow after the body left; B takes over, is about to send, and finds that A has delivered."""

    def fast(message: Message, before_data: Callable[[], None]) -> Outcome:
        slow_may_finish.set()
        assert slow_is_done.wait(10)
        before_data()
        raise AssertionError("the body must not leave")

    def slow(message: Message, before_data: Callable[[], None]) -> Outcome:
        before_data()
        other.start()
        assert slow_may_finish.wait(10)
        return Outcome(mailer.ACCEPTED, "250")

    owe(engine, objects, WHO)
    slow_may_finish, slow_is_done = threading.Event(), threading.Event()
    results: list[outbox.Summary] = []
    now = later(engine, seconds=31)
    other = threading.Thread(
        target=lambda: results.append(outbox.deliver_due(engine, Told(fast), objects, now=now, policy=SOON))
    )
    assert outbox.deliver_due(engine, Told(slow), objects, limit=1, policy=SOON).accepted == 1
    slow_is_done.set()
    other.join(10)
    assert results[0].lost == 1
    assert [(r.state, r.doubtful) for r in rows(engine)] == [("accepted", True)]


def test_four_senders_at_once_send_each_mail_once(engine: Engine, objects: ObjectStore, office: PostOffice) -> None:
    owe(engine, objects, *(f"r{i}@b.tw" for i in range(60)))
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: outbox.deliver_due(engine, smtp(office), objects), range(4)))
    assert sum(d.accepted for d in done) == 60
    assert set(Counter(r for r, _ in office.mails).values()) == {1} and len(office.mails) == 60


def test_a_receipt_is_part_of_the_record(engine: Engine, objects: ObjectStore, office: PostOffice) -> None:
    owe(engine, objects, WHO)

    def refuse(session: Session, receipt: Receipt) -> None:
        raise RuntimeError("the trail does not take it")

    with pytest.raises(RuntimeError):
        outbox.deliver_due(engine, smtp(office), objects, policy=SOON, receipt=refuse)
    assert rows(engine)[0].state == "claimed", "no record without its receipt: it will be in doubt, not forgotten"
    assert rows(engine)[0].sending


def test_held_mails_wait_for_release(engine: Engine, objects: ObjectStore, office: PostOffice) -> None:
    with Session(engine) as session, session.begin():
        outbox.enqueue(session, letters.outgoing(objects), hold=True)
        outbox.enqueue(session, letters.outgoing(objects, report="PA-2021-02-r1"), hold=True)
    assert outbox.deliver_due(engine, smtp(office), objects).attempted == 0
    with Session(engine) as session, session.begin():
        assert outbox.release(session, "PA-2021-03-r1") == 1
    assert outbox.deliver_due(engine, smtp(office), objects).accepted == 1
    assert [r.state for r in rows(engine)] == ["accepted", "held"]


def test_a_mail_whose_attachment_is_gone_is_refused_and_shown(
    engine: Engine, objects: ObjectStore, office: PostOffice
) -> None:
    mail = letters.outgoing(objects)
    owe(engine, objects, WHO, "b@b.tw")
    objects.path(mail.attachments[0].digest, "xlsx").unlink()
    summary = outbox.deliver_due(engine, smtp(office), objects)
    assert (summary.refused, summary.codes, len(office.mails)) == (2, {"content": 2}, 0)


def test_logs_and_receipts_hold_no_address(
    engine: Engine, objects: ObjectStore, office: PostOffice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="probity")
    office.faults = {"a@b.tw": ["rcpt_550"], "c@b.tw": ["drop_after_data"]}
    owe(engine, objects, "a@b.tw", "b@b.tw", "c@b.tw")
    receipts: list[Receipt] = []
    outbox.deliver_due(engine, smtp(office), objects, receipt=lambda _, r: receipts.append(r))
    assert len(receipts) == 3 and len(caplog.records) > 5
    assert "@b.tw" not in caplog.text + repr(receipts)


def test_a_database_that_is_away_for_a_moment_loses_no_outcome(
    engine: Engine, objects: ObjectStore, office: PostOffice
) -> None:
    """Every connection is cut between the server's answer and the record."""
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    cut = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"

    def send_then_cut(message: Message, before_data: Callable[[], None]) -> Outcome:
        outcome = smtp(office).send(message, before_data)
        with Session(engine) as session:
            session.connection().exec_driver_sql(cut)
        return outcome

    owe(engine, objects, WHO)
    assert outbox.deliver_due(engine, Told(send_then_cut), objects).accepted == 1
    assert [(r.state, r.doubtful) for r in rows(engine)] == [("accepted", False)]


def test_the_state_is_one_of_those_the_model_names(engine: Engine, objects: ObjectStore) -> None:
    from sqlalchemy.exc import IntegrityError

    owe(engine, objects, WHO)
    with pytest.raises(IntegrityError), Session(engine) as session, session.begin():
        session.execute(update(OutboxMail).values(state="lost"))
