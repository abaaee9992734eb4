-- table: screen_ranks
-- Each screen of a case as its mid-rank among the cases of the same kind and bidder band (all kinds together when that
-- group has fewer than peer_min members): 0.01 = lower than 99 % of its peers. No fence, no law assumed.
WITH values_long AS (
    UNPIVOT (
        SELECT
            s.tender AS cid,
            bidder_band(s.n) AS band,
            enum_code(c.kind)::INTEGER AS kind_code,
            s.cv,
            s.spd,
            s.diffp,
            s.rd,
            s.skew,
            s.kurt,
            s.ks
        FROM screens AS s
        INNER JOIN cases AS c ON s.tender = c.cid
        WHERE s.n >= 3
    ) ON cv, spd, diffp, rd, skew, kurt, ks INTO NAME screen VALUE x
),

ranked AS (
    SELECT
        cid,
        screen,
        x,
        count(*) OVER near AS near_n,
        (rank() OVER (near ORDER BY x) - 1 + (cume_dist() OVER (near ORDER BY x)) * count(*) OVER near)
        / (2.0 * count(*) OVER near) AS near_rank,
        count(*) OVER far AS far_n,
        (rank() OVER (far ORDER BY x) - 1 + (cume_dist() OVER (far ORDER BY x)) * count(*) OVER far)
        / (2.0 * count(*) OVER far) AS far_rank
    FROM values_long
    WINDOW
        near AS (PARTITION BY screen, kind_code, band),
        far AS (PARTITION BY screen, band)
)

SELECT
    r.cid,
    r.screen,
    r.x,
    CASE WHEN r.near_n >= l.peer_min THEN r.near_n WHEN r.far_n >= l.peer_min THEN r.far_n END AS members,
    CASE WHEN r.near_n >= l.peer_min THEN r.near_rank WHEN r.far_n >= l.peer_min THEN r.far_rank END AS midrank
FROM ranked AS r
INNER JOIN scope AS c ON r.cid = c.cid
INNER JOIN limits AS l ON c.rule_date = l.rule_date
