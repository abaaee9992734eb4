"""Raw text columns to typed Arrow columns by a contract; what cannot be read exactly goes to quarantine.

In: ``RawTable`` (text columns of one sheet with row numbers). Out: ``Clean``: typed columns, the raw text of
every column that was converted, and QUARANTINE rows (probity.tables). A bad cell becomes NULL and the row goes
on; a row whose required column is missing or unreadable is set aside; totals, notes and repeated headers are
set aside and reported. Work is done on distinct values or by Arrow, so that a million rows pass in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from probity import text
from probity.calendar import Period
from probity.sources.contract import Field, Sheet, header_key
from probity.sources.reasons import ALL
from probity.tables import QUARANTINE

_TOTAL = re.compile(r"\s*(?:合\s*計|總\s*計|小\s*計|共\s*計|總\s*和|total)\s*(?:[:：(（].*)?$", re.IGNORECASE)
_PLAIN_INTEGER = r"^-?\d{1,15}$"
_SHORT_INTEGER = r"^-?\d{1,7}$"
_PLAIN_RANGE = (
    r"^\s*(?P<start>\d{2,3}/\d{1,2}/\d{1,2})\s*[－~～-]\s*(?P<end>\d{2,3}/\d{1,2}/\d{1,2})\s*"
    r"(?:[(（](?:預估|預計|暫定|約)[)）])?\s*$"
)
_TAIL_ROWS = 10

UNIT_UNKNOWN = "?"
"""Unit of an amount column that neither the file nor the configuration says: its bare numbers are set aside."""

ARROW = {
    "text": pa.string(),
    "choice": pa.string(),
    "amount": pa.int64(),
    "int": pa.int64(),
    "number": pa.float64(),
    "station": pa.float64(),
    "date": pa.date32(),
    "month": pa.date32(),
    "bool": pa.bool_(),
    "fraction": pa.float64(),
}


@dataclass
class RawColumn:
    """One column as text. ``headers`` gives a header per row where a JSON key differs from row to row."""

    header: str
    values: pa.Array
    unit: str | None = None
    headers: pa.Array | None = None


@dataclass
class RawTable:
    """The rows of one sheet. ``rows`` are numbers as the sender sees them. ``nested``: rows inside a counted row."""

    sheet: Sheet
    name: str
    rows: pa.Array
    columns: dict[str, RawColumn]
    nested: bool = False
    extra: dict[str, pa.Array] = field(default_factory=dict)


@dataclass
class Clean:
    """Typed columns (a ``date_range`` field f gives f_start, f_end), raw text by field, quarantine, counts."""

    sheet: Sheet
    name: str
    rows: pa.Array
    columns: dict[str, pa.Array]
    raw: dict[str, pa.Array]
    quarantine: pa.Table
    rows_in: int
    rows_out: int
    nested: bool

    def get(self, name: str) -> pa.Array:
        """The typed column, all NULL when the file does not have it."""
        if name in self.columns:
            return self.columns[name]
        base = self.sheet.field(name) if any(f.name == name for f in self.sheet.fields) else None
        return pa.nulls(len(self.rows), ARROW[base.type] if base else pa.date32())


@dataclass(frozen=True)
class Origin:
    """Where rows come from: what provenance columns and quarantine rows say."""

    source_id: str
    file_digest: str
    file_name: str


def read(raw: RawTable, origin: Origin) -> Clean:
    """Applies the sheet's contract to ``raw``."""
    book = _Book(raw, origin)
    n = len(raw.rows)
    values = {}
    for name, column in raw.columns.items():
        values[name] = _blank_to_null(column.values)
        if raw.sheet.field(name).type == "text":
            column.values = values[name]  # written and typed are the same: keep one
    required = [f.name for f in raw.sheet.fields if f.required and f.name in values]
    keep = _set_aside(raw, values, required, book) if not raw.nested else None
    typed: dict[str, pa.Array] = {}
    kept_raw: dict[str, pa.Array] = {}
    dropped = None
    for item in raw.sheet.fields:
        if item.name not in values:
            continue
        column = values[item.name]
        arrays, codes = convert(item, column, raw.columns[item.name].unit or item.unit)
        typed.update(arrays)
        if item.type != "text":
            kept_raw[item.name] = raw.columns[item.name].values
        main = next(iter(arrays.values()))
        severity = "row" if item.required and not raw.nested else "value"
        if codes is not None:
            book.add(item, pc.is_valid(codes), codes, severity, keep)
        if item.required:
            missing = pc.and_(pc.is_null(main), pc.is_null(codes)) if codes is not None else pc.is_null(main)
            book.add(item, missing, "required_missing", severity, keep)
            lost = pc.is_null(main)
            dropped = lost if dropped is None else pc.or_(dropped, lost)
    good = keep
    if dropped is not None and pc.any(dropped).as_py():
        good = pc.invert(dropped) if good is None else pc.and_(good, pc.invert(dropped))
    rows = raw.rows
    extra = raw.extra
    if good is not None and not pc.all(good).as_py():
        rows = rows.filter(good)
        typed = {k: v.filter(good) for k, v in typed.items()}
        kept_raw = {k: v.filter(good) for k, v in kept_raw.items()}
        extra = {k: v.filter(good) for k, v in extra.items()}
    typed.update(extra)
    return Clean(raw.sheet, raw.name, rows, typed, kept_raw, book.table(), n, len(rows), raw.nested)


def _blank_to_null(values: pa.Array) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


# ------------------------------------------------------------------------------------------------ rows set aside


def _set_aside(raw: RawTable, values: dict[str, pa.Array], required: list[str], book: _Book) -> pa.Array | None:
    """Mask of rows that are data; totals, notes and repeated headers are written to ``book``. None: all are."""
    n = len(raw.rows)
    if not n or not required:
        return None
    empty = pc.is_null(values[required[0]])
    for name in required[1:]:
        empty = pc.or_(empty, pc.is_null(values[name]))
    candidate = pc.or_(empty, pc.greater_equal(pa.array(range(n), pa.int64()), n - _TAIL_ROWS))
    first = values[required[0]]
    candidate = pc.or_(candidate, pc.fill_null(pc.equal(first, raw.columns[required[0]].header.strip()), False))
    indexes = pc.indices_nonzero(candidate)
    reasons: dict[int, tuple[str, str]] = {}
    sample = {name: column.take(indexes).to_pylist() for name, column in values.items()}
    headers = {name: header_key(raw.columns[name].header)[0] for name in values}
    for position, index in enumerate(indexes.to_pylist()):
        cells = {name: column[position] for name, column in sample.items() if column[position]}
        missing = any(name not in cells for name in required)
        total = next((name for name, cell in cells.items() if _is_total(cell)), None)
        if total and (missing or total in required):
            reasons[index] = ("total_row", total)
        elif len(cells) >= 2 and all(header_key(cell)[0] == headers[name] for name, cell in cells.items()):
            reasons[index] = ("repeated_header", next(iter(cells)))
        elif missing and len(cells) == 1 and len(values) > 2:
            reasons[index] = ("note_row", next(iter(cells)))
    if not reasons:
        return None
    keep = [True] * n
    for index, (code, name) in reasons.items():
        keep[index] = False
        book.one(raw.sheet.field(name), index, code)
    return pa.array(keep)


def _is_total(cell: str) -> bool:
    return len(cell) < 60 and bool(_TOTAL.match(cell))


# ------------------------------------------------------------------------------------------------ quarantine


class _Book:
    """Collects quarantine rows of one raw table."""

    def __init__(self, raw: RawTable, origin: Origin) -> None:
        self.raw = raw
        self.origin = origin
        self.parts: list[pa.Table] = []

    def one(self, item: Field, index: int, code: str) -> None:
        self._append(item, pa.array([index], pa.int64()), pa.array([code]), "row")

    def add(self, item: Field, mask: pa.Array, codes: pa.Array | str, severity: str, keep: pa.Array | None) -> None:
        mask = pc.fill_null(mask, False)
        if keep is not None:
            mask = pc.and_(mask, keep)
        indexes = pc.indices_nonzero(mask)
        if len(indexes):
            taken = pa.array([codes] * len(indexes), pa.string()) if isinstance(codes, str) else codes.take(indexes)
            self._append(item, indexes, taken, severity)

    def _append(self, item: Field, indexes: pa.Array, codes: pa.Array, severity: str) -> None:
        column = self.raw.columns[item.name]
        n = len(indexes)
        unique = codes.dictionary_encode()
        known = [ALL[c] for c in unique.dictionary.to_pylist()]
        header = column.headers.take(indexes) if column.headers is not None else _repeat(column.header or item.zh, n)
        self.parts.append(
            pa.table(
                {
                    "file_digest": _repeat(self.origin.file_digest, n),
                    "file_name": _repeat(self.origin.file_name, n),
                    "source_id": _repeat(self.origin.source_id, n),
                    "sheet": _repeat(self.raw.name or None, n),
                    "row": self.raw.rows.take(indexes),
                    "column": header,
                    "field": _repeat(item.name, n),
                    "value": column.values.take(indexes),
                    "reason": codes,
                    "expected": pa.array([r.expected for r in known], pa.string()).take(unique.indices),
                    "action": pa.array([r.action for r in known], pa.string()).take(unique.indices),
                    "severity": _repeat(severity, n),
                },
                schema=QUARANTINE.arrow_schema(),
            )
        )

    def table(self) -> pa.Table:
        return pa.concat_tables(self.parts) if self.parts else QUARANTINE.arrow_schema().empty_table()


def _repeat(value: str | None, n: int) -> pa.Array:
    return pa.array([value] * n, pa.string()) if value is None else pa.repeat(pa.scalar(value, pa.string()), n)


def quarantine_rows(origin: Origin, rows: list[dict[str, Any]]) -> pa.Table:
    """QUARANTINE rows from dicts with sheet, row, column, field, value, reason, severity (what is missing is NULL)."""
    out = []
    for row in rows:
        reason = ALL[row["reason"]]
        out.append(
            {
                "file_digest": origin.file_digest,
                "file_name": origin.file_name,
                "source_id": origin.source_id or None,
                "expected": reason.expected,
                "action": reason.action,
                **row,
            }
        )
    return pa.Table.from_pylist(out, schema=QUARANTINE.arrow_schema())


def aside(
    clean: Clean, mask: pa.Array, name: str, code: str, origin: Origin, severity: str = "row", keep_value: bool = True
) -> pa.Table:
    """QUARANTINE rows for the rows of ``clean`` where ``mask`` is true, laid to its field ``name``.

    ``keep_value`` is false where the cell holds what must not be kept (a telephone number).
    """
    item = clean.sheet.field(name)
    values = clean.raw.get(name, clean.get(name) if item.type == "text" else None) if keep_value else None
    rows = [
        {
            "sheet": clean.name or None,
            "row": clean.rows[i].as_py(),
            "column": item.zh,
            "field": name,
            "value": values[i].as_py() if values is not None else None,
            "reason": code,
            "severity": severity,
        }
        for i in pc.indices_nonzero(pc.fill_null(mask, False)).to_pylist()
    ]
    return quarantine_rows(origin, rows)


# ------------------------------------------------------------------------------------------------ types


def convert(item: Field, values: pa.Array, unit: str) -> tuple[dict[str, pa.Array], pa.Array | None]:
    """Typed arrays by column name, and reason codes (NULL where the cell is fine; None when all are)."""
    if item.blanks:
        values = pc.if_else(pc.is_in(values, pa.array(item.blanks)), pa.scalar(None, pa.string()), values)
    if item.type == "text":
        return {item.name: values}, None
    if item.type == "date_range":
        return _ranges(item.name, values)
    if item.type == "amount":
        if unit == UNIT_UNKNOWN:
            array, codes = distinct(values, _amount_with_own_unit, pa.int64())
        else:
            array, codes = _numbers(values, lambda v: text.parse_amount(v, unit), text.UNITS[unit])
    elif item.type == "int":
        array, codes = _numbers(values, text.parse_int, 1)
    elif item.type == "number":
        array, codes = distinct(values, text.parse_number, pa.float64())
    elif item.type == "station":
        array, codes = distinct(values, text.parse_station, pa.float64())
    elif item.type == "date":
        array, codes = distinct(values, _date_or_none, pa.date32())
    elif item.type == "month":
        array, codes = distinct(values, _month_or_none, pa.date32())
    elif item.type == "bool":
        array, codes = distinct(values, text.parse_bool, pa.bool_())
    elif item.type == "fraction":
        array, codes = distinct(values, text.parse_fraction, pa.float64())
    else:
        array, codes = distinct(values, _chooser(item), pa.string())
    if item.minimum is not None and pa.types.is_integer(array.type):
        low = pc.fill_null(pc.less(array, item.minimum), False)
        if pc.any(low).as_py():
            array = pc.if_else(low, pa.scalar(None, array.type), array)
            codes = pa.nulls(len(array), pa.string()) if codes is None else codes
            codes = pc.if_else(low, "below_minimum", codes)
    return {item.name: array}, codes


def _date_or_none(value: str) -> Any:
    return None if value in text.BLANKS or text.nfkc(value) in text.BLANKS else text.parse_date(value)


def _month_or_none(value: str) -> Any:
    """The last day of the month."""
    if value in text.BLANKS or text.nfkc(value) in text.BLANKS:
        return None
    first = text.parse_month(value)
    return Period.of(first).last


def _amount_with_own_unit(value: str) -> int | None:
    """An amount of a column whose unit nobody has said: taken when the cell says its unit, else never guessed."""
    amount = text.parse_amount(value, "元")
    if amount != text.parse_amount(value, "千元"):
        raise text.TextError("amount_unit_unknown", value)
    return amount


def _chooser(item: Field) -> Callable[[str], str | None]:
    table = {_choice_key(k): v for k, v in item.values.items()}

    def choose(value: str) -> str | None:
        found = table.get(_choice_key(value), item.other)
        if found is None and value not in text.BLANKS:
            raise text.TextError("choice_unknown", value)
        return found

    return choose


def _choice_key(value: str) -> str:
    return "".join(text.nfkc(value).split()).replace("台", "臺").casefold()


def distinct(values: pa.Array, parse: Callable[[str], Any], type_: pa.DataType) -> tuple[pa.Array, pa.Array | None]:
    """``parse`` over the distinct values; codes where it raised TextError."""
    encoded = values.dictionary_encode()
    parsed, errors = text.unique_map(encoded.dictionary.to_pylist(), parse)
    array = pa.array(parsed, type_).take(encoded.indices)
    if not errors:
        return array, None
    codes = pa.array([errors.get(i) for i in range(len(parsed))], pa.string()).take(encoded.indices)
    return array, codes


def _numbers(values: pa.Array, parse: Callable[[str], int | None], factor: int) -> tuple[pa.Array, pa.Array | None]:
    plain = pc.fill_null(pc.match_substring_regex(values, _PLAIN_INTEGER if factor == 1 else _SHORT_INTEGER), False)
    quick = pc.multiply(pc.if_else(plain, values, pa.scalar(None, pa.string())).cast(pa.int64()), factor)
    rest = pc.if_else(plain, pa.scalar(None, pa.string()), values)
    if rest.null_count == len(rest):
        return quick, None
    slow, codes = distinct(rest, parse, pa.int64())
    return pc.coalesce(quick, slow), codes


def _ranges(name: str, values: pa.Array) -> tuple[dict[str, pa.Array], pa.Array | None]:
    parts = pc.extract_regex(values, _PLAIN_RANGE)
    found = pc.is_valid(parts)
    sides = {}
    bad = pa.nulls(len(values), pa.string())
    for side in ("start", "end"):
        column = pc.if_else(found, pc.struct_field(parts, side), pa.scalar(None, pa.string()))
        sides[side], codes = distinct(column, text.parse_date, pa.date32())
        if codes is not None:
            bad = pc.coalesce(bad, codes)
    turned = pc.fill_null(pc.less(sides["end"], sides["start"]), False)
    bad = pc.coalesce(bad, pc.if_else(turned, "date_range_reversed", pa.scalar(None, pa.string())))
    rest = pc.if_else(found, pa.scalar(None, pa.string()), values)
    if rest.null_count < len(rest):
        encoded = rest.dictionary_encode()
        parsed, errors = text.unique_map(encoded.dictionary.to_pylist(), _range_or_none)
        for position, side in enumerate(("start", "end")):
            slow = pa.array([p[position] if p else None for p in parsed], pa.date32()).take(encoded.indices)
            sides[side] = pc.coalesce(sides[side], slow)
        if errors:
            bad = pc.coalesce(
                bad, pa.array([errors.get(i) for i in range(len(parsed))], pa.string()).take(encoded.indices)
            )
    wrong = pc.is_valid(bad)
    out = {f"{name}_{s}": pc.if_else(wrong, pa.scalar(None, pa.date32()), a) for s, a in sides.items()}
    return out, bad if pc.any(wrong).as_py() else None


def _range_or_none(value: str) -> Any:
    return None if value in text.BLANKS else text.parse_date_range(value)
