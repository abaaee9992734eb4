"""A mail before it is sent: who, what, and the checks that keep a text from becoming a header.

In: texts, addresses, files. Out: ``OutgoingMail``, whose bodies and attachments lie in the object store under
their digests, so that a mail that is sent again tomorrow is the same mail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from email.utils import parseaddr
from pathlib import PurePath
from typing import Any

from probity import canonical
from probity.store.objects import ObjectStore

# Told by us, not by the machine's mime.types, which may be missing.
MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "csv": "text/csv",
    "txt": "text/plain",
    "html": "text/html",
    "json": "application/json",
    "xml": "application/xml",
    "png": "image/png",
    "jpg": "image/jpeg",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


class MessageError(ValueError):
    """A mail that must not be made: an address that is none, or a line break where none may be."""


def one_line(text: str, what: str) -> str:
    """``text`` when it is safe in a header; MessageError when it holds a line break or a control character."""
    if _CONTROL.search(text):
        raise MessageError(f"{what}: a line break or control character is not allowed in a header")
    return text


def address(text: str) -> str:
    """One plain address, its domain in lower case (a Chinese domain as Punycode). MessageError for anything else:
    none, several, a display name, characters that SMTP does not carry."""
    one_line(text, "address")
    local, at, domain = text.strip().rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise MessageError("address: the domain is not a valid name") from error
    if not at or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain) or len(local) > 64 or len(domain) > 255:
        raise MessageError("address: expected one plain address such as name@agency.gov.tw")
    return f"{local}@{domain.lower()}"


def mailbox(text: str) -> tuple[str, str]:
    """Display name (may be empty) and address of a sender such as ``政風處 <ethics@agency.gov.tw>``."""
    one_line(text, "sender")
    name, plain = parseaddr(text)
    return name, address(plain)


def message_id(report_id: str, recipient: str, revision: int, sender: str) -> str:
    """The Message-ID of the mail with this key: the same at every try, on every machine."""
    domain = mailbox(sender)[1].rpartition("@")[2]
    return f"<{canonical.digest([report_id, recipient, revision])[:40]}@{domain}>"


@dataclass(frozen=True)
class Attachment:
    """A file of a mail, by digest. With ``cid`` it is an image shown inside the HTML (``cid:<cid>``)."""

    name: str
    digest: str
    size: int
    cid: str = ""

    def __post_init__(self) -> None:
        one_line(self.name, "attachment name")
        if not self.name or self.name != PurePath(self.name).name or "\\" in self.name:
            raise MessageError("attachment name: a plain file name is expected")
        if self.cid and not re.fullmatch(r"[A-Za-z0-9.-]{1,64}", self.cid):
            raise MessageError("attachment: a content id has only letters, digits, dots and dashes")

    @property
    def suffix(self) -> str:
        """The file's extension, under which the object store keeps it."""
        suffix = PurePath(self.name).suffix[1:].lower()
        return suffix if re.fullmatch(r"[a-z0-9]{1,8}", suffix) else "bin"

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES.get(self.suffix, "application/octet-stream")


@dataclass(frozen=True)
class Envelope:
    """The key of a mail (report, recipient, revision) and what goes with it. ``role`` is what logs show in place of
    the address. ``answers`` is the Message-ID of the mail that this one replaces."""

    report_id: str
    recipient: str
    revision: int
    role: str
    sender: str
    answers: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "recipient", address(self.recipient))
        one_line(self.report_id, "report id")
        mailbox(self.sender)
        if not self.report_id or self.revision < 1:
            raise MessageError("a mail belongs to a report and a revision from 1")
        if self.answers and not re.fullmatch(r"<[^<>\s]+@[^<>\s]+>", self.answers):
            raise MessageError("answers: a Message-ID such as <id@agency.gov.tw> is expected")

    @property
    def message_id(self) -> str:
        return message_id(self.report_id, self.recipient, self.revision, self.sender)


@dataclass(frozen=True)
class OutgoingMail:
    """A mail to one recipient; ``text`` and ``html`` are digests in the object store."""

    envelope: Envelope
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = field(default=())

    def __post_init__(self) -> None:
        if not one_line(self.subject, "subject").strip():
            raise MessageError("subject: a mail has one")
        names = [a.name for a in self.attachments]
        if len(set(names)) != len(names):
            raise MessageError("attachments: two have the same name")

    def to_json(self) -> dict[str, Any]:
        return {
            "answers": self.envelope.answers,
            "text": self.text,
            "html": self.html,
            "attachments": [asdict(a) for a in self.attachments],
        }

    @property
    def digest(self) -> str:
        return canonical.digest(self.to_json() | {"subject": self.subject, "sender": self.envelope.sender})


def compose(
    objects: ObjectStore,
    envelope: Envelope,
    bodies: Any,
    files: Mapping[str, bytes] | None = None,
    images: Mapping[str, bytes] | None = None,
) -> OutgoingMail:
    """Lay a mail's parts down in ``objects``. ``bodies`` has subject, text and html; ``files`` are attachments by
    name, ``images`` PNG pictures by content id. Raises MessageError."""
    attachments = [Attachment(n, canonical.sha256(d), len(d)) for n, d in (files or {}).items()]
    attachments += [Attachment(f"{c}.png", canonical.sha256(d), len(d), c) for c, d in (images or {}).items()]
    contents = [*(files or {}).values(), *(images or {}).values()]
    mail = OutgoingMail(
        envelope=envelope,
        subject=bodies.subject,
        text=canonical.sha256(bodies.text.encode()),
        html=canonical.sha256(bodies.html.encode()),
        attachments=tuple(attachments),
    )
    for attachment, content in zip(attachments, contents, strict=True):
        objects.put_bytes(content, attachment.suffix)
    objects.put_bytes(bodies.text.encode(), "txt")
    objects.put_bytes(bodies.html.encode(), "html")
    return mail
