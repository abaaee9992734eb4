"""The suites: one module a stage, each with its ``CHECKS`` and ``plan(tables, context)``.

In: nothing. Out: ``STAGES`` and two rules that every suite must keep (``check_all``). Severity, limits and sentences
for the person who must act are data: include/config/gates.yaml, found by the check's id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from probity.gates.checks import VALUE_KINDS, Check, well_formed
from probity.gates.frames import Plan
from probity.gates.suites import (
    arrival,
    canonical,
    correction,
    inspection,
    mail,
    quarantine,
    report,
    selection,
    signals,
    works,
)


@dataclass(frozen=True)
class Stage:
    """``structure`` runs first (schema, row counts): when it stops, ``checks`` are not run. ``family``: the only family
    of cases that the stage serves; blank: the run says which (``frames.family_of``). ``limits``: the entry of
    gates.yaml that says how much may be set aside."""

    structure: tuple[Check, ...]
    checks: tuple[Check, ...]
    plan: Callable[[Mapping[str, pa.Table], Mapping[str, Any]], Plan]
    family: str = ""
    limits: str = "quarantine"


_ANSWERED = ("inspection", "correction")
"""Stages that judge what people send in one by one: a bad answer is set aside and the others do not wait for it."""

STAGES: dict[str, Stage] = {
    name: Stage(
        module.STRUCTURE, module.CHECKS, module.plan, family, "corrections" if name in _ANSWERED else "quarantine"
    )
    for name, module, family in (
        ("arrival", arrival, ""),
        ("canonical", canonical, "procurement"),
        ("works_canonical", works, "works"),
        ("signals", signals, ""),
        ("selection", selection, ""),
        ("inspection", inspection, "works"),
        ("correction", correction, "works"),
        ("report", report, "works"),
        ("mail", mail, ""),
    )
}


def every_check() -> list[Check]:
    """All checks of all stages, and those on the quarantine itself; one that several stages share stands once."""
    checks = [c for s in STAGES.values() for c in (*s.structure, *s.checks)] + list(quarantine.CHECKS)
    return list({id(c): c for c in checks}.values())


def unpaired(checks: Sequence[Check]) -> list[str]:
    """Ids of value checks whose column has no ``not_null`` beside it: they would pass on a column of nulls."""
    paired = {(c.frame, c.columns) for c in checks if c.kind == "not_null"}
    scopes = canonical.SCOPES | works.SCOPES
    return [
        c.id
        for c in checks
        if c.kind in VALUE_KINDS
        and (c.frame, c.columns) not in paired
        and (scopes.get(c.frame, c.frame), c.columns) not in paired
    ]


def check_all() -> None:
    """Raises ValueError for a wrongly declared, doubled or unpaired check, or a stage without any."""
    checks = every_check()
    ids = [c.id for c in checks]
    if len(ids) != len(set(ids)):
        raise ValueError(f"check ids are not unique: {sorted(i for i in set(ids) if ids.count(i) > 1)}")
    for check in checks:
        well_formed(check)
    for name, stage in STAGES.items():
        if not stage.structure or not stage.checks:
            raise ValueError(f"stage {name} has no checks: it would pass on anything")
    if lonely := unpaired(checks):
        raise ValueError(f"value checks without a not_null on the same column: {lonely}")
