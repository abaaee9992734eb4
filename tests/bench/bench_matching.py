"""``./probity bench matching``: 200,000 permits x 50,000 reports by distance, area and road name, against pandas.

In: ``--permits N``, ``--reports N``, ``--radius M`` (metres), ``--repeat N``. Out: a table a question and the target
(20 times as fast as plain pandas, under 1 GB) beside what was found; exit code 1 when it is missed, when a baseline
finds other pairs, or when Probity is slower than the best one.

* distance: permits' points and reports' points at most ``--radius`` apart;
* area: the same from the permits' areas (four corners);
* name: one road of one district, sections that do not differ (probity.matching.meeting), from the road keys of both.

Baselines: pandas as an able analyst writes it (a grid of buckets and nine merges; explode, merge, filter), and as it is
written first (for each report the distance to all permits; on every 50th report, its time multiplied). All start from
the same columns in memory, each variant in a process of its own: seconds without imports and without making the data,
peak memory with both. Data are invented and the same each time: roads of 29 districts, places along them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[2]
TARGET = 20
LIMIT_MB = 1000
EACH = 50
ROADS = 6000
NUMERALS = "一二三四"
Pairs = tuple[np.ndarray, np.ndarray]


@dataclass
class Data:
    """Columns of one side: metres, direction of its road, road keys as in the canonical tables."""

    x: np.ndarray
    y: np.ndarray
    angle: np.ndarray
    keys: pa.ChunkedArray

    @property
    def corners(self) -> np.ndarray:
        """Corners of an area along the road, n x 5 x 2: 2 to about 80 m long, 1 to 3 m wide."""
        random = np.random.default_rng(len(self.x))
        long, wide = random.gamma(1.5, 10, len(self.x)) + 2, random.uniform(1, 3, len(self.x))
        u = long[:, None] * np.array([-1, 1, 1, -1, -1]) / 2
        v = wide[:, None] * np.array([-1, -1, 1, 1, -1]) / 2
        cos, sin = np.cos(self.angle)[:, None], np.sin(self.angle)[:, None]
        return np.stack([self.x[:, None] + u * cos - v * sin, self.y[:, None] + u * sin + v * cos], axis=-1)


def make(permits: int, reports: int, seed: int = 1100521) -> tuple[Data, Data]:
    """Roads scattered about a city, long ones busier; every fifth address names a second road."""
    random = np.random.default_rng(seed)
    x, y = random.normal(217_000, 6000, ROADS), random.normal(2_674_000, 8000, ROADS)
    angle, length = random.uniform(0, np.pi, ROADS), random.gamma(2, 400, ROADS)
    districts = random.integers(0, 29, ROADS)

    def side(n: int) -> Data:
        road = random.choice(ROADS, n, p=length / length.sum())
        along = random.uniform(-0.5, 0.5, n) * length[road]
        section, second = random.integers(0, len(NUMERALS) + 1, n), random.permutation(road)
        keys = [
            f"{districts[r]}區/第{r}路"
            + (f"{NUMERALS[s - 1]}段" if s else "")
            + (f",{districts[o]}區/第{o}路" if i % 5 == 0 else "")
            for i, (r, s, o) in enumerate(zip(road.tolist(), section.tolist(), second.tolist(), strict=True))
        ]
        return Data(
            x[road] + along * np.cos(angle[road]) + random.normal(0, 5, n),
            y[road] + along * np.sin(angle[road]) + random.normal(0, 5, n),
            angle[road],
            pa.chunked_array([pa.array(keys)]),
        )

    return side(permits), side(reports)


# -- by distance --------------------------------------------------------------------------------------------------
def distance_probity(permits: Data, reports: Data, radius: float) -> Callable[[], Pairs]:
    from probity.matching import geo

    def run() -> Pairs:
        sides = (np.column_stack([side.x, side.y]) for side in (reports, permits))
        found = geo.near_points(*sides, radius)
        return found.left, found.right

    return run


def distance_grid(permits: Data, reports: Data, radius: float) -> Callable[[], Pairs]:
    import pandas as pd

    left = pd.DataFrame({"report": np.arange(len(reports.x)), "x": reports.x, "y": reports.y})
    right = pd.DataFrame({"permit": np.arange(len(permits.x)), "x": permits.x, "y": permits.y})

    def run() -> Pairs:
        a, b = (f.assign(bx=(f["x"] // radius).astype(int), by=(f["y"] // radius).astype(int)) for f in (left, right))
        parts = []
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                both = a.assign(bx=a["bx"] + dx, by=a["by"] + dy).merge(b, on=["bx", "by"])
                apart = np.hypot(both["x_x"] - both["x_y"], both["y_x"] - both["y_y"])
                parts.append(both.loc[apart <= radius, ["report", "permit"]].assign(distance=apart))
        found = pd.concat(parts)
        return found["report"].to_numpy(), found["permit"].to_numpy()

    return run


def distance_each(permits: Data, reports: Data, radius: float) -> Callable[[], Pairs]:
    import pandas as pd

    left = pd.DataFrame({"report": np.arange(len(reports.x)), "x": reports.x, "y": reports.y})[::EACH]
    right = pd.DataFrame({"permit": np.arange(len(permits.x)), "x": permits.x, "y": permits.y})

    def run() -> Pairs:
        parts = []
        for row in left.itertuples():
            apart = np.hypot(right["x"] - row.x, right["y"] - row.y)
            near = right[apart <= radius]
            parts.append(near.assign(report=row.report, distance=apart))
        found = pd.concat(parts)
        return found["report"].to_numpy(), found["permit"].to_numpy()

    return run


# -- by area ------------------------------------------------------------------------------------------------------
def area_probity(permits: Data, reports: Data, radius: float) -> Callable[[], Pairs]:
    import shapely

    from probity.matching import geo

    shapes = shapely.polygons(permits.corners)

    def run() -> Pairs:
        found = geo.near(geo.points(reports.x, reports.y), shapes, radius)
        return found.left, found.right

    return run


def area_grid(permits: Data, reports: Data, radius: float) -> Callable[[], Pairs]:
    """Buckets wide enough for the largest area, then shapely's distance over the candidates as columns."""
    import pandas as pd
    import shapely

    shapes = shapely.polygons(permits.corners)
    left = pd.DataFrame({"report": np.arange(len(reports.x)), "x": reports.x, "y": reports.y})
    right = pd.DataFrame({"permit": np.arange(len(permits.x)), "x": permits.x, "y": permits.y})

    def run() -> Pairs:
        reach = shapely.length(shapes).max() / 4  # half the longest area
        cell = radius + reach
        spots = shapely.points(left["x"], left["y"])
        a, b = (f.assign(bx=(f["x"] // cell).astype(int), by=(f["y"] // cell).astype(int)) for f in (left, right))
        parts = []
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                both = a.assign(bx=a["bx"] + dx, by=a["by"] + dy).merge(b, on=["bx", "by"])
                apart = np.hypot(both["x_x"] - both["x_y"], both["y_x"] - both["y_y"])
                both = both[apart <= cell]
                apart = shapely.distance(spots[both["report"]], shapes[both["permit"]])
                parts.append(both.loc[apart <= radius, ["report", "permit"]])
        found = pd.concat(parts)
        return found["report"].to_numpy(), found["permit"].to_numpy()

    return run


# -- by name ------------------------------------------------------------------------------------------------------
def name_probity(permits: Data, reports: Data, radius: float) -> Callable[[], Pairs]:
    from probity.matching.meeting import meeting

    return lambda: meeting(reports.keys, permits.keys)


def name_pandas(permits: Data, reports: Data, radius: float) -> Callable[[], Pairs]:
    import pandas as pd

    left = pd.DataFrame({"report": np.arange(len(reports.x)), "keys": reports.keys.to_pandas()})
    right = pd.DataFrame({"permit": np.arange(len(permits.x)), "keys": permits.keys.to_pandas()})

    def roads(frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.assign(keys=frame["keys"].str.split(",")).explode("keys", ignore_index=True)
        return frame.join(frame.pop("keys").str.extract(r"^(?P<road>.+?)(?:(?P<section>[一二三四]+)段)?$"))

    def run() -> Pairs:
        both = roads(left).merge(roads(right), on="road")
        a, b = both["section_x"], both["section_y"]
        found = both.loc[(a == b) | a.isna() | b.isna(), ["report", "permit"]].drop_duplicates()
        return found["report"].to_numpy(), found["permit"].to_numpy()

    return run


# -- the run ------------------------------------------------------------------------------------------------------
GROUPS: dict[str, dict[str, Callable[[Data, Data, float], Callable[[], Pairs]]]] = {
    "distance": {"Probity": distance_probity, "pandas grid": distance_grid, "pandas each": distance_each},
    "area": {"Probity": area_probity, "pandas grid": area_grid},
    "name": {"Probity": name_probity, "pandas merge": name_pandas},
}


def digest(left: np.ndarray, right: np.ndarray, width: int) -> str:
    """SHA-256 of the pairs, whatever their order."""
    return hashlib.sha256(np.sort(left.astype(np.int64) * width + right).tobytes()).hexdigest()


def peak_mb() -> float:
    """Peak memory of this process alone."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def variant(group: str, name: str, permits: int, reports: int, radius: float) -> int:
    """One variant in this process: prints its figures as a line of JSON."""
    sides = make(permits, reports)
    warm = make(1000, 1000)
    GROUPS[group][name](*warm, radius)()  # what is loaded at the first use is no part of the work
    run = GROUPS[group][name](*sides, radius)
    started = time.perf_counter()
    left, right = run()
    seconds = time.perf_counter() - started
    scale = EACH if name == "pandas each" else 1
    peak, some = peak_mb(), left % EACH == 0
    figures = {"seconds": seconds * scale, "count": len(left), "peak_mb": peak}
    figures |= {"all": digest(left, right, permits), "some": digest(left[some], right[some], permits)}
    print(json.dumps(figures))
    return 0


def measure(group: str, name: str, options: argparse.Namespace) -> dict[str, Any]:
    """One run in a fresh process."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "plugins"), str(ROOT)])}
    sizes = [str(options.permits), str(options.reports), str(options.radius)]
    command = [sys.executable, "-m", "tests.bench.bench_matching", "--variant", group, name, *sizes]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{group} {name} failed:\n{done.stderr[-1500:]}")
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def show(group: str, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Measure a question and print it: the best run of each variant (in turns, so that a busy machine hits all alike),
    with ``same``: it found the same pairs."""
    from probity.ops.console import table

    runs = [{name: measure(group, name, options) for name in GROUPS[group]} for _ in range(options.repeat)]
    found = {name: min((run[name] for run in runs), key=lambda r: r["seconds"]) for name in GROUPS[group]}
    ours, rows = found["Probity"], []
    for name, figures in found.items():
        part = "some" if name == "pandas each" else "all"
        figures["same"] = all(run[name][part] == ours[part] for run in runs)
        rows.append(
            (
                name + (f" (1 in {EACH}, scaled)" if part == "some" else ""),
                f"{figures['seconds']:.2f}",
                f"{figures['seconds'] / ours['seconds']:.1f}",
                f"{figures['count']:,}",
                "yes" if figures["same"] else "NO",
                f"{figures['peak_mb']:,.0f}",
            )
        )
    print(f"\nBy {group}: {options.permits:,} permits x {options.reports:,} reports")
    table(("", "seconds", "time / Probity", "pairs", "same pairs", "peak MB"), rows)
    return found


def judge(found: dict[str, dict[str, dict[str, Any]]]) -> int:
    """Print the target against both ways of writing it in pandas; 0 when all is well."""

    def seconds(distance: str, name: str) -> float:
        return found["distance"][distance]["seconds"] + found["name"][name]["seconds"]

    ours, peak = seconds("Probity", "Probity"), max(group["Probity"]["peak_mb"] for group in found.values())
    plain, able = (seconds(way, "pandas merge") / ours for way in ("pandas each", "pandas grid"))
    print(
        f"\nBy distance and by name: {ours:.2f} s, {plain:,.0f} times as fast as pandas row by row (target {TARGET}), "
        f"{able:.1f} times as fast as pandas with a grid; at most {peak:,.0f} MB (target {LIMIT_MB:,})"
    )
    same = all(figures["same"] for group in found.values() for figures in group.values())
    return 0 if same and plain >= TARGET and able >= 1 and peak <= LIMIT_MB else 1


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--permits", type=int, default=200_000)
    parser.add_argument("--reports", type=int, default=50_000)
    parser.add_argument("--radius", type=float, default=100.0)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--variant", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.variant:
        group, name, permits, reports, radius = options.variant
        return variant(group, name, int(permits), int(reports), float(radius))
    return judge({group: show(group, options) for group in GROUPS})


if __name__ == "__main__":
    sys.exit(main())
