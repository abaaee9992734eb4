/*
id: W01
name_zh: 民眾或廠商檢舉、媒體報導
name_en: Tip-off, media or suspicious data
family: must_watch
indicator: ["W1"]
legal_basis: 工程施工查核小組作業辦法第4條第3項第1款
must_watch: 1
formula: 資料載明本工程有檢舉、媒體報導或疑有違失之資料。
parameters: []
needs: [project.tip_off]
strength: rare
amount: 契約金額
example: 清冊註記本工程曾遭檢舉鋪面厚度不足。
not_proof: 檢舉與報導未經查證。
reason: 本工程有檢舉、媒體報導或其他資料顯示疑義，依規定應優先查驗
*/
SELECT
    c.cid,
    unless_known(c.tip_off, 'tip_off') AS reason,
    c.tip_off AS fired,
    c.tip_off::INTEGER AS value,
    1 AS threshold,
    c.amount AS amount_at_stake,
    { 'flag': '民眾或廠商檢舉、媒體報導' } AS evidence
FROM scope AS c
