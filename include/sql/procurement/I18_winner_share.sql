/*
id: I18
name_zh: 廠商占機關採購比重過高
name_en: One firm's share of an agency's awards
family: supplier
indicator: ["#18", "R040"]
legal_basis: 政府採購法第6條第1項
must_watch: null
formula: >-
  廠商365日內於該機關得標金額／該機關得標總額，廠商於該機關5件以上；在同類（5件以上）配對中位秩 ≥ 95%，
  且其件數高於依其全部得標件數隨機分配（超幾何精確檢定，p ≤ 1%）。
parameters: [share_contracts, share_rank, share_p]
needs: [award_case.agency_key, award_case.award_amount, award_case.award_date, bid.is_winner, bid.firm]
strength: high
amount: 該廠商於該機關365日內得標金額
example: 某廠商一年內得標該機關採購額之61.0%，計9件。
not_proof: 小機關採購件數少，一件大案即占多數；在地廠商少亦然。
reason: 「{firm}」365日內得標{n:num}件，占本機關決標金額{value:pct}，高於{rank:pct}之同類機關廠商組合（門檻{threshold:pct}）
*/
WITH paired AS (
    SELECT
        w.cid,
        w.fid,
        w.in_scope,
        w.pair_n,
        w.pair_amount,
        w.agency_n,
        w.firm_n,
        l.share_rank,
        0 AS cell,
        round(w.pair_amount / nullif(w.agency_amount, 0), 4) AS x
    FROM wins AS w
    INNER JOIN cases AS c ON w.cid = c.cid
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    WHERE w.pair_n >= l.share_contracts AND c.is_recent
),

whole AS (
    SELECT count(*) AS n FROM wins AS w
    INNER JOIN cases AS c ON w.cid = c.cid
    WHERE c.is_recent
),

judged AS (
    SELECT
        p.*,
        r.midrank,
        CASE WHEN r.midrank >= p.share_rank
                THEN hypergeom_sf(
                        p.pair_n::DOUBLE, greatest(a.n, p.agency_n, p.firm_n)::DOUBLE, p.firm_n::DOUBLE, p.agency_n::DOUBLE
                    )
        END AS p_value
    FROM paired AS p
    INNER JOIN midrank('paired') AS r ON p.x = r.x
    CROSS JOIN whole AS a
    WHERE p.in_scope
),

top AS (
    SELECT
        cid,
        arg_max(
            { 'amount': pair_amount, 'n': pair_n, 'p': p_value, 'r': midrank, 'w': fid, 'x': x }, (x, -fid)
        ) AS best
    FROM judged
    GROUP BY cid
)

SELECT
    c.cid,
    CASE WHEN c.award_date IS NULL OR k.cid IS NULL
            THEN lacking(unless_known(c.award_date, 'award_date'), unless_known(k.cid, 'winner'))
    END AS reason,
    coalesce(t.best.r >= l.share_rank AND t.best.p <= l.share_p, FALSE) AS fired,
    t.best.x AS value,
    l.share_rank AS threshold,
    t.best.amount AS amount_at_stake,
    { 'firm': f.label, 'n': t.best.n, 'rank': num(t.best.r) } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN fields AS k ON c.cid = k.cid AND k.n_winner_rows >= 1
LEFT JOIN top AS t ON c.cid = t.cid
LEFT JOIN firms AS f ON t.best.w = f.fid
