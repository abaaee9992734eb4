-- table: bans
-- One row a contractor and a debarment of it that was not annulled and was known by the period's last day.
SELECT DISTINCT
    f.fid,
    d.effective_date,
    d.expire_date,
    CASE WHEN f.firm = d.firm AND f.firm_id IS NOT NULL THEN '統一編號' ELSE '名稱' END AS matched
FROM debarment AS d
INNER JOIN firms AS f ON d.firm = f.firm OR (d.firm_key = f.firm_key AND (d.firm_id IS NULL OR f.firm_id IS NULL))
CROSS JOIN run_period AS p
WHERE d.annulled IS NOT TRUE AND d.effective_date <= p.last_day
