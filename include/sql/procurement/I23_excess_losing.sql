/*
id: I23
name_zh: 廠商屢投不得標
name_en: A firm that bids often and hardly wins
family: bids
indicator: ["#23", "R025"]
legal_basis: 政府採購法第87條第4項、第5項
must_watch: null
formula: >-
  本案有一未得標廠商，其投標10次以上（二家以上競爭之案件），得標次數低於各案均等機會之預期
  （Poisson二項精確檢定 P(X≤x)，廠商間以Benjamini-Hochberg控制，q ≤ 10%）。
parameters: [losing_bids, losing_q]
needs: [bid.firm, bid.is_winner]
strength: low
amount: 決標金額
example: 某廠商投標26次、得標0次，均等機會下應得7.1次。
not_proof: 價格競爭力差、剛進入市場者亦屢投不中；陪標須有其他跡證。
reason: 未得標廠商「{firm}」投標{n:num}次僅得標{wins:num}次，均等機會預期{expected:num}次（q＝{value:p}，門檻{threshold:p}）
*/
WITH present AS (
    SELECT
        b.cid,
        arg_min(
            { 'expected': x.expected, 'n': x.n, 'q': x.q, 'who': x.fid, 'wins': x.wins }, (x.q, x.fid)
        ) AS best
    FROM losers AS x
    INNER JOIN contests AS b ON x.fid = b.fid
    INNER JOIN scope AS c ON b.cid = c.cid
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    WHERE NOT b.is_winner AND x.q <= l.losing_q
    GROUP BY b.cid
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
        'expected': num(p.best.expected), 'firm': g.label, 'n': p.best.n, 'wins': p.best.wins::BIGINT
    } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN fields AS f ON c.cid = f.cid
LEFT JOIN present AS p ON c.cid = p.cid
LEFT JOIN firms AS g ON p.best.who = g.fid
