-- One row a contract and permit: the strongest way in which they meet, and the distance where both places are known.
-- In:  own (project, permit), near (project, permit, distance), road (project, permit, distance), same_firm,
--      project_row, permit_row, wanted (road_max).
-- Out: PROJECT_PERMIT. A road that is shared, but known to be farther than ``road_max`` metres off, is left out.

WITH ways AS (
    SELECT
        project,
        permit,
        1 AS way,
        distance
    FROM own
    UNION ALL
    SELECT
        project,
        permit,
        2 AS way,
        distance
    FROM near
    UNION ALL
    SELECT
        r.project,
        r.permit,
        3 AS way,
        r.distance
    FROM road AS r
    CROSS JOIN wanted AS w
    WHERE r.distance IS NULL OR r.distance <= w.road_max
),

best AS (
    SELECT
        project,
        permit,
        min(way) AS way,
        min(distance) AS distance
    FROM ways
    GROUP BY project, permit
)

SELECT
    c.case_id,
    p.permit_id,
    CASE b.way WHEN 1 THEN 'title' WHEN 2 THEN 'shape' ELSE 'road' END AS method,
    s.project IS NOT NULL AS same_firm,
    round(b.distance, 2) AS distance_m
FROM best AS b
INNER JOIN project_row AS c ON b.project = c.project
INNER JOIN permit_row AS p ON b.permit = p.permit
LEFT JOIN same_firm AS s ON b.project = s.project AND b.permit = s.permit
ORDER BY c.case_id, p.permit_id
