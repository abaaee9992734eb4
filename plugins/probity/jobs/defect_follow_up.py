"""查驗缺失列管: what inspectors found and agencies answered, followed until an officer closes it, day by day.

In: the inspection forms, lists of earlier inspections and correction forms in the drop folder. Out: the day's events in
the office's log, the list 列管 as of the day, the letters that have fallen due with their correction forms, and the
closures that wait for an officer. DAG order: ``collect -> gate(inspection) -> gate(correction) -> follow_up``, then
``publish`` and, beside it, ``approval_request -> record_decision``: letters do not wait for the officer. What was
decided is written to the agencies by the next day's run.

Law: 工程施工查核小組作業辦法 §8 (grades), §9 (record within seven working days; corrections, with photos, are followed
until they are done), §10 (overdue without an agreed extension; the superior agency). The period is a day.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from probity import acceptance, canonical, defects, gates
from probity.calendar import Period
from probity.jobs import (
    JobError,
    NoData,
    defect_log,
    defect_reports,
    gating,
    inspection_inputs,
    post,
    publishing,
    records,
    wording,
)
from probity.jobs.decisions import Decision, read_decision
from probity.jobs.office import Office, RuleBook
from probity.jobs.publication import LOCK
from probity.settings import Settings
from probity.store import model, trail
from probity.text import nfkc

log = logging.getLogger(__name__)

JOB = "defect_follow_up"
PREFIX = "DF"


# -- collect -----------------------------------------------------------------------------------------------------
def collect(settings: Settings, period_key: str) -> str:
    """Read what has arrived, lay down what is dated up to the day; returns the digest of the inputs manifest."""
    return inspection_inputs.lay_down(settings, Office(settings), JOB, Period.parse(period_key))


# -- gates -------------------------------------------------------------------------------------------------------
def gate(settings: Settings, period_key: str, stage: str, ref: str) -> str:
    """Run the gate ``inspection`` or ``correction`` over the inputs ``ref``; returns the reference that goes on.

    Bad rows are set aside and told to the data's owner once, in the run that first meets them. GateStopped when the
    gate stops.
    """
    office, period = Office(settings), Period.parse(period_key)
    subject = Subject(office, period, ref)
    tables, context = subject.inspection() if stage == "inspection" else subject.correction()
    result = gates.run(stage, tables, context, subject.book.load("gates"))
    kept = subject.without(stage, result) if result.outcome != "stop" else ref
    with office.transaction() as session:
        news = result.outcome == "stop" or subject.news(session, stage, result)
    gating.keep(office, JOB, period, stage, ref, kept, result, list(inspection_inputs.SOURCES), tell=news)
    gating.log_result(result)
    if result.outcome == "stop":
        raise gating.stopped(result)
    with office.transaction() as session:
        records.quarantined(session, result.quarantined)
        facts = {"told": subject.told(stage, result), "goes_on_with": kept}
        records.step(session, JOB, period, f"judge_{stage}", ref, facts)
    return kept


class Subject:
    """What the gates of a day look at."""

    def __init__(self, office: Office, period: Period, ref: str) -> None:
        self.office, self.period, self.ref = office, period, ref
        self.inputs = office.manifest(ref, "inputs")
        self.book = office.rules(self.inputs)
        self.tables = office.tables(self.inputs)
        with office.transaction() as session:
            collected = self.inputs.get("collected", ref)
            self.files = inspection_inputs.provenance(session, office, JOB, period, collected)
        self.facts = office.objects.get_json(self.inputs["facts"])
        self.context = inspection_inputs.gate_context(office, JOB, period, self.inputs, self.files)

    def inspection(self) -> tuple[dict[str, pa.Table], dict[str, Any]]:
        """Tables and facts of the gate of inspections."""
        with self.office.transaction() as session:
            told = _told(session, "inspection", self.ref)
        tables, context = inspection_inputs.inspection_gate(self.office, self.inputs, self.book, self.context, told)
        unread = [f for f in self.files if inspection_inputs.may_be_form(f) and f["digest"] not in told]
        return tables, context | {"files": [*context["files"], *unread]}

    def correction(self) -> tuple[dict[str, pa.Table], dict[str, Any]]:
        """Tables and facts of the gate of answers: those that are not on record; files that no run told of before."""
        rules = defects.Rules(self.book.load("defects"))
        with self.office.transaction() as session:
            recorded = defect_log.known(session, self.period.last)
            told = _told(session, "correction", self.ref)
        tests = acceptance.evaluate(
            self.tables["inspection_limit"], self.tables["inspection_measure"], self.book.load("acceptance")
        )
        answers = self.answers()
        tables = self.tables | {
            "inspection_test": tests,
            "defect_event": _without(self.tables["defect_event"], answers),
        }
        before = defect_log.merged(tables, recorded, rules)
        known = set(before["event_id"].to_pylist())
        new = answers.filter(pc.invert(pc.is_in(answers["event_id"], pa.array(sorted(known), pa.string()))))
        events = defects.table([*before.to_pylist(), *new.to_pylist()])
        files = [f for f in self.files if f["source"] == "correction_form" and f["digest"] not in told]
        context = self.context | {"answers": new["event_id"].to_pylist(), "files": files}
        listed = defects.register(before, self.period.last, rules)
        return {"defect_event": events, "defect": listed}, context

    def answers(self) -> pa.Table:
        """The events that agencies reported on correction forms."""
        forms = pa.array([f["digest"] for f in self.files if f["source"] == "correction_form"], pa.string())
        events = self.tables["defect_event"]
        return events.filter(pc.and_(pc.equal(events["kind"], "reported"), pc.is_in(events["source"], forms)))

    def told(self, stage: str, result: Any) -> list[str]:
        """What this run tells of, so that no later one tells it again: the files, and the answers set aside. An answer
        that was set aside is judged anew each day: what was wrong may be the form that it answers."""
        forms = ("correction_form",) if stage == "correction" else inspection_inputs.INSPECTIONS
        files = [f["digest"] for f in self.files if f["source"] in forms]
        if stage == "inspection":
            return sorted({*files, *(f["digest"] for f in self.files if inspection_inputs.may_be_form(f))})
        good = set(result.kept["defect_event"]["event_id"].to_pylist())
        return sorted({*files, *(i for i in self.answers()["event_id"].to_pylist() if i not in good)})

    def news(self, session: Session, stage: str, result: Any) -> bool:
        """Whether something was set aside that no run told of before."""
        named = {d["file"] for part in ("differences", "conflicts", "unknown", "misdated") for d in self.facts[part]}
        bad = set(result.quarantined["file_digest"].to_pylist()) if stage == "inspection" else set()
        bad |= {f["digest"] for f in self.files if f["rows_quarantined"] or f["refused"] or f["file_name"] in named}
        told = set(self.told(stage, result))
        answers = told - {f["digest"] for f in self.files}
        return bool(((bad & told) | answers) - _told(session, stage, self.ref))

    def without(self, stage: str, result: Any) -> str:
        """The inputs that go on, without what was set aside."""
        tables = dict(self.tables)
        if stage == "inspection":
            tables |= {n: t for n, t in result.kept.items() if n in tables}
        else:
            good = result.kept["defect_event"]
            answers = self.answers()
            fine = answers.filter(pc.is_in(answers["event_id"], good["event_id"].combine_chunks()))
            others = _without(self.tables["defect_event"], answers)
            tables["defect_event"] = pa.concat_tables([others, fine]).sort_by("event_id")
        kept = self.inputs | {"snapshots": self.office.put_tables(tables)}
        return self.office.objects.put_json(kept | {"collected": self.inputs.get("collected", self.ref)})


def _without(events: pa.Table, some: pa.Table) -> pa.Table:
    return events.filter(pc.invert(pc.is_in(events["event_id"], some["event_id"].combine_chunks())))


def _told(session: Session, stage: str, ref: str) -> set[str]:
    """What the gate ``stage`` of other runs has told of."""
    rows = session.scalars(
        select(model.RunStep.counts).where(
            model.RunStep.job == JOB, model.RunStep.step == f"judge_{stage}", model.RunStep.manifest_digest != ref
        )
    )
    return {item for counts in rows for item in counts["told"]}


# -- follow up -----------------------------------------------------------------------------------------------------
def follow_up(settings: Settings, period_key: str, ref: str) -> str:
    """Judge the tests, record the day's events, tell the list as of the day and what waits for an officer.

    Returns the digest of the follow-up manifest; the same inputs and the same log give the same one.
    """
    office, period = Office(settings), Period.parse(period_key)
    inputs = office.manifest(ref, "inputs")
    book, tables = office.rules(inputs), office.tables(inputs)
    rules = defects.Rules(book.load("defects"))
    tests = acceptance.evaluate(tables["inspection_limit"], tables["inspection_measure"], book.load("acceptance"))
    tables["inspection_test"] = tests
    with office.transaction() as session:
        session.execute(text(LOCK), {"name": JOB})  # what is known and what is added belong together
        known = defect_log.known(session, period.last)
        events = defect_log.merged(tables, known, rules)
        new = defect_log.record(session, events)
        results = acceptance.results(tables["inspection"], tests, events)
        records.audit_results(session, results)
    listed = defects.register(events, period.last, rules)
    waiting = defects.proposals(events, period.last, rules)
    gone = defects.withdrawn(tables["defect_event"], events)
    snapshots = {"defect_event": events, "defect": listed, "inspection_test": tests, "audit_result": results}
    manifest: dict[str, Any] = {
        "kind": "follow_up",
        "job": JOB,
        "period": period.key,
        "inputs": ref,
        "snapshots": office.put_tables(snapshots),
        "proposals": office.objects.put_json([p.to_json() for p in waiting]),
    }
    digest = office.objects.put_json(manifest)
    counts = defects.summary(listed)
    facts = {
        "inputs": ref,
        "events": events.num_rows,
        "new": new,
        "list": manifest["snapshots"]["defect"]["digest"],
        "defects": counts,
        "inspections": tables["inspection"].num_rows,
        "tests_failed": pc.sum(pc.equal(tests["state"], "fail")).as_py() or 0,
        "proposals": len(waiting),
        "withdrawn": len(gone),
    }
    with office.transaction() as session:
        records.step(session, JOB, period, "follow_up", digest, facts)
    log.info(
        "day %s: %s events (%s new), defects %s, %s to decide, %s withdrawn by a corrected form; list %s",
        period.key,
        facts["events"],
        new,
        canonical.dumps(counts),
        len(waiting),
        len(gone),
        facts["list"],
    )
    return digest


# -- closures before an officer --------------------------------------------------------------------------------------
def approval_request(settings: Settings, period_key: str, ref: str) -> dict[str, Any]:
    """What is asked of the officer about the follow-up ``ref``; in the shape of ``publication.request``.

    ``already`` is 'approved' when there is nothing to decide, or all of it was decided meanwhile. The body has counts
    alone; the restricted page shows the list.
    """
    office, period = Office(settings), Period.parse(period_key)
    manifest = office.manifest(ref, "follow_up")
    digest = manifest["proposals"]
    listed = office.objects.get_json(digest)
    with office.transaction() as session:
        session.execute(text(LOCK), {"name": f"{JOB}/closures/{period.key}"})
        pending = _pending(session, period, listed, _rules(office, manifest))
        row = _request(session, period, digest, ref) if pending else _found(session, period, digest)
        records.event(session, JOB, period, "approval_request", ref, {"list_digest": digest, "pending": len(pending)})
        name = row.request_id if row is not None else f"{PREFIX}-{period.key}"
        decided = not pending or (row is not None and row.state in ("approved", "rejected"))
    url = f"{settings.ui_url}/probity/closures/{name}"
    actions = [p["action"] for p in pending]
    facts = {
        "request_id": name,
        "period_roc": period.roc,
        "close": actions.count("close"),
        "extend": actions.count("extend"),
        "grave": sum(p["action"] == "close" and p["defect"]["severity"] == "grave" for p in pending),
        "list_digest": digest,
        "url": url,
    }
    log.info("closures %s: %s to close, %s to extend, list %s", name, facts["close"], facts["extend"], digest)
    return {
        "selection_id": name,
        "list_digest": digest,
        "subject": wording.text("defect_closures_subject", **facts),
        "body": wording.text("defect_closures_body", **facts),
        "url": url,
        "already": "approved" if decided else None,
    }


def _rules(office: Office, manifest: Mapping[str, Any]) -> defects.Rules:
    """The rules of the run's own day."""
    return defects.Rules(_book(office, manifest).load("defects"))


def _book(office: Office, manifest: Mapping[str, Any]) -> RuleBook:
    return office.rules(office.manifest(manifest["inputs"], "inputs"))


def _pending(
    session: Session, period: Period, listed: list[dict[str, Any]], rules: defects.Rules
) -> list[dict[str, Any]]:
    """The matters of a list that nobody has decided yet."""
    events = defect_log.known(session)
    waiting = {(p.defect_id, p.action): set(p.answers) for p in defects.proposals(events, period.last, rules)}
    answered = {
        a
        for row in events.to_pylist()
        if row["decided_by"]
        for a in json.loads(row["facts"] or "{}").get("answers", ())
    }
    return [
        p
        for p in listed
        if set(p["answers"]) <= waiting.get((p["defect"]["defect_id"], p["action"]), set())
        and not answered & set(p["answers"])
    ]


def _found(session: Session, period: Period, digest: str) -> model.ClosureRequest | None:
    table = model.ClosureRequest
    return session.scalar(
        select(table).where(table.job == JOB, table.period == period.key, table.list_digest == digest)
    )


def _request(session: Session, period: Period, digest: str, ref: str) -> model.ClosureRequest:
    """The request for this list, opened once; an older open list of the same day is superseded."""
    if (row := _found(session, period, digest)) is not None:
        return row
    table = model.ClosureRequest
    rows = list(session.scalars(select(table).where(table.job == JOB, table.period == period.key)))
    now = session.scalar(select(func.now()))
    for older in rows:
        if older.state == "proposed":
            older.state, older.decided_by, older.decided_at = "superseded", "probity", now
    number = len(rows) + 1
    row = model.ClosureRequest(
        request_id=f"{PREFIX}-{period.key}-r{number}",
        job=JOB,
        period=period.key,
        revision=number,
        state="proposed",
        manifest_digest=ref,
        list_digest=digest,
    )
    session.add(row)
    session.flush()
    return row


def record_decision(settings: Settings, period_key: str, ref: str, form: dict[str, Any]) -> str | None:
    """Record the officer's answer as events of the day; returns the request's id.

    ``approve`` grants what is on the list but what ``removed_text`` names (a line each: defect id or its number on the
    list, and the reason); ``reject`` refuses all of it, for the reason given. A refused closing gets a new deadline.
    What was decided meanwhile by another day's list stays as it was. The same answer again changes nothing.
    """
    office, period, decision = Office(settings), Period.parse(period_key), read_decision(form)
    manifest = office.manifest(ref, "follow_up")
    digest = manifest["proposals"]
    if form.get("list_digest", digest) != digest:
        raise JobError(wording.text("list_changed", period_roc=period.roc))
    listed = office.objects.get_json(digest)
    refused = _refused(decision, listed)
    rules = _rules(office, manifest)
    with office.transaction() as session:
        session.execute(text(LOCK), {"name": JOB})
        row = _found(session, period, digest)
        if row is None or row.state == "superseded":
            raise JobError(wording.text("list_changed", period_roc=period.roc))
        if row.state != "proposed":
            log.info("closures %s were decided before: %s", row.request_id, row.state)
            return str(row.request_id)
        pending = {p["defect"]["defect_id"] for p in _pending(session, period, listed, rules)}
        waiting = [
            p for p in defects.proposals(defect_log.known(session), period.last, rules) if p.defect_id in pending
        ]
        said = {i: r for i, r in refused.items() if i in pending}
        source = canonical.digest({"request": row.request_id, "list": digest, "user": decision.user})
        events = defects.decide(waiting, said, decision.user, period.last, rules, source)
        defect_log.record(session, events)
        now = session.scalar(select(func.now()))
        row.refused = [{"defect_id": i, "reason": r} for i, r in sorted(refused.items())]
        row.state, row.decided_by = ("approved" if decision.approved else "rejected"), decision.user
        row.decided_at, row.reason = now, decision.reason or None
        session.flush()
        kinds = events["kind"].to_pylist()
        facts = {
            "selection_id": row.request_id,
            "choice": decision.choice,
            "user": decision.user,
            "list_digest": digest,
            "decided": {k: kinds.count(k) for k in ("closed", "extended", "refused")},
            "events": office.objects.put_table(events),
        }
        records.step(session, JOB, period, "decide", ref, facts)
    trail.anchor(settings, office.engine)
    log.info("closures %s %s by %s: %s", facts["selection_id"], decision.choice, decision.user, facts["decided"])
    return str(facts["selection_id"])


def _refused(decision: Decision, listed: list[dict[str, Any]]) -> dict[str, str]:
    """Defect id -> reason, of what the officer does not grant; JobError for a line that names none of the list."""
    ids = [p["defect"]["defect_id"] for p in listed]
    if not decision.approved:
        return dict.fromkeys(ids, decision.reason)
    names = {str(n): i for n, i in enumerate(ids, 1)} | {_key(i): i for i in ids}
    out: dict[str, str] = {}
    for number, change in enumerate(decision.removed, 1):
        found = names.get(_key(change.case))
        if found is None:
            raise JobError(wording.text("defect_not_listed", number=number))
        out[found] = change.reason
    return out


def _key(typed: str) -> str:
    return re.sub(r"\s+", "", nfkc(typed)).upper() if not typed.strip().isdigit() else nfkc(typed).strip()


# -- publish -----------------------------------------------------------------------------------------------------
def publish(settings: Settings, period_key: str, ref: str) -> dict[str, Any]:
    """Publish the day: the list 列管, the letters that have fallen due and were never written, their correction forms.

    Returns {selection_id, files}. Running again finds what it wrote; what was decided or arrived since makes the next
    revision, which holds the day's earlier letters too. NoData when the day has nothing to tell.
    """
    office, period = Office(settings), Period.parse(period_key)
    manifest = office.manifest(ref, "follow_up")
    inputs = office.manifest(manifest["inputs"], "inputs")
    book = office.rules(inputs)
    rules = defects.Rules(book.load("defects"))
    agencies = office.tables(inputs)["agency"]
    with office.transaction() as session:
        session.execute(text(LOCK), {"name": JOB})
        events = defect_log.known(session, period.last)
        due = defects.due_letters(events, period.last, rules, agencies, defect_log.sent(session))
        for letter in due:
            defect_log.keep_letter(session, office, JOB, period.key, letter)
        kept = defect_reports.of_day(session, office, JOB, period.key)
        told = pc.any(pc.equal(events["event_date"], pa.scalar(period.last))).as_py()
        if not kept and not told:
            raise NoData(wording.text("defect_nothing", period_roc=period.roc))
        listed = defects.register(events, period.last, rules)
        publication = {
            "kind": "publication",
            "job": JOB,
            "period": period.key,
            "inputs": manifest["inputs"],
            "snapshots": office.put_tables({"defect": listed, "defect_event": events}),
            "letters": kept,
        }
        reference = office.objects.put_json(publication)
        row = _publication(session, period, reference)
        context = _kept_context(session, office, period, reference)
        if context is None:
            looked_at = set(office.tables(inputs)["inspection"]["inspection_id"].to_pylist())
            letters = [office.objects.get_json(digest) for digest in kept]
            sent = _sent_before(session, office, period)
            about = {
                "id": row.publication_id,
                "revision": row.revision,
                "trail_head": trail.head(session),
                "again": defect_reports.again(letters, sent, looked_at, rules),
            }
            context = defect_reports.context(office, rules, period, publication, about)
        files = defect_reports.files(context, book.templates)
        written = publishing.write(session, office, row, files, context)
    log.info("publication %s: %s letters, %s files", row.publication_id, len(kept), len(written))
    return {"selection_id": row.publication_id, "files": len(written)}


def _sent_before(session: Session, office: Office, period: Period) -> dict[str, Any]:
    """Inspection id -> pack of every form that went out, but for those of this day's own publications."""
    own = select(model.Publication.publication_id).where(
        model.Publication.job == JOB, model.Publication.period == period.key
    )
    digests = session.scalars(
        select(model.Report.digest).where(model.Report.kind == "packs", model.Report.publication_id.in_(own))
    )
    mine = {
        pack["inspection"]["inspection_id"]
        for digest in digests
        for pack in json.loads(office.objects.get_bytes(digest, "report"))
    }
    return {i: p for i, p in inspection_inputs.packs(session, office).items() if i not in mine}


def _kept_context(session: Session, office: Office, period: Period, reference: str) -> dict[str, Any] | None:
    """The context with which ``reference`` was published before: what was told is told again, whatever came since."""
    facts = records.find_facts(session, JOB, period, "publish", reference)
    return None if facts is None else dict(office.objects.get_json(facts["context"]))


def _publication(session: Session, period: Period, reference: str) -> model.Publication:
    """The day's publication of ``reference``: the one that is there, else the next revision."""
    table = model.Publication
    rows = list(
        session.scalars(select(table).where(table.job == JOB, table.period == period.key).order_by(table.revision))
    )
    same = next((r for r in rows if r.reference == reference), None)
    number = same.revision if same is not None else len(rows) + 1
    return model.Publication(
        publication_id=f"{PREFIX}-{period.key}-r{number}",
        job=JOB,
        period=period.key,
        revision=number,
        reference=reference,
    )


# -- distribute ----------------------------------------------------------------------------------------------------
def parcels(office: Office, context: Mapping[str, Any], files: Mapping[str, list[Path]]) -> Iterator[post.Parcel]:
    """The mails of a published day, by recipient: full: list, letters and forms; agency: the letters that go to it;
    figures: counts alone."""
    return defect_reports.parcels(office, context, files)


def secret_terms(context: Mapping[str, Any]) -> list[str]:
    """What no mail body may name: cases, titles, agencies and firms."""
    return defect_reports.secret_terms(context)
