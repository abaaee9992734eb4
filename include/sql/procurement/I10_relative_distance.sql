/*
id: I10
name_zh: 得標價與陪標價分離（相對距離）
name_en: Relative distance of the lowest bid (RD)
family: bids
indicator: ["#10"]
legal_basis: 政府採購法第87條第4項、第50條第1項第5款（Huber與Imhof 2019）
must_watch: null
formula: RD＝（次低標－最低標）／其餘標價之標準差，三家以上；RD > 1，且在同類案件中位秩 ≥ 95%。
parameters: [rd_cut, screen_tail]
needs: [bid.bid_amount, bid.original_bid, award_case.kind]
strength: high
amount: 決標金額
example: 最低標領先次低標4.1%，而其餘三家彼此僅差0.5%，RD為7.9。
not_proof: 最低標廠商可能確有成本優勢；家數少時RD波動大。
reason: "最低標領先次低標之距離為其餘標價離散程度之{value:num}倍（門檻{threshold:num}），為{members:num}件同類案件最高5%之內"
*/
SELECT
    c.cid,
    CASE
        WHEN coalesce(s.n, 0) < 3 THEN 'small:bids'
        WHEN r.midrank IS NULL THEN 'small:peers'
    END AS reason,
    s.rd > l.rd_cut AND r.midrank >= 1 - l.screen_tail AS fired,
    s.rd AS value,
    l.rd_cut AS threshold,
    c.award_amount AS amount_at_stake,
    { 'members': r.members, 'n': s.n, 'rd': num(s.rd) } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN screens AS s ON c.cid = s.tender
LEFT JOIN screen_ranks AS r ON c.cid = r.cid AND r.screen = 'rd'
