/*
id: I32
name_zh: 廠商得標標的過於龐雜
name_en: Supplier wins in unusually many trades
family: supplier
indicator: ["#32", "R048"]
legal_basis: 政府採購法第36條、第50條第1項第3款
must_watch: null
formula: >-
  得標廠商近一年20件以上，其標的分類（前二碼）種數在同樣20件以上廠商中位秩 ≥ 95%；
  本案屬該廠商得標未達5%之分類。
parameters: [diverse_contracts, diverse_rank]
needs: [award_case.category_code, bid.is_winner, bid.firm]
strength: high
amount: 決標金額
example: 某商行一年得標26件，橫跨印刷、清潔、土木、餐飲等11類。
not_proof: 綜合商社、社會企業可合法經營多類；分類代碼亦常填列不精確。
reason: 「{firm}」近一年得標{n:num}件，橫跨{value:num}類標的，高於{rank:pct}之同類廠商；本案類別僅占其{share:pct}
*/
WITH recent AS (
    SELECT
        b.fid,
        c.trade,
        count(*) AS n
    FROM bids AS b
    INNER JOIN cases AS c ON b.cid = c.cid
    WHERE b.is_winner AND c.is_recent AND c.trade IS NOT NULL
    GROUP BY b.fid, c.trade
),

breadth AS (
    SELECT
        fid,
        0 AS cell,
        count(*) AS x,
        sum(n) AS n
    FROM recent
    GROUP BY fid
    HAVING sum(n) >= (SELECT max(diverse_contracts) FROM limits)
),

ranked AS (
    SELECT
        b.fid,
        b.x,
        b.n,
        r.midrank
    FROM breadth AS b
    INNER JOIN midrank('breadth') AS r ON b.x = r.x
),

top AS (
    SELECT
        c.cid,
        arg_max({ 'n': r.n, 'r': r.midrank, 's': t.n / r.n, 'w': r.fid, 'x': r.x }, (r.x, -r.fid)) AS best
    FROM scope AS c
    INNER JOIN bids AS b ON c.cid = b.cid AND b.is_winner
    INNER JOIN ranked AS r ON b.fid = r.fid
    INNER JOIN recent AS t ON b.fid = t.fid AND c.trade = t.trade
    GROUP BY c.cid
)

SELECT
    c.cid,
    CASE WHEN c.category_code IS NULL OR k.cid IS NULL
            THEN lacking(unless_known(c.category_code, 'category_code'), unless_known(k.cid, 'winner'))
    END AS reason,
    coalesce(t.best.r >= l.diverse_rank AND t.best.s < 1 - l.diverse_rank, FALSE) AS fired,
    t.best.x AS value,
    NULL::DOUBLE AS threshold,
    c.award_amount AS amount_at_stake,
    { 'firm': f.label, 'n': t.best.n::BIGINT, 'rank': num(t.best.r), 'share': num(t.best.s) } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN fields AS k ON c.cid = k.cid AND k.n_winner_rows >= 1
LEFT JOIN top AS t ON c.cid = t.cid
LEFT JOIN firms AS f ON t.best.w = f.fid
