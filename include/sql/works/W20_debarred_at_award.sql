/*
id: W20
name_zh: 決標日在停權期間之廠商承攬
name_en: Contractor debarred on the award date
family: supplier
indicator: ["不良廠商", "P09", "#34"]
legal_basis: 政府採購法第101條至第103條、第50條第1項第6款；工程施工查核小組作業辦法第4條第3項第1款
must_watch: 1
formula: >-
  任一承攬廠商之停權生效日 ≤ 決標日 ≤ 截止日，且未註銷。決標日早於首份名單或晚於末份名單逾91日（最短停權期間）且未比中者，
  無法評估。
parameters: []
needs: [project.award_date, project_firm.firm, debarment.firm, debarment.effective_date, debarment.expire_date,
  debarment.annulled, debarment.first_listed, debarment.last_listed]
strength: rare
amount: 契約金額
example: 廠商停權期間110年1月1日至111年1月1日，110年3月15日決標。
not_proof: 經上級機關核准之特殊需要（第103條第2項）、異議申訴中之變更、同名不同廠商均可能；以名稱比對者須查統一編號。
reason: 「{firm}」之停權期間（{effective:date}起至{expire:date}）涵蓋決標日{award:date}（{match}比對相符）
*/
WITH hits AS (
    SELECT
        c.cid,
        arg_min(
            { 'effective': b.effective_date, 'expire': b.expire_date, 'firm': f.label, 'match': b.matched },
            (b.effective_date, f.firm, b.matched, coalesce(b.expire_date, DATE '9999-12-31'))
        ) AS hit
    FROM scope AS c
    INNER JOIN parts AS p ON c.cid = p.cid
    INNER JOIN bans AS b ON p.fid = b.fid
    INNER JOIN firms AS f ON p.fid = f.fid
    WHERE c.award_date >= b.effective_date AND c.award_date <= coalesce(b.expire_date, DATE '9999-12-31')
    GROUP BY c.cid
)

SELECT
    c.cid,
    CASE
        WHEN c.award_date IS NULL OR j.cid IS NULL
            THEN lacking(unless_known(c.award_date, 'award_date'), unless_known(j.cid, 'firm'))
        WHEN h.cid IS NULL AND coalesce(c.award_date NOT BETWEEN v.since AND v.until, TRUE) THEN 'debarment'
    END AS reason,
    h.cid IS NOT NULL AS fired,
    (h.cid IS NOT NULL)::INTEGER AS value,
    1 AS threshold,
    c.amount AS amount_at_stake,
    {
        'award': c.award_date, 'effective': h.hit.effective, 'expire': h.hit.expire, 'firm': h.hit.firm,
        'match': h.hit.match
    } AS evidence
FROM scope AS c
CROSS JOIN ban_cover AS v
LEFT JOIN joint AS j ON c.cid = j.cid
LEFT JOIN hits AS h ON c.cid = h.cid
