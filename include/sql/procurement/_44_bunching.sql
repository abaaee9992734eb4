-- table: bunching
-- How many of an agency's procurement amounts of the last year lie just under a statutory limit and just above it. With no
-- regard to the limit both sides are alike: exact binomial tail with p = 0.5, q over agencies and limits.
WITH near AS (
    SELECT
        c.aid,
        x.limit_name,
        sum((c.amount < x.edge)::INTEGER) AS below,
        sum((c.amount >= x.edge)::INTEGER) AS above
    FROM cases AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    CROSS JOIN
        LATERAL (
            VALUES ('公告金額', c.announce_limit), ('查核金額', c.check_limit)
        ) AS x (limit_name, edge)
    WHERE
        c.is_recent
        AND c.amount >= (1 - l.bunching_width) * x.edge
        AND c.amount < (1 + l.bunching_width) * x.edge
    GROUP BY c.aid, x.limit_name
),

tested AS (
    SELECT
        *,
        binom_sf(below::DOUBLE, (below + above)::DOUBLE, 0.5) AS p
    FROM near
)

SELECT * FROM bh('tested')
