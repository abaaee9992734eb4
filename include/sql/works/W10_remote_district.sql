/*
id: W10
name_zh: 偏遠地區工程
name_en: Works in a remote district
family: place
indicator: ["偏遠地區"]
legal_basis: 臺中市政府政風處年度施政計畫八（按月篩選偏遠地區道路工程）
must_watch: null
formula: 工程所在行政區任一列於案件招標公告日有效之偏遠地區名單（works.yaml，由本府決定並註明起訖日）。
parameters: []
needs: [project.districts]
strength: rare
amount: 契約金額
example: 施工地點在和平區。
not_proof: 偏遠地區僅表示平日查驗較不易到達，與品質無關。
reason: 施工地點在{districts}，屬偏遠地區（名單自{since:date}起適用）
*/
WITH places AS (
    SELECT
        cid,
        rule_date,
        unnest(string_split(districts, ',')) AS district
    FROM scope
),

remote AS (
    SELECT
        p.cid,
        string_agg(DISTINCT p.district, '、' ORDER BY p.district) AS names,
        min(d.remote_from) AS since
    FROM places AS p
    INNER JOIN districts AS d ON p.district = d.district
    WHERE p.rule_date >= d.remote_from AND (d.remote_to IS NULL OR p.rule_date <= d.remote_to)
    GROUP BY p.cid
)

SELECT
    c.cid,
    CASE WHEN c.rule_date IS NULL THEN 'rule_date' ELSE unless_known(c.districts, 'districts') END AS reason,
    r.cid IS NOT NULL AS fired,
    (r.cid IS NOT NULL)::INTEGER AS value,
    1 AS threshold,
    c.amount AS amount_at_stake,
    { 'districts': r.names, 'since': r.since } AS evidence
FROM scope AS c
LEFT JOIN remote AS r ON c.cid = r.cid
