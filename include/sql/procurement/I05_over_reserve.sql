/*
id: I05
name_zh: 超底價決標
name_en: Award above the reserve price
family: price
indicator: ["#5"]
legal_basis: 政府採購法第53條第2項
must_watch: null
formula: 決標金額 > 底價。法定上限為底價8%，查核金額以上逾4%者應先報上級機關核准。
parameters: [over_reserve_share, over_reserve_share_check]
needs: [award_case.award_amount, award_case.reserve_price, award_case.procurement_amount, award_case.budget, award_case.kind]
strength: high
amount: 決標金額與底價之差
example: 底價5,200萬元，決標5,460萬元，超底價5.0%，查核金額以上須上級機關核准。
not_proof: 確有緊急情事並經核准者，8%以內合法。
reason: 決標金額{award:money}超過底價{reserve:money}達{value:pct}（本案法定界線{threshold:pct}）
*/
SELECT
    c.cid,
    lacking(
        unless_known(c.award_amount, 'award_amount'), unless_known(c.reserve_price, 'reserve_price')
    ) AS reason,
    c.award_amount > c.reserve_price AS fired,
    c.award_amount / nullif(c.reserve_price, 0) - 1 AS value,
    CASE WHEN c.amount >= c.check_limit THEN l.over_reserve_share_check ELSE l.over_reserve_share END AS threshold,
    c.award_amount - c.reserve_price AS amount_at_stake,
    { 'award': c.award_amount, 'reserve': c.reserve_price } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
