"""Which limits hold for a test: those of the contract where it has them, else the dated default.

In: acceptance.yaml, rows of INSPECTION_LIMIT. Out: ``Bounds`` with the rule's name. Why one place: the form, the
verdict and the report must speak of the same numbers and of the same rule.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BOUNDS = ("lower", "upper", "mean_lower", "mean_upper")

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Bounds:
    """Limits in the test's unit; None: no such limit. ``sd_upper`` is for the standard deviation of a lot."""

    lower: float | None = None
    upper: float | None = None
    mean_lower: float | None = None
    mean_upper: float | None = None
    sd_upper: float | None = None

    @property
    def known(self) -> bool:
        return any(b is not None for b in self.items().values())

    def items(self) -> dict[str, float | None]:
        return {name: getattr(self, name) for name in (*BOUNDS, "sd_upper")}


def default_rule(test: str, on: dt.date, config: Config) -> Mapping[str, Any] | None:
    """The default rule for ``test`` in force on ``on``; None when there is none. ValueError when two overlap."""
    found = [
        r
        for r in config["rules"]
        if r["test"] == test
        and r["effective_from"] <= on
        and (r.get("effective_to") is None or on <= r["effective_to"])
    ]
    if len(found) > 1:
        raise ValueError(f"acceptance.yaml: rules {[r['id'] for r in found]} overlap on {on.isoformat()}")
    return found[0] if found else None


def rule_by_id(rule_id: str | None, config: Config) -> Mapping[str, Any] | None:
    """The rule of that id, None when acceptance.yaml has none (the contract's own has no entry)."""
    return next((r for r in config["rules"] if r["id"] == rule_id), None)


def bound(spec: Mapping[str, float] | None, design: float | None) -> float | None:
    """A bound from ``{fixed}``, ``{ratio}`` times the design value or ``{delta}`` added to it, to 6 decimals."""
    if spec is None:
        return None
    if "fixed" in spec:
        return float(spec["fixed"])
    if design is None:
        return None
    return round(design * spec["ratio"] if "ratio" in spec else design + spec["delta"], 6)


def bounds_of(limit: Mapping[str, Any], config: Config) -> Bounds:
    """The bounds of a row of INSPECTION_LIMIT.

    A row under the contract's rule (``contract_rule``) holds exactly what it states: a bound that the contract lacks is
    not judged. A row under a default rule takes that rule's bounds for its design value. No bound can be told when the
    rule needs a design value that is not given, even when one of its bounds does not: half a rule proves nothing.
    """
    if limit["rule_id"] == config["contract_rule"]:
        given = {b: limit.get(b) for b in BOUNDS}
        if _of_deviation(limit["test"], config):
            return Bounds(sd_upper=given["upper"])
        return Bounds(**given)
    rule = rule_by_id(limit["rule_id"], config)
    if rule is None:
        return Bounds()
    made = {b: bound(rule.get(b), limit.get("design_value")) for b in BOUNDS}
    if any(b in rule and made[b] is None for b in BOUNDS):
        return Bounds()
    if rule.get("of") == "sd":
        return Bounds(sd_upper=made["upper"])
    return Bounds(**made)


def _of_deviation(test: str, config: Config) -> bool:
    return any(r["test"] == test and r.get("of") == "sd" for r in config["rules"])


def rule_date(project: Mapping[str, Any]) -> dt.date | None:
    """The date that says which default holds: tender notice, award notice, award or start, the first that is known.
    The project may give it as a date or as ISO text."""
    names = ("tender_notice_date", "award_notice_date", "award_date", "start_date")
    found = next((project[n] for n in names if project.get(n) is not None), None)
    return dt.date.fromisoformat(found) if isinstance(found, str) else found


def limits(project: Mapping[str, Any], inspection_id: str, config: Config, on: dt.date) -> list[dict[str, Any]]:
    """Rows of INSPECTION_LIMIT that go out with the form of ``project`` (a row of PROJECT): the default rule of each
    test of its facility, by its own date (``on`` where it has none). The design value is the project's where the test
    names a column for it; the inspector fills it in from the contract otherwise."""
    day = rule_date(project) or on
    rows = []
    for test, about in config["tests"].items():
        if project.get("facility") not in about["facilities"]:
            continue
        rule = default_rule(test, day, config)
        if rule is None:
            continue
        design = project.get(about["design"]) if about.get("design") else None
        row = {
            "inspection_id": inspection_id,
            "test": test,
            "design_value": None if design is None else float(design),
            "unit": about["unit"],
            "rule_id": rule["id"],
            "rule_source": rule["source"],
        }
        rows.append(row | {b: getattr(bounds_of(row, config), b) for b in BOUNDS})
    return rows
