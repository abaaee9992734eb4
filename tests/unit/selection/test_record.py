"""The firms' audit record: by hand, and as a signal of the selection."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from probity.selection.record import firm_record

from .conftest import Month


def test_record_by_hand() -> None:
    """Average irregular 1/2. Firm x: cases 1 (irregular) and 2 (not); firm y: case 1; firm z: none audited."""
    bids = pd.DataFrame({"case_id": ["1", "1", "2", "3", "3", "4"], "firm": ["x", "y", "x", "x", "y", "z"]})
    out = firm_record(bids, {"1": True, "2": False}, shrinkage=2.0)
    assert out.loc["3", "value"] == pytest.approx(((0.5 - 0.5) / 4 + 0.5 / 3) / 2)
    # Case 1 leaves itself out: firm x has case 2 alone, firm y nothing.
    assert out.loc["1", "value"] == pytest.approx((-0.5 / 3 + 0) / 2)
    assert out.loc["4", "value"] == 0
    assert out.loc["3", ["audits", "irregular"]].tolist() == [2, 1]
    assert out.loc["1", ["audits", "irregular"]].tolist() == [1, 0]


def test_control_chances_weight_the_average() -> None:
    bids = pd.DataFrame({"case_id": ["1", "2", "3"], "firm": ["x", "y", "x"]})
    plain = firm_record(bids, {"1": True, "2": False})
    weighted = firm_record(bids, {"1": True, "2": False}, {"1": 1.0, "2": 0.1})
    assert weighted.loc["3", "value"] > plain.loc["3", "value"]


def ring(month: Month) -> str:
    for number, irregular in [(1, True), (2, True), (3, False), (4, False)]:
        earlier = f"3.87.1|109-{number}|20200115"
        month.bid(earlier, *(("ring-a", "ring-b") if irregular else ("other",)))
        month.audited(earlier, irregular)
    case = month.case(1)
    month.bid(case, "ring-a", "ring-b", "newcomer")
    month.bid(month.case(2), "other")
    return case


def test_it_is_one_more_visible_signal(month: Month) -> None:
    case = ring(month)
    rows = month.propose(set()).cases.to_pylist()
    assert [r["case_id"] for r in rows] == [case]
    (part,) = json.loads(rows[0]["score_parts"])
    assert (part["signal_id"], part["family"]) == ("R01", "audit_record")
    assert "2 件中，2 件有違失" in json.loads(rows[0]["reasons"])[0]["text"]


def test_later_audits_do_not_count_and_it_can_be_switched_off(month: Month) -> None:
    ring(month)
    for result in month.results:
        result["finished_date"] = result["finished_date"].replace(month=4)
    assert month.propose(set()).cases.num_rows == 0
    for result in month.results:
        result["finished_date"] = result["finished_date"].replace(month=2)
    month.rules["record"]["enabled"] = False
    assert month.propose(set()).cases.num_rows == 0
