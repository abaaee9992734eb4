/*
id: W05
name_zh: 主管機關或設立機關指定工程
name_en: Designated works
family: must_watch
indicator: ["W5"]
legal_basis: 工程施工查核小組作業辦法第4條第3項第4款
must_watch: 4
formula: 主管機關或設立機關指定本工程應查驗。
parameters: []
needs: [project.designated]
strength: rare
amount: 契約金額
example: 市長室指定年度重大道路工程為查驗對象。
not_proof: 指定不代表有缺失。
reason: 本工程經主管機關或設立機關指定，依規定應優先查驗
*/
SELECT
    c.cid,
    unless_known(c.designated, 'designated') AS reason,
    c.designated AS fired,
    c.designated::INTEGER AS value,
    1 AS threshold,
    c.amount AS amount_at_stake,
    { 'flag': '指定查驗' } AS evidence
FROM scope AS c
