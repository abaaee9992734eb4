/*
id: P04
name_zh: 決標金額緊貼底價且家數少
name_en: Award close to the reserve price among few bidders
family: price
indicator: ["P04", "#2"]
legal_basis: 政府採購法第34條第3項（底價於決標前應保密）、第46條
must_watch: null
formula: 0.995 ≤ 決標金額／底價 ≤ 1，且投標家數在3家以下，非限制性議價；得標廠商原始投標金額高於底價、經減價始入底價者不計。
parameters: [near_reserve_share, near_reserve_bidders]
needs: [award_case.award_amount, award_case.reserve_price, award_case.n_bidders, award_case.method, bid.original_bid]
strength: high
amount: 決標金額
example: 底價300萬元，三家投標，決標金額299.8萬元（99.9%），其餘二家均高於底價。
not_proof: 原始投標金額未登載時，無從排除減價後依底價決標者；底價訂得準確亦會緊貼。須查開標、減價紀錄。
reason: 決標金額{award:money}為底價{reserve:money}之{value:pct}（門檻{threshold:pct}），投標僅{bidders:num}家{others}
*/
WITH above AS (
    SELECT
        b.cid,
        sum((b.price > c.reserve_price AND NOT b.is_winner)::INTEGER) AS over_reserve,
        bool_and(b.price > c.reserve_price) FILTER (WHERE b.is_winner) AS is_reduced
    FROM bids AS b
    INNER JOIN scope AS c ON b.cid = c.cid
    GROUP BY b.cid
)

SELECT
    c.cid,
    lacking(
        unless_known(c.award_amount, 'award_amount'), unless_known(c.reserve_price, 'reserve_price'),
        unless_known(c.n_bidders, 'n_bidders'), unless_known(c.method, 'method')
    ) AS reason,
    c.method <> 'restricted' AND c.award_amount <= c.reserve_price
    AND c.award_amount >= l.near_reserve_share * c.reserve_price AND c.n_bidders <= l.near_reserve_bidders
    AND a.is_reduced IS NOT TRUE AS fired,
    c.award_amount / nullif(c.reserve_price, 0) AS value,
    l.near_reserve_share AS threshold,
    c.award_amount AS amount_at_stake,
    {
        'award': c.award_amount, 'bidders': c.n_bidders,
        'others': CASE WHEN a.over_reserve > 0 THEN '，其餘' || a.over_reserve || '家標價高於底價' ELSE '' END,
        'reserve': c.reserve_price
    } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN above AS a ON c.cid = a.cid
