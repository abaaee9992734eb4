"""
### 每月採購稽核選案

| | |
|---|---|
| 做什麼 | 從當月決標公告挑出值得稽核的採購案，附理由與佐證，另抽一組對照案件 |
| 何時 | 每月 1 日 06:00（臺北）處理上個月；可回補任何月份，結果與當初執行相同 |
| 依據 | 政府採購法第 108 條、採購稽核小組組織準則、採購稽核小組作業規則第 8 條、第 15 條 |
| 輸入 | 收件匣內的決標公告、標案明細、市府採購清冊、拒絕往來廠商、機關與稽核委員名冊 |
| 關卡 | 收件、標準表、訊號、名單四道；壞列隔離，嚴重時停下並通知資料提供機關 |
| 誰核定 | 核定人於本頁「核定」工作填表：核定、退回，或剔除、增列個別案件（須附理由），並填抽籤種子 |
| 送出什麼 | 選案清單與各機關函稿；寄送由「報告寄送」作業負責 |

**失敗時**：開啟失敗工作的紀錄，最後一行說明要修什麼。停在關卡者，資料提供機關補正檔案並放入收件匣後會自動從收件
重跑，已完成的部分不會重做第二次。名單退回者不發布、不寄送；更正後清除「核定」工作即可再送核。

**保密**：本頁只顯示件數與核對碼；名單內容在限閱頁（採購稽核小組作業規則第 4 條）。
"""

from __future__ import annotations

from airflow.sdk import dag

from probity_airflow.defaults import dag_options, monthly, period_param
from probity_airflow.tasks import JobTasks


@dag(
    dag_display_name="每月採購稽核選案",
    schedule=monthly("0 6 1 * *"),
    params={"period": period_param()},
    max_active_runs=16,  # a run that waits for its approver must not hold up other months
    **dag_options(__doc__, ["採購", "每月", "選案"]),
)
def procurement_audit_selection() -> None:
    job = JobTasks("procurement_audit_selection")
    inputs = job.gate("canonical", job.gate("arrival", job.step("collect")))
    signals = job.gate("signals", job.step("detect", inputs))
    proposal = job.gate("selection", job.step("select", signals))
    decided = job.record(proposal, job.approve(proposal))
    job.publish(decided)


procurement_audit_selection()
