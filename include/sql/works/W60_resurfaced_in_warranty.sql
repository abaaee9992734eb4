/*
id: W60
name_zh: 同路段保固期內重複鋪設
name_en: Same stretch resurfaced within its warranty
family: repeat
indicator: ["#37"]
legal_basis: 採購契約保固條款；臺中市政府政風處年度施政計畫八（確保道路平整，防杜偷工減料）
must_watch: null
formula: >-
  前一道路鋪面工程完工後、保固期滿前，同行政區同路段又開始另一鋪面工程（兩案均列）或他人之鋪面類挖掘許可 ≥ 1次；
  位置均已知而相距逾500公尺者不計。許可證廠商與本工程廠商之比對不確定者僅註明，不視為同一廠商。
parameters: [repave_count, repave_radius]
needs: [project.facility, project.title, project.road_keys, project.start_date, project.actual_end,
  project.warranty_end, project.x, project.y, project_firm.firm, project_permit.method, project_permit.distance_m,
  permit.is_paving, permit.start_date, permit_firm.confidence]
strength: high
amount: 契約金額
example: 109年8月完工、保固3年之路段，110年2月另案重新鋪設。
not_proof: 管線挖掘後之全幅鋪復、道路拓寬及不同里程之施作均屬正常；僅路名相符者須核對樁號。
reason: >-
  {value:num}次（門檻{threshold:num}次）：{what}（{begin:date}開始；
  前次完工{done:date}、保固至{warranty:date}；{place}；{contractor}）
*/
WITH counted AS (
    SELECT
        c.cid,
        count(*) AS n,
        arg_min(
            {
                'begin': s.begin_date, 'contractor': s.contractor, 'done': s.done_date,
                'place': place_words(s.distance_m), 'warranty': s.warranty_end, 'what': s.what
            }, (s.distance_m IS NULL, s.begin_date, s.what, s.done_date, s.distance_m, s.contractor)
        ) AS hit
    FROM scope AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    INNER JOIN resurfaced AS s ON c.cid = s.cid
    WHERE coalesce(s.distance_m, 0) <= l.repave_radius
    GROUP BY c.cid
)

SELECT
    c.cid,
    CASE
        WHEN c.facility <> 'road' OR n.n >= l.repave_count THEN NULL
        WHEN NOT paves(c.title) THEN NULL
        WHEN c.road_keys IS NULL THEN 'place'
        WHEN c.stage = 'in_warranty' AND (c.done_date IS NULL OR c.warranty_end IS NULL)
            THEN lacking(unless_known(c.done_date, 'actual_end'), unless_known(c.warranty_end, 'warranty_end'))
    END AS reason,
    coalesce(c.facility = 'road' AND n.n >= l.repave_count, FALSE) AS fired,
    coalesce(n.n, 0) AS value,
    l.repave_count AS threshold,
    c.amount AS amount_at_stake,
    {
        'begin': n.hit.begin, 'contractor': n.hit.contractor, 'done': n.hit.done, 'place': n.hit.place,
        'warranty': n.hit.warranty, 'what': n.hit.what
    } AS evidence
FROM scope AS c
LEFT JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN counted AS n ON c.cid = n.cid
