/*
id: I02
name_zh: 標比（決標／底價）高於同類
name_en: Award to reserve price above its peers (residual)
family: price
indicator: ["#2", "R031"]
legal_basis: 政府採購法第34條第3項、第46條
must_watch: null
formula: >-
  決標金額／底價 ≥ 0.995，且在同招標方式×標的類別×金額級距×年度之案件中位秩 ≥ 95%
  （該組未達30件時以招標方式×標的類別比較）。
parameters: [near_reserve_share, ratio_rank, peer_min]
needs: [award_case.award_amount, award_case.reserve_price, award_case.kind, award_case.method]
strength: high
amount: 決標金額
example: 同類工程標比中位數0.93，本案0.999，高於96.2%之同類案件。
not_proof: 減價後依底價決標者標比即為1；標比高不等於底價外洩。
reason: 決標金額為底價之{ratio:pct}，高於{value:pct}之同類案件（{members:num}件；門檻{threshold:pct}）
*/
SELECT
    c.cid,
    CASE
        WHEN r.reserve_ratio IS NULL
            THEN coalesce(
                    lacking(unless_known(c.award_amount, 'award_amount'), unless_known(c.reserve_price, 'reserve_price')),
                    'undecided'
                )
        WHEN r.reserve_rank IS NULL
            THEN coalesce(lacking(unless_known(c.kind, 'kind'), unless_known(c.method, 'method')), 'small:peers')
    END AS reason,
    r.reserve_ratio >= l.near_reserve_share AND r.reserve_rank >= l.ratio_rank AS fired,
    r.reserve_rank AS value,
    l.ratio_rank AS threshold,
    c.award_amount AS amount_at_stake,
    { 'members': r.reserve_members::BIGINT, 'ratio': num(r.reserve_ratio) } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN ratio_ranks AS r ON c.cid = r.cid
