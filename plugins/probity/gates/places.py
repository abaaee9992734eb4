"""Where a bad canonical row came from: the file, sheet and row that its owner has to mend.

In: the observations that readers laid down (canonical columns plus ``_source``, ``_file_digest``, ``_sheet``,
``_row``). Out: a ``Locate`` for ``context['locate']``. Why: a canonical row may be merged from several files; all are
named. It is asked only for rows that are bad, so nothing is indexed while a gate passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from probity.gates.model import Place
from probity.tables import TABLES

Key = tuple[Any, ...]
Locate = Callable[[str, Sequence[Key]], Mapping[Key, Sequence[Place]]]


def locator(observations: Mapping[str, pa.Table], file_names: Mapping[str, str]) -> Locate:
    """A ``Locate`` over observation tables that have the canonical key columns; ``file_names`` is digest -> name."""

    def locate(table: str, keys: Sequence[Key]) -> dict[Key, list[Place]]:
        seen = observations.get(table)
        columns = TABLES[table].key
        if seen is None or not set(columns) <= set(seen.column_names):
            return {}
        wanted = set(keys)
        first = pa.array(sorted({k[0] for k in wanted if k[0] is not None}), type=seen[columns[0]].type)
        rows = seen.filter(pc.is_in(seen[columns[0]], value_set=first))
        found: dict[Key, list[Place]] = {}
        for row in rows.select([*columns, "_source", "_file_digest", "_sheet", "_row"]).to_pylist():
            key = tuple(row[c] for c in columns)
            if key in wanted:
                digest = row["_file_digest"]
                place = Place(
                    file_names.get(digest, digest[:12]), digest, row["_source"], row["_sheet"] or None, int(row["_row"])
                )
                found.setdefault(key, []).append(place)
        return {k: sorted(v, key=lambda p: (p.file_name, p.sheet or "", p.row)) for k, v in found.items()}

    return locate
