"""Places in metres: coordinates told apart and turned, areas read, and what lies near what.

In: coordinates and WKT as sources write them. Out: EPSG:3826 (TWD97 / TM2 zone 121, metres), pairs with distances.
Why: one export gives degrees, the next metres, and only in metres is a distance a distance.

Told apart by range: longitude 118 to 123 and latitude 21 to 27 are degrees (EPSG:4326; TWD97 and WGS84 differ by less
than a metre); x 90,000 to 400,000 and y 2,400,000 to 2,900,000 are metres. The two in exchanged order are put right:
the ranges do not overlap. Anything else is unknown, never guessed. Old TWD67 metres lie in the same range, about 800 m
off, and cannot be told from TWD97: a source that still uses them must say so and be turned before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from pyproj import Transformer

Floats = npt.NDArray[np.float64]
Columns: TypeAlias = "pa.Array | pa.ChunkedArray | Floats"

LONGITUDE, LATITUDE = (118.0, 123.0), (21.0, 27.0)
EASTING, NORTHING = (90_000.0, 400_000.0), (2_400_000.0, 2_900_000.0)
GRID_M = 0.01


@lru_cache(maxsize=1)
def _to_grid() -> Transformer:
    from pyproj import Transformer

    return Transformer.from_crs("EPSG:4326", "EPSG:3826", always_xy=True)


def floats(column: Columns) -> Floats:
    """A column of numbers as a NumPy array, NULL as NaN."""
    if isinstance(column, (pa.Array, pa.ChunkedArray)):
        return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    return np.asarray(column, dtype=np.float64)


def _within(values: Floats, limits: tuple[float, float]) -> npt.NDArray[np.bool_]:
    return (values >= limits[0]) & (values <= limits[1])


def to_metres(x: Columns, y: Columns) -> tuple[Floats, Floats]:
    """The points in EPSG:3826 metres, rounded to a millimetre; NaN where a point is missing or in no known range."""
    first, second = floats(x), floats(y)
    east, north = np.full(first.shape, np.nan), np.full(first.shape, np.nan)
    for a, b in ((first, second), (second, first)):
        metres = _within(a, EASTING) & _within(b, NORTHING)
        east[metres], north[metres] = a[metres], b[metres]
        degrees = _within(a, LONGITUDE) & _within(b, LATITUDE)
        if degrees.any():
            east[degrees], north[degrees] = _to_grid().transform(a[degrees], b[degrees])
    return np.round(east, 3), np.round(north, 3)


@dataclass(frozen=True)
class Shapes:
    """Areas read from WKT, a value a row: ``geometry`` (shapely, EPSG:3826; None where there is none), ``wkt`` (its
    text, NULL there) and ``reason`` (NULL: nothing to say).

    Reasons: ``shape_repaired`` (its border crossed itself; what it covers is kept), ``shape_unreadable`` (no WKT),
    ``shape_empty``, ``shape_out_of_range`` (a corner in no known range): set aside, the last three.
    """

    geometry: npt.NDArray[Any]
    wkt: pa.Array
    reason: pa.Array


def read_shapes(texts: pa.Array | pa.ChunkedArray) -> Shapes:
    """WKT in degrees or metres as areas in metres, corners to a centimetre. A blank text is no shape and no error.

    An area of no width (a ring that runs back on itself) becomes its line: that is still where the work is.
    """
    import shapely

    trimmed = pc.utf8_trim_whitespace(pc.cast(texts, pa.string()))
    values: npt.NDArray[Any] = np.array([value or None for value in trimmed.to_pylist()], dtype=object)
    blank = np.asarray([v is None for v in values], dtype=bool)
    geometry = shapely.from_wkt(values, on_invalid="ignore")
    reason: npt.NDArray[Any] = np.full(values.shape, None)
    reason[~blank & shapely.is_missing(geometry)] = "shape_unreadable"
    reason[shapely.is_empty(geometry)] = "shape_empty"

    geometry = shapely.force_2d(geometry)
    corners, owner = shapely.get_coordinates(geometry, return_index=True)
    east, north = to_metres(corners[:, 0], corners[:, 1])
    reason[owner[np.isnan(east) | np.isnan(north)]] = "shape_out_of_range"
    corners = np.round(np.nan_to_num(np.column_stack([east, north])), 2)
    geometry = shapely.set_coordinates(geometry, corners)
    geometry[[r is not None for r in reason]] = None

    broken = ~shapely.is_missing(geometry) & ~shapely.is_valid(geometry)
    geometry[broken] = shapely.set_precision(shapely.make_valid(geometry[broken]), GRID_M)
    reason[broken] = "shape_repaired"
    wkt = shapely.to_wkt(geometry, rounding_precision=2)
    geometry[broken] = shapely.from_wkt(wkt[broken])  # off the grid of precision again, like all the others
    return Shapes(geometry, pa.array(wkt, pa.string()), pa.array(reason, pa.string()))


def points(x: Columns, y: Columns) -> npt.NDArray[Any]:
    """Shapely points; None where a coordinate is missing."""
    import shapely

    first, second = floats(x), floats(y)
    made: npt.NDArray[Any] = np.full(first.shape, None)
    known = np.isfinite(first) & np.isfinite(second)
    made[known] = shapely.points(first[known], second[known])
    return made


@dataclass(frozen=True)
class Pairs:
    """Row numbers of what lies near each other, and how far apart in metres; sorted by ``left``, then ``right``."""

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    distance: Floats


def near(left: npt.NDArray[Any], right: npt.NDArray[Any], radius_m: float) -> Pairs:
    """Pairs of geometries at most ``radius_m`` apart (0 when they touch or overlap). None is near nothing.

    ``left`` and ``right``: arrays of shapely geometries in metres. ValueError for a radius that is no number of at
    least 0.
    """
    import shapely

    if not radius_m >= 0:
        raise ValueError(f"radius_m must be 0 or more, not {radius_m!r}")
    one, other = _known(left), _known(right)
    a, b = left[one], right[other]
    if (shapely.get_type_id(a) == 0).all() and (shapely.get_type_id(b) == 0).all():
        found = near_points(shapely.get_coordinates(a), shapely.get_coordinates(b), radius_m)
    else:
        found = _near_shapes(a, b, radius_m)
    return Pairs(one[found.left], other[found.right], found.distance)


def _known(geometry: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    import shapely

    return np.flatnonzero(~shapely.is_missing(geometry) & ~shapely.is_empty(geometry)).astype(np.int64)


def near_points(left: Floats, right: Floats, radius_m: float) -> Pairs:
    """``near`` for points given as coordinates, n x 2, none of them missing: a k-d tree, several times as fast."""
    from scipy.spatial import cKDTree

    found = cKDTree(left).sparse_distance_matrix(cKDTree(right), radius_m, output_type="ndarray")
    return _sorted(found["i"].astype(np.int64), found["j"].astype(np.int64), found["v"], len(right))


def _sorted(left: npt.NDArray[np.int64], right: npt.NDArray[np.int64], distance: Floats, width: int) -> Pairs:
    order = np.argsort(left * max(width, 1) + right)
    return Pairs(left[order], right[order], distance[order])


def _near_shapes(left: npt.NDArray[Any], right: npt.NDArray[Any], radius_m: float) -> Pairs:
    """A tree over the boxes of ``right``, then the distances in the order of its geometries, which the processor's
    cache likes: each pair is measured once, twice as fast as by the tree's own ``dwithin``."""
    import shapely

    west, south, east, north = shapely.bounds(left).T
    boxes = shapely.box(west - radius_m, south - radius_m, east + radius_m, north + radius_m)
    first, second = shapely.STRtree(right).query(boxes)
    order = np.argsort(second, kind="stable")
    first, second = first[order], second[order]
    distance = shapely.distance(left[first], right[second])
    inside = distance <= radius_m
    return _sorted(first[inside], second[inside], distance[inside], len(right))
