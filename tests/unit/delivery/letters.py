"""Mails for tests: Chinese subject, bodies and attachment name."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from probity.delivery.mailer import Message
from probity.delivery.message import Envelope, OutgoingMail, compose
from probity.delivery.mime import Composer
from probity.store.objects import ObjectStore

SENDER = "probity@ethics.example.gov.tw"
WHEN = dt.datetime(2021, 4, 6, 1, 30, tzinfo=dt.UTC)
BOOK = "採購稽核選案清單_110年3月（第1版）.xlsx"


@dataclass(frozen=True)
class Bodies:
    subject: str = "【密】110年3月採購稽核選案清單（第1版），請於十五工作日內回覆稽核結果以利彙報"
    text: str = "本月選案共12件。\n.單獨以句點開頭的一行\n/etc/hostname\n"
    html: str = "<p>本月選案共<b>12</b>件。</p>"


def outgoing(
    objects: ObjectStore,
    recipient: str = "officer@ethics.example.gov.tw",
    report: str = "PA-2021-03-r1",
    revision: int = 1,
    bodies: Bodies = Bodies(),
    files: dict[str, bytes] | None = None,
    images: dict[str, bytes] | None = None,
) -> OutgoingMail:
    envelope = Envelope(report, recipient, revision, "audit_team_secretary", SENDER)
    files = {BOOK: b"PK\x03\x04 not really a workbook", "名冊.csv": "甲,乙\n".encode()} if files is None else files
    return compose(objects, envelope, bodies, files, images)


def message(objects: ObjectStore, recipient: str = "officer@ethics.example.gov.tw") -> Message:
    mail = outgoing(objects, recipient)
    return Message(SENDER, recipient, mail.envelope.message_id, Composer(objects).bytes(mail, WHEN))
