-- One row a contract and report: by its number, else by distance, else by road.
-- In:  named (project, complaint), near (project, complaint, distance), road (project, complaint, distance),
--      project_row, complaint_row, wanted (road_max).
-- Out: PROJECT_COMPLAINT. A road that is shared, but known to be farther than ``road_max`` metres off, is left out.

WITH ways AS (
    SELECT
        project,
        complaint,
        1 AS way,
        distance
    FROM named
    UNION ALL
    SELECT
        project,
        complaint,
        2 AS way,
        distance
    FROM near
    UNION ALL
    SELECT
        r.project,
        r.complaint,
        3 AS way,
        r.distance
    FROM road AS r
    CROSS JOIN wanted AS w
    WHERE r.distance IS NULL OR r.distance <= w.road_max
),

best AS (
    SELECT
        project,
        complaint,
        min(way) AS way,
        min(distance) AS distance
    FROM ways
    GROUP BY project, complaint
)

SELECT
    c.case_id,
    r.complaint_id,
    CASE b.way WHEN 1 THEN 'case_no' WHEN 2 THEN 'distance' ELSE 'road' END AS method,
    round(b.distance, 2) AS distance_m
FROM best AS b
INNER JOIN project_row AS c ON b.project = c.project
INNER JOIN complaint_row AS r ON b.complaint = r.complaint
ORDER BY c.case_id, r.complaint_id
