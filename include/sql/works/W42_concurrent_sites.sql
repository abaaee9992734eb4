/*
id: W42
name_zh: 同時施工工地過多
name_en: Many sites at the same time
family: capacity
indicator: ["承攬能量異常", "#36"]
legal_basis: 營造業法第23條、第30條第2項（工地主任不得同時兼任其他營造工地主任之業務）
must_watch: null
formula: >-
  選案期間末日，任一承攬廠商依標案管理系統施工中之工程 ≥ 5件。僅有決標公告而推估為施工中者只註明，不計；加計後達門檻者無法評估。
parameters: [concurrent_sites]
needs: [project.stage, project.sources, project_firm.firm]
strength: high
amount: 未完工金額合計（缺估驗與進度者以契約全額計）
example: 廠商同時有8處工地施工中。
not_proof: 大型廠商人力充足；小型開口契約亦使件數增加；資料僅含本市工程。
reason: 「{firm}」施工中工程{value:num}件（門檻{threshold:num}件；另有僅見決標公告者{assumed:num}件，未計入），未完工金額至多{remaining:money}
*/
WITH busiest AS (
    SELECT
        p.cid,
        arg_max(
            {
                'assumed': coalesce(u.n_assumed, 0), 'firm': f.label, 'n': coalesce(u.n_running, 0),
                'remaining': u.at_most
            }, (coalesce(u.n_running, 0), -p.fid)
        ) AS hit,
        max(coalesce(u.n_running + u.n_assumed, 0)) AS at_most
    FROM parts AS p
    INNER JOIN firms AS f ON p.fid = f.fid
    LEFT JOIN unfinished AS u ON p.fid = u.fid
    GROUP BY p.cid
)

SELECT
    c.cid,
    CASE
        WHEN b.cid IS NULL THEN 'firm'
        WHEN b.hit.n < l.concurrent_sites AND b.at_most >= l.concurrent_sites THEN 'running'
    END AS reason,
    b.hit.n >= l.concurrent_sites AS fired,
    b.hit.n AS value,
    l.concurrent_sites AS threshold,
    b.hit.remaining AS amount_at_stake,
    { 'assumed': b.hit.assumed, 'firm': b.hit.firm, 'remaining': num(round(b.hit.remaining)) } AS evidence
FROM scope AS c
LEFT JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN busiest AS b ON c.cid = b.cid
