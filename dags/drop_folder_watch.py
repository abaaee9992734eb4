"""
### 補件偵測

| | |
|---|---|
| 做什麼 | 停在關卡的期別，一旦補正的檔案放入收件匣，就從「收件建檔」重新執行該期 |
| 何時 | 每 5 分鐘 |
| 輸入 | 收件匣、停下的執行紀錄 |
| 關卡 | 無；重跑時各關卡照常檢查 |
| 誰核定 | 不需核定 |
| 送出什麼 | 無 |

**失敗時**：確認名為 `probity_api` 的 Airflow 連線（服務帳號）可用。不影響排程；也可由操作人員在該期清除「收件建檔」。
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, dag

from probity_airflow.defaults import TIMEZONE, dag_options
from probity_airflow.watch import watch


@dag(
    dag_display_name="補件偵測",
    schedule=CronTriggerTimetable("*/5 * * * *", timezone=TIMEZONE),
    max_active_runs=1,
    **dag_options(__doc__, ["收件"]),
)
def drop_folder_watch() -> None:
    watch(
        "procurement_audit_selection",
        "road_inspection_selection",
        "public_works_inspection_selection",
        "defect_follow_up",
        "road_inspection_quarterly_report",
    )


drop_folder_watch()
