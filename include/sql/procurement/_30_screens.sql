-- table: screens
-- Bid-distribution screens of each case with at least two different prices (INDICATORS.md; they equal the published
-- columns of the okinawa and ticino auctions to four decimals). Population: all prices handed in.
-- Sums run over the ordered list of bids, so that the last digit never depends on which thread came first.
--   cv = sd / mean (ddof 1); spd = (max - min) / min; diffp = (b2 - b1) / b1;
--   rd = (b2 - b1) / sd(b2..bn); skew = unbiased G1 (n >= 3); kurt = unbiased excess G2 (n >= 4);
--   ks = Kolmogorov-Smirnov distance of the min-max scaled bids to the uniform law.
WITH bid_list AS (
    SELECT
        cid AS tender,
        price AS bid
    FROM bids
    WHERE price > 0
),

ordered AS (
    SELECT
        tender,
        count(*) AS n,
        list(bid::DOUBLE ORDER BY bid) AS b
    FROM bid_list
    WHERE bid IS NOT NULL
    GROUP BY tender
),

centred AS (
    SELECT
        tender,
        n,
        b,
        b[1] AS low,
        b[2] AS second,
        b[n] AS high,
        list_sum(b) / n AS mean
    FROM ordered
),

moments AS (
    SELECT
        tender,
        n,
        low,
        second,
        high,
        mean,
        list_aggregate(b[2:], 'stddev_samp') AS sd_losing,
        list_sum([(x - mean) * (x - mean) FOR x IN b]) AS m2,
        list_sum([(x - mean) * (x - mean) * (x - mean) FOR x IN b]) AS m3,
        list_sum([(x - mean) * (x - mean) * (x - mean) * (x - mean) FOR x IN b]) AS m4,
        list_max([
            greatest(
                i / n - (b[i] - low) / nullif(high - low, 0),
                (b[i] - low) / nullif(high - low, 0) - (i - 1) / n
            ) FOR i IN range(1, n + 1)
        ]) AS ks
    FROM centred
)

SELECT
    tender,
    n::INTEGER AS n,
    low,
    high,
    CASE WHEN n >= 2 THEN sqrt(m2 / (n - 1)) / mean END AS cv,
    CASE WHEN n >= 2 THEN (high - low) / low END AS spd,
    CASE WHEN n >= 2 THEN (second - low) / low END AS diffp,
    CASE WHEN n >= 3 THEN (second - low) / nullif(sd_losing, 0) END AS rd,
    CASE WHEN n >= 3 AND m2 > 0
            THEN sqrt(n * (n - 1)) / (n - 2) * (m3 / n) / power(m2 / n, 1.5)
    END AS skew,
    CASE WHEN n >= 4 AND m2 > 0
            THEN (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * ((m4 / n) / power(m2 / n, 2) - 3) + 6)
    END AS kurt,
    ks
FROM moments
