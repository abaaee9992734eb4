"""What the form of one inspection is filled with before it goes out, and what the answer is held against.

In: the project, its place in the selection, the drawn positions, acceptance.yaml, defects.yaml. Out: a plain dict
(JSON) that ``sources.inspection_form.write`` turns into the workbook, and that the job keeps: what comes back is
compared with it cell by cell. Why a dict: the rooms of forms, draws and rules do not import each other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from probity.acceptance.rules import BOUNDS, Config, limits, rule_by_id

FACTS = (
    "location",
    "facility",
    "contract_amount",
    "start_date",
    "planned_end",
    "changed_end",
    "actual_end",
    "warranty_end",
    "station_start",
    "station_end",
    "width_m",
    "area_m2",
    "thickness_cm",
    "designer_name",
    "supervisor_name",
)
"""columns of PROJECT shown above the form's header, for the inspector's orientation"""


def pack(
    project: Mapping[str, Any],
    about: Mapping[str, Any],
    positions: Sequence[Mapping[str, Any]],
    config: Config,
    defects: Mapping[str, Any],
    on: dt.date,
) -> dict[str, Any]:
    """The pack of one inspection.

    ``project``: a row of PROJECT. ``about``: inspection_id, selection_id, part, firm_name (joined by 、), and
    ``reinspects`` for a re-inspection. ``positions``: rows of ``selection.positions.plan``. ``defects``: defects.yaml.
    ``on``: the last day of the period that the form belongs to, whose default rules hold where the project has no date
    of its own. Keys of the result: on, inspection, facts, tests, limits, measures, defects.
    """
    inspection_id = str(about["inspection_id"])
    own = limits(project, inspection_id, config, on)
    tests = [row["test"] for row in own]
    return {
        "on": on.isoformat(),
        "inspection": {
            "inspection_id": inspection_id,
            "case_id": project["case_id"],
            "selection_id": about.get("selection_id"),
            "part": about.get("part"),
            "agency_key": project["agency_key"],
            "agency_name": project["agency_name"],
            "case_no": project["case_no"],
            "title": project["title"],
            "firm_name": about.get("firm_name"),
            "district": project.get("district"),
            "reinspects": about.get("reinspects"),
        },
        "facts": {name: _plain(project.get(name)) for name in FACTS},
        "tests": [_test(name, config) for name in tests],
        "limits": [
            {k: row[k] for k in ("test", "design_value", "unit", "rule_id", "rule_source")}
            | {"rule": {b: dict(spec) for b in BOUNDS if (spec := _rule(row["rule_id"], config).get(b))}}
            | {"of": _rule(row["rule_id"], config).get("of", "value")}
            for row in own
        ],
        "measures": [
            {k: p.get(k) for k in ("test", "lot", "sample_no", "station", "offset", "fraction", "across")}
            for p in positions
            if p["test"] in tests
        ],
        "defects": {
            "categories": [c["zh"] for c in defects["categories"].values() if project.get("facility") in c["works"]]
            or [c["zh"] for c in defects["categories"].values()],
            "severities": list(defects["severities"].values()),
            "deadlines": _deadlines(defects, on),
        },
    }


def _deadlines(defects: Mapping[str, Any], on: dt.date) -> dict[str, int]:
    """Working days by severity (its Chinese name) under the rule of defects.yaml in force on ``on``."""
    for rule in defects.get("rules", ()):
        if rule["effective_from"] <= on and (rule["effective_to"] is None or on <= rule["effective_to"]):
            return {zh: int(rule["deadline"][key]) for key, zh in defects["severities"].items()}
    return {}


def _rule(rule_id: str, config: Config) -> Mapping[str, Any]:
    return rule_by_id(rule_id, config) or {}


def _test(name: str, config: Config) -> dict[str, Any]:
    about = config["tests"][name]
    possible = about["possible"]
    keys = {k: about[k] for k in ("zh", "unit", "decimals")}
    return {"test": name, **keys, "min": possible["min"], "max": possible["max"]}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
