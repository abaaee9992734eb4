/*
id: W04
name_zh: 電子採購網警示專區案件
name_en: On the e-procurement warning area
family: must_watch
indicator: ["W4"]
legal_basis: 採購稽核小組作業規則第8條第4款
must_watch: 4
formula: 本案列於主管機關政府電子採購網警示專區。
parameters: []
needs: [award_case.warning_area]
strength: rare
amount: 決標金額
example: 本案列於警示專區「等標期偏短」清單。
not_proof: 警示專區由系統自動列示，未經查證。
reason: 本案列於政府電子採購網警示專區，依規定應加強稽核
*/
SELECT
    c.cid,
    unless_known(a.warning_area, 'warning_area') AS reason,
    a.warning_area AS fired,
    a.warning_area::INTEGER AS value,
    1 AS threshold,
    c.award_amount AS amount_at_stake,
    { 'flag': '電子採購網警示專區案件' } AS evidence
FROM scope AS c
INNER JOIN award_case AS a ON c.cid = a.cid
