-- What surrounds the contracts by the period's last day: permits, reports of citizens, the contractor register.
-- In:  obs_permit, obs_complaint, obs_contractor (Parquet views), file, works_span. Out: permit_seen, complaint_seen,
--      contractor_seen.

-- One permit in many daily lists: the latest list is believed; a list that lost a character (?) comes last. A row
-- without a permit number goes when the same place of the same application has one.
CREATE TABLE permit_seen AS
WITH listed AS (
    SELECT
        o.*,
        f.fno
    FROM obs_permit AS o
    INNER JOIN file AS f ON o._file_digest = f.digest
    CROSS JOIN works_span AS w
    WHERE
        coalesce(o.start_date <= w.last_day, TRUE)
        AND coalesce(o.end_date, o.start_date, w.last_day) >= w.first_day
    QUALIFY
        row_number() OVER (
            PARTITION BY o.permit_id
            ORDER BY
                contains(coalesce(o.firm_name, '') || coalesce(o.location, ''), '?') ASC,
                coalesce(o._file_date <= w.grace_day, TRUE) DESC,
                o._file_date DESC NULLS LAST,
                f.fno ASC,
                o._sheet ASC,
                o._row ASC
        ) = 1
)

SELECT *
FROM listed
QUALIFY
    permit_no IS NOT NULL
    OR count(permit_no) OVER (PARTITION BY application_no, coalesce(location, ''), coalesce(shape, '')) = 0;

CREATE TABLE complaint_seen AS
SELECT
    o.* EXCLUDE (closed_date),
    CASE WHEN o.closed_date <= w.last_day THEN o.closed_date END AS closed_date
FROM obs_complaint AS o
INNER JOIN file AS f ON o._file_digest = f.digest
CROSS JOIN works_span AS w
WHERE o.received_date BETWEEN w.first_day AND w.last_day
QUALIFY
    row_number() OVER (
        PARTITION BY o.complaint_id
        ORDER BY
            coalesce(o._file_date <= w.grace_day, TRUE) DESC,
            o._file_date DESC NULLS LAST,
            f.fno ASC,
            o._sheet ASC,
            o._row ASC
    ) = 1;

-- A later entry of the same firm ends the one before it.
CREATE TABLE contractor_seen AS
WITH listed AS (
    SELECT o.*
    FROM obs_contractor AS o
    INNER JOIN file AS f ON o._file_digest = f.digest
    CROSS JOIN works_span AS w
    WHERE o.valid_from <= w.last_day
    QUALIFY
        row_number() OVER (
            PARTITION BY o.firm, o.valid_from
            ORDER BY
                coalesce(o._file_date <= w.grace_day, TRUE) DESC,
                o._file_date DESC NULLS LAST,
                f.fno ASC,
                o._sheet ASC,
                o._row ASC
        ) = 1
)

SELECT
    * EXCLUDE (valid_to),
    coalesce(valid_to, (lead(valid_from) OVER (PARTITION BY firm ORDER BY valid_from) - 1)::DATE) AS valid_to
FROM listed;
