"""What a gate costs: the import, paid once per worker before it forks, against the gates that follow; a million rows
against plain pandas and against the same frame checked by a person's own masks alone.

In: ``--rows N`` (default 1,000,000), ``--tasks N`` (default 5). Out: lines for a person; ``main`` returns 0.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from probity import config
from probity.gates.suites.canonical import AWARD_WAYS, KINDS, METHODS
from probity.gates.suites.canonical import TABLES as CANONICAL
from probity.settings import ROOT
from probity.tables import TABLES

PERIOD = "2021-03"


def award_cases(n: int, seed: int = 1) -> pa.Table:
    """``n`` invented clean cases over the 61 months up to March 2021, a few of them dirty."""
    random = np.random.default_rng(seed)
    notice = np.datetime64("2021-03-31") - random.integers(0, 1800, n).astype("timedelta64[D]")
    lag = random.integers(0, 60, n).astype("timedelta64[D]")
    budget = random.integers(100_000, 50_000_000, n)
    numbers = np.char.mod("%08d", np.arange(n))
    day = np.char.replace(notice.astype("datetime64[D]").astype(str), "-", "")
    columns: dict[str, Any] = {
        "case_id": np.char.add(np.char.add(np.char.add("3.99.10|A", numbers), "|"), day),
        "agency_id": np.full(n, "3.99.10"),
        "agency_name": np.full(n, "虛構建設局"),
        "agency_key": np.full(n, "3.99.10"),
        "case_no": np.char.add("A", numbers),
        "title": np.char.add("虛構工程", numbers),
        "kind": random.choice(KINDS, n),
        "method": random.choice(METHODS, n),
        "award_way": random.choice(AWARD_WAYS, n),
        "budget": budget,
        "award_amount": (budget * random.uniform(0.6, 1.0, n)).astype("int64"),
        "award_date": notice - lag,
        "award_notice_date": notice,
        "tender_notice_date": notice - lag - np.timedelta64(30, "D"),
        "deadline_date": notice - lag - np.timedelta64(10, "D"),
        "opening_date": notice - lag - np.timedelta64(9, "D"),
        "n_bidders": random.integers(1, 12, n),
        "n_winners": np.ones(n, dtype="int64"),
        "sources": np.full(n, "award_csv"),
        "n_observations": np.ones(n, dtype="int64"),
    }
    columns["budget"][:3] = -1
    schema = TABLES["award_case"].arrow_schema()
    arrays = [pa.array(columns[f.name]).cast(f.type) if f.name in columns else pa.nulls(n, f.type) for f in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def canonical(n: int) -> dict[str, pa.Table]:
    empty = {name: TABLES[name].arrow_schema().empty_table() for name in CANONICAL}
    return empty | {"award_case": award_cases(n)}


def plain_pandas(table: pa.Table) -> int:
    """The same questions as the award_case suite, as anyone would write them in pandas; returns the bad cells."""
    frame = table.to_pandas(date_as_object=False)
    masks = [
        frame["case_id"].duplicated(keep=False),
        frame["case_id"].isna() | ~frame["case_id"].str.contains(r"^[^|]+\|.+\|\d{8}(?:\|.+)?\Z"),
        frame["agency_key"].isna() | ~frame["agency_key"].str.contains(r"^(?:[0-9A-Z]+(?:\.[0-9A-Z]+)*|N:.+)\Z"),
        frame["title"].isna() | ~frame["title"].str.contains(r"\S"),
        frame["award_notice_date"].isna() | (frame["award_notice_date"] > pd.Timestamp("2021-03-31")),
        frame["sources"].isna(),
        frame["award_date"] > frame["award_notice_date"],
        frame["tender_notice_date"] > frame["deadline_date"],
        frame["tender_notice_date"] > frame["award_notice_date"],
        frame["deadline_date"] > frame["opening_date"],
        frame["opening_date"] > frame["award_date"],
        frame["performance_start"] > frame["performance_end"],
        *(
            (frame[c] < 0) | (frame[c] > 1e13)
            for c in ("budget", "procurement_amount", "reserve_price", "award_amount")
        ),
        *((frame[c] < 0) | (frame[c] > 1e13) for c in ("city_award_amount", "gap_deposit")),
        frame["award_amount"] / frame["budget"].where(frame["budget"] > 0) > 100,
        *(
            frame[c].notna() & ~frame[c].isin(v)
            for c, v in (("kind", KINDS), ("method", METHODS), ("award_way", AWARD_WAYS))
        ),
        *((frame[c] < 0) | (frame[c] > 1.5) for c in ("planned_progress", "actual_progress")),
        *((frame[c] < 0) | (frame[c] > 500) for c in ("n_bidders", "n_winners")),
        frame["n_winners"] > frame["n_bidders"],
    ]
    return sum(int(m.sum()) for m in masks)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    out = work()
    return time.perf_counter() - begin, out


def _task(queue: Any, tables: dict[str, pa.Table], rules: dict[str, Any]) -> None:
    """One task in a process of its own: how long from start of the task to the gate's verdict."""
    from probity import gates

    seconds, result = _timed(lambda: gates.run("canonical", tables, {"period": PERIOD}, rules))
    queue.put((seconds, result.outcome))


def tasks(method: str, n: int, tables: dict[str, pa.Table], rules: dict[str, Any]) -> list[float]:
    """Seconds of each of ``n`` gate tasks, each in a new process: ``spawn`` (nothing loaded) or ``fork`` (warmed)."""
    context = multiprocessing.get_context(method)
    out = []
    for _ in range(n):
        queue = context.SimpleQueue()
        process = context.Process(target=_task, args=(queue, tables, rules))
        process.start()
        out.append(queue.get()[0])
        process.join()
    return out


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--tasks", type=int, default=5)
    options = parser.parse_args(argv)
    rules = config.load(ROOT / "include" / "config", "gates")
    small = canonical(10_000)

    cold = tasks("spawn", 2, small, rules)
    print(f"gate task, nothing loaded (10,000 rows): {min(cold):.2f} s to {max(cold):.2f} s, paid by every such task")

    from probity import gates

    seconds, _ = _timed(gates.warm)
    print(f"importing Great Expectations, once per worker: {seconds:.2f} s")
    forked = tasks("fork", options.tasks, small, rules)
    print(f"gate task in a worker warmed before it forks: {min(forked):.2f} s to {max(forked):.2f} s ({options.tasks})")

    tables = canonical(options.rows)
    plain_pandas(tables["award_case"].slice(0, 1000))
    pandas_seconds, bad = _timed(lambda: plain_pandas(tables["award_case"]))
    gate_seconds, result = _timed(lambda: gates.run("canonical", tables, {"period": PERIOD}, rules))
    ran = sum(c.outcome != "not_run" for c in result.checks)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{options.rows:,} cases, plain pandas: {pandas_seconds:.2f} s ({bad} bad cells, no verdict, no rows, no words)"
    )
    print(
        f"{options.rows:,} cases, gate ({ran} checks, both judges, quarantine): {gate_seconds:.2f} s"
        f" = {options.rows / gate_seconds:,.0f} cases a second, {gate_seconds / pandas_seconds:.1f} x pandas;"
        f" outcome {result.outcome}; peak memory of the whole process {peak:.2f} GB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
