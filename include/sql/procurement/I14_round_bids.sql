/*
id: I14
name_zh: 標價多為整數
name_en: Round bids
family: bids
indicator: ["#14", "R023"]
legal_basis: 政府採購法第50條第1項第5款
must_watch: null
formula: >-
  本案尾數四個零以上之標價家數，較同標的類別、同金額級距之整數標價比率偏多（二項精確檢定，
  本期案件以Benjamini-Hochberg控制，q ≤ 5%），三家以上。
parameters: [round_zeros, screen_q, peer_min]
needs: [bid.bid_amount, bid.original_bid, award_case.kind]
strength: low
amount: 決標金額
example: 五家標價均為十萬元之整數，同類標價僅18.0%為整數。
not_proof: 小額採購習以整數報價；整數僅顯示未細算成本。
reason: "{n:num}家標價中{round:num}家尾數四個零以上，同類標價僅{expected:pct}（q＝{value:p}）"
*/
WITH marked AS (
    SELECT
        b.cid,
        c.in_scope,
        enum_code(c.kind)::INTEGER * 100 + c.value_band AS cell,
        (b.price % l.round_zeros::BIGINT = 0)::INTEGER AS is_round,
        l.peer_min
    FROM bids AS b
    INNER JOIN cases AS c ON b.cid = c.cid
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    WHERE b.price > 0 AND c.kind IS NOT NULL AND c.value_band IS NOT NULL
),

cells AS (
    SELECT
        cell,
        count(*) AS n,
        sum(is_round) AS rounds
    FROM marked
    GROUP BY cell
),

counted AS (
    SELECT
        m.cid,
        m.cell,
        count(*) AS n,
        sum(m.is_round) AS rounds,
        max(m.peer_min) AS peer_min
    FROM marked AS m
    WHERE m.in_scope
    GROUP BY m.cid, m.cell
    HAVING count(*) >= 3
),

compared AS (
    SELECT
        x.cid,
        x.n,
        x.rounds,
        (g.rounds - x.rounds + 1) / (g.n - x.n + 2) AS expected,
        CASE WHEN g.n - x.n >= x.peer_min
                THEN binom_sf(x.rounds::DOUBLE, x.n::DOUBLE, (g.rounds - x.rounds + 1) / (g.n - x.n + 2))
        END AS p
    FROM counted AS x
    INNER JOIN cells AS g ON x.cell = g.cell
)

SELECT
    c.cid,
    CASE
        WHEN coalesce(s.n, 0) < 3 THEN 'small:bids'
        WHEN c.kind IS NULL THEN 'kind'
        WHEN t.p IS NULL THEN 'small:peers'
    END AS reason,
    t.q <= l.screen_q AS fired,
    t.q AS value,
    l.screen_q AS threshold,
    c.award_amount AS amount_at_stake,
    { 'expected': num(t.expected), 'n': t.n, 'round': t.rounds::BIGINT } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN screens AS s ON c.cid = s.tender
LEFT JOIN bh('compared') AS t ON c.cid = t.cid
