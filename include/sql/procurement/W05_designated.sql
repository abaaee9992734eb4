/*
id: W05
name_zh: 主管機關或設立機關指定案件
name_en: Designated case
family: must_watch
indicator: ["W5"]
legal_basis: 採購稽核小組作業規則第8條第5款
must_watch: 5
formula: 主管機關或設立機關指定本案應加強稽核。
parameters: []
needs: [award_case.designated]
strength: rare
amount: 決標金額
example: 市長室指定年度重大建設案為稽核案件。
not_proof: 指定不代表有違失。
reason: 本案經主管機關或設立機關指定加強稽核
*/
SELECT
    c.cid,
    unless_known(a.designated, 'designated') AS reason,
    a.designated AS fired,
    a.designated::INTEGER AS value,
    1 AS threshold,
    c.award_amount AS amount_at_stake,
    { 'flag': '主管機關或設立機關指定案件' } AS evidence
FROM scope AS c
INNER JOIN award_case AS a ON c.cid = a.cid
