"""The record of firms in earlier audits: who took part in cases that were found irregular.

In: who bid where, which audited cases were irregular, with what chance each was chosen. Out: for each case a value
from -1 to 1, how far the firms of a case stand above the average case, shrunk to 0 where little is known.
Why: a ring's firms meet again. Learnt from the control share alone this tells more than any price screen
(``./probity bench selection``), yet it is no finding on a firm: an irregularity is often the agency's own.

The case itself never counts towards its own value, nor do audits that are not handed in (the caller gives those
that were finished before the period ended).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

SHRINKAGE = 2.0


def firm_record(
    bids: pd.DataFrame,
    verdicts: Mapping[str, bool],
    chances: Mapping[str, float] | None = None,
    shrinkage: float = SHRINKAGE,
) -> pd.DataFrame:
    """One row a case of ``bids``: case_id (index), value, audits, irregular.

    ``bids``: case_id, firm; ``verdicts``: audited case -> irregular; ``chances``: audited case -> chance of having
    been chosen (None: all equal), which weights the average case. A firm's record is the sum over its audited cases
    of (irregular - average) / (cases + ``shrinkage``): an empirical-Bayes mean with ``shrinkage`` prior cases; a
    case's value is the mean over its firms. ``audits``/``irregular``: audited cases (irregular ones) its firms took
    part in, the case itself left out.
    """
    pairs = bids[["case_id", "firm"]].drop_duplicates().sort_values(["case_id", "firm"])
    pairs["case_id"] = pairs["case_id"].astype(object)
    known = pd.Series({c: float(v) for c, v in sorted(verdicts.items())}, dtype=float)
    weight = pd.Series({c: 1.0 / (chances or {}).get(c, 1.0) for c in known.index}, dtype=float)
    average = float((known * weight).sum() / weight.sum()) if len(known) else 0.0
    pairs["audited"] = pairs["case_id"].isin(known.index).astype(float)
    pairs["irregular"] = pairs["case_id"].map(known).fillna(0.0).astype(float)
    pairs["excess"] = (pairs["irregular"] - average) * pairs["audited"]
    sums = pairs.groupby("firm")[["audited", "irregular", "excess"]].transform("sum")
    others = sums - pairs[["audited", "irregular", "excess"]]
    pairs["value"] = others["excess"] / (others["audited"] + shrinkage)
    out = pairs.groupby("case_id").agg(value=("value", "mean"))
    links = pairs.merge(
        pairs.loc[pairs["audited"] > 0, ["case_id", "firm", "irregular"]], on="firm", suffixes=("", "_met")
    )
    links = links[links["case_id"] != links["case_id_met"]].drop_duplicates(["case_id", "case_id_met"])
    met = links.groupby("case_id")["irregular_met"].agg(["size", "sum"])
    out["audits"] = met["size"].reindex(out.index).fillna(0).astype(np.int64)
    out["irregular"] = met["sum"].reindex(out.index).fillna(0).astype(np.int64)
    return out
