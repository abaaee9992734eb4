/*
id: W22
name_zh: 廠商以往查驗不佳
name_en: Contractor's poor earlier inspections
family: quality
indicator: ["不良廠商"]
legal_basis: 工程施工查核小組作業辦法第7條、第8條；臺中市政府政風處年度施政計畫八（不良廠商）
must_watch: null
formula: 任一承攬廠商之其他工程於選案期間末日前3年內，查驗有檢測不合格或成績未達70分（丙等）者 ≥ 1次。
parameters: [poor_record_years, poor_record_count, poor_score]
needs: [project_firm.firm, inspection.inspected_date, inspection.score, inspection.firm_name, inspection_test.state]
strength: high
amount: 契約金額
example: 廠商三年內受查驗5次，其中2次厚度檢測不合格。
not_proof: 以往結果受工程條件影響，且查驗對象並非隨機抽出；名稱比對之紀錄須核對廠商。
reason: 「{firm}」近{years:num}年受查驗{n:num}次，其中{value:num}次檢測不合格或未達{score:num}分（門檻{threshold:num}次），最近一次{last:date}
*/
WITH records AS (
    SELECT
        c.cid,
        p.fid,
        count(*) AS n,
        count(*) FILTER (WHERE v.n_failed > 0 OR v.score < l.poor_score) AS poor,
        max(v.inspected_date) FILTER (WHERE v.n_failed > 0 OR v.score < l.poor_score) AS last_poor
    FROM scope AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    INNER JOIN parts AS p ON c.cid = p.cid
    INNER JOIN firm_verdicts AS v ON p.fid = v.fid
    WHERE v.cid IS DISTINCT FROM c.cid AND v.inspected_date > c.last_day - to_years(l.poor_record_years::INTEGER)
    GROUP BY c.cid, p.fid
),

worst AS (
    SELECT
        r.cid,
        arg_max(
            { 'firm': f.label, 'last': r.last_poor, 'n': r.n, 'poor': r.poor }, (r.poor, r.n, -r.fid)
        ) AS hit
    FROM records AS r
    INNER JOIN firms AS f ON r.fid = f.fid
    GROUP BY r.cid
)

SELECT
    c.cid,
    CASE
        WHEN j.cid IS NULL THEN 'firm'
        WHEN w.cid IS NULL THEN 'small:inspections'
    END AS reason,
    w.hit.poor >= l.poor_record_count AS fired,
    w.hit.poor AS value,
    l.poor_record_count AS threshold,
    c.amount AS amount_at_stake,
    {
        'firm': w.hit.firm, 'last': w.hit.last, 'n': w.hit.n, 'score': num(l.poor_score),
        'years': num(l.poor_record_years)
    } AS evidence
FROM scope AS c
LEFT JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN joint AS j ON c.cid = j.cid
LEFT JOIN worst AS w ON c.cid = w.cid
