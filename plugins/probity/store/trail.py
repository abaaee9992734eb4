"""The trail: one chained record a step, an anchor outside the database, and the check of both.

In: an event (plain values, no personal data) and a key that names it. Out: a record whose digest covers its
number, key, time, event and the digest of the record before it. Why: an auditor must be able to see that nothing
was changed, left out, reordered or cut off, even by someone who may write the database.

A record's ``body`` is RFC 8785 JSON ``{"at", "event", "key", "prev", "seq"}``; ``digest`` is its SHA-256. The
first ``prev`` is sixty-four zeros. ``seq`` has no gaps. Anchors are lines of ``<home>/anchors/trail.jsonl``:
``{"seq", "digest", "mac"}``, the HMAC chained to the line before under the seal key, so that a tail cut from the
table (or a whole table forged anew) no longer fits the file; the head's digest also goes out in every report.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from probity import canonical
from probity.settings import Settings
from probity.store import db, seal
from probity.store.model import TrailRecord

log = logging.getLogger(__name__)

GENESIS = "0" * 64
TRAIL_LOCK = 0x50524F42_54524C31  # "PROBTRL1": one appender at a time, held to the end of its transaction


@dataclass(frozen=True)
class Record:
    """A link of the chain; ``new`` is False when the key had been recorded before."""

    seq: int
    key: str
    digest: str
    new: bool = True


@dataclass(frozen=True)
class Verdict:
    """What ``verify`` found. ``reason``: changed, missing, reordered, cut_tail, rewritten, anchor_forged; None when
    ok. ``first_bad`` is the number of the first record that does not fit; ``anchors`` how many anchors were held
    against the table."""

    ok: bool
    count: int
    head: str
    first_bad: int | None = None
    reason: str | None = None
    detail: str = ""
    anchors: int = 0


def append(session: Session, event: dict[str, Any], key: str) -> Record:
    """Append ``event`` in the caller's transaction; the same ``key`` again gives the record that is there.

    Takes a lock that is held until the transaction ends: append last, commit soon. Raises TypeError or
    ValueError for an event that canonical JSON cannot carry exactly (money travels as int or text).
    """
    found = _find(session, key)
    if found is None:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": TRAIL_LOCK})
        found = _find(session, key)
    if found is not None:
        if json.loads(found.body)["event"] != json.loads(canonical.dumps(event)):
            log.warning(
                "trail record %s (%s) stays as it was; a later run of the step gave another event", found.seq, key
            )
        return Record(found.seq, found.key, found.digest, new=False)
    seq, prev = _head(session)
    at = session.scalar(select(func.clock_timestamp()))
    body = canonical.dumps({"at": _utc(at), "event": event, "key": key, "prev": prev, "seq": seq + 1})
    row = TrailRecord(
        seq=seq + 1, key=key, prev_digest=prev, digest=canonical.sha256(body.encode()), body=body, recorded_at=at
    )
    session.add(row)
    session.flush()
    return Record(row.seq, row.key, row.digest)


def head(session: Session) -> str:
    """Digest of the newest record, GENESIS when there is none."""
    return _head(session)[1]


def _find(session: Session, key: str) -> TrailRecord | None:
    return session.scalar(select(TrailRecord).where(TrailRecord.key == key))


def _head(session: Session) -> tuple[int, str]:
    row = session.execute(select(TrailRecord.seq, TrailRecord.digest).order_by(TrailRecord.seq.desc()).limit(1)).first()
    return (row.seq, row.digest) if row else (0, GENESIS)


def _utc(at: dt.datetime | None) -> str:
    if at is None:
        raise ValueError("the database gave no time")
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


# -- anchors ------------------------------------------------------------------------------------------------------
def anchor_file(settings: Settings) -> Path:
    return settings.home / "anchors" / "trail.jsonl"


def anchor(settings: Settings, engine: Engine | None = None) -> str:
    """Write the committed head beside the database, once a head; returns its digest. Call it after a commit."""
    path = anchor_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # read the head under the lock, so that anchors never run backwards
        with db.session_scope(engine if engine is not None else settings) as session:
            seq, digest = _head(session)
        handle.seek(0)
        last = _last(handle.read())
        if seq == 0 or (last is not None and last["seq"] >= seq):
            return digest
        line = {"seq": seq, "digest": digest}
        line["mac"] = seal.mac(settings, _signed(line, last["mac"] if last else ""))
        handle.write(canonical.dumps(line).encode() + b"\n")
        handle.flush()
        os.fsync(handle.fileno())
    return digest


def _last(data: bytes) -> dict[str, Any] | None:
    lines = data.splitlines()
    return json.loads(lines[-1]) if lines else None


def _signed(line: dict[str, Any], previous: str) -> bytes:
    return canonical.dumps({"seq": line["seq"], "digest": line["digest"], "previous": previous}).encode()


def anchors(settings: Settings) -> list[dict[str, Any]]:
    """The anchors on file, checked against the seal key. Raises ValueError for a line that was altered, added or
    taken out."""
    path = anchor_file(settings)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    found, previous = [], ""
    for number, raw in enumerate(lines, 1):
        try:
            line = json.loads(raw)
            fits = seal.matches(settings, _signed(line, previous), line["mac"])
        except (ValueError, KeyError, TypeError):
            fits = False
        if not fits:
            raise ValueError(f"{path.name} line {number}: its seal does not fit")
        previous = line["mac"]
        found.append(line)
    return found


# -- verification -------------------------------------------------------------------------------------------------
def verify(engine: Engine, settings: Settings | None = None, expected_head: str | None = None) -> Verdict:
    """Recompute the whole chain, a batch at a time, and hold it against the anchors of ``settings`` and against
    ``expected_head`` (a digest printed in a report) when they are given. Names the first record that does not fit.
    """
    try:
        pending = anchors(settings) if settings is not None else []
    except ValueError as error:
        return Verdict(False, 0, GENESIS, None, "anchor_forged", str(error))
    known = {line["seq"]: line["digest"] for line in pending}
    seq, prev, seen = 0, GENESIS, expected_head in (None, GENESIS)

    def bad(number: int, reason: str, detail: str) -> Verdict:
        return Verdict(False, seq, prev, number, reason, detail, len(known))

    for row in _rows(engine):
        if row.seq != seq + 1:
            return bad(seq + 1, "missing", f"record {seq + 1} is not there; the next one is {row.seq}")
        if problem := _problem(row):
            return bad(row.seq, *problem)
        if row.prev_digest != prev:  # sound in itself: it is the record before that is not what it was
            return bad(max(seq, 1), "changed", f"record {row.seq} was chained to another record {seq}")
        if known.get(row.seq, row.digest) != row.digest:
            return bad(row.seq, "rewritten", f"record {row.seq} is not the one that was anchored")
        seq, prev = row.seq, row.digest
        seen = seen or prev == expected_head
    last = max(known, default=0)
    if last > seq:
        return bad(seq + 1, "cut_tail", f"record {last} was anchored, the trail ends at {seq}")
    if not seen:
        return bad(seq + 1, "cut_tail", "the reported head is no longer in the trail")
    return Verdict(True, seq, prev, anchors=len(known))


def _problem(row: Any) -> tuple[str, str] | None:
    """What is wrong within ``row`` itself: (reason, detail)."""
    if canonical.sha256(row.body.encode()) != row.digest:
        return "changed", f"record {row.seq}: its body does not have the digest it was given"
    body = json.loads(row.body)
    if (body["seq"], body["key"], body["prev"]) != (row.seq, row.key, row.prev_digest):
        moved = body["seq"] != row.seq
        return ("reordered" if moved else "changed"), f"record {row.seq}: its columns are not those of its body"
    if body["at"] != _utc(row.recorded_at):
        return "changed", f"record {row.seq}: its time is not that of its body"
    return None


def _rows(engine: Engine) -> Iterator[Any]:
    columns = (TrailRecord.seq, TrailRecord.key, TrailRecord.prev_digest, TrailRecord.digest)
    query = select(*columns, TrailRecord.body, TrailRecord.recorded_at).order_by(TrailRecord.seq)
    with engine.connect() as connection:
        yield from connection.execution_options(yield_per=1000).execute(query)
