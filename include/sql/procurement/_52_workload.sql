-- table: workload
-- Works under way of a firm on the award day of each works contract it won: what is left of all earlier works contracts
-- (award x days left / days from award to the end of performance, as a running sum of straight lines), and their number;
-- beside it the most it ever finished in one earlier calendar year, and how many works contracts it finished before.
WITH contracts AS (
    SELECT
        w.cid,
        w.fid,
        w.in_scope,
        w.amount,
        w.award_day,
        (c.performance_end - DATE '1970-01-01')::INTEGER AS end_day,
        year(c.award_date) AS award_year,
        year(c.performance_end) AS end_year
    FROM wins AS w
    INNER JOIN cases AS c ON w.cid = c.cid
    WHERE w.is_works AND w.amount > 0 AND c.performance_end > c.award_date
),

events AS (
    SELECT
        fid,
        award_day AS day,
        1 AS turn,
        NULL::INTEGER AS cid,
        (amount * end_day / (end_day - award_day))::DECIMAL(38, 4) AS level,
        (amount / (end_day - award_day))::DECIMAL(38, 9) AS slope,
        1 AS running
    FROM contracts
    UNION ALL
    SELECT
        fid,
        end_day AS day,
        0 AS turn,
        NULL AS cid,
        (-amount * end_day / (end_day - award_day))::DECIMAL(38, 4) AS level,
        (-amount / (end_day - award_day))::DECIMAL(38, 9) AS slope,
        -1 AS running
    FROM contracts
    UNION ALL
    SELECT
        fid,
        award_day AS day,
        2 AS turn,
        cid,
        0 AS level,
        0 AS slope,
        0 AS running
    FROM contracts
    WHERE in_scope
),

run AS (
    SELECT
        fid,
        cid,
        day,
        sum(level) OVER so_far - day * sum(slope) OVER so_far AS remaining, -- decimals: the same in any order
        sum(running) OVER so_far AS under_way
    FROM events
    WINDOW so_far AS (PARTITION BY fid ORDER BY day, turn RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
),

finished AS (
    SELECT
        fid,
        end_year,
        sum(amount) AS done,
        count(*) AS times
    FROM contracts
    GROUP BY fid, end_year
),

best AS (
    SELECT
        c.cid,
        c.fid,
        max(f.done) AS best_year,
        sum(f.times) AS times
    FROM contracts AS c
    INNER JOIN finished AS f ON c.fid = f.fid AND f.end_year < c.award_year
    WHERE c.in_scope
    GROUP BY c.cid, c.fid
)

SELECT
    r.cid,
    max(r.remaining)::DOUBLE AS remaining,
    max(r.under_way) AS under_way,
    max_by(b.best_year, r.remaining) AS best_year,
    max_by(b.times, r.remaining) AS completed,
    max_by(r.fid, r.remaining) AS fid
FROM run AS r
LEFT JOIN best AS b ON r.cid = b.cid AND r.fid = b.fid
WHERE r.cid IS NOT NULL
GROUP BY r.cid
