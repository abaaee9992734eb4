"""A mail server for this machine alone: whatever it accepts becomes an .eml file in a folder.

In: SMTP on a loopback port. Out: ``<number>-<digest>.eml``, envelope in front as X-Envelope headers. It exists so
that the demo shows delivered mail and the tests can make a mail server misbehave: refuse a recipient, ask to come
back later, or take the mail and break off before it says so.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import itertools
import logging
import threading
from collections import Counter
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from probity.ops.local import free_port
from probity.store.objects import write_atomic

# aiosmtpd writes every address and command at INFO: no log of ours may hold them.
logging.getLogger("mail.log").setLevel(logging.WARNING)

MAX_MAIL_BYTES = 64 * 1024 * 1024


@dataclass
class Faults:
    """How the server misbehaves; all off at first. May be changed while it runs."""

    drop_after_data: int = 0  # so many times: keep the mail, then break the connection before the answer
    drop_in_data: int = 0  # so many times: break the connection without keeping the mail
    greylist: int = 0  # answer each recipient's first so many tries with 451
    refuse: set[str] = field(default_factory=set)  # recipients answered with 550
    refuse_data: int = 0  # so many times: 554 after DATA
    full: bool = False  # 452 to everybody, as with a full disk


class Mailbox:
    """The server; ``with Mailbox(folder) as box:`` runs it. ``port`` 0 takes any free one."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port
        self.faults = Faults()
        self._lock = threading.Lock()
        self._controller: Controller | None = None
        self._tries: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> Mailbox:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._numbers = itertools.count(len(self.paths()) + 1)
        for last in (False, False, True):
            port = self.port or free_port()
            controller = Controller(
                self, hostname="127.0.0.1", port=port, data_size_limit=MAX_MAIL_BYTES, ready_timeout=20
            )
            try:
                controller.start()
            except OSError:  # somebody was quicker to take the port
                if last or self.port:
                    raise
                continue
            self._controller, self.port = controller, port
            return self
        raise AssertionError("unreachable")

    def stop(self) -> None:
        """Stop listening; the same object may be started again, on the same port."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> Mailbox:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # what arrived
    def paths(self) -> list[Path]:
        """The .eml files in order of arrival."""
        return sorted(self.folder.glob("*.eml"))

    def messages(self) -> list[EmailMessage]:
        """The mails in order of arrival, parsed."""
        return [_parse(path.read_bytes()) for path in self.paths()]

    # aiosmtpd calls these
    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.faults.full:
            return "452 4.3.1 Insufficient system storage"
        if address in self.faults.refuse:
            return "550 5.1.1 No such user here"
        self._tries[address] += 1
        if self._tries[address] <= self.faults.greylist:
            return "451 4.7.1 Greylisted, please come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self._take("refuse_data"):
            return "554 5.6.0 Message refused"
        if self._take("drop_in_data"):
            server.transport.abort()
            return "451 dropped"
        self._keep(envelope)
        if self._take("drop_after_data"):
            server.transport.abort()
        return "250 2.0.0 Accepted"

    def _take(self, name: str) -> bool:
        """True while the counter of this fault is above zero; counts it down."""
        with self._lock:
            left = getattr(self.faults, name)
            if left > 0:
                setattr(self.faults, name, left - 1)
            return left > 0

    def _keep(self, envelope: Any) -> None:
        head = [f"X-Envelope-From: {envelope.mail_from}", *(f"X-Envelope-To: {to}" for to in envelope.rcpt_tos)]
        data = "\r\n".join(head).encode("utf-8", "replace") + b"\r\n" + envelope.content
        with self._lock:
            number = next(self._numbers)
        write_atomic(self.folder / f"{number:05d}-{hashlib.sha256(data).hexdigest()[:12]}.eml", data)


def _parse(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message
