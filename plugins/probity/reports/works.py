"""What the reports of works inspection tell of a project beyond its own columns: place, stations, dates and sums.

In: a case with the columns of PROJECT and ``winners`` as one line. Out: further keys for the layouts. Why: an inspector
looks for the place on the road and for what is in force today, not for the contract's first figures.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_CITY = re.compile(r"\w{2,3}[市縣]([(（].*|)$")


def facts(case: Mapping[str, Any], labels: Mapping[str, Any]) -> dict[str, Any]:
    """``place`` (district and location), ``stations_zh`` (0K+350～1K+200), ``roads_zh``, ``districts_zh``,
    ``road_basis_zh``, ``firms_zh``, ``sum_in_force`` (NTD: as changed, else as awarded), ``end_date`` (completed, else
    as changed, else as contracted), ``behind`` (fraction: planned less actual progress; NULL when either is unknown).
    """
    stations = (station(case.get(name)) for name in ("station_start", "station_end"))
    return {
        "place": place(case.get("district"), case.get("location")),
        "stations_zh": "～".join(s for s in stations if s),
        "roads_zh": _list(case.get("road_keys")).replace("/", ""),
        "districts_zh": _list(case.get("districts")),
        "road_basis_zh": "、".join(labels["road_basis"].get(b, b) for b in _parts(case.get("road_basis"))),
        "firms_zh": case["winners"],
        "sum_in_force": _first(case, "changed_amount", "contract_amount"),
        "end_date": _first(case, "actual_end", "changed_end", "planned_end"),
        "behind": _difference(case.get("planned_progress"), case.get("actual_progress")),
    }


def place(district: str | None, location: str | None) -> str:
    """District and location as one line, the district not said twice; behind a location that names the whole city
    only (``臺中市(非原住民地區)``, as award notices do)."""
    if not location:
        return district or ""
    if not district or district in location:
        return location
    return f"{location}{district}" if _CITY.match(location) else f"{district}{location}"


def station(metres: float | None) -> str:
    """``0K+350`` of 350.0; empty for None."""
    if metres is None:
        return ""
    whole, rest = divmod(round(metres), 1000)
    return f"{whole}K+{rest:03d}"


def _parts(value: str | None) -> list[str]:
    return [v for v in (value or "").split(",") if v]


def _list(value: str | None) -> str:
    return "、".join(_parts(value))


def _first(case: Mapping[str, Any], *columns: str) -> Any:
    return next((case[c] for c in columns if case.get(c) is not None), None)


def _difference(planned: float | None, actual: float | None) -> float | None:
    return None if planned is None or actual is None else planned - actual
