-- Which award notice each contract comes from, and the awards of works that no export holds.
-- In:  exported (a row a contract of the exports), works_award (award_case of works with its number's key ck),
--      works_agency. Out: award_of (award_case with ak, ck), contract (ak, ck, award_case_id, is_exported).

CREATE TABLE award_of AS
SELECT
    coalesce(a.agency_id, m.agency_id, a.agency_key) AS ak,
    a.*
FROM works_award AS a
LEFT JOIN works_agency AS m ON a.agency_key = 'N:' || m.name_key;

-- The notice nearest to the contract's award day, else the latest. Case numbers come back after years.
CREATE TABLE award_direct AS
SELECT
    e.ak,
    e.ck,
    a.case_id AS award_case_id
FROM exported AS e
INNER JOIN award_of AS a ON e.ak = a.ak AND e.ck = a.ck
WHERE e.award_date IS NULL OR a.award_date IS NULL OR abs(a.award_date - e.award_date) <= 366
QUALIFY
    row_number() OVER (
        PARTITION BY e.ak, e.ck
        ORDER BY abs(a.award_date - e.award_date) ASC NULLS LAST, a.award_notice_date DESC, a.case_id ASC
    ) = 1;

-- Number and title meet, agencies differ (the notice names the bureau, the export its office): only when it is plain.
CREATE TABLE award_titled AS
WITH pair AS (
    SELECT
        e.ak,
        e.ck,
        a.case_id AS award_case_id,
        count(*) OVER (PARTITION BY e.ak, e.ck) AS n_awards,
        count(*) OVER (PARTITION BY a.case_id) AS n_contracts
    FROM exported AS e
    INNER JOIN award_of AS a ON e.ck = a.ck AND e.title_key = a.title_key
    WHERE
        length(e.ck) >= 4 AND length(e.title_key) >= 4
        AND (e.award_date IS NULL OR a.award_date IS NULL OR abs(a.award_date - e.award_date) <= 366)
        AND NOT EXISTS (
            SELECT 1 FROM award_direct AS d
            WHERE d.ak = e.ak AND d.ck = e.ck
        )
        AND a.case_id NOT IN (SELECT d.award_case_id FROM award_direct AS d)
)

SELECT
    ak,
    ck,
    award_case_id
FROM pair
WHERE n_awards = 1 AND n_contracts = 1;

CREATE TABLE contract AS
WITH linked AS (
    SELECT * FROM award_direct
    UNION ALL
    SELECT * FROM award_titled
)

SELECT
    e.ak,
    e.ck,
    l.award_case_id,
    TRUE AS is_exported
FROM exported AS e
LEFT JOIN linked AS l ON e.ak = l.ak AND e.ck = l.ck
UNION ALL
SELECT
    a.ak,
    a.ck,
    arg_max(a.case_id, (a.award_notice_date, a.case_id)) AS award_case_id,
    FALSE AS is_exported
FROM award_of AS a
WHERE
    NOT EXISTS (
        SELECT 1 FROM exported AS e
        WHERE e.ak = a.ak AND e.ck = a.ck
    )
    AND a.case_id NOT IN (SELECT l.award_case_id FROM linked AS l)
GROUP BY a.ak, a.ck;
