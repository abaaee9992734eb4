/*
id: I36
name_zh: 承攬能量異常
name_en: Capacity overload on the award date
family: supplier
indicator: ["#36"]
legal_basis: 營造業法第23條；營造業承攬工程造價限額工程規模範圍申報淨值及一定期間承攬總額認定辦法第6條、第9條
must_watch: null
formula: >-
  決標日進行中工程（含本案）之未完成金額合計（決標金額×剩餘日數／決標至履約迄日日數）／該廠商以往單一年度最大完工金額 > 1.5；
  進行中二件以上，以往完工3件以上者始比較。
parameters: [overload_share, completed_min]
needs: [award_case.kind, award_case.award_amount, award_case.award_date, award_case.performance_end, bid.is_winner, bid.firm]
strength: high
amount: 未完成金額合計
example: 某廠商未完工程合計3,600萬元，以往一年最多完工640萬元，為5.6倍。
not_proof: 資料僅含本市採購，淨值與他縣市工程未計；擴大經營亦可合法。以營造業法承攬總額認定為準。
reason: 「{firm}」決標日進行中工程{running:num}件、未完成{remaining:money}，為以往單一年度最大完工金額{best:money}之{value:num}倍（門檻{threshold:num}倍）
*/
SELECT
    c.cid,
    CASE
        WHEN c.kind IS NULL THEN 'kind'
        WHEN c.kind = 'works' AND w.cid IS NULL
            THEN coalesce(
                    lacking(
                        unless_known(c.performance_end, 'performance_end'), unless_known(c.award_date, 'award_date'),
                        unless_known(nullif(c.award_amount, 0), 'award_amount'), unless_known(k.cid, 'winner')
                    ), 'undecided'
                )
        WHEN c.kind = 'works' AND coalesce(w.completed, 0) < l.completed_min THEN 'small:completed'
    END AS reason,
    coalesce(w.remaining / w.best_year > l.overload_share AND w.under_way >= 2, FALSE) AS fired,
    w.remaining / nullif(w.best_year, 0) AS value,
    l.overload_share AS threshold,
    w.remaining AS amount_at_stake,
    {
        'best': num(round(w.best_year)), 'firm': f.label, 'remaining': num(round(w.remaining)),
        'running': w.under_way::BIGINT
    } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN fields AS k ON c.cid = k.cid AND k.n_winner_rows >= 1
LEFT JOIN workload AS w ON c.cid = w.cid
LEFT JOIN firms AS f ON w.fid = f.fid
