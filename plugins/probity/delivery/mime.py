"""From an outgoing mail to the bytes on the wire: the same bytes at every try.

In: an ``OutgoingMail``, its date, the object store. Out: the message as RFC 5322 bytes (7 bit). It is built here
and not by yagmail, whose plain-text part holds the HTML source, whose csv and txt attachments lack a disposition
and whose boundaries are random. Subjects go out as RFC 2047 words, attachment names as an RFC 2231 ``filename*``
in one piece (which Outlook, Gmail and Thunderbird read alike) and, for old Outlooks, as an encoded ``name``.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections import OrderedDict
from email.header import Header
from email.utils import format_datetime
from urllib.parse import quote

from probity.delivery.message import Attachment, OutgoingMail, mailbox
from probity.store.objects import ObjectStore

EOL = "\r\n"
TAIPEI = dt.timezone(dt.timedelta(hours=8))
_CACHE_BYTES = 64 * 1024 * 1024


def encoded(text: str, name: str = "") -> str:
    """``text`` as a header value: as it is when ASCII, else RFC 2047 words, folded."""
    if text.isascii() and len(text) < 70:
        return text
    return Header(text, "utf-8", maxlinelen=75, header_name=name).encode(linesep=EOL)


class Composer:
    """Makes messages; keeps the encoded form of the last attachments, as many recipients get the same file."""

    def __init__(self, objects: ObjectStore) -> None:
        self.objects = objects
        self._encoded: OrderedDict[str, str] = OrderedDict()
        self._size = 0

    def bytes(self, mail: OutgoingMail, date: dt.datetime) -> bytes:
        """The message. ``date`` is when the mail came to be owed, so that a second try is the same mail.
        FileNotFoundError or ValueError when a body or attachment is gone or was altered."""
        envelope = mail.envelope
        name, sender = mailbox(envelope.sender)
        seed = hashlib.sha256(envelope.message_id.encode()).hexdigest()
        headers = [
            f"Date: {format_datetime(date.astimezone(TAIPEI))}",
            f"From: {encoded(name) + ' ' if name else ''}<{sender}>",
            f"To: <{envelope.recipient}>",
            f"Subject: {encoded(mail.subject, 'Subject')}",
            f"Message-ID: {envelope.message_id}",
        ]
        if envelope.answers:
            headers += [f"In-Reply-To: {envelope.answers}", f"References: {envelope.answers}"]
        headers += [
            "MIME-Version: 1.0",
            "Auto-Submitted: auto-generated",
            "X-Auto-Response-Suppress: All",
            "Sensitivity: Company-Confidential",
            f"X-Probity-Report: {encoded(envelope.report_id)}; revision={envelope.revision}",
        ]
        body = self._text("plain", mail.text, "txt"), self._text("html", mail.html, "html")
        inner = _multipart("alternative", f"=_a{seed[:28]}", body)
        images = [a for a in mail.attachments if a.cid]
        if images:
            inner = _multipart("related", f"=_r{seed[:28]}", [inner, *map(self._attachment, images)])
        files = [self._attachment(a) for a in mail.attachments if not a.cid]
        if files:
            inner = _multipart("mixed", f"=_m{seed[:28]}", [inner, *files])
        return (EOL.join(headers) + EOL + inner).encode("ascii")

    def _text(self, kind: str, digest: str, suffix: str) -> str:
        text = self.objects.get_bytes(digest, suffix).decode()
        lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", EOL)
        return f'Content-Type: text/{kind}; charset="utf-8"{EOL}Content-Transfer-Encoding: base64{EOL}{EOL}' + _base64(
            lines.encode()
        )

    def _attachment(self, attachment: Attachment) -> str:
        name = attachment.name
        word = encoded(name).replace('"', "")
        head = [f'Content-Type: {attachment.media_type};{EOL} name="{word}"', "Content-Transfer-Encoding: base64"]
        kind = "inline" if attachment.cid else "attachment"
        if attachment.cid:
            head.append(f"Content-ID: <{attachment.cid}>")
        if name.isascii() and not set(name) & set('"\\'):
            head.append(f'Content-Disposition: {kind};{EOL} filename="{name}"')
        else:
            head.append(f"Content-Disposition: {kind};{EOL} filename*=utf-8''{quote(name, safe='')}")
        return EOL.join(head) + EOL + EOL + self._content(attachment)

    def _content(self, attachment: Attachment) -> str:
        key = attachment.digest
        if key in self._encoded:
            self._encoded.move_to_end(key)
            return self._encoded[key]
        text = _base64(self.objects.get_bytes(key, attachment.suffix))
        self._encoded[key] = text
        self._size += len(text)
        while self._size > _CACHE_BYTES and len(self._encoded) > 1:
            self._size -= len(self._encoded.popitem(last=False)[1])
        return text


def _base64(data: bytes) -> str:
    return base64.encodebytes(data).decode("ascii").replace("\n", EOL)


def _multipart(kind: str, boundary: str, parts: list[str] | tuple[str, ...]) -> str:
    pieces = "".join(f"--{boundary}{EOL}{part}{EOL}" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"{EOL}{EOL}{pieces}--{boundary}--{EOL}'
