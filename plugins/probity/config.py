"""Dated configuration: thresholds and rules as data (YAML in ``include/config``), chosen by a case's own date.

In: a config folder. Out: plain dicts.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import yaml

# libyaml reads a config file ten times as fast as PyYAML's own code; a job reads many, many times.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(text: str) -> Any:
    """YAML as plain values, no object of any class made from it. yaml.YAMLError when it is none."""
    return yaml.load(text, Loader=LOADER)  # a safe loader, both of them


def load(folder: Path, name: str) -> Any:
    """The YAML file ``<name>.yaml`` of ``folder``. FileNotFoundError or ValueError name the file."""
    path = folder / f"{name}.yaml"
    try:
        return parse(path.read_text(encoding="utf-8"))
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
