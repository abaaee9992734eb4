/*
id: P08A
name_zh: 依第22條第1項第1款限制性招標而無流廢標紀錄
name_en: Restricted after failure, with no earlier failure
family: method
indicator: ["P08"]
legal_basis: 政府採購法第22條第1項第1款；同法施行細則第22條第1項
must_watch: null
formula: 依據為22-1-1，而本案先前流廢標次數為0且無前次流廢標日期。
parameters: []
needs: [award_case.method, award_case.restricted_clause, award_case.failed_count, award_case.previous_failed_date]
strength: rare
amount: 決標金額
example: 以無廠商投標為由改限制性招標，查無前次公告或流標紀錄。
not_proof: 前次招標可能以他案號辦理，或資料未連結。
reason: 依{clause}辦理限制性招標，而流廢標次數為{value:num}次，查無先前流廢標
*/
SELECT
    c.cid,
    CASE
        WHEN c.method IS NULL THEN 'method'
        WHEN c.method = 'restricted' AND c.restricted_clause IS NULL THEN 'restricted_clause'
        WHEN c.restricted_clause = '22-1-1' AND a.failed_count IS NULL AND a.previous_failed_date IS NULL THEN 'failed_count'
    END AS reason,
    coalesce(c.restricted_clause = '22-1-1', FALSE) AND coalesce(a.failed_count, 0) = 0
    AND a.previous_failed_date IS NULL AS fired,
    a.failed_count AS value,
    1 AS threshold,
    c.award_amount AS amount_at_stake,
    { 'clause': c.restricted_clause } AS evidence
FROM scope AS c
INNER JOIN award_case AS a ON c.cid = a.cid
