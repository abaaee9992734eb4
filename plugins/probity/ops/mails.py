"""``./probity mails``: what the outbox still owes, and sending a refused mail again.

In: the outbox. Out: a table of the mails that no server has taken (no addresses, only roles), or one of them made due
again under its own Message-ID.
"""

from __future__ import annotations

from probity.ops.console import table
from probity.ops.words import text
from probity.settings import Settings

HEAD = ("編號 id", "報告 report", "版次 r", "職務 role", "狀態 state", "次數 tries", "回應 code")


def show(settings: Settings) -> int:
    """0 when nothing is owed, else 1."""
    from probity.delivery import outbox
    from probity.store import db

    with db.session_scope(settings) as session:
        rows = outbox.owed(session)
    if not rows:
        print(text("mails_none"))
        return 0
    keys = ("id", "report_id", "revision", "role", "state", "attempts", "code")
    table(HEAD, [tuple(row[k] if row[k] is not None else "" for k in keys) for row in rows])
    return 1


def resend(settings: Settings, mail_id: int) -> int:
    """0 when the mail is due again, 1 when it cannot be (accepted, being sent, or not there)."""
    from probity.delivery import outbox
    from probity.store import db

    try:
        with db.session_scope(settings) as session:
            outbox.resend(session, mail_id)
    except outbox.OutboxError as error:
        print(text("mails_not_resent", id=mail_id, error=error))
        return 1
    print(text("mails_resent", id=mail_id))
    return 0
