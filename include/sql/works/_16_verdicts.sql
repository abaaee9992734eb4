-- table: verdicts
-- One row an inspection up to the period's last day: how many of its tests failed, the names of those tests.
WITH failed AS (
    SELECT
        inspection_id,
        count(DISTINCT test) AS n_failed
    FROM inspection_test
    WHERE state = 'fail'
    GROUP BY inspection_id
)

SELECT
    i.inspection_id,
    i.cid,
    i.firm_name,
    i.inspected_date,
    i.score,
    coalesce(f.n_failed, 0) AS n_failed
FROM all_inspection AS i
CROSS JOIN run_period AS p
LEFT JOIN failed AS f ON i.inspection_id = f.inspection_id
WHERE i.inspected_date <= p.last_day
