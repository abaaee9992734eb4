"""Where a bad canonical row came from: the file, sheet and row that its owner has to mend.

In: the observations that readers laid down (``_source``, ``_file_digest``, ``_sheet``, ``_row`` beside the canonical
columns; children of an award hang on its row by ``_parent_row``, those of a project carry its ``_case_key``). Out: a
``Locate`` for ``context['locate']``. Why: a canonical row may be merged from several files; all are named. It is asked
only for rows that are bad, so nothing is read while a gate passes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from probity.gates.model import Place
from probity.tables import TABLES

Row = Mapping[str, Any]
Locate = Callable[[str, Sequence[Row]], Sequence[Sequence[Place]]]
"""(table, canonical rows) -> the places of each, in the same order; none where a row cannot be traced."""

Observations = Callable[[str], "pa.Table | None"]

_WHERE = ("_source", "_file_digest", "_sheet", "_row")
_CASES, _CHILDREN = "award_case", {"bid": "firm", "contract_change": "change_no", "correction": "correction_no"}
_PROJECTS = {"project": None, "project_firm": "firm", "project_change": "change_no", "project_progress": "month_end"}
"""Tables of a project, and the column that tells its rows of one table apart."""


def locator(observations: Observations | Mapping[str, pa.Table], file_names: Mapping[str, str]) -> Locate:
    """A ``Locate`` over observation tables (a mapping, or a function that reads one by name when it is asked for).

    ``file_names`` is digest -> name as it arrived; a file that it lacks goes by the first 12 digits of its digest.
    """
    read: Observations = observations if callable(observations) else observations.get

    def locate(table: str, rows: Sequence[Row]) -> list[list[Place]]:
        if table == _CASES:
            found = _cases(read, rows)
        elif table in _CHILDREN:
            found = _children(read, table, rows)
        elif table in _PROJECTS:
            found = _of_project(read, table, rows)
        else:
            found = _keyed(read, table, rows)
        return [[_place(at, file_names) for at in _sorted(places)] for places in found]

    return locate


At = tuple[str, str, str, int]
"""(source, file digest, sheet, row)"""


def _place(at: At, names: Mapping[str, str]) -> Place:
    return Place(names.get(at[1], at[1][:12]), at[1], at[0], at[2] or None, at[3])


def _sorted(places: set[At]) -> list[At]:
    return sorted(places, key=lambda a: (a[1], a[2], a[3]))


def _at(row: Row) -> At:
    return (row["_source"], row["_file_digest"], row["_sheet"] or "", int(row["_row"]))


def _only(table: pa.Table, column: str, values: set[Any], columns: Sequence[str]) -> list[dict[str, Any]]:
    """The rows whose ``column`` is among ``values``, with the columns that the table has."""
    have = [c for c in dict.fromkeys((*columns, *_WHERE)) if c in table.column_names]
    wanted = pa.array(sorted(v for v in values if v is not None), type=table.schema.field(column).type)
    return table.filter(pc.is_in(table[column], value_set=wanted)).select(have).to_pylist()


def _case_of(row: Row) -> tuple[str | None, dt.date | None, str | None]:
    """(case number, award notice date, agency) from the row's own columns or its case_id."""
    parts = str(row.get("case_id") or "").split("|")
    number, day, agency = row.get("case_no"), row.get("award_notice_date"), row.get("agency_id")
    if len(parts) >= 3:
        number, agency = number or parts[1], agency or parts[0]
        if day is None and len(parts[2]) == 8 and parts[2].isdigit():
            day = dt.datetime.strptime(parts[2], "%Y%m%d").date()  # noqa: DTZ007 - a calendar date
    return number, day, agency


def _cases(read: Observations, rows: Sequence[Row]) -> list[set[At]]:
    table = read(_CASES)
    wanted = [_case_of(r) for r in rows]
    if table is None or "case_no" not in table.column_names:
        return [set() for _ in rows]
    seen: dict[str, list[dict[str, Any]]] = {}
    for row in _only(table, "case_no", {w[0] for w in wanted}, ("case_no", "award_notice_date", "agency_id")):
        seen.setdefault(row["case_no"], []).append(row)
    return [
        {
            _at(row)
            for row in seen.get(number or "", ())
            if row.get("award_notice_date") in (None, day)
            and not (agency and row.get("agency_id") and not agency.startswith("N:") and row["agency_id"] != agency)
        }
        for number, day, agency in wanted
    ]


def _children(read: Observations, name: str, rows: Sequence[Row]) -> list[set[At]]:
    """By the case's own row where the child hangs on it, else by the case number that the child names itself."""
    table, own = read(name), _CHILDREN[name]
    if table is None:
        return [set() for _ in rows]
    columns = (own, "case_no", "_parent_row")
    children: dict[Any, list[dict[str, Any]]] = {}
    for child in _only(table, own, {r.get(own) for r in rows}, columns):
        children.setdefault(child[own], []).append(child)
    parents = _cases(read, rows)
    out = []
    for row, places in zip(rows, parents, strict=True):
        hangs = {(digest, sheet, at) for _, digest, sheet, at in places}
        number = _case_of(row)[0]
        out.append(
            {
                _at(c)
                for c in children.get(row.get(own), ())
                if (c["_file_digest"], c["_sheet"] or "", c.get("_parent_row")) in hangs
                or (c.get("_parent_row") is None and number is not None and c.get("case_no") == number)
            }
        )
    return out


def _of_project(read: Observations, name: str, rows: Sequence[Row]) -> list[set[At]]:
    """By the project's case key and agency, and what tells its rows apart. A project that only its award notice names
    is found there."""
    own, table = _PROJECTS[name], read(name)
    wanted = [str(r["case_id"]).partition("|") for r in rows]
    seen: dict[tuple[str, Any], list[dict[str, Any]]] = {}
    for source, column in ((table, own), (read(_CASES) if own is None else None, None)):
        if source is None or "_case_key" not in source.column_names:
            continue
        columns = ("_case_key", "agency_id", *([column] if column else []))
        for row in _only(source, "_case_key", {key for _, _, key in wanted}, columns):
            seen.setdefault((row["_case_key"], row[column] if column else None), []).append(row)
    return [
        {
            _at(found)
            for found in seen.get((key, row[own] if own else None), ())
            if agency.startswith("N:") or found.get("agency_id") in (None, agency)
        }
        for row, (agency, _, key) in zip(rows, wanted, strict=True)
    ]


def _keyed(read: Observations, name: str, rows: Sequence[Row]) -> list[set[At]]:
    table, key = read(name), TABLES[name].key
    if table is None or not set(key) <= set(table.column_names):
        return [set() for _ in rows]
    seen: dict[tuple[Any, ...], set[At]] = {}
    for row in _only(table, key[0], {r.get(key[0]) for r in rows}, key):
        seen.setdefault(tuple(row[k] for k in key), set()).add(_at(row))
    return [seen.get(tuple(r.get(k) for k in key), set()) for r in rows]
