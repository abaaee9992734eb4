/*
id: P12
name_zh: 同一機關一年內得標20件以上工程
name_en: Twenty or more works awards at one agency within a year
family: supplier
indicator: ["P12"]
legal_basis: 行政院公共工程委員會公開「同一機關一年內得標20件以上工程廠商」清單（資料集6410）
must_watch: null
formula: 得標廠商於同一機關，自本案決標日起回溯365日內之工程決標件數 ≥ 20。
parameters: [works_awards_year]
needs: [award_case.kind, award_case.agency_key, award_case.award_date, bid.is_winner, bid.firm]
strength: high
amount: 該廠商於該機關一年內得標金額
example: 某廠商一年內於同一公所得標22件小型工程。
not_proof: 開口契約、偏鄉廠商少均可能；得標多本身不違法。
reason: 「{firm}」於本機關一年內得標工程{value:num}件（門檻{threshold:num}件），計{sum:money}
*/
WITH top AS (
    SELECT
        cid,
        arg_max({ 'n': pair_works, 'sum': pair_amount, 'w': fid }, (pair_works, -fid)) AS best
    FROM wins
    WHERE in_scope AND is_works
    GROUP BY cid
)

SELECT
    c.cid,
    CASE
        WHEN c.kind IS NULL OR (c.kind = 'works' AND (c.award_date IS NULL OR t.cid IS NULL))
            THEN lacking(
                    unless_known(c.kind, 'kind'), unless_known(c.award_date, 'award_date'), unless_known(t.cid, 'winner')
                )
    END AS reason,
    coalesce(t.best.n >= l.works_awards_year, FALSE) AS fired,
    t.best.n AS value,
    l.works_awards_year AS threshold,
    t.best.sum AS amount_at_stake,
    { 'firm': f.label, 'sum': num(round(t.best.sum)) } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN top AS t ON c.cid = t.cid
LEFT JOIN firms AS f ON t.best.w = f.fid
