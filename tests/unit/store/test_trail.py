"""The trail under every kind of tampering, and under many writers at once."""

from __future__ import annotations

import json
import multiprocessing

import pytest
import sqlalchemy as sa

from probity import canonical
from probity.settings import Settings
from probity.store import db, seal, trail

N = 8


def _append(settings: Settings, first: int = 1, count: int = N) -> None:
    with db.session_scope(settings) as session:
        for number in range(first, first + count):
            trail.append(session, {"step": "collect", "rows": number}, key=f"step-{number}")


@pytest.fixture
def office(db_settings: Settings) -> Settings:
    """Eight records, the head anchored."""
    _append(db_settings)
    trail.anchor(db_settings)
    return db_settings


def _tamper(settings: Settings, *statements: str) -> None:
    """As an owner of the database could: with the guarding triggers off."""
    with db.session_scope(settings) as session:
        session.execute(sa.text("ALTER TABLE trail DISABLE TRIGGER USER"))
        for statement in statements:
            session.connection().exec_driver_sql(statement)
        session.execute(sa.text("ALTER TABLE trail ENABLE TRIGGER USER"))


def _verify(settings: Settings, **options: str) -> trail.Verdict:
    return trail.verify(db.engine(settings), settings, **options)


def _forge(settings: Settings, after: int, last: int) -> None:
    """Rewrite the chain from ``after`` on so that it is sound in itself, as someone who knows the code would."""
    with db.session_scope(settings) as session:
        rows = session.execute(sa.text("SELECT seq, key, body, digest FROM trail ORDER BY seq")).all()
    prev = rows[after - 1].digest if after else trail.GENESIS
    forged = []
    for row in rows[after:last]:
        body = json.loads(row.body) | {"prev": prev}
        body["event"] = body["event"] | {"rows": 0}
        text = canonical.dumps(body)
        digest = canonical.sha256(text.encode())
        forged.append((row.seq, row.key, prev, digest, text, body["at"]))
        prev = digest
    _tamper(settings, f"DELETE FROM trail WHERE seq > {after}")
    with db.session_scope(settings) as session:
        for seq, key, before, digest, text, at in forged:
            session.execute(
                sa.text("INSERT INTO trail VALUES (:seq, :key, :prev, :digest, :body, :at)"),
                {"seq": seq, "key": key, "prev": before, "digest": digest, "body": text, "at": at},
            )


def test_a_sound_trail(office: Settings) -> None:
    verdict = _verify(office)
    with db.session_scope(office) as session:
        head = trail.head(session)
    assert verdict == trail.Verdict(True, N, head, anchors=1)
    assert _verify(office, expected_head=head).ok


def test_an_empty_trail_is_sound(db_settings: Settings) -> None:
    assert trail.anchor(db_settings) == trail.GENESIS
    assert _verify(db_settings) == trail.Verdict(True, 0, trail.GENESIS)


def test_the_same_key_is_recorded_once(office: Settings) -> None:
    with db.session_scope(office) as session:
        again = trail.append(session, {"step": "collect", "rows": 3}, key="step-3")
    assert (again.seq, again.new) == (3, False)
    assert _verify(office).count == N


def test_what_is_rolled_back_was_never_recorded(office: Settings) -> None:
    with pytest.raises(RuntimeError), db.session_scope(office) as session:
        trail.append(session, {"step": "publish"}, key="lost")
        raise RuntimeError("the result could not be written")
    _append(office, first=N + 1, count=1)
    verdict = _verify(office)
    assert verdict.ok and verdict.count == N + 1


def test_floats_that_json_cannot_carry_are_refused(db_settings: Settings) -> None:
    with pytest.raises(ValueError, match="canonical"), db.session_scope(db_settings) as session:
        trail.append(session, {"ratio": float("nan")}, key="nan")


@pytest.mark.parametrize(
    "statement", ["UPDATE trail SET body = '{}'", "DELETE FROM trail WHERE seq = 8", "TRUNCATE trail"]
)
def test_the_database_refuses_changes(office: Settings, statement: str) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), db.session_scope(office) as session:
        session.execute(sa.text(statement))


def _digest(sql: str) -> str:
    return f"encode(sha256(convert_to({sql}, 'UTF8')), 'hex')"


_BODY = "replace(body, '\"rows\":4', '\"rows\":5')"


@pytest.mark.parametrize(
    ("statements", "first_bad", "reason"),
    [
        ([f"UPDATE trail SET body = {_BODY} WHERE seq = 4"], 4, "changed"),
        (
            [f"UPDATE trail SET body = {_BODY}, digest = {_digest(_BODY)} WHERE seq = 4"],
            4,
            "changed",
        ),
        (["UPDATE trail SET key = 'step-x' WHERE seq = 4"], 4, "changed"),
        (["UPDATE trail SET recorded_at = recorded_at - interval '1 day' WHERE seq = 4"], 4, "changed"),
        (["DELETE FROM trail WHERE seq = 4"], 4, "missing"),
        (["DELETE FROM trail WHERE seq = 1"], 1, "missing"),
        (["DELETE FROM trail WHERE seq = 4", "UPDATE trail SET seq = seq - 1 WHERE seq > 4"], 4, "reordered"),
        (
            [
                "UPDATE trail SET seq = 99 WHERE seq = 4",
                "UPDATE trail SET seq = 4 WHERE seq = 5",
                "UPDATE trail SET seq = 5 WHERE seq = 99",
            ],
            4,
            "reordered",
        ),
        (["DELETE FROM trail WHERE seq > 6"], 7, "cut_tail"),
        (["DELETE FROM trail"], 1, "cut_tail"),
    ],
    ids=[
        "body",
        "body-and-digest",
        "key",
        "time",
        "missing",
        "first-missing",
        "closed-gap",
        "swapped",
        "cut",
        "emptied",
    ],
)
def test_tampering_is_found(office: Settings, statements: list[str], first_bad: int, reason: str) -> None:
    _tamper(office, *statements)
    verdict = _verify(office)
    assert (verdict.ok, verdict.first_bad, verdict.reason) == (False, first_bad, reason)


def test_a_chain_forged_anew_does_not_fit_its_anchor(office: Settings) -> None:
    _forge(office, after=3, last=N)
    assert trail.verify(db.engine(office)).ok, "the forged chain is sound in itself"
    verdict = _verify(office)
    assert (verdict.first_bad, verdict.reason) == (N, "rewritten")


def test_a_cut_tail_shows_against_the_head_in_a_report(office: Settings) -> None:
    with db.session_scope(office) as session:
        printed = trail.head(session)
    trail.anchor_file(office).unlink()  # the anchors were taken away too
    _tamper(office, "DELETE FROM trail WHERE seq > 6")
    assert _verify(office).ok
    assert _verify(office, expected_head=printed).reason == "cut_tail"


@pytest.mark.parametrize("line", [0, 1])
def test_an_anchor_that_was_altered_or_taken_out(office: Settings, line: int) -> None:
    _append(office, first=N + 1, count=1)
    trail.anchor(office)
    _append(office, first=N + 2, count=1)
    trail.anchor(office)
    path = trail.anchor_file(office)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:line] + lines[line + 1 :]))
    assert _verify(office).reason == "anchor_forged"
    path.write_text("".join(lines).replace(f'"seq":{N + 1}', f'"seq":{N}'))
    assert _verify(office).reason == "anchor_forged"


def test_an_anchor_made_without_the_key(office: Settings) -> None:
    office.seal_key_file.write_bytes(b"x" * 32)
    assert _verify(office).reason == "anchor_forged"


def test_a_head_is_anchored_once(office: Settings) -> None:
    before = trail.anchor_file(office).read_bytes()
    trail.anchor(office)
    assert trail.anchor_file(office).read_bytes() == before


def test_the_seal_key_is_private(office: Settings) -> None:
    assert office.seal_key_file.stat().st_mode & 0o777 == 0o600
    assert len(seal.key(office)) == 32


def _write(settings: Settings, writer: int) -> None:
    for number in range(25):
        with db.session_scope(settings) as session:
            trail.append(session, {"writer": writer, "n": number}, key=f"{writer}-{number}")
            trail.append(session, {"shared": number}, key=f"shared-{number}")  # all six write this one
        if number % 10 == 0:
            trail.anchor(settings)


def test_six_writers_at_once_make_one_chain(db_settings: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(db_settings, n)) for n in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 6
    verdict = _verify(db_settings)
    assert verdict.ok and verdict.count == 6 * 25 + 25 and verdict.anchors > 0
