/*
id: W23
name_zh: 廠商有逾期未改善之缺失
name_en: Contractor's overdue defects
family: quality
indicator: ["不良廠商"]
legal_basis: 工程施工查核小組作業辦法第9條、第10條第4項
must_watch: null
formula: 任一承攬廠商之工程（含本工程）於選案期間末日，逾改善期限而未結案之缺失 ≥ 1項。
parameters: [overdue_defects]
needs: [project_firm.firm, defect.state, defect.overdue_days, defect.firm_name, inspection.inspected_date]
strength: high
amount: 契約金額
example: 廠商承攬之他案有3項缺失逾期未改善，最久逾20個工作日。
not_proof: 改善函復後之審查期間、用地與管線等待均可使結案延後。
reason: 「{firm}」有{value:num}項缺失逾期未結案（門檻{threshold:num}項），最久逾{days:num}個工作日
*/
WITH late AS (
    SELECT
        p.cid,
        p.fid,
        count(*) AS n,
        max(d.overdue_days) AS days
    FROM parts AS p
    INNER JOIN firm_defects AS d ON p.fid = d.fid
    WHERE d.overdue_days > 0
    GROUP BY p.cid, p.fid
),

worst AS (
    SELECT
        l.cid,
        arg_max({ 'days': l.days, 'firm': f.label, 'n': l.n }, (l.n, l.days, -l.fid)) AS hit
    FROM late AS l
    INNER JOIN firms AS f ON l.fid = f.fid
    GROUP BY l.cid
),

known AS (
    SELECT count(*) AS n FROM verdicts
)

SELECT
    c.cid,
    CASE
        WHEN j.cid IS NULL THEN 'firm'
        WHEN k.n = 0 AND w.cid IS NULL THEN 'no_inspections'
    END AS reason,
    coalesce(w.hit.n, 0) >= l.overdue_defects AS fired,
    coalesce(w.hit.n, 0) AS value,
    l.overdue_defects AS threshold,
    c.amount AS amount_at_stake,
    { 'days': w.hit.days, 'firm': w.hit.firm } AS evidence
FROM scope AS c
CROSS JOIN known AS k
LEFT JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN joint AS j ON c.cid = j.cid
LEFT JOIN worst AS w ON c.cid = w.cid
