-- For each report the earliest one before it that speaks of the same matter at the same place within the days.
-- In:  report (report: number in order of receipt and id, received_date, matter, case_no, x, y, place),
--      wanted (radius, days).
-- Out: report, first. Places are compared by distance where both have coordinates, else by their text.
-- The grid finds the neighbours: a cell is as wide as the radius, so they lie in the cell or one beside it.

WITH cells AS (
    SELECT
        r.*,
        floor(r.x / w.radius)::BIGINT AS cx,
        floor(r.y / w.radius)::BIGINT AS cy
    FROM report AS r
    CROSS JOIN wanted AS w
    WHERE r.x IS NOT NULL AND r.y IS NOT NULL
),

beside AS (
    SELECT
        c.* EXCLUDE (cx, cy),
        c.cx + a.step AS cx,
        c.cy + b.step AS cy
    FROM cells AS c
    CROSS JOIN (VALUES (-1), (0), (1)) AS a (step)
    CROSS JOIN (VALUES (-1), (0), (1)) AS b (step)
),

pairs AS (
    SELECT
        later.report,
        earlier.report AS first
    FROM cells AS later
    INNER JOIN beside AS earlier
        ON later.matter = earlier.matter AND later.cx = earlier.cx AND later.cy = earlier.cy
    CROSS JOIN wanted AS w
    WHERE
        earlier.report < later.report
        AND later.received_date - earlier.received_date <= w.days
        AND later.case_no IS NOT DISTINCT FROM earlier.case_no
        AND (later.x - earlier.x) ** 2 + (later.y - earlier.y) ** 2 <= w.radius ** 2
    UNION ALL
    SELECT
        later.report,
        earlier.report AS first
    FROM report AS later
    INNER JOIN report AS earlier ON later.matter = earlier.matter AND later.place = earlier.place
    CROSS JOIN wanted AS w
    WHERE
        earlier.report < later.report
        AND later.received_date - earlier.received_date <= w.days
        AND later.case_no IS NOT DISTINCT FROM earlier.case_no
        AND (later.x IS NULL OR earlier.x IS NULL)
)

SELECT
    report,
    min(first) AS first
FROM pairs
GROUP BY report
ORDER BY report
