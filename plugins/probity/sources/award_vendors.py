"""決標廠商 csv: the winners of the award notices, a row each (vendors_YYYY.csv beside the 25-column csv).

In: csv with case_key, vendor_name, vendor_id (mostly empty). Out: observations of bid, which name their case by
the case key. The case total stands on every row, so a winner has an amount only when winner_count is 1.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from probity.sources import observations as obs
from probity.sources.award_csv import notice_ids
from probity.sources.contract import Contract, Field, Sheet
from probity.sources.normalise import Clean, Origin, distinct
from probity.text import parse_date

WINNERS = Sheet(
    "bid",
    "決標廠商",
    (
        Field("case_key", "case_key", required=True),
        Field("agency_name", "unit_name", required=True),
        Field("case_no", "job_number", required=True),
        Field("award_date", "award_date", "date"),
        Field("firm_name", "vendor_name", required=True),
        Field("firm_id_raw", "vendor_id"),
        Field("award_amount", "case_award_amount", "amount", minimum=0),
        Field("n_winners", "winner_count", "int", minimum=0),
    ),
    (("case_key",), ("firm_name",), ("firm_id_raw",)),
)

CONTRACT = Contract("award_vendors", "決標廠商（csv）", (WINNERS,))


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file."""
    out = []
    for clean in cleans:
        key = clean.get("case_key")
        parts = pc.extract_regex(key, r"^(?P<unit>[^|]+)\|.*\|(?P<day>(?:19|20)\d{6})\|[^|]+$")
        columns = {
            name: clean.get(name) for name in ("agency_name", "case_no", "award_date", "firm_name", "firm_id_raw")
        }
        columns["agency_id"] = pc.struct_field(parts, "unit")
        columns["award_notice_date"], _ = distinct(pc.struct_field(parts, "day"), parse_date, pa.date32())
        columns["notice_id"] = notice_ids(key)
        columns["is_winner"] = pa.repeat(pa.scalar(True), len(clean.rows))
        alone = pc.fill_null(pc.equal(clean.get("n_winners"), 1), False)
        columns["award_amount"] = pc.if_else(alone, clean.get("award_amount"), pa.scalar(None, pa.int64()))
        obs.firms(columns)
        out.append(obs.table("bid", columns, clean, origin))
    return {"bid": out}
