/*
id: I11A
name_zh: 標價分布左偏
name_en: Low skewness of bids (SKEW)
family: bids
indicator: ["#11"]
legal_basis: 政府採購法第87條第4項、第50條第1項第5款（Huber與Imhof 2019）
must_watch: null
formula: SKEW＝標價之無偏偏態G1，三家以上；在同標的類別、同投標家數級距之案件中位秩 ≤ 5%。
parameters: [screen_tail]
needs: [bid.bid_amount, bid.original_bid, award_case.kind]
strength: low
amount: 決標金額
example: 六家標價中五家集中於高價、一家獨低，偏態−2.1，為同類案件最低1.5%之內。
not_proof: 最低標廠商成本優勢亦造成左偏。
reason: "{n:num}家標價之偏態為{skew:num}，在{members:num}件同類案件中屬最低{value:pct}之內（門檻{threshold:pct}）"
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
    { 'members': r.members, 'n': s.n, 'skew': num(s.skew) } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN screens AS s ON c.cid = s.tender
LEFT JOIN screen_ranks AS r ON c.cid = r.cid AND r.screen = 'skew'
