"""Small tables of invented inspections."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from probity.tables import TABLES

ID = "RI-2021-03-r1-001"


def table(name: str, *rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=TABLES[name].arrow_schema())


def limit(test: str, rule: str, **more: Any) -> dict[str, Any]:
    return {"inspection_id": ID, "test": test, "rule_id": rule, "rule_source": "測試依據", **more}


def measures(test: str, values: list[float | None], lots: list[int] | None = None) -> list[dict[str, Any]]:
    return [
        {"inspection_id": ID, "test": test, "lot": lots[i] if lots else 1, "sample_no": i + 1, "value": v}
        for i, v in enumerate(values)
    ]
