"""From the drop folder to observations: what has arrived, what it is, and each file read once.

In: the drop folder. Out: ``Arrival`` (which source a file is, told by its content) and ``Ingested`` (the digests
of its observation tables and quarantine in the ObjectStore, and its counts). A file is read once per digest and
contract version: what was found is kept in ``home/index``, one small JSON file an entry, so that two processes
at once do no harm. Rows in = rows out + rows quarantined, always.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from probity import canonical, config
from probity.settings import Settings
from probity.sources import (
    agency_list,
    audit_results,
    auditor_list,
    award_csv,
    award_vendors,
    city_list,
    complaints,
    contractor_register,
    correction_form,
    debarment_feed,
    excavation_permits,
    halfmonth_xml,
    inspection_form,
    inspection_history,
    notice_detail,
    notice_index,
    works_projects,
)
from probity.sources.contract import Contract, Match
from probity.sources.normalise import Origin, RawColumn, RawTable, quarantine_rows, read
from probity.sources.readers import Document, Limits, Member, RawSheet, members, open_document
from probity.sources.reasons import Refused
from probity.store.objects import ObjectStore, write_atomic
from probity.tables import QUARANTINE

log = logging.getLogger(__name__)

SOURCES: dict[str, ModuleType] = {
    m.CONTRACT.source_id: m
    for m in (
        notice_detail,
        award_csv,
        award_vendors,
        notice_index,
        halfmonth_xml,
        city_list,
        debarment_feed,
        agency_list,
        auditor_list,
        audit_results,
        inspection_form,
        inspection_history,
        correction_form,
        works_projects,
        excavation_permits,
        complaints,
        contractor_register,
    )
}
DOCUMENTS = (notice_detail, notice_index, halfmonth_xml)
"""Sources that are no tables: JSON and XML, told by their own ``recognise``."""

GRIDS = {name: module.CONTRACT for name, module in SOURCES.items() if module not in DOCUMENTS}
CONTRACTS: dict[str, Contract] = {name: module.CONTRACT for name, module in SOURCES.items()}

READER_VERSION = 5
"""Goes up when readers, normaliser or observation schemas change what they give."""

DEFAULT_DEBARMENT_MIN_ROWS = 1000
_UNFINISHED = (".part", ".tmp", ".crdownload", ".partial", ".filepart")
_DATED = {
    "award_case": ("award_notice_date", "award_date"),
    "bid": ("award_notice_date", "award_date"),
    "tender": ("event_date", "opening_date"),
    "debarment": ("_snapshot_date",),
    "audit_result": ("finished_date",),
    "inspection": ("inspected_date",),
    "project": ("_month", "_file_date"),
    "project_progress": ("month_end",),
    "permit": ("start_date",),
    "complaint": ("received_date",),
    "contractor": ("valid_from",),
    "defect_event": ("event_date",),
}


@dataclass(frozen=True)
class Arrival:
    """One file of the drop folder (or one file inside a zip). ``reason`` says why it is no known source (zh-TW), and
    ``code`` is that reason's key in ``reasons.FILES``."""

    path: Path
    digest: str
    source_id: str | None
    reason: str | None
    name: str = ""
    inner: str | None = None
    code: str | None = None

    @property
    def member(self) -> Member:
        return Member(self.name or self.path.name, self.path, self.inner)


@dataclass(frozen=True)
class Ingested:
    """What became of one file. ``refused`` is one zh-TW sentence for an operator, None when the file was read.

    Dates are the first and last notice date (feed date, completion date) in it. ``observation_digests`` maps an
    observation table to its digest in the ObjectStore. ``notes`` are plain zh-TW lines for the log.
    """

    source_id: str
    digest: str
    file_name: str
    rows_in: int = 0
    rows_out: int = 0
    rows_quarantined: int = 0
    first_date: dt.date | None = None
    last_date: dt.date | None = None
    observation_digests: dict[str, str] = field(default_factory=dict)
    quarantine_digest: str | None = None
    refused: str | None = None
    refused_code: str | None = None
    notes: tuple[str, ...] = ()
    contract_version: str = ""


# ------------------------------------------------------------------------------------------------ discovery


def discover(drop: Path, settings: Settings | None = None) -> list[Arrival]:
    """Every file under ``drop``, sorted by name, zips opened; hidden and unfinished files (.part, .tmp) left alone.

    With ``settings`` the file's digest and source are remembered in ``home/index`` by path, size and time, so that
    the next call reads no file.
    """
    limits = _limits(settings)
    arrivals = []
    for path in sorted(p for p in drop.rglob("*") if p.is_file()):
        relative = path.relative_to(drop)
        if any(part.startswith((".", "~$")) for part in relative.parts):
            continue
        if path.suffix.lower() in _UNFINISHED or path.name.endswith("~"):
            continue
        arrivals.extend(_arrivals(path, relative.as_posix(), settings, limits))
    return arrivals


def arrival(path: Path, drop: Path | None = None, settings: Settings | None = None) -> Arrival:
    """The arrival of a single file, named relative to ``drop``. ValueError when it is a zip of several."""
    name = path.relative_to(drop).as_posix() if drop is not None else path.name
    found = _arrivals(path, name, settings, _limits(settings))
    if len(found) != 1:
        raise ValueError(f"{path.name} holds {len(found)} files: use discover")
    return found[0]


def _limits(settings: Settings | None) -> Limits:
    return Limits(settings.max_file_bytes, settings.max_unpacked_bytes) if settings else Limits()


def _arrivals(path: Path, name: str, settings: Settings | None, limits: Limits) -> list[Arrival]:
    stat = path.stat()
    key = canonical.digest([str(path.resolve()), stat.st_size, stat.st_mtime_ns, _code_version()])
    cached = _recall(settings, "files", key)
    if cached is not None:
        return [
            Arrival(path, a["digest"], a["source_id"], a["reason"], a["name"], a["inner"], a["code"]) for a in cached
        ]
    try:
        found = [_identify(m, limits) for m in members(path, name, limits)]
    except Refused as refused:
        found = [Arrival(path, canonical.file_digest(path), None, refused.message, name, code=refused.code)]
    _remember(
        settings,
        "files",
        key,
        [{f: getattr(a, f) for f in ("digest", "source_id", "reason", "name", "inner", "code")} for a in found],
    )
    return found


def _identify(member: Member, limits: Limits) -> Arrival:
    digest = ""
    try:
        digest = _member_digest(member, limits)
        source_id = identify(open_document(member, limits, preview=True))
        return Arrival(member.path, digest, source_id, None, member.name, member.inner)
    except Refused as refused:
        digest = digest or canonical.file_digest(member.path)
        return Arrival(member.path, digest, None, refused.message, member.name, member.inner, refused.code)


def _member_digest(member: Member, limits: Limits) -> str:
    return (
        canonical.file_digest(member.path) if member.inner is None else canonical.sha256(bytes(member.content(limits)))
    )


def identify(document: Document) -> str:
    """The source of a document by its content. Refused(unknown_source) when it is none that we know."""
    if document.format == "grid":
        best: tuple[tuple[int, int, int], str] | None = None
        for sheet in document.sheets:
            for source_id, contract in GRIDS.items():
                for item in contract.sheets:
                    match, _ = _best_header(item, sheet)
                    if match is None:
                        continue
                    rank = (int(match.complete), int(match.is_this), len(match.columns))
                    if best is None or rank > best[0]:
                        best = (rank, source_id)
        if best is not None:
            return best[1]
        if any(debarment_feed.is_bare_grid(sheet.preview) for sheet in document.sheets):
            return debarment_feed.CONTRACT.source_id
    else:
        for source_id, module in SOURCES.items():
            if hasattr(module, "recognise") and module.recognise(document):
                return source_id
    raise Refused("unknown_source")


def _best_header(item: Any, sheet: RawSheet) -> tuple[Match | None, int]:
    """The preview row that is the header of ``item``: complete, else its own, else nearly; and its index."""
    best: tuple[tuple[int, int, int], Match, int] | None = None
    for index, row in enumerate(sheet.preview):
        if sum(1 for cell in row if cell) < 2:
            continue
        match = item.match(row)
        if not (match.is_this or match.nearly):
            continue
        rank = (int(match.complete), int(match.is_this), len(match.columns))
        if best is None or rank > best[0]:
            best = (rank, match, index)
    return (best[1], best[2]) if best else (None, -1)


# ------------------------------------------------------------------------------------------------ ingestion


def ingest(arrived: Arrival | Path, settings: Settings, objects: ObjectStore) -> Ingested:
    """Reads one file into observations, or finds that it was read before. Never raises for what a file contains."""
    item = arrived if isinstance(arrived, Arrival) else arrival(arrived, settings=settings)
    name = item.name or item.path.name
    if item.source_id is None:
        origin = Origin("", item.digest, name)
        return _refused(origin, "", item.reason or "", item.code or "unknown_source", 0, objects)
    module = SOURCES[item.source_id]
    options = _options(settings)
    key = canonical.digest([item.digest, name, item.source_id, module.CONTRACT.version, _code_version(), options])
    cached = _recall(settings, "ingested", key)
    if cached is not None and _all_there(cached, objects):
        return _from_json(cached)
    with _alone(settings, key):
        cached = _recall(settings, "ingested", key)  # another run may have read it while we waited
        if cached is not None and _all_there(cached, objects):
            return _from_json(cached)
        return _read_once(item, name, module, settings, objects, options, key)


@contextmanager
def _alone(settings: Settings, key: str) -> Iterator[None]:
    """One reader a file on this machine, so that twelve months backfilled at once read it once. A reader elsewhere
    does no harm: both come to the same objects."""
    path = settings.home / "index" / "locks" / key[:2]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _read_once(
    item: Arrival,
    name: str,
    module: ModuleType,
    settings: Settings,
    objects: ObjectStore,
    options: dict[str, Any],
    key: str,
) -> Ingested:
    done = _ingest(item, name, module, settings, objects, options)
    pa.default_memory_pool().release_unused()  # a large file's columns are not kept for the next step
    log.info(  # by digest: a name may be a case number, and logs name no case
        "read %s: source %s, rows in %d, out %d, quarantined %d%s",
        done.digest[:12],
        item.source_id,
        done.rows_in,
        done.rows_out,
        done.rows_quarantined,
        f", refused ({done.refused_code})" if done.refused else "",
    )
    if done.refused_code != "changed":
        _remember(settings, "ingested", key, _to_json(done))
    return done


def _options(settings: Settings) -> dict[str, Any]:
    """What the configuration says of reading; part of what a file was read by."""
    minimum = _config(settings, "procurement").get("debarment_min_rows", DEFAULT_DEBARMENT_MIN_ROWS)
    return {"debarment_min_rows": int(minimum), "works": _config(settings, "works").get("reading", {})}


def _config(settings: Settings, name: str) -> dict[str, Any]:
    """A config file's settings, parsed once as long as the file stays as it is: it is asked for with every file."""
    try:
        stat = (settings.config / f"{name}.yaml").stat()
    except FileNotFoundError:
        return {}
    return _parsed(settings.config, name, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)
def _parsed(folder: Path, name: str, _mtime_ns: int, _size: int) -> dict[str, Any]:
    return dict(config.load(folder, name) or {})


def _ingest(
    item: Arrival, name: str, module: ModuleType, settings: Settings, objects: ObjectStore, options: dict[str, Any]
) -> Ingested:
    contract: Contract = module.CONTRACT
    origin = Origin(contract.source_id, item.digest, name)
    limits = _limits(settings)
    rows_in = 0
    try:
        if _member_digest(item.member, limits) != item.digest:
            raise Refused("changed")
        document = open_document(item.member, limits)
        raws, notes = _raw_tables(module, document, item, options)
        del document
        cleans = [read(raws.pop(0), origin) for _ in range(len(raws))]
        rows_in = sum(c.rows_in for c in cleans if not c.nested)
        if not rows_in:
            raise Refused("no_rows")
        if hasattr(module, "screen"):
            module.screen(cleans, options)
        tables = module.observe(cleans, origin)
    except Refused as refused:
        return _refused(origin, contract.version, refused.message, refused.code, rows_in, objects)
    quarantine = pa.concat_tables([c.quarantine for c in cleans] + tables.pop("quarantine", []))
    rows_quarantined = _rows_set_aside(quarantine)
    rows_out = rows_in - rows_quarantined
    observations = {name: pa.concat_tables(parts) for name, parts in tables.items() if parts}
    first, last = _dates(observations)
    return Ingested(
        contract.source_id,
        item.digest,
        name,
        rows_in,
        rows_out,
        rows_quarantined,
        first,
        last,
        {name: objects.put_table(table) for name, table in sorted(observations.items()) if table.num_rows},
        objects.put_table(_sorted(quarantine)) if quarantine.num_rows else None,
        None,
        None,
        tuple(notes),
        contract.version,
    )


def _raw_tables(
    module: ModuleType, document: Document, item: Arrival, options: dict[str, Any]
) -> tuple[list[RawTable], list[str]]:
    if document.format != "grid":
        return module.raw_tables(document), []
    tables = []
    notes = []
    nearly: list[Match] = []
    for sheet in document.sheets:
        found = [(m, i) for m, i in (_best_header(s, sheet) for s in module.CONTRACT.sheets) if m is not None]
        complete = [(m, i) for m, i in found if m.complete]
        if not complete:
            nearly.extend(m for m, _ in found)
            if not found and sheet.preview and len(document.sheets) > 1:
                notes.append(f"工作表「{sheet.name}」不是資料表，未讀取")
            continue
        match, header = max(complete, key=lambda pair: len(pair[0].columns))
        names = list(match.columns)
        indexes = [match.columns[n] for n in names]
        fill = [match.columns[n] for n in names if match.sheet.field(n).type == "text"]
        rows, arrays = sheet.columns(header, indexes, fill)
        columns = {
            n: RawColumn(match.headers[match.columns[n]], array, match.units.get(n))
            for n, array in zip(names, arrays, strict=True)
        }
        raw = RawTable(match.sheet, sheet.name, rows, columns)
        if hasattr(module, "prepare"):
            module.prepare(raw, sheet.preview[:header], item.name or item.path.name, options)
        tables.append(raw)
        if match.unknown:
            notes.append(f"未使用之欄位：{'、'.join(dict.fromkeys(match.unknown))}")
    if not tables and hasattr(module, "bare_tables"):
        tables = module.bare_tables(document, item.name or item.path.name)
    if not tables:
        missing = list(dict.fromkeys(h for m in nearly for h in m.missing))
        raise Refused("missing_columns", "缺少「" + "」「".join(missing) + "」" if missing else "")
    return tables, notes


def _rows_set_aside(quarantine: pa.Table) -> int:
    aside = quarantine.filter(pc.equal(quarantine.column("severity"), "row"))
    return aside.group_by(["sheet", "row"]).aggregate([]).num_rows


def _sorted(quarantine: pa.Table) -> pa.Table:
    """By key; two remarks on one cell keep the first by reason."""
    keys = [(c, "ascending") for c in ("file_digest", "sheet", "row", "column", "severity", "reason")]
    table = quarantine.sort_by(keys)
    grouped = table.append_column("_i", pa.array(range(table.num_rows), pa.int64())).group_by(list(QUARANTINE.key))
    first = grouped.aggregate([("_i", "min")]).column("_i_min")
    return table.take(first.combine_chunks().sort())


def _dates(observations: dict[str, pa.Table]) -> tuple[dt.date | None, dt.date | None]:
    lows, highs = [], []
    for name, columns in _DATED.items():
        if name in observations:
            for column in columns:
                found = pc.min_max(observations[name].column(column)).as_py()
                if found["min"] is not None:
                    lows.append(found["min"])
                    highs.append(found["max"])
                    break
    return (min(lows), max(highs)) if lows else (None, None)


def _refused(origin: Origin, version: str, message: str, code: str, rows_in: int, objects: ObjectStore) -> Ingested:
    row = {"column": "", "reason": code, "severity": "file", "value": None}
    return Ingested(
        origin.source_id,
        origin.file_digest,
        origin.file_name,
        rows_in,
        0,
        rows_in,
        quarantine_digest=objects.put_table(quarantine_rows(origin, [row])),
        refused=message,
        refused_code=code,
        contract_version=version,
    )


# ------------------------------------------------------------------------------------------------ memory


def _code_version() -> str:
    return (
        f"{READER_VERSION}-{_variants_digest()}-{canonical.digest(sorted(c.version for c in CONTRACTS.values()))[:12]}"
    )


def _variants_digest() -> str:
    from probity.settings import ROOT

    return canonical.file_digest(ROOT / "include" / "config" / "name_variants.yaml")[:12]


def _entry(settings: Settings, kind: str, key: str) -> Path:
    return settings.home / "index" / kind / key[:2] / f"{key}.json"


def _recall(settings: Settings | None, kind: str, key: str) -> Any:
    if settings is None:
        return None
    try:
        return json.loads(_entry(settings, kind, key).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _remember(settings: Settings | None, kind: str, key: str, value: Any) -> None:
    if settings is not None:
        write_atomic(_entry(settings, kind, key), canonical.dumps(value).encode())


def _all_there(cached: dict[str, Any], objects: ObjectStore) -> bool:
    digests: Iterable[str | None] = [*cached["observation_digests"].values(), cached["quarantine_digest"]]
    return all(objects.table_path(d).exists() for d in digests if d)


def _to_json(done: Ingested) -> dict[str, Any]:
    return asdict(done)


def _from_json(value: dict[str, Any]) -> Ingested:
    dates = {k: dt.date.fromisoformat(value[k]) if value[k] else None for k in ("first_date", "last_date")}
    return Ingested(**{**value, **dates, "notes": tuple(value["notes"])})
