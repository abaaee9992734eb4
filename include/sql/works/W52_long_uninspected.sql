/*
id: W52
name_zh: 久未查驗
name_en: Long since the last inspection
family: quality
indicator: ["尚未查驗"]
legal_basis: 工程施工查核小組作業辦法第4條第1項、第5條
must_watch: null
formula: 選案期間末日距上次查驗（未曾查驗者距開工日）≥ 365日。
parameters: [inspection_gap_days]
needs: [inspection.inspected_date, project.start_date]
strength: high
amount: 契約金額
example: 開工後420日未曾查驗。
not_proof: 本系統僅有道路工程查驗與公共工程抽驗紀錄，他單位之查核未計。
reason: 距{since_what}（{since:date}）已{value:num}日（門檻{threshold:num}日）
*/
WITH seen AS (
    SELECT
        cid,
        max(inspected_date) AS last_date
    FROM verdicts
    WHERE cid IS NOT NULL
    GROUP BY cid
),

known AS (
    SELECT count(*) AS n FROM verdicts
),

aged AS (
    SELECT
        c.*,
        s.last_date,
        coalesce(s.last_date, c.start_date) AS since,
        c.last_day - coalesce(s.last_date, c.start_date) AS days
    FROM scope AS c
    LEFT JOIN seen AS s ON c.cid = s.cid
)

SELECT
    c.cid,
    CASE
        WHEN k.n = 0 THEN 'no_inspections'
        WHEN c.since IS NULL THEN 'start_date'
    END AS reason,
    c.days >= l.inspection_gap_days AS fired,
    c.days AS value,
    l.inspection_gap_days AS threshold,
    c.amount AS amount_at_stake,
    { 'since': c.since, 'since_what': CASE WHEN c.last_date IS NULL THEN '開工' ELSE '上次查驗' END } AS evidence
FROM aged AS c
CROSS JOIN known AS k
LEFT JOIN limits AS l ON c.rule_date = l.rule_date
