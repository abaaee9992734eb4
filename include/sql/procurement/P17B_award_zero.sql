/*
id: P17B
name_zh: 決標金額為零
name_en: Award of zero
family: records
indicator: ["P17"]
legal_basis: 政府採購公告及公報發行辦法第13條（決標公告應登載決標金額）
must_watch: null
formula: 決標金額 = 0。
parameters: []
needs: [award_case.award_amount]
strength: rare
amount: 預算金額
example: 預算120萬元之採購，決標公告金額為0元。
not_proof: 收入性、權利金或單價決標可能填0；多為登載方式，須核對契約。
reason: 決標金額登載為{value:num}元，預算金額{budget:money}
*/
SELECT
    cid,
    unless_known(award_amount, 'award_amount') AS reason,
    award_amount = 0 AS fired,
    award_amount AS value,
    0 AS threshold,
    budget AS amount_at_stake,
    { 'budget': budget } AS evidence
FROM scope
