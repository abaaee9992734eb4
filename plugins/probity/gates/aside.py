"""What a quarantine sets aside: bad rows with all that hangs on them, and bad cells emptied in rows that go on.

In: verdicts of quarantine severity, the tables, the limits of gates.yaml. Out: the tables that go on, a QUARANTINE
table, counts that must balance, and the lines by which the quarantine itself is judged (``suites.quarantine``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from probity import canonical
from probity.calendar import Period
from probity.gates.checks import Check
from probity.gates.frames import PROCUREMENT, Frame, in_period
from probity.gates.listing import text
from probity.gates.model import Place
from probity.gates.suites import canonical as procurement
from probity.gates.suites import inspection, works
from probity.tables import QUARANTINE, TABLES, Family

DEPENDANTS = procurement.DEPENDANTS | works.DEPENDANTS | inspection.DEPENDANTS
FOLLOWS = "parent_quarantined"

Places = Mapping[tuple[str, int], list[Place]]
Words = Callable[[str], tuple[str, str]]
"""check id (or FOLLOWS) -> (what is expected, who does what)"""


class Aside:
    """Masks over the tables: rows to set aside, cells to empty, and for each such cell the checks that found it."""

    def __init__(self, tables: Mapping[str, pa.Table], limits: Mapping[str, Any], family: Family = PROCUREMENT) -> None:
        self.tables, self.limits, self.family = tables, limits, family
        self.rows: dict[str, np.ndarray] = {}
        self.cells: dict[tuple[str, str], np.ndarray] = {}
        self.why: dict[tuple[str, int, str], list[str]] = {}
        self.own: dict[str, int] = {}

    def _blank(self, table: str) -> np.ndarray:
        return np.zeros(self.tables[table].num_rows, dtype=bool)

    # -- what goes ----------------------------------------------------------------------------------------------
    def take(self, check: Check, frame: Frame, bad: np.ndarray) -> None:
        """Mark the bad rows (or cells) of ``check`` on a frame of a canonical table."""
        at = np.flatnonzero(bad)
        at = at if frame.positions is None else frame.positions[at]
        if check.aside == "row":
            self.rows.setdefault(frame.table, self._blank(frame.table))[at] = True
        for column in check.marked:
            if check.aside == "value":
                self.cells.setdefault((frame.table, column), self._blank(frame.table))[at] = True
            for i in at:
                self.why.setdefault((frame.table, int(i), column), []).append(check.id)

    def follow(self) -> None:
        """Mark the rows that hang on a row that goes: they would be judged without it."""
        self.own = {t: int(m.sum()) for t, m in self.rows.items()}
        for parent, children in DEPENDANTS.items():
            mask = self.rows.get(parent)
            if mask is None or not mask.any():
                continue
            for child, key in ((c, k) for c, k in children.items() if c in self.tables):
                gone = self.tables[parent][key].filter(pa.array(mask)).drop_null().unique()
                hangs = pc.is_in(self.tables[child][key], value_set=gone).to_numpy()
                already = self.rows.setdefault(child, self._blank(child))
                for i in np.flatnonzero(hangs & ~already):
                    self.why[child, int(i), key] = [FOLLOWS]
                already |= hangs

    # -- is it too much? ----------------------------------------------------------------------------------------
    def lines(self, period: Period) -> list[dict[str, Any]]:
        """What is set aside of each table against its limit, and of the cases once more within the period alone:
        years of clean history must not hide a period that is all dirt."""
        out = []
        for table in sorted({*self.rows, *(t for t, _ in self.cells)}):
            every = ~self._blank(table)
            out.append(self._line(TABLES[table].zh, table, every, self.own.get(table, 0)))
            if table == self.family.case:
                scope = in_period(self.tables[table], period, self.family)
                out.append(self._line(f"{TABLES[table].zh}（本期）", table, scope, None))
        return out

    def _line(self, label: str, table: str, among: np.ndarray, own: int | None) -> dict[str, Any]:
        mask = self.rows.get(table, self._blank(table))
        share = float(self.limits["share"])
        emptied = self._emptied(table) & ~mask
        rows, aside, cells = int(among.sum()), int((mask & among).sum()), int((emptied & among).sum())
        allowed = int(max(float(self.limits["rows"]), share * rows))
        counted = max(aside if own is None else own, cells)
        left = int((~mask & among).sum())
        return {
            "table": label,
            "rows_in": rows,
            "rows_out": left,
            "rows_aside": aside,
            "cells": cells,
            "allowed": allowed,
            "over": max(0, counted - allowed) or (counted if rows and not left and share < 1 else 0),
            "lost": rows - left - aside,
        }

    def _emptied(self, table: str) -> np.ndarray:
        out = self._blank(table)
        for (name, _), mask in self.cells.items():
            if name == table:
                out |= mask
        return out

    def in_period(self, period: Period) -> int:
        """Cases of the period itself that lose their row or a cell, of their own or of what hangs on them (a bid, a
        change): history that stays bad is no news."""
        case = self.family.case
        cases = self.tables[case]
        own = set(cases["case_id"].filter(pa.array(in_period(cases, period, self.family))).to_pylist())
        touched: set[str | None] = set()
        for name in (case, *DEPENDANTS[case]):
            mask = self._emptied(name) | self.rows.get(name, self._blank(name)) if name in self.tables else np.zeros(0)
            if mask.any():
                touched |= set(self.tables[name]["case_id"].filter(pa.array(mask)).to_pylist())
        return len(touched & own)

    # -- what stays ---------------------------------------------------------------------------------------------
    def keep(self, name: str) -> pa.Table:
        """The table that goes on: cells emptied, rows gone, order and schema as they were."""
        table = self.tables[name]
        for (owner, column), mask in self.cells.items():
            if owner == name and mask.any():
                field = table.schema.field(column)
                emptied = pc.if_else(pa.array(mask), pa.scalar(None, field.type), table[column])
                table = table.set_column(table.column_names.index(column), field, emptied)
        rows = self.rows.get(name)
        return table if rows is None or not rows.any() else table.filter(pa.array(~rows))

    def counts(self, name: str) -> dict[str, int]:
        """in, out, quarantined and emptied cells of one table."""
        mask = self.rows.get(name, self._blank(name))
        cells = sum(int((m & ~mask).sum()) for (t, _), m in self.cells.items() if t == name)
        aside, rows = int(mask.sum()), self.tables[name].num_rows
        return {"in": rows, "out": rows - aside, "quarantined": aside, "cells": cells}

    # -- what is owed to the owner ------------------------------------------------------------------------------
    def items(self, places: Places, words: Words, digests: Mapping[str, str]) -> list[dict[str, Any]]:
        """A QUARANTINE row for each cell, at each place that its row came from; two findings on one cell are one row.

        A row whose file is not known goes by its table: ``digests`` (table -> digest of its snapshot), else a digest of
        its keys and of what was found.
        """
        found: dict[tuple[str, str, int, str], dict[str, Any]] = {}
        tables: dict[str, list[tuple[int, str, list[str]]]] = {}
        for (table, position, column), checks in self.why.items():
            tables.setdefault(table, []).append((position, column, checks))
        for table, cells in sorted(tables.items()):
            cells.sort(key=lambda c: c[:2])
            at = sorted({p for p, _, _ in cells})
            rows = dict(zip(at, self.tables[table].take(pa.array(at, pa.int64())).to_pylist(), strict=True))
            values = [[p, c, text(rows[p].get(c))] for p, c, _ in cells]
            digest = digests.get(table) or self._digest(table, values)
            aside = self.rows.get(table, self._blank(table))
            for position, column, checks in cells:
                nowhere = Place(TABLES[table].zh, digest, None, table, position + 1)
                for place in places.get((table, position)) or [nowhere]:
                    severity = "row" if aside[position] else "value"
                    row = _item(table, column, rows[position].get(column), checks, place, severity, words)
                    key = (row["file_digest"], row["sheet"] or "", row["row"], row["column"])
                    found[key] = _merged(found[key], row) if key in found else row
        return [found[k] for k in sorted(found)]

    def _digest(self, table: str, values: list[list[Any]]) -> str:
        keys = self.tables[table].select(list(TABLES[table].key)).combine_chunks()
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, keys.schema) as stream:
            stream.write_table(keys)
        return canonical.digest([table, canonical.sha256(sink.getvalue().to_pybytes()), values])


def as_table(items: list[dict[str, Any]]) -> pa.Table:
    """The items as a QUARANTINE table, in the order of its key."""
    key = ("file_digest", "sheet", "row", "column")
    items = sorted(items, key=lambda i: tuple(str(i.get(k) or "") if k != "row" else i.get(k) or 0 for k in key))
    return pa.Table.from_pylist(items, schema=QUARANTINE.arrow_schema())


def refused_files(files: Frame, words: Mapping[str, str]) -> list[dict[str, Any]]:
    """A QUARANTINE row for each file that was refused whole."""
    return [
        {
            "file_digest": row["digest"],
            "file_name": row["file"],
            "source_id": row["source"],
            "reason": "file_refused",
            "expected": words["expected"],
            "action": words["action"],
            "severity": "file",
        }
        for row in files.data.astype(object).to_dict("records")
        if not row["accepted"]
    ]


def _item(
    table: str, column: str, value: Any, checks: list[str], place: Place, severity: str, words: Words
) -> dict[str, Any]:
    said = [words(check) for check in dict.fromkeys(checks)]
    return {
        "file_digest": place.file_digest,
        "file_name": place.file_name,
        "source_id": place.source_id,
        "sheet": place.sheet,
        "row": place.row,
        "column": TABLES[table].column(column).zh,
        "field": column,
        "value": None if value is None else text(value),
        "reason": ",".join(dict.fromkeys(checks)),
        "expected": "；".join(dict.fromkeys(e for e, _ in said)),
        "action": "；".join(dict.fromkeys(a for _, a in said)),
        "severity": severity,
    }


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two findings on one cell of the sender's file: reasons and sentences joined, the graver severity kept."""
    out = dict(one)
    for part, joint in (("reason", ","), ("expected", "；"), ("action", "；")):
        out[part] = joint.join(dict.fromkeys([*one[part].split(joint), *other[part].split(joint)]))
    out["severity"] = "row" if "row" in (one["severity"], other["severity"]) else one["severity"]
    return out
