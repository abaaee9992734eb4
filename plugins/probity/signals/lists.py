"""Dated lists of the config files that a family's SQL reads as tables: districts and counties.

In: a family, the config folder that lies beside its SQL (in the project and in a run's archived rule book). Out: Arrow
tables by the name under which the SQL sees them. Why: which district is remote is the city's decision with a date on
it, no figure of the law and no column of any source.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from probity import config
from probity.tables import Family

DISTRICTS = pa.schema([("district", pa.string()), ("remote_from", pa.date32()), ("remote_to", pa.date32())])
CITIES = pa.schema([("city", pa.string()), ("is_near", pa.bool_())])


def tables(family: Family, folder: Path) -> dict[str, pa.Table]:
    """The lists of a family, empty dict when it has none.

    works: ``districts`` (district, remote_from, remote_to: the days on which it counts as remote, a row a span; no row
    when it never does) and ``cities`` (city, is_near: the city itself or one that borders it, 營造業法 §11).
    """
    return works(config.load(folder, "works")) if family.name == "works" else {}


def works(options: Mapping[str, Any]) -> dict[str, pa.Table]:
    """``districts`` and ``cities`` out of works.yaml: ``remote_districts`` [{name, effective_from, effective_to, law}],
    ``cities`` {near: [...], far: [...]}."""
    remote = [
        {"district": d["name"], "remote_from": d["effective_from"], "remote_to": d.get("effective_to")}
        for d in options["remote_districts"]
    ]
    cities = [
        {"city": c, "is_near": near} for key, near in (("near", True), ("far", False)) for c in options["cities"][key]
    ]
    return {
        "districts": pa.Table.from_pylist(remote, schema=DISTRICTS),
        "cities": pa.Table.from_pylist(cities, schema=CITIES),
    }
