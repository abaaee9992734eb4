/*
id: P11B
name_zh: 固定廠商輪流得標
name_en: Bid rotation
family: bids
indicator: ["P11", "#22", "R057"]
legal_basis: 政府採購法第87條第4項
must_watch: null
formula: >-
  三家兩兩凝聚（P11A）之廠商同場6次以上、至少三家得過標，其得標順序之連莊次數少於隨機排列
  （多類別連檢定之精確分配，q ≤ 5%，各組以Benjamini-Hochberg控制）。
parameters: [rotation_max_p, rotation_cases, pair_cohesion, pair_q]
needs: [bid.firm, bid.is_winner, award_case.kind, award_case.award_date]
strength: low
amount: 決標金額
example: 甲乙丙同場12次，得標順序為甲乙丙甲乙丙，從無連莊。
not_proof: 產能輪替亦會使得標交錯；須與標價型態、未得標者行為一併觀察。
reason: 「{firms}」同場{contests:num}次，得標交錯而少連莊（q＝{value:p}，門檻{threshold:p}）
*/
WITH present AS (
    SELECT
        r.cid,
        arg_min(
            { 'contests': r.contests, 'one': r.one, 'q': r.q, 'three': r.three, 'two': r.two },
            (r.q, r.one, r.two, r.three)
        ) AS best
    FROM rings AS r
    GROUP BY r.cid
)

SELECT
    c.cid,
    CASE
        WHEN f.cid IS NULL OR (f.n_losers = 0 AND coalesce(c.n_bidders, 3) > 1) THEN 'losing_bids'
        WHEN c.award_day IS NULL THEN 'award_date'
        WHEN f.n_bids < 3 THEN 'small:bids'
    END AS reason,
    coalesce(p.best.q <= l.rotation_max_p, FALSE) AS fired,
    p.best.q AS value,
    l.rotation_max_p AS threshold,
    c.award_amount AS amount_at_stake,
    { 'contests': p.best.contests, 'firms': [g.label, h.label, i.label] } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN fields AS f ON c.cid = f.cid
LEFT JOIN present AS p ON c.cid = p.cid
LEFT JOIN firms AS g ON p.best.one = g.fid
LEFT JOIN firms AS h ON p.best.two = h.fid
LEFT JOIN firms AS i ON p.best.three = i.fid
