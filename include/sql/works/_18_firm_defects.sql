-- table: firm_defects
-- One row a contractor and a defect of its works that is not closed, joined as in firm_verdicts.
WITH still AS (
    SELECT
        defect_id,
        cid,
        firm_name,
        overdue_days,
        deadline
    FROM all_defect
    WHERE state <> 'closed'
)

SELECT
    f.fid,
    d.defect_id,
    d.overdue_days,
    d.deadline
FROM still AS d
INNER JOIN project_firm AS f ON d.cid = f.cid
UNION
SELECT
    f.fid,
    d.defect_id,
    d.overdue_days,
    d.deadline
FROM (
    SELECT
        *,
        unnest(string_split(firm_name, '、')) AS written
    FROM still
    WHERE cid IS NULL
) AS d
INNER JOIN project_firm AS f ON trim(d.written) = f.firm_name
