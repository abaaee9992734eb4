-- Which contract each row of the works exports speaks of, of which day it is, and which row is believed first.
-- In:  obs_project, obs_project_progress, obs_project_change, obs_project_firm (Parquet views), file (fno, digest),
--      agency_map (sql/agencies.sql), works_span (first_day, last_day, grace_day).
-- Out: works_agency (name_key, agency_id), works_file (fno, as_of, timely, file_rank),
--      project_row (fno, sheet, row_no, ak, ck, as_of, timely, rank).

CREATE TABLE works_agency AS
WITH named AS (
    SELECT DISTINCT
        _agency_name_key AS name_key,
        agency_id
    FROM obs_project
    WHERE agency_id IS NOT NULL AND _agency_name_key NOT IN (SELECT m.name_key FROM agency_map AS m)
)

SELECT
    name_key,
    agency_id
FROM agency_map
UNION ALL
SELECT
    name_key,
    min(agency_id) AS agency_id
FROM named
GROUP BY name_key
HAVING min(agency_id) = max(agency_id);

-- A file is of the day that it states, else of the last month that it holds. A file of up to grace_day is of the
-- period; of those the latest is believed first, then the earliest of the later ones.
CREATE TABLE works_file AS
WITH said AS (
    SELECT
        _file_digest,
        _file_date AS file_date,
        _month AS month_end
    FROM obs_project
    UNION ALL
    SELECT
        _file_digest,
        _file_date,
        month_end
    FROM obs_project_progress
    UNION ALL
    SELECT
        _file_digest,
        _file_date,
        NULL AS month_end
    FROM obs_project_change
    UNION ALL
    SELECT
        _file_digest,
        _file_date,
        NULL AS month_end
    FROM obs_project_firm
),

dated AS (
    SELECT
        f.fno,
        coalesce(max(s.file_date), max(s.month_end)) AS as_of
    FROM said AS s
    INNER JOIN file AS f ON s._file_digest = f.digest
    GROUP BY f.fno
),

judged AS (
    SELECT
        d.fno,
        d.as_of,
        coalesce(d.as_of <= w.grace_day, TRUE) AS timely
    FROM dated AS d
    CROSS JOIN works_span AS w
)

SELECT
    *,
    row_number() OVER (
        ORDER BY timely DESC, CASE WHEN timely THEN as_of END DESC NULLS LAST, as_of ASC, fno ASC
    ) AS file_rank
FROM judged;

-- In a flat table of many months an earlier month's row is of its own month; the last one is of the file's day.
CREATE TABLE project_row AS
WITH named AS (
    SELECT
        f.fno,
        w.as_of AS file_as_of,
        w.file_rank,
        o._sheet AS sheet,
        o._row AS row_no,
        coalesce(o.agency_id, m.agency_id, 'N:' || o._agency_name_key) AS ak,
        o._case_key AS ck,
        o._month AS month_end
    FROM obs_project AS o
    INNER JOIN file AS f ON o._file_digest = f.digest
    INNER JOIN works_file AS w ON f.fno = w.fno
    LEFT JOIN works_agency AS m ON o._agency_name_key = m.name_key
),

dated AS (
    SELECT
        *,
        CASE
            WHEN month_end < max(month_end) OVER (PARTITION BY fno, ak, ck) THEN month_end
            ELSE file_as_of
        END AS as_of
    FROM named
),

judged AS (
    SELECT
        d.*,
        coalesce(d.as_of <= w.grace_day, TRUE) AS timely
    FROM dated AS d
    CROSS JOIN works_span AS w
)

SELECT
    fno,
    sheet,
    row_no,
    ak,
    ck,
    as_of,
    timely,
    row_number() OVER (
        ORDER BY
            timely DESC,
            CASE WHEN timely THEN as_of END DESC NULLS LAST,
            as_of ASC,
            file_rank ASC,
            sheet ASC,
            row_no ASC
    ) AS rank
FROM judged;
