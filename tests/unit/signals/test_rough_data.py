"""Nonsense in the tables (NULLs, zeros, negatives, far dates, absurd sums) never breaks a signal or its promises."""

from __future__ import annotations

import datetime as dt
import json
import random
from typing import Any

import pytest

from probity import canonical, config, settings, signals
from probity.tables import TABLES
from tests.unit.signals.world import PERIOD, World, firm_row

ALL = signals.load_signals(settings.ROOT / "include" / "sql" / "procurement")
THRESHOLDS = config.thresholds(settings.ROOT / "include" / "config")
D = dt.date
WORDS = {
    "kind": ["works", "goods", "services", "?"],
    "method": ["open", "quotation", "restricted", "restricted_public", "selective", "other", "?"],
    "award_way": ["lowest", "best_value", "?"],
    "restricted_clause": ["22-1-1", "22-1-6", "22-1-7", "22-1-11", "x"],
    "category_code": ["5131", "51", "9", "甲"],
    "amount_class": ["未達公告金額", "公告金額以上未達查核金額", "巨額", "?"],
    "original_case_no": ["T00000", "none"],
    "case_no": ["T00000", "T00001"],
    "designer_key": ["10000001", "N:x"],
}
ODD: dict[str, list[Any]] = {
    "int": [None, 0, 1, -5, 9, 100_000, 999_999, 1_000_000, 3_000_000, 10**15],
    "float": [None, 0.0, 0.5, 1.0, 7.0],
    "bool": [None, True, False],
    "date": [None, D(1999, 1, 1), D(2020, 12, 30), D(2021, 3, 1), D(2021, 3, 15), D(9999, 12, 31)],
    "text": [None, "", "'; DROP TABLE cases; --", "虛城", "１２３四五六七八"],
}


def odd_row(rng: random.Random, table: str, skip: set[str]) -> dict[str, Any]:
    return {
        c.name: rng.choice([None, *WORDS[c.name]] if c.name in WORDS else ODD[c.type])
        for c in TABLES[table].columns
        if c.name not in skip and not (c.required and c.name not in WORDS)
    }


@pytest.mark.parametrize("seed", range(3))
def test_rough_data(seed: int) -> None:
    rng = random.Random(seed)
    w = World()
    counts = {
        "n_bidders": [None, 1, 2, 3],
        "n_winners": [None, 1, 2],
        "failed_count": [None, 0, 3],
        "tender_round": [None, 1, 2],
    }
    for i in range(120):
        row = odd_row(rng, "award_case", {"case_id"}) | {k: rng.choice(v) for k, v in counts.items()}
        row |= {"case_no": f"T{i:05d}", "agency_key": f"A{i % 3}", "n_observations": 1}
        case = w.case(**row | {"award_notice_date": rng.choice([D(2021, 3, 9), D(2020, 7, 1)])})
        for number in rng.sample(range(1, 9), rng.randint(0, 5)):
            extra = odd_row(rng, "bid", {"case_id", "firm", "firm_id", "firm_name", "firm_key"})
            w.rows["bid"].append({"case_id": case} | extra | firm_row(number) | {"is_winner": rng.random() < 0.4})
        if i % 4 == 0:
            w.rows["contract_change"].append(
                {"case_id": case, "change_no": 1} | odd_row(rng, "contract_change", {"case_id", "change_no"})
            )
            w.rows["correction"].append(
                {"case_id": case, "correction_no": 1} | odd_row(rng, "correction", {"case_id", "correction_no"})
            )
    for number in (1, 2, 3):
        row = firm_row(number)
        w.add(
            "debarment",
            **odd_row(rng, "debarment", set(row))
            | row
            | {"effective_date": D(2020, 1, 1), "agency_no": "1", "case_no": str(number)},
        )

    result = signals.run(w.tables(), PERIOD, ALL, THRESHOLDS)
    by_id = {s.id: s for s in ALL}
    states = set()
    for row in result.to_pylist():
        states.add(row["state"])
        assert (row["evidence"] is not None) == (row["strength"] is not None) == (row["state"] == "fired")
        assert (row["reason"] is not None) == (row["state"] == "not_assessable")
        if row["state"] == "fired":
            assert canonical.dumps(json.loads(row["evidence"])) == row["evidence"], row
            assert signals.reason(by_id[row["signal_id"]], row)
    assert states == {"fired", "clear", "not_assessable"}
