/*
id: W21
name_zh: 近三年曾遭停權之廠商
name_en: Contractor debarred within the last three years
family: supplier
indicator: ["不良廠商", "R046"]
legal_basis: 政府採購法第101條至第103條；臺中市政府政風處年度施政計畫八（不良廠商）
must_watch: null
formula: >-
  任一承攬廠商於選案期間末日前3年內有停權期間（未註銷），涵蓋決標日者另由W20列計。未比中而該3年未全有名單可查者，無法評估。
parameters: [debarred_years]
needs: [project.award_date, project_firm.firm, debarment.firm, debarment.effective_date, debarment.expire_date,
  debarment.annulled, debarment.first_listed, debarment.last_listed]
strength: high
amount: 契約金額
example: 廠商108年6月1日至109年6月1日停權，110年3月選案。
not_proof: 停權期滿即得參與投標；停權事由未必與施工品質有關；以名稱比對者須查統一編號。
reason: 「{firm}」近{threshold:num}年內曾停權{value:num}次，最近一次{effective:date}起至{expire:date}（{match}比對相符）
*/
WITH hits AS (
    SELECT
        c.cid,
        count(*) AS n,
        arg_max(
            { 'effective': b.effective_date, 'expire': b.expire_date, 'firm': f.label, 'match': b.matched },
            (b.effective_date, f.firm, b.matched, coalesce(b.expire_date, DATE '9999-12-31'))
        ) AS hit
    FROM scope AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    INNER JOIN parts AS p ON c.cid = p.cid
    INNER JOIN bans AS b ON p.fid = b.fid
    INNER JOIN firms AS f ON p.fid = f.fid
    WHERE
        coalesce(b.expire_date, DATE '9999-12-31') > c.last_day - to_years(l.debarred_years::INTEGER)
        AND (c.award_date BETWEEN b.effective_date AND coalesce(b.expire_date, DATE '9999-12-31')) IS NOT TRUE
    GROUP BY c.cid
)

SELECT
    c.cid,
    CASE
        WHEN j.cid IS NULL THEN 'firm'
        WHEN h.cid IS NULL AND coalesce(
                v.since > c.last_day - to_years(l.debarred_years::INTEGER) OR v.until < c.last_day, TRUE
            ) THEN 'debarment_years'
    END AS reason,
    h.cid IS NOT NULL AS fired,
    coalesce(h.n, 0) AS value,
    l.debarred_years AS threshold,
    c.amount AS amount_at_stake,
    { 'effective': h.hit.effective, 'expire': h.hit.expire, 'firm': h.hit.firm, 'match': h.hit.match } AS evidence
FROM scope AS c
CROSS JOIN ban_cover AS v
LEFT JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN joint AS j ON c.cid = j.cid
LEFT JOIN hits AS h ON c.cid = h.cid
