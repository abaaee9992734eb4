-- table: pairs
-- Every two firms that met in at least pair_cases contests of one kind: how often they met, how often each took part, how
-- often each won when the other lost; exact hypergeometric tails for meeting more often, and for one winning more often
-- when the other is there than it wins elsewhere; q over pairs.
WITH market AS (
    SELECT
        kind_code,
        count(DISTINCT cid) AS contests
    FROM contests
    GROUP BY kind_code
),

single AS (
    SELECT
        kind_code,
        fid,
        count(*) AS n,
        sum(is_winner::INTEGER) AS wins
    FROM contests
    GROUP BY kind_code, fid
),

met AS (
    SELECT
        a.kind_code,
        a.fid AS one,
        b.fid AS two,
        count(*) AS meetings,
        sum((a.is_winner AND NOT b.is_winner)::INTEGER) AS one_won,
        sum((b.is_winner AND NOT a.is_winner)::INTEGER) AS two_won
    FROM contests AS a
    INNER JOIN contests AS b ON a.cid = b.cid AND a.fid < b.fid
    WHERE a.n_bids <= 30
    GROUP BY a.kind_code, a.fid, b.fid
    HAVING count(*) >= (SELECT min(pair_cases) FROM limits)
),

measured AS (
    SELECT
        m.*,
        a.n AS one_n,
        b.n AS two_n,
        a.wins AS one_wins,
        b.wins AS two_wins,
        m.meetings / (a.n + b.n - m.meetings) AS cohesion,
        hypergeom_sf(m.meetings::DOUBLE, k.contests::DOUBLE, a.n::DOUBLE, b.n::DOUBLE) AS p
    FROM met AS m
    INNER JOIN single AS a ON m.kind_code = a.kind_code AND m.one = a.fid
    INNER JOIN single AS b ON m.kind_code = b.kind_code AND m.two = b.fid
    INNER JOIN market AS k ON m.kind_code = k.kind_code
)

SELECT * FROM bh('measured')
