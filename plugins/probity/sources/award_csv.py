"""決標公告 csv: the 25-column export of award notices.

In: csv with case_key, announcement_date, unit_id ... (as hakusan0118/taiwan-local-procurement publishes them).
Out: observations of award_case and, from winning_vendors, bid (winners only, names without 統編).
Trap: a case with several winners repeats the case's total, so a winner has an amount only when it is alone.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from probity.sources import observations as obs
from probity.sources.contract import Contract, Field, Sheet
from probity.sources.normalise import Clean, Origin

NOTICES = Sheet(
    "award_case",
    "決標公告",
    (
        Field("case_key", "case_key", note="unit_id|job_number|YYYYMMDD|notice file name"),
        Field("award_notice_date", "announcement_date", "date", required=True),
        Field("award_date", "award_date", "date"),
        Field("agency_id", "unit_id"),
        Field("agency_name", "unit_name", required=True),
        Field("case_no", "job_number", required=True),
        Field("title", "title", required=True),
        Field("category", "procurement_category"),
        Field("method_raw", "tender_method"),
        Field("award_way_raw", "award_method"),
        Field("budget", "budget_amount", "amount", minimum=0),
        Field("award_amount", "award_amount", "amount", minimum=0),
        Field("n_winners", "winner_count", "int", minimum=0),
        Field("winners", "winning_vendors", note="joined by ；"),
        Field("performance_location", "performance_location"),
        Field("performance_region", "performance_region"),
        Field("performance", "performance_period", "date_range"),
    ),
    (("case_key",), ("agency_id",), ("case_no",), ("winners",)),
)

CONTRACT = Contract("award_csv", "決標公告（csv）", (NOTICES,))


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file."""
    out: dict[str, list[pa.Table]] = {"award_case": [], "bid": []}
    for clean in cleans:
        columns = {
            name: clean.get(name)
            for name in (
                "award_notice_date",
                "award_date",
                "agency_id",
                "agency_name",
                "case_no",
                "title",
                "method_raw",
                "award_way_raw",
                "budget",
                "award_amount",
                "n_winners",
                "performance_start",
                "performance_end",
            )
        }
        columns["notice_id"] = notice_ids(clean.get("case_key"))
        columns["title_key"] = obs.title_keys(columns["title"])
        columns["performance_location"] = pc.coalesce(
            clean.get("performance_location"), clean.get("performance_region")
        )
        obs.categories(columns, clean.get("category"))
        obs.ways(columns)
        raw = {"performance_start": "performance", "performance_end": "performance"}
        out["award_case"].append(obs.table("award_case", columns, clean, origin, raw))
        out["bid"].append(obs.winners(clean, clean.get("winners"), None, columns["award_amount"], origin))
    return out


def notice_ids(case_keys: pa.Array) -> pa.Array:
    """The fourth part of unit_id|job_number|YYYYMMDD|notice, NULL when the key has another shape."""
    return pc.struct_field(pc.extract_regex(case_keys, r"\|(?:19|20)\d{6}\|(?P<notice>[^|]+)$"), "notice")
