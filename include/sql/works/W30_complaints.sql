/*
id: W30
name_zh: 民眾反映集中於工程周邊
name_en: Complaints of the public near the works
family: public
indicator: ["民眾反映"]
legal_basis: 臺中市政府政風處年度施政計畫八（民眾反映）
must_watch: null
formula: >-
  選案期間末日前90日內，民眾反映（1999、市政信箱等；重複案件不計，道路工程只計路面相關）與本工程相符者 ≥ 3件：載明標案案號，
  或距施工範圍（無則工程坐標）200公尺以內，或同行政區同路名而位置不明（已知相距逾1,000公尺者不計）。
parameters: [complaint_days, complaint_count, complaint_radius, complaint_road_radius]
needs: [project_complaint.method, project_complaint.distance_m, complaint.received_date, complaint.channel,
  complaint.about_road, complaint.duplicate_of, project.road_keys, project.x]
strength: high
amount: 契約金額
example: 三個月內有5件路面坑洞反映，其中4件距施工範圍200公尺以內。
not_proof: 民眾反映未經查證；同路名者未必在施工範圍；施工期間之不便亦會增加反映。
reason: >-
  期間末日前{days:num}日內民眾反映{value:num}件（門檻{threshold:num}件）：載明案號{by_case:num}件、{radius:num}公尺內{by_distance:num}件、
  同行政區同路名而位置未核對或較遠{by_road:num}件
*/
WITH counted AS (
    SELECT
        c.cid,
        count(*) AS n,
        count(*) FILTER (WHERE v.method = 'case_no') AS by_case,
        count(*) FILTER (WHERE v.method <> 'case_no' AND v.distance_m <= l.complaint_radius) AS by_distance
    FROM scope AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    INNER JOIN voices AS v ON c.cid = v.cid
    WHERE
        v.channel <> 'citizen_supervision'
        AND v.received_date > c.last_day - l.complaint_days::INTEGER
        AND (
            v.method = 'case_no'
            OR v.distance_m <= l.complaint_radius
            OR (v.method = 'road' AND coalesce(v.distance_m, 0) <= l.complaint_road_radius)
        )
    GROUP BY c.cid
)

SELECT
    c.cid,
    CASE
        WHEN coalesce(n.n >= l.complaint_count, FALSE) THEN NULL
        WHEN h.until IS NULL OR h.until <= c.last_day - l.complaint_days::INTEGER THEN 'no_complaints'
        WHEN c.road_keys IS NULL AND c.x IS NULL THEN 'place'
    END AS reason,
    coalesce(n.n, 0) >= l.complaint_count AS fired,
    coalesce(n.n, 0) AS value,
    l.complaint_count AS threshold,
    c.amount AS amount_at_stake,
    {
        'by_case': n.by_case, 'by_distance': n.by_distance, 'by_road': n.n - n.by_case - n.by_distance,
        'days': num(l.complaint_days), 'radius': num(l.complaint_radius)
    } AS evidence
FROM scope AS c
LEFT JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN heard AS h ON NOT h.is_supervision
LEFT JOIN counted AS n ON c.cid = n.cid
