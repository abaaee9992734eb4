"""每月採購稽核選案: the monthly procurement audit selection.

In: the files in the drop folder. Out: an approved, published selection (``PA-2021-03-r1``) with its workbook and
letters, each step recorded in the trail. The DAG of the same name calls the steps (``selection_steps``) in their order.

Legal duty: 政府採購法 §108; 採購稽核小組組織準則 §4; 採購稽核小組作業規則 §8 (which cases), §15 (recusal).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from probity import sources
from probity.calendar import Period
from probity.jobs.briefing import Chain
from probity.jobs.office import Office, RuleBook
from probity.jobs.selecting import Files, SelectingJob
from probity.jobs.selection_steps import Steps
from probity.sources import forms

JOB = "procurement_audit_selection"


def options(book: RuleBook) -> Mapping[str, Any]:
    """include/config/procurement.yaml."""
    loaded: Mapping[str, Any] = book.load("procurement")
    return loaded


def build(office: Office, ingested: Sequence[sources.Ingested], period: Period, book: RuleBook) -> dict[str, pa.Table]:
    """The canonical tables of procurement."""
    return sources.build(ingested, period, office.objects, options(book)["history_years"])


def result_form(office: Office, chain: Chain, context: Mapping[str, Any]) -> Files:
    """The 稽核結果 form, pre-filled with the selected cases."""
    name = context["selection_id"]
    with tempfile.TemporaryDirectory() as folder:  # beside the published files a half-written form would be seen
        form = Path(folder) / f"{name}-results.xlsx"
        forms.write_audit_result_form(form, [c | {"selection_id": name} for c in context["cases"]])
        return {("result_form", form.name): form.read_bytes()}


SELECTING = SelectingJob(
    name=JOB,
    prefix="PA",
    family_name="procurement",
    options=options,
    build=build,
    case_sources=frozenset({"award_csv", "notice_index", "halfmonth_xml", "notice_detail", "city_list"}),
    forms=result_form,
)

_steps = Steps(SELECTING)
collect, gate, detect, select = _steps.collect, _steps.gate, _steps.detect, _steps.select
approval_request, record_decision = _steps.approval_request, _steps.record_decision
publish, replay = _steps.publish, _steps.replay
parcels, secret_terms = _steps.parcels, _steps.secret_terms
