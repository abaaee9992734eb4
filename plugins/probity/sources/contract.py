"""What a source promises: its columns, their types and units, and the headers under which they have been seen.

In: nothing. Out: ``Contract`` objects that the source modules declare as data, and header matching.
Why: a source is its contract plus a small reader; forms, quarantine messages and docs are made from the same data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from probity import canonical, text

TYPES = ("text", "amount", "int", "number", "station", "date", "month", "bool", "fraction", "choice", "date_range")
"""text as written; amount: whole NTD; number: a measured value; station: metres along the road (0K+350); date_range
gives <name>_start and <name>_end; choice: through ``values``."""

_UNIT = re.compile(r"\((?:單位:?)?(?:新[臺台]幣)?(元|[千仟]元|萬元|百萬元|億元|%|％)\)$")
_NOISE = re.compile(r"[\s*※:]+")


@dataclass(frozen=True)
class Field:
    """One column. ``zh`` is the header we write in forms; ``aliases`` are headers seen in the wild.

    ``required``: without it a row cannot be used. ``unit``: of an amount column unless header or cell says other.
    ``values``: for ``choice``, what is written -> canonical value; ``other``: canonical value of anything else
    (None: quarantine it). ``choices``: what a form's drop-down offers. ``blanks``: marks that mean "not given".
    ``minimum``: smallest value that can be true (amounts, counts).
    """

    name: str
    zh: str
    type: str = "text"
    aliases: tuple[str, ...] = ()
    required: bool = False
    unit: str = "元"
    values: Mapping[str, str] = field(default_factory=dict)
    other: str | None = None
    choices: tuple[str, ...] = ()
    blanks: tuple[str, ...] = ()
    minimum: int | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ValueError(f"field {self.name}: unknown type {self.type}")


@dataclass(frozen=True)
class Sheet:
    """One table of a source: a worksheet, a csv, the records of a JSON or XML file.

    ``table`` names it within the source; ``zh`` is the worksheet's name in our forms. ``signature`` is what tells
    it from others: for every tuple at least one of its fields must be there.
    """

    table: str
    zh: str
    fields: tuple[Field, ...]
    signature: tuple[tuple[str, ...], ...]

    @cached_property
    def by_header(self) -> dict[str, Field]:
        out: dict[str, Field] = {}
        for item in self.fields:
            for header in (item.zh, item.name, *item.aliases):
                key = header_key(header)[0]
                if out.setdefault(key, item) is not item:
                    raise ValueError(f"{self.table}: header {header} means both {out[key].name} and {item.name}")
        return out

    def field(self, name: str) -> Field:
        for item in self.fields:
            if item.name == name:
                return item
        raise KeyError(f"{self.table} has no field {name}")

    def match(self, headers: Sequence[str]) -> Match:
        """Which column is which field. The first column of a name wins; the others are told apart as unknown."""
        columns: dict[str, int] = {}
        units: dict[str, str] = {}
        unknown: list[str] = []
        for index, header in enumerate(headers):
            key, unit = header_key(header)
            item = self.by_header.get(key)
            if item is None or item.name in columns:
                if header:
                    unknown.append(header)
                continue
            columns[item.name] = index
            if unit and item.type == "amount":
                units[item.name] = unit
        return Match(self, tuple(headers), columns, units, tuple(unknown))


@dataclass(frozen=True)
class Match:
    """A header row held against a sheet: field name -> column index, units written in headers, the rest."""

    sheet: Sheet
    headers: tuple[str, ...]
    columns: dict[str, int]
    units: dict[str, str]
    unknown: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Signature there and no required column missing."""
        return self.is_this and not self.missing

    @property
    def is_this(self) -> bool:
        return all(any(name in self.columns for name in group) for group in self.sheet.signature)

    @property
    def missing(self) -> list[str]:
        """Chinese headers of the required columns that are not there."""
        return [f.zh for f in self.sheet.fields if f.required and f.name not in self.columns]

    @property
    def nearly(self) -> bool:
        """Most of the sheet's required and signature columns: surely meant to be it, but not usable."""
        wanted = {f.name for f in self.sheet.fields if f.required} | {n for g in self.sheet.signature for n in g}
        found = len(wanted & self.columns.keys())
        return len(self.columns) >= 3 and found >= 2 and found * 2 >= len(wanted)


@dataclass(frozen=True)
class Contract:
    """A source's contract. ``revision`` goes up when its reader changes what it gives; it is part of ``version``."""

    source_id: str
    zh: str
    sheets: tuple[Sheet, ...]
    revision: int = 1
    note: str = ""

    def sheet(self, table: str) -> Sheet:
        for item in self.sheets:
            if item.table == table:
                return item
        raise KeyError(f"source {self.source_id} has no sheet {table}")

    @cached_property
    def version(self) -> str:
        """``<revision>-<12 hex>`` over everything that the contract says."""
        said = [
            [
                s.table,
                [
                    [f.name, f.zh, f.type, list(f.aliases), f.required, f.unit, dict(f.values), f.other, list(f.blanks)]
                    for f in s.fields
                ],
            ]
            for s in self.sheets
        ]
        return f"{self.revision}-{canonical.digest([self.source_id, said])[:12]}"


def header_key(header: str) -> tuple[str, str | None]:
    """A header for comparing (NFKC, blanks and stars dropped, case folded, unit in brackets cut off), and that unit."""
    key = _NOISE.sub("", text.nfkc(header)).casefold()
    unit = None
    if match := _UNIT.search(key):
        unit = match[1].replace("仟", "千")
        key = key[: match.start()]
    return key.replace("台", "臺"), unit
