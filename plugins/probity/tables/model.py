"""What a canonical table is: its columns with types and Chinese names, its key, its Arrow schema.

In: nothing. Out: ``Column``, ``Table`` and the Arrow and DuckDB types. Money is whole New Taiwan dollars (NTD) as int64
and NULL when unknown (blank is never 0). Dates are calendar dates without a zone. Ratios are plain fractions (0.8).
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

ARROW_TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "date": pa.date32(),
    "bool": pa.bool_(),
}

DUCKDB_TYPES: dict[str, str] = {
    "text": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "date": "DATE",
    "bool": "BOOLEAN",
}


@dataclass(frozen=True)
class Column:
    """One canonical column: ``type`` is a key of ARROW_TYPES; ``required`` means never NULL."""

    name: str
    type: str
    zh: str
    note: str = ""
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One canonical table; ``key`` names the columns that identify a row."""

    name: str
    zh: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.columns]

    def column(self, name: str) -> Column:
        """The column called ``name``; KeyError says which table lacks it."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}")

    def arrow_schema(self) -> pa.Schema:
        """The exact Arrow schema in which the table is laid down as Parquet."""
        return pa.schema([pa.field(c.name, ARROW_TYPES[c.type], nullable=not c.required) for c in self.columns])


def col(name: str, type: str, zh: str, note: str = "", required: bool = False) -> Column:
    return Column(name, type, zh, note, required)
