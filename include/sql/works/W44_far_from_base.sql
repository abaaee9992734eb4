/*
id: W44
name_zh: 廠商登記地距工地遙遠
name_en: Works far from the contractor's base
family: capacity
indicator: ["承攬能量異常"]
legal_basis: 營造業法第11條（土木包工業越區營業以毗鄰之直轄市、縣（市）為限，第2項並有比照）；臺中市政府政風處年度施政計畫八（承攬能量異常）
must_watch: null
formula: 選案期間末日有效之登記，任一承攬廠商之登記縣市既非本市，亦非毗鄰或依法比照毗鄰之縣市（works.yaml）。
parameters: []
needs: [project_firm.firm, contractor.base_city, contractor.grade, contractor.valid_from, contractor.valid_to]
strength: rare
amount: 契約金額
example: 登記於臺東縣之土木包工業承攬本市道路工程。
not_proof: 廠商可於工地設工務所，且登記地未必為實際營業處所；宜蘭、花蓮雖隔中央山脈而遠，法律上毗鄰，不列計。
reason: 「{firm}」（{grade}，以{match}比對）登記於{city}，非本市或毗鄰縣市{note}
*/
WITH bases AS (
    SELECT
        p.cid,
        p.fid,
        s.fid IS NOT NULL AS is_registered,
        s.entry.base_city AS city,
        s.entry.grade AS class,
        s.entry.match AS matched,
        t.is_near
    FROM parts AS p
    LEFT JOIN standing AS s ON p.fid = s.fid
    LEFT JOIN cities AS t ON s.entry.base_city = t.city
),

far AS (
    SELECT
        b.cid,
        bool_or(coalesce(NOT b.is_near, FALSE)) AS is_far,
        bool_and(b.is_registered) AS all_registered,
        bool_and(b.city IS NOT NULL) AS all_based,
        bool_and(b.is_near IS NOT NULL) AS all_known,
        arg_max(
            { 'city': b.city, 'firm': f.label, 'grade': b.class, 'match': b.matched },
            (coalesce(NOT b.is_near, FALSE), coalesce(b.class = 'civil', FALSE), -b.fid)
        ) AS hit
    FROM bases AS b
    INNER JOIN firms AS f ON b.fid = f.fid
    GROUP BY b.cid
)

SELECT
    c.cid,
    CASE
        WHEN w.cid IS NULL THEN 'firm'
        WHEN w.is_far THEN NULL
        WHEN NOT w.all_registered THEN 'register'
        WHEN NOT w.all_based THEN 'contractor.base_city'
        WHEN NOT w.all_known THEN 'no_cities'
    END AS reason,
    w.is_far AS fired,
    w.is_far::INTEGER AS value,
    1 AS threshold,
    c.amount AS amount_at_stake,
    {
        'city': w.hit.city, 'firm': w.hit.firm,
        'grade': CASE w.hit.grade WHEN 'civil' THEN '土木包工業' WHEN 'C' THEN '丙等' WHEN 'B' THEN '乙等' WHEN 'A' THEN '甲等'
            WHEN 'specialist' THEN '專業營造業' ELSE '等級未載'
        END,
        'match': w.hit.match, 'note': CASE WHEN w.hit.grade = 'civil' THEN '；土木包工業越區營業以毗鄰縣市為限，須查' ELSE '' END
    } AS evidence
FROM scope AS c
LEFT JOIN far AS w ON c.cid = w.cid
