/*
id: I33
name_zh: 新設廠商得標
name_en: Newly founded winner
family: supplier
indicator: ["#33"]
legal_basis: 政府採購法第36條；投標廠商資格與特殊或巨額採購認定標準第2條至第5條
must_watch: null
formula: 決標日－得標廠商設立日 < 365日。
parameters: [new_firm_days]
needs: [bid.founded_date, bid.is_winner, award_case.award_date]
strength: low
amount: 決標金額
example: 廠商110年1月設立，3月得標480萬元工程。
not_proof: 新設公司可由有經驗之團隊組成；法令不得不當限制新設廠商。
reason: 得標廠商「{firm}」於決標前{value:num}日設立（{founded:date}；門檻{threshold:num}日）
*/
WITH youngest AS (
    SELECT
        b.cid,
        max(b.founded_date) AS founded_date,
        arg_max(b.fid, (b.founded_date, -b.fid)) AS fid
    FROM bids AS b
    INNER JOIN scope AS c ON b.cid = c.cid
    WHERE b.is_winner AND b.founded_date IS NOT NULL
    GROUP BY b.cid
)

SELECT
    c.cid,
    CASE WHEN c.award_date IS NULL OR y.cid IS NULL
            THEN lacking(unless_known(c.award_date, 'award_date'), unless_known(y.cid, 'bid.founded_date'))
    END AS reason,
    c.award_date - y.founded_date < l.new_firm_days AS fired,
    c.award_date - y.founded_date AS value,
    l.new_firm_days AS threshold,
    c.award_amount AS amount_at_stake,
    { 'firm': f.label, 'founded': y.founded_date } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN youngest AS y ON c.cid = y.cid
LEFT JOIN firms AS f ON y.fid = f.fid
