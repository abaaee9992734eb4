/*
id: I35
name_zh: 機關決標金額首位數分布異常
name_en: First digits of an agency's awards (Benford)
family: records
indicator: ["#35", "R029"]
legal_basis: 政府採購法第46條（底價編列）；採購稽核小組作業規則第7條第1款第2目
must_watch: null
formula: >-
  機關決標100件以上，首位數分布與Benford定律之平均絕對差 > 0.015，且與全部機關之首位數分布不同
  （卡方檢定，機關間以Benjamini-Hochberg控制，q ≤ 1%）；本案首位數為該機關相對於全體最偏多者。
parameters: [benford_min, benford_mad, benford_q]
needs: [award_case.award_amount, award_case.agency_key]
strength: high
amount: 決標金額
example: 某機關312件中首位數9占21.0%，全體機關僅5.1%。
not_proof: 固定補助額度、級距上限會使首位數集中；僅為指引，不能指出何案有問題。
reason: 該機關{n:num}件決標金額首位數{digit:num}占{share:pct}，全體機關{expected:pct}（平均絕對差{value:x}，門檻{threshold:x}）
*/
WITH digits AS (
    SELECT
        aid,
        left(award_amount::VARCHAR, 1)::TINYINT AS digit,
        count(*) AS n
    FROM cases
    WHERE award_amount > 0
    GROUP BY aid, left(award_amount::VARCHAR, 1)
),

everyone AS (
    SELECT
        digit,
        sum(n) AS n,
        sum(n) / sum(sum(n)) OVER () AS share
    FROM digits
    GROUP BY digit
),

totals AS (
    SELECT
        aid,
        sum(n) AS n
    FROM digits
    GROUP BY aid
),

compared AS (
    SELECT
        t.aid,
        t.n,
        e.digit,
        coalesce(d.n, 0) / t.n AS share,
        e.share AS expected,
        log10(1 + 1.0 / e.digit) AS benford
    FROM totals AS t
    CROSS JOIN everyone AS e
    LEFT JOIN digits AS d ON t.aid = d.aid AND e.digit = d.digit
),

tested AS (
    SELECT
        aid,
        any_value(n) AS n,
        list_sum(list(abs(share - benford) ORDER BY digit)) / 9 AS mad,
        arg_max({ 'd': digit, 'e': expected, 's': share }, (share - expected, -digit)) AS top,
        chi2_sf(
            list_sum(list(n * (share - expected) * (share - expected) / expected ORDER BY digit)),
            (count(*) - 1)::DOUBLE
        ) AS p
    FROM compared
    WHERE n >= (SELECT max(benford_min) FROM limits)
    GROUP BY aid
)

SELECT
    c.cid,
    CASE
        WHEN coalesce(c.award_amount, 0) <= 0 THEN 'award_amount'
        WHEN t.aid IS NULL THEN 'small:agency'
    END AS reason,
    t.mad > l.benford_mad AND t.q <= l.benford_q AND try_cast(left(c.award_amount::VARCHAR, 1) AS TINYINT) = t.top.d AS fired,
    t.mad AS value,
    l.benford_mad AS threshold,
    c.award_amount AS amount_at_stake,
    { 'digit': t.top.d, 'expected': num(t.top.e), 'n': t.n::BIGINT, 'share': num(t.top.s) } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN bh('tested') AS t ON c.aid = t.aid
