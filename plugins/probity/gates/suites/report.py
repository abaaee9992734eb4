"""A report's figures before anybody approves them: do the parts add up to the whole, and is there anything to tell?

In: ``context['figures']`` (the dict of ``analysis.quarter``). Out: frames ``sums`` (a row a sum that can be checked)
and ``shares`` (a row a share: its numerator never exceeds its denominator). Why: a committee reads tables side by side;
two that do not agree are found by the first reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from probity.gates.checks import Check
from probity.gates.frames import Plan, facts

SUM_HEADINGS = {"item": "項目", "parts": "各項合計", "whole": "總數", "difference": "差額"}
SHARE_HEADINGS = {"item": "項目", "numerator": "分子", "denominator": "分母", "over": "分子超出分母"}
GROUPED = ("agencies", "districts")
"""Groups of which each inspection belongs to one (a joint contract counts for each of its contractors)."""

STRUCTURE = (Check("report.inspections", "inspections", "row_count", args={"min": 1}),)

CHECKS = (
    Check("report.sums.rows", "sums", "row_count", args={"min": 1}),
    Check("report.sums.known", "sums", "not_null", ("difference",)),
    Check("report.sums", "sums", "between", ("difference",), {"min": 0, "max": 0}, marks=("parts", "whole")),
    Check("report.shares.known", "shares", "not_null", ("over",)),
    Check("report.shares", "shares", "between", ("over",), {"max": 0}, marks=("numerator", "denominator")),
    Check("report.counts.known", "counts", "not_null", ("count",)),
    Check("report.counts", "counts", "between", ("count",), {"min": 0}),
)


def plan(tables: Mapping[str, pa.Table], context: Mapping[str, Any]) -> Plan:
    """Frames of the sums, shares and counts of the report's figures."""
    figures = context["figures"]
    result = Plan()
    done = int(figures["inspections"]["first"])
    result.add(facts("inspections", "查驗件數", {"item": "項目"}, [{"item": str(n)} for n in range(done)]))
    sums = [
        {"item": item, "parts": parts, "whole": whole, "difference": parts - whole}
        for item, parts, whole in _sums(figures)
    ]
    result.add(facts("sums", "合計核對", SUM_HEADINGS, sums, open=True))
    shares = [
        {"item": item, "numerator": n, "denominator": d, "over": max(0, n - d)} for item, n, d in _shares(figures)
    ]
    result.add(facts("shares", "比率核對", SHARE_HEADINGS, shares, open=True))
    counts = [{"item": k, "count": v} for k, v in sorted(figures["inspections"].items())]
    result.add(facts("counts", "件數", {"item": "項目", "count": "件數"}, counts, open=True))
    result.facts = {"inspections": done, "defects": int(figures["defects"]["total"]["count"])}
    return result


def _sums(figures: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    defects, done = figures["defects"], figures["inspections"]
    total = defects["total"]
    yield "各月缺失", sum(total["months"]), total["count"]
    yield "各類別缺失", sum(r["count"] for r in defects["categories"]), total["count"]
    yield "各情節缺失", sum(r["count"] for r in defects["severities"]), total["count"]
    for row in defects["categories"]:
        yield f"類別各月 {row['category']}", sum(row["months"]), row["count"]
    for name in GROUPED:
        yield f"查驗件數 {name}", sum(r["inspections"] for r in figures[name]), done["first"]
        yield f"缺失件數 {name}", sum(r["defects"] for r in figures[name]), total["count"]
    for name in (*GROUPED, "contractors"):
        for row in figures[name]:
            yield f"情節 {name} {row['key']}", row["minor"] + row["major"] + row["grave"], row["defects"]
    yield "初驗與複驗", done["first"] + done["again"], done["total"]


def _shares(figures: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    done = figures["inspections"]
    yield "有缺失件數", done["with_defects"], done["first"]
    yield "不合格件數", done["irregular"], done["first"]
    yield "選案已查驗", done["selected_inspected"], done["selected"]
