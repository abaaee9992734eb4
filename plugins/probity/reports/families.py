"""How the reports of one family of cases differ from another's: its layouts, its words, the columns of its cases.

In: the name of a family (``probity.tables.FAMILIES``) and the templates. Out: a ``Shape``. Why: workbook, letters,
mails and pages are one code for every family; what differs stands here and in the family's layouts, as data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probity.reports import render
from probity.tables import (
    AWARD_CASE,
    BID,
    COMPLAINT,
    CONTRACT_CHANGE,
    CONTRACTOR,
    CORRECTION,
    DEBARMENT,
    DEFECT,
    FAMILIES,
    INSPECTION,
    PERMIT,
    PERMIT_FIRM,
    PROJECT,
    PROJECT_CHANGE,
    PROJECT_COMPLAINT,
    PROJECT_FIRM,
    PROJECT_PERMIT,
    PROJECT_PROGRESS,
    TABLES,
)
from probity.tables.model import Table

LABELS = "reports/labels.yaml"
DEFAULT = "procurement"


@dataclass(frozen=True)
class Shape:
    """``workbook``, ``letter``: layouts of the family. ``facts``: the tables whose columns name the evidence, the
    later wins where two name a column alike. ``amount``: the case's column with the contract's sum. ``labelled``:
    column of a case -> group of words in ``labels.yaml``; the label becomes ``<column>_zh``. ``letter_keys``: all that
    a letter may tell of a case: no score, no reason, no part, no auditor."""

    family: str
    workbook: str
    letter: str
    facts: tuple[Table, ...]
    amount: str
    labelled: Mapping[str, str]
    letter_keys: tuple[str, ...]

    @property
    def dates(self) -> tuple[str, ...]:
        """The date columns of its cases."""
        return tuple(c.name for c in TABLES[FAMILIES[self.family].case].columns if c.type == "date")

    @property
    def kind(self) -> str:
        """The column of its cases by which they are counted."""
        return FAMILIES[self.family].kind

    @property
    def field_names(self) -> dict[str, str]:
        """Column name -> Chinese name, for evidence, quarantine and conflicts."""
        return {c.name: c.zh for table in self.facts for c in table.columns}

    def labels(self, templates: Path = render.TEMPLATES) -> dict[str, Any]:
        """The words of ``labels.yaml``, with the family's own in place of those they replace."""
        words = dict(render.layout(LABELS, templates))
        for group, own in (words.pop("families", {}) or {}).get(self.family, {}).items():
            words[group] = words.get(group, {}) | own
        return words


_PROCUREMENT = (DEBARMENT, CORRECTION, CONTRACT_CHANGE, BID, AWARD_CASE)
_WORKS = (
    DEFECT,
    INSPECTION,
    CONTRACTOR,
    COMPLAINT,
    PROJECT_COMPLAINT,
    PERMIT_FIRM,
    PERMIT,
    PROJECT_PERMIT,
    PROJECT_PROGRESS,
    PROJECT_CHANGE,
    PROJECT_FIRM,
    PROJECT,
)

SHAPES: dict[str, Shape] = {
    shape.family: shape
    for shape in (
        Shape(
            family="procurement",
            workbook="reports/selection_workbook.yaml",
            letter="letters/audit_notice.yaml",
            facts=_PROCUREMENT,
            amount="award_amount",
            labelled={"kind": "kind", "method": "method", "award_way": "award_way"},
            letter_keys=("case_no", "title", "kind_zh", "method_zh", "award_notice_date", "award_amount"),
        ),
        Shape(
            family="works",
            workbook="reports/works_selection_workbook.yaml",
            letter="letters/works_inspection_notice.yaml",
            facts=(*_PROCUREMENT, *_WORKS),
            amount="contract_amount",
            labelled={"stage": "project_stage", "facility": "facility", "award_way": "award_way"},
            letter_keys=(
                "case_no",
                "title",
                "facility",
                "facility_zh",
                "stage_zh",
                "place",
                "firms_zh",
                "supervisor_name",
                "sum_in_force",
                "start_date",
                "end_date",
            ),
        ),
    )
}


def shape(family: str | None) -> Shape:
    """The shape of ``family`` (None: procurement). KeyError for a family that has none."""
    return SHAPES[family or DEFAULT]
