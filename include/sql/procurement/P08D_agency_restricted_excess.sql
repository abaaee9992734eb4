/*
id: P08D
name_zh: 機關限制性招標多於同類
name_en: Agency uses restricted tenders more than its peers
family: method
indicator: ["P08"]
legal_basis: 政府採購法第18條、第19條、第22條
must_watch: null
formula: >-
  本案為未經公開程序之限制性招標，且該機關近一年此類件數高於同標的類別、金額級距之預期：
  Poisson二項精確檢定，機關間以Benjamini-Hochberg控制，q ≤ 5%，機關20件以上。
parameters: [agency_q, agency_min]
needs: [award_case.method, award_case.kind, award_case.agency_key, award_case.budget]
strength: low
amount: 決標金額
example: 某機關近一年60件中有25件限制性招標，同類機關預期為8.2件。
not_proof: 機關業務性質（如藝文、獨家維護）可使限制性招標較多；各案仍須逐一符合第22條各款。
reason: 該機關近一年{n:num}件中有{restricted:num}件為限制性招標，同類預期{expected:num}件（q＝{value:p}）
*/
SELECT
    c.cid,
    CASE
        WHEN c.method IS NULL OR c.kind IS NULL OR c.value_band IS NULL
            THEN lacking(
                    unless_known(c.method, 'method'), unless_known(c.kind, 'kind'), unless_known(c.value_band, 'budget')
                )
        WHEN c.method = 'restricted' AND coalesce(g.n < l.agency_min, TRUE) THEN 'small:agency'
    END AS reason,
    coalesce(c.method = 'restricted' AND g.q <= l.agency_q, FALSE) AS fired,
    g.q AS value,
    l.agency_q AS threshold,
    c.award_amount AS amount_at_stake,
    { 'expected': num(g.expected), 'n': g.n, 'restricted': g.restricted::BIGINT } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN agency_restricted AS g ON c.aid = g.aid
