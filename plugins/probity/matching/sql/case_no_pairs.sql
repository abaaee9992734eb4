-- Reports that name their contract by its number, and by its agency where several agencies use that number.
-- In:  project_no (project, no, agency), complaint_no (complaint, no, agency).
-- Out: project, complaint.

WITH hits AS (
    SELECT
        c.project,
        r.complaint,
        coalesce(c.agency = r.agency, FALSE) AS same_agency,
        count(DISTINCT c.agency) OVER (PARTITION BY r.complaint) AS agencies
    FROM complaint_no AS r
    INNER JOIN project_no AS c ON r.no = c.no
)

SELECT
    project,
    complaint
FROM hits
WHERE same_agency OR agencies = 1
