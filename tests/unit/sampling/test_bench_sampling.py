"""The benchmark at a small size: its baselines draw the same, its exact plans stand."""

from __future__ import annotations

import pytest

from tests.bench import bench_sampling


def test_baselines_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_sampling.draws(3000, 40, 1) and bench_sampling.money(3000, 40, 1)
    assert "OTHER" not in capsys.readouterr().out


def test_floats_miss_what_exact_arithmetic_finds() -> None:
    assert bench_sampling.float_plan(0.9, 0.05, 0.035) == 423
    assert bench_sampling.exact_plan("0.9", "0.05", "0.035") == 400
    assert ("0.9", "0.08", "0.07") in bench_sampling.grid()
