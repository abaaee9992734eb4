"""What belongs together: a contract and the permits on its road, the reports about it, a report and its repetition.

In: the canonical tables of works (probity.tables). Out: PROJECT_PERMIT, PROJECT_COMPLAINT, and for each report the one
that it repeats. Why: signals count complaints near the works and digs into new asphalt; these tables say which, by
which way of matching, and how far off, so that a reader can judge each.

Where a contract is: the shapes of the permits that are its own (``method`` title); where it has none, its point; a
permit without a shape is its point. Distances are metres in EPSG:3826, from the nearest part, 0 inside. All work is
on sets: DuckDB joins and a tree over shapes, never a loop over pairs.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from probity import text
from probity.matching import geo
from probity.matching.meeting import Rows, meeting
from probity.tables import PROJECT_COMPLAINT, PROJECT_PERMIT

SQL = Path(__file__).with_name("sql")
MEMORY_LIMIT = "600MB"
THREADS = 2
SHORTEST_TITLE = 8
LONE_TITLE = 14
_PUNCTUATION = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Options:
    """How wide to look. These bound what is listed; what counts is for the dated thresholds of the signals.

    ``permit_radius_m``: a permit this near the works meets them by shape. ``complaint_radius_m``: the same for reports.
    ``road_max_m``: two places known to be farther apart than this are not the same works, though the road is.
    ``duplicate_radius_m``, ``duplicate_days``: a report of the same matter within both repeats the earlier one.
    """

    permit_radius_m: float = 30.0
    complaint_radius_m: float = 300.0
    road_max_m: float = 1500.0
    duplicate_radius_m: float = 50.0
    duplicate_days: int = 14

    @classmethod
    def of(cls, values: Mapping[str, Any] | Options | None) -> Options:
        """From a mapping (works.yaml); keys that are not of matching are left alone, missing ones take the default."""
        if isinstance(values, Options):
            return values
        return cls(**{k: v for k, v in (values or {}).items() if k in cls.__dataclass_fields__})


def project_permits(
    project: pa.Table,
    project_firm: pa.Table,
    permit: pa.Table,
    permit_firm: pa.Table,
    options: Mapping[str, Any] | Options | None = None,
) -> pa.Table:
    """PROJECT_PERMIT: by title (the permit is the contract's own), by shape, by road: the first that holds.

    ``same_firm`` is true only for a sure match of firms (probity.matching.firms). No time enters: a signal compares the
    dates it needs.
    """
    wanted = Options.of(options)
    shapes = _permit_geometry(permit)
    rows = {"project_row": _numbered(project, "project", "case_id"), "permit_row": _permit_rows(permit)}
    same_firm = _run("same_firm", rows | {"project_firm": project_firm, "permit_firm": permit_firm})
    own = _run(
        "own_permits",
        {
            "project_title": _titles(project, "project"),
            "permit_title": _titles(permit, "permit"),
            "same_firm": same_firm,
        },
        shortest=SHORTEST_TITLE,
        lone=LONE_TITLE,
    )
    places = _places(project, _column(own, "project"), _column(own, "permit"), shapes)
    near = geo.near(places.geometry, shapes, wanted.permit_radius_m)
    road = meeting(project["road_keys"], permit["road_keys"])
    known = {
        "own": _pairs("permit", _column(own, "project"), _column(own, "permit"), places, shapes),
        "near": pa.table({"project": places.owner[near.left], "permit": near.right, "distance": near.distance}),
        "road": _pairs("permit", *road, places, shapes),
        "same_firm": same_firm,
    }
    found = _run("project_permits", rows | known, road_max=wanted.road_max_m)
    return found.cast(PROJECT_PERMIT.arrow_schema())


def project_complaints(
    project: pa.Table,
    project_permit: pa.Table,
    permit: pa.Table,
    complaint: pa.Table,
    options: Mapping[str, Any] | Options | None = None,
) -> pa.Table:
    """PROJECT_COMPLAINT: by the contract's number, by distance to where the works are, by road: the first that holds.

    Every report is looked at, of whatever matter; ``complaint.about_road`` and ``duplicate_of`` are for the signals.
    """
    wanted = Options.of(options)
    shapes = _permit_geometry(permit)
    spots = geo.points(complaint["x"], complaint["y"])
    rows = {
        "project_row": _numbered(project, "project", "case_id"),
        "complaint_row": _numbered(complaint, "complaint", "complaint_id"),
    }
    own = project_permit.filter(pc.equal(project_permit["method"], "title"))
    places = _places(
        project,
        _column(pa.table({"row": pc.index_in(own["case_id"], _chunk(project["case_id"]))}), "row"),
        _column(pa.table({"row": pc.index_in(own["permit_id"], _chunk(permit["permit_id"]))}), "row"),
        shapes,
    )
    named = _run(
        "case_no_pairs", {"project_no": _numbers(project, "project"), "complaint_no": _numbers(complaint, "complaint")}
    )
    near = geo.near(places.geometry, spots, wanted.complaint_radius_m)
    road = meeting(project["road_keys"], complaint["road_keys"])
    known = {
        "named": _pairs("complaint", _column(named, "project"), _column(named, "complaint"), places, spots),
        "near": pa.table({"project": places.owner[near.left], "complaint": near.right, "distance": near.distance}),
        "road": _pairs("complaint", *road, places, spots),
    }
    found = _run("project_complaints", rows | known, road_max=wanted.road_max_m)
    return found.cast(PROJECT_COMPLAINT.arrow_schema())


def mark_duplicates(complaint: pa.Table, options: Mapping[str, Any] | Options | None = None) -> pa.Array:
    """For each report the id of the one that it repeats, NULL for a first one; in the order of the rows.

    The same matter is the same category and subcategory (a report without a category repeats nothing) and the same
    contract number, if any. The same place is within ``duplicate_radius_m``; where one of the two has no coordinates,
    the same district and the same text of the place. A report repeats the earliest one of the ``duplicate_days`` before
    it; where that one is itself a repeat, what it repeats is named. Order: date of receipt, then id.
    """
    wanted = Options.of(options)
    order = pc.sort_indices(complaint, sort_keys=[("received_date", "ascending"), ("complaint_id", "ascending")])
    report = complaint.take(order)
    category = pc.binary_join_element_wise(
        report["category"], pc.fill_null(report["subcategory"], ""), "|", null_handling="emit_null"
    )
    place = pc.binary_join_element_wise(report["district"], _keys(report["location"]), "|", null_handling="emit_null")
    found = _run(
        "duplicates",
        {
            "report": pa.table(
                {
                    "report": pa.array(range(report.num_rows), pa.int64()),
                    "received_date": report["received_date"],
                    "matter": category,
                    "case_no": report["case_no"],
                    "x": report["x"],
                    "y": report["y"],
                    "place": place,
                }
            )
        },
        radius=wanted.duplicate_radius_m,
        days=wanted.duplicate_days,
    )
    first = np.arange(report.num_rows)
    first[_column(found, "report")] = _column(found, "first")
    while not np.array_equal(first, further := first[first]):
        first = further
    repeats = first != np.arange(report.num_rows)
    ids = pc.if_else(pa.array(repeats), report["complaint_id"].take(pa.array(first)), pa.scalar(None, pa.string()))
    return _chunk(ids.take(pc.sort_indices(order)))


# ---------------------------------------------------------------------------------------------- places


@dataclass(frozen=True)
class _Places:
    """Where the contracts are: a geometry a row, and the contract's row; one contract may have many."""

    owner: Rows
    geometry: npt.NDArray[Any]


def _places(project: pa.Table, owner: Rows, permit: Rows, shapes: npt.NDArray[Any]) -> _Places:
    geometry = shapes[permit]
    known = np.array([g is not None for g in geometry], dtype=bool)
    spots = geo.points(project["x"], project["y"])
    lone = np.setdiff1d(np.flatnonzero([s is not None for s in spots]), owner[known])
    return _Places(np.concatenate([owner[known], lone]), np.concatenate([geometry[known], spots[lone]]))


def _permit_geometry(permit: pa.Table) -> npt.NDArray[Any]:
    import shapely

    shapes: npt.NDArray[Any] = shapely.from_wkt(np.array(permit["shape"].to_pylist(), dtype=object))
    spots = geo.points(permit["x"], permit["y"])
    missing = shapely.is_missing(shapes)
    shapes[missing] = spots[missing]
    return shapes


def _pairs(name: str, project: Rows, other: Rows, places: _Places, shapes: npt.NDArray[Any]) -> pa.Table:
    """The pairs with their distance: NULL where one of the two has no known place, else to the nearest part."""
    import shapely

    order = np.argsort(places.owner, kind="stable")
    owner = places.owner[order]
    begin, end = np.searchsorted(owner, project, "left"), np.searchsorted(owner, project, "right")
    parts = end - begin
    pair = np.repeat(np.arange(len(project)), parts)
    step = np.arange(len(pair)) - np.repeat(np.cumsum(parts) - parts, parts)
    place = order[begin[pair] + step]
    distance = shapely.distance(places.geometry[place], shapes[other[pair]])
    nearest = np.full(len(project), np.nan)
    np.fmin.at(nearest, pair, distance)
    return pa.table(
        {"project": project, name: other, "distance": pa.array(nearest, pa.float64(), mask=np.isnan(nearest))}
    )


# ---------------------------------------------------------------------------------------------- sets


def _run(name: str, tables: Mapping[str, pa.Table], **values: Any) -> pa.Table:
    """The file ``sql/<name>.sql`` over the tables; the values are the one row of the table ``wanted``."""
    statement = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="probity-matching-") as spill:
        limits: dict[str, Any] = {"memory_limit": MEMORY_LIMIT, "threads": THREADS, "temp_directory": spill}
        with duckdb.connect(config=limits) as con:
            for table, rows in tables.items():
                con.register(table, rows)
            if values:
                con.register("wanted", pa.table({key: [value] for key, value in values.items()}))
            return con.sql(statement).to_arrow_table()


def _column(table: pa.Table, name: str) -> Rows:
    return np.asarray(table[name].to_numpy(), dtype=np.int64)


def _chunk(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _numbered(table: pa.Table, name: str, key: str) -> pa.Table:
    return pa.table({name: pa.array(range(table.num_rows), pa.int64()), key: table[key]})


def _permit_rows(permit: pa.Table) -> pa.Table:
    return _numbered(permit, "permit", "permit_id").append_column("firm_key", permit["firm_key"])


def _keys(column: pa.ChunkedArray) -> pa.Array:
    """Texts for comparing: folded, blanks and punctuation dropped, digits kept. Each distinct text is read once."""
    encoded = _chunk(column).dictionary_encode()
    keys = [_PUNCTUATION.sub("", text.fold(t)) if t else None for t in encoded.dictionary.to_pylist()]
    return pa.array(keys, pa.string()).take(encoded.indices)


def _titles(table: pa.Table, name: str) -> pa.Table:
    rows = pa.table({name: pa.array(range(table.num_rows), pa.int64()), "key": _keys(table["title"])})
    return rows.filter(pc.is_valid(rows["key"]))


def _numbers(table: pa.Table, name: str) -> pa.Table:
    """Row, contract number and agency of the rows that name a contract, ready for comparing."""
    numbers = [text.case_no_key(n) if n else None for n in table["case_no"].to_pylist()]
    agencies = [text.name_key(n) if n else None for n in table["agency_name"].to_pylist()]
    rows = pa.table(
        {
            name: pa.array(range(table.num_rows), pa.int64()),
            "no": pa.array(numbers, pa.string()),
            "agency": pa.array(agencies, pa.string()),
        }
    )
    return rows.filter(pc.is_valid(rows["no"]))
