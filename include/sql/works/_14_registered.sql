-- table: registered
-- One row a contractor and an entry of the contractor register that speaks of it: by the same entity, else by the same
-- name when one of the two lacks a registered number.
SELECT DISTINCT
    f.fid,
    c.valid_from,
    c.valid_to,
    c.grade,
    c.capital,
    c.net_worth,
    replace(c.base_city, '台', '臺') AS base_city,
    CASE WHEN f.firm = c.firm AND f.firm_id IS NOT NULL THEN '統一編號' ELSE '名稱' END AS matched
FROM contractor AS c
INNER JOIN firms AS f ON c.firm = f.firm OR (c.firm_key = f.firm_key AND (c.firm_id IS NULL OR f.firm_id IS NULL))
CROSS JOIN run_period AS p
WHERE c.valid_from <= p.last_day
