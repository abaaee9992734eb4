"""
### 查驗缺失列管

| | |
|---|---|
| 做什麼 | 收回填妥的查驗表與機關改善回覆，判定合格與否，列管缺失至改善完竣；到期前提醒、逾期催辦並副知上級 |
| 何時 | 每日 07:00（臺北）處理前一日；可回補任何一日，列管清單可重現任何過去日期 |
| 依據 | 工程施工查核小組作業辦法第 8 條至第 10 條、110 年度施政計畫捌 |
| 輸入 | 收件匣內的查驗表、歷次查驗結果、缺失改善回覆表 |
| 關卡 | 查驗表、改善回覆兩道；不可能的數值、缺少測點、改動鎖定欄位等，指出儲存格並隔離 |
| 誰核定 | 有改善佐證且待解除列管的缺失，由核定人於「核定」工作核定；沒有佐證或未經核定不解除 |
| 送出什麼 | 列管清單、給主辦機關的限期改善、提醒與催辦函稿及回覆表；由「報告寄送」寄發 |

**失敗時**：開啟失敗工作的紀錄，最後一行說明要修什麼。停在關卡者，補正檔案放入收件匣後會自動從收件重跑。
等待核定不影響函稿與清單：兩者同時進行。
"""

from __future__ import annotations

from airflow.sdk import dag

from probity_airflow.defaults import DAY_PATTERN, dag_options, daily, period_param
from probity_airflow.tasks import JobTasks


@dag(
    dag_display_name="查驗缺失列管",
    schedule=daily("0 7 * * *"),
    params={"period": period_param(DAY_PATTERN)},
    max_active_runs=64,  # a day whose closures wait for their approver must not hold up the next
    **dag_options(__doc__, ["工程", "每日", "列管"]),
)
def defect_follow_up() -> None:
    job = JobTasks("defect_follow_up")
    answers = job.gate("correction", job.gate("inspection", job.step("collect")))
    listed = job.step("follow_up", answers)
    job.publish(listed)
    job.record(listed, job.approve(listed, ("list_code", "removed_text", "reason")))


defect_follow_up()
