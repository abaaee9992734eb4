/*
id: W41
name_zh: 單一契約逾承攬造價限額
name_en: Contract over the ceiling of the contractor's class
family: capacity
indicator: ["承攬能量異常", "#36"]
legal_basis: 營造業法第23條、第24條；營造業承攬工程造價限額工程規模範圍申報淨值及一定期間承攬總額認定辦法第2條、第4條、第5條、第10條
must_watch: null
formula: >-
  契約金額×承攬比例 > 廠商等級之承攬造價限額（以招標公告日之限額；土木包工業、丙等、乙等為定額，甲等及專業營造業為資本額10倍）。
  等級取決標日有效之登記，無則取其後最早之登記。聯合承攬未載比例者，契約全額未逾限額為未觸發，否則無法評估。
parameters: [ceiling_civil, ceiling_c, ceiling_b, ceiling_capital_times]
needs: [project.contract_amount, project.award_date, project_firm.firm, project_firm.share, contractor.grade,
  contractor.capital, contractor.valid_from]
strength: high
amount: 逾限額之金額
example: 丙等綜合營造業承攬單一契約3,100萬元，限額2,700萬元。
not_proof: 決標後升等、資本額增資，或未依規定增資者適用107年8月22日修正前之限額（認定辦法第4條之1），均須查登記。
reason: 「{firm}」（{grade}，登記資料自{since:date}，以{match}比對）承攬{part:money}，逾限額{ceiling:money}，為其{value:num}倍
*/
WITH entries AS (
    SELECT
        c.cid,
        p.fid,
        arg_min(
            { 'capital': r.capital, 'grade': r.grade, 'match': r.matched, 'since': r.valid_from },
            (
                (c.award_date BETWEEN r.valid_from AND coalesce(r.valid_to, DATE '9999-12-31')) IS NOT TRUE,
                abs(r.valid_from - c.award_date), NOT r.by_number, r.capital, r.grade
            )
        ) FILTER (WHERE r.valid_to IS NULL OR r.valid_to >= c.award_date) AS entry
    FROM scope AS c
    INNER JOIN parts AS p ON c.cid = p.cid
    INNER JOIN registered AS r ON p.fid = r.fid
    GROUP BY c.cid, p.fid
),

ceilings AS (
    SELECT
        c.cid,
        p.fid,
        e.entry.grade AS class,
        e.entry.since AS since_date,
        e.entry.match AS matched,
        c.contract_amount * p.part AS part,
        CASE e.entry.grade
            WHEN 'civil' THEN l.ceiling_civil
            WHEN 'C' THEN l.ceiling_c
            WHEN 'B' THEN l.ceiling_b
            WHEN 'A' THEN l.ceiling_capital_times * e.entry.capital
            WHEN 'specialist' THEN l.ceiling_capital_times * e.entry.capital
        END AS ceiling,
        e.entry IS NOT NULL AS is_registered,
        CASE WHEN p.is_known THEN c.contract_amount * p.part ELSE c.contract_amount END AS at_most,
        p.is_known
    FROM scope AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    INNER JOIN parts AS p ON c.cid = p.cid
    LEFT JOIN entries AS e ON c.cid = e.cid AND p.fid = e.fid
),

worst AS (
    SELECT
        j.cid,
        bool_or(coalesce(j.is_known AND j.part > j.ceiling, FALSE)) AS is_over,
        bool_and(coalesce(j.at_most <= j.ceiling, FALSE)) AS is_within,
        bool_and(j.is_registered) AS all_registered,
        bool_and(j.class IS NOT NULL) AS all_graded,
        bool_and(j.ceiling IS NOT NULL) AS all_limited,
        arg_max(
            {
                'ceiling': j.ceiling, 'firm': f.label, 'grade': j.class, 'match': j.matched, 'part': j.part,
                'since': j.since_date
            },
            (coalesce(j.is_known AND j.part > j.ceiling, FALSE), coalesce(j.part / nullif(j.ceiling, 0), 0), -j.fid)
        ) AS hit
    FROM ceilings AS j
    INNER JOIN firms AS f ON j.fid = f.fid
    GROUP BY j.cid
)

SELECT
    c.cid,
    CASE
        WHEN c.contract_amount IS NULL OR c.award_date IS NULL OR j.cid IS NULL
            THEN lacking(
                    unless_known(c.contract_amount, 'contract_amount'), unless_known(c.award_date, 'award_date'),
                    unless_known(j.cid, 'firm')
                )
        WHEN w.is_over OR w.is_within THEN NULL
        WHEN NOT w.all_registered THEN 'register'
        WHEN NOT w.all_graded THEN 'contractor.grade'
        WHEN NOT w.all_limited THEN 'contractor.capital'
        ELSE 'project_firm.share'
    END AS reason,
    w.is_over AS fired,
    w.hit.part / nullif(w.hit.ceiling, 0) AS value,
    1 AS threshold,
    w.hit.part - w.hit.ceiling AS amount_at_stake,
    {
        'ceiling': num(round(w.hit.ceiling)), 'firm': w.hit.firm,
        'grade': CASE w.hit.grade WHEN 'civil' THEN '土木包工業' WHEN 'C' THEN '丙等綜合營造業' WHEN 'B' THEN '乙等綜合營造業'
            WHEN 'A' THEN '甲等綜合營造業' WHEN 'specialist' THEN '專業營造業'
        END,
        'match': w.hit.match, 'part': num(round(w.hit.part)), 'since': w.hit.since
    } AS evidence
FROM scope AS c
LEFT JOIN joint AS j ON c.cid = j.cid
LEFT JOIN worst AS w ON c.cid = w.cid
