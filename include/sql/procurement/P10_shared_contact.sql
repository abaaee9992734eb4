/*
id: P10
name_zh: 投標廠商地址、電話或負責人相同
name_en: Bidders share address, phone or representative
family: bids
indicator: ["P10"]
legal_basis: 政府採購法第50條第1項第5款、第31條第2項第7款、第87條第5項
must_watch: null
formula: 同案二家以上投標廠商（或分包廠商）之地址、電話或負責人，經全形、臺台、空白與分隔符號正規化後相同。
parameters: []
needs: [bid.address, bid.phone, bid.representative]
strength: high
amount: 決標金額
example: 得標廠商與一未得標廠商登記於同址同樓。
not_proof: 共同辦公室、代書或記帳士電話、關係企業均可能；同棟不同樓不計。
reason: 「{firms}」之{fields}相同（共{value:num}項）
*/
WITH known AS (
    SELECT
        cid,
        greatest(count(address), count(phone), count(representative)) AS n_known
    FROM contacts
    GROUP BY cid
),

same AS (
    SELECT
        t.cid,
        t.field,
        list(DISTINCT t.fid ORDER BY t.fid) AS fids
    FROM (
        SELECT
            cid,
            fid,
            unnest(['地址', '電話', '負責人']) AS field,
            unnest([address, phone, representative]) AS content
        FROM contacts
    ) AS t
    WHERE t.content IS NOT NULL
    GROUP BY t.cid, t.field, t.content
    HAVING count(DISTINCT t.fid) >= 2
),

counted AS (
    SELECT
        s.cid,
        list(DISTINCT s.field ORDER BY s.field) AS field_list,
        list(DISTINCT f.label ORDER BY f.label) AS firm_list
    FROM (
        SELECT
            cid,
            field,
            unnest(fids) AS fid
        FROM same
    ) AS s
    INNER JOIN firms AS f ON s.fid = f.fid
    GROUP BY s.cid
)

SELECT
    c.cid,
    CASE
        WHEN c.n_bidders = 1 THEN 'small:bids'
        WHEN coalesce(k.n_known, 0) < 2 THEN 'contact'
    END AS reason,
    s.cid IS NOT NULL AS fired,
    coalesce(len(s.field_list), 0) AS value,
    1 AS threshold,
    c.award_amount AS amount_at_stake,
    { 'fields': s.field_list, 'firms': s.firm_list } AS evidence
FROM scope AS c
LEFT JOIN known AS k ON c.cid = k.cid
LEFT JOIN counted AS s ON c.cid = s.cid
