/*
id: I21
name_zh: 同二廠商同場時總由同一家得標
name_en: Same pair, same winner
family: bids
indicator: ["#21", "R053"]
legal_basis: 政府採購法第87條第4項、第50條第1項第5款
must_watch: null
formula: >-
  本案得標者與一未得標者同場5次以上，該未得標者於同場從未得標，而得標者同場得標次數高於各案均等機會
  （Poisson二項精確檢定，雙向全部配對以Benjamini-Hochberg控制，q ≤ 10%）。
parameters: [pair_cases, losing_q]
needs: [bid.firm, bid.is_winner, award_case.kind]
strength: low
amount: 決標金額
example: 甲乙同場11次均由甲得標，乙0次，均等機會下甲應得3.4次。
not_proof: 實力差距懸殊之廠商同場，亦可能總由一家得標。
reason: 「{winner}」與「{loser}」同場{meetings:num}次，前者得標{won:num}次、後者0次（q＝{value:p}，門檻{threshold:p}）
*/
WITH present AS (
    SELECT
        a.cid,
        arg_min(
            { 'loser': o.loser, 'meetings': o.meetings, 'q': o.q, 'winner': o.winner, 'won': o.won },
            (o.q, o.winner, o.loser)
        ) AS best
    FROM one_sided AS o
    INNER JOIN contests AS a ON o.winner = a.fid AND o.kind_code = a.kind_code
    INNER JOIN contests AS b ON o.loser = b.fid AND a.cid = b.cid
    INNER JOIN scope AS c ON a.cid = c.cid
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    WHERE a.is_winner AND NOT b.is_winner AND o.lost = 0 AND o.meetings >= l.pair_cases AND o.q <= l.losing_q
    GROUP BY a.cid
)

SELECT
    c.cid,
    CASE
        WHEN f.cid IS NULL OR (f.n_losers = 0 AND coalesce(c.n_bidders, 2) > 1) THEN 'losing_bids'
        WHEN f.n_bids < 2 THEN 'small:bids'
    END AS reason,
    p.cid IS NOT NULL AS fired,
    p.best.q AS value,
    l.losing_q AS threshold,
    c.award_amount AS amount_at_stake,
    {
        'loser': h.label, 'meetings': p.best.meetings, 'winner': g.label, 'won': p.best.won::BIGINT
    } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN fields AS f ON c.cid = f.cid
LEFT JOIN present AS p ON c.cid = p.cid
LEFT JOIN firms AS g ON p.best.winner = g.fid
LEFT JOIN firms AS h ON p.best.loser = h.fid
