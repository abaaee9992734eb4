-- table: contests
-- One row a bidder in a case with at least two known bidders, for firms that took part in at least pair_cases such cases:
-- the only ones of which regular behaviour can be said. ``chance`` is what an even contest gives (winners / bidders).
WITH entered AS (
    SELECT
        b.cid,
        b.fid,
        b.is_winner,
        c.aid,
        enum_code(c.kind)::INTEGER AS kind_code,
        c.award_day,
        c.in_scope,
        f.n_bids,
        greatest(f.n_winner_rows, 1) / f.n_bids AS chance,
        l.pair_cases,
        count(*) OVER (PARTITION BY b.fid) AS entries
    FROM bids AS b
    INNER JOIN fields AS f ON b.cid = f.cid
    INNER JOIN cases AS c ON b.cid = c.cid
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    WHERE f.n_bids >= 2 AND f.n_losers >= 1
)

SELECT * EXCLUDE (pair_cases)
FROM entered
WHERE entries >= pair_cases
