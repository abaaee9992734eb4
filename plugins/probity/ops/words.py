"""What the launcher's commands say to people, in one table (zh-TW, with the English term where it helps).

In: a key and values. Out: text.
"""

from __future__ import annotations

TEXT: dict[str, str] = {
    # demo
    "demo_busy": "另一個 ./probity demo 正在使用 {folder}；請等它結束，或以 --home 指定其他資料夾。",
    "demo_generate": "產生示範城市的檔案：{months} 個月，種子 {seed} (demo city)",
    "demo_files": "收件匣已放入 {files} 個檔案 (drop folder)",
    "demo_ready": "Airflow 已就緒，開始回補 {first} 至 {last} (backfill)",
    "demo_asked": "{roc}待核定，示範核定人核准 (approved)",
    "demo_run_ended": "{roc}執行結束：{state}",
    "demo_inspected": "{roc}選出的道路工程已查驗，{forms} 份查驗表填妥放回收件匣 (inspected)",
    "demo_answered": "主辦機關填回 {forms} 份缺失改善回覆表 (answered)",
    "demo_mail": "等候郵件寄達 (mails)",
    "demo_mail_open": "仍有 {count} 封郵件未寄達，停止等候 (mails still owed)",
    "demo_no_period": "在 {folder} 找不到任何決標日期，請以 --from 與 --to 指定期間。",
    "demo_failed_task": "{roc}：工作「{task}」失敗。{message}",
    "demo_stopped_gate": "{roc}：「{task}」停止。{message}",
    "demo_retried_task": "{roc}：工作「{task}」未成功，稍後自動重試。{message}",
    "demo_timeout": "超過 {minutes} 分鐘仍未完成，停止等候 (timed out)",
    "demo_result": "結果 (result)",
    "demo_no_data": "無資料 (no data)",
    "demo_stopped": "關卡停止 (stopped)",
    "demo_workbooks": "選案清單 (workbooks)：",
    "demo_mails": "郵件 (mails, {count})：{folder}",
    "demo_trail_ok": "軌跡驗證：{count} 筆紀錄前後相符，鏈首 {head} (trail verified)",
    "demo_trail_bad": "軌跡驗證失敗：第 {number} 筆紀錄不符（{reason}）(trail broken)",
    "demo_clean": "全部程式已停止，用時 {seconds} 秒 (finished, nothing left running)",
    "demo_next": "再看：./probity verify --home {home}；./probity replay {selection} --home {home}；./probity up --home {home}",
    "yes": "相符",
    "no": "不符",
    # defects
    "defects_none": "{roc}止沒有列管的缺失 (no defects)",
    "defects_head": "缺失編號 defect|主辦機關 agency|情節 severity|類別 category|改善期限 deadline|狀態 state|逾期工作日 overdue|次別 cycle",
    "defects_open": "待改善",
    "defects_reported": "已函復",
    "defects_closed": "已結案",
    "defects_sum": "截至{roc}：共 {defects} 項，待改善 {open}、已函復 {reported}、已結案 {closed}；逾期 {overdue}、嚴重 {grave}。清單雜湊 {digest}",
    # up
    "up_url": "管理介面 (UI)　　{url}",
    "up_login": "登入帳號 (logins)　{logins}",
    "up_passwords": "密碼檔 (passwords)　{file}",
    "up_mail": "郵件 (mailbox)　　{folder}",
    "up_drop": "收件匣 (drop)　　　{folder}",
    "up_stop": "按 Ctrl-C 停止全部程式。",
    "up_stopping": "停止中… (stopping)",
    "up_stopped": "全部程式已停止。 (stopped)",
    "up_restarted": "{name} 意外結束，已重新啟動（第 {count} 次）。紀錄：{log}",
    "up_busy": "{folder} 已有一個 ./probity up 在執行。",
    "up_other": "{folder} 的資料庫正由另一個 ./probity up 使用。",
    # backfill
    "backfill_no_airflow": "找不到執行中的 Airflow：請先執行 ./probity up，或設定 PROBITY_UI_URL、PROBITY_API_USER、PROBITY_API_PASSWORD。",
    "backfill_started": "{job}：{first} 至 {last} 的回補已交給 Airflow（編號 {id}），請在管理介面核定：{url}",
    "backfill_run": "{period}　{state}",
    "backfill_done": "回補完成 (backfill finished)",
    "backfill_waiting": "{period} 等候核定 (waiting for approval)",
    # verify, replay, sources, migrate
    "verify_ok": "軌跡完整：{count} 筆紀錄前後相符，鏈首 {head}。 (trail verified)",
    "verify_bad": "軌跡不完整：第 {number} 筆紀錄不符：{reason} (trail broken)",
    "replay_part_same": "  相符　{part}　{expected}",
    "replay_part_differs": "  不符　{part}\n    當時 {expected}\n    重算 {found}",
    "replay_same": "{selection}：重算結果與發布時完全相同。 (identical)",
    "replay_differs": "{selection}：有 {count} 項不同。 (differs)",
    "replay_unknown": "不認得的選案編號 {selection}；編號形如 PA-2021-03-r1。",
    "sources_none": "收件匣 {folder} 沒有任何檔案。",
    "sources_refused": "拒收 {file}：{reason}",
    "sources_missing": "{roc}缺少的資料 (missing)：",
    "sources_complete": "{roc}資料齊備。 (complete)",
    "sources_debarment": "拒絕往來名單的變動，最近 {count} 次 (debarment feed changes)：",
    "sources_debarment_row": "  {date}　{rows} 列：新增 {appeared}、消失 {vanished}（未到期 {lifted}）、異動 {changed}",
    "mails_none": "寄件匣沒有尚未寄達的郵件。 (nothing owed)",
    "mails_resent": "郵件 {id} 已排入重寄，下次寄送時以原識別碼送出。 (due again)",
    "mails_not_resent": "郵件 {id} 不能重寄：{error}",
    "migrate_done": "資料庫結構已是最新版 {revision}。",
    "database_missing": "無法使用資料庫：{error}",
    # bench, test
    "bench_none": "沒有名為 {name} 的量測；可用的有：{names}",
    "test_part": "── {name} ──",
    "test_none": "沒有測試 (no tests in this part)",
    "test_summary": "各部分時間 (timing)",
    "interrupted": "已中斷 (interrupted)",
    "not_311": "需要 Python 3.11。",
}


def text(key: str, **values: object) -> str:
    """The text ``key`` with its values. KeyError for an unknown key or a missing value."""
    return TEXT[key].format(**values)
