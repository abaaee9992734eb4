"""Every word that the SQL puts into evidence, and every source, has a name that an officer can read."""

from __future__ import annotations

import re

from probity.reports.families import SHAPES
from probity.reports.render import layout
from probity.settings import ROOT
from probity.sources import CONTRACTS

_EVIDENCE = re.compile(r"\{([^{}]*)\}\s*AS evidence")
_FAMILY = re.compile(r"^family: (\w+)$", re.M)


def test_every_evidence_key_and_family_of_the_signals_has_a_label() -> None:
    missing = {}
    files = sorted((ROOT / "include" / "sql").rglob("[!_]*.sql"))
    assert files
    for path in files:
        shape = SHAPES[path.parent.name]
        labels = shape.labels()
        sql = path.read_text(encoding="utf-8")
        keys = {k for block in _EVIDENCE.findall(sql) for k in re.findall(r"'(\w+)'\s*:", block)}
        lacking = keys - set(labels["evidence"]) - set(shape.field_names)
        lacking |= set(_FAMILY.findall(sql)) - set(labels["family"])
        if lacking:
            missing[path.name] = sorted(lacking)
    assert not missing


def test_every_source_has_a_label() -> None:
    assert set(CONTRACTS) <= set(layout("reports/labels.yaml")["source"])
