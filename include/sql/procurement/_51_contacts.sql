-- table: contacts
-- Each bidder's (and named subcontractor's) address, phone and representative in the period's cases, in one comparable form:
-- full-width digits narrowed, 臺 as 台, blanks and marks dropped; of a phone the digits only. Short scraps count as unknown.
SELECT
    b.cid,
    b.fid,
    b.is_winner,
    CASE WHEN length(x.address) >= 6 THEN x.address END AS address,
    CASE WHEN length(x.phone) >= 7 THEN x.phone END AS phone,
    CASE WHEN length(x.representative) >= 2 THEN x.representative END AS representative
FROM bid AS b
INNER JOIN scope AS c ON b.cid = c.cid
CROSS JOIN
    LATERAL (
        SELECT
            regexp_replace(translate(
                nfc_normalize(b.address), '０１２３４５６７８９臺－（）', '0123456789台-()'
            ), '[\s　,，。]', '', 'g') AS address,
            regexp_replace(translate(b.phone, '０１２３４５６７８９', '0123456789'), '[^0-9]', '', 'g') AS phone,
            regexp_replace(b.representative, '[\s　]', '', 'g') AS representative
    ) AS x
WHERE b.address IS NOT NULL OR b.phone IS NOT NULL OR b.representative IS NOT NULL
