"""Inspections with what they found, as one list to count from.

In: INSPECTION, INSPECTION_TEST and DEFECT rows. Out: ``Visit`` objects, sorted, cut off at a day. Why: a rate of
defects needs its denominator, the inspections that found none among them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from probity.calendar import Period

SEVERITIES = ("minor", "major", "grave")
SERIOUS = ("major", "grave")


@dataclass(frozen=True)
class Visit:
    """One inspection: its INSPECTION row, its DEFECT rows and its INSPECTION_TEST rows.

    ``listed``: False when only its defects tell of it (earlier years' lists may hold defects alone). ``irregular``: a
    test failed over the whole work, or a major or grave defect was found: what counts as a hit of the selection (the
    same as in ``probity.acceptance.results``).
    """

    row: Mapping[str, Any]
    defects: tuple[Mapping[str, Any], ...]
    tests: tuple[Mapping[str, Any], ...]
    listed: bool = True

    @property
    def id(self) -> str:
        return str(self.row["inspection_id"])

    @property
    def date(self) -> dt.date:
        found: dt.date = self.row["inspected_date"]
        return found

    @property
    def again(self) -> bool:
        """Is it a re-inspection, which looks at earlier defects and is no part of any rate?"""
        return bool(self.row["reinspects"])

    @property
    def states(self) -> dict[str, str]:
        """Test -> pass, fail or not_assessable: that of the whole work (lot 0), else of its lots together."""
        lots: dict[str, dict[int, str]] = defaultdict(dict)
        for row in self.tests:
            lots[row["test"]][row["lot"]] = row["state"]
        return {
            test: states.get(0) or next((s for s in ("fail", "pass") if s in states.values()), "not_assessable")
            for test, states in lots.items()
        }

    @property
    def irregular(self) -> bool:
        return any(d["severity"] in SERIOUS for d in self.defects) or "fail" in self.states.values()

    @property
    def firms(self) -> list[str]:
        """The contractors of a joint contract, each by itself."""
        return sorted({f for f in str(self.row["firm_name"] or "").split("、") if f})


def visits(tables: Mapping[str, pa.Table], until: dt.date) -> list[Visit]:
    """Every inspection up to ``until``, by date and id. ``tables``: inspection, inspection_test, defect.

    A defect is dated by its inspection; one whose inspection is not listed makes a visit of its own fields.
    """
    defects, tests = _by_inspection(tables["defect"]), _by_inspection(tables["inspection_test"])
    known = {r["inspection_id"]: r for r in tables["inspection"].to_pylist()}
    found = [Visit(row, tuple(defects.get(i, ())), tuple(tests.get(i, ()))) for i, row in known.items()]
    names = tables["inspection"].schema.names
    for i, rows in defects.items():
        if i not in known:
            first = dict.fromkeys(names) | {k: v for k, v in rows[0].items() if k in names}
            row = first | {"inspected_date": min(r["found_date"] for r in rows)}
            found.append(Visit(row, tuple(rows), (), listed=False))
    return sorted((v for v in found if v.date <= until), key=lambda v: (v.date, v.id))


def _by_inspection(table: pa.Table) -> dict[str, list[dict[str, Any]]]:
    out: dict[str, list[dict[str, Any]]] = defaultdict(list)
    key = "defect_id" if "defect_id" in table.schema.names else "test"
    for row in sorted(table.to_pylist(), key=lambda r: (r["inspection_id"], r[key], r.get("lot") or 0)):
        out[row["inspection_id"]].append(row)
    return out


def within(found: Sequence[Visit], period: Period) -> list[Visit]:
    """The visits of ``period``."""
    return [v for v in found if period.contains(v.date)]
