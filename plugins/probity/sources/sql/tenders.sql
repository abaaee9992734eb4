-- What notices before the award say of each wanted case.
-- In:  wanted, obs_tender, file, agency_map. Out: tender_ref (rows of obs_tender that count, with rank), failed,
--      portal_correction.

CREATE TABLE tender_seen AS
SELECT
    f.fno,
    f.prec,
    o._source AS source,
    o._sheet AS sheet,
    o._row AS row_no,
    o.event,
    coalesce(o.event_date, o.opening_date) AS day,
    o.event_date,
    o.deadline_date,
    o.content,
    coalesce(o.agency_id, m.agency_id, 'N:' || o._agency_name_key) AS ak,
    o._case_key AS ck
FROM obs_tender AS o
INNER JOIN file AS f ON o._file_digest = f.digest
LEFT JOIN agency_map AS m ON o._agency_name_key = m.name_key;

-- Case numbers come back after years: an invitation more than three years before the award is another case's.
CREATE TABLE tender_of AS
SELECT
    t.*,
    w.case_id
FROM tender_seen AS t
INNER JOIN wanted AS w ON t.ak = w.ak AND t.ck = w.ck
WHERE t.day <= coalesce(w.ad, w.nd) AND t.day >= coalesce(w.ad, w.nd) - 1096;

CREATE TABLE tender_ref AS
SELECT
    fno,
    sheet,
    row_no,
    case_id,
    source,
    1000000000000 + row_number() OVER (ORDER BY prec ASC, day DESC, fno ASC, sheet ASC, row_no ASC, case_id ASC) AS rank
FROM tender_of
WHERE event IN ('tender', 'correction');

CREATE TABLE failed AS
SELECT
    case_id,
    count(DISTINCT event_date) AS failed_count,
    max(event_date) AS previous_failed_date
FROM tender_of
WHERE event = 'failed' AND event_date IS NOT NULL
GROUP BY case_id;

CREATE TABLE portal_correction AS
WITH step AS (
    SELECT DISTINCT
        case_id,
        event,
        event_date,
        deadline_date,
        content
    FROM tender_of
    WHERE event IN ('tender', 'correction') AND event_date IS NOT NULL
),

ordered AS (
    SELECT
        *,
        lag(deadline_date IGNORE NULLS) OVER (
            PARTITION BY case_id ORDER BY event_date ASC, event DESC, deadline_date ASC, content ASC
        ) AS deadline_before
    FROM step
)

SELECT
    case_id,
    row_number() OVER (PARTITION BY case_id ORDER BY event_date, deadline_date, content) AS correction_no,
    event_date AS correction_date,
    NULL::BOOLEAN AS is_material,
    deadline_before,
    deadline_date AS deadline_after,
    content
FROM ordered
WHERE event = 'correction';
