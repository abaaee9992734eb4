-- table: losers
-- Firms that win less than an even contest would give: exact Poisson-binomial tail P(wins <= x) with p = winners / bidders of
-- each contest; q over firms with at least losing_bids contests.
WITH counted AS (
    SELECT
        fid,
        count(*) AS n,
        sum(is_winner::INTEGER) AS wins,
        list(chance ORDER BY chance) AS chances
    FROM contests
    GROUP BY fid
),

tested AS (
    SELECT
        * EXCLUDE (chances),
        list_sum(chances) AS expected,
        pbinom_cdf(wins::DOUBLE, chances) AS p
    FROM counted
    WHERE n >= (SELECT max(losing_bids) FROM limits)
)

SELECT * FROM bh('tested')
