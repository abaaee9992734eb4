"""Measuring positions: one in each equal section, the same for everyone, replayed by a stranger."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from probity import config
from probity.selection import positions
from probity.settings import ROOT

ROAD = {"facility": "road", "station_start": 350.0, "station_end": 2575.5, "width_m": 4.0, "area_m2": None}


@pytest.fixture(scope="module")
def tests() -> dict[str, Any]:
    return config.load(ROOT / "include" / "config", "acceptance")["tests"]


def test_cores_by_area_one_in_each_section(tests):
    rows = [r for r in positions.plan(ROAD, tests, "X-001", "7788") if r["test"] == "thickness"]
    assert len(rows) == 9  # 2,225.5 m x 4 m = 8,902 m2: one a 1,000 m2
    section = (2575.5 - 350) / 9
    for row in rows:
        start = 350 + (row["sample_no"] - 1) * section
        assert start - 0.1 <= row["station"] < start + section
        assert 0.5 <= row["offset"] <= 3.5


@pytest.mark.parametrize(("area", "count"), [(100, 3), (3000, 3), (3001, 4), (90_000, 15)])
def test_number_of_cores(tests, area, count):
    rows = positions.plan(ROAD | {"area_m2": area}, tests, "X-001", "1")
    assert sum(r["test"] == "thickness" for r in rows) == count


def test_tests_on_cores_share_them(tests):
    rows = positions.plan(ROAD, tests, "X-001", "7788")
    places = {t: {r["sample_no"]: (r["station"], r["offset"]) for r in rows if r["test"] == t} for t in tests}
    assert places["thickness"] == places["compaction"]
    assert places["binder"] == {k: places["thickness"][k] for k in (1, 6)}
    assert places["flatness"][1] != places["thickness"][1]


def test_lots_follow_the_road(tests):
    rows = [r for r in positions.plan(ROAD | {"area_m2": 15_000}, tests, "X-001", "7788") if r["test"] == "compaction"]
    assert [r["lot"] for r in rows] == [1] * 5 + [2] * 5 + [3] * 5


def test_the_profilometer_has_room_ahead(tests):
    for seed in range(20):
        for row in positions.plan(ROAD, tests, "X-001", seed):
            if row["test"] == "flatness_sd":
                assert row["station"] <= 2575.5 - 200


def test_without_stationing_positions_are_shares(tests):
    rows = positions.plan({"facility": "road", "area_m2": 5000}, tests, "X-001", "7788")
    assert rows and all(r["station"] is None and r["offset"] is None and 0 < r["fraction"] < 1 for r in rows)


def test_other_facilities_have_other_tests(tests):
    rows = positions.plan({"facility": "building", "area_m2": 2500}, tests, "X-001", "7788")
    assert {r["test"] for r in rows} == {"concrete_strength", "rebar_cover"}


def test_a_project_more_moves_no_others(tests):
    one, two = (positions.outline(ROAD, tests, f"X-{n:03d}") for n in (1, 2))
    alone = positions.file([one], "7788")["positions"]
    both = positions.file([two, one], "7788")["positions"]
    assert [r for r in both if r["inspection"] == "X-001"] == alone
    assert positions.file([one, two], "7788") == positions.file([two, one], "7788")
    assert positions.file([one], "7789")["positions"] != alone
    with pytest.raises(ValueError, match="twice"):
        positions.file([one, one], "7788")


def run_verifier(folder: Path, document: dict, *more: str) -> subprocess.CompletedProcess[str]:
    script = shutil.copy(ROOT / "include" / "verify_draw.py", folder / "verify_draw.py")
    (folder / "positions.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    command = [sys.executable, "-I", "-S", str(script), "positions.json", *more]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


def test_a_stranger_replays_the_positions(tmp_path, tests):
    outlines = [
        positions.outline(ROAD, tests, "X-001"),
        positions.outline({"facility": "road", "area_m2": 5000}, tests, "X-002"),
    ]
    good = positions.file(outlines, "７７８８")
    assert good["seed"] == "7788"
    result = run_verifier(tmp_path, good, positions.file(outlines, "1")["commitment"])
    assert result.returncode == 0 and "positions" in result.stdout, result.stdout
    moved = copy.deepcopy(good)
    moved["positions"][3]["station"] = "999.9"
    fewer = copy.deepcopy(good)
    fewer["outlines"][0]["tests"][0]["count"] -= 1
    for document, word in [(moved, "999.9"), (fewer, "commitment"), (good | {"seed": "1"}, "along")]:
        result = run_verifier(tmp_path, document)
        assert result.returncode == 1 and word in result.stdout
    assert run_verifier(tmp_path, good, "0" * 64).returncode == 1
