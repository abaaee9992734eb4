"""A mail server on this machine that can be told to misbehave, and the mails it has taken."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


def parse(data: bytes) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(data)


class PostOffice:
    """Handler and mailbox. ``faults`` maps a recipient to a list of faults, used one a mail:

    rcpt_550, rcpt_451, drop_at_rcpt, data_554, data_452, drop_after_data (taken, answer lost), slow (taken, late).
    """

    def __init__(self) -> None:
        self.mails: list[tuple[str, bytes]] = []
        self.faults: dict[str, list[str]] = {}
        self.connections = 0
        self.lock = threading.Lock()
        self.port = 0

    def next_fault(self, recipient: str, stage: str) -> str:
        waiting = self.faults.get(recipient, [])
        if waiting and (waiting[0].startswith("rcpt") or waiting[0] == "drop_at_rcpt") == (stage == "rcpt"):
            return waiting.pop(0)
        return ""

    def received(self, recipient: str) -> list[bytes]:
        return [d for r, d in self.mails if r == recipient]

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        fault = self.next_fault(address, "rcpt")
        if fault == "drop_at_rcpt":
            server.transport.abort()
        if fault.startswith("rcpt_"):
            return f"{fault[5:]} told to"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        recipient = envelope.rcpt_tos[0]
        fault = self.next_fault(recipient, "data")
        if fault.startswith("data_"):
            return f"{fault[5:]} told to"
        with self.lock:
            self.mails.append((recipient, envelope.original_content))
        if fault == "drop_after_data":
            server.transport.abort()
        if fault == "slow":
            await asyncio.sleep(1.5)
        return "250 OK"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(security: str = "none", certificate: Path | None = None, password: str = "") -> Iterator[PostOffice]:
    """A post office listening on 127.0.0.1. ``security``: none, starttls or ssl (then with ``certificate``)."""
    office = PostOffice()
    office.port = _free_port()
    context = None
    if security != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

    class Server(SMTP):
        def connection_made(self, transport: Any) -> None:
            office.connections += 1
            super().connection_made(transport)

    class Post(Controller):
        def factory(self) -> SMTP:
            more: dict[str, Any] = {}
            if security == "starttls":
                more = {"tls_context": context, "require_starttls": True}
            if password:
                more |= {
                    "authenticator": lambda s, se, e, m, d: AuthResult(
                        success=isinstance(d, LoginPassword) and d.password == password.encode(), handled=False
                    ),
                    "auth_required": True,
                    "auth_require_tls": security == "starttls",
                }
            return Server(self.handler, data_size_limit=64 * 1024 * 1024, **more)

    post = Post(office, "127.0.0.1", office.port, ssl_context=context if security == "ssl" else None)
    post.start()
    office.connections = 0  # the controller's own knock does not count
    try:
        yield office
    finally:
        post.stop()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A server certificate (with key) for 127.0.0.1 and the authority that signed it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def name(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])

    def builder(subject: str, key: Any) -> x509.CertificateBuilder:
        start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
        return (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name("test authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + dt.timedelta(days=30))
        )

    root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    authority = (
        builder("test authority", root)
        .add_extension(x509.BasicConstraints(True, 0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root.public_key()), critical=False)
        .sign(root, hashes.SHA256())
    )
    leaf = (
        builder("127.0.0.1", key)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False)
        .sign(root, hashes.SHA256())
    )
    server, ca = folder / "server.pem", folder / "ca.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    server.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + leaf.public_bytes(pem))
    ca.write_bytes(authority.public_bytes(pem))
    return server, ca
