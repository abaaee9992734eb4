-- table: screens
-- Bid-distribution screens of each case with at least two different prices (INDICATORS.md; they equal the published
-- columns of the okinawa and ticino auctions to four decimals). Population: all prices handed in.
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

placed AS (
    SELECT
        tender,
        bid::DOUBLE AS bid,
        row_number() OVER (PARTITION BY tender ORDER BY bid) AS place,
        count(*) OVER (PARTITION BY tender) AS n,
        min(bid::DOUBLE) OVER (PARTITION BY tender) AS low,
        max(bid::DOUBLE) OVER (PARTITION BY tender) AS high,
        avg(bid::DOUBLE) OVER (PARTITION BY tender) AS mean
    FROM bid_list
    WHERE bid IS NOT NULL
),

moments AS (
    SELECT
        tender,
        any_value(n) AS n,
        any_value(low) AS low,
        any_value(high) AS high,
        any_value(mean) AS mean,
        min(bid) FILTER (WHERE place = 2) AS second,
        stddev_samp(bid) FILTER (WHERE place >= 2) AS sd_losing,
        sum((bid - mean) * (bid - mean)) AS m2,
        sum((bid - mean) * (bid - mean) * (bid - mean)) AS m3,
        sum((bid - mean) * (bid - mean) * (bid - mean) * (bid - mean)) AS m4,
        max(greatest(
            place / n - (bid - low) / nullif(high - low, 0),
            (bid - low) / nullif(high - low, 0) - (place - 1) / n
        )) AS ks
    FROM placed
    GROUP BY tender
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
