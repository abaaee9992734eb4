"""A small invented city for signal tests: canonical tables with sensible defaults, filled case by case."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from probity.calendar import Period
from probity.tables import TABLES

PERIOD = Period.parse("2021-03")
DAY = dt.timedelta(days=1)
D = dt.date
AWARD = D(2021, 3, 1)


def firm_row(number: int | str) -> dict[str, Any]:
    """An invented firm: number 7 is 虛構7號營造有限公司."""
    if isinstance(number, str):
        return {"firm": f"N:{number}", "firm_id": None, "firm_name": number, "firm_key": number}
    firm_id = f"{10_000_000 + number}"
    return {
        "firm": firm_id,
        "firm_id": firm_id,
        "firm_name": f"虛構{number}號營造有限公司",
        "firm_key": f"虛構{number}號營造",
    }


class World:
    """Rows of the canonical tables under construction; ``tables()`` gives them as Arrow."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {
            n: [] for n in ("award_case", "bid", "contract_change", "correction", "debarment")
        }

    def case(self, award: dt.date = AWARD, agency: int = 1, **over: Any) -> str:
        """An awarded open works tender of agency ``agency``, nothing odd about it. Returns its case_id."""
        number = f"T{len(self.rows['award_case']):05d}"
        notice = over.pop("notice", award + 5 * DAY)
        row: dict[str, Any] = {
            "case_no": number,
            "agency_id": f"3.99.{agency}",
            "agency_key": f"3.99.{agency}",
            "agency_name": f"虛城市第{agency}局",
            "title": f"虛城道路整修{number}",
            "title_key": f"虛城道路整修{number}",
            "kind": "works",
            "category_code": "5131",
            "method": "open",
            "award_way": "lowest",
            "budget": 3_000_000,
            "reserve_price": 2_900_000,
            "award_amount": 2_700_000,
            "award_date": award,
            "award_notice_date": notice,
            "opening_date": award - 3 * DAY,
            "deadline_date": award - 4 * DAY,
            "tender_notice_date": award - 30 * DAY,
            "n_bidders": 3,
            "n_winners": 1,
            "in_eproc": True,
            "in_city_list": True,
            "sources": "test",
            "n_observations": 1,
        }
        row |= over
        row.setdefault("case_id", f"{row['agency_key']}|{number}|{notice:%Y%m%d}")
        self.rows["award_case"].append(row)
        return row["case_id"]

    def bids(
        self,
        case_id: str,
        *firms: int | str,
        prices: list[int | None] | None = None,
        winner: int | str | None = None,
        **over: Any,
    ) -> str:
        """Bidders of a case; the first wins unless ``winner`` says otherwise (0: nobody is known to have won)."""
        for i, number in enumerate(firms):
            self.rows["bid"].append(
                {
                    "case_id": case_id, "is_winner": number == winner if winner is not None else i == 0,
                    "is_subcontractor": False, "bid_amount": prices[i] if prices else None,
                }
                | firm_row(number) | over
            )  # fmt: skip
        return case_id

    def add(self, table: str, **row: Any) -> None:
        self.rows[table].append(row)

    def tables(self) -> dict[str, pa.Table]:
        out = {}
        for name, rows in self.rows.items():
            schema = TABLES[name].arrow_schema()
            table = pa.Table.from_pylist(rows, schema=schema)
            out[name] = table.sort_by([(k, "ascending") for k in TABLES[name].key]) if rows else table
        return out
