-- table: splits
-- Purchases that could be parts of one: same agency, each below the limit, by a procedure that the limit relaxes (open
-- and selective tenders avoid nothing by being small), within the days before or after a case. Two readings:
-- same winner, category and place (90 days); same title without its numbers and same place (30 days), whoever won.
-- Different places or categories are no splitting (細則 §13). Texts are compared by their 64-bit hash.
WITH small AS (
    SELECT
        c.cid,
        c.aid,
        c.in_scope,
        c.award_day,
        c.amount,
        CASE WHEN c.amount < c.small_limit THEN c.small_limit ELSE c.announce_limit END AS edge,
        hash(coalesce(c.category_code, a.title_key), a.performance_location) AS goods,
        CASE WHEN length(a.title_key) >= 4 THEN hash(a.title_key, a.performance_location) END AS title,
        coalesce(c.category_code, a.title_key) IS NOT NULL AS has_goods,
        a.performance_location IS NOT NULL AS has_place,
        w.fid,
        l.split_days_firm AS days_firm,
        l.split_days_title AS days_title
    FROM cases AS c
    INNER JOIN award_case AS a ON c.cid = a.cid
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    LEFT JOIN (
        SELECT
            cid,
            min(fid) AS fid
        FROM wins
        GROUP BY cid
    ) AS w ON c.cid = w.cid
    WHERE c.method IN ('quotation', 'restricted', 'other') AND c.amount < c.announce_limit AND c.award_day IS NOT NULL
),

by_firm AS (
    SELECT
        cid,
        count(*) OVER before_it AS n_before,
        sum(amount) OVER before_it AS sum_before,
        count(*) OVER after_it AS n_after,
        sum(amount) OVER after_it AS sum_after
    FROM small
    WHERE fid IS NOT NULL AND has_goods
    WINDOW
        before_it AS (
            PARTITION BY aid, fid, edge, goods ORDER BY award_day RANGE BETWEEN days_firm PRECEDING AND CURRENT ROW
        ),
        after_it AS (
            PARTITION BY aid, fid, edge, goods ORDER BY award_day RANGE BETWEEN CURRENT ROW AND days_firm FOLLOWING
        )
),

by_title AS (
    SELECT
        cid,
        count(*) OVER before_it AS n_before,
        sum(amount) OVER before_it AS sum_before,
        count(*) OVER after_it AS n_after,
        sum(amount) OVER after_it AS sum_after
    FROM small
    WHERE title IS NOT NULL
    WINDOW
        before_it AS (
            PARTITION BY aid, edge, title ORDER BY award_day RANGE BETWEEN days_title PRECEDING AND CURRENT ROW
        ),
        after_it AS (
            PARTITION BY aid, edge, title ORDER BY award_day RANGE BETWEEN CURRENT ROW AND days_title FOLLOWING
        )
)

SELECT
    s.cid,
    s.edge,
    s.has_place,
    greatest(f.sum_before, f.sum_after) AS firm_sum,
    CASE WHEN f.sum_before >= f.sum_after THEN f.n_before ELSE f.n_after END AS firm_n,
    greatest(t.sum_before, t.sum_after) AS title_sum,
    CASE WHEN t.sum_before >= t.sum_after THEN t.n_before ELSE t.n_after END AS title_n
FROM small AS s
LEFT JOIN by_firm AS f ON s.cid = f.cid
LEFT JOIN by_title AS t ON s.cid = t.cid
WHERE s.in_scope
