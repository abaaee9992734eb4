-- table: registered
-- One row a contractor and an entry of the contractor register that speaks of it: by the same registered number, else
-- by the same name when one of the two lacks a number (``matched`` says which: a name alone may be another firm's).
WITH entries AS (
    SELECT
        c.firm,
        c.firm_id,
        c.firm_key,
        c.valid_from,
        c.valid_to,
        c.grade,
        c.capital,
        c.net_worth,
        replace(c.base_city, '台', '臺') AS base_city
    FROM contractor AS c
    CROSS JOIN run_period AS p
    WHERE c.valid_from <= p.last_day
),

same AS (
    SELECT
        f.fid,
        f.firm_id IS NOT NULL AS by_number,
        e.*
    FROM entries AS e
    INNER JOIN firms AS f ON e.firm = f.firm
    UNION ALL
    SELECT
        f.fid,
        FALSE AS by_number,
        e.*
    FROM entries AS e
    INNER JOIN firms AS f ON e.firm_key = f.firm_key AND e.firm <> f.firm
    WHERE e.firm_id IS NULL OR f.firm_id IS NULL
)

SELECT DISTINCT
    fid,
    by_number,
    CASE WHEN by_number THEN '統一編號' ELSE '名稱' END AS matched,
    valid_from,
    valid_to,
    grade,
    capital,
    net_worth,
    base_city
FROM same
