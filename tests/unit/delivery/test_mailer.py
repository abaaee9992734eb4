"""The contract of a mailer: one attempt a call, one of four outcomes, over plain, STARTTLS and TLS connections.

Each test runs with yagmail and with the standard library alone.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from probity.delivery import mailer
from probity.delivery.mailer import EmlFolderBackend, Message, Server, StdlibBackend, YagmailBackend
from probity.store.objects import ObjectStore
from tests.unit.delivery import letters, post_office
from tests.unit.delivery.post_office import PostOffice

BACKENDS = [YagmailBackend, StdlibBackend]
WHO = "officer@ethics.example.gov.tw"


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office.running() as running:
        yield running


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return post_office.certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(params=BACKENDS, ids=["yagmail", "stdlib"])
def backend(request: pytest.FixtureRequest, office: PostOffice) -> Iterator[mailer.Backend]:
    made = request.param(Server("127.0.0.1", office.port, timeout=0.7), letters.SENDER)
    yield made
    made.close()


def test_a_mail_arrives_as_the_bytes_that_were_made(
    office: PostOffice, backend: mailer.Backend, objects: ObjectStore
) -> None:
    message = letters.message(objects)
    assert backend.send(message).result == mailer.ACCEPTED
    assert office.received(WHO) == [message.data]


def test_a_body_that_names_an_existing_file_stays_text(
    office: PostOffice, backend: mailer.Backend, objects: ObjectStore, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not to be mailed")
    mail = letters.outgoing(objects, bodies=letters.Bodies(text=str(secret)), files={})
    data = letters.Composer(objects).bytes(mail, letters.WHEN)
    backend.send(Message(letters.SENDER, WHO, mail.envelope.message_id, data))
    read = post_office.parse(office.received(WHO)[0])
    assert [p.get_content_type() for p in read.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    body = read.get_body(("plain",))
    assert body is not None and body.get_content().strip() == str(secret)


@pytest.mark.parametrize(
    ("fault", "result", "server"),
    [
        ("rcpt_550", mailer.REFUSED, False),
        ("rcpt_451", mailer.RETRY, False),
        ("data_554", mailer.REFUSED, False),
        ("data_452", mailer.RETRY, False),
        ("drop_at_rcpt", mailer.RETRY, True),
        ("drop_after_data", mailer.UNKNOWN, False),
        ("slow", mailer.UNKNOWN, False),
    ],
)
def test_each_fault_has_its_outcome_and_the_next_mail_goes_through(
    office: PostOffice, backend: mailer.Backend, objects: ObjectStore, fault: str, result: str, server: bool
) -> None:
    office.faults[WHO] = [fault]
    outcome = backend.send(letters.message(objects))
    assert (outcome.result, outcome.server) == (result, server)
    assert len(office.received(WHO)) == (1 if result == mailer.UNKNOWN else 0), "one attempt a call, never two"
    assert WHO not in outcome.code
    other = "other@ethics.example.gov.tw"
    assert backend.send(letters.message(objects, other)).result == mailer.ACCEPTED
    assert len(office.received(other)) == 1


def test_one_connection_serves_many_mails_and_is_made_anew_when_the_server_closed_it(
    office: PostOffice, backend: mailer.Backend, objects: ObjectStore
) -> None:
    results = [backend.send(letters.message(objects, f"m{i}@b.tw")).result for i in range(5)]
    assert results == [mailer.ACCEPTED] * 5
    assert office.connections == 1
    backend._smtp.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
    assert backend.send(letters.message(objects)).result == mailer.ACCEPTED
    assert office.connections == 2


def test_nothing_leaves_when_the_caller_stops_it_before_the_body(
    office: PostOffice, backend: mailer.Backend, objects: ObjectStore
) -> None:
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        backend.send(letters.message(objects), stop)
    assert not office.mails
    assert backend.send(letters.message(objects)).result == mailer.ACCEPTED
    assert len(office.mails) == 1


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_server_that_is_not_there_is_a_matter_for_later(kind: type, objects: ObjectStore) -> None:
    outcome = kind(Server("127.0.0.1", 9, timeout=0.5), letters.SENDER).send(letters.message(objects))
    assert (outcome.result, outcome.server) == (mailer.RETRY, True)


@pytest.mark.parametrize("kind", BACKENDS)
@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_tls_with_login_and_a_checked_certificate(
    kind: type, security: str, certificate: tuple[Path, Path], objects: ObjectStore
) -> None:
    pem, authority = certificate
    with post_office.running(security, pem, password="s3cret" if security == "starttls" else "") as office:
        user = {"user": "probity", "password": "s3cret"} if security == "starttls" else {}

        def outcome(**changed: str) -> mailer.Outcome:
            options = user | {"ca_file": str(authority)} | changed
            made = kind(Server("127.0.0.1", office.port, security, timeout=3, **options), letters.SENDER)
            try:
                return made.send(letters.message(objects))
            finally:
                made.close()

        assert outcome().result == mailer.ACCEPTED
        unknown = outcome(ca_file="")
        assert (unknown.result, unknown.code, unknown.server) == (mailer.RETRY, "tls", True)
        if user:
            wrong = outcome(password="wrong")
            assert (wrong.result, wrong.server) == (mailer.RETRY, True)
            assert wrong.code.startswith("auth")
        assert len(office.mails) == 1


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_server_without_starttls_is_never_spoken_to_in_clear(
    kind: type, office: PostOffice, objects: ObjectStore
) -> None:
    outcome = kind(Server("127.0.0.1", office.port, "starttls", timeout=1), letters.SENDER).send(
        letters.message(objects)
    )
    assert (outcome.result, outcome.server) == (mailer.RETRY, True)
    assert not office.mails


def test_urls_name_the_server_and_never_show_the_password() -> None:
    server = Server.parse("smtp+starttls://user%40x:p%40ss@mail.example:2525?timeout=5")
    assert (server.user, server.password, server.port, server.security, server.timeout) == (
        "user@x",
        "p@ss",
        2525,
        "starttls",
        5,
    )
    assert "p@ss" not in repr(server)
    assert isinstance(mailer.backend("smtp://127.0.0.1:25", letters.SENDER), YagmailBackend)
    assert isinstance(mailer.backend("smtp://127.0.0.1:25?backend=stdlib", letters.SENDER), StdlibBackend)
    with pytest.raises(ValueError, match="TLS"):
        Server.parse("smtp://user:word@mail.example:25")
    with pytest.raises(ValueError, match="expected smtp://"):
        Server.parse("http://mail.example")


def test_a_dry_run_writes_one_file_a_mail(tmp_path: Path, objects: ObjectStore) -> None:
    dry = mailer.backend(f"eml://{tmp_path}/out", letters.SENDER)
    assert isinstance(dry, EmlFolderBackend)
    message = letters.message(objects)
    assert [dry.send(message).result for _ in range(2)] == [mailer.ACCEPTED] * 2
    (written,) = (tmp_path / "out").iterdir()
    assert written.suffix == ".eml" and written.read_bytes() == message.data
