/*
id: P17C
name_zh: 公告級距與採購金額不符
name_en: Amount class does not fit the amount
family: records
indicator: ["P17"]
legal_basis: 政府採購法施行細則第6條（採購金額於招標前認定）
must_watch: null
formula: 公告所載採購金額級距低於依採購金額（無則預算金額）與招標公告日門檻認定之級距，或決標金額已逾所載級距。
parameters: []
needs: [award_case.amount_class, award_case.procurement_amount, award_case.budget, award_case.kind, award_case.award_amount]
strength: high
amount: 決標金額
example: 公告級距為未達公告金額，預算金額118萬元（公告金額100萬元）。
not_proof: 級距以採購金額認定，與預算金額可能不同（後續擴充、分批）；須核對招標公告。
reason: 公告級距「{stated}」之上限為{threshold:money}，而本案金額{value:money}
*/
WITH classed AS (
    SELECT
        c.*,
        a.amount_class,
        CASE
            WHEN regexp_matches(a.amount_class, '未達公告金額') THEN c.announce_limit
            WHEN regexp_matches(a.amount_class, '未達查核金額') THEN c.check_limit
            WHEN regexp_matches(a.amount_class, '未達巨額') THEN c.huge_limit
            WHEN regexp_matches(a.amount_class, '巨額') THEN 1e15
            WHEN regexp_matches(a.amount_class, '小額|十分之一以下') THEN c.small_limit
        END AS upper_edge
    FROM scope AS c
    INNER JOIN award_case AS a ON c.cid = a.cid
)

SELECT
    cid,
    CASE
        WHEN upper_edge IS NULL OR amount IS NULL OR kind IS NULL
            THEN lacking(
                    unless_known(upper_edge, 'amount_class'), unless_known(amount, 'budget'), unless_known(kind, 'kind')
                )
    END AS reason,
    greatest(amount, coalesce(award_amount, 0)) >= upper_edge
    AND NOT (upper_edge = small_limit AND greatest(amount, coalesce(award_amount, 0)) = small_limit) AS fired,
    greatest(amount, coalesce(award_amount, 0)) AS value,
    upper_edge AS threshold,
    award_amount AS amount_at_stake,
    { 'stated': amount_class } AS evidence
FROM classed
