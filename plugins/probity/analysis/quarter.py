"""The quarter's road works inspections as figures: what the report to the quality committee stands on.

In: INSPECTION, INSPECTION_TEST, DEFECT (as of the quarter's end) and DEFECT_EVENT of two years and more, and the
published selections. Out: one plain dict. Content by the annual plan (道路工程查驗, 二): kinds of defects with their
trend, the months compared, the agencies with grave defects, who must report; and whether the selection's signals
beat chance. Re-inspections are counted but stay out of every rate: they look where defects were.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pyarrow as pa

from probity.analysis import hits, rates, testing, trend
from probity.analysis.corrections import corrections, on_time
from probity.analysis.trend import Options
from probity.analysis.visits import SEVERITIES, Visit, visits, within
from probity.calendar import Period

DIGITS = 6  # figures are rounded here, so that another machine's last bit changes no report
Row = dict[str, Any]


def quarter(
    tables: Mapping[str, pa.Table], period: Period, facts: Mapping[str, Any], options: Options | None = None
) -> dict[str, Any]:
    """The figures of ``period`` as JSON values (dates as ISO text, shares as fractions, figures to 6 decimals).

    ``tables``: inspection, inspection_test, defect, defect_event. ``facts``: {"selections": [{"selection_id", "period",
    "cases": SELECTION_CASE}]}; what is later than the quarter is left out of all of them. Keys of the result:

    ``period``, ``period_roc``, ``options``, ``base`` (how much past there is), ``inspections``, ``months`` (control
    chart), ``defects`` {total, severities, categories: rows of ``trend.row``}, ``agencies``, ``contractors``,
    ``districts`` (see ``_groups``), ``grave`` (agencies that must report, and their cases), ``corrections``, ``tests``,
    ``grades``, ``hits`` (all selections until now) and ``quarter_hits`` (those of the quarter's months).
    ValueError when ``period`` is no quarter.
    """
    if period.kind != "quarter":
        raise ValueError(f"{period.key} is no quarter")
    options = options or Options()
    everything = visits(tables, period.last)
    found = [v for v in everything if not v.again]
    now, last_year = within(found, period), within(found, period.previous(4))
    defects = [dict(d) for v in everything for d in v.defects if d["found_date"] <= period.last]
    chosen = [s for s in facts["selections"] if Period.parse(str(s["period"])).last <= period.last]
    cases, names = hits.selected(chosen, everything)
    mine = [c for c in cases if period.contains(c.period.last)]
    out = {
        "period": period.key,
        "period_roc": period.roc,
        "options": vars(options),
        "base": _base(found, period, options),
        "inspections": _inspections(everything, mine, period),
        "months": trend.chart(found, period, lambda v: len(v.defects), options),
        "defects": _defects(found, everything, period, options),
        "agencies": _groups(now, everything, period, options, lambda v: [_agency(v.row)]),
        "contractors": _groups(now, everything, period, options, lambda v: [(f, f) for f in v.firms] or [("", "")]),
        "districts": _groups(now, everything, period, options, lambda v: [(v.row["district"] or "",) * 2]),
        "grave": _grave(within(everything, period)),
        "corrections": corrections(defects, tables["defect_event"], period, options.confidence),
        "tests": testing.by_kind(now, last_year, options.confidence),
        "grades": testing.grades(now),
        "hits": hits.hits(cases, names, options.confidence),
        "quarter_hits": hits.hits(mine, names, options.confidence),
    }
    plain: dict[str, Any] = _plain(out)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    return round(value, DIGITS) if isinstance(value, float) else value


def _agency(row: Mapping[str, Any]) -> tuple[str, str]:
    name = row["agency_name"] or ""
    return row["agency_key"] or name, name


def _base(found: Sequence[Visit], period: Period, options: Options) -> Row:
    """How much past the comparisons rest on."""
    before = [period.previous(i) for i in range(1, options.window + 1)]
    return {
        "first_date": found[0].date if found else None,
        "last_year": period.previous(4).roc,
        "last_year_inspections": len(within(found, period.previous(4))),
        "quarters": sum(bool(within(found, q)) for q in before),
        "quarter_inspections": sum(len(within(found, q)) for q in before),
        "from_defects_only": sum(not v.listed for v in found if v.date >= before[-1].first),
    }


def _inspections(everything: Sequence[Visit], mine: Sequence[hits.Selected], period: Period) -> Row:
    now = within(everything, period)
    first = [v for v in now if not v.again]
    return {
        "total": len(now),
        "first": len(first),
        "again": len(now) - len(first),
        "cases": len({v.row["case_id"] for v in now}),
        "agencies": len({_agency(v.row)[0] for v in now}),
        "districts": len({v.row["district"] for v in now if v.row["district"]}),
        "with_defects": sum(bool(v.defects) for v in first),
        "irregular": sum(v.irregular for v in first),
        "defects_again": sum(len(v.defects) for v in now if v.again),
        "selected": len(mine),
        "selected_inspected": sum(c.irregular is not None for c in mine),
    }


def _defects(found: Sequence[Visit], everything: Sequence[Visit], period: Period, options: Options) -> Row:
    def rows(field: str, values: Sequence[str]) -> list[Row]:
        out = [{field: value} | trend.row(found, period, partial(_count, field, value), options) for value in values]
        for base in ("last_year", "average"):
            trend.judge([r[base] for r in out], options.confidence)
        return out

    start = period.previous(max(4, options.window)).first
    total = trend.row(found, period, lambda v: len(v.defects), options)
    for base in ("last_year", "average"):
        trend.judge([total[base]], options.confidence)
    categories = rows("category", sorted({d["category"] for v in found if v.date >= start for d in v.defects}))
    return {
        "total": total,
        "severities": rows("severity", SEVERITIES),
        "categories": sorted(categories, key=lambda r: (-r["count"], r["category"])),
    }


def _count(field: str, value: str, visit: Visit) -> int:
    return sum(d[field] == value for d in visit.defects)


def _groups(
    now: Sequence[Visit],
    everything: Sequence[Visit],
    period: Period,
    options: Options,
    keys: Callable[[Visit], list[tuple[str, str]]],
) -> list[Row]:
    """One dict a group of the quarter's inspections, those with most defects first.

    {key, name ("" when unknown), inspections, with_defects, defects, minor, major, grave, rate, low, high, against
    (Comparison to all others of the quarter), on_time (due in the quarter), open, overdue (at its end)}. A joint
    contract counts for each of its firms.
    """
    phi = rates.dispersion([[len(v.defects) for v in now]])
    members: dict[str, list[Visit]] = defaultdict(list)
    names: dict[str, str] = {}
    followed: dict[str, list[Row]] = defaultdict(list)
    for visit in everything:
        for key, name in keys(visit):
            names[key] = name
            followed[key] += [dict(d) for d in visit.defects]
    for visit in now:
        for key, _ in keys(visit):
            members[key].append(visit)
    out = []
    for key in sorted(members.keys() | {k for k, rows in followed.items() if any(map(_is_open, rows))}):
        inside = members.get(key, [])
        ids = {v.id for v in inside}
        mine = (sum(len(v.defects) for v in inside), len(inside))
        others = [v for v in now if v.id not in ids]
        severity = [d["severity"] for v in inside for d in v.defects]
        limits = rates.rate(*mine, phi, options.confidence)
        against = rates.compare(mine, (sum(len(v.defects) for v in others), len(others)), phi, options.confidence)
        open_ = [d for d in followed[key] if _is_open(d)]
        out.append(
            {
                "key": key,
                "name": names[key],
                "inspections": len(inside),
                "with_defects": sum(bool(v.defects) for v in inside),
                "defects": mine[0],
                **{s: severity.count(s) for s in SEVERITIES},
                "rate": limits.estimate,
                "low": limits.low,
                "high": limits.high,
                "against": against.to_json(),
                "on_time": on_time(followed[key], period, options.confidence),
                "open": len(open_),
                "overdue": sum(d["overdue_days"] > 0 for d in open_),
            }
        )
    trend.judge([r["against"] for r in out], options.confidence)
    return sorted(out, key=lambda r: (-r["defects"], -r["inspections"], r["key"]))


def _is_open(defect: Mapping[str, Any]) -> bool:
    return bool(defect["state"] != "closed")


_CASE = ("case_no", "title", "firm_name", "district")
_DEFECT = ("defect_id", "category", "description", "found_date", "deadline", "state", "overdue_days")


def _grave(now: Sequence[Visit]) -> list[Row]:
    """Agencies with a grave defect found in the quarter (annual plan: they report at the committee's meeting), each
    with its cases and their grave defects; by number of grave defects, then key."""
    agencies: dict[str, Row] = {}
    for visit in now:
        grave = [d for d in visit.defects if d["severity"] == "grave"]
        if not grave:
            continue
        key, name = _agency(visit.row if visit.row["agency_key"] else grave[0])
        entry = agencies.setdefault(key, {"key": key, "name": name, "defects": 0, "cases": []})
        entry["name"], entry["defects"] = name, entry["defects"] + len(grave)
        about = {k: visit.row[k] for k in _CASE} | {"inspected_date": visit.date}
        entry["cases"].append(about | {"defects": [{k: d[k] for k in _DEFECT} for d in grave]})
    return sorted(agencies.values(), key=lambda a: (-a["defects"], a["key"]))
