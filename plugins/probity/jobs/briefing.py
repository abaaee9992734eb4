"""What a report is told: the plain context of a published selection, put together from its manifests and records.

In: a publication manifest. Out: the dict described in ``probity.reports.context``. It is laid down by content, so
that the workbook can be made again, byte for byte, from it alone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from probity import canonical
from probity.calendar import Period
from probity.jobs import feedback, records, wording
from probity.jobs.office import Office
from probity.store import model
from probity.tables import FAMILIES, Family


def context(session: Session, office: Office, publication_ref: str) -> dict[str, Any]:
    """The report context of the publication manifest ``publication_ref``."""
    chain = Chain(office, publication_ref)
    row = session.get_one(model.Selection, chain.publication["selection_id"])
    tables = office.tables(chain.inputs)
    final = office.tables(chain.publication)["selection_case"]
    decision = chain.publication["decision"]
    collected = records.step_facts(session, chain.job, chain.period, "collect", chain.publication["inputs"])
    detected = records.step_facts(session, chain.job, chain.period, "detect", chain.selection["signals"])
    selected = records.step_facts(session, chain.job, chain.period, "select", chain.publication["selection"])
    earlier = _replaced(session, row)
    rates = feedback.hit_rates(session, office, chain.job, chain.period)
    told = {
        "family": chain.family.name,
        "job": chain.job,
        "job_zh": wording.job_name(chain.job),
        "period": chain.period.key,
        "period_roc": chain.period.roc,
        "selection_id": row.selection_id,
        "revision": row.revision,
        "replaces": earlier.selection_id if earlier else None,
        "replaces_revision": earlier.revision if earlier else None,
        "revision_reason": decision["reason"] if earlier else None,
        "list_digest": row.list_digest,
        "manifest_digest": publication_ref,
        "trail_head": decision_record(session, chain, publication_ref),
        "decided_by": row.decided_by,
        "decided_at": row.decided_at,
        "decision_reason": decision["reason"],
        "witnesses": decision["witnesses"],
        "removed": decision["removed"],
        "added": decision["added"],
        "cases": cases(chain.family, tables, final),
        "evidence": evidence(office, chain, final),
        "signals": [signal | rates.get(signal["signal_id"], {}) for signal in detected["signals"]],
        "coverage": {
            "sources": sources_read(session, collected),
            "missing": [line["line"] for line in collected["coverage"] if line["state"] != "ok"],
            "quarantine": set_aside(session, collected),
            "conflicts": conflicts(chain.family, tables, chain.period),
            "gates": gates_passed(session, chain),
        },
        "steps": selected["steps"],
        "seed": chain.publication["seed"],
        "seed_source": chain.publication["seed_source"],
        "commitment": chain.selection["commitment"],
        "population": collected["notices"],
        "rules": chain.inputs["rules"],
        "versions": chain.inputs["versions"],
        "ui_url": office.settings.ui_url,
    }
    return plain(told)


CANONICAL_STAGES = {"procurement": "canonical", "works": "works_canonical"}
"""The gate of each family's canonical tables."""


def plain(context: Mapping[str, Any]) -> dict[str, Any]:
    """The context as it is kept: JSON values alone (dates and money as they read back)."""
    ready: dict[str, Any] = json.loads(canonical.dumps(context))
    return ready


class Chain:
    """A publication and the manifests it stands on, newest to oldest."""

    def __init__(self, office: Office, publication_ref: str) -> None:
        self.publication = office.manifest(publication_ref, "publication")
        self.selection = office.manifest(self.publication["selection"], "selection")
        self.signals = office.manifest(self.selection["signals"], "signals")
        self.inputs = office.manifest(self.signals["inputs"], "inputs")
        self.job: str = self.publication["job"]
        self.family: Family = FAMILIES[self.inputs.get("family", "procurement")]
        self.period = Period.parse(self.publication["period"])
        self.publication.setdefault("inputs", self.signals["inputs"])


def decision_record(session: Session, chain: Chain, publication_ref: str) -> str:
    """Digest of the trail record of the decision: the head that this report anchors."""
    prefix = f"{chain.job}/{chain.period.key}/decide/"
    found = session.execute(
        select(model.TrailRecord.digest)
        .where(
            model.TrailRecord.key.startswith(prefix, autoescape=True), model.TrailRecord.body.contains(publication_ref)
        )
        .order_by(model.TrailRecord.seq)
        .limit(1)
    ).scalar_one()
    return str(found)


def _replaced(session: Session, row: model.Selection) -> model.Selection | None:
    """The newest earlier revision that had been approved."""
    return session.scalar(
        select(model.Selection)
        .join(model.Decision, model.Decision.selection_id == model.Selection.selection_id)
        .where(
            model.Selection.job == row.job,
            model.Selection.period == row.period,
            model.Selection.revision < row.revision,
            model.Decision.choice == "approve",
        )
        .order_by(model.Selection.revision.desc())
        .limit(1)
    )


def cases(family: Family, tables: Mapping[str, pa.Table], final: pa.Table) -> list[dict[str, Any]]:
    """The selected cases with the columns of the family's cases, their winners (the firms that hold the contract) and
    the names of their auditors."""
    ids = final["case_id"]
    facts = {r["case_id"]: r for r in _of(tables[family.case], ids).to_pylist()}
    winners: dict[str, list[str]] = defaultdict(list)
    for firm in _of(tables[family.firms], ids).to_pylist():
        if firm.get("is_winner", True):
            winners[firm["case_id"]].append(firm["firm_name"])
    people = dict(
        zip(tables["auditor"]["auditor_id"].to_pylist(), tables["auditor"]["auditor_name"].to_pylist(), strict=True)
    )
    rows = []
    for row in final.to_pylist():
        names = {k: [people.get(i, i) for i in (row[k] or "").split(",") if i] for k in ("auditors", "recused")}
        rows.append(
            facts[row["case_id"]]
            | row
            | {
                "winners": sorted(winners[row["case_id"]]),
                "auditor_names": names["auditors"],
                "recused_names": names["recused"],
            }
        )
    return rows


def _of(table: pa.Table, ids: pa.ChunkedArray) -> pa.Table:
    return table.filter(pc.is_in(table["case_id"], ids.combine_chunks()))


def evidence(office: Office, chain: Chain, final: pa.Table) -> list[dict[str, Any]]:
    """The fired SIGNAL_RESULT rows of the selected cases."""
    result = _of(office.tables(chain.signals)["signal_result"], final["case_id"])
    rows: list[dict[str, Any]] = result.filter(pc.equal(result["state"], "fired")).to_pylist()
    return rows


def sources_read(session: Session, collected: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The files that the run read, with the names under which they arrived."""
    digests = [f["digest"] for f in collected["files"]]
    rows = session.scalars(select(model.SourceFile).where(model.SourceFile.digest.in_(digests)))
    return sorted(
        (
            {
                "source_id": r.source_id,
                "source": r.source_id,
                "file_name": r.file_name,
                "digest": r.digest,
                "rows_in": r.rows_in,
                "rows_out": r.rows_out,
                "rows_quarantined": r.rows_quarantined,
                "first_date": r.first_date,
                "last_date": r.last_date,
                "refused": r.refused,
            }
            for r in rows
        ),
        key=lambda r: (r["source_id"] or "", r["file_name"], r["digest"]),
    )


def set_aside(session: Session, collected: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Quarantined cells of the run's files, counted by source, field and reason: no value of any of them."""
    item = model.QuarantineItem
    group = (item.source_id, item.field, item.reason, item.expected, item.action, item.severity)
    digests = [f["digest"] for f in collected["files"]]
    found = session.execute(select(*group, func.count()).where(item.file_digest.in_(digests)).group_by(*group))
    keys = ("source_id", "field", "reason", "expected", "action", "severity", "rows")
    return sorted(
        (dict(zip(keys, row, strict=True)) for row in found),
        key=lambda r: (-r["rows"], *(str(r[k]) for k in keys)),
    )


def conflicts(family: Family, tables: Mapping[str, pa.Table], period: Period) -> list[dict[str, Any]]:
    """Where two sources disagree on a case of the period."""
    if "conflict" not in tables:
        return []
    own = family.own_cases(tables, period.first, period.last)
    names = {r["case_id"]: r for r in own.select(["case_id", "case_no", "agency_name"]).to_pylist()}
    return [
        row | {"case_no": names[row["case_id"]]["case_no"], "agency_name": names[row["case_id"]]["agency_name"]}
        for row in tables["conflict"].to_pylist()
        if row["case_id"] in names
    ]


def gates_passed(session: Session, chain: Chain) -> list[dict[str, Any]]:
    """The gate results that led to this publication, in order."""
    rows = list(
        session.scalars(
            select(model.GateResult)
            .where(model.GateResult.job == chain.job, model.GateResult.period == chain.period.key)
            .order_by(model.GateResult.id)
        )
    )
    wanted: str = chain.publication["inputs"]
    found: list[model.GateResult] = []
    for stage in (CANONICAL_STAGES[chain.family.name], "arrival"):
        row = next((r for r in rows if r.stage == stage and r.result.get("goes_on_with") == wanted), None)
        if row is not None:
            found.insert(0, row)
            wanted = row.subject_digest
    for stage, ref in (("signals", chain.selection["signals"]), ("selection", chain.publication["selection"])):
        found += [r for r in rows if r.stage == stage and r.subject_digest == ref]
    return [
        {
            "stage": r.stage,
            "outcome": r.outcome,
            "checks": r.result.get("n_checks"),
            "failed": len(r.result.get("failed", [])),
            "message": "\n".join(r.result.get("sentences", [])),
        }
        for r in found
    ]
