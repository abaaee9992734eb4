/*
id: P14
name_zh: 履約進度明顯落後
name_en: Clearly behind schedule
family: contract
indicator: ["P14"]
legal_basis: 採購稽核小組作業規則第8條第2款
must_watch: 2
formula: 預定進度－實際進度 ≥ 10%（巨額採購另有門檻，現亦為10%）。
parameters: [delay_share, delay_share_huge]
needs: [award_case.planned_progress, award_case.actual_progress]
strength: high
amount: 決標金額 × 落後比率
example: 預定62.0%、實際39.0%，落後23.0%。
not_proof: 用地、管線、天候等非可歸責事由可使進度落後；須查展延核定。
reason: 預定進度{planned:pct}、實際{actual:pct}，落後{value:pct}（門檻{threshold:pct}）
*/
SELECT
    c.cid,
    lacking(
        unless_known(a.planned_progress, 'planned_progress'), unless_known(a.actual_progress, 'actual_progress')
    ) AS reason,
    round(a.planned_progress - a.actual_progress, 6)
    >= CASE WHEN c.amount >= c.huge_limit THEN l.delay_share_huge ELSE l.delay_share END AS fired,
    round(a.planned_progress - a.actual_progress, 6) AS value,
    CASE WHEN c.amount >= c.huge_limit THEN l.delay_share_huge ELSE l.delay_share END AS threshold,
    c.award_amount * (a.planned_progress - a.actual_progress) AS amount_at_stake,
    { 'actual': num(a.actual_progress), 'date': a.progress_date, 'planned': num(a.planned_progress) } AS evidence
FROM scope AS c
INNER JOIN award_case AS a ON c.cid = a.cid
INNER JOIN limits AS l ON c.rule_date = l.rule_date
