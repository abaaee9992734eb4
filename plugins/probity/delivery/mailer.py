"""The mail server, spoken to once a call: a message goes in, one of four outcomes comes out.

In: a message as bytes. Out: ``Outcome``: accepted, refused (for good), retry (try again later) or unknown (the
server may have it). Why a layer of its own: yagmail 0.16.0 tries three times by itself (so a lost answer becomes
two mails), returns False or a dict instead of raising, checks no certificate and knows no timeout. Here each call
is one attempt, and the moment from which the outcome is open is known exactly: ``before_data`` runs after the
server has asked for the body and before the first byte of it leaves.

Backends: ``YagmailBackend`` (the default), ``StdlibBackend`` (smtplib, the same contract), ``EmlFolderBackend``
(a dry run that writes files). ``backend`` picks one from ``Settings.smtp_url``.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from probity.delivery.message import MessageError, address, mailbox
from probity.store.objects import write_atomic

log = logging.getLogger(__name__)

ACCEPTED, REFUSED, RETRY, UNKNOWN = "accepted", "refused", "retry", "unknown"
TIMEOUT = 30.0  # seconds a step of the dialogue may take


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt. ``code`` is short and free of personal data (logs show it); ``detail`` is the
    server's own words. ``server`` says that the fault lies with the server or its settings, not with this mail."""

    result: str
    code: str = ""
    detail: str = ""
    server: bool = False


@dataclass(frozen=True)
class Message:
    """A message ready to go: envelope addresses, Message-ID and the bytes of ``probity.delivery.mime``."""

    sender: str
    recipient: str
    message_id: str
    data: bytes

    def __post_init__(self) -> None:
        mailbox(self.sender)
        address(self.recipient)


class Backend(Protocol):
    """What the outbox needs of a mailer. ``before_data`` may raise to stop the mail before its body leaves; then
    nothing is delivered and the exception comes back to the caller."""

    def send(self, message: Message, before_data: Callable[[], None] = ...) -> Outcome: ...

    def close(self) -> None: ...


def _nothing() -> None:
    return None


# -- where the server is ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Server:
    """A mail server: ``security`` is none, starttls or ssl. Certificates are always checked (``ca_file`` adds an
    office's own authority)."""

    host: str
    port: int
    security: str = "none"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    timeout: float = TIMEOUT

    def __post_init__(self) -> None:
        if self.security not in ("none", "starttls", "ssl"):
            raise ValueError(f"mail server: unknown security {self.security!r}")
        if self.user and self.security == "none" and not _is_loopback(self.host):
            raise ValueError("mail server: a password goes only over TLS (use smtp+starttls:// or smtps://)")

    @classmethod
    def parse(cls, url: str) -> Server:
        """``smtp://host:25``, ``smtp+starttls://user:password@host:587``, ``smtps://user:password@host:465``, with
        ``?ca=FILE&timeout=SECONDS`` where wanted. ValueError without the password in its text."""
        schemes = {"smtp": ("none", 25), "smtp+starttls": ("starttls", 587), "smtps": ("ssl", 465)}
        parts = urlsplit(url)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError("mail server: expected smtp://, smtp+starttls:// or smtps:// and a host")
        security, port = schemes[parts.scheme]
        more = {k: v[-1] for k, v in parse_qs(parts.query).items()}
        return cls(
            host=parts.hostname,
            port=parts.port or port,
            security=security,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            ca_file=more.get("ca", ""),
            timeout=float(more.get("timeout", TIMEOUT)),
        )

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# -- the dialogue -------------------------------------------------------------------------------------------------
class _Dialogue:
    """Mixed into smtplib's classes: tells when the body begins to leave and when all of it has left."""

    before_data: Callable[[], None] = staticmethod(_nothing)
    body_given = False

    def data(self: Any, msg: Any) -> tuple[int, bytes]:
        self.putcmd("data")
        code, reply = self.getreply()
        if code != 354:
            raise smtplib.SMTPDataError(code, reply)
        body = msg.encode("ascii") if isinstance(msg, str) else msg
        body = re.sub(rb"(?m)^\.", b"..", body)
        if not body.endswith(b"\r\n"):
            body += b"\r\n"
        try:
            self.before_data()
        except BaseException:
            self.close()  # the server drops a body that never ended
            raise
        # The server can only accept after the closing dot, which is the last thing that sendall hands over.
        self.send(body + b".\r\n")
        self.body_given = True
        answer: tuple[int, bytes] = self.getreply()
        self.body_given = False
        return answer


class _Plain(_Dialogue, smtplib.SMTP):
    pass


class _Tls(_Dialogue, smtplib.SMTP_SSL):
    pass


def _words(reply: Any) -> str:
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    return " ".join(text.split())[:500]


def classify(error: Exception, body_given: bool) -> Outcome:
    """The outcome that an exception of the dialogue stands for."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reply = next(iter(error.recipients.values()))
        return Outcome(REFUSED if 500 <= code < 600 else RETRY, f"rcpt {code}", _words(reply), server=code == 421)
    if isinstance(error, smtplib.SMTPDataError):
        code = int(error.smtp_code)
        return Outcome(REFUSED if 500 <= code < 600 else RETRY, f"data {code}", _words(error.smtp_error), code == 421)
    if isinstance(error, smtplib.SMTPSenderRefused):
        code = int(error.smtp_code)
        # 552: this mail is too large. Anything else about the sender is a setting to mend, not this mail's fault.
        return Outcome(REFUSED if code == 552 else RETRY, f"mail {code}", _words(error.smtp_error), code != 552)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Outcome(RETRY, f"auth {error.smtp_code}", "", server=True)
    if body_given:
        return Outcome(UNKNOWN, "answer lost", type(error).__name__)
    if isinstance(error, smtplib.SMTPResponseException):
        return Outcome(RETRY, f"reply {error.smtp_code}", _words(error.smtp_error), server=True)
    if isinstance(error, ssl.SSLError):
        return Outcome(RETRY, "tls", _words(getattr(error, "verify_message", "") or error.reason or ""), server=True)
    if isinstance(error, (OSError, smtplib.SMTPException)):  # a timeout is an OSError
        return Outcome(RETRY, "connection", f"{type(error).__name__}: {_words(error)}", server=True)
    raise error


class _SmtpBackend:
    """Shared by both SMTP backends: one connection kept over many mails, one attempt a call."""

    def __init__(self, server: Server, sender: str) -> None:
        self.server, self.sender = server, mailbox(sender)[1]
        self._smtp: Any = None

    def send(self, message: Message, before_data: Callable[[], None] = _nothing) -> Outcome:
        """One attempt. Exceptions of ``before_data`` come through; every other fault is an Outcome."""
        stopped: list[BaseException] = []

        def hook() -> None:
            try:
                before_data()
            except BaseException as error:
                stopped.append(error)
                raise

        try:
            smtp = self._ready()
            smtp.before_data, smtp.body_given = hook, False
            refused = self._transmit(smtp, message)
        except BaseException as error:
            given = bool(self._smtp is not None and self._smtp.body_given)
            if not isinstance(error, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused):
                self._drop()
            if stopped or not isinstance(error, Exception):
                self._drop()
                raise
            return classify(error, given)
        if refused:  # a dict of the refused, where the library does not raise
            return classify(smtplib.SMTPRecipientsRefused(refused), False)
        return Outcome(ACCEPTED, "250")

    def close(self) -> None:
        """Say goodbye to the server; never raises."""
        if self._smtp is not None:
            with contextlib.suppress(Exception):
                self._smtp.quit()
        self._drop()

    def _ready(self) -> Any:
        """A connection that answers: the kept one, or a new one."""
        if self._smtp is not None:
            try:
                if self._smtp.noop()[0] == 250:
                    return self._smtp
            except (OSError, smtplib.SMTPException):
                pass
            self._drop()
        self._smtp = self._connect()
        return self._smtp

    def _drop(self) -> None:
        if self._smtp is not None:
            with contextlib.suppress(Exception):
                self._smtp.close()
        self._smtp = None

    def _hello(self) -> str:
        return self.sender.rpartition("@")[2]

    def _connect(self) -> Any:
        raise NotImplementedError

    def _transmit(self, smtp: Any, message: Message) -> dict[str, Any]:
        raise NotImplementedError


class StdlibBackend(_SmtpBackend):
    """smtplib alone."""

    def _connect(self) -> Any:
        server = self.server
        more: dict[str, Any] = {"timeout": server.timeout, "local_hostname": self._hello()}
        smtp: Any
        if server.security == "ssl":
            smtp = _Tls(server.host, server.port, context=server.context(), **more)
        else:
            smtp = _Plain(server.host, server.port, **more)
        try:
            if server.security == "starttls":
                smtp.starttls(context=server.context())
            if server.user:
                smtp.login(server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _transmit(self, smtp: Any, message: Message) -> dict[str, Any]:
        refused: dict[str, Any] = smtp.sendmail(mailbox(message.sender)[1], [message.recipient], message.data)
        return refused


class YagmailBackend(_SmtpBackend):
    """yagmail's client, held to one attempt a call over our own messages."""

    def _connect(self) -> Any:
        self._client = _client(self.server, self.sender, self._hello())
        try:
            self._client.login()
        except BaseException:
            if self._client.smtp is not None:
                self._client.smtp.close()
            raise
        return self._client.smtp

    def _transmit(self, smtp: Any, message: Message) -> dict[str, Any]:
        import yagmail

        self._client.envelope_sender = mailbox(message.sender)[1]
        # Wrapped in raw and taken as it is by prepare_send: yagmail never looks for a file of that name.
        result = self._client.send(to=message.recipient, contents=yagmail.raw(message.data.decode("ascii")))
        return dict(result)

    def _drop(self) -> None:
        super()._drop()
        if getattr(self, "_client", None) is not None:
            self._client.is_closed = True  # its destructor would talk to a dead connection


def _client(server: Server, sender: str, hello: str) -> Any:
    """A yagmail client for ``server``. Built in a function because yagmail takes 0.3 s to import."""
    import yagmail

    class OneAttempt(yagmail.Client):  # type: ignore[misc]
        envelope_sender = sender

        @property
        def connection(self) -> Any:
            return _Tls if self.ssl else _Plain

        def login(self) -> None:
            if self.smtp is None or self.is_closed:
                super().login()

        def prepare_send(self, to: Any = None, subject: Any = None, contents: Any = None, *_: Any, **__: Any) -> Any:
            if not to or not isinstance(contents, yagmail.raw):
                raise MessageError("a mail needs its recipient and its message")
            return [to], str(contents)

        def _attempt_send(self, recipients: list[str], msg_strings: str) -> Any:
            return self.smtp.sendmail(self.envelope_sender, recipients, msg_strings)

    more: dict[str, Any] = {"timeout": server.timeout, "local_hostname": hello}
    if server.security == "ssl":
        more["context"] = server.context()
    client = OneAttempt(
        user=sender,
        password=server.password,
        host=server.host,
        port=server.port,
        smtp_starttls={"context": server.context()} if server.security == "starttls" else False,
        smtp_ssl=server.security == "ssl",
        smtp_skip_login=not server.user,
        soft_email_validation=False,
        **more,
    )
    client.set_logging(None)  # its log names recipients
    client.user = server.user or sender
    return client


class EmlFolderBackend:
    """A dry run: each mail becomes one .eml file named after its Message-ID (the same mail, the same file)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: Message, before_data: Callable[[], None] = _nothing) -> Outcome:
        name = re.sub(r"[^A-Za-z0-9.-]", "_", message.message_id.strip("<>").partition("@")[0])
        before_data()
        write_atomic(self.folder / f"{name}.eml", message.data)
        return Outcome(ACCEPTED, "written")

    def close(self) -> None:
        return None


def backend(url: str, sender: str) -> Backend:
    """The backend for ``Settings.smtp_url``: ``eml:///folder`` is a dry run, ``?backend=stdlib`` leaves yagmail out.
    ValueError for a URL that is none."""
    parts = urlsplit(url)
    if parts.scheme == "eml":
        return EmlFolderBackend(Path(unquote(parts.path)))
    chosen = parse_qs(parts.query).get("backend", ["yagmail"])[-1]
    if chosen not in ("yagmail", "stdlib"):
        raise ValueError(f"mail server: unknown backend {chosen!r}")
    server = Server.parse(url)
    return YagmailBackend(server, sender) if chosen == "yagmail" else StdlibBackend(server, sender)
