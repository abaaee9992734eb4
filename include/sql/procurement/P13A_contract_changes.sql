/*
id: P13A
name_zh: 多次或大幅契約變更
name_en: Many or large contract changes
family: contract
indicator: ["P13", "#31"]
legal_basis: 採購稽核小組作業規則第8條第2款；政府採購法第22條第1項第6款
must_watch: 2
formula: 契約變更增減金額之絕對值合計／決標金額 > 20%，或變更3次以上。
parameters: [change_share, change_count]
needs: [contract_change.amount_delta, award_case.award_amount, award_case.in_city_list]
strength: high
amount: 變更金額絕對值合計
example: 決標1,000萬元，三次變更共增加390萬元，為39.0%。
not_proof: 地下管線、天候等不可預見事由可使變更必要；須查變更原因與核准程序。
reason: 契約變更{n:num}次、增減合計{sum:money}，為決標金額之{value:pct}（門檻{threshold:pct}）
*/
WITH changed AS (
    SELECT
        cid,
        count(*) AS n,
        count(amount_delta) AS n_amounts,
        sum(abs(amount_delta)) AS total
    FROM contract_change
    GROUP BY cid
)

SELECT
    c.cid,
    CASE
        WHEN g.cid IS NULL AND a.in_city_list IS NOT TRUE THEN 'changes'
        WHEN g.n < l.change_count AND g.n_amounts < g.n THEN 'contract_change.amount_delta'
        WHEN g.n < l.change_count AND coalesce(c.award_amount, 0) = 0 THEN 'award_amount'
    END AS reason,
    coalesce(g.n >= l.change_count OR g.total > l.change_share * c.award_amount, FALSE) AS fired,
    coalesce(g.total, 0) / nullif(c.award_amount, 0) AS value,
    l.change_share AS threshold,
    g.total AS amount_at_stake,
    { 'n': g.n, 'sum': g.total::BIGINT } AS evidence
FROM scope AS c
INNER JOIN award_case AS a ON c.cid = a.cid
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN changed AS g ON c.cid = g.cid
