"""Which rows of two tables speak of one road.

In: two ``road_keys`` columns (probity.matching.roads). Out: row numbers of the pairs. Why apart: 200,000 permits and
50,000 reports make millions of pairs; joined on sorted numbers, no row is looked at that does not meet.

Two keys meet when district and road are equal, and the sections are equal or one of them names none. A key without a
district meets nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Rows = npt.NDArray[np.int64]
_KEY = "^(?P<road>[^/]+/.+?)(?P<section>[一二三四五六七八九十]+段)?$"


@dataclass(frozen=True)
class _Side:
    """The keys of a column, an element a key: its row, road and section as numbers (0: no section named), and whether
    the row has other keys too."""

    row: Rows
    road: Rows
    section: Rows
    shared: npt.NDArray[np.bool_]

    def only(self, keep: npt.NDArray[np.bool_]) -> _Side:
        return _Side(self.row[keep], self.road[keep], self.section[keep], self.shared[keep])


def meeting(left: pa.Array | pa.ChunkedArray, right: pa.Array | pa.ChunkedArray) -> tuple[Rows, Rows]:
    """Row numbers, left and right, of what meets; each pair once, in no particular order."""
    one, other = _split(left), _split(right)
    roads = pc.unique(pc.drop_null(pa.chunked_array([one["road"], other["road"]])))
    sections = pc.unique(pc.drop_null(pa.chunked_array([one["section"], other["section"]])))
    a, b = (_side(keys, roads, sections) for keys in (one, other))
    size = len(sections) + 1
    joins = (
        _join(a, b, a.road * size + a.section, b.road * size + b.section),
        _join(a_named := a.only(a.section > 0), b_whole := b.only(b.section == 0), a_named.road, b_whole.road),
        _join(a_whole := a.only(a.section == 0), b_named := b.only(b.section > 0), a_whole.road, b_named.road),
    )
    first, second, again = (np.concatenate(parts) for parts in zip(*joins, strict=True))
    width = max(len(right), 1)
    repeated = np.divmod(_unique(first[again] * width + second[again]), width)
    return np.concatenate([first[~again], repeated[0]]), np.concatenate([second[~again], repeated[1]])


def _split(keys: pa.Array | pa.ChunkedArray) -> pa.RecordBatch:
    """Each key of each row: row, road, section (NULL where it names none, or has no district)."""
    column = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
    lists = pc.split_pattern(pc.cast(column, pa.string()), ",")
    key = pc.list_flatten(lists).dictionary_encode()  # each distinct key is read once
    parts = pc.extract_regex(key.dictionary, _KEY)
    section = pc.struct_field(parts, "section")
    section = pc.if_else(pc.equal(section, ""), pa.scalar(None, pa.string()), section)
    columns = {
        "row": pc.cast(pc.list_parent_indices(lists), pa.int64()),
        "road": pc.struct_field(parts, "road").take(key.indices),
        "section": section.take(key.indices),
    }
    return pa.record_batch(columns)


def _side(keys: pa.RecordBatch, roads: pa.Array, sections: pa.Array) -> _Side:
    row = keys["row"].to_numpy()
    shared = np.bincount(row)[row] > 1 if len(row) else np.empty(0, dtype=np.bool_)
    road = pc.fill_null(pc.index_in(keys["road"], roads, skip_nulls=True), -1).to_numpy().astype(np.int64)
    section = pc.fill_null(pc.index_in(keys["section"], sections, skip_nulls=True), -1).to_numpy().astype(np.int64) + 1
    return _Side(row, road, section, shared).only(road >= 0)


def _join(a: _Side, b: _Side, a_code: Rows, b_code: Rows) -> tuple[Rows, Rows, npt.NDArray[np.bool_]]:
    """Rows of the pairs of equal codes, and whether the pair may be met again: one of its rows has several keys."""
    size = int(max(a_code.max(initial=-1), b_code.max(initial=-1))) + 1
    order = np.argsort(b_code, kind="stable")
    there = np.bincount(b_code, minlength=size)
    count = there[a_code]
    begin = (np.cumsum(there) - there)[a_code] - (np.cumsum(count) - count)
    place = np.repeat(begin, count) + np.arange(count.sum())
    second, shared = b.row[order][place], b.shared[order][place]
    return np.repeat(a.row, count), second, np.repeat(a.shared, count) | shared


def _unique(values: Rows) -> Rows:
    values = np.sort(values)
    return values[np.diff(values, prepend=-1) != 0]
