"""The canonical tables: the one vocabulary that sources, gates, signals, selection and reports share.

In: nothing. Out: ``TABLES`` (name -> Table), the families of cases, and the Arrow and DuckDB types of each column.
Why: the middle rooms do not import each other; what they agree on stands here, below all of them.
"""

from probity.tables.family import FAMILIES, Family
from probity.tables.model import ARROW_TYPES, DUCKDB_TYPES, Column, Table
from probity.tables.procurement import (
    AGENCY,
    AUDIT_RESULT,
    AUDITOR,
    AWARD_CASE,
    BID,
    CONFLICT,
    CONTRACT_CHANGE,
    CORRECTION,
    DEBARMENT,
)
from probity.tables.results import QUARANTINE, SELECTION_CASE, SIGNAL_RESULT
from probity.tables.works import (
    COMPLAINT,
    CONTRACTOR,
    DEFECT,
    DEFECT_EVENT,
    DEFECT_FACTS,
    INSPECTION,
    INSPECTION_LIMIT,
    INSPECTION_MEASURE,
    INSPECTION_TEST,
    PERMIT,
    PERMIT_FIRM,
    PROJECT,
    PROJECT_CHANGE,
    PROJECT_COMPLAINT,
    PROJECT_FIRM,
    PROJECT_PERMIT,
    PROJECT_PROGRESS,
)

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        AWARD_CASE,
        BID,
        CONTRACT_CHANGE,
        CORRECTION,
        DEBARMENT,
        AGENCY,
        AUDITOR,
        CONFLICT,
        AUDIT_RESULT,
        PROJECT,
        PROJECT_FIRM,
        PROJECT_CHANGE,
        PROJECT_PROGRESS,
        PERMIT,
        PERMIT_FIRM,
        COMPLAINT,
        PROJECT_PERMIT,
        PROJECT_COMPLAINT,
        CONTRACTOR,
        INSPECTION,
        INSPECTION_LIMIT,
        INSPECTION_MEASURE,
        INSPECTION_TEST,
        DEFECT,
        DEFECT_EVENT,
        SIGNAL_RESULT,
        SELECTION_CASE,
        QUARANTINE,
    )
}

__all__ = [
    "ARROW_TYPES",
    "DEFECT_FACTS",
    "DUCKDB_TYPES",
    "FAMILIES",
    "SELECTION_CASE",
    "SIGNAL_RESULT",
    "TABLES",
    "Column",
    "Family",
    "Table",
]
