/*
id: I11B
name_zh: 標價分布峰態過高
name_en: High kurtosis of bids (KURT)
family: bids
indicator: ["#11"]
legal_basis: 政府採購法第87條第4項、第50條第1項第5款（Huber與Imhof 2019）
must_watch: null
formula: KURT＝標價之無偏超額峰態G2，四家以上；在同標的類別、同投標家數級距之案件中位秩 ≥ 95%。
parameters: [screen_tail]
needs: [bid.bid_amount, bid.original_bid, award_case.kind]
strength: high
amount: 決標金額
example: 七家標價六家幾乎相同、一家偏離，峰態6.4，為同類案件最高2%之內。
not_proof: 單一廠商誤算亦會使峰態升高。
reason: "{n:num}家標價之峰態為{value:num}，為{members:num}件同類案件最高5%之內"
*/
SELECT
    c.cid,
    CASE
        WHEN coalesce(s.n, 0) < 4 THEN 'small:bids'
        WHEN r.midrank IS NULL THEN 'small:peers'
    END AS reason,
    r.midrank >= 1 - l.screen_tail AS fired,
    s.kurt AS value,
    1 - l.screen_tail AS threshold,
    c.award_amount AS amount_at_stake,
    { 'kurt': num(s.kurt), 'members': r.members, 'n': s.n } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN screens AS s ON c.cid = s.tender
LEFT JOIN screen_ranks AS r ON c.cid = r.cid AND r.screen = 'kurt'
