-- table: one_sided
-- Pairs in which the same firm wins and the other never does: the winner's wins in their meetings against an even chance in
-- each (winners / bidders): exact Poisson-binomial tail; q over both directions of all pairs. That they meet at all more
-- than by chance is another question (pairs).
WITH meetings AS (
    SELECT
        a.kind_code,
        a.fid AS winner,
        b.fid AS loser,
        count(*) AS meetings,
        sum(a.is_winner::INTEGER) AS won,
        sum(b.is_winner::INTEGER) AS lost,
        list(a.chance ORDER BY a.chance) AS chances
    FROM contests AS a
    INNER JOIN contests AS b ON a.cid = b.cid AND a.fid <> b.fid
    INNER JOIN pairs AS p
        ON a.kind_code = p.kind_code AND p.one = least(a.fid, b.fid) AND p.two = greatest(a.fid, b.fid)
    GROUP BY a.kind_code, a.fid, b.fid
),

tested AS (
    SELECT
        * EXCLUDE (chances),
        pbinom_sf(won::DOUBLE, chances) AS p
    FROM meetings
    WHERE won > 0
)

SELECT * FROM bh('tested')
