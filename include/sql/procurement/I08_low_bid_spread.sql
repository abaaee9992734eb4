/*
id: I08
name_zh: 各家標價差距過小（全距）
name_en: Small spread of bids (SPD)
family: bids
indicator: ["#8"]
legal_basis: 政府採購法第87條第4項、第50條第1項第5款（García Rodríguez等 2022）
must_watch: null
formula: SPD＝（最高標－最低標）／最低標，三家以上；在同標的類別、同投標家數級距之案件中位秩 ≤ 5%。
parameters: [screen_tail]
needs: [bid.bid_amount, bid.original_bid, award_case.kind]
strength: low
amount: 決標金額
example: 五家標價全距僅最低標之0.9%，為同類案件最低2.1%之內。
not_proof: 規格明確之標的標價本來接近；全距小亦可能為競爭激烈。
reason: "{n:num}家標價之全距僅最低標之{spd:pct}，在{members:num}件同類案件中屬最低{value:pct}之內（門檻{threshold:pct}）"
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
    { 'members': r.members, 'n': s.n, 'spd': num(s.spd) } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN screens AS s ON c.cid = s.tender
LEFT JOIN screen_ranks AS r ON c.cid = r.cid AND r.screen = 'spd'
