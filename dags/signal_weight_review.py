"""
### 每季訊號權重檢討

| | |
|---|---|
| 做什麼 | 依稽核結果估計違失率與各訊號的命中率，足夠時提出新的訊號權重 |
| 何時 | 一季三個月的選案都發布後；也可手動執行，期別填季別 |
| 依據 | 採購稽核小組作業規則第 8 條（選案）；權重調整須經核定並載明生效日 |
| 輸入 | 回收的稽核結果表、已發布的選案 |
| 關卡 | 稽核結果表於「每月採購稽核選案」收件時檢查 |
| 誰核定 | 核定人於「核定」工作核定或退回；核定後自次月起適用，先前已發布的選案不受影響 |
| 送出什麼 | 無；新權重存入資料庫 |

**失敗時**：尚無稽核結果時本期略過，紀錄中會說明。其他失敗依失敗工作的紀錄最後一行處理。
"""

from __future__ import annotations

from airflow.sdk import dag

from probity_airflow.defaults import QUARTER_PATTERN, dag_options, period_param, published, quarterly
from probity_airflow.tasks import JobTasks


@dag(
    dag_display_name="每季訊號權重檢討",
    schedule=quarterly(published("procurement_audit_selection")),
    params={"period": period_param(QUARTER_PATTERN)},
    max_active_runs=8,
    **dag_options(__doc__, ["採購", "每季", "權重"]),
)
def signal_weight_review() -> None:
    job = JobTasks("signal_weight_review")
    review = job.step("evaluate")
    job.record(review, job.approve(review, fields=("list_code", "reason")))


signal_weight_review()
