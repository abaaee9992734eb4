/*
id: W50
name_zh: 履約進度明顯落後
name_en: Clearly behind schedule
family: contract
indicator: ["P14"]
legal_basis: 工程施工查核小組作業辦法第4條第3項第2款
must_watch: 2
formula: 施工中之工程，最近一個月預定進度－實際進度 ≥ 10%（預算達巨額者另有門檻，現亦為10%）。進度距選案期間末日逾62日者無法評估。
parameters: [delay_share, delay_share_huge, huge_amount_works, progress_days]
needs: [project.stage, project.planned_progress, project.actual_progress, project.progress_date, project.budget]
strength: high
amount: 契約金額 × 落後比率
example: 預定62.0%、實際39.0%，落後23.0%。
not_proof: 用地、管線、天候等非可歸責事由可使進度落後；須查展延核定。
reason: 至{date:date}預定進度{planned:pct}、實際{actual:pct}，落後{value:pct}（門檻{threshold:pct}）
*/
WITH measured AS (
    SELECT
        c.*,
        round(c.planned_progress - c.actual_progress, 6) AS gap,
        l.progress_days,
        CASE
            WHEN coalesce(c.budget, c.amount) >= l.huge_amount_works THEN l.delay_share_huge ELSE l.delay_share
        END AS cut
    FROM scope AS c
    LEFT JOIN limits AS l ON c.rule_date = l.rule_date
)

SELECT
    cid,
    CASE
        WHEN stage <> 'under_way' THEN NULL
        WHEN planned_progress IS NULL OR actual_progress IS NULL OR progress_date IS NULL
            THEN lacking(
                    unless_known(planned_progress, 'planned_progress'),
                    unless_known(actual_progress, 'actual_progress'),
                    unless_known(progress_date, 'progress_date')
                )
        WHEN progress_date < last_day - progress_days::INTEGER THEN 'progress_old'
    END AS reason,
    stage = 'under_way' AND gap >= cut AS fired,
    CASE WHEN stage = 'under_way' THEN gap END AS value,
    cut AS threshold,
    amount * gap AS amount_at_stake,
    { 'actual': num(actual_progress), 'date': progress_date, 'planned': num(planned_progress) } AS evidence
FROM measured
