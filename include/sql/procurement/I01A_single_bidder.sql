/*
id: I01A
name_zh: 同類案件少見之單一廠商投標
name_en: Single bidder where peers have several (residual)
family: competition
indicator: ["#1", "R018"]
legal_basis: 政府採購法第1條、第48條
must_watch: null
formula: >-
  投標家數＝1，且同招標方式×標的類別×金額級距×年度之同類案件（不含本案）預期單一投標比率 ≤ 20%；
  小比較群依序向不分年度、不分級距之比較群收縮（等值20件）。
parameters: [single_peer_share, peer_min]
needs: [award_case.n_bidders, award_case.kind, award_case.method]
strength: low
amount: 決標金額
example: 公開招標之道路工程，同類案件僅12.0%為一家投標，本案只有一家。
not_proof: 偏遠、專業或急迫案件本可能只有一家；單一投標本身合法（第二次招標不受三家限制）。
reason: 僅一家廠商投標，而{peers:num}件同類案件中預期只有{value:pct}為一家投標（門檻{threshold:pct}）
*/
SELECT
    c.cid,
    CASE
        WHEN c.n_bidders IS NULL OR c.cell_wide IS NULL OR c.value_band IS NULL
            THEN lacking(
                    unless_known(c.n_bidders, 'n_bidders'), unless_known(c.kind, 'kind'), unless_known(c.method, 'method'),
                    unless_known(c.value_band, 'budget')
                )
        WHEN e.peers < l.peer_min THEN 'small:peers'
    END AS reason,
    c.n_bidders = 1 AND e.expected <= l.single_peer_share AS fired,
    e.expected AS value,
    l.single_peer_share AS threshold,
    c.award_amount AS amount_at_stake,
    { 'peers': e.peers } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN expected_single AS e ON c.cid = e.cid
