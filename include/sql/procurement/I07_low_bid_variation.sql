/*
id: I07
name_zh: 各家標價過於接近（變異係數低）
name_en: Low coefficient of variation of bids (CV)
family: bids
indicator: ["#7"]
legal_basis: 政府採購法第87條第4項、第50條第1項第5款（Imhof 2017）
must_watch: null
formula: CV＝標價標準差（n－1）／平均，三家以上；在同標的類別、同投標家數級距之案件中的百分位 ≤ 5%（中位秩，不假設分配）。
parameters: [screen_tail]
needs: [bid.bid_amount, bid.original_bid]
strength: low
amount: 決標金額
example: 四家標價1,000、1,004、1,007、1,009萬元，CV為0.4%，在同類案件中最低1.0%之內。
not_proof: 規格明確、成本透明之標的，標價本來接近；單一案件之標價分布不足以認定圍標。
reason: "{n:num}家標價之變異係數僅{cv:pct}，在{members:num}件同類案件中屬最低{value:pct}之內（門檻{threshold:pct}）"
*/
SELECT
    c.cid,
    CASE
        WHEN coalesce(s.n, 0) < 3 THEN 'small:bids'
        WHEN r.midrank IS NULL THEN 'small:peers'
    END AS reason,
    r.midrank <= l.screen_tail AS fired,
    r.midrank AS value,
    l.screen_tail AS threshold,
    c.award_amount AS amount_at_stake,
    { 'cv': num(s.cv), 'members': r.members, 'n': s.n } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN screens AS s ON c.cid = s.tender
LEFT JOIN screen_ranks AS r ON c.cid = r.cid AND r.screen = 'cv'
