"""The measures of the selection benchmark by hand, and that it reads other labelled sets of the same layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.bench import bench_selection as bench


def test_auc_and_top_share_by_hand() -> None:
    label, value = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.8, 0.7, 0.1])
    assert bench.auc(label, value) == pytest.approx(3 / 4)
    assert bench.auc(label, np.zeros(4)) == 0.5
    assert bench.top(label, value, 0.5) == 0.5
    assert bench.top(label, np.zeros(4), 0.25) == 0.5


def test_cohesion_leaves_the_tender_itself_out() -> None:
    bids = pd.DataFrame(
        {"tender": ["1", "1", "2", "2", "3", "3"], "firm": ["a", "b", "a", "b", "a", "c"], "winner": [True, False] * 3}
    )
    out = bench.network(bids)
    # Tender 1: a and b met once more (tender 2), in two other tenders of either: 1/2. Tender 3: a and c never met.
    assert out.loc["1", "cohesion"] == pytest.approx(1 / 2)
    assert out.loc["3", "cohesion"] == 0
    order = pd.Series({"1": 1, "2": 2, "3": 3})
    assert bench.network(bids, order).loc["1", "cohesion"] == 0
    assert bench.network(bids, order).loc["2", "cohesion"] == 1


def auctions(path: Path, firms: bool) -> Path:
    """A made-up set: collusive tenders have bids close together."""
    rng = np.random.default_rng(4)
    rows = []
    for tender in range(160):
        collusive, n = tender % 4 == 0, int(rng.integers(2, 8))
        spread = 0.01 if collusive else 0.1
        for place in range(n):
            price = round(1_000_000 * (1 + spread * rng.random()), 2)
            row = {"Tender": tender, "Bid_value": price, "Winner": int(place == 0), "Number_bids": n}
            row |= {"Collusive_competitor": int(collusive)}
            rows.append(row | ({"Competitors": int(rng.integers(0, 30)), "Date": 1e9 + tender} if firms else {}))
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("firms", [True, False])
def test_another_labelled_set_is_read_and_the_score_finds_what_is_there(tmp_path: Path, firms: bool) -> None:
    read = bench.read(auctions(tmp_path / "made_up.csv", firms))
    assert read.has_firms is firms and read.tenders["bidders"].min() >= 3
    screens = bench.measure(bench.unlabelled("screens", bench.SCREENS), read, 20)
    learnt = bench.measure(bench.learnt("learnt", bench.SCREENS), read, 20)
    assert screens.values["auc"][0] > 0.85 and learnt.values["auc"][0] > 0.85
    low, high = learnt.values["lift@10.0%"][1:]
    assert low <= learnt.values["lift@10.0%"][0] <= high


def test_a_file_without_bids_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="missing columns"):
        bench.read(tmp_path / "x.csv")
