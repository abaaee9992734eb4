/*
id: P15
name_zh: 設計監造廠商或其關係廠商得標
name_en: Designer or an affiliate wins the works
family: supplier
indicator: ["P15"]
legal_basis: 政府採購法施行細則第38條第1項、第39條
must_watch: null
formula: 得標廠商即設計監造廠商（統一編號或名稱），或其地址、電話、負責人與設計監造廠商投標時所載相同。
parameters: []
needs: [award_case.designer_key, bid.firm, bid.is_winner, bid.address, bid.phone, bid.representative]
strength: rare
amount: 決標金額
example: 某顧問公司設計之工程，由與其同負責人之營造廠得標。
not_proof: 經機關同意且無利益衝突者得不適用（細則第38條第2項）；監造不含設計者須另認定。
reason: 得標廠商「{winner}」與設計監造廠商「{designer}」{relation}
*/
WITH designers AS (
    SELECT
        c.cid,
        a.designer_key,
        coalesce(f.label, CASE WHEN length(a.designer_name) <= 4 THEN left(a.designer_name, 1) || '○○' ELSE a.designer_name END)
            AS designer,
        f.fid
    FROM scope AS c
    INNER JOIN award_case AS a ON c.cid = a.cid
    LEFT JOIN firms AS f ON a.designer_key = f.firm
    WHERE a.designer_key IS NOT NULL
),

profile AS (
    SELECT DISTINCT
        b.fid,
        regexp_replace(translate(b.address, '０１２３４５６７８９臺', '0123456789台'), '[\s　,，]', '', 'g') AS address,
        regexp_replace(translate(b.phone, '０１２３４５６７８９', '0123456789'), '[^0-9]', '', 'g') AS phone,
        regexp_replace(b.representative, '[\s　]', '', 'g') AS representative
    FROM bid AS b
    WHERE b.fid IN (SELECT d.fid FROM designers AS d)
),

hits AS (
    SELECT
        d.cid,
        arg_min(
            {
                'designer': d.designer,
                'relation': CASE
                    WHEN w.fid = d.fid THEN '為同一廠商'
                    WHEN t.representative = p.representative THEN '負責人相同'
                    WHEN t.address = p.address THEN '地址相同'
                    ELSE '電話相同'
                END,
                'winner': f.label
            }, (w.fid IS DISTINCT FROM d.fid, w.fid)
        ) AS hit
    FROM designers AS d
    INNER JOIN bids AS w ON d.cid = w.cid AND w.is_winner
    INNER JOIN firms AS f ON w.fid = f.fid
    LEFT JOIN contacts AS t ON w.cid = t.cid AND w.fid = t.fid
    LEFT JOIN profile AS p ON d.fid = p.fid
    WHERE
        w.fid = d.fid OR f.firm = d.designer_key
        OR t.representative = p.representative OR t.address = p.address OR t.phone = p.phone
    GROUP BY d.cid
),

known AS (
    SELECT DISTINCT cid FROM bids
    WHERE is_winner
)

SELECT
    c.cid,
    CASE WHEN a.designer_key IS NULL OR k.cid IS NULL
            THEN lacking(unless_known(a.designer_key, 'designer_key'), unless_known(k.cid, 'winner'))
    END AS reason,
    h.cid IS NOT NULL AS fired,
    (h.cid IS NOT NULL)::INTEGER AS value,
    1 AS threshold,
    c.award_amount AS amount_at_stake,
    { 'designer': h.hit.designer, 'relation': h.hit.relation, 'winner': h.hit.winner } AS evidence
FROM scope AS c
INNER JOIN award_case AS a ON c.cid = a.cid
LEFT JOIN known AS k ON c.cid = k.cid
LEFT JOIN hits AS h ON c.cid = h.cid
