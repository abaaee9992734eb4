/*
id: P08C
name_zh: 後續擴充未於原公告載明
name_en: Expansion without announcement in the original notice
family: method
indicator: ["P08"]
legal_basis: 政府採購法第22條第1項第7款
must_watch: null
formula: 依據為22-1-7，而原招標公告未載明後續擴充。
parameters: []
needs: [award_case.method, award_case.restricted_clause, award_case.expansion_announced]
strength: rare
amount: 決標金額
example: 以後續擴充為由逕洽原廠商，原公告「後續擴充」欄為否。
not_proof: 招標文件可能另有載明而公告欄位漏填；須查原招標文件。
reason: 依{clause}辦理後續擴充，而原招標公告未載明擴充之期間、金額或數量
*/
SELECT
    c.cid,
    CASE
        WHEN c.method IS NULL THEN 'method'
        WHEN c.method = 'restricted' AND c.restricted_clause IS NULL THEN 'restricted_clause'
        WHEN c.restricted_clause = '22-1-7' THEN unless_known(a.expansion_announced, 'expansion_announced')
    END AS reason,
    coalesce(c.restricted_clause = '22-1-7', FALSE) AND coalesce(NOT a.expansion_announced, FALSE) AS fired,
    a.expansion_announced::INTEGER AS value,
    1 AS threshold,
    c.award_amount AS amount_at_stake,
    { 'clause': c.restricted_clause } AS evidence
FROM scope AS c
INNER JOIN award_case AS a ON c.cid = a.cid
