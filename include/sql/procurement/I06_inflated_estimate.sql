/*
id: I06
name_zh: 預算遠高於決標金額
name_en: Estimate far above the award
family: price
indicator: ["#6"]
legal_basis: 政府採購法第46條；採購稽核小組作業規則第7條第1款第2目（預算及底價）
must_watch: null
formula: （預算金額－決標金額）／預算金額 ≥ 30%，且在同招標方式×標的類別×金額級距×年度之案件中為最低10%。
parameters: [budget_cut_share, budget_cut_rank, peer_min]
needs: [award_case.award_amount, award_case.budget, award_case.kind, award_case.method]
strength: high
amount: 預算金額與決標金額之差
example: 預算1,000萬元，決標610萬元，差39.0%，同類案件多在5%至15%。
not_proof: 競爭激烈或市價下跌亦會壓低決標金額；預算編列時點與招標時點可能差距大。
reason: 決標金額較預算{budget:money}低{value:pct}（門檻{threshold:pct}），在{members:num}件同類案件中屬最低{rank:pct}之內
*/
SELECT
    c.cid,
    CASE
        WHEN r.budget_ratio IS NULL
            THEN coalesce(
                    lacking(unless_known(c.award_amount, 'award_amount'), unless_known(c.budget, 'budget')), 'undecided'
                )
        WHEN r.budget_rank IS NULL
            THEN coalesce(lacking(unless_known(c.kind, 'kind'), unless_known(c.method, 'method')), 'small:peers')
    END AS reason,
    1 - r.budget_ratio >= l.budget_cut_share AND r.budget_rank <= l.budget_cut_rank AS fired,
    1 - r.budget_ratio AS value,
    l.budget_cut_share AS threshold,
    c.budget - c.award_amount AS amount_at_stake,
    { 'budget': c.budget, 'members': r.budget_members::BIGINT, 'rank': num(r.budget_rank) } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN ratio_ranks AS r ON c.cid = r.cid
