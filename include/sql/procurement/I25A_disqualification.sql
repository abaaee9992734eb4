/*
id: I25A
name_zh: 除得標者外均不合格，或最低標不合格
name_en: All but the winner, or the lowest bidder, disqualified
family: competition
indicator: ["#25", "R035", "R036", "R038"]
legal_basis: 政府採購法第50條、第51條
must_watch: null
formula: 三家以上投標，除得標廠商外均不合格；或標價最低者不合格而由較高者得標。
parameters: []
needs: [bid.is_disqualified, bid.bid_amount, bid.is_winner]
strength: rare
amount: 決標金額（最低標不合格時為二標價之差）
example: 四家投標，最低標因規格文件不符不合格，決標金額高出其標價11.0%。
not_proof: 資格規格審查本為機關之責；須查不合格原因是否一致適用。
reason: "{n:num}家投標，{disqualified:num}家不合格，{what}"
*/
WITH judged AS (
    SELECT
        f.cid,
        f.n_bids,
        f.n_checked,
        f.n_disqualified,
        f.n_winner_rows,
        min(b.price) FILTER (WHERE b.is_disqualified) AS lowest_out,
        min(b.price) FILTER (WHERE b.is_winner) AS lowest_won,
        min(b.price) AS lowest
    FROM fields AS f
    INNER JOIN bids AS b ON f.cid = b.cid
    INNER JOIN scope AS c ON f.cid = c.cid
    GROUP BY f.cid, f.n_bids, f.n_checked, f.n_disqualified, f.n_winner_rows
),

decided AS (
    SELECT
        *,
        n_bids >= 3 AND n_winner_rows >= 1 AND n_disqualified = n_bids - n_winner_rows AS all_out,
        coalesce(lowest_out = lowest AND lowest_out < lowest_won, FALSE) AS low_out
    FROM judged
)

SELECT
    c.cid,
    CASE
        WHEN d.cid IS NULL OR d.n_checked = 0 THEN 'disqualified'
        WHEN d.n_bids < 2 THEN 'small:bids'
    END AS reason,
    d.all_out OR d.low_out AS fired,
    d.n_disqualified / d.n_bids AS value,
    NULL::DOUBLE AS threshold,
    CASE WHEN d.low_out THEN d.lowest_won - d.lowest_out ELSE c.award_amount END AS amount_at_stake,
    {
        'disqualified': d.n_disqualified, 'n': d.n_bids,
        'what': CASE WHEN d.all_out THEN '除得標廠商外均不合格' ELSE '標價最低者不合格' END
    } AS evidence
FROM scope AS c
LEFT JOIN decided AS d ON c.cid = d.cid
