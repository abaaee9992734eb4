/*
id: I01B
name_zh: 機關單一投標多於同類
name_en: Agency has more single-bidder cases than its peers
family: competition
indicator: ["#1"]
legal_basis: 政府採購法第1條、第6條第1項
must_watch: null
formula: >-
  本案僅一家投標，且該機關近一年單一投標件數高於同類案件預期之合計（Poisson二項精確檢定，
  機關間以Benjamini-Hochberg控制，q ≤ 5%，機關20件以上）。以超出預期之程度排序，不因機關規模大而觸發。
parameters: [agency_q, agency_min]
needs: [award_case.n_bidders, award_case.kind, award_case.method, award_case.agency_key]
strength: low
amount: 決標金額
example: 某機關近一年80件中41件單一投標，同類預期22.3件，超出3.9個標準差。
not_proof: 偏遠或特殊業務機關投標者本來少；同類比較未能涵蓋全部差異。
reason: 僅一家投標；該機關近一年{n:num}件中{singles:num}件單一投標，同類預期{expected:num}件（超出{z:num}個標準差，q＝{value:p}）
*/
SELECT
    c.cid,
    CASE
        WHEN c.n_bidders IS NULL THEN 'n_bidders'
        WHEN c.n_bidders = 1 AND c.cell_fine IS NULL
            THEN lacking(
                    unless_known(c.kind, 'kind'), unless_known(c.method, 'method'), unless_known(c.value_band, 'budget')
                )
        WHEN c.n_bidders = 1 AND coalesce(g.n < l.agency_min, TRUE) THEN 'small:agency'
    END AS reason,
    coalesce(c.n_bidders = 1 AND g.q <= l.agency_q, FALSE) AS fired,
    g.q AS value,
    l.agency_q AS threshold,
    c.award_amount AS amount_at_stake,
    { 'expected': num(g.expected), 'n': g.n, 'singles': g.singles::BIGINT, 'z': num(g.z) } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN agency_single AS g ON c.aid = g.aid
