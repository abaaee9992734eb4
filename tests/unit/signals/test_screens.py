"""The bid screens equal the published columns of real auctions, and scipy."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from probity.signals.screens import screens_sql

PUBLISHED = {"CV": ("cv", 2), "SPD": ("spd", 2), "SKEW": ("skew", 3), "KURT": ("kurt", 4), "KSTEST": ("ks", 2)}


def screens(bids: pd.DataFrame, tender: str = "tender", bid: str = "bid") -> pd.DataFrame:
    with duckdb.connect() as con:
        con.register("these_bids", bids)
        return con.execute(screens_sql("these_bids", tender, bid)).df().set_index("tender").sort_index()


@pytest.mark.parametrize("name", ["okinawa", "ticino"])
def test_screens_equal_the_published_columns_to_four_decimals(shared: Path, name: str) -> None:
    bids = pd.read_csv(shared / "data" / "collusion" / f"{name}.csv")
    published = bids.groupby("Tender")[list(PUBLISHED)].first()
    ours = screens(bids, "Tender", "Bid_value")
    assert len(ours) == len(published)
    for column, (screen, least) in PUBLISHED.items():
        computable = ours.index[ours["n"] >= least]
        assert len(computable) > 200
        difference = (ours.loc[computable, screen] - published.loc[computable, column]).abs()
        assert difference.max() <= 0.0000501, column


def test_screens_equal_scipy_and_leave_out_what_too_few_bids_cannot_carry() -> None:
    rng = np.random.default_rng(5)
    frames = [
        pd.DataFrame({"tender": t, "bid": np.sort(rng.lognormal(14, 0.1, n)).round()})
        for t, n in enumerate([1, 2, 3, 4, 9])
    ]
    got = screens(pd.concat(frames))
    for t, frame in enumerate(frames):
        b = frame["bid"].to_numpy()
        row = got.loc[t]
        assert row["n"] == len(b)
        assert np.isnan(row["cv"]) == (len(b) < 2)
        assert np.isnan(row["skew"]) == np.isnan(row["rd"]) == (len(b) < 3)
        assert np.isnan(row["kurt"]) == (len(b) < 4)
        if len(b) >= 4:
            assert row["cv"] == pytest.approx(b.std(ddof=1) / b.mean())
            assert row["skew"] == pytest.approx(stats.skew(b, bias=False))
            assert row["kurt"] == pytest.approx(stats.kurtosis(b, bias=False))
            assert row["ks"] == pytest.approx(stats.kstest((b - b.min()) / (b.max() - b.min()), "uniform").statistic)
            assert row["rd"] == pytest.approx((b[1] - b[0]) / b[1:].std(ddof=1))


def test_equal_bids_give_no_division_by_zero() -> None:
    row = screens(pd.DataFrame({"tender": 1, "bid": [5, 5, 5, 5]})).loc[1]
    assert row["cv"] == 0 and row["spd"] == 0
    assert np.isnan(row["skew"]) and np.isnan(row["kurt"]) and np.isnan(row["ks"])
