/*
id: P13B
name_zh: 決標後旋即契約變更
name_en: Contract changed soon after the award
family: contract
indicator: ["P13", "#31"]
legal_basis: 採購稽核小組作業規則第8條第2款
must_watch: null
formula: 決標後30日內即有契約變更，或90日內變更2次以上。
parameters: [early_change_days, early_change_window, early_change_count]
needs: [contract_change.change_date, award_case.award_date, award_case.in_city_list]
strength: low
amount: 期間內變更金額絕對值合計
example: 110年3月2日決標，3月20日第一次變更。
not_proof: 開工前會勘發現現況不符亦會即時變更；須查變更原因是否可於招標前預見。
reason: 決標後{value:num}日即有第一次變更（門檻{threshold:num}日），90日內計{n:num}次、{sum:money}
*/
WITH changed AS (
    SELECT
        g.cid,
        count(*) AS n_all,
        count(g.change_date) AS n_dated,
        min(g.change_date - c.award_date) AS first_days,
        count(*) FILTER (WHERE g.change_date - c.award_date <= l.early_change_window) AS n_early,
        sum(abs(g.amount_delta)) FILTER (WHERE g.change_date - c.award_date <= l.early_change_window) AS total
    FROM contract_change AS g
    INNER JOIN scope AS c ON g.cid = c.cid
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    GROUP BY g.cid
)

SELECT
    c.cid,
    CASE
        WHEN g.cid IS NULL AND a.in_city_list IS NOT TRUE THEN 'changes'
        WHEN g.cid IS NOT NULL AND c.award_date IS NULL THEN 'award_date'
        WHEN g.n_dated < g.n_all AND g.first_days IS NULL THEN 'contract_change.change_date'
    END AS reason,
    coalesce(g.first_days <= l.early_change_days OR g.n_early >= l.early_change_count, FALSE) AS fired,
    g.first_days AS value,
    l.early_change_days AS threshold,
    g.total AS amount_at_stake,
    { 'n': g.n_early, 'sum': g.total::BIGINT } AS evidence
FROM scope AS c
INNER JOIN award_case AS a ON c.cid = a.cid
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN changed AS g ON c.cid = g.cid
