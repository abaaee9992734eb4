/*
id: I09
name_zh: 最低標與次低標差距異常
name_en: Unusual gap between the two lowest bids (DIFFP)
family: bids
indicator: ["#9", "R024"]
legal_basis: 政府採購法第87條第4項、第50條第1項第5款（Imhof 2017）
must_watch: null
formula: DIFFP＝（次低標－最低標）／最低標，三家以上；在同類案件中位秩 ≤ 2.5% 或 ≥ 97.5%（雙尾合計5%，以百分位而非Tukey圍籬）。
parameters: [screen_tail]
needs: [bid.bid_amount, bid.original_bid, award_case.kind]
strength: low
amount: 決標金額
example: 最低標1,000萬元、次低標1,320萬元，差32.0%，為同類案件雙尾1.8%之內。
not_proof: 差距大可能因最低標廠商成本優勢或誤算；差距小可能因競爭。
reason: "最低標與次低標相差{diffp:pct}，在{members:num}件同類案件中屬雙尾{value:pct}之內（門檻{threshold:pct}）"
*/
SELECT
    c.cid,
    CASE
        WHEN coalesce(s.n, 0) < 3 THEN 'small:bids'
        WHEN r.midrank IS NULL THEN 'small:peers'
    END AS reason,
    least(r.midrank, 1 - r.midrank) * 2 <= l.screen_tail AS fired,
    least(r.midrank, 1 - r.midrank) * 2 AS value,
    l.screen_tail AS threshold,
    c.award_amount AS amount_at_stake,
    { 'diffp': num(s.diffp), 'members': r.members, 'n': s.n } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN screens AS s ON c.cid = s.tender
LEFT JOIN screen_ranks AS r ON c.cid = r.cid AND r.screen = 'diffp'
