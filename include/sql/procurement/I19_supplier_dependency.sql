/*
id: I19
name_zh: 廠商營收高度依賴單一機關
name_en: Supplier depends on one agency
family: supplier
indicator: ["#19"]
legal_basis: 政府採購法第6條第1項、第34條
must_watch: null
formula: >-
  廠商365日內於該機關之得標金額／其全部公共得標金額 ≥ 90%，於該機關5件以上，
  並占該機關決標金額達同類（5件以上之機關廠商組合）前5%。
parameters: [dependency_share, share_contracts, share_rank]
needs: [award_case.agency_key, award_case.award_amount, award_case.award_date, bid.is_winner, bid.firm]
strength: high
amount: 該廠商於該機關365日內得標金額
example: 某廠商一年得標8件均來自同一公所，並占該公所決標金額42.0%。
not_proof: 在地小廠商本多承作鄰近機關；資料僅含本市採購，未含民間與外縣市業務。
reason: 「{firm}」365日內得標金額之{value:pct}來自本機關（{n:num}件；門檻{threshold:pct}），並占本機關{share:pct}
*/
WITH paired AS (
    SELECT
        w.cid,
        w.fid,
        w.in_scope,
        w.pair_n,
        w.pair_amount,
        w.pair_amount / nullif(w.firm_amount, 0) AS dependency,
        0 AS cell,
        round(w.pair_amount / nullif(w.agency_amount, 0), 4) AS x,
        l.dependency_share,
        l.share_rank
    FROM wins AS w
    INNER JOIN cases AS c ON w.cid = c.cid
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    WHERE w.pair_n >= l.share_contracts AND c.is_recent
),

top AS (
    SELECT
        p.cid,
        arg_max(
            { 'amount': p.pair_amount, 'n': p.pair_n, 'r': r.midrank, 'share': p.x, 'w': p.fid, 'x': p.dependency },
            (r.midrank >= p.share_rank, p.dependency, -p.fid)
        ) AS best
    FROM paired AS p
    INNER JOIN midrank('paired') AS r ON p.x = r.x
    WHERE p.in_scope
    GROUP BY p.cid
)

SELECT
    c.cid,
    CASE WHEN c.award_date IS NULL OR k.cid IS NULL
            THEN lacking(unless_known(c.award_date, 'award_date'), unless_known(k.cid, 'winner'))
    END AS reason,
    coalesce(t.best.x >= l.dependency_share AND t.best.r >= l.share_rank, FALSE) AS fired,
    t.best.x AS value,
    l.dependency_share AS threshold,
    t.best.amount AS amount_at_stake,
    { 'firm': f.label, 'n': t.best.n, 'share': num(t.best.share) } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN fields AS k ON c.cid = k.cid AND k.n_winner_rows >= 1
LEFT JOIN top AS t ON c.cid = t.cid
LEFT JOIN firms AS f ON t.best.w = f.fid
