-- table: surfacings
-- One row a road project that lays a surface and a stretch of road it names: when it began and was done (by the
-- period's last day), until when its warranty runs, where it lies.
SELECT
    p.cid,
    p.in_scope,
    p.title,
    p.x,
    p.y,
    coalesce(p.start_date, p.award_date) AS begin_date,
    coalesce(p.actual_end, p.acceptance_date) AS done_date,
    p.warranty_end,
    unnest(string_split(p.road_keys, ',')) AS road
FROM project AS p
WHERE p.facility = 'road' AND p.road_keys IS NOT NULL AND paves(p.title)
