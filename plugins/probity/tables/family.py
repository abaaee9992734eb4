"""A family of jobs: which table holds the cases that its jobs choose from, and what the other rooms need to know of it.

In: nothing. Out: ``FAMILIES``. Why: signals, gates, selection and reports serve every family with the same code and do
not import each other; how one family differs from another stands here, as data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Family:
    """``name``: its folder in include/sql and its key in the config files.

    ``case``: the table of its cases (has case_id, agency_key, agency_id, agency_name, case_no, title). ``own``: what
    makes a case the period's own: a date column that lies within the period, or a boolean column. ``rule_dates``: the
    first known date says which thresholds hold. ``kind``: column by which quotas are set, ``kinds`` its values.
    ``firms``: table with case_id and firm. ``children``: tables that hang on a case by case_id. ``registers``: tables
    that stand for themselves.
    """

    name: str
    case: str
    own: str
    rule_dates: tuple[str, ...]
    kind: str
    kinds: tuple[str, ...]
    firms: str
    children: tuple[str, ...]
    registers: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every table that its signals may read."""
        return (self.case, self.firms, *self.children, *self.registers)

    def own_mask(self, cases: pa.Table, first: dt.date, last: dt.date) -> pa.ChunkedArray:
        """True for the period's own cases of the table of cases."""
        column = cases[self.own]
        if pa.types.is_boolean(column.type):
            return pc.fill_null(column, False)
        inside = pc.and_(
            pc.greater_equal(column, pa.scalar(first, pa.date32())), pc.less_equal(column, pa.scalar(last, pa.date32()))
        )
        return pc.fill_null(inside, False)

    def own_cases(self, tables: Mapping[str, pa.Table], first: dt.date, last: dt.date) -> pa.Table:
        """The period's own cases."""
        cases = tables[self.case]
        return cases.filter(self.own_mask(cases, first, last))


PROCUREMENT = Family(
    name="procurement",
    case="award_case",
    own="award_notice_date",
    rule_dates=("tender_notice_date", "award_notice_date"),
    kind="kind",
    kinds=("works", "goods", "services"),
    firms="bid",
    children=("contract_change", "correction"),
    registers=("debarment",),
)

WORKS = Family(
    name="works",
    case="project",
    own="eligible",
    rule_dates=("tender_notice_date", "award_notice_date", "award_date", "start_date"),
    kind="stage",
    kinds=("under_way", "in_warranty"),
    firms="project_firm",
    children=(
        "project_change",
        "project_progress",
        "project_permit",
        "project_complaint",
        "inspection",
        "defect",
    ),
    registers=(
        "debarment",
        "agency",
        "contractor",
        "permit",
        "permit_firm",
        "complaint",
        "inspection_test",
        "award_case",
        "bid",
    ),
)

FAMILIES: dict[str, Family] = {f.name: f for f in (PROCUREMENT, WORKS)}
