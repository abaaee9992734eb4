-- table: wins
-- One row a winner of a case, with what had gone before within 365 days up to and on the award day: of the firm at this
-- agency (pair), of the firm anywhere, of the agency. The case's total is shared among several winners when their own
-- parts are not known (a total repeated on each row must not be summed).
WITH won AS (
    SELECT
        b.cid,
        b.fid,
        c.aid,
        c.kind,
        c.award_day,
        c.in_scope,
        c.method = 'restricted' AS is_restricted,
        c.kind = 'works' AS is_works,
        coalesce(b.award_amount, floor(c.award_amount / greatest(f.n_winner_rows, 1))) AS amount
    FROM bids AS b
    INNER JOIN cases AS c ON b.cid = c.cid
    INNER JOIN fields AS f ON b.cid = f.cid
    WHERE b.is_winner AND c.award_day IS NOT NULL
)

SELECT
    *,
    count(*) OVER pair AS pair_n,
    count(*) FILTER (WHERE is_works) OVER pair AS pair_works,
    count(*) FILTER (WHERE is_restricted) OVER pair AS pair_restricted,
    sum(amount) OVER pair AS pair_amount,
    count(*) OVER firm AS firm_n,
    sum(amount) OVER firm AS firm_amount,
    count(*) OVER agency AS agency_n,
    count(*) FILTER (WHERE is_restricted) OVER agency AS agency_restricted,
    sum(amount) OVER agency AS agency_amount
FROM won
WINDOW
    pair AS (PARTITION BY aid, fid ORDER BY award_day RANGE BETWEEN 364 PRECEDING AND CURRENT ROW),
    firm AS (PARTITION BY fid ORDER BY award_day RANGE BETWEEN 364 PRECEDING AND CURRENT ROW),
    agency AS (PARTITION BY aid ORDER BY award_day RANGE BETWEEN 364 PRECEDING AND CURRENT ROW)
