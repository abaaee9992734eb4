"""Coordinates told apart, areas read, neighbours found."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely

from probity.matching import geo


def test_degrees_and_metres_are_told_apart_and_exchanged_order_is_put_right() -> None:
    x = pa.array([120.64656, 24.16380, 214_089.0, 2_673_200.0, None, 120.6, 0.0, 250_000.0])
    y = pa.array([24.16380, 120.64656, 2_673_200.0, 214_089.0, 24.1, None, 0.0, 24.1])
    east, north = geo.to_metres(x, y)
    assert east[0] == east[1] == pytest.approx(214_089, abs=20) and north[0] == north[1]
    assert (east[2], north[2]) == (east[3], north[3]) == (214_089.0, 2_673_200.0)
    assert np.isnan(east[4:]).all() and np.isnan(north[4:]).all()


def test_a_known_point() -> None:
    """The central meridian lies at x = 250,000 m; the scale there is 0.9999 (內政部 TWD97 TM2)."""
    east, north = geo.to_metres(np.array([121.0, 121.0]), np.array([23.0, 24.0]))
    assert east.tolist() == [250_000.0, 250_000.0]
    assert north[1] - north[0] == pytest.approx(110_752 * 0.9999, abs=30)


def test_areas_are_read_repaired_or_set_aside_with_a_reason() -> None:
    texts = [
        "POLYGON  (( 120.6 24.1, 120.61 24.1, 120.61 24.11, 120.6 24.1))",
        "POLYGON ((24.1 120.6, 24.1 120.61, 24.11 120.61, 24.1 120.6))",  # exchanged
        "POLYGON ((215000 2670000, 215010 2670010, 215010 2670000, 215000 2670010, 215000 2670000))",  # a bow tie
        "POLYGON ((215000 2670000, 215010 2670000, 215000 2670000, 215000 2670000))",  # no width
        "MULTIPOLYGON (((215000 2670000, 215010 2670000, 215010 2670010, 215000 2670000)))",
        "POINT Z (120.6 24.1 5)",
        "POLYGON ((120.6 24.1, 120.61",
        "施工範圍",
        "POLYGON EMPTY",
        "POLYGON ((0 0, 1 1, 1 0, 0 0))",
        "  ",
        None,
    ]
    shapes = geo.read_shapes(pa.array(texts))
    broken = ["shape_unreadable", "shape_unreadable", "shape_empty", "shape_out_of_range"]
    assert shapes.reason.to_pylist() == [
        None,
        None,
        "shape_repaired",
        "shape_repaired",
        None,
        None,
        *broken,
        None,
        None,
    ]
    assert shapes.wkt.is_null().to_pylist() == [False] * 6 + [True] * 6
    assert shapes.wkt[0] == shapes.wkt[1]
    assert shapes.geometry[2].area == 50 and shapes.geometry[3].length == 10
    assert shapely.from_wkt(shapes.wkt.to_pylist()[:6]).tolist() == shapes.geometry[:6].tolist()
    assert geo.read_shapes(pa.chunked_array([], pa.string())).reason.to_pylist() == []


def test_near_finds_what_brute_force_finds() -> None:
    random = np.random.default_rng(7)
    spots = shapely.points(random.uniform(0, 300, 60), random.uniform(0, 300, 60))
    spots[5] = None
    areas = np.concatenate([shapely.buffer(spots[:20], 9, quad_segs=2), spots[20:30]])
    for left, right in ((spots, areas), (spots, spots[::-1]), (areas, areas), (areas, spots)):
        for radius in (0, 12.5, 60):
            found = geo.near(left, right, radius)
            apart = shapely.distance(left[:, None], right[None, :])
            expected = np.argwhere(apart <= radius)
            assert np.array_equal(np.column_stack([found.left, found.right]), expected)
            assert found.distance == pytest.approx(apart[expected[:, 0], expected[:, 1]])
    nothing = geo.near(spots[:0], areas, 10)
    assert len(nothing.left) == len(nothing.right) == len(nothing.distance) == 0
    with pytest.raises(ValueError, match="radius_m"):
        geo.near(spots, areas, float("nan"))


def test_the_real_areas(shared: Path) -> None:
    """3,220 of 3,327 real rows have an area, 11 of them repaired; most centres lie within a metre of theirs."""
    path = next((shared / "data" / "road_permits_taichung").glob("*utf8bom.csv"))
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    shapes = geo.read_shapes(pa.array([r["施工範圍坐標"] for r in rows]))
    assert shapes.wkt.null_count == 107
    assert [r for r in shapes.reason.to_pylist() if r] == ["shape_repaired"] * 11
    assert shapely.is_valid(shapes.geometry[shapes.geometry != np.array(None)]).all()
    x, y = (np.array([float(r[c] or "nan") for r in rows]) for c in ("中心點X坐標", "中心點Y坐標"))
    apart = shapely.distance(geo.points(*geo.to_metres(x, y)), shapes.geometry)
    assert np.isnan(apart).sum() == 107 and (apart < 1).sum() > 0.875 * 3220
