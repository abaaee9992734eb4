-- table: agencies
-- One row an agency: its running number, comparison key and a name (the first in order, so that it never depends on rows).
SELECT
    k.aid,
    k.agency_key,
    min(a.agency_name) AS agency_name
FROM agency_keys AS k
INNER JOIN award_case AS a ON k.aid = a.aid
GROUP BY k.aid, k.agency_key
