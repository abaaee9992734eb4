-- The contract of each row of another worksheet of the works exports.
-- In:  works_child (a view of the observations), file, works_agency, project_row. Out: works_child_ref.
-- A row that names no agency belongs to the only contract of that number in its file, else anywhere.

CREATE TABLE works_child_ref AS
WITH in_file AS (
    SELECT
        fno,
        ck,
        min(ak) AS ak
    FROM project_row
    GROUP BY fno, ck
    HAVING min(ak) = max(ak)
),

anywhere AS (
    SELECT
        ck,
        min(ak) AS ak
    FROM project_row
    GROUP BY ck
    HAVING min(ak) = max(ak)
)

SELECT DISTINCT
    f.fno,
    o._sheet AS sheet,
    o._row AS row_no,
    coalesce(o.agency_id, m.agency_id, 'N:' || o._agency_name_key, i.ak, a.ak) AS ak,
    o._case_key AS ck
FROM works_child AS o
INNER JOIN file AS f ON o._file_digest = f.digest
LEFT JOIN works_agency AS m ON o._agency_name_key = m.name_key
LEFT JOIN in_file AS i ON f.fno = i.fno AND o._case_key = i.ck
LEFT JOIN anywhere AS a ON o._case_key = a.ck;
