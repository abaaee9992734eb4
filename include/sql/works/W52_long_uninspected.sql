/*
id: W52
name_zh: 久未查驗
name_en: Long since the last inspection
family: quality
indicator: ["尚未查驗"]
legal_basis: 工程施工查核小組作業辦法第4條第1項、第5條
must_watch: null
formula: >-
  選案期間末日距上次查驗 ≥ 365日，且日數居可選工程（30件以上時）中位秩 ≥ 90%；未曾查驗者，施工中距開工日、保固期間距完工日
  （未載者預定完工日）計算。
parameters: [inspection_gap_days, inspection_gap_rank, peer_min]
needs: [inspection.inspected_date, project.stage, project.start_date, project.actual_end,
  project.acceptance_date, project.planned_end, project.changed_end]
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
        coalesce(
            s.last_date, CASE WHEN c.stage = 'in_warranty' THEN coalesce(c.done_date, c.due_date) ELSE c.start_date END
        ) AS since
    FROM scope AS c
    LEFT JOIN seen AS s ON c.cid = s.cid
),

waits AS ( -- noqa: ST03
    SELECT
        0 AS cell,
        last_day - since AS x
    FROM aged
)

SELECT
    c.cid,
    CASE
        WHEN k.n = 0 THEN 'no_inspections'
        WHEN c.since IS NULL AND c.stage = 'in_warranty' THEN 'actual_end'
        WHEN c.since IS NULL THEN 'start_date'
    END AS reason,
    c.last_day - c.since >= l.inspection_gap_days
    AND (w.members < l.peer_min OR w.midrank >= l.inspection_gap_rank) AS fired,
    c.last_day - c.since AS value,
    l.inspection_gap_days AS threshold,
    c.amount AS amount_at_stake,
    {
        'since': c.since,
        'since_what': CASE WHEN c.last_date IS NOT NULL THEN '上次查驗' WHEN c.stage = 'in_warranty' THEN '完工' ELSE '開工' END
    } AS evidence
FROM aged AS c
CROSS JOIN known AS k
LEFT JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN midrank('waits') AS w ON c.last_day - c.since = w.x
