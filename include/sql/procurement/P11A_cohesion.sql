/*
id: P11A
name_zh: 固定廠商結伴投標
name_en: Cohesive co-bidding
family: bids
indicator: ["P11", "#22"]
legal_basis: 政府採購法第87條第4項、第50條第1項第5款（Wachs與Kertész 2019）
must_watch: null
formula: >-
  本案有二家投標廠商，其共同投標5次以上、凝聚度（共同投標次數／任一家投標次數）≥ 50%，
  且高於各自投標次數之隨機重疊（超幾何精確檢定，全部配對以Benjamini-Hochberg控制，q ≤ 1%）。
parameters: [pair_cohesion, pair_q]
needs: [bid.firm, bid.is_winner, award_case.kind]
strength: high
amount: 決標金額
example: 甲、乙各投標12次與11次，其中10次同場，凝聚度76.9%。
not_proof: 同一地區、同一專業的廠商本會常常同場；結伴投標不等於合意。
reason: 「{one}」與「{two}」同場投標{meetings:num}次，凝聚度{value:pct}（門檻{threshold:pct}，q＝{q:p}）
*/
WITH present AS (
    SELECT
        a.cid,
        arg_max({ 'meetings': p.meetings, 'one': p.one, 'q': p.q, 'two': p.two, 'x': p.cohesion }, (p.cohesion, -p.one, -p.two)) AS best
    FROM pairs AS p
    INNER JOIN contests AS a ON p.one = a.fid AND p.kind_code = a.kind_code
    INNER JOIN contests AS b ON p.two = b.fid AND a.cid = b.cid
    INNER JOIN scope AS c ON a.cid = c.cid
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    WHERE p.q <= l.pair_q AND p.cohesion >= l.pair_cohesion
    GROUP BY a.cid
)

SELECT
    c.cid,
    CASE
        WHEN f.cid IS NULL OR (f.n_losers = 0 AND coalesce(c.n_bidders, 2) > 1) THEN 'losing_bids'
        WHEN f.n_bids < 2 THEN 'small:bids'
    END AS reason,
    p.cid IS NOT NULL AS fired,
    p.best.x AS value,
    l.pair_cohesion AS threshold,
    c.award_amount AS amount_at_stake,
    { 'meetings': p.best.meetings, 'one': g.label, 'q': num(p.best.q), 'two': h.label } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN fields AS f ON c.cid = f.cid
LEFT JOIN present AS p ON c.cid = p.cid
LEFT JOIN firms AS g ON p.best.one = g.fid
LEFT JOIN firms AS h ON p.best.two = h.fid
