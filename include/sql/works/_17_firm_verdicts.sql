-- table: firm_verdicts
-- One row a contractor and an inspection of its works: by the project, or, when the snapshot does not hold that
-- project, by the contractor's name as the inspection's record gives it.
SELECT
    f.fid,
    v.inspection_id,
    v.cid,
    v.inspected_date,
    v.score,
    v.n_failed
FROM verdicts AS v
INNER JOIN project_firm AS f ON v.cid = f.cid
UNION
SELECT
    f.fid,
    v.inspection_id,
    v.cid,
    v.inspected_date,
    v.score,
    v.n_failed
FROM (
    SELECT
        *,
        unnest(string_split(firm_name, '、')) AS written
    FROM verdicts
    WHERE cid IS NULL
) AS v
INNER JOIN project_firm AS f ON trim(v.written) = f.firm_name
