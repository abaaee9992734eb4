"""A sender to be killed: delivers what is due until nothing is open. Run in a process of its own."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from probity.delivery import outbox
from probity.delivery.mailer import Server, StdlibBackend, YagmailBackend
from probity.delivery.model import ACCEPTED, OutboxMail
from probity.store.objects import ObjectStore

POLICY = outbox.Policy(
    lease=dt.timedelta(seconds=1), backoff=(dt.timedelta(seconds=0.2),), doubt=dt.timedelta(seconds=0.2)
)


def run(url: str, folder: str, port: int, sender: str, kind: str = "yagmail") -> None:
    """Deliver until every mail is accepted."""
    engine = create_engine(url, pool_size=2)
    made = YagmailBackend if kind == "yagmail" else StdlibBackend
    while True:
        backend = made(Server("127.0.0.1", port, timeout=5), sender)
        outbox.deliver_due(engine, backend, ObjectStore(Path(folder)), policy=POLICY)
        with Session(engine) as session:
            if not session.scalar(select(func.count()).where(OutboxMail.state != ACCEPTED)):
                return
        time.sleep(0.05)
