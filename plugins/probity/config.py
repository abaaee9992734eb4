"""Dated configuration: thresholds and rules as data (YAML in ``include/config``), chosen by a case's own date.

In: a config folder. Out: plain dicts, and ``threshold_table`` for SQL to join on.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from probity import canonical


def load(folder: Path, name: str) -> Any:
    """The YAML file ``<name>.yaml`` of ``folder``. FileNotFoundError or ValueError name the file."""
    path = folder / f"{name}.yaml"
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not valid YAML: {error}") from error


def thresholds(folder: Path) -> list[dict[str, Any]]:
    """``thresholds.yaml`` flattened: name, value (number), effective_from, effective_to (NULL: in force), law.

    Raises ValueError when two rows of one name overlap or a row lacks its law.
    """
    rows: list[dict[str, Any]] = []
    for name, entries in load(folder, "thresholds").items():
        previous: dt.date | None = None
        for entry in sorted(entries, key=lambda e: e["effective_from"]):
            if not entry.get("law"):
                raise ValueError(f"thresholds.yaml: {name}: every value names its law")
            if previous is not None and entry["effective_from"] <= previous:
                raise ValueError(f"thresholds.yaml: {name}: values overlap at {entry['effective_from']}")
            previous = entry.get("effective_to") or dt.date.max
            rows.append(
                {
                    "name": name,
                    "value": float(entry["value"]),
                    "effective_from": entry["effective_from"],
                    "effective_to": entry.get("effective_to"),
                    "law": entry["law"],
                }
            )
    return rows


def threshold(rows: list[dict[str, Any]], name: str, on: dt.date) -> float:
    """The value of ``name`` in force on ``on``. KeyError says the name and the date when none is."""
    for row in rows:
        if (
            row["name"] == name
            and row["effective_from"] <= on
            and (row["effective_to"] is None or on <= row["effective_to"])
        ):
            return float(row["value"])
    raise KeyError(f"no threshold {name} in force on {on.isoformat()}")


def threshold_table(rows: list[dict[str, Any]]) -> pa.Table:
    """The rows as an Arrow table for DuckDB: name, value, effective_from, effective_to, law."""
    schema = pa.schema(
        [
            ("name", pa.string()),
            ("value", pa.float64()),
            ("effective_from", pa.date32()),
            ("effective_to", pa.date32()),
            ("law", pa.string()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def folder_digests(folder: Path, pattern: str) -> dict[str, str]:
    """Relative path -> SHA-256 of every file under ``folder`` matching ``pattern``, in sorted order."""
    return {
        p.relative_to(folder).as_posix(): canonical.file_digest(p) for p in sorted(folder.rglob(pattern)) if p.is_file()
    }
