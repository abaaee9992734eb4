"""
### 每月道路工程查驗選案

| | |
|---|---|
| 做什麼 | 從施工中及保固期內的道路工程挑出應查驗者，附理由與佐證，另抽一組對照案件；核定後產生查驗表 |
| 何時 | 每月 1 日 06:30（臺北）以上月底為準；可回補任何月份；活躍執行數上限請設 1：後一月略過前月已列入而未查驗者 |
| 依據 | 110 年度施政計畫捌、工程施工查核小組作業辦法第 4 條、臺中市政府道路工程查驗小組作業規定 |
| 輸入 | 收件匣內的工程標案匯出檔、決標公告、道路挖掘許可、民眾反映、拒絕往來廠商、營造業登記、歷次查驗結果 |
| 關卡 | 收件、標準表、訊號、名單四道；壞列隔離，嚴重時停下並通知資料提供機關 |
| 誰核定 | 核定人於本頁「核定」工作填表：核定、退回，或剔除、增列個別案件（須附理由），並填抽籤種子 |
| 送出什麼 | 查驗選案清單、查驗通知函稿、每案一份查驗表（測點以公開種子抽出）；由「報告寄送」寄發 |

**失敗時**：開啟失敗工作的紀錄，最後一行說明要修什麼。停在關卡者，補正檔案放入收件匣後會自動從收件重跑。
名單退回者不發布、不寄送；更正後清除「核定」工作即可再送核。

**之後**：查驗人員填妥查驗表放回收件匣，由「查驗缺失列管」每日收件、判定、列管至改善完竣。
"""

from __future__ import annotations

from airflow.sdk import dag

from probity_airflow.defaults import dag_options, monthly, period_param
from probity_airflow.tasks import JobTasks


@dag(
    dag_display_name="每月道路工程查驗選案",
    schedule=monthly("30 6 1 * *"),
    params={"period": period_param()},
    max_active_runs=16,  # a run that waits for its approver must not hold up other months
    **dag_options(__doc__, ["工程", "每月", "選案"]),
)
def road_inspection_selection() -> None:
    job = JobTasks("road_inspection_selection")
    inputs = job.gate("works_canonical", job.gate("arrival", job.step("collect")))
    signals = job.gate("signals", job.step("detect", inputs))
    proposal = job.gate("selection", job.step("select", signals))
    job.publish(job.record(proposal, job.approve(proposal)))


road_inspection_selection()
