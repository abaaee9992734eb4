"""Corrections: how many were on time, of how many that were due; what stood on the list before and after.

In: DEFECT (as of the quarter's end) and DEFECT_EVENT rows. Out: plain counts with their denominators.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from probity.analysis.shares import share
from probity.analysis.visits import SEVERITIES
from probity.calendar import Period

# The order of a day's events: what is found is answered, answered is judged, judged may be reopened.
_ORDER = {k: i for i, k in enumerate(("found", "extended", "reported", "refused", "closed", "reopened"))}

Row = dict[str, Any]


def on_time(rows: Sequence[Row], period: Period, confidence: float) -> dict[str, Any]:
    """Of ``rows`` (DEFECT) those whose deadline fell in ``period``: {due, unsettled, count (on time), total (settled),
    estimate, low, high}. Unsettled: neither answered nor overdue by the list's day; not counted as either. On time is
    an answer with evidence by the deadline then in force, not a correction that an officer found good; a refusal, an
    extension or a reopening sets a new deadline, and only the last one counts."""
    due = [r for r in rows if period.contains(r["deadline"])]
    settled = [r for r in due if r["on_time"] is not None]
    found = share(sum(r["on_time"] for r in settled), len(settled), confidence)
    return {"due": len(due), "unsettled": len(due) - len(settled)} | found.to_json()


def corrections(defects: Sequence[Row], events: pa.Table, period: Period, confidence: float) -> dict[str, Any]:
    """The whole of it: ``all`` and ``by_severity`` (see ``on_time``), ``found`` (states of the quarter's own defects),
    ``open`` and ``overdue`` at the end, ``longest_overdue`` (working days), ``days_to_close`` (median calendar days of
    those closed in the quarter, and how many they are), ``stock`` (see ``stock``)."""
    own = [d for d in defects if period.contains(d["found_date"])]
    overdue = [d for d in defects if d["state"] != "closed" and d["overdue_days"]]
    days = sorted(
        (d["closed_date"] - d["found_date"]).days
        for d in defects
        if d["closed_date"] is not None and period.contains(d["closed_date"])
    )
    states = Counter(d["state"] for d in own)
    return {
        "all": on_time(defects, period, confidence),
        "by_severity": {s: on_time([d for d in defects if d["severity"] == s], period, confidence) for s in SEVERITIES},
        "found": {s: states.get(s, 0) for s in ("open", "reported", "closed")},
        "open": sum(d["state"] != "closed" for d in defects),
        "overdue": len(overdue),
        "longest_overdue": max((d["overdue_days"] for d in overdue), default=0),
        "days_to_close": {"median": _median(days), "n": len(days)},
        "stock": stock(events, period),
    }


def _median(values: Sequence[int]) -> float | None:
    middle = len(values) // 2
    if not values:
        return None
    return float(values[middle]) if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def stock(events: pa.Table, period: Period) -> dict[str, int]:
    """Defects on the list: {start, found, reopened, closed, end} with end = start + found + reopened - closed.

    By replaying each defect's events up to the period's end, so that a defect closed and reopened counts in both.
    """
    histories: dict[str, list[Row]] = defaultdict(list)
    for event in events.select(["event_id", "defect_id", "kind", "event_date"]).to_pylist():
        if event["event_date"] <= period.last:
            histories[event["defect_id"]].append(event)
    out = Counter(dict.fromkeys(("start", "found", "reopened", "closed", "end"), 0))
    before = period.first - dt.timedelta(days=1)
    for history in histories.values():
        is_open = False
        history.sort(key=lambda e: (e["event_date"], _ORDER[e["kind"]], e["event_id"]))
        out["start"] += _open_on(history, before)
        for event in history:
            was_open, is_open = is_open, _after(is_open, event["kind"])
            if was_open != is_open and event["event_date"] >= period.first:
                out[event["kind"]] += 1
        out["end"] += is_open
    return dict(out)


def _open_on(history: Sequence[Row], day: dt.date) -> bool:
    is_open = False
    for event in history:
        if event["event_date"] <= day:
            is_open = _after(is_open, event["kind"])
    return is_open


def _after(is_open: bool, kind: str) -> bool:
    """Is the defect on the list after an event of ``kind``? Only finding, closing and reopening change that."""
    return kind in ("found", "reopened") if kind in ("found", "reopened", "closed") else is_open
