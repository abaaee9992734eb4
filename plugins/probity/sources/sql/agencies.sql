-- Which code stands for an agency's name: the agency list's, else the only one that the notices give it.
-- In:  obs_award_case, obs_tender (Parquet views), agency_listed (name_key, agency_id).
-- Out: agency_map (name_key, agency_id).

CREATE TABLE agency_learned AS
WITH named AS (
    SELECT
        _agency_name_key AS name_key,
        agency_id
    FROM obs_award_case
    WHERE agency_id IS NOT NULL
    UNION
    SELECT
        _agency_name_key,
        agency_id
    FROM obs_tender
    WHERE agency_id IS NOT NULL
)

SELECT
    n.name_key,
    min(n.agency_id) AS agency_id
FROM named AS n
WHERE n.name_key NOT IN (SELECT a.name_key FROM agency_listed AS a)
GROUP BY n.name_key
HAVING min(n.agency_id) = max(n.agency_id);

CREATE TABLE agency_map AS
SELECT
    name_key,
    agency_id
FROM agency_listed
UNION ALL
SELECT
    name_key,
    agency_id
FROM agency_learned;
