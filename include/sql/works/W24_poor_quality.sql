/*
id: W24
name_zh: 本工程以往查驗品質欠佳
name_en: Poor quality seen at these works before
family: quality
indicator: ["品質欠佳"]
legal_basis: 工程施工查核小組作業辦法第4條第3項第3款、第7條、第8條
must_watch: 3
formula: 本工程以往查驗有檢測不合格、成績未達70分（丙等）或重大缺失。尚未查驗者無法評估。
parameters: [poor_score]
needs: [inspection.inspected_date, inspection.score, inspection_test.state, defect.severity, defect.found_date]
strength: high
amount: 契約金額
example: 本工程前次查驗壓實度不合格。
not_proof: 前次缺失可能已改善完竣；宜以複驗結果為準。
reason: 本工程以往查驗{n:num}次，檢測不合格{failed:num}項、未達{score:num}分{low:num}次、重大缺失{grave:num}項，最近一次{last:date}
*/
WITH seen AS (
    SELECT
        c.cid,
        count(*) AS n,
        sum(v.n_failed)::BIGINT AS failed,
        count(*) FILTER (WHERE v.score < l.poor_score) AS low,
        max(v.inspected_date) AS last_day
    FROM scope AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    INNER JOIN verdicts AS v ON c.cid = v.cid
    GROUP BY c.cid
),

grave AS (
    SELECT
        d.cid,
        count(*) AS n
    FROM defect AS d
    CROSS JOIN run_period AS p
    WHERE d.severity = 'grave' AND d.found_date <= p.last_day
    GROUP BY d.cid
)

SELECT
    c.cid,
    CASE WHEN s.cid IS NULL THEN 'small:inspected' END AS reason,
    s.failed + s.low + coalesce(g.n, 0) >= 1 AS fired,
    s.failed + s.low + coalesce(g.n, 0) AS value,
    1 AS threshold,
    c.amount AS amount_at_stake,
    {
        'failed': s.failed, 'grave': coalesce(g.n, 0), 'last': s.last_day, 'low': s.low, 'n': s.n,
        'score': num(l.poor_score)
    } AS evidence
FROM scope AS c
LEFT JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN seen AS s ON c.cid = s.cid
LEFT JOIN grave AS g ON c.cid = g.cid
