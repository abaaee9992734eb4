/*
id: I20
name_zh: 機關同類採購集中於少數廠商
name_en: Concentration of an agency's market (HHI)
family: supplier
indicator: ["#20", "R051"]
legal_basis: 政府採購法第6條第1項
must_watch: null
formula: >-
  機關×標的分類（前二碼）近一年10件以上，HHI（廠商金額占比平方和）> 0.25，且高於將同樣契約隨機分配予
  全部同類得標廠商之期望值達0.10；本案得標廠商為該市場金額最大者。
parameters: [market_hhi, market_excess, market_min]
needs: [award_case.agency_key, award_case.category_code, award_case.kind, award_case.award_amount, award_case.award_date,
  bid.is_winner, bid.firm]
strength: high
amount: 該廠商於該市場近一年得標金額
example: 某機關清潔勞務12件，一家得標9件，HHI 0.61，隨機分配期望0.12。
not_proof: 專業市場廠商少，或一件大案占多數時亦集中。
reason: 本機關同類採購{n:num}件之HHI為{value:num}（門檻{threshold:num}，隨機期望{expected:num}），「{firm}」占{share:pct}
*/
WITH market AS (
    SELECT
        w.cid,
        w.fid,
        w.aid,
        w.in_scope,
        enum_code(c.kind)::INTEGER * 1000 + c.trade AS trade,
        w.amount
    FROM wins AS w
    INNER JOIN cases AS c ON w.cid = c.cid
    WHERE c.is_recent AND w.amount > 0
),

firms_of_trade AS (
    SELECT
        trade,
        count(DISTINCT fid) AS firms_n
    FROM market
    GROUP BY trade
),

by_firm AS (
    SELECT
        aid,
        trade,
        fid,
        sum(amount) AS amount,
        list_sum(list(amount * amount ORDER BY amount)) AS squares,
        count(*) AS n
    FROM market
    WHERE trade IS NOT NULL
    GROUP BY aid, trade, fid
),

measured AS (
    SELECT
        b.aid,
        b.trade,
        sum(b.n) AS n,
        list_sum(list(b.amount * b.amount ORDER BY b.fid)) / power(sum(b.amount), 2) AS hhi,
        list_sum(list(b.squares ORDER BY b.fid)) / power(sum(b.amount), 2) AS own,
        arg_max(b.fid, (b.amount, -b.fid)) AS top_fid,
        max(b.amount) AS top_amount,
        max(b.amount) / sum(b.amount) AS top_share
    FROM by_firm AS b
    GROUP BY b.aid, b.trade
),

expected AS (
    SELECT
        m.*,
        m.own + (1 - m.own) / greatest(f.firms_n, 1) AS expected
    FROM measured AS m
    INNER JOIN firms_of_trade AS f ON m.trade = f.trade
),

placed AS (
    SELECT
        m.cid,
        max(m.trade) AS trade,
        arg_max({ 'e': e.expected, 'hhi': e.hhi, 'n': e.n, 's': e.top_share, 'top': e.top_fid, 'v': e.top_amount }, m.fid = e.top_fid)
            AS best,
        bool_or(m.fid = e.top_fid) AS is_top
    FROM market AS m
    LEFT JOIN expected AS e ON m.aid = e.aid AND m.trade = e.trade
    WHERE m.in_scope
    GROUP BY m.cid
)

SELECT
    c.cid,
    CASE
        WHEN p.cid IS NULL OR p.trade IS NULL
            THEN coalesce(
                    lacking(
                        unless_known(c.category_code, 'category_code'), unless_known(c.kind, 'kind'),
                        unless_known(c.award_date, 'award_date'), unless_known(nullif(c.award_amount, 0), 'award_amount')
                    ), 'winner'
                )
        WHEN p.best.n < l.market_min THEN 'small:market'
    END AS reason,
    coalesce(p.is_top AND p.best.hhi > l.market_hhi AND p.best.hhi - p.best.e >= l.market_excess, FALSE) AS fired,
    p.best.hhi AS value,
    l.market_hhi AS threshold,
    p.best.v AS amount_at_stake,
    { 'expected': num(p.best.e), 'firm': f.label, 'n': p.best.n::BIGINT, 'share': num(p.best.s) } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN placed AS p ON c.cid = p.cid
LEFT JOIN firms AS f ON p.best.top = f.fid
