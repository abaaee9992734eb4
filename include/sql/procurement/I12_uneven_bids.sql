/*
id: I12
name_zh: 標價分布偏離均勻
name_en: Bids far from evenly spread (KSTEST)
family: bids
indicator: ["#12"]
legal_basis: 政府採購法第87條第4項、第50條第1項第5款（Wallimann等 2022）
must_watch: null
formula: KSTEST＝標價縮放至0至1後與均勻分布之最大差距，三家以上；> 0.3，且在同類案件中位秩 ≥ 95%。
parameters: [ks_cut, screen_tail]
needs: [bid.bid_amount, bid.original_bid, award_case.kind]
strength: high
amount: 決標金額
example: 六家標價五家擠在上緣，與均勻分布最大差0.78。
not_proof: 成本結構分群（如在地與外地廠商）亦會使分布不均。
reason: "{n:num}家標價與均勻分布之最大差距為{value:num}（門檻{threshold:num}），為{members:num}件同類案件最高5%之內"
*/
SELECT
    c.cid,
    CASE
        WHEN coalesce(s.n, 0) < 3 THEN 'small:bids'
        WHEN r.midrank IS NULL THEN 'small:peers'
    END AS reason,
    s.ks > l.ks_cut AND r.midrank >= 1 - l.screen_tail AS fired,
    s.ks AS value,
    l.ks_cut AS threshold,
    c.award_amount AS amount_at_stake,
    { 'ks': num(s.ks), 'members': r.members, 'n': s.n } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN screens AS s ON c.cid = s.tender
LEFT JOIN screen_ranks AS r ON c.cid = r.cid AND r.screen = 'ks'
