-- table: firms
-- One row a contractor of any project. ``label`` is what evidence may show: the name of a firm; of a natural person (a
-- short name without a registered number) only the surname.
WITH named AS (
    SELECT
        fid,
        min(firm_name) AS firm_name,
        max(firm_id) AS firm_id,
        min(firm_key) AS firm_key
    FROM project_firm
    GROUP BY fid
)

SELECT
    k.fid,
    k.firm,
    n.firm_id,
    n.firm_key,
    CASE
        WHEN n.firm_id IS NULL AND length(n.firm_name) <= 4 THEN left(n.firm_name, 1) || '○○' ELSE n.firm_name
    END AS label
FROM firm_keys AS k
INNER JOIN named AS n ON k.fid = n.fid
