-- The case of each row that names its case itself (no parent row in its file): rows of the city's other worksheets and
-- of the winners' csv. In: child (a view of the observations), file, agency_map, ref, cases. Out: child_ref.

CREATE TABLE child_ref AS
WITH named AS (
    SELECT
        f.fno,
        o._sheet AS sheet,
        o._row AS row_no,
        coalesce(o.agency_id, m.agency_id, 'N:' || o._agency_name_key) AS ak,
        o._case_key AS ck,
        o.award_notice_date AS nd,
        o.award_date AS ad,
        o.notice_id AS nid,
        o._source = 'city_list' AS is_city
    FROM child AS o
    INNER JOIN file AS f ON o._file_digest = f.digest
    LEFT JOIN agency_map AS m ON o._agency_name_key = m.name_key
    WHERE o._parent_row IS NULL
),

candidate AS (
    SELECT
        n.fno,
        n.sheet,
        n.row_no,
        c.case_id,
        c.nd AS case_nd,
        CASE
            WHEN c.nd = n.nd AND (n.nid IS NULL OR c.nid IS NULL OR c.nid = n.nid) THEN 0
            WHEN c.nd = n.nd THEN 1
            WHEN c.ad = n.ad THEN 2
            WHEN abs(c.nd - n.nd) <= 31 THEN 3
            WHEN n.nd IS NULL THEN 4
        END AS fit,
        (n.is_city AND NOT c.in_city)::INTEGER AS other_list
    FROM named AS n
    INNER JOIN cases AS c ON n.ak = c.ak AND n.ck = c.ck
),

chosen AS (
    SELECT
        fno,
        sheet,
        row_no,
        case_id
    FROM candidate
    WHERE fit IS NOT NULL
    QUALIFY row_number() OVER (
            PARTITION BY fno, sheet, row_no ORDER BY fit ASC, other_list ASC, case_nd DESC, case_id ASC
        ) = 1
),

parented AS (
    SELECT
        f.fno,
        o._sheet AS sheet,
        o._row AS row_no,
        o._parent_row AS parent_row
    FROM child AS o
    INNER JOIN file AS f ON o._file_digest = f.digest
    WHERE o._parent_row IS NOT NULL
    GROUP BY ALL
)

SELECT
    fno,
    sheet,
    row_no,
    NULL::BIGINT AS parent_row,
    case_id
FROM chosen
UNION ALL
SELECT
    p.fno,
    p.sheet,
    p.row_no,
    p.parent_row,
    r.case_id
FROM parented AS p
INNER JOIN ref AS r ON p.fno = r.fno AND p.sheet = r.sheet AND p.parent_row = r.row_no;
