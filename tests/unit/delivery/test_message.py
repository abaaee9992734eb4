"""What may become a mail, and the bytes it becomes."""

from __future__ import annotations

import re

import pytest

from probity.delivery.message import Attachment, Envelope, MessageError, address, message_id
from probity.delivery.mime import Composer
from probity.store.objects import ObjectStore
from tests.unit.delivery import letters
from tests.unit.delivery.post_office import parse


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nobody",
        "a@b@c",
        "a@",
        "@b.tw",
        "a b@c.tw",
        "甲@c.tw",
        "x@c.tw, y@c.tw",
        "名 <x@c.tw>",
        "x@c.tw\nBcc: y@c.tw",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(MessageError):
        address(text)


def test_an_address_keeps_its_local_part_and_a_chinese_domain_becomes_punycode() -> None:
    assert address(" Some.One+audit@Ethics.Example.GOV.TW ") == "Some.One+audit@ethics.example.gov.tw"
    assert (
        address("officer@臺中.example") == "officer@xn--fiq63r6zl.example" or address("officer@臺中.example").isascii()
    )


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r", "\x00", "\u2028", "\u0085"])
def test_no_text_becomes_a_header(objects: ObjectStore, break_: str) -> None:
    evil = f"選案{break_}Bcc: someone@else.example"
    with pytest.raises(MessageError):
        letters.outgoing(objects, bodies=letters.Bodies(subject=evil))
    with pytest.raises(MessageError):
        letters.outgoing(objects, files={f"{evil}.xlsx": b"x"})
    with pytest.raises(MessageError):
        Envelope(evil, "a@b.tw", 1, "role", letters.SENDER)
    with pytest.raises(MessageError):
        Envelope("r", "a@b.tw", 1, "role", f"{evil} <a@b.tw>")


def test_an_attachment_has_a_plain_name() -> None:
    for name in ("../../etc/passwd", "a/b.xlsx", "a\\b.xlsx", ""):
        with pytest.raises(MessageError):
            Attachment(name, "0" * 64, 1)


def test_the_message_id_follows_from_the_key_alone() -> None:
    one = message_id("PA-2021-03-r1", "a@b.tw", 1, letters.SENDER)
    assert one == message_id("PA-2021-03-r1", "a@b.tw", 1, letters.SENDER)
    assert (
        len(
            {
                one,
                message_id("PA-2021-03-r1", "a@b.tw", 2, letters.SENDER),
                message_id("x", "a@b.tw", 1, letters.SENDER),
            }
        )
        == 3
    )
    assert one.endswith("@ethics.example.gov.tw>")


def test_the_message_reads_back_as_it_was_written(objects: ObjectStore) -> None:
    mail = letters.outgoing(objects, images={"chart": b"\x89PNG fake"})
    data = Composer(objects).bytes(mail, letters.WHEN)
    read = parse(data)
    assert not read.defects
    assert read["Subject"] == mail.subject
    assert read["To"] == "officer@ethics.example.gov.tw"
    assert read["Date"] == "Tue, 06 Apr 2021 09:30:00 +0800"
    assert read.get_content_type() == "multipart/mixed"
    text, html = read.get_body(("plain",)), read.get_body(("html",))
    assert text is not None and text.get_content().replace("\r\n", "\n") == letters.Bodies().text
    assert html is not None and html.get_content() == letters.Bodies().html
    files = {p.get_filename(): p for p in read.iter_attachments()}
    assert set(files) == {letters.BOOK, "名冊.csv"}
    book = files[letters.BOOK]
    assert book.get_content_type().endswith("spreadsheetml.sheet") and book.get_content().startswith(b"PK")
    assert all(p.get_content_disposition() == "attachment" for p in files.values())
    image = next(p for p in read.walk() if p.get("Content-ID"))
    assert (image["Content-ID"], image.get_content_disposition()) == ("<chart>", "inline")


def test_the_wire_form_is_plain_7_bit_with_short_lines(objects: ObjectStore) -> None:
    """RFC 2047 words of at most 75 characters; one RFC 2231 value a name (Outlook joins no continuations); an
    encoded name for clients that look at Content-Type."""
    data = Composer(objects).bytes(letters.outgoing(objects), letters.WHEN)
    lines = data.split(b"\r\n")
    assert data.isascii() and b"\n" not in data.replace(b"\r\n", b"")
    assert max(map(len, lines)) <= 998
    words = re.findall(rb"=\?utf-8\?[bq]\?[^?]*\?=", data)
    assert len(words) > 4 and max(map(len, words)) <= 75
    assert data.count(b"filename*=utf-8''") == 2 and b"filename*0" not in data
    assert b'name="=?utf-8?' in data


def test_the_same_mail_is_the_same_bytes(objects: ObjectStore) -> None:
    first = Composer(objects).bytes(letters.outgoing(objects), letters.WHEN)
    assert first == Composer(objects).bytes(letters.outgoing(objects), letters.WHEN)


def test_an_altered_attachment_is_not_sent(objects: ObjectStore) -> None:
    mail = letters.outgoing(objects)
    objects.path(mail.attachments[0].digest, "xlsx").write_bytes(b"altered")
    with pytest.raises(ValueError, match="does not have the content"):
        Composer(objects).bytes(mail, letters.WHEN)


def test_a_corrected_revision_points_at_the_one_it_replaces(objects: ObjectStore) -> None:
    first = message_id("PA-2021-03-r1", "a@b.tw", 1, letters.SENDER)
    envelope = Envelope("PA-2021-03-r2", "a@b.tw", 2, "role", letters.SENDER, answers=first)
    from probity.delivery.message import compose

    read = parse(Composer(objects).bytes(compose(objects, envelope, letters.Bodies()), letters.WHEN))
    assert read["In-Reply-To"] == read["References"] == first
