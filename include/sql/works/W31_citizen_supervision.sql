/*
id: W31
name_zh: 全民督工通報
name_en: Reports by citizen supervision
family: public
indicator: ["全民督工"]
legal_basis: 工程施工查核小組作業辦法第4條第3項第1款；全民督工通報案件
must_watch: 1
formula: >-
  選案期間末日前365日內，全民督工通報（重複案件不計）載明本標案案號，或位於施工範圍（無則工程坐標）200公尺以內者 ≥ 1件。
  僅同行政區同路名者列為參考，不計入。
parameters: [supervision_days, supervision_count, complaint_radius]
needs: [project_complaint.method, project_complaint.distance_m, complaint.received_date, complaint.channel,
  complaint.duplicate_of, project.road_keys, project.x]
strength: high
amount: 契約金額
example: 民眾以全民督工通報本標案路面不平整，尚未結案。
not_proof: 通報未經查證；部分通報係交通或環境事項，與品質無關。
reason: 期間末日前{days:num}日內全民督工通報{value:num}件（門檻{threshold:num}件），最近一件{last:date}；另有同路名而未能確認者{unsure:num}件，未計入
*/
WITH near AS (
    SELECT
        c.cid,
        v.received_date,
        coalesce(v.method = 'case_no' OR v.distance_m <= l.complaint_radius, FALSE) AS is_sure
    FROM scope AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    INNER JOIN voices AS v ON c.cid = v.cid
    WHERE v.channel = 'citizen_supervision' AND v.received_date > c.last_day - l.supervision_days::INTEGER
),

counted AS (
    SELECT
        cid,
        count(*) FILTER (WHERE is_sure) AS n,
        count(*) FILTER (WHERE NOT is_sure) AS unsure,
        max(received_date) FILTER (WHERE is_sure) AS last_date
    FROM near
    GROUP BY cid
)

SELECT
    c.cid,
    CASE
        WHEN coalesce(n.n >= l.supervision_count, FALSE) THEN NULL
        WHEN h.until IS NULL OR h.until <= c.last_day - l.supervision_days::INTEGER THEN 'no_complaints'
        WHEN c.road_keys IS NULL AND c.x IS NULL THEN 'place'
    END AS reason,
    coalesce(n.n, 0) >= l.supervision_count AS fired,
    coalesce(n.n, 0) AS value,
    l.supervision_count AS threshold,
    c.amount AS amount_at_stake,
    { 'days': num(l.supervision_days), 'last': n.last_date, 'unsure': n.unsure } AS evidence
FROM scope AS c
LEFT JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN heard AS h ON h.is_supervision
LEFT JOIN counted AS n ON c.cid = n.cid
