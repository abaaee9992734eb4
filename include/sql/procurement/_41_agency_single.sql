-- table: agency_single
-- Each agency's single-bidder cases of the last year against what their peers lead one to expect: exact Poisson-binomial
-- tail, q over agencies. Ranked by excess, so that a large agency is not flagged for being large.
WITH counted AS (
    SELECT
        c.aid,
        count(*) AS n,
        sum((c.n_bidders = 1)::INTEGER) AS singles,
        list(e.expected ORDER BY e.expected) AS chances
    FROM cases AS c
    INNER JOIN expected_single AS e ON c.cid = e.cid
    WHERE c.is_recent
    GROUP BY c.aid
    HAVING count(*) >= (SELECT max(agency_min) FROM limits)
),

tested AS (
    SELECT
        * EXCLUDE (chances),
        list_sum(chances) AS expected,
        (singles - list_sum(chances)) / nullif(sqrt(list_sum([x * (1 - x) FOR x IN chances])), 0) AS z,
        pbinom_sf(singles::DOUBLE, chances) AS p
    FROM counted
)

SELECT * FROM bh('tested')
