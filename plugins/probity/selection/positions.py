"""Where on the road to test: positions drawn along the stationing, so that nobody can have chosen or known them.

In: a project (row of PROJECT), the tests of acceptance.yaml, the inspection's id, the public seed. Out: one row a
sample, and a published file that ``include/verify_draw.py`` replays offline with Python's standard library alone.

Stratified random sampling: the road is cut into as many equal sections as there are samples, and one position is drawn
in each. u and v are the ticket numbers (``draw``: R. L. Rivest 2018) of "<inspection>|<draw>|<k>|along" and
"...|across" under the seed; position k of n lies at the share (k - 1 + u) / n of the usable length, and the share v of
the usable width. All in exact fractions, rounded down to the decimetre, so that every machine agrees. <draw> is the
test's own name, or that of a draw which several tests share: thickness, compaction and binder content are measured on
the same cores. A position depends on its own inspection, draw and number alone: a project more or less moves no
other's positions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any

from probity import canonical
from probity.tickets import seed_text, ticket_number

FORMAT = "probity-positions/1"
POSITION_RULE = (
    "u, v = tickets of '<inspection>|<draw>|<k>|along' and '...|across': '0.' + reversed decimal digits (zero-padded "
    "to 64) of SHA256(hex(SHA256(seed)) + id), UTF-8; k = 1, 1 + every, ... up to count; share = (k - 1 + u) / count; "
    "station = start + share * length; offset = edge + v * width; rounded down to 0.1 m (share: to 0.0001)"
)


def outline(project: Mapping[str, Any], tests: Mapping[str, Any], inspection_id: str) -> dict[str, Any]:
    """What is fixed before the seed is known: for each test the number of samples, lots, length and width.

    ``tests``: the tests of acceptance.yaml; those of the project's facility that have a ``plan`` are drawn. The number
    is one sample per ``per_m2`` of the area (length times width where the area is not given) or ``per_m`` of the
    length, never fewer than ``minimum``, never more than ``maximum``; a test with ``every`` takes only each so-manieth
    of the positions that it shares. Lengths are decimal text, so that no reader rounds them; ``start`` is NULL where
    the stationing is not known: positions are then shares of the length.
    """
    start, length, width, area = _measures(project)
    found = []
    for name in sorted(tests):
        about = tests[name]
        if project.get("facility") not in about["facilities"] or not about.get("plan"):
            continue
        plan = about["plan"]
        size, per = (area, plan["per_m2"]) if "per_m2" in plan else (length, plan["per_m"])
        count = max(int(plan["minimum"]), 0 if size is None else ceil(size / Fraction(str(per))))
        count = min(count, int(plan["maximum"]))
        every = int(plan.get("every", 1))
        samples = len(range(0, count, every))
        span, edge = Fraction(str(plan.get("span_m", 0))), Fraction(str(plan["edge_m"]))
        usable = None if length is None else max(Fraction(0), length - span)
        across = None if width is None else max(Fraction(0), width - 2 * edge)
        found.append(
            {
                "test": name,
                "draw": plan.get("draw", name),
                "count": count,
                "every": every,
                "lots": max(1, samples // int(plan["per_lot"])),
                "start": _text(start),
                "length": _text(usable),
                "edge": _text(edge if across else (None if width is None else width / 2)),
                "width": _text(across),
            }
        )
    return {"inspection": inspection_id, "tests": found}


def draw_positions(outlined: Mapping[str, Any], seed: str | int) -> list[dict[str, Any]]:
    """The positions of one outline: inspection, test, k, lot, share, station, offset (decimal text), along, across
    (the tickets)."""
    text, inspection = seed_text(seed), outlined["inspection"]
    rows = []
    for item in outlined["tests"]:
        for k in range(1, item["count"] + 1, item["every"]):
            name = f"{inspection}|{item['draw']}|{k}"
            along, across = ticket_number(f"{name}|along", text), ticket_number(f"{name}|across", text)
            share = (k - 1 + Fraction(along)) / item["count"]
            rows.append(
                {
                    "inspection": inspection,
                    "test": item["test"],
                    "k": k,
                    "lot": 1 + (k - 1) * item["lots"] // item["count"],
                    "share": _down(share, 4),
                    "station": _place(item["start"], item["length"], share),
                    "offset": _place(item["edge"], item["width"], Fraction(across)),
                    "along": along,
                    "across": across,
                }
            )
    return rows


def plan(
    project: Mapping[str, Any], tests: Mapping[str, Any], inspection_id: str, seed: str | int
) -> list[dict[str, Any]]:
    """The sampling plan of one inspection, by test and sample.

    Keys: inspection_id, test, lot, sample_no (tests on the same core have the same number), station (metres, None where
    the stationing is not known), offset (metres from the right edge, None without a width), fraction (share of the
    length), across (share of the width, for who measures on the spot).
    """
    return [
        {
            "inspection_id": row["inspection"],
            "test": row["test"],
            "lot": row["lot"],
            "sample_no": row["k"],
            "station": None if row["station"] is None else float(row["station"]),
            "offset": None if row["offset"] is None else float(row["offset"]),
            "fraction": float(row["share"]),
            "across": float(_down(Fraction(row["across"]), 4)),
        }
        for row in draw_positions(outline(project, tests, inspection_id), seed)
    ]


def file(outlines: Sequence[Mapping[str, Any]], seed: str | int) -> dict[str, Any]:
    """The positions file (JSON) of a selection: rule, outlines, commitment (SHA-256 of the two, the same before
    and after the draw), seed, positions.

    It names inspections by their number, no case, place or firm. ValueError when an inspection stands in it twice.
    """
    document = _document(outlines)
    names = [o["inspection"] for o in document["outlines"]]
    if len(set(names)) != len(names):
        raise ValueError("the same inspection stands in the list twice")
    return document | {
        "commitment": canonical.digest(document),
        "seed": seed_text(seed),
        "positions": [row for o in document["outlines"] for row in draw_positions(o, seed)],
    }


def _document(outlines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    ordered = sorted((dict(o) for o in outlines), key=lambda o: o["inspection"])
    return {"format": FORMAT, "position_rule": POSITION_RULE, "outlines": ordered}


def _measures(project: Mapping[str, Any]) -> tuple[Fraction | None, ...]:
    """Start, length, width and area of the works; length and area worked out where two of the three are known."""
    start, end, width, area = (_exact(project.get(n)) for n in ("station_start", "station_end", "width_m", "area_m2"))
    length = abs(end - start) if start is not None and end is not None and start != end else None
    first = None if length is None or start is None or end is None else min(start, end)
    if length is None and width and area:
        length = area / width
    if area is None and length is not None and width is not None:
        area = length * width
    return first, length, width, area


def _exact(value: Any) -> Fraction | None:
    """A measure to the millimetre, None when it is not given or not positive where it must be."""
    return None if value is None else Fraction(Decimal(repr(round(float(value), 3))))


def _text(value: Fraction | None) -> str | None:
    return None if value is None else _down(value, 3)


def _down(value: Fraction, decimals: int) -> str:
    """``value`` (not negative) rounded down, as decimal text."""
    whole = value * 10**decimals // 1
    return f"{whole // 10**decimals}.{whole % 10**decimals:0{decimals}d}"


def _place(start: str | None, length: str | None, share: Fraction) -> str | None:
    if start is None:
        return None
    return _down(Fraction(start) + share * Fraction(length or 0), 1)
