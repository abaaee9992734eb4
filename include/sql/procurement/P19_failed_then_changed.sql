/*
id: P19
name_zh: 多次流廢標後變更資格或改限制性招標
name_en: Changed or restricted after repeated failures
family: method
indicator: ["P19"]
legal_basis: 政府採購法第22條第1項第1款、第48條第2項；同法施行細則第56條
must_watch: null
formula: 流廢標次數 ≥ 3，且其後變更廠商資格或改以限制性招標決標。
parameters: [failed_times]
needs: [award_case.failed_count, award_case.qualification_changed, award_case.method]
strength: high
amount: 決標金額
example: 三次流標後放寬實績資格，由一家新廠商得標。
not_proof: 流標後檢討資格係機關之責；須查檢討紀錄與受惠對象。
reason: 先前流廢標{value:num}次（門檻{threshold:num}次），其後{what}
*/
SELECT
    c.cid,
    CASE
        WHEN a.failed_count IS NULL THEN 'failed_count'
        WHEN a.failed_count >= l.failed_times AND a.qualification_changed IS NULL AND coalesce(c.method <> 'restricted', TRUE)
            THEN 'qualification_changed'
    END AS reason,
    a.failed_count >= l.failed_times
    AND (coalesce(a.qualification_changed, FALSE) OR coalesce(c.method = 'restricted', FALSE)) AS fired,
    a.failed_count AS value,
    l.failed_times AS threshold,
    c.award_amount AS amount_at_stake,
    { 'what': CASE WHEN a.qualification_changed THEN '變更廠商資格' ELSE '改限制性招標' END } AS evidence
FROM scope AS c
INNER JOIN award_case AS a ON c.cid = a.cid
INNER JOIN limits AS l ON c.rule_date = l.rule_date
