/*
id: P05
name_zh: 形式競爭
name_en: Competition in form only
family: competition
indicator: ["P05", "#25"]
legal_basis: 政府採購法第48條；同法施行細則第55條；政府採購錯誤行為態樣
must_watch: null
formula: 恰為三家投標而二家不合格；或第二次以後招標僅一家投標（公開招標、公開取得）。
parameters: []
needs: [award_case.n_bidders, award_case.method, award_case.tender_round, bid.is_disqualified]
strength: rare
amount: 決標金額
example: 三家投標，二家均因未附押標金不合格，由唯一合格者得標。
not_proof: 廠商疏漏亦會不合格；第二次招標不受三家限制，一家投標本身合法。
reason: "{what}"
*/
SELECT
    c.cid,
    CASE
        WHEN c.n_bidders IS NULL OR c.method IS NULL
            THEN lacking(unless_known(c.n_bidders, 'n_bidders'), unless_known(c.method, 'method'))
        WHEN c.n_bidders = 3 AND coalesce(f.n_checked, 0) = 0 THEN 'disqualified'
        WHEN c.n_bidders = 1 AND c.method IN ('open', 'quotation') THEN unless_known(a.tender_round, 'tender_round')
    END AS reason,
    (c.n_bidders = 3 AND coalesce(f.n_disqualified = 2, FALSE))
    OR (c.n_bidders = 1 AND c.method IN ('open', 'quotation') AND coalesce(a.tender_round >= 2, FALSE)) AS fired,
    c.n_bidders - coalesce(f.n_disqualified, 0) AS value,
    1 AS threshold,
    c.award_amount AS amount_at_stake,
    {
        'bidders': c.n_bidders, 'disqualified': f.n_disqualified, 'round': a.tender_round,
        'what': CASE
            WHEN c.n_bidders = 3 THEN '恰為三家投標，其中二家不合格'
            ELSE '第' || a.tender_round || '次招標，僅一家投標'
        END
    } AS evidence
FROM scope AS c
INNER JOIN award_case AS a ON c.cid = a.cid
LEFT JOIN fields AS f ON c.cid = f.cid
