/*
id: W01
name_zh: 民眾或廠商檢舉、媒體報導
name_en: Tip-off, media or suspicious data
family: must_watch
indicator: ["W1"]
legal_basis: 採購稽核小組作業規則第8條第1款
must_watch: 1
formula: 資料載明本案有檢舉、媒體報導或疑有違失之資料。
parameters: []
needs: [award_case.tip_off]
strength: rare
amount: 決標金額
example: 市府清冊註記本案曾遭廠商檢舉規格綁標。
not_proof: 檢舉與報導未經查證。
reason: 本案有檢舉、媒體報導或其他資料顯示疑義，依規定應加強稽核
*/
SELECT
    c.cid,
    unless_known(a.tip_off, 'tip_off') AS reason,
    a.tip_off AS fired,
    a.tip_off::INTEGER AS value,
    1 AS threshold,
    c.award_amount AS amount_at_stake,
    { 'flag': '民眾或廠商檢舉、媒體報導' } AS evidence
FROM scope AS c
INNER JOIN award_case AS a ON c.cid = a.cid
