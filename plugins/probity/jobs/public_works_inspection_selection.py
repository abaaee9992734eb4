"""每月公共工程抽驗選案: the monthly selection of buildings and structures for inspection.

In: the files in the drop folder. Out: an approved, published selection (``PW-2021-03-r1``) with its workbook, letters
and inspection forms. The DAG of the same name calls the steps (``selection_steps``) in their order; the settings stand
in include/config/works.yaml under the job's name. Ground: 工程施工查核小組作業辦法 §4; 110年度施政計畫.
"""

from __future__ import annotations

from probity.jobs.selection_steps import Steps
from probity.jobs.works_inspection import selecting_job

JOB = "public_works_inspection_selection"
SELECTING = selecting_job(JOB, "PW")

_steps = Steps(SELECTING)
collect, gate, detect, select = _steps.collect, _steps.gate, _steps.detect, _steps.select
approval_request, record_decision = _steps.approval_request, _steps.record_decision
publish, replay = _steps.publish, _steps.replay
parcels, secret_terms = _steps.parcels, _steps.secret_terms
