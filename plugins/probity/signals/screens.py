"""The bid screens as one SELECT over any relation of bids: the same SQL for award data and for labelled auctions.

In: the name of a relation and of its columns. Out: SQL text (tender, n, low, high, cv, spd, diffp, rd, skew, kurt, ks).
Why: what is validated on published auctions (tests) and what runs on award notices must be one formula, in one file
(include/sql/procurement/_30_screens.sql).
"""

from __future__ import annotations

import re
from pathlib import Path

from probity import settings

FILE = "_30_screens.sql"
_SOURCE = re.compile(r"WITH bid_list AS \(.*?\n\),\n", re.DOTALL)


def screens_sql(relation: str, tender: str = "tender", bid: str = "bid", sql_dir: Path | None = None) -> str:
    """A SELECT of the screens of ``relation`` (one row a bid; ``tender`` and ``bid`` are its columns, any unit).

    Screens that a tender cannot carry are NULL (cv, spd, diffp, ks need two bids, rd and skew three, kurt four).
    ``sql_dir`` defaults to include/sql/procurement of the project.
    """
    folder = sql_dir or settings.ROOT / "include" / "sql" / "procurement"
    text = (folder / FILE).read_text(encoding="utf-8")
    body = text[text.index("WITH bid_list") :]
    source = f'WITH bid_list AS (\n    SELECT "{tender}" AS tender, "{bid}" AS bid\n    FROM {relation}\n),\n'
    query, n = _SOURCE.subn(lambda _: source, body)
    if n != 1:
        raise ValueError(f"{FILE} does not begin with the bid_list step")
    return query
