"""Runs the signals: DuckDB in memory over a period's canonical tables, one SQL file a signal.

In: canonical Arrow tables (probity.tables), a period, the signals, the dated threshold rows. Out: SIGNAL_RESULT, one
row for every case of the period and every signal: fired, clear or not_assessable.
Why here and not in the SQL: what must hold for each signal is enforced once. Every case of the period appears exactly
once; a case that lacks data is never clear; evidence is canonical JSON; thresholds are those in force on the case's
own tender-notice date (the next of the family's dates when there is none), never those of the day of the run.

The folder of the SQL names the family (probity.tables.FAMILIES): which table holds the cases, which of them are the
period's own, which tables hang on a case. The SQL sees the family's tables under their own names: the table of cases
with ``cid``, ``aid``, ``in_scope`` and ``rule_date``, the table of firms with ``cid`` and ``fid``, the children with
``cid`` (and as ``all_<child>`` also their rows of cases that the snapshot does not hold, ``cid`` NULL), the registers
as they are; ``limits`` (a row a date, a column a threshold), ``run_period``, the lists of ``signals.lists``; and what
the files ``_*.sql`` of the folder lay down when a signal first names it, ``scope`` (the period's own cases) among it.
``cid``, ``fid`` and ``aid`` are running numbers of case, firm and agency in the order of their keys. A signal selects
``cid, reason, fired, value, threshold, amount_at_stake, evidence`` from ``scope``; ``reason`` is NULL or names what is
missing.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from probity import config
from probity.signals import exact, lists, wording
from probity.signals.header import SHARED, Signal
from probity.tables import FAMILIES, TABLES, Family

log = logging.getLogger(__name__)

SCHEMA = TABLES["signal_result"].arrow_schema()
STATES = pa.array(["fired", "clear", "not_assessable"])
FIRED, CLEAR, NOT_ASSESSABLE = 0, 1, 2
COLUMNS = ["cid", "reason", "fired", "value", "threshold", "amount_at_stake", "evidence"]
MEMORY = "600MB"
THREADS = 2

_HELPER = re.compile(r"\A-- (table|view|macros)(?:: *(\w+))?")


class SignalError(RuntimeError):
    """A signal's SQL broke a rule of the engine; the message names the signal."""


class Days(Protocol):
    """What the engine needs of a period (probity.calendar.Period fits)."""

    @property
    def first(self) -> dt.date: ...
    @property
    def last(self) -> dt.date: ...


class Workspace:
    """One DuckDB connection with the period's tables, helper tables and functions; use as a context manager."""

    def __init__(
        self,
        tables: Mapping[str, pa.Table],
        period: Days,
        sql_dir: Path,
        threshold_rows: Sequence[Mapping[str, Any]],
        bands: Mapping[str, Any] | None = None,
    ) -> None:
        self.family = family_of(sql_dir)
        self._spill = tempfile.TemporaryDirectory(prefix="probity-signals-")
        limits: dict[str, Any] = {"threads": THREADS, "memory_limit": MEMORY, "temp_directory": self._spill.name}
        self.con = duckdb.connect(config=limits)
        self.con.execute("SET preserve_insertion_order = true")
        exact.register(self.con)
        try:
            self._lay_out(tables, period, threshold_rows)
            for name, table in lists.tables(self.family, sql_dir.parents[1] / "config").items():
                self.con.register(name, table)
            self._macros(bands or read_bands(sql_dir))
            macros, helpers = read_helpers(sql_dir)
            self._helpers: dict[str, tuple[Path, str]] = {}
            self._parents: dict[str, set[str]] = {}
            for name, (path, text) in helpers.items():
                self._parents[name] = self.needs(text)
                self._helpers[name] = (path, text)
            self._ready: set[str] = set()
            for text in macros:
                self.con.execute(text)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(duckdb.Error):  # an unfinished result holds the functions; closing frees both
            exact.unregister(self.con)
        self.con.close()
        self._spill.cleanup()

    # -- the period's tables with running numbers ---------------------------------------------------------------
    def _lay_out(
        self, tables: Mapping[str, pa.Table], period: Days, threshold_rows: Sequence[Mapping[str, Any]]
    ) -> None:
        family = self.family
        given = {name: tables.get(name, TABLES[name].arrow_schema().empty_table()) for name in family.inputs}
        cases = _sorted_cases(given[family.case], family.case)
        ids = cases["case_id"].combine_chunks()
        inside = family.own_mask(cases, period.first, period.last).combine_chunks()
        self.n_cases = len(ids)
        scope = np.flatnonzero(inside.to_numpy(zero_copy_only=False))
        self.scope_ids = ids.take(pa.array(scope))
        self.position = np.full(self.n_cases, -1, dtype=np.int64)
        self.position[scope] = np.arange(len(scope))

        rule_date = pc.coalesce(*(cases[name] for name in family.rule_dates))
        self.undated = pc.is_null(rule_date).to_numpy()[scope]
        agencies, aid = _numbered(cases["agency_key"])
        numbered = cases.append_column("cid", pa.array(np.arange(self.n_cases, dtype=np.int32)))
        numbered = numbered.append_column("aid", aid).append_column("in_scope", inside)
        numbered = numbered.append_column("rule_date", rule_date)
        self.con.register(family.case, numbered)
        self.con.register(
            "agency_keys", pa.table({"aid": np.arange(len(agencies), dtype=np.int32), "agency_key": agencies})
        )

        firms, fid = _numbered(given[family.firms]["firm"])
        self.con.register("firm_keys", pa.table({"fid": np.arange(len(firms), dtype=np.int32), "firm": firms}))
        for name in (family.firms, *family.children):
            table = given[name]
            cid = pc.index_in(table["case_id"], value_set=ids).cast(pa.int32())
            if name == family.firms:
                table = table.append_column("fid", fid)
            table = table.append_column("cid", cid)
            self.con.register(f"all_{name}", table)
            if cid.null_count:
                log.warning("signals: %d rows of %s are left out: of no case of the snapshot", cid.null_count, name)
                table = table.filter(pc.is_valid(table["cid"]))
            self.con.register(name, table)
        for name in family.registers:
            self.con.register(name, given[name])
        self.con.register("limits", _limits(rule_date, threshold_rows))
        self.con.register(
            "run_period", pa.table({"first_day": pa.array([period.first]), "last_day": pa.array([period.last])})
        )

    def _macros(self, bands: Mapping[str, Any]) -> None:
        """``value_band(x)`` and ``bidder_band(n)`` from config/peer_bands.yaml: the number of edges at or below x."""
        for name in ("value_band", "bidder_band"):
            edges = [float(e) for e in bands[name]]
            if edges != sorted(set(edges)):
                raise ValueError(f"peer_bands.yaml: {name} must rise")
            terms = " + ".join(f"(x >= {e!r})::TINYINT" for e in edges) or "0"
            self.con.execute(f"CREATE MACRO {name}(x) AS ({terms})::TINYINT")

    def needs(self, sql: str) -> set[str]:
        """The helper tables that ``sql`` names, and those that they name in turn (always of earlier files)."""
        code = re.sub(r"--.*", "", sql)
        found: set[str] = set()
        for name in reversed(self._helpers):
            if name in found or re.search(rf"\b{name}\b", code):
                found |= {name} | self._parents[name]
        return found

    def _ensure(self, sql: str) -> None:
        """Lay down the helper tables that ``sql`` needs, in the order of their files."""
        needed = self.needs(sql)
        for name, (path, text) in self._helpers.items():
            if name in needed and name not in self._ready:
                self._ready.add(name)
                try:
                    self.con.execute(text)
                except duckdb.Error as error:
                    raise SignalError(f"{path.name}: {error}") from error

    def run(self, signals: Sequence[Signal]) -> Iterator[tuple[Signal, pa.Table]]:
        """Each signal with its rows, in an order that keeps few helper tables alive; a table no longer needed goes."""
        waiting = {s.id: (s, self.needs(s.sql)) for s in signals}
        while waiting:
            chosen = min(waiting, key=lambda i: (len(waiting[i][1] - self._ready), i))
            signal, _ = waiting.pop(chosen)
            yield signal, self.assess(signal)
            still = set().union(*(needed for _, needed in waiting.values())) if waiting else set()
            for name in sorted(self._ready - still):
                kind = self._helpers[name][1].split(maxsplit=2)[1]
                self.con.execute(f"DROP {kind} {name}")
                self._ready.remove(name)

    # -- one signal ---------------------------------------------------------------------------------------------
    def assess(self, signal: Signal) -> pa.Table:
        """SIGNAL_RESULT rows of one signal, one a case of the period, in the order of case_id.

        Raises SignalError when the SQL fails, lacks a column, or misses or repeats a case.
        """
        self._ensure(signal.sql)
        try:
            relation = self.con.sql(signal.sql)
            _check_shape(signal, relation)
            result = self.con.sql(
                f"""SELECT cid::INTEGER AS cid, reason::VARCHAR AS reason, fired::BOOLEAN AS fired,
                    value::DOUBLE AS value, threshold::DOUBLE AS threshold,
                    CASE WHEN fired AND reason IS NULL THEN amount_at_stake::BIGINT END AS amount_at_stake,
                    CASE WHEN fired AND reason IS NULL THEN to_json(evidence)::VARCHAR END AS evidence
                    FROM ({signal.sql})"""
            ).to_arrow_table()
        except duckdb.Error as error:
            raise SignalError(f"{signal.path.name}: {error}") from error
        return self._shape(signal, result)

    def _shape(self, signal: Signal, result: pa.Table) -> pa.Table:
        n = len(self.scope_ids)
        where = self.position[result["cid"].to_numpy()] if result.num_rows else np.empty(0, dtype=np.int64)
        if len(where) != n or (n and (where.min() < 0 or np.bincount(where, minlength=n).max() != 1)):
            raise SignalError(f"{signal.id}: {len(where)} rows for {n} cases: each case must appear exactly once")
        order = np.empty(n, dtype=np.int64)
        order[where] = np.arange(n)
        if not np.array_equal(order, np.arange(n)):
            result = result.take(pa.array(order))
        reason, fired = result["reason"].combine_chunks(), result["fired"].combine_chunks()
        if signal.parameters and self.undated.any():  # no date, no threshold in force on it
            reason = pc.if_else(pc.and_(pc.is_null(reason), pa.array(self.undated)), pa.scalar("rule_date"), reason)
        undecided = pc.and_(pc.is_null(reason), pc.is_null(fired))
        if pc.any(undecided).as_py():
            log.warning("signal %s: %d cases could be neither fired nor clear", signal.id, pc.sum(undecided).as_py())
            reason = pc.if_else(undecided, pa.scalar("undecided"), reason)
        lacking = pc.is_valid(reason).to_numpy(zero_copy_only=False)
        hit = pc.fill_null(fired, False).to_numpy(zero_copy_only=False) & ~lacking
        state = np.where(lacking, NOT_ASSESSABLE, np.where(hit, FIRED, CLEAR))
        value = result["value"].to_numpy(zero_copy_only=False)
        known = pa.array(lacking)
        columns = [
            self.scope_ids,
            pa.repeat(pa.scalar(signal.id), n),
            pc.take(STATES, pa.array(state)),
            pc.if_else(known, pa.scalar(None, pa.float64()), result["value"].combine_chunks()),
            pc.if_else(known, pa.scalar(None, pa.float64()), result["threshold"].combine_chunks()),
            pa.array(strength(value, hit, int(n - lacking.sum()), signal.strength), mask=~hit),
            result["amount_at_stake"].combine_chunks(),
            result["evidence"].combine_chunks(),
            _words(reason, self.family.case),
        ]
        return pa.Table.from_arrays(columns, schema=SCHEMA)


def input_columns(sql_dir: Path) -> dict[str, list[str]]:
    """Per canonical table the columns that any SQL file of the folder names: what a snapshot need be read for.

    A word is taken for a column wherever it stands, so the answer may hold a column too many, never one too few.
    """
    texts = [
        re.sub(r"/\*.*?\*/", "", p.read_text(encoding="utf-8"), flags=re.DOTALL) for p in sorted(sql_dir.glob("*.sql"))
    ]
    family = family_of(sql_dir)
    words = set(re.findall(r"[a-z_0-9]+", " ".join(texts)))
    words |= {"case_id", "agency_key", "firm", family.own, *family.rule_dates}
    return {name: [c for c in TABLES[name].names if c in words] for name in family.inputs}


def family_of(sql_dir: Path) -> Family:
    """The family of cases that the SQL of the folder is about; SignalError when the folder bears no family's name."""
    if sql_dir.name not in FAMILIES:
        raise SignalError(f"{sql_dir}: the folder must bear the name of a family: {', '.join(FAMILIES)}")
    return FAMILIES[sql_dir.name]


def read_bands(sql_dir: Path) -> dict[str, Any]:
    """``peer_bands.yaml`` of the config folder that lies beside the SQL folder (in the project and in a rule book)."""
    bands: dict[str, Any] = config.load(sql_dir.parents[1] / "config", "peer_bands")
    return bands


def read_helpers(folder: Path) -> tuple[list[str], dict[str, tuple[Path, str]]]:
    """The ``_*.sql`` files of the folder, and before them those of the folder ``shared`` beside it: the macros to run
    at once, and per helper table or view its file and CREATE statement.

    A file's first line is ``-- table: name``, ``-- view: name`` (a SELECT follows) or ``-- macros``.
    """
    macros: list[str] = []
    helpers: dict[str, tuple[Path, str]] = {}
    for path in [*sorted((folder.parent / SHARED).glob("_*.sql")), *sorted(folder.glob("_*.sql"))]:
        text = path.read_text(encoding="utf-8")
        match = _HELPER.match(text)
        if match is None:
            raise SignalError(f"{path.name}:1: the first line must be '-- table: name', '-- view: name' or '-- macros'")
        kind, name = match.groups()
        if kind == "macros":
            macros.append(text)
        elif name in helpers:
            raise SignalError(f"{path.name}:1: {name} is already laid down by {helpers[name][0].name}")
        else:
            helpers[name] = (path, f"CREATE {kind} {name} AS {text[match.end() :]}")
    return macros, helpers


def run_batches(
    tables: Mapping[str, pa.Table],
    period: Days,
    signals: Sequence[Signal],
    threshold_rows: Sequence[Mapping[str, Any]],
    bands: Mapping[str, Any] | None = None,
) -> Iterator[tuple[Signal, pa.Table]]:
    """Signal by signal: (signal, its SIGNAL_RESULT rows in the order of case_id). For runs too large to hold whole.

    The order of the signals is the engine's own (see Workspace.run), the same for the same signals.
    """
    if not signals:
        raise ValueError("no signals to run")
    with Workspace(tables, period, signals[0].path.parent, threshold_rows, bands) as workspace:
        yield from workspace.run(signals)


def run(
    tables: Mapping[str, pa.Table],
    period: Days,
    signals: Sequence[Signal],
    thresholds_rows: Sequence[Mapping[str, Any]],
    bands: Mapping[str, Any] | None = None,
) -> pa.Table:
    """SIGNAL_RESULT for every case of the period and every signal, sorted by case_id and signal_id.

    ``tables`` are canonical tables by name (absent ones count as empty); ``thresholds_rows`` come from
    probity.config.thresholds; ``bands`` from peer_bands.yaml (read beside the SQL folder when not given).
    """
    ordered = sorted(signals, key=lambda s: s.id)
    results = {s.id: table for s, table in run_batches(tables, period, ordered, thresholds_rows, bands)}
    parts = [results[s.id] for s in ordered]
    n = parts[0].num_rows
    whole = pa.concat_tables(parts)
    order = np.arange(n * len(parts)).reshape(len(parts), n).T.ravel()
    return whole.take(pa.array(order)).combine_chunks()


def strength(
    value: npt.NDArray[np.float64], hit: npt.NDArray[np.bool_], assessable: int, direction: str
) -> npt.NDArray[np.float64]:
    """How extreme a fired case is: 1 - (fired cases more extreme + half of the ties, itself included) / assessable.

    An empirical tail: near 1 for the one extreme case among thousands, 0.5 when all fire alike.
    """
    out = np.zeros(len(value))
    fired = np.asarray(value, dtype=np.float64)[hit]
    if not len(fired):
        return out
    key = np.zeros(len(fired)) if direction == "rare" else (-fired if direction == "high" else fired)
    key = np.where(np.isnan(key), np.inf, key)
    ordered = np.sort(key)
    low, high = np.searchsorted(ordered, key, "left"), np.searchsorted(ordered, key, "right")
    out[hit] = 1 - (low + high) / 2 / max(assessable, 1)
    return out


def _words(tokens: pa.Array, case: str) -> pa.Array:
    encoded = tokens.dictionary_encode()
    texts = pa.array([wording.missing(t, case) for t in encoded.dictionary.to_pylist()], type=pa.string())
    return texts.take(encoded.indices)


def _sorted_cases(cases: pa.Table, name: str) -> pa.Table:
    ids = cases["case_id"].combine_chunks()
    if len(ids) > 1 and not pc.all(pc.less(ids[:-1], ids[1:])).as_py():
        cases = cases.sort_by("case_id")
        ids = cases["case_id"].combine_chunks()
        if not pc.all(pc.less(ids[:-1], ids[1:])).as_py():
            raise ValueError(f"{name} holds a case_id twice")
    return cases


def _numbered(column: pa.ChunkedArray) -> tuple[pa.Array, pa.Array]:
    """Distinct values in sorted order, and each row's number among them."""
    encoded = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    codes = rank[encoded.indices.to_numpy(zero_copy_only=False)] if len(encoded) else np.empty(0, dtype=np.int32)
    return encoded.dictionary.take(pa.array(order)), pa.array(codes, type=pa.int32())


def _limits(dates: pa.ChunkedArray, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A row a distinct date, a column a threshold name: the value in force on that date, else NULL."""
    days = np.sort(pc.unique(dates).drop_null().to_numpy(zero_copy_only=False).astype("datetime64[D]"))
    columns: dict[str, npt.NDArray[np.float64]] = {}
    for row in rows:
        values = columns.setdefault(row["name"], np.full(len(days), np.nan))
        force = days >= np.datetime64(row["effective_from"])
        if row["effective_to"] is not None:
            force &= days <= np.datetime64(row["effective_to"])
        values[force] = row["value"]
    arrays = {n: pa.array(v, mask=np.isnan(v)) for n, v in columns.items()}
    return pa.table({"rule_date": pa.array(days, type=pa.date32())} | arrays)


def _check_shape(signal: Signal, relation: duckdb.DuckDBPyRelation) -> None:
    if relation.columns != COLUMNS:
        raise SignalError(f"{signal.path.name}: the SQL selects {relation.columns}, expected {COLUMNS}")
    keys = [name for name, _ in relation.types[-1].children]
    if keys != sorted(keys):
        raise SignalError(f"{signal.path.name}: evidence keys must stand in alphabetical order, got {keys}")


def summary(result: pa.Table, signals: Sequence[Signal], too_common: float | None = None) -> list[dict[str, Any]]:
    """Per signal: fired, clear, not_assessable, base_rate (fired / assessable, None when none), too_common, why_not
    (the reason that most of its not assessable cases give, None when there are none).

    A signal that fires on more than ``too_common`` (a fraction; default ``too_common_share`` of the peer_bands.yaml
    beside the signals) of at least 20 assessable cases selects nothing: log and report say so.
    """
    if too_common is None:
        too_common = float(read_bands(signals[0].path.parent)["too_common_share"])
    counts = result.group_by(["signal_id", "state"]).aggregate([([], "count_all")]).to_pylist()
    table = {(r["signal_id"], r["state"]): r["count_all"] for r in counts}
    share, why_not = too_common, _why_not(result)
    return [
        summarise(s, [table.get((s.id, str(state)), 0) for state in STATES], share) | {"why_not": why_not.get(s.id)}
        for s in signals
    ]


def _why_not(result: pa.Table) -> dict[str, str]:
    """signal_id -> the commonest reason of its not assessable cases; of equal ones the first by its text."""
    unknown = result.filter(pc.equal(result["state"], "not_assessable"))
    counts = unknown.group_by(["signal_id", "reason"]).aggregate([([], "count_all")]).to_pylist()
    out: dict[str, str] = {}
    for row in sorted(counts, key=lambda r: (-r["count_all"], r["reason"] or "")):
        if row["reason"]:
            out.setdefault(row["signal_id"], row["reason"])
    return out


def summarise(signal: Signal, counts: Sequence[int], too_common: float) -> dict[str, Any]:
    """One line of ``summary`` from the counts fired, clear, not_assessable."""
    fired, clear, not_assessable = counts
    assessable = fired + clear
    rate = fired / assessable if assessable else None
    return {
        "signal_id": signal.id,
        "name": signal.name_zh,
        "family": signal.family,
        "fired": fired,
        "clear": clear,
        "not_assessable": not_assessable,
        "base_rate": rate,
        "too_common": rate is not None and assessable >= 20 and rate > too_common,
    }
