"""Small invented tables for the gates' tests: one city that does not exist, no real firm."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from probity.gates.suites.canonical import TABLES as CANONICAL
from probity.tables import TABLES

PERIOD = "2021-03"
TICKET = "ab" * 32


def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=TABLES[name].arrow_schema())


def cases(n: int, month: dt.date = dt.date(2021, 3, 1), **changed: Any) -> list[dict[str, Any]]:
    """``n`` clean cases of one month."""
    out = []
    for i in range(n):
        day = month.replace(day=1 + i % 28)
        row: dict[str, Any] = {
            "case_id": f"3.99.10|A{i:06d}|{day:%Y%m%d}",
            "agency_id": "3.99.10",
            "agency_name": "雲林市虛構建設局",
            "agency_key": "3.99.10",
            "case_no": f"A{i:06d}",
            "title": f"虛構道路改善工程第{i}標",
            "kind": "works",
            "method": "open",
            "award_way": "lowest",
            "budget": 1_000_000 + i,
            "award_amount": 900_000,
            "award_date": month,
            "award_notice_date": day,
            "n_bidders": 3,
            "n_winners": 1,
            "sources": "award_csv",
            "n_observations": 1,
        }
        out.append(row | changed)
    return out


def bids(of: list[dict[str, Any]], n: int = 3) -> list[dict[str, Any]]:
    """``n`` bids of each case."""
    return [
        {
            "case_id": case["case_id"],
            "firm": f"1234567{j}",
            "firm_id": f"1234567{j}",
            "firm_name": f"虛構營造{j}號",
            "firm_key": f"虛構營造{j}號",
            "is_winner": j == 0,
            "bid_amount": 900_000 + j,
        }
        for case in of
        for j in range(n)
    ]


def canonical(**rows: list[dict[str, Any]]) -> dict[str, pa.Table]:
    """All canonical tables, empty but for those given."""
    return {name: table(name, rows.get(name, [])) for name in CANONICAL}


def arrived(**changed: Any) -> dict[str, Any]:
    """One clean file as ``collect`` tells it."""
    return {
        "digest": "d" * 64,
        "file_name": "決標清單.csv",
        "source_id": "award_csv",
        "rows_in": 100,
        "rows_out": 100,
        "rows_quarantined": 0,
        "first_date": dt.date(2021, 1, 1),
        "last_date": dt.date(2021, 12, 31),
        "refused": None,
    } | changed


def arrival(*files: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Facts of the arrival stage."""
    return {"period": PERIOD, "files": list(files), "expected_sources": ["award_csv"], "one_of": []} | more


SIGNALS = ("P01", "P02", "P03")


def results(of: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A result of every signal for every case: P01 fires on every tenth, P03 cannot be assessed on the first."""
    out = []
    for i, case in enumerate(of):
        for signal in SIGNALS:
            state = (
                "fired"
                if signal == "P01" and i % 10 == 0
                else "not_assessable"
                if signal == "P03" and i == 0
                else "clear"
            )
            out.append(
                {
                    "case_id": case["case_id"],
                    "signal_id": signal,
                    "state": state,
                    "strength": 0.5 if state == "fired" else None,
                    "evidence": '{"days":3}' if state == "fired" else None,
                    "reason": "reserve_price" if state == "not_assessable" else None,
                }
            )
    return out


QUOTA = {"total": 6, "kinds": {"works": 6}, "max_per_agency": 5, "fallback": True}


def listed(of: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A clean list: four ranked cases and one control case."""
    out = []
    for rank, case in enumerate(of[:5], start=1):
        control = rank == 5
        out.append(
            {
                "case_id": case["case_id"],
                "rank": rank,
                "part": "control" if control else "ranked",
                "score": 0.0 if control else 10.0 - rank,
                "score_parts": "[]",
                "reasons": '[{"legal_basis":"採購法","name":"等標期","signal_id":"P01","text":"等標期3日，低於7日"}]',
                "inclusion_probability": 0.1 if control else 1.0,
                "ticket": TICKET if control else None,
                "auditors": "W01,W02",
                "recused": "W03",
            }
        )
    return out
