"""
### 報告寄送

| | |
|---|---|
| 做什麼 | 把各項作業已發布的報告寄給設定檔所列的收件人；每人每份報告只收到一次 |
| 何時 | 報告發布後立即；另每 10 分鐘檢查一次尚未寄達的郵件 |
| 輸入 | 寄件匣（資料庫）中到期的郵件與其附件 |
| 關卡 | 寄送前檢查：收件人、附件雜湊、主旨與內文不含名單內容 |
| 誰核定 | 不需核定；只寄已核定並發布的報告 |
| 送出什麼 | 各項作業的清單、表單、函稿、季報與補正通知 |

**失敗時**：郵件伺服器不通不影響選案；未寄達的郵件留在寄件匣，恢復後自動續寄。被拒收的郵件列於寄送頁，
排除原因後由系統維護人員以 `./probity mails --resend 編號` 重寄。
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, PartitionedAssetTimetable, dag

from probity_airflow.defaults import REPORT_PUBLISHED, TIMEZONE, dag_options
from probity_airflow.distribution import deliver, gate_mail


def build(dag_id: str, name: str, schedule: object) -> None:
    """A partitioned asset's event starts only partitioned DAGs, so the clock's sweep is a DAG of its own."""

    @dag(
        dag_id=dag_id,
        dag_display_name=name,
        schedule=schedule,
        max_active_runs=4,
        **dag_options(__doc__, ["寄送"]),
    )
    def distribution() -> None:
        deliver(gate_mail())

    distribution()


build("report_distribution", "報告寄送", PartitionedAssetTimetable(assets=REPORT_PUBLISHED))
build("report_distribution_sweep", "報告寄送（定時續寄）", CronTriggerTimetable("*/10 * * * *", timezone=TIMEZONE))
