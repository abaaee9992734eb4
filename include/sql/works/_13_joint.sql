-- table: joint
-- One row a project whose contractor is known: how many there are.
SELECT
    cid,
    count(*) AS n_firms
FROM parts
GROUP BY cid
