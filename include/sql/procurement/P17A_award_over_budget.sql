/*
id: P17A
name_zh: 決標金額逾預算
name_en: Award above the budget
family: price
indicator: ["P17"]
legal_basis: 政府採購法第52條第1項第2款、第53條第2項
must_watch: null
formula: 決標金額 > 預算金額。
parameters: []
needs: [award_case.award_amount, award_case.budget]
strength: high
amount: 決標金額與預算金額之差
example: 預算300萬元，決標318萬元。
not_proof: 單價決標、多年期契約或公告預算僅列首年者，二者基礎不同；須核對公告。
reason: 決標金額{award:money}逾預算金額{budget:money}（{value:pct}）
*/
SELECT
    cid,
    lacking(unless_known(award_amount, 'award_amount'), unless_known(budget, 'budget')) AS reason,
    award_amount > budget AS fired,
    award_amount / nullif(budget, 0) AS value,
    1 AS threshold,
    award_amount - budget AS amount_at_stake,
    { 'award': award_amount, 'budget': budget } AS evidence
FROM scope
