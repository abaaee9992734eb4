/*
id: W51
name_zh: 多次或大幅契約變更
name_en: Many or large contract changes
family: contract
indicator: ["P13", "#31"]
legal_basis: 工程施工查核小組作業辦法第4條第3項第2款；政府採購法第22條第1項第6款
must_watch: 2
formula: 契約變更增減金額之絕對值合計（不及變更後與原契約金額之差者，以該差計）／契約金額 > 20%，或變更3次以上。
parameters: [change_share, change_count]
needs: [project_change.amount_delta, project_change.change_date, project.contract_amount, project.changed_amount,
  project.sources]
strength: high
amount: 變更金額絕對值合計
example: 契約1,000萬元，三次變更共增加390萬元，為39.0%。
not_proof: 地下管線、天候等不可預見事由可使變更必要；須查變更原因與核准程序。
reason: 契約變更{n:num}次、增減合計{sum:money}，為契約金額之{value:pct}（門檻{threshold:pct}或{count:num}次）
*/
WITH changed AS (
    SELECT
        g.cid,
        count(*) AS n,
        count(g.amount_delta) AS n_amounts,
        sum(abs(g.amount_delta)) AS total
    FROM project_change AS g
    CROSS JOIN run_period AS r
    WHERE g.change_date IS NULL OR g.change_date <= r.last_day
    GROUP BY g.cid
),

summed AS (
    SELECT
        c.*,
        coalesce(g.n, CASE WHEN c.changed_amount <> c.contract_amount THEN 1 END, 0) AS n,
        coalesce(g.n = g.n_amounts, TRUE) AS is_complete,
        greatest(coalesce(g.total, 0), coalesce(abs(c.changed_amount - c.contract_amount), 0))::BIGINT AS total,
        coalesce(g.n, 0) > 0 OR c.changed_amount IS NOT NULL
        OR list_contains(string_split(c.sources, ','), 'works_projects') AS is_covered
    FROM scope AS c
    LEFT JOIN changed AS g ON c.cid = g.cid
)

SELECT
    c.cid,
    CASE
        WHEN NOT c.is_covered THEN 'export'
        WHEN c.n >= l.change_count OR c.total > l.change_share * c.contract_amount THEN NULL
        WHEN NOT c.is_complete THEN 'project_change.amount_delta'
        WHEN coalesce(c.contract_amount, 0) <= 0 THEN 'contract_amount'
    END AS reason,
    coalesce(c.n >= l.change_count OR c.total > l.change_share * c.contract_amount, FALSE) AS fired,
    c.total / nullif(c.contract_amount, 0) AS value,
    l.change_share AS threshold,
    c.total AS amount_at_stake,
    { 'count': num(l.change_count), 'n': c.n::BIGINT, 'sum': c.total } AS evidence
FROM summed AS c
LEFT JOIN limits AS l ON c.rule_date = l.rule_date
