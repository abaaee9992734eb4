-- Which case each observation speaks of.
-- In:  obs_award_case, obs_tender (Parquet views), file (fno, digest, prec, last_date),
--      agency_map (sql/agencies.sql),
--      span (first_day, last_day of the history and the period).
-- Out: ref (an observation of a case -> case_id, rank), cases (one row a case),
--      wanted (the cases of the span).

-- rank: lower wins. Source precedence first; within a source the file that reaches furthest, then digest, sheet, row.
CREATE TABLE seen AS
SELECT
    f.fno,
    f.prec,
    o._source AS source,
    o._sheet AS sheet,
    o._row AS row_no,
    coalesce(o.agency_id, m.agency_id, 'N:' || o._agency_name_key) AS ak,
    o._case_key AS ck,
    o.award_notice_date AS nd,
    o.award_date AS ad,
    o.notice_id AS nid,
    o.award_amount AS amount,
    o._source = 'city_list' AS is_city,
    coalesce(o._is_correction, FALSE) AS is_correction,
    row_number() OVER (
        ORDER BY
            f.prec ASC,
            coalesce(o._is_correction, FALSE) DESC,
            f.last_date DESC NULLS LAST,
            f.fno ASC,
            o._sheet ASC,
            o._row ASC
    ) AS rank
FROM obs_award_case AS o
INNER JOIN file AS f ON o._file_digest = f.digest
LEFT JOIN agency_map AS m ON o._agency_name_key = m.name_key;

-- Two notices of one agency, case number and day are two cases when their notice ids differ.
CREATE TABLE split AS
SELECT
    ak,
    ck,
    nd,
    min(nid) AS first_nid
FROM seen
WHERE NOT is_city AND NOT is_correction
GROUP BY ak, ck, nd
HAVING min(nid) <> max(nid);

CREATE TABLE split_amount AS
SELECT
    s.ak,
    s.ck,
    s.nd,
    s.amount,
    min(s.nid) AS nid
FROM seen AS s
INNER JOIN split AS x ON s.ak = x.ak AND s.ck = x.ck AND s.nd = x.nd
WHERE NOT s.is_city AND NOT s.is_correction AND s.nid IS NOT NULL AND s.amount IS NOT NULL
GROUP BY s.ak, s.ck, s.nd, s.amount
HAVING min(s.nid) = max(s.nid);

CREATE TABLE dated AS
SELECT
    s.fno,
    s.sheet,
    s.row_no,
    s.rank,
    s.source,
    s.ak,
    s.ck,
    s.nd,
    s.ad,
    CASE WHEN x.first_nid IS NOT NULL THEN coalesce(s.nid, a.nid, x.first_nid) END AS split_nid
FROM seen AS s
LEFT JOIN split AS x ON s.ak = x.ak AND s.ck = x.ck AND s.nd = x.nd
LEFT JOIN split_amount AS a ON s.ak = a.ak AND s.ck = a.ck AND s.nd = a.nd AND s.amount = a.amount
WHERE NOT s.is_city AND NOT s.is_correction;

CREATE TABLE portal_case AS
SELECT
    ak || '|' || ck || '|' || strftime(nd, '%Y%m%d') || coalesce('|' || split_nid, '') AS case_id,
    ak,
    ck,
    nd,
    split_nid AS nid,
    arg_min(ad, rank) AS ad
FROM dated
GROUP BY ak, ck, nd, split_nid;

-- A corrected award notice belongs to the latest earlier notice of the same agency and number.
-- A row of the city's list belongs to the notice of the same day, else of the same award day, else within 31 days,
-- else (undated) to the only notice there is, or the first on or after its award.
CREATE TABLE loose AS
WITH candidate AS (
    SELECT
        s.fno,
        s.sheet,
        s.row_no,
        c.case_id,
        CASE
            WHEN s.is_correction AND c.nd <= s.nd THEN 0
            WHEN s.is_correction THEN NULL
            WHEN c.nd = s.nd THEN 0
            WHEN c.ad = s.ad THEN 1
            WHEN abs(c.nd - s.nd) <= 31 THEN 2
            WHEN s.nd IS NULL AND c.nd >= s.ad AND c.nd - s.ad <= 366 THEN 3
            WHEN s.nd IS NULL AND count(*) OVER (PARTITION BY s.fno, s.sheet, s.row_no) = 1 THEN 4
        END AS fit,
        CASE WHEN s.is_correction THEN s.nd - c.nd ELSE abs(c.nd - coalesce(s.nd, s.ad)) END AS gap,
        (c.nid IS NOT NULL AND c.nid IS DISTINCT FROM s.nid)::INTEGER AS other_notice
    FROM seen AS s
    INNER JOIN portal_case AS c ON s.ak = c.ak AND s.ck = c.ck
    WHERE s.is_city OR s.is_correction
)

SELECT
    fno,
    sheet,
    row_no,
    case_id
FROM candidate
WHERE fit IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY fno, sheet, row_no ORDER BY fit, gap, other_notice, case_id) = 1;

CREATE TABLE ref AS
WITH d AS (
    SELECT
        fno,
        sheet,
        row_no,
        ak || '|' || ck || '|' || strftime(nd, '%Y%m%d') || coalesce('|' || split_nid, '') AS case_id
    FROM dated
)

SELECT
    s.fno,
    s.sheet,
    s.row_no,
    s.rank,
    s.source,
    s.ak,
    s.ck,
    coalesce(
        d.case_id,
        l.case_id,
        s.ak || '|' || s.ck || '|' || strftime(coalesce(s.nd, s.ad), '%Y%m%d')
    ) AS case_id,
    coalesce(s.nd, s.ad) AS own_date,
    s.ad,
    s.is_city,
    s.is_correction
FROM seen AS s
LEFT JOIN d ON s.fno = d.fno AND s.sheet = d.sheet AND s.row_no = d.row_no
LEFT JOIN loose AS l ON s.fno = l.fno AND s.sheet = l.sheet AND s.row_no = l.row_no;

CREATE TABLE cases AS
SELECT
    r.case_id,
    any_value(r.ak) AS ak,
    any_value(r.ck) AS ck,
    coalesce(any_value(p.nd), min(r.own_date)) AS nd,
    any_value(p.nid) AS nid,
    arg_min(r.ad, r.rank) AS ad,
    bool_or(r.is_city) AS in_city,
    bool_or(NOT r.is_city) AS in_eproc
FROM ref AS r
LEFT JOIN portal_case AS p ON r.case_id = p.case_id
GROUP BY r.case_id;

CREATE TABLE wanted AS
SELECT c.*
FROM cases AS c
INNER JOIN span AS s ON c.nd >= s.first_day AND c.nd <= s.last_day;
