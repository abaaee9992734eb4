"""
### 道路工程查驗季報

| | |
|---|---|
| 做什麼 | 綜整一季的道路工程查驗：件數、缺失類別與各月趨勢、分布、如期改善、訊號命中率，列出應提精進報告的機關 |
| 何時 | 一季三個月的道路工程查驗選案都發布後；也可手動執行，期別填季別 |
| 依據 | 110 年度施政計畫（道路工程查驗第二點）：於重大工程品質推動委員會提出工作報告 |
| 輸入 | 回收的查驗表、缺失列管紀錄、已發布的選案 |
| 關卡 | 查驗表、季報兩道 |
| 誰核定 | 核定人於「核定」工作核定或退回；核定後才寄送 |
| 送出什麼 | 季報活頁簿（xlsx）與會議文件（docx）；由「報告寄送」寄發 |

**失敗時**：本季尚無查驗紀錄時略過，紀錄中會說明。遲到的查驗表收回後，手動執行同一季別會產生新的版本並註明更正。
"""

from __future__ import annotations

from airflow.sdk import dag

from probity_airflow.defaults import QUARTER_PATTERN, dag_options, period_param, published, quarterly
from probity_airflow.tasks import JobTasks


@dag(
    dag_display_name="道路工程查驗季報",
    schedule=quarterly(published("road_inspection_selection")),
    params={"period": period_param(QUARTER_PATTERN)},
    max_active_runs=8,
    **dag_options(__doc__, ["工程", "每季", "報告"]),
)
def road_inspection_quarterly_report() -> None:
    job = JobTasks("road_inspection_quarterly_report")
    inputs = job.gate("inspection", job.step("collect"))
    draft = job.gate("report", job.step("analyse", inputs))
    job.publish(job.record(draft, job.approve(draft, ("list_code", "reason"))))


road_inspection_quarterly_report()
