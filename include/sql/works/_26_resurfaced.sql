-- table: resurfaced
-- One row a project and another work that laid a surface on the same stretch of road before the warranty of the first
-- was over: two projects (a row for each of the two), or a project and a paving permit of others. ``distance_m`` is
-- NULL when a place is unknown.
WITH twice AS (
    SELECT DISTINCT
        o.cid AS old_cid,
        n.cid AS new_cid,
        o.title AS old_title,
        n.title AS new_title,
        o.done_date,
        o.warranty_end,
        n.begin_date,
        sqrt(power(o.x - n.x, 2) + power(o.y - n.y, 2)) AS distance_m
    FROM surfacings AS o
    INNER JOIN surfacings AS n ON o.road = n.road AND o.cid <> n.cid
    CROSS JOIN run_period AS r
    WHERE n.begin_date > o.done_date AND n.begin_date <= o.warranty_end AND n.begin_date <= r.last_day
),

hands AS (
    SELECT DISTINCT
        t.old_cid,
        t.new_cid
    FROM twice AS t
    INNER JOIN parts AS a ON t.old_cid = a.cid
    INNER JOIN parts AS b ON t.new_cid = b.cid AND a.fid = b.fid
),

both_ways AS (
    SELECT
        t.*,
        CASE WHEN h.old_cid IS NULL THEN '其他廠商' ELSE '同一廠商' END AS contractor
    FROM twice AS t
    LEFT JOIN hands AS h ON t.old_cid = h.old_cid AND t.new_cid = h.new_cid
)

SELECT
    old_cid AS cid,
    '本工程完工後，「' || new_title || '」又施作同路段' AS what,
    begin_date,
    done_date,
    warranty_end,
    distance_m,
    contractor
FROM both_ways
UNION ALL
SELECT
    new_cid AS cid,
    '本工程施作「' || old_title || '」保固期內之路段' AS what,
    begin_date,
    done_date,
    warranty_end,
    distance_m,
    contractor
FROM both_ways
UNION ALL
SELECT
    d.cid,
    '本工程完工後，挖掘許可' || d.permit_no || '又鋪設同路段' AS what,
    d.start_date AS begin_date,
    coalesce(p.actual_end, p.acceptance_date) AS done_date,
    p.warranty_end,
    d.distance_m,
    d.contractor
FROM digs AS d
INNER JOIN project AS p ON d.cid = p.cid
WHERE
    d.is_paving
    AND d.start_date > coalesce(p.actual_end, p.acceptance_date)
    AND d.start_date <= p.warranty_end
