"""A small invented city under construction, for the works signals: projects with sensible defaults."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa

from probity.calendar import Period
from probity.tables import FAMILIES, TABLES
from tests.unit.signals.world import firm_row

PERIOD = Period.parse("2021-03")
LAST = PERIOD.last
DAY = dt.timedelta(days=1)
D = dt.date
AUGUST = D(2020, 8, 1)


class WorksWorld:
    """Rows of the canonical tables under construction; ``tables()`` gives them as Arrow."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {n: [] for n in FAMILIES["works"].inputs}

    def project(self, *firms: int | str, agency: int = 1, **over: Any) -> str:
        """A road contract of agency ``agency`` under way in March 2021, nothing odd about it; ``firms`` have it.

        Returns its case_id. ``share``: list of shares of a joint contract (default not stated).
        """
        number = f"R{len(self.rows['project']):04d}"
        shares = over.pop("share", [None] * len(firms))
        row: dict[str, Any] = {
            "case_no": number,
            "agency_id": f"3.99.{agency}",
            "agency_key": f"3.99.{agency}",
            "agency_name": f"虛城市第{agency}局",
            "title": f"虛城路面改善{number}",
            "facility": "road",
            "category_code": "5131",
            "tender_notice_date": D(2020, 9, 1),
            "award_date": D(2020, 9, 30),
            "award_notice_date": D(2020, 10, 5),
            "award_way": "lowest",
            "budget": 3_000_000,
            "reserve_price": 2_900_000,
            "contract_amount": 2_700_000,
            "start_date": D(2020, 10, 15),
            "planned_end": D(2021, 5, 31),
            "stage": "under_way",
            "eligible": True,
            "districts": "虛東區",
            "road_keys": "虛東區/虛城路一段",
            "x": 215_000.0,
            "y": 2_670_000.0,
            "sources": "award_csv,works_projects",
            "n_observations": 1,
        }
        row |= over
        row.setdefault("case_id", f"{row['agency_key']}|{number}")
        self.rows["project"].append(row)
        for firm, share in zip(firms, shares, strict=True):
            part = {"share": share, "n_firms": len(firms)}
            self.rows["project_firm"].append({"case_id": row["case_id"]} | firm_row(firm) | part)
        return row["case_id"]

    def done(self, *firms: int | str, on: dt.date = AUGUST, **over: Any) -> str:
        """A road contract that was completed on a day and has a warranty of three years."""
        finished = {"actual_end": on, "warranty_end": on + 1095 * DAY, "stage": "in_warranty"}
        dates = {
            "tender_notice_date": on - 200 * DAY, "award_date": on - 170 * DAY, "award_notice_date": on - 165 * DAY,
            "start_date": on - 150 * DAY, "planned_end": on,
        }  # fmt: skip
        return self.project(*firms, **dates | finished | over)

    def register(self, firm: int | str, **over: Any) -> None:
        """The firm's entry of the contractor register: class A, 30 million of capital and of net worth, of the city."""
        entry = {
            "grade": "A", "capital": 30_000_000, "net_worth": 30_000_000, "base_city": "臺中市",
            "valid_from": D(2019, 1, 1),
        }  # fmt: skip
        self.rows["contractor"].append(firm_row(firm) | entry | over)

    def inspect(self, case_id: str, on: dt.date, failed: tuple[str, ...] = (), **over: Any) -> str:
        """An inspection of a project; the tests ``failed`` failed, flatness passed."""
        number = f"RI-{len(self.rows['inspection']):03d}"
        self.rows["inspection"].append({"inspection_id": number, "case_id": case_id, "inspected_date": on} | over)
        for test, state in [("flatness", "pass"), *((t, "fail") for t in failed)]:
            self.rows["inspection_test"].append(
                {"inspection_id": number, "test": test, "lot": 0, "n": 5, "state": state, "rule_id": "x",
                 "rule_source": "虛構標準"}
            )  # fmt: skip
        return number

    def defect(self, case_id: str, overdue: int, **over: Any) -> None:
        """An open defect of a project, so many working days overdue."""
        row = {
            "defect_id": f"RI-D{len(self.rows['defect']):02d}", "inspection_id": "RI-000", "case_id": case_id,
            "agency_key": "3.99.1", "agency_name": "虛城市第1局", "category": "surface", "severity": "minor",
            "description": "坑洞", "found_date": D(2021, 1, 10), "deadline": D(2021, 2, 1), "state": "open",
            "state_date": D(2021, 1, 10), "overdue_days": overdue, "cycle": 1,
        }  # fmt: skip
        self.rows["defect"].append(row | over)

    def complaint(self, case_id: str | None, on: dt.date, method: str, distance: float | None, **over: Any) -> str:
        """A report of the public about the surface, joined to a project (None: to none)."""
        number = f"C{len(self.rows['complaint']):04d}"
        row = {"complaint_id": number, "received_date": on, "channel": "hotline", "about_road": True}
        self.rows["complaint"].append(row | over)
        if case_id is not None:
            link = {"case_id": case_id, "complaint_id": number, "method": method, "distance_m": distance}
            self.rows["project_complaint"].append(link)
        return number

    def permit(
        self, case_id: str | None, on: dt.date, distance: float | None = 0.0, method: str = "road", **over: Any
    ) -> str:
        """An excavation permit that begins on a day, joined to a project (None: to none)."""
        number = f"P{len(self.rows['permit']):04d}"
        same = over.pop("same_firm", False)
        row = {
            "permit_id": number, "application_no": f"A{number}", "permit_no": number, "start_date": on,
            "is_paving": False, "firm_name": "虛管", "firm_key": "虛管",
        }  # fmt: skip
        self.rows["permit"].append(row | over)
        if case_id is not None:
            link = {"case_id": case_id, "permit_id": number, "method": method, "same_firm": same}
            self.rows["project_permit"].append(link | {"distance_m": distance})
        return number

    def award(self, **over: Any) -> None:
        """An award notice of works: a peer of a project by its price."""
        number = f"T{len(self.rows['award_case']):05d}"
        row: dict[str, Any] = {
            "case_id": f"3.99.9|{number}|20201005", "agency_name": "虛城市第9局", "agency_key": "3.99.9",
            "case_no": number, "title": f"虛城工程{number}", "kind": "works", "category_code": "5131",
            "award_way": "lowest", "budget": 3_000_000, "award_amount": 2_700_000,
            "award_notice_date": D(2020, 10, 5), "sources": "test", "n_observations": 1,
        }  # fmt: skip
        self.rows["award_case"].append(row | over)

    def ban(self, firm: int | str, first: dt.date, last: dt.date, **over: Any) -> None:
        """A debarment of a firm, in a feed that was kept from 2016 to the end of the period."""
        row = {
            "agency_no": "1", "case_no": f"B{len(self.rows['debarment'])}", "effective_date": first,
            "expire_date": last, "annulled": False, "first_listed": D(2016, 1, 1), "last_listed": LAST,
        }  # fmt: skip
        self.rows["debarment"].append(firm_row(firm) | row | over)

    def add(self, table: str, **row: Any) -> None:
        self.rows[table].append(row)

    def tables(self) -> dict[str, pa.Table]:
        out = {}
        for name, rows in self.rows.items():
            table = pa.Table.from_pylist(rows, schema=TABLES[name].arrow_schema())
            out[name] = table.sort_by([(k, "ascending") for k in TABLES[name].key]) if rows else table
        return out
