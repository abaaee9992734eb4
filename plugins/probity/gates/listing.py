"""The bad rows, fetched by ourselves: exact values from Arrow, where they came from, the wrong cells marked.

In: verdicts, frames, tables, places. Out: ``CheckResult.bad_rows`` and ``BadRows`` sheets. Why: Great Expectations caps
its own lists, and a list of bad values alone does not tell the owner which row of which file to mend. Restricted: this
is the only part of a gate that looks at values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from probity.gates.checks import KINDS, Check
from probity.gates.engine import Verdict
from probity.gates.frames import Frame
from probity.gates.model import BadRows, Place
from probity.tables import QUARANTINE, TABLES


def plain(value: Any) -> Any:
    """A cell as plain Python: NaN and NaT become None, NumPy scalars their own value."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def text(value: Any) -> str:
    """A value as text, dates in ISO form, blank when there is none."""
    return "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)


@dataclass
class Lister:
    """Fetches bad rows. ``most`` is how many are listed for a check; ``where`` the headings of file, sheet and row."""

    tables: Mapping[str, pa.Table]
    frames: Mapping[str, Frame]
    verdicts: Mapping[str, Verdict]
    places: Mapping[tuple[str, int], list[Place]]
    most: int
    where: Mapping[str, str]

    def of(self, check: Check) -> list[dict[str, Any]]:
        """A dict a wrong cell and place: key, row, column, value, file, sheet."""
        frame = self.frames.get(check.frame)
        if frame is None or not KINDS[check.kind].per_row:
            return []
        at = np.flatnonzero(self.verdicts[check.id].bad)[: self.most]
        keys = self._rows(frame, at, frame.key)
        values = self._rows(frame, at, check.marked)
        out = []
        for i, key, value in zip(at, keys, values, strict=True):
            position = frame.position(int(i))
            places: list[Place | None] = [*self.places.get((frame.table, position), [])] or [None]
            for place in places:
                for column in check.marked:
                    out.append(
                        {
                            "key": "|".join(text(v) for v in key.values()),
                            "row": place.row if place else position + 1,
                            "column": column,
                            "value": None if value[column] is None else text(value[column]),
                            "file": place.file_name if place else "",
                            "sheet": (place.sheet or "") if place else "",
                        }
                    )
        return out

    def sheets(self, failed: Sequence[Check]) -> list[BadRows]:
        """Each frame's bad rows whole, with the wrong cells marked."""
        out: list[BadRows] = []
        for frame in self.frames.values():
            marks: dict[int, list[tuple[str, str]]] = {}
            total: set[int] = set()
            for check in failed:
                if check.frame != frame.name or not KINDS[check.kind].per_row:
                    continue
                at = np.flatnonzero(self.verdicts[check.id].bad)
                total.update(at.tolist())
                for i in at[: self.most]:
                    marks.setdefault(int(i), []).extend((c, check.id) for c in check.marked)
            if marks:
                chosen = sorted(marks)[: self.most]
                out.append(self._sheet(frame, chosen, marks, len(total) - len(chosen)))
        return out

    def _sheet(self, frame: Frame, chosen: list[int], marks: Mapping[int, list[tuple[str, str]]], more: int) -> BadRows:
        columns = list(frame.headings.items())
        if frame.table:
            own = TABLES[frame.table].names
            contract = [(c.name, c.zh) for c in TABLES[frame.table].columns]
            columns = [*self.where.items(), *contract, *((c, z) for c, z in columns if c not in own)]
        rows = self._rows(frame, np.array(chosen), [c for c, _ in columns])
        if frame.table:
            self._origin(frame, chosen, rows)
        marked = {c for i in chosen for c, _ in marks[i]}
        used = tuple((c, z) for c, z in columns if c in marked or any(r.get(c) is not None for r in rows))
        flat = tuple((n, c, check) for n, i in enumerate(chosen) for c, check in marks[i])
        return BadRows(frame.name, frame.title, used, tuple(rows), flat, more)

    def _origin(self, frame: Frame, chosen: list[int], rows: list[dict[str, Any]]) -> None:
        """Adds file, sheet and row, and the columns that the suite derived, to rows of a canonical table, in place."""
        derived = [c for c in frame.headings if c not in TABLES[frame.table].names and c in frame.data.columns]
        for i, row in zip(chosen, rows, strict=True):
            position = frame.position(i)
            places = self.places.get((frame.table, position), [])
            row["_file"] = "\n".join(p.file_name for p in places) or None
            row["_sheet"] = "\n".join(p.sheet or "" for p in places).strip() or None
            row["_row"] = "\n".join(str(p.row) for p in places) or str(position + 1)
            row |= {c: plain(frame.data[c].iloc[i]) for c in derived}

    def _rows(self, frame: Frame, at: np.ndarray, columns: Sequence[str]) -> list[dict[str, Any]]:
        """Rows as plain Python values, from the Arrow table where there is one (exact), else from the frame."""
        if frame.table:
            table = self.tables[frame.table]
            have = [c for c in columns if c in table.column_names]
            rows = table.select(have).take(pa.array([frame.position(int(i)) for i in at], pa.int64())).to_pylist()
        else:
            have = [c for c in columns if c in frame.data.columns]
            rows = frame.data[have].iloc[at].astype(object).to_dict("records")
        return [{c: plain(r.get(c)) for c in columns} for r in rows]


INGEST_COLUMNS = ("file_name", "sheet", "row", "column", "value", "reason", "expected", "action")


def ingest_cells(table: pa.Table | None, files: Frame | None, title: str, most: int) -> BadRows | None:
    """The cells that reading set aside (a QUARANTINE table) in the files that concern the period."""
    if table is None or files is None or table.num_rows == 0:
        return None
    ours = pa.array(sorted(set(files.data["digest"])), pa.string())
    rows = table.filter(pc.is_in(table["file_digest"], value_set=ours))
    if rows.num_rows == 0:
        return None
    listed = rows.slice(0, most).to_pylist()
    headings = tuple((c, QUARANTINE.column(c).zh) for c in INGEST_COLUMNS)
    marks = tuple((i, "value", "") for i in range(len(listed)))
    return BadRows("ingest", title, headings, tuple(listed), marks, rows.num_rows - len(listed))
