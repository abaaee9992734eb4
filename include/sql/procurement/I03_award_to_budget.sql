/*
id: I03
name_zh: 決標金額對預算之比高於同類
name_en: Award to budget above its peers (residual)
family: price
indicator: ["#3", "R031"]
legal_basis: 政府採購法第46條、第52條
must_watch: null
formula: >-
  決標金額／預算金額 ≥ 98%，且在同招標方式×標的類別×金額級距×年度之案件中位秩 ≥ 95%
  （該組未達30件時以招標方式×標的類別比較）。單看比值者近三成案件符合，故只看與同類之差。
parameters: [near_budget_share, ratio_rank, peer_min]
needs: [award_case.award_amount, award_case.budget, award_case.kind, award_case.method]
strength: high
amount: 決標金額
example: 同類公開招標工程多在0.80至0.90之間，本案0.998，高於97.4%之同類案件。
not_proof: 預算編列準確、固定費率或補助款決標者可接近預算。
reason: 決標金額為預算之{ratio:pct}，高於{value:pct}之同類案件（{members:num}件；門檻{threshold:pct}）
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
    r.budget_ratio >= l.near_budget_share AND r.budget_rank >= l.ratio_rank AS fired,
    r.budget_rank AS value,
    l.ratio_rank AS threshold,
    c.award_amount AS amount_at_stake,
    { 'members': r.budget_members::BIGINT, 'ratio': num(r.budget_ratio) } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN ratio_ranks AS r ON c.cid = r.cid
