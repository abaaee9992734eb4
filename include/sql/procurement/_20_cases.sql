-- table: cases
-- One row a case of the snapshot (history included), with what the law makes of it on its own notice date:
-- ``amount`` is the procurement amount (細則 §6; the budget when it is not stated), ``announce_limit`` 公告金額,
-- ``small_limit`` 小額採購, ``check_limit`` 查核金額 and ``huge_limit`` 巨額 of its kind; ``trade`` is the first two digits of its
-- category code. The peer cells number the
-- groups of like cases: fine (kind, method, value band, year), middle (without the year), wide (kind, method).
WITH dated AS (
    SELECT
        a.cid,
        a.aid,
        a.in_scope,
        a.rule_date,
        try_cast(a.kind AS kind_type) AS kind,
        try_cast(a.method AS method_type) AS method,
        try_cast(a.award_way AS award_way_type) AS award_way,
        a.restricted_clause,
        a.category_code,
        try_cast(left(a.category_code, 2) AS smallint) AS trade,
        a.budget,
        a.procurement_amount,
        coalesce(a.procurement_amount, a.budget) AS amount,
        a.reserve_price,
        a.award_amount,
        a.tender_notice_date,
        a.deadline_date,
        a.opening_date,
        a.award_date,
        a.award_notice_date,
        (a.award_date - date '1970-01-01')::integer AS award_day,
        year(a.award_notice_date)::smallint AS notice_year,
        a.award_notice_date >= least(p.first_day, p.last_day - 364) AS is_recent,
        coalesce(a.n_bidders, CASE WHEN f.n_losers > 0 THEN f.n_bids END)::integer AS n_bidders,
        coalesce(a.n_winners, f.n_winner_rows)::integer AS n_winners,
        a.performance_start,
        a.performance_end,
        l.announce_amount AS announce_limit,
        l.small_amount AS small_limit,
        CASE a.kind WHEN 'works' THEN l.check_amount_works WHEN 'goods' THEN l.check_amount_goods
            WHEN 'services' THEN l.check_amount_services
        END AS check_limit,
        CASE a.kind WHEN 'works' THEN l.huge_amount_works WHEN 'goods' THEN l.huge_amount_goods
            WHEN 'services' THEN l.huge_amount_services
        END AS huge_limit,
        value_band(coalesce(a.procurement_amount, a.budget, a.award_amount)) AS value_band
    FROM award_case AS a
    CROSS JOIN run_period AS p
    LEFT JOIN limits AS l ON a.rule_date = l.rule_date
    LEFT JOIN fields AS f ON a.cid = f.cid
)

SELECT
    *,
    (enum_code(kind)::integer * 10 + enum_code(method)::integer) AS cell_wide,
    (enum_code(kind)::integer * 10 + enum_code(method)::integer) * 100 + value_band AS cell_middle,
    ((enum_code(kind)::integer * 10 + enum_code(method)::integer) * 100 + value_band) * 10000 + notice_year AS cell_fine
FROM dated
