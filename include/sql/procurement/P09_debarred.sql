/*
id: P09
name_zh: 決標日在停權期間之廠商得標或分包
name_en: Winner or subcontractor debarred on the award date
family: supplier
indicator: ["P09", "#34", "R046"]
legal_basis: 政府採購法第101條至第103條、第50條第1項第6款；同法施行細則第59條
must_watch: 1
formula: >-
  得標廠商或分包廠商之停權生效日 ≤ 決標日 ≤ 截止日，且未註銷。決標後才生效者僅為背景，不計。
  決標日早於首份名單或晚於末份名單逾91日（最短停權期間）且未比中者，無法評估。
parameters: []
needs: [award_case.award_date, bid.firm, bid.is_winner, debarment.firm, debarment.effective_date, debarment.expire_date,
  debarment.annulled, debarment.first_listed, debarment.last_listed]
strength: rare
amount: 決標金額
example: 廠商停權期間110年1月1日至111年1月1日，110年3月15日得標。
not_proof: 經上級機關核准之特殊需要（第103條第2項）、異議申訴中之變更、同名不同廠商均可能；以名稱比對者須查統一編號。
reason: "{role}「{firm}」之停權期間（{effective:date}起至{expire:date}）涵蓋決標日{award:date}（{match}比對相符）"
*/
WITH coverage AS (
    -- The feed holds only current bans, and a ban lasts three months or more (採購法 §103): from three months before the
    -- first snapshot to three months after the last one, a ban in force on that day was on some snapshot.
    SELECT
        min(first_listed) - 91 AS since,
        max(last_listed) + 91 AS until
    FROM debarment
),

bans AS (
    SELECT DISTINCT
        f.fid,
        d.effective_date,
        d.expire_date,
        CASE WHEN f.firm = d.firm THEN '統一編號' ELSE '名稱' END AS matched
    FROM debarment AS d
    INNER JOIN firms AS f
        ON d.firm = f.firm OR (d.firm_key = f.firm_key AND (d.firm_id IS NULL OR f.firm_id IS NULL))
    WHERE d.annulled IS NOT TRUE
),

hits AS (
    SELECT
        b.cid,
        arg_min(
            {
                'effective': n.effective_date, 'expire': n.expire_date, 'firm': f.label,
                'match': CASE WHEN f.firm_id IS NULL THEN '名稱' ELSE n.matched END,
                'role': CASE WHEN b.is_winner THEN '得標廠商' ELSE '分包廠商' END
            }, (NOT b.is_winner, n.effective_date, f.firm)
        ) AS hit
    FROM bid AS b
    INNER JOIN scope AS c ON b.cid = c.cid
    INNER JOIN bans AS n ON b.fid = n.fid
    INNER JOIN firms AS f ON b.fid = f.fid
    WHERE
        (b.is_winner OR b.is_subcontractor)
        AND c.award_date >= n.effective_date AND c.award_date <= coalesce(n.expire_date, DATE '9999-12-31')
    GROUP BY b.cid
),

known AS (
    SELECT DISTINCT cid FROM bids
    WHERE is_winner
)

SELECT
    c.cid,
    CASE
        WHEN c.award_date IS NULL OR k.cid IS NULL
            THEN lacking(unless_known(c.award_date, 'award_date'), unless_known(k.cid, 'winner'))
        WHEN h.cid IS NULL AND coalesce(c.award_date NOT BETWEEN v.since AND v.until, TRUE) THEN 'debarment'
    END AS reason,
    h.cid IS NOT NULL AS fired,
    (h.cid IS NOT NULL)::INTEGER AS value,
    1 AS threshold,
    c.award_amount AS amount_at_stake,
    {
        'award': c.award_date, 'effective': h.hit.effective, 'expire': h.hit.expire, 'firm': h.hit.firm,
        'match': h.hit.match, 'role': h.hit.role
    } AS evidence
FROM scope AS c
CROSS JOIN coverage AS v
LEFT JOIN known AS k ON c.cid = k.cid
LEFT JOIN hits AS h ON c.cid = h.cid
