-- table: agency_restricted
-- Each agency's restricted tenders without public procedure in the last year against what agencies in general do for the
-- same kind and value band (drawn towards the kind's share): exact Poisson-binomial tail, q over agencies.
WITH recent AS (
    SELECT
        c.aid,
        c.kind,
        c.value_band,
        (c.method = 'restricted')::INTEGER AS y,
        l.shrink_cases AS k
    FROM cases AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    WHERE c.is_recent AND c.method IS NOT NULL AND c.kind IS NOT NULL AND c.value_band IS NOT NULL
),

chances AS (
    SELECT
        *,
        (
            sum(y) OVER (PARTITION BY kind, value_band) - y
            + k * (sum(y) OVER (PARTITION BY kind) - y + 1) / (count(*) OVER (PARTITION BY kind) + 1)
        ) / (count(*) OVER (PARTITION BY kind, value_band) - 1 + k) AS chance
    FROM recent
),

counted AS (
    SELECT
        aid,
        count(*) AS n,
        sum(y) AS restricted,
        list(chance ORDER BY chance) AS list_of_chances
    FROM chances
    GROUP BY aid
    HAVING count(*) >= (SELECT max(agency_min) FROM limits)
),

tested AS (
    SELECT
        * EXCLUDE (list_of_chances),
        list_sum(list_of_chances) AS expected,
        pbinom_sf(restricted::DOUBLE, list_of_chances) AS p
    FROM counted
)

SELECT * FROM bh('tested')
