"""What a suite reads: canonical tables as pandas frames, and small frames of facts about a run.

In: Arrow tables and plain dicts. Out: ``Frame``. Why: a check names a frame and columns; where a bad row of that frame
stands in the canonical table (and so in the sender's file) must survive the way through pandas.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from probity.calendar import Period, years_before
from probity.tables import FAMILIES, TABLES, Family

PROCUREMENT = FAMILIES["procurement"]


@dataclass(frozen=True)
class Frame:
    """One frame. ``table`` is the canonical table whose rows these are (blank for facts); ``positions`` the row numbers
    (0-based) in it. ``key`` are the columns that name a row; ``headings`` the zh-TW heading of each column; ``open``
    says that a row's name may stand in a message (a file, a source, a signal; never a case or a person)."""

    name: str
    title: str
    data: pd.DataFrame
    headings: dict[str, str]
    key: tuple[str, ...]
    table: str = ""
    positions: np.ndarray | None = None
    open: bool = False

    def position(self, index: int) -> int:
        return int(index if self.positions is None else self.positions[index])


@dataclass
class Plan:
    """What a stage reads: frames, and the arguments of checks that only the run itself knows (check id -> arguments;
    None: the check cannot be judged, with the reason in ``skipped``)."""

    frames: dict[str, Frame] = field(default_factory=dict)
    args: dict[str, dict[str, Any]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    facts: dict[str, int | float | str] = field(default_factory=dict)

    def add(self, frame: Frame) -> None:
        self.frames[frame.name] = frame


def pandas(table: pa.Table, columns: Sequence[str]) -> pd.DataFrame:
    """The columns as pandas, dates as datetime64; a column that the table lacks is left out: its check crashes."""
    return table.select([c for c in columns if c in table.column_names]).to_pandas(date_as_object=False)


def canonical(
    table: pa.Table, name: str, columns: Sequence[str], frame: str = "", keep: np.ndarray | None = None
) -> Frame:
    """The frame ``frame`` (default ``name``) of a canonical table; ``keep`` selects its rows."""
    contract = TABLES[name]
    positions = None if keep is None else np.flatnonzero(keep)
    rows = table if keep is None else table.filter(pa.array(keep))
    headings = {c.name: c.zh for c in contract.columns}
    return Frame(frame or name, contract.zh, pandas(rows, columns), headings, contract.key, name, positions)


def facts(
    name: str, title: str, headings: Mapping[str, str], rows: Sequence[Mapping[str, Any]], open: bool = False
) -> Frame:
    """A small frame: one dict a row; ``headings`` gives its columns, the first of which names the row."""
    columns = list(headings)
    return Frame(name, title, pd.DataFrame(list(rows), columns=columns), dict(headings), (columns[0],), open=open)


SCHEMA_HEADINGS = {"item": "資料表.欄位", "state": "狀態", "expected": "應有型別", "actual": "實際型別"}


def schema(tables: Mapping[str, pa.Table], names: Sequence[str]) -> Frame:
    """One row for each column that a table of ``names`` has or ought to have: ok, missing, unexpected or wrong type."""
    rows: list[dict[str, str]] = []
    for name in names:
        contract = TABLES[name].arrow_schema()
        table = tables.get(name)
        if table is None:
            rows.append({"item": name, "state": "missing table", "expected": "", "actual": ""})
            continue
        found = table.schema
        for column in [*contract.names, *(c for c in found.names if c not in contract.names)]:
            want = str(contract.field(column).type) if column in contract.names else ""
            have = ",".join(str(found.field(i).type) for i in found.get_all_field_indices(column))
            state = "ok" if want == have else "missing" if not have else "unexpected" if not want else "wrong type"
            rows.append({"item": f"{name}.{column}", "state": state, "expected": want, "actual": have})
    return facts("schema", "資料表結構", SCHEMA_HEADINGS, rows, open=True)


def period_of(context: Mapping[str, Any]) -> Period:
    """The run's period: ``context['period']``, a Period or its key."""
    period = context["period"]
    return period if isinstance(period, Period) else Period.parse(str(period))


def family_of(context: Mapping[str, Any]) -> Family:
    """The run's family of cases: ``context['family']``, a Family or its name; procurement when it is not given."""
    family = context.get("family", PROCUREMENT)
    if isinstance(family, Family):
        return family
    if family not in FAMILIES:
        raise ValueError(f"no family {family!r}; there are {', '.join(FAMILIES)}")
    return FAMILIES[family]


def in_period(table: pa.Table, period: Period, family: Family = PROCUREMENT) -> np.ndarray:
    """True for the period's own cases of the family's table of cases. A blank date is in no period."""
    return family.own_mask(table, period.first, period.last).to_numpy().astype(bool)


def window(period: Period, history_years: int) -> tuple[dt.date, dt.date]:
    """First and last award notice date that the period's snapshot may hold."""
    return years_before(period.first, history_years), period.last


def days(date: dt.date) -> int:
    """Days since 1970-01-01, as the ``days`` kind counts."""
    return (date - dt.date(1970, 1, 1)).days


def as_date(value: Any) -> dt.date | None:
    """A date from a date, datetime or ISO text; None when blank."""
    if value is None or value == "":
        return None
    if isinstance(value, dt.datetime):
        return value.date()
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value)[:10])
