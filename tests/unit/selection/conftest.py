"""A small invented month: agencies, cases, signals, auditors, as the canonical tables hold them."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from probity import config as files
from probity import selection
from probity.calendar import Period
from probity.tables import AGENCY, AUDIT_RESULT, AUDITOR, AWARD_CASE, BID, SIGNAL_RESULT

CONFIG = Path(__file__).resolve().parents[3] / "include" / "config"
MARCH = Period.parse("2021-03")
DAY = dt.date(2021, 3, 15)


def case_id(number: int, agency: str = "3.87.10.1") -> str:
    return f"{agency}|110-{number:04d}|20210315"


def table(definition: Any, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as a canonical table; columns that are not given are NULL."""
    schema = definition.arrow_schema()
    return pa.Table.from_pylist([{n: r.get(n) for n in schema.names} for r in rows], schema=schema)


@dataclass
class Month:
    """What ``select`` takes; tests add cases and signals, then call ``propose``."""

    config: dict[str, Any]
    weights: dict[str, Any]
    cases: list[dict[str, Any]] = field(default_factory=list)
    signals: list[dict[str, Any]] = field(default_factory=list)
    meta: dict[str, dict[str, Any]] = field(default_factory=dict)
    posts: list[dict[str, Any]] = field(default_factory=list)
    bids: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    agencies: list[dict[str, Any]] = field(default_factory=list)
    period: Period = MARCH

    @property
    def rules(self) -> dict[str, Any]:
        return self.config["procurement_audit_selection"][0]

    def case(self, number: int, agency: str = "3.87.10.1", kind: str | None = "works", **more: Any) -> str:
        identifier = case_id(number, agency)
        base = {
            "case_id": identifier,
            "agency_id": agency,
            "agency_key": agency,
            "agency_name": "虛構機關",
            "kind": kind,
        }
        base |= {
            "agency_name": "虛構機關",
            "case_no": f"110-{number:04d}",
            "title": "虛構工程",
            "sources": "test",
            "n_observations": 1,
        }
        self.cases.append(base | {"award_notice_date": DAY} | more)
        return identifier

    def signal(self, case: str, signal_id: str, strength: float | None = 1.0, state: str = "fired") -> None:
        row = {"case_id": case, "signal_id": signal_id, "state": state, "strength": strength}
        self.signals.append(row | {"value": 0.5, "threshold": 0.8})
        self.describe(signal_id)

    def describe(self, signal_id: str, must_watch: int | None = None, family: str | None = None) -> None:
        fresh = {"signal_id": signal_id, "name": f"訊號{signal_id}", "legal_basis": "政府採購法", "reason_texts": {}}
        known = self.meta.setdefault(signal_id, fresh)
        known["must_watch"] = must_watch or known.get("must_watch")
        known["family"] = family or known.get("family", signal_id)

    def auditor(self, auditor_id: str, agency: str, start: str, end: str | None = None, specialty: str = "any") -> None:
        self.posts.append(
            {
                "auditor_id": auditor_id,
                "auditor_name": "某委員",
                "specialty": specialty,
                "agency_id": agency,
                "served_from": dt.date.fromisoformat(start),
                "served_to": dt.date.fromisoformat(end) if end else None,
            }
        )

    def bid(self, case: str, *firms: str) -> None:
        for firm in firms:
            base = {"case_id": case, "firm": firm, "firm_name": "虛構廠商", "firm_key": firm, "is_winner": False}
            self.bids.append(base)

    def audited(self, case: str, irregular: bool, finished: str = "2021-02-10") -> None:
        finished_date = dt.date.fromisoformat(finished)
        self.results.append({"case_id": case, "finished_date": finished_date, "irregular": irregular})

    @property
    def tables(self) -> dict[str, pa.Table]:
        return {
            "award_case": table(AWARD_CASE, self.cases),
            "agency": table(AGENCY, self.agencies),
            "auditor": table(AUDITOR, self.posts),
            "bid": table(BID, self.bids),
            "audit_result": table(AUDIT_RESULT, self.results),
        }

    @property
    def result(self) -> pa.Table:
        return table(SIGNAL_RESULT, self.signals)

    def propose(self, recent: set[str] | None = None) -> selection.Proposal:
        return selection.select(
            self.result, self.tables, list(self.meta.values()), self.period, self.config, self.weights, recent
        )


@pytest.fixture
def month() -> Month:
    return new_month()


def new_month() -> Month:
    return Month(copy.deepcopy(files.load(CONFIG, "selection")), copy.deepcopy(files.load(CONFIG, "weights")))


@pytest.fixture
def audit_results() -> Callable[[dict[str, bool]], pa.Table]:
    def build(verdicts: dict[str, bool]) -> pa.Table:
        rows = [{"case_id": c, "finished_date": dt.date(2021, 5, 3), "irregular": v} for c, v in verdicts.items()]
        return table(AUDIT_RESULT, rows)

    return build
