"""Set work over observations: DuckDB over the Parquet files that readers laid down, and the way back to Arrow.

In: ``Ingested`` files and the ObjectStore. Out: a connection with the views obs_<table>, the files in an order of their
own, canonical tables. Why apart: the merge of procurement and that of works stand on the same ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from probity import text
from probity.sources import observations as obs
from probity.sources.intake import Ingested
from probity.store.objects import ObjectStore
from probity.tables import TABLES

SQL = Path(__file__).with_name("sql")

PRECEDENCE = ("notice_detail", "award_csv", "award_vendors", "notice_index", "halfmonth_xml", "city_list")
MERGED = (*obs.CASE_TABLES, "agency", "auditor", "audit_result")

MEMORY_LIMIT = "900MB"  # beyond it DuckDB spills to a temporary folder
THREADS = 2


def unique_files(ingested: Sequence[Ingested]) -> list[Ingested]:
    """The read files, one a digest and source, in an order of their own (not that of arrival)."""
    unique = {(f.source_id, f.digest): f for f in sorted(ingested, key=lambda f: f.file_name) if f.refused is None}
    return [unique[k] for k in sorted(unique)]


def connect(spill: str) -> duckdb.DuckDBPyConnection:
    """A DuckDB of this process alone, that spills into the folder ``spill`` beyond MEMORY_LIMIT."""
    config: dict[str, Any] = {
        "memory_limit": MEMORY_LIMIT,
        "threads": THREADS,
        "preserve_insertion_order": False,
        "temp_directory": spill,
    }
    return duckdb.connect(":memory:", config=config)


def run_sql(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """The file ``sql/<name>.sql`` of this room."""
    con.execute((SQL / f"{name}.sql").read_text(encoding="utf-8"))


def load_observations(
    con: duckdb.DuckDBPyConnection,
    files: list[Ingested],
    objects: ObjectStore,
    tables: Sequence[str] = MERGED,
) -> None:
    """Makes the views obs_<table>, the table file (fno, digest, prec, last_date) and agency_listed."""
    digests = sorted({f.digest for f in files})
    number = {d: i for i, d in enumerate(digests)}
    rows = [
        {
            "fno": number[f.digest],
            "digest": f.digest,
            "prec": PRECEDENCE.index(f.source_id) if f.source_id in PRECEDENCE else len(PRECEDENCE),
            "last_date": f.last_date,
        }
        for f in files
    ]
    schema = pa.schema({"fno": pa.int64(), "digest": pa.string(), "prec": pa.int64(), "last_date": pa.date32()})
    con.register("file", pa.Table.from_pylist(rows, schema=schema))
    for name in tables:
        paths = [str(objects.table_path(f.observation_digests[name])) for f in files if name in f.observation_digests]
        if paths:
            quoted = ", ".join("'" + p.replace("'", "''") + "'" for p in paths)
            con.execute(f"CREATE VIEW obs_{name} AS SELECT * FROM read_parquet([{quoted}])")
        else:
            con.register(f"obs_{name}", obs.schema(name).empty_table())
    listed = con.sql("SELECT DISTINCT agency_id, agency_name FROM obs_agency").to_arrow_table()
    ids: dict[str, set[str]] = {}
    for agency_id, name in zip(listed["agency_id"].to_pylist(), listed["agency_name"].to_pylist(), strict=True):
        ids.setdefault(text.name_key(name), set()).add(agency_id)
    known = sorted((key, next(iter(found))) for key, found in ids.items() if len(found) == 1)
    con.register(
        "agency_listed",
        pa.table(
            {
                "name_key": pa.array([k for k, _ in known], pa.string()),
                "agency_id": pa.array([i for _, i in known], pa.string()),
            }
        ),
    )


def arrow_table(con: duckdb.DuckDBPyConnection, name: str, sql: str) -> pa.Table:
    """The rows of ``sql`` as the canonical table ``name``: its columns, its schema, sorted by its key."""
    table = TABLES[name]
    columns = ", ".join(f'"{c}"' for c in table.names)
    order = ", ".join(f'"{c}" NULLS FIRST' for c in table.key)
    found = con.sql(f"SELECT {columns} FROM ({sql}) ORDER BY {order}").to_arrow_table()
    return found.cast(table.arrow_schema()).combine_chunks()
