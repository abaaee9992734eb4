/*
id: I24
name_zh: 固定投標廠商缺席而成分包或次案得標
name_en: Regular bidder absent, then subcontractor or next winner
family: bids
indicator: ["#24", "R027"]
legal_basis: 政府採購法第87條第1項、第4項
must_watch: null
formula: >-
  同機關、同標的分類最近10件競爭案件中投標7件以上之廠商，本案未投標，卻為本案分包廠商或該市場下一案之得標廠商。
parameters: [regular_window, regular_share]
needs: [bid.firm, bid.is_winner, bid.is_subcontractor, award_case.agency_key, award_case.category_code, award_case.award_date]
strength: rare
amount: 決標金額
example: 某防水廠商前10件投標8件，本案未投標而列名分包廠商。
not_proof: 產能不足、檔期衝突亦會缺席；分包本身合法（第67條）。
reason: 「{firm}」於本機關同類最近{window:num}件中投標{n:num}件，本案未投標而{what}
*/
WITH market AS (
    SELECT
        c.cid,
        c.in_scope,
        (c.aid, c.category_code) AS trade,
        row_number() OVER (PARTITION BY c.aid, c.category_code ORDER BY c.award_day, c.cid) AS place,
        count(*) OVER (PARTITION BY c.aid, c.category_code) AS size
    FROM cases AS c
    INNER JOIN fields AS f ON c.cid = f.cid
    WHERE f.n_bids >= 2 AND c.award_day IS NOT NULL AND c.category_code IS NOT NULL
),

entered AS (
    SELECT
        m.*,
        b.fid,
        b.is_winner
    FROM market AS m
    INNER JOIN bids AS b ON m.cid = b.cid
    WHERE m.size > (SELECT max(regular_window) FROM limits)
),

now AS (
    SELECT
        m.cid,
        m.trade,
        m.place,
        l.regular_window,
        l.regular_share
    FROM market AS m
    INNER JOIN scope AS c ON m.cid = c.cid
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    WHERE m.place > l.regular_window
),

regulars AS (
    SELECT
        n.cid,
        n.trade,
        n.place,
        e.fid,
        count(*) AS times,
        max(n.regular_window) AS regular_window
    FROM now AS n
    INNER JOIN entered AS e ON n.trade = e.trade AND e.place < n.place AND e.place >= n.place - n.regular_window
    GROUP BY n.cid, n.trade, n.place, e.fid
    HAVING count(*) >= max(n.regular_share * n.regular_window)
),

absent AS (
    SELECT
        r.cid,
        r.fid,
        r.times,
        r.regular_window,
        coalesce(bool_or(x.is_subcontractor), FALSE) AS is_subcontractor,
        coalesce(bool_or(e.is_winner), FALSE) AS wins_next
    FROM regulars AS r
    LEFT JOIN bid AS x ON r.cid = x.cid AND r.fid = x.fid
    LEFT JOIN entered AS e ON r.trade = e.trade AND r.fid = e.fid AND r.place + 1 = e.place
    GROUP BY r.cid, r.fid, r.times, r.regular_window
    HAVING coalesce(bool_and(x.is_subcontractor), TRUE)
),

top AS (
    SELECT
        cid,
        arg_max(
            { 'n': times, 'sub': is_subcontractor, 'w': fid, 'window': regular_window }, (is_subcontractor, times, -fid)
        ) AS best
    FROM absent
    WHERE is_subcontractor OR wins_next
    GROUP BY cid
)

SELECT
    c.cid,
    CASE
        WHEN c.category_code IS NULL OR c.award_day IS NULL
            THEN lacking(unless_known(c.category_code, 'category_code'), unless_known(c.award_day, 'award_date'))
        WHEN f.cid IS NULL OR (f.n_losers = 0 AND coalesce(c.n_bidders, 2) > 1) THEN 'losing_bids'
        WHEN n.cid IS NULL THEN 'small:history'
    END AS reason,
    t.cid IS NOT NULL AS fired,
    t.best.n AS value,
    l.regular_window * l.regular_share AS threshold,
    c.award_amount AS amount_at_stake,
    {
        'firm': g.label, 'n': t.best.n, 'what': CASE WHEN t.best.sub THEN '為本案分包廠商' ELSE '得標下一案' END,
        'window': num(t.best.window)
    } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN fields AS f ON c.cid = f.cid
LEFT JOIN now AS n ON c.cid = n.cid
LEFT JOIN top AS t ON c.cid = t.cid
LEFT JOIN firms AS g ON t.best.w = g.fid
