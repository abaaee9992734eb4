"""The local mail server: what it accepts is a file, and it misbehaves on demand."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from probity.ops.mailbox import Mailbox


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Mailbox]:
    with Mailbox(tmp_path / "mail") as running:
        yield running


def send(box: Mailbox, *to: str) -> dict:
    message = EmailMessage()
    message["Subject"] = "採購稽核選案 110年3月"
    message["From"] = "probity@ethics.example.gov.tw"
    message["To"] = ", ".join(to)
    message["Message-ID"] = "<one@ethics.example.gov.tw>"
    message.set_content("名單另附")
    message.add_attachment(b"PK", maintype="application", subtype="zip", filename="附件.zip")
    with smtplib.SMTP("127.0.0.1", box.port, timeout=10) as client:
        return client.send_message(message, to_addrs=list(to))


def test_accepted_mail_is_a_file_with_its_envelope(box: Mailbox) -> None:
    assert send(box, "a@example.gov.tw", "b@example.gov.tw") == {}
    [message] = box.messages()
    assert message["Subject"] == "採購稽核選案 110年3月"
    assert message.get_all("X-Envelope-To") == ["a@example.gov.tw", "b@example.gov.tw"]
    assert [part.get_filename() for part in message.iter_attachments()] == ["附件.zip"]
    assert "example" not in box.paths()[0].name


def test_numbers_go_on_after_a_restart(box: Mailbox) -> None:
    send(box, "a@example.gov.tw")
    port = box.port
    box.stop()
    box.start()
    send(box, "a@example.gov.tw")
    assert box.port == port
    assert [path.name[:5] for path in box.paths()] == ["00001", "00002"]


def test_refused_recipient(box: Mailbox) -> None:
    box.faults.refuse.add("gone@example.gov.tw")
    refused = send(box, "a@example.gov.tw", "gone@example.gov.tw")
    assert refused["gone@example.gov.tw"][0] == 550
    assert len(box.paths()) == 1


def test_greylisting_lets_the_second_try_through(box: Mailbox) -> None:
    box.faults.greylist = 1
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(box, "a@example.gov.tw")
    send(box, "a@example.gov.tw")
    assert len(box.paths()) == 1


def test_dropped_after_data_has_the_mail_but_the_sender_does_not_know(box: Mailbox) -> None:
    box.faults.drop_after_data = 1
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(box, "a@example.gov.tw")
    assert len(box.paths()) == 1
    send(box, "a@example.gov.tw")
    assert len(box.paths()) == 2


def test_dropped_in_data_has_nothing(box: Mailbox) -> None:
    box.faults.drop_in_data = 1
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(box, "a@example.gov.tw")
    assert box.paths() == []


def test_full_and_refused_data(box: Mailbox) -> None:
    box.faults.full = True
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(box, "a@example.gov.tw")
    assert refused.value.recipients["a@example.gov.tw"][0] == 452
    box.faults.full = False
    box.faults.refuse_data = 1
    with pytest.raises(smtplib.SMTPDataError):
        send(box, "a@example.gov.tw")
    assert box.paths() == []
