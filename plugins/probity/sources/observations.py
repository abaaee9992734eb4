"""Observations: what one file says, in canonical columns, with where it says it and the raw text beside.

In: ``Clean`` tables. Out: Arrow tables by name with one fixed schema each, so that files of all sources can be
laid one under the other and merged (``probity.sources.merge``).

Every observation carries ``_source``, ``_file_digest``, ``_sheet``, ``_row`` and ``_raw_<column>`` (text as
written) for each column that is not text. A child observation (bid, change, correction) either hangs on the case
row it was written in (``_parent_row``, same file and sheet) or names its case by agency, number and dates.
``tender`` holds what notices before the award say (invitations, corrections, failures); it is no canonical table.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from probity import text
from probity.matching import geo
from probity.sources import vocabulary
from probity.sources.normalise import Clean, Origin
from probity.tables import ARROW_TYPES, TABLES

DERIVED = {
    "award_case": {
        "case_id",
        "agency_key",
        "sources",
        "n_observations",
        "in_city_list",
        "in_eproc",
        "city_award_amount",
    },
    "bid": {"case_id"},
    "contract_change": {"case_id"},
    "correction": {"case_id"},
    "agency": {"agency_key"},
    "project": {
        "case_id",
        "agency_key",
        "title_key",
        "facility",
        "road_basis",
        "award_notice_date",
        "stage",
        "eligible",
        "planned_progress",
        "actual_progress",
        "progress_date",
        "districts",
        "road_keys",
        "award_case_id",
        "sources",
        "n_observations",
    },
    "project_firm": {"case_id", "n_firms"},
    "project_change": {"case_id"},
    "project_progress": {"case_id"},
    "permit": {"is_paving", "road_keys"},
    "complaint": {"road_keys", "duplicate_of"},
}

REFERENCE = {
    "agency_id": pa.string(),
    "agency_name": pa.string(),
    "_agency_name_key": pa.string(),
    "case_no": pa.string(),
    "_case_key": pa.string(),
    "notice_id": pa.string(),
    "award_notice_date": pa.date32(),
    "award_date": pa.date32(),
}

PROVENANCE = {
    "_source": pa.string(),
    "_file_digest": pa.string(),
    "_sheet": pa.string(),
    "_row": pa.int64(),
}

TENDER = {
    "event": pa.string(),  # tender | correction | failed
    "event_date": pa.date32(),
    "title": pa.string(),
    "kind": pa.string(),
    "category_code": pa.string(),
    "category_name": pa.string(),
    "method": pa.string(),
    "method_raw": pa.string(),
    "award_way": pa.string(),
    "award_way_raw": pa.string(),
    "budget": pa.int64(),
    "procurement_amount": pa.int64(),
    "amount_class": pa.string(),
    "deadline_date": pa.date32(),
    "opening_date": pa.date32(),
    "e_documents": pa.bool_(),
    "e_bidding": pa.bool_(),
    "public_viewing": pa.bool_(),
    "tender_round": pa.int64(),
    "expansion_announced": pa.bool_(),
    "content": pa.string(),
}

# Project observations name their contract by agency and number; _month is the month that a row of progress speaks of,
# _file_date the day or month that the file says it is of.
PROJECT_REFERENCE = {n: REFERENCE[n] for n in ("agency_id", "agency_name", "_agency_name_key", "case_no", "_case_key")}
OF_FILE = {"_file_date": pa.date32()}
EXTRA: dict[str, dict[str, pa.DataType]] = {
    "project": PROJECT_REFERENCE | OF_FILE | {"_month": pa.date32(), "facility_raw": pa.string()},
    "project_firm": PROJECT_REFERENCE | OF_FILE | {"_month": pa.date32()},
    "project_change": PROJECT_REFERENCE | OF_FILE,
    "project_progress": PROJECT_REFERENCE | OF_FILE,
    "permit": OF_FILE,
    "complaint": OF_FILE,
    "contractor": OF_FILE,
}
PROJECT_TABLES = ("project", "project_firm", "project_change", "project_progress")
WORKS_TABLES = (*PROJECT_TABLES, "permit", "complaint", "contractor")

CASE_TABLES = ("award_case", "bid", "contract_change", "correction", "tender")


@lru_cache
def schema(name: str) -> pa.Schema:
    """The fixed schema of the observations called ``name``."""
    fields: dict[str, pa.DataType] = {}
    if name in CASE_TABLES:
        fields |= REFERENCE
    if name == "tender":
        fields |= TENDER
    else:
        fields |= {c.name: ARROW_TYPES[c.type] for c in TABLES[name].columns if c.name not in DERIVED.get(name, set())}
    fields |= EXTRA.get(name, {})
    raw = {f"_raw_{n}": pa.string() for n, t in fields.items() if not pa.types.is_string(t) and n[0] != "_"}
    if name == "award_case":
        raw["_is_correction"] = pa.bool_()
    if name in CASE_TABLES and name not in ("award_case", "tender"):
        raw["_parent_row"] = pa.int64()
    if name == "debarment":
        raw |= {"_snapshot_date": pa.date32()}
    return pa.schema(fields | raw | PROVENANCE)


def table(
    name: str, columns: dict[str, pa.Array], clean: Clean, origin: Origin, raw: dict[str, str] | None = None
) -> pa.Table:
    """An observation table from ``columns``; the raw text of a column comes from ``clean.raw`` (by ``raw`` or name)."""
    n = len(clean.rows)
    columns = dict(columns)
    columns.setdefault("_source", pa.repeat(pa.scalar(origin.source_id), n))
    columns.setdefault("_file_digest", pa.repeat(pa.scalar(origin.file_digest), n))
    columns.setdefault("_sheet", pa.repeat(pa.scalar(clean.name), n))
    columns.setdefault("_row", clean.rows)
    if name in CASE_TABLES or name in PROJECT_TABLES:
        reference(columns)
    arrays = []
    for item in schema(name):
        array = columns.get(item.name)
        if array is None and item.name.startswith("_raw_"):
            source = item.name[5:]
            array = clean.raw.get((raw or {}).get(source, source))
        arrays.append(pa.nulls(n, item.type) if array is None else array.cast(item.type))
    return pa.Table.from_arrays(arrays, schema=schema(name))


def reference(columns: dict[str, pa.Array]) -> None:
    """Adds the matching keys of agency name and case number to ``columns``, in place."""
    if "agency_name" in columns and "_agency_name_key" not in columns:
        columns["_agency_name_key"] = by_distinct(columns["agency_name"], text.name_key)
    if "case_no" in columns and "_case_key" not in columns:
        columns["_case_key"] = case_keys(columns["case_no"])


def by_distinct(values: pa.Array, function) -> pa.Array:  # type: ignore[no-untyped-def]
    """``function`` (text to text) over the distinct values; NULL stays NULL."""
    encoded = values.dictionary_encode()
    out = [None if v is None else function(v) for v in encoded.dictionary.to_pylist()]
    return pa.array(out, pa.string()).take(encoded.indices)


_MADE = re.compile(r"[\ue000-\uf8ff]|\?(?=[\u4e00-\u9fff])")


def made_characters(values: pa.Array) -> pa.Array:
    """Texts in which every private-use character (造字), and the ? that an export to cp950 puts for one, is U+E000: for
    keys, so that both exports of one list meet. The text itself is kept as it came."""
    return by_distinct(values, lambda value: _MADE.sub("\ue000", value))


def case_keys(values: pa.Array) -> pa.Array:
    """``text.case_no_key`` of each value: by Arrow where the text is plain ASCII, one by one elsewhere."""
    plain = pc.fill_null(pc.match_substring_regex(values, r"^[!-~]+$"), False)
    quick = pc.ascii_upper(pc.if_else(plain, values, pa.scalar(None, pa.string())))
    rest = pc.if_else(plain, pa.scalar(None, pa.string()), values)
    if rest.null_count == len(rest):
        return quick
    return pc.coalesce(quick, by_distinct(rest, text.case_no_key))


def title_keys(values: pa.Array) -> pa.Array:
    """``text.title_key`` of each title, many at a time."""
    titles = values.to_pylist()
    keys = text.title_keys([t or "" for t in titles])
    return pa.array([k if t else None for k, t in zip(keys, titles, strict=True)], pa.string())


def firms(columns: dict[str, pa.Array]) -> None:
    """Adds firm, firm_id, firm_id_class and firm_key to ``columns`` in place; needs firm_name, takes firm_id_raw."""
    n = len(columns["firm_name"])
    raw = columns.setdefault("firm_id_raw", pa.nulls(n, pa.string()))
    columns["firm_key"] = by_distinct(columns["firm_name"], text.name_key)
    columns["firm_id"] = by_distinct(raw, text.ubn_normalise)
    columns["firm_id_class"] = pc.fill_null(by_distinct(raw, text.ubn_class), "empty")
    named = pc.binary_join_element_wise(pa.scalar("N:"), columns["firm_key"], "")
    columns["firm"] = pc.coalesce(columns["firm_id"], named)


def place(x: pa.Array, y: pa.Array) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Points in EPSG:3826 metres (x, y), NULL when unknown, and where a written point lies in no known range."""
    east, north = geo.to_metres(x, y)
    known = (pa.array(east, pa.float64(), from_pandas=True), pa.array(north, pa.float64(), from_pandas=True))
    written = pc.or_(pc.is_valid(x), pc.is_valid(y))
    return *known, pc.and_(written, pc.is_null(known[0]))


def categories(columns: dict[str, pa.Array], written: pa.Array) -> None:
    """Adds kind, category_code and category_name from ``<工程類>5131...``, in place; a kind already there wins."""
    encoded = written.dictionary_encode()
    parts = [vocabulary.category(v) for v in encoded.dictionary.to_pylist()]
    for position, name in enumerate(("kind", "category_code", "category_name")):
        array = pa.array([p[position] for p in parts], pa.string()).take(encoded.indices)
        columns[name] = pc.coalesce(columns[name], array) if name in columns else array


def ways(columns: dict[str, pa.Array]) -> None:
    """Adds method and award_way from their raw words, in place."""
    for raw, name, read in (
        ("method_raw", "method", vocabulary.method),
        ("award_way_raw", "award_way", vocabulary.award_way),
    ):
        if raw in columns:
            columns[name] = by_distinct(columns[raw], read)


def winners(clean: Clean, names: pa.Array, ids: pa.Array | None, amount: pa.Array, origin: Origin) -> pa.Table:
    """Bid observations from a cell of winners joined by ；. A case amount belongs to a winner only when it is alone."""
    joined = pc.replace_substring(pc.fill_null(names, ""), ";", "；")
    lists = pc.split_pattern(joined, "；")
    parents = pc.list_parent_indices(lists)
    flat = pc.utf8_trim_whitespace(pc.list_flatten(lists))
    full = pc.not_equal(flat, "")
    parents, flat = parents.filter(full), flat.filter(full)
    counts = pc.value_counts(parents)
    n_of = pa.array([0] * len(names), pa.int64()) if not len(parents) else _scatter(counts, len(names))
    alone = pc.equal(n_of.take(parents), 1)
    columns: dict[str, pa.Array] = {
        "firm_name": flat,
        "is_winner": pa.repeat(pa.scalar(True), len(flat)),
        "award_amount": pc.if_else(alone, amount.take(parents), pa.scalar(None, pa.int64())),
        "_row": clean.rows.take(parents),
        "_parent_row": clean.rows.take(parents),
    }
    if ids is not None:
        columns["firm_id_raw"] = pc.if_else(alone, ids.take(parents), pa.scalar(None, pa.string()))
    firms(columns)
    child = Clean(clean.sheet, clean.name, columns["_row"], {}, {}, clean.quarantine, 0, 0, True)
    return table("bid", columns, child, origin)


def _scatter(counts: pa.StructArray, n: int) -> pa.Array:
    out = np.zeros(n, dtype="int64")
    out[pc.struct_field(counts, "values").to_numpy()] = pc.struct_field(counts, "counts").to_numpy()
    return pa.array(out)


def disqualified(qualified: pa.Array, reasons: pa.Array, won: pa.Array) -> pa.Array:
    """is_disqualified: a winner is not; else what a yes/no says; else what the reason says; else NULL."""
    said: dict[str | None, bool | None] = {None: None}
    for reason in reasons.unique().to_pylist():
        said[reason] = vocabulary.is_disqualified(reason)
    by_reason = pa.array([said[r] for r in reasons.to_pylist()], pa.bool_())
    return pc.if_else(pc.fill_null(won, False), False, pc.coalesce(pc.invert(qualified), by_reason))
