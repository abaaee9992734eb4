/*
id: W61
name_zh: 鋪設後二十四個月內開挖
name_en: Dug up within twenty-four months after paving
family: repeat
indicator: ["#37"]
legal_basis: 市區道路條例第27條（挖掘應經許可並復原；第4項：修復後得於一定期間內限制挖掘）；臺中市政府政風處年度施政計畫八（確保道路平整）
must_watch: null
formula: >-
  道路鋪面工程完工後24個月內（至選案期間末日止），同路段或施工範圍300公尺內他人之挖掘許可（非鋪面類）≥ 1件。
  本工程自己之許可不計；許可證廠商與本工程廠商之比對不確定者僅註明，不視為同一廠商。
parameters: [dig_months, dig_count, dig_radius]
needs: [project.facility, project.title, project.stage, project.actual_end, project.road_keys, project.x,
  project_permit.method, project_permit.same_firm, project_permit.distance_m, permit.start_date, permit.is_paving,
  permit.firm_name, permit_firm.confidence, permit_firm.sure]
strength: high
amount: 契約金額
example: 109年8月完工之路段，110年2月因自來水管線開挖。
not_proof: 民生管線搶修得隨時辦理；僅路名相符者須核對位置；開挖與鋪面品質無必然關係，但影響檢測位置之選取。
reason: >-
  完工日{done:date}後{months:num}個月內挖掘許可{value:num}件（門檻{threshold:num}件；其中位置未核對{unplaced:num}件、同一廠商{same:num}件、
  廠商比對不確定{unsure:num}件）；首件{permit}，{begin:date}起，{place}，{contractor}
*/
WITH counted AS (
    SELECT
        c.cid,
        count(*) AS n,
        count(*) FILTER (WHERE d.distance_m IS NULL) AS unplaced,
        count(*) FILTER (WHERE d.match = 'same') AS same,
        count(*) FILTER (WHERE d.match = 'unsure') AS unsure,
        arg_min(
            {
                'begin': d.start_date, 'contractor': d.contractor, 'permit': d.permit_no,
                'place': place_words(d.distance_m)
            }, (d.start_date, d.permit_id)
        ) AS hit
    FROM scope AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    INNER JOIN digs AS d ON c.cid = d.cid
    WHERE
        d.is_paving IS NOT TRUE
        AND d.start_date > c.done_date AND d.start_date <= c.done_date + to_months(l.dig_months::INTEGER)
        AND coalesce(d.distance_m, 0) <= l.dig_radius
    GROUP BY c.cid
),

known AS (
    SELECT max(p.start_date) AS until
    FROM permit AS p
    CROSS JOIN run_period AS r
    WHERE p.start_date <= r.last_day
)

SELECT
    c.cid,
    CASE
        WHEN c.facility <> 'road' OR NOT paves(c.title) OR c.stage <> 'in_warranty' THEN NULL
        WHEN c.done_date IS NULL THEN 'actual_end'
        WHEN n.n >= l.dig_count THEN NULL
        WHEN coalesce(k.until <= c.done_date, TRUE) THEN 'no_permits'
        WHEN c.road_keys IS NULL AND c.x IS NULL THEN 'place'
    END AS reason,
    coalesce(c.facility = 'road' AND paves(c.title) AND c.stage = 'in_warranty' AND n.n >= l.dig_count, FALSE) AS fired,
    coalesce(n.n, 0) AS value,
    l.dig_count AS threshold,
    c.amount AS amount_at_stake,
    {
        'begin': n.hit.begin, 'contractor': n.hit.contractor, 'done': c.done_date, 'months': num(l.dig_months),
        'permit': n.hit.permit, 'place': n.hit.place, 'same': n.same, 'unplaced': n.unplaced, 'unsure': n.unsure
    } AS evidence
FROM scope AS c
CROSS JOIN known AS k
LEFT JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN counted AS n ON c.cid = n.cid
