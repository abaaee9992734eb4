"""From a proposed list to a published selection: ask, decide, publish. Shared by every job that selects.

In: a selection manifest and the approver's answer. Out: a closed row of ``selection`` with its final cases, the
workbook and the letters, each in the trail. An approved selection never changes: other inputs make a new revision
beside it. The control share is drawn here, with a seed that nobody knew when its candidates were committed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from probity import canonical, selection
from probity.calendar import Period
from probity.jobs import JobError, records, wording
from probity.jobs.decisions import Change, Decision, read_decision
from probity.jobs.office import Office
from probity.jobs.selecting import SelectingJob
from probity.settings import Settings
from probity.store import model, trail
from probity.text import case_no_key, nfkc

log = logging.getLogger(__name__)

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"


# -- ask ---------------------------------------------------------------------------------------------------------
def request(settings: Settings, job: SelectingJob, period_key: str, ref: str) -> dict[str, Any]:
    """Lay the proposed list of the selection manifest ``ref`` before the approver; opens a revision for it once.

    Returns selection_id, list_digest, subject, body (Markdown), url of the restricted page, and ``already``:
    'approved' when this very list was approved before. All of it may be seen by anyone who sees the task: counts
    and digests only; the restricted page shows the list.
    """
    office, period = Office(settings), Period.parse(period_key)
    manifest = office.manifest(ref, "selection")
    digests = {"list_digest": manifest["snapshots"]["selection_case"]["digest"], "frame_digest": manifest["frame"]}
    with office.transaction() as session:
        row, already = _open_revision(session, job, period, ref, digests)
        if already is None:
            _show_cases(session, office, job, row.selection_id, manifest, office.tables(manifest)["selection_case"])
        facts = _facts(office, job, row, manifest, period)
        records.event(session, job.name, period, "approval_request", ref, {"selection_id": row.selection_id, **digests})
    url = f"{settings.ui_url}/probity/selections/{row.selection_id}"
    log.info("selection %s proposed: list %s, control frame %s", row.selection_id, row.list_digest, row.frame_digest)
    return {
        "selection_id": row.selection_id,
        "list_digest": row.list_digest,
        "subject": wording.text("approval_subject", **facts),
        "body": wording.text("approval_body", url=url, **facts),
        "url": url,
        "already": already,
    }


def _open_revision(
    session: Session, job: SelectingJob, period: Period, ref: str, digests: Mapping[str, str]
) -> tuple[model.Selection, str | None]:
    """The selection row for ``ref``: the approved one when its list is the same, else the open or a new one."""
    session.execute(text(LOCK), {"name": f"{job.name}/{period.key}"})
    rows = list(
        session.scalars(
            select(model.Selection)
            .where(model.Selection.job == job.name, model.Selection.period == period.key)
            .order_by(model.Selection.revision)
        )
    )
    approved = next((r for r in reversed(rows) if r.state == "approved"), None)
    if approved is not None and (approved.list_digest, approved.frame_digest) == tuple(digests.values()):
        return approved, "approved"
    same = next((r for r in rows if r.state == "proposed" and r.manifest_digest == ref), None)
    if same is not None:
        return same, None
    now = session.scalar(select(func.now()))
    for row in rows:
        if row.state == "proposed":
            row.state, row.decided_by, row.decided_at = "superseded", "probity", now
            row.reason = "inputs changed before a decision"
    row = model.Selection(
        selection_id=f"{job.prefix}-{period.key}-r{len(rows) + 1}",
        job=job.name,
        period=period.key,
        revision=len(rows) + 1,
        state="proposed",
        manifest_digest=ref,
        **digests,
    )
    session.add(row)
    session.flush()
    return row, None


def _show_cases(
    session: Session,
    office: Office,
    job: SelectingJob,
    selection_id: str,
    manifest: Mapping[str, Any],
    cases: pa.Table,
) -> None:
    """Write the cases of an open selection, in place of those that stood there."""
    facts = case_facts(office, job, manifest, cases["case_id"].to_pylist())
    session.execute(delete(model.SelectionCase).where(model.SelectionCase.selection_id == selection_id))
    for case in cases.to_pylist():
        session.add(model.SelectionCase(selection_id=selection_id, facts=facts[case["case_id"]], **case))
    session.flush()


def case_facts(
    office: Office, job: SelectingJob, manifest: Mapping[str, Any], case_ids: list[str]
) -> dict[str, dict[str, Any]]:
    """What the restricted page and the workbook show of each case: the case's own columns as JSON values."""
    inputs = office.manifest(office.manifest(manifest["signals"], "signals")["inputs"], "inputs")
    cases = office.tables(inputs)[job.family.case]
    chosen = cases.filter(pc.is_in(cases["case_id"], pa.array(case_ids, pa.string())))
    return {row["case_id"]: json.loads(canonical.dumps(row)) for row in chosen.to_pylist()}


def _facts(
    office: Office, job: SelectingJob, row: model.Selection, manifest: Mapping[str, Any], period: Period
) -> dict[str, Any]:
    cases = office.tables(manifest)["selection_case"]
    parts = {p: pc.sum(pc.equal(cases["part"], p)).as_py() or 0 for p in ("must_watch", "ranked", "control", "added")}
    return {
        "job_zh": wording.job_name(job.name),
        "family": job.family_name,
        "selection_id": row.selection_id,
        "revision": row.revision,
        "period": period.key,
        "period_roc": period.roc,
        "cases": cases.num_rows,
        "must_watch": parts["must_watch"],
        "ranked": parts["ranked"],
        "control": manifest["commitment"]["control_size"],
        "frame": manifest["commitment"]["population"],
        "list_digest": row.list_digest,
        "commitment": manifest["commitment"]["commitment"],
    }


# -- decide ------------------------------------------------------------------------------------------------------
def record_decision(
    settings: Settings, job: SelectingJob, period_key: str, ref: str, form: dict[str, Any]
) -> str | None:
    """Close the open revision of ``ref`` with the approver's answer; returns its selection_id, None when rejected.

    The same answer again (a retried task) gives the same id and adds nothing; an answer to a list that has
    changed meanwhile is a JobError.
    """
    office, period, decision = Office(settings), Period.parse(period_key), read_decision(form)
    manifest = office.manifest(ref, "selection")
    with office.transaction() as session:
        session.execute(text(LOCK), {"name": f"{job.name}/{period.key}"})
        row = session.scalar(
            select(model.Selection)
            .where(
                model.Selection.job == job.name,
                model.Selection.period == period.key,
                model.Selection.manifest_digest == ref,
            )
            .order_by(model.Selection.revision.desc())
            .limit(1)
        )
        if row is None or row.state == "superseded":
            raise JobError(wording.text("list_changed", period_roc=period.roc))
        if form.get("list_digest", row.list_digest) != row.list_digest:
            raise JobError(wording.text("list_changed", period_roc=period.roc))
        if row.state != "proposed":
            log.info("selection %s was decided before: %s", row.selection_id, row.state)
            return row.selection_id if row.state == "approved" else None
        if not decision.approved:
            _close(session, row, decision, "rejected", "", "")
            records.event(session, job.name, period, "decide", ref, _decision_facts(row, decision, {}))
            log.info("selection %s rejected by %s", row.selection_id, decision.user)
            return None
        seed, source = seed_of(decision, manifest)
        final, changes = finish(office, job, period, manifest, decision, seed)
        _show_cases(session, office, job, row.selection_id, manifest, final)
        publication = {
            "kind": "publication",
            "job": job.name,
            "period": period.key,
            "selection_id": row.selection_id,
            "selection": ref,
            "decision": {"user": decision.user, "reason": decision.reason, "witnesses": list(decision.witnesses)}
            | changes,
            "seed": seed,
            "seed_source": source,
            "snapshots": office.put_tables({"selection_case": final}),
        }
        digest = office.objects.put_json(publication)
        for older in session.scalars(
            select(model.Selection).where(
                model.Selection.job == job.name,
                model.Selection.period == period.key,
                model.Selection.state == "approved",
            )
        ):
            older.state = "superseded"
        session.flush()
        _close(session, row, decision, "approved", seed, source)
        facts = _decision_facts(row, decision, {"seed": seed, "seed_source": source, "final": publication["snapshots"]})
        records.step(session, job.name, period, "decide", digest, facts)
    trail.anchor(settings, office.engine)
    log.info(
        "selection %s approved by %s: %s cases, %s removed, %s added, seed %r (%s), publication manifest %s",
        row.selection_id,
        decision.user,
        final.num_rows,
        len(decision.removed),
        len(decision.added),
        seed,
        source,
        digest,
    )
    return str(row.selection_id)


def seed_of(decision: Decision, manifest: Mapping[str, Any]) -> tuple[str, str]:
    """The seed and where it came from: typed at the public act, or (weaker, and shown as such) the commitment."""
    if decision.seed:
        return decision.seed, "typed"
    return str(manifest["commitment"]["commitment"]), "commitment"


def finish(
    office: Office, job: SelectingJob, period: Period, manifest: Mapping[str, Any], decision: Decision, seed: str
) -> tuple[pa.Table, dict[str, Any]]:
    """The final cases (SELECTION_CASE with the control share) and the approver's changes by case id."""
    proposal = job.propose(office, period, manifest["signals"], manifest["weights"])
    if office.put_tables({"selection_case": proposal.cases}) != manifest["snapshots"]:
        raise JobError(wording.text("list_changed", period_roc=period.roc))
    names = case_names(office, job, manifest, period)
    ranks = {str(c["rank"]): c["case_id"] for c in proposal.cases.to_pylist()}
    changes = {
        "removed": [_resolved(c, ranks, names) for c in decision.removed],
        "added": [_resolved(c, {}, names) for c in decision.added],
    }
    try:
        return selection.finish(proposal, changes, seed), changes
    except selection.ChangeError as error:
        raise JobError(wording.text("bad_change", code=error.code, kind=error.kind)) from None


def case_names(office: Office, job: SelectingJob, manifest: Mapping[str, Any], period: Period) -> dict[str, list[str]]:
    """Case number, its comparison key and case id -> the period's case ids that bear it."""
    inputs = office.manifest(office.manifest(manifest["signals"], "signals")["inputs"], "inputs")
    cases = job.family.own_cases(office.tables(inputs), period.first, period.last)
    names: dict[str, list[str]] = {}
    for case_id, case_no in zip(cases["case_id"].to_pylist(), cases["case_no"].to_pylist(), strict=True):
        for name in {case_id, case_no, case_no_key(case_no)}:
            names.setdefault(name, []).append(case_id)
    return names


def _resolved(change: Change, ranks: Mapping[str, str], names: Mapping[str, list[str]]) -> dict[str, str]:
    """The case id that the approver meant; JobError when there is none or more than one."""
    typed = nfkc(change.case)  # a rank may be typed full-width, a case number in another spelling
    found = [ranks[typed]] if typed in ranks else names.get(change.case) or names.get(case_no_key(typed), [])
    if len(found) != 1:
        raise JobError(wording.text("unknown_case", count=len(found)))
    return {"case_id": found[0], "reason": change.reason}


def _close(session: Session, row: model.Selection, decision: Decision, state: str, seed: str, source: str) -> None:
    session.add(
        model.Decision(
            selection_id=row.selection_id,
            choice=decision.choice,
            user=decision.user,
            list_digest=row.list_digest,
            seed=seed or None,
            reason=decision.reason or None,
            removed=[c.to_json() for c in decision.removed],
            added=[c.to_json() for c in decision.added],
            witnesses=list(decision.witnesses),
        )
    )
    now = session.scalar(select(func.now()))  # before the row changes: state and time go in one UPDATE
    row.state, row.decided_by, row.reason = state, decision.user, decision.reason or None
    row.seed, row.seed_source, row.decided_at = seed or None, source or None, now
    session.flush()


def _decision_facts(row: model.Selection, decision: Decision, more: Mapping[str, Any]) -> dict[str, Any]:
    """For the trail: who, what, how many changes; the list by its digest alone."""
    return {
        "selection_id": row.selection_id,
        "choice": decision.choice,
        "user": decision.user,
        "list_digest": row.list_digest,
        "frame_digest": row.frame_digest,
        "removed": len(decision.removed),
        "added": len(decision.added),
        "changes_digest": canonical.digest(
            [[c.to_json() for c in decision.removed], [c.to_json() for c in decision.added]]
        ),
        "witnesses": len(decision.witnesses),
    } | dict(more)
