"""查驗表: the form that goes out with an approved selection and comes back filled.

In: xlsx as ``write`` makes it (``acceptance.pack``), filled by the inspectors. Out: observations of inspection,
inspection_limit, inspection_measure and defect_found; ``differences`` tells what was changed that must not be. Rows of
another inspection than the form's own, and rows that say the same sample twice, are set aside at reading.
Names of persons have no column here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from probity import canonical, text
from probity.sources.contract import Contract, Sheet
from probity.sources.inspection_layout import (
    BLANK_DEFECT,
    DEFECTS,
    HEADER,
    KEYS,
    LIMITS,
    MEASURES,
    OPEN,
    SHEETS,
    letter,
)
from probity.sources.inspection_writer import station_text, write
from probity.sources.normalise import Clean, Origin, quarantine_rows
from probity.sources.observations import PROVENANCE
from probity.tables import TABLES

CONTRACT = Contract("inspection_form", "查驗表", SHEETS)

CONTRACT_RULE = "CONTRACT"
"""rule_id of limits that the contract itself gives (``contract_rule`` of acceptance.yaml)"""

VERSION = pa.schema({"revision": pa.int64(), "content": pa.string(), "agency_id": pa.string(), "remarks": pa.string()})
"""What an observed inspection has beside its canonical columns; ``content`` is a digest of all that the form says."""

DEFECT_FOUND = pa.schema(
    {
        "inspection_id": pa.string(),
        "number": pa.int64(),
        "category": pa.string(),
        "severity": pa.string(),
        "description": pa.string(),
        "photos": pa.string(),
        "deadline": pa.date32(),
        "agency_id": pa.string(),
        "agency_name": pa.string(),
        "case_no": pa.string(),
        "found_date": pa.date32(),
        "reported_date": pa.date32(),
        "evidence": pa.string(),
        "closed_date": pa.date32(),
    }
)
"""A finding as written: category and severity in Chinese; from agency_id on only in a list of earlier ones."""


def schema(name: str) -> pa.Schema:
    """Arrow schema of an observation of inspections; any column may be blank in what somebody wrote."""
    own = DEFECT_FOUND if name == "defect_found" else TABLES[name].arrow_schema()
    fields = [f.with_nullable(True) for f in own] + (list(VERSION) if name == "inspection" else [])
    return pa.schema([(f.name, f.type) for f in fields] + list(PROVENANCE.items()))


def observe(cleans: list[Clean], origin: Origin) -> dict[str, list[pa.Table]]:
    """Observation tables of the file."""
    return _Reading(cleans, origin).tables()


class _Reading:
    """One file: its rows by sheet, and what is set aside."""

    def __init__(self, cleans: list[Clean], origin: Origin) -> None:
        self.origin = origin
        self.aside: list[dict[str, Any]] = []
        self.rows = {s.table: [r for c in cleans if c.sheet is s for r in _rows(c)] for s in SHEETS}

    def tables(self) -> dict[str, list[pa.Table]]:
        heads = self._unique(HEADER, self.rows["inspection"])
        own = {h["inspection_id"] for h in heads}
        limits, measures, defects = (self._own(s, own) for s in (LIMITS, MEASURES, DEFECTS))
        defects = [d for d in defects if any(d.get(n) is not None for n in BLANK_DEFECT)]
        for head in heads:
            head["agency_key"] = head["case_id"].partition("|")[0]
            head["file_digest"] = self.origin.file_digest
            head["content"] = _content([head], *(_of(head, rows) for rows in (limits, measures, defects)))
        limits = [_limit(r) for r in limits]
        out = {"inspection": heads, "inspection_limit": limits, "inspection_measure": measures, "defect_found": defects}
        found = {name: [table(name, rows, self.origin)] for name, rows in out.items()}
        return found | {"quarantine": [quarantine_rows(self.origin, self.aside)]}

    def _own(self, sheet: Sheet, own: set[str]) -> list[dict[str, Any]]:
        """The rows of the form's own inspection, each sample, test or defect once."""
        kept = []
        for row in self.rows[sheet.table]:
            if row["inspection_id"] in own:
                kept.append(row)
            else:
                self._set_aside(sheet, row, "inspection_id", "other_inspection")
        return self._unique(sheet, kept)

    def _unique(self, sheet: Sheet, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        seen: set[tuple[Any, ...]] = set()
        kept = []
        for row in rows:
            key = tuple(row[k] for k in ("inspection_id", *KEYS[sheet.table]))
            if key in seen:
                self._set_aside(sheet, row, KEYS[sheet.table][-1], "repeated_row")
            else:
                seen.add(key)
                kept.append(row)
        return kept

    def _set_aside(self, sheet: Sheet, row: Mapping[str, Any], name: str, code: str) -> None:
        value = row[name]
        self.aside.append(
            {
                "sheet": row["_sheet"],
                "row": row["_row"],
                "column": sheet.field(name).zh,
                "field": name,
                "value": None if value is None else str(value),
                "reason": code,
                "severity": "row",
            }
        )


def _rows(clean: Clean) -> list[dict[str, Any]]:
    names = [f.name for f in clean.sheet.fields]
    columns = [clean.get(n).to_pylist() for n in names]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    return [
        row | {"_sheet": clean.name or None, "_row": number}
        for row, number in zip(rows, clean.rows.to_pylist(), strict=True)
    ]


def _of(head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [r for r in rows if r["inspection_id"] == head["inspection_id"]]


def _content(*parts: Sequence[Mapping[str, Any]]) -> str:
    """Digest of what a form says, whatever file it is saved in; its revision is no part of it."""
    apart = ("revision", "file_digest")
    said = [[{k: v for k, v in r.items() if k[0] != "_" and k not in apart} for r in part] for part in parts]
    return canonical.digest(said)[:32]


def _limit(row: dict[str, Any]) -> dict[str, Any]:
    """Limits that the contract states stand under its own clause; a clause that is missing stays blank."""
    if all(row[b] is None for b in ("lower", "upper", "mean_lower", "mean_upper")):
        return row
    return row | {"rule_id": CONTRACT_RULE, "rule_source": row["contract_clause"] or ""}


def table(name: str, rows: Sequence[Mapping[str, Any]], origin: Origin) -> pa.Table:
    """An observation table of ``rows`` (each with ``_sheet`` and ``_row``)."""
    place = {"_source": origin.source_id, "_file_digest": origin.file_digest}
    own = schema(name)
    return pa.Table.from_pylist([{n: {**row, **place}.get(n) for n in own.names} for row in rows], schema=own)


# ------------------------------------------------------------------------------------------------ what was changed


def differences(pack: Mapping[str, Any], observed: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """What in a form that came back is not as it went out, cell by cell.

    ``pack``: as ``write`` took it. ``observed``: the form's rows by observation table, with ``_sheet`` and ``_row``.
    Out, by sheet and row: kind (edited | missing | extra | wrong_project), table, key (what names the row within the
    form, joined by |), sheet, row, cell (such as G12; None for a row that is not there), column (heading), expected,
    found (as text). A value that could not be read counts as changed; what the inspector fills is never compared.
    """
    sent = _sent(pack)
    out: list[dict[str, Any]] = []
    for sheet in SHEETS[:3]:
        expected = {_key(sheet, r): r for r in sent[sheet.table]}
        found = {_key(sheet, r): r for r in observed.get(sheet.table, ())}
        for key, row in expected.items():
            if key not in found:
                out.append(_line(sheet, "missing", key, None, KEYS[sheet.table][-1], key, None))
                continue
            for name in _compared(sheet, row):
                if not _same(row[name], found[key].get(name)):
                    kind = "wrong_project" if sheet is HEADER and name in ("case_id", "selection_id") else "edited"
                    out.append(_line(sheet, kind, key, found[key], name, row[name], found[key].get(name)))
        for key in found.keys() - expected.keys():
            kind = "wrong_project" if sheet is HEADER else "extra"
            out.append(_line(sheet, kind, key, found[key], KEYS[sheet.table][-1], None, key))
    order = {s.table: i for i, s in enumerate(SHEETS)}
    return sorted(out, key=lambda d: (order[d["table"]], d["row"] or 0, d["key"], d["column"]))


def _sent(pack: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The pre-filled values of a pack, by table. The contract's own rule replaces a default one: not compared."""
    return {
        "inspection": [dict(pack["inspection"])],
        "inspection_limit": [{"test": r["test"], "unit": r["unit"]} for r in pack["limits"]],
        "inspection_measure": [
            {k: r.get(k) for k in ("test", "lot", "sample_no", "station", "offset")} for r in pack["measures"]
        ],
    }


def _compared(sheet: Sheet, row: Mapping[str, Any]) -> list[str]:
    """The locked columns of a row that have a value in the form as well as in the canonical tables."""
    kept = set(TABLES[sheet.table].names) - set(OPEN[sheet.table]) - {"part"}
    to_fill = {n for n in ("station", "offset") if sheet is MEASURES and row[n] is None}
    return [f.name for f in sheet.fields if f.name in row and f.name in kept - to_fill]


def _key(sheet: Sheet, row: Mapping[str, Any]) -> str:
    return "|".join(str(row[k]) for k in KEYS[sheet.table])


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(float(one) - float(other)) < 0.051
    if one is None or other is None:
        return (one or None) is None and (other or None) is None
    return text.nfkc(str(one)) == text.nfkc(str(other))


def _line(
    sheet: Sheet, kind: str, key: str, row: Mapping[str, Any] | None, name: str, expected: Any, found: Any
) -> dict[str, Any]:
    number = row["_row"] if row else None
    return {
        "kind": kind,
        "table": sheet.table,
        "key": key,
        "sheet": (row["_sheet"] if row else None) or sheet.zh,
        "row": number,
        "cell": f"{letter(sheet, name)}{number}" if number else None,
        "column": sheet.field(name).zh,
        "expected": _said(name, expected),
        "found": _said(name, found),
    }


def _said(name: str, value: Any) -> str | None:
    if value is None:
        return None
    return station_text(value) if name == "station" and isinstance(value, float) else str(value)


__all__ = ["CONTRACT", "differences", "observe", "schema", "table", "write"]
