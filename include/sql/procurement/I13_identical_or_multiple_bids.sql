/*
id: I13
name_zh: 標價相同或成固定倍數
name_en: Identical bids or fixed multiples
family: bids
indicator: ["#13", "R028"]
legal_basis: 政府採購法第50條第1項第5款、第87條第4項
must_watch: null
formula: >-
  （一）二家標價完全相同；或（二）二家以上標價為同一標價之整數百分比（該標價尾數不足四個零，以排除整數標價之巧合）；
  或（三）同二家廠商之標價比（至小數六位）在二件以上採購中重複。
parameters: [exact_percent_bids, round_zeros]
needs: [bid.bid_amount, bid.original_bid, bid.firm]
strength: high
amount: 決標金額
example: 最低標3,217,000元，其餘為3,249,170元（101%）、3,281,340元（102%）。
not_proof: 公告固定費率、依預算單價打折投標者可能相同；須比對標價清單。
reason: 標價{what}（計{value:num}組）
*/
WITH priced AS (
    SELECT
        b.cid,
        b.fid,
        b.price,
        c.in_scope
    FROM bids AS b
    INNER JOIN cases AS c ON b.cid = c.cid
    INNER JOIN screens AS s ON b.cid = s.tender
    WHERE b.price > 0 AND s.n >= 2 AND s.n <= 30
),

couples AS (
    SELECT
        a.cid,
        a.in_scope,
        a.fid AS one,
        b.fid AS two,
        a.price AS one_price,
        b.price AS two_price,
        round(b.price / a.price, 6) AS ratio
    FROM priced AS a
    INNER JOIN priced AS b ON a.cid = b.cid AND a.fid < b.fid
),

same AS (
    SELECT
        cid,
        count(*) AS n
    FROM couples
    WHERE in_scope AND one_price = two_price
    GROUP BY cid
),

multiples AS (
    SELECT
        x.cid,
        max(x.n) AS n
    FROM (
        SELECT
            a.cid,
            count(*) AS n
        FROM priced AS a
        INNER JOIN scope AS c ON a.cid = c.cid
        INNER JOIN limits AS l ON c.rule_date = l.rule_date
        INNER JOIN priced AS b ON a.cid = b.cid AND a.fid <> b.fid
        WHERE
            a.price <> b.price AND a.price % l.round_zeros::BIGINT <> 0
            AND (b.price::HUGEINT * 100) % a.price = 0 AND b.price < 2 * a.price
        GROUP BY a.cid, a.fid
        HAVING count(*) >= max(l.exact_percent_bids)
    ) AS x
    GROUP BY x.cid
),

repeats AS (
    SELECT
        cid,
        count(*) AS n
    FROM (
        SELECT
            cid,
            in_scope,
            count(*) OVER (PARTITION BY one, two, ratio) AS times
        FROM couples
        WHERE ratio <> 1
    )
    WHERE in_scope AND times >= 2
    GROUP BY cid
)

SELECT
    c.cid,
    CASE WHEN coalesce(s.n, 0) < 2 THEN 'small:bids' END AS reason,
    coalesce(e.n, m.n, r.n) IS NOT NULL AS fired,
    coalesce(e.n, 0) + coalesce(m.n, 0) + coalesce(r.n, 0) AS value,
    1 AS threshold,
    c.award_amount AS amount_at_stake,
    {
        'what': concat_ws(
            '、',
            CASE WHEN e.n IS NOT NULL THEN '二家以上完全相同' END,
            CASE WHEN m.n IS NOT NULL THEN '成整數百分比' END,
            CASE WHEN r.n IS NOT NULL THEN '與同二廠商他案之比例相同' END
        )
    } AS evidence
FROM scope AS c
LEFT JOIN screens AS s ON c.cid = s.tender
LEFT JOIN same AS e ON c.cid = e.cid
LEFT JOIN multiples AS m ON c.cid = m.cid
LEFT JOIN repeats AS r ON c.cid = r.cid
