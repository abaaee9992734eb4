/*
id: I17
name_zh: 同一廠商重複獲限制性招標
name_en: Repeated restricted awards to one firm
family: method
indicator: ["#17", "R049"]
legal_basis: 政府採購法第22條、第14條
must_watch: null
formula: >-
  未經公開程序之限制性招標，該機關365日內決標予同一廠商達3件以上，
  且依該機關限制性招標比率之二項精確檢定 p ≤ 1%。
parameters: [restricted_times, restricted_p]
needs: [award_case.method, award_case.agency_key, award_case.award_date, bid.is_winner, bid.firm]
strength: high
amount: 該廠商於該機關365日內得標金額
example: 某廠商一年內獲同機關4件限制性招標，該機關限制性招標占8.0%。
not_proof: 專屬權利、後續擴充、藝文邀請等可合法重複；各案須符合第22條各款。
reason: 「{firm}」365日內獲本機關限制性招標{value:num}件（門檻{threshold:num}件；該機關限制性招標占{rate:pct}，p＝{p:p}）
*/
WITH judged AS (
    SELECT
        w.cid,
        w.fid,
        w.pair_restricted,
        w.pair_amount,
        w.agency_restricted / w.agency_n AS rate,
        binom_sf(w.pair_restricted::DOUBLE, w.pair_n::DOUBLE, w.agency_restricted / w.agency_n) AS p
    FROM wins AS w
    WHERE w.in_scope AND w.is_restricted AND w.pair_restricted >= 2
),

top AS (
    SELECT
        cid,
        arg_max(
            { 'amount': pair_amount, 'n': pair_restricted, 'p': p, 'rate': rate, 'w': fid }, (pair_restricted, -fid)
        ) AS best
    FROM judged
    GROUP BY cid
)

SELECT
    c.cid,
    CASE
        WHEN c.method IS NULL THEN 'method'
        WHEN c.method = 'restricted' AND (c.award_date IS NULL OR k.cid IS NULL)
            THEN lacking(unless_known(c.award_date, 'award_date'), unless_known(k.cid, 'winner'))
    END AS reason,
    coalesce(t.best.n >= l.restricted_times AND t.best.p <= l.restricted_p, FALSE) AS fired,
    t.best.n AS value,
    l.restricted_times AS threshold,
    t.best.amount AS amount_at_stake,
    { 'firm': f.label, 'p': num(t.best.p), 'rate': num(t.best.rate) } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN fields AS k ON c.cid = k.cid AND k.n_winner_rows >= 1
LEFT JOIN top AS t ON c.cid = t.cid
LEFT JOIN firms AS f ON t.best.w = f.fid
