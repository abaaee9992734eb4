-- table: rings
-- Three firms, each two of them cohesive (pairs), and the order of the winners in the contests where all three bid: the
-- exact chance of as few immediate repeats in a random order of the same wins. Small when the wins rotate.
WITH close_pairs AS (
    SELECT
        p.kind_code,
        p.one,
        p.two
    FROM pairs AS p
    CROSS JOIN (
        SELECT
            max(pair_cohesion) AS pair_cohesion,
            max(pair_q) AS pair_q
        FROM limits
    ) AS l
    WHERE p.cohesion >= l.pair_cohesion AND p.q <= l.pair_q
),

triples AS (
    SELECT
        a.kind_code,
        a.one,
        a.two,
        b.two AS three
    FROM close_pairs AS a
    INNER JOIN close_pairs AS b ON a.kind_code = b.kind_code AND a.two = b.one
    INNER JOIN close_pairs AS c ON a.kind_code = c.kind_code AND a.one = c.one AND b.two = c.two
),

meetings AS (
    SELECT
        t.kind_code,
        t.one,
        t.two,
        t.three,
        a.cid,
        a.award_day,
        a.in_scope,
        coalesce(w.fid, -1) AS winner
    FROM triples AS t
    INNER JOIN contests AS a ON t.kind_code = a.kind_code AND t.one = a.fid
    INNER JOIN contests AS b ON t.two = b.fid AND a.cid = b.cid
    INNER JOIN contests AS c ON t.three = c.fid AND a.cid = c.cid
    LEFT JOIN (
        SELECT
            cid,
            min(fid) AS fid
        FROM bids
        WHERE is_winner
        GROUP BY cid
    ) AS w ON a.cid = w.cid
    WHERE a.award_day IS NOT NULL
),

ordered AS (
    SELECT
        kind_code,
        one,
        two,
        three,
        count(*) AS contests,
        count(DISTINCT winner) AS winners,
        max(n_same) / count(*) AS top_share,
        list(winner ORDER BY award_day, cid) AS winner_list
    FROM (
        SELECT
            *,
            count(*) OVER (PARTITION BY kind_code, one, two, three, winner) AS n_same
        FROM meetings
    )
    GROUP BY kind_code, one, two, three
),

tested AS (
    SELECT
        o.* EXCLUDE (winner_list),
        rotation_p(o.winner_list[greatest(1, len(o.winner_list) - 59):]) AS p
    FROM ordered AS o
    WHERE o.contests >= (SELECT max(rotation_cases) FROM limits) AND o.winners >= 3
)

SELECT
    t.*,
    m.cid
FROM bh('tested') AS t
INNER JOIN meetings AS m
    ON t.kind_code = m.kind_code AND t.one = m.one AND t.two = m.two AND t.three = m.three
WHERE m.in_scope
