"""``./probity bench signals``: notices per second from file to signals, and peak memory, beside plain pandas.

In: the real Hualien years (shared data, when there) and ``--rows`` generated notices (24 months, default 1,000,000).
Out: for each, seconds and notices a second from the file through every signal, peak memory of the process; then, on
the same generated file and in the same run, a baseline: the same few signals written in plain pandas, with the counts
that both find (they must agree). Each measurement is a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from probity import config, settings, signals
from probity.calendar import Period
from probity.settings import ROOT
from probity.store.objects import ObjectStore

SUBSET = ("I06", "P02", "P03", "P12", "P17A", "P17B")
TARGET_RATE, TARGET_GB = 20_000, 2.0


@dataclass(frozen=True)
class Span:
    """All days from ``first`` to ``last``: every case of the snapshot is in scope."""

    first: dt.date
    last: dt.date


def collect(drop: Path, home: Path, last: Period) -> dict[str, Any]:
    """File to snapshots: read and normalise, merge into cases, lay down as Parquet; nothing is cached beforehand."""
    from probity.sources import build, discover, ingest

    office = settings.load({"PROBITY_HOME": str(home), "PROBITY_DROP": str(drop)})
    objects = ObjectStore(office.objects)
    start = time.perf_counter()
    tables = build([ingest(a, office, objects) for a in discover(drop)], last, objects, 5)
    digests = {name: objects.put_table(table) for name, table in tables.items()}
    return {"seconds": time.perf_counter() - start, "digests": digests}


def detect(home: Path, digests: dict[str, str], span: Span, chosen: Sequence[str] | None) -> dict[str, Any]:
    """Snapshots to results of every signal, held one signal at a time."""
    folder = ROOT / "include" / "sql" / "procurement"
    found = [s for s in signals.load_signals(folder) if not chosen or s.id in chosen]
    rows = config.thresholds(ROOT / "include" / "config")
    objects = ObjectStore(settings.load({"PROBITY_HOME": str(home)}).objects)
    start = time.perf_counter()
    columns = signals.input_columns(folder)
    tables = {n: pq.read_table(objects.table_path(digests[n]), columns=c) for n, c in columns.items()}
    counts: dict[str, list[int]] = {}
    notices = 0
    for signal, result in signals.run_batches(tables, span, found, rows):
        (line,) = signals.summary(result, [signal])
        counts[signal.id] = [line["fired"], line["clear"], line["not_assessable"]]
        notices = result.num_rows
    return {"seconds": time.perf_counter() - start, "notices": notices, "counts": counts, "n_signals": len(found)}


def plain_pandas(file: Path) -> dict[str, Any]:
    """The SUBSET in plain pandas: no history table, no dated thresholds, no evidence, no reasons."""
    start = time.perf_counter()
    columns = ["unit_id", "announcement_date", "award_date", "budget_amount", "award_amount", "procurement_category",
               "tender_method", "award_method", "winning_vendors"]  # fmt: skip
    frame = pd.read_csv(file, usecols=columns, encoding="utf-8-sig", dtype={"unit_id": str, "announcement_date": str})
    frame["notice"] = pd.to_datetime(frame["announcement_date"], format="%Y%m%d")
    frame["award_day"] = pd.to_datetime(frame["award_date"])
    read = time.perf_counter()
    fired: dict[str, int] = {}
    budget, award = frame["budget_amount"], frame["award_amount"]
    fired["P02"] = int(((frame["notice"] - frame["award_day"]).dt.days.gt(30) & budget.ge(1_000_000)).sum())
    fired["P03"] = int((frame["award_method"].eq("最低標") & award.gt(0) & award.lt(0.7 * budget)).sum())
    fired["P17A"] = int(award.gt(budget).sum())
    fired["P17B"] = int(award.eq(0).sum())
    kind = frame["procurement_category"].str[1:3]
    edges = config.load(ROOT / "include" / "config", "peer_bands")["value_band"]
    band = pd.cut(budget, [-1, *edges, 10**15], right=False).cat.codes
    ratio = (award / budget).round(4)
    fine = ratio.groupby([kind, frame["tender_method"], band, frame["notice"].dt.year])
    size = fine.transform("size")
    rank = (fine.rank(method="average") - 0.5) / size
    wide = ratio.groupby([kind, frame["tender_method"]])
    rank = rank.where(size >= 30, (wide.rank(method="average") - 0.5) / wide.transform("size"))
    fired["I06"] = int(((1 - ratio).ge(0.30) & rank.le(0.10)).sum())
    works = frame[kind.eq("工程")].sort_values("award_day")
    pairs = (
        works.groupby(["unit_id", "winning_vendors"], sort=False)
        .rolling("365D", on="award_day")["award_amount"]
        .count()
    )
    within = pairs.reset_index()
    most = within.groupby(["unit_id", "winning_vendors", "award_day"])["award_amount"].transform("max")
    fired["P12"] = int(most.ge(20).sum())
    end = time.perf_counter()
    return {
        "notices": len(frame),
        "read": read - start,
        "signals": end - read,
        "fired": fired,
        "n_signals": len(SUBSET),
    }


def child(task: dict[str, Any]) -> dict[str, Any]:
    """One step in this process, with the most memory and the CPU seconds that it took."""
    home, drop = Path(task["home"]), Path(task["drop"])
    span = Span(dt.date.fromisoformat(task["first"]), dt.date.fromisoformat(task["last"]))
    if task["step"] == "collect":
        out = collect(drop, home, Period.of(span.last))
    elif task["step"] == "detect":
        out = detect(home, task["digests"], span, task["chosen"])
    else:
        out = plain_pandas(next(drop.glob("*.csv")))
    used = resource.getrusage(resource.RUSAGE_SELF)
    return out | {"gb": used.ru_maxrss / 2**20, "cpu": used.ru_utime + used.ru_stime}


def measure(**task: Any) -> dict[str, Any]:
    """``child`` in a fresh process, as each step is a task of its own. CalledProcessError when it fails."""
    command = [sys.executable, "-m", "tests.bench.bench_signals", "--child", json.dumps(task, default=str)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "plugins"), str(ROOT)])}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def file_to_signals(title: str, drop: Path, home: Path, first: dt.date, last: dt.date) -> dict[str, Any]:
    """Collect, then detect, each measured and told."""
    task = {"drop": drop, "home": home, "first": first, "last": last}
    read = measure(step="collect", **task)
    found = measure(step="detect", digests=read["digests"], chosen=None, **task)
    total = read["seconds"] + found["seconds"]
    out = found | {"rate": found["notices"] / total, "gb": max(read["gb"], found["gb"]), "read": read}
    what = f"{found['notices']:,} notices through {found['n_signals']} signals"
    print(f"{title}: {what} in {total:.1f} s = {out['rate']:,.0f} notices/s")
    for name, step in (("file to snapshots", read), ("snapshots to signals", found)):
        print(
            f"    {name:<22} {step['seconds']:7.2f} s  ({step['cpu']:.1f} s of CPU)  peak {step['gb']:.2f} GB",
            flush=True,
        )
    return out


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("PROBITY_SHARED") or ROOT.parent / "shared"))
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.child:
        print(json.dumps(child(json.loads(options.child))))
        return 0
    from probity import demo

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        hualien = options.shared / "data" / "awards_hualien"
        if hualien.is_dir():
            file_to_signals("Hualien, real files", hualien, root / "h1", dt.date(2010, 1, 1), dt.date(2013, 12, 31))
        demo.generate_awards_csv(root / "drop" / "awards.csv", options.rows, 110)
        first, last = dt.date(2020, 1, 1), dt.date(2021, 12, 31)
        task = {"drop": root / "drop", "home": root / "h2", "first": first, "last": last}
        whole = file_to_signals("generated", root / "drop", root / "h2", first, last)
        subset = measure(step="detect", digests=whole["read"]["digests"], chosen=SUBSET, **task)
        baseline = measure(step="pandas", **task)
    ours = {s: subset["counts"][s][0] for s in SUBSET}
    print("the same signals, fired:  Probity " + ", ".join(f"{s} {n:,}" for s, n in ours.items()))
    print("                          pandas  " + ", ".join(f"{s} {baseline['fired'][s]:,}" for s in SUBSET))
    print(
        f"{len(SUBSET)} signals: pandas {baseline['signals']:.2f} s (and {baseline['read']:.2f} s to read), "
        f"Probity {subset['seconds']:.2f} s; per signal: pandas {baseline['signals'] / len(SUBSET):.2f} s, "
        f"Probity over all {whole['seconds'] / whole['n_signals']:.2f} s; ratio of the subset "
        f"{baseline['signals'] / subset['seconds']:.2f}, per signal over all "
        f"{baseline['signals'] / len(SUBSET) / (whole['seconds'] / whole['n_signals']):.2f}"
    )
    met = whole["rate"] >= TARGET_RATE and whole["gb"] < TARGET_GB
    print(
        f"target {TARGET_RATE:,} notices/s under {TARGET_GB:g} GB: {'met' if met else 'NOT met'} "
        f"({whole['rate']:,.0f} notices/s, {whole['gb']:.2f} GB)"
    )
    return 0 if met and ours == baseline["fired"] else 1


if __name__ == "__main__":
    sys.exit(main())
