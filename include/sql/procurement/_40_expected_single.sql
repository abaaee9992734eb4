-- table: expected_single
-- For each case: the share of single-bidder cases that its peers lead one to expect, the case itself left out. The fine
-- cell's share is drawn towards the middle cell's, that towards the wide cell's, that towards all cases', each with the
-- weight of ``shrink_cases`` cases (a beta prior). ``peers`` counts the wide cell.
WITH known AS (
    SELECT
        c.cid,
        c.cell_fine,
        c.cell_middle,
        c.cell_wide,
        (c.n_bidders = 1)::INTEGER AS single,
        l.shrink_cases AS k
    FROM cases AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    WHERE c.n_bidders >= 1 AND c.cell_fine IS NOT NULL
),

fine AS (
    SELECT
        cell_fine,
        count(*) AS n,
        sum(single) AS singles
    FROM known
    GROUP BY cell_fine
),

middle AS (
    SELECT
        cell_middle,
        count(*) AS n,
        sum(single) AS singles
    FROM known
    GROUP BY cell_middle
),

wide AS (
    SELECT
        cell_wide,
        count(*) AS n,
        sum(single) AS singles
    FROM known
    GROUP BY cell_wide
),

whole AS (
    SELECT
        count(*) AS n,
        sum(single) AS singles
    FROM known
),

level_wide AS (
    SELECT
        k.*,
        w.n - 1 AS peers,
        (w.singles - k.single + k.k * (a.singles - k.single + 1) / (a.n + 1)) / (w.n - 1 + k.k) AS p_wide
    FROM known AS k
    INNER JOIN wide AS w ON k.cell_wide = w.cell_wide
    CROSS JOIN whole AS a
),

level_middle AS (
    SELECT
        k.*,
        (m.singles - k.single + k.k * k.p_wide) / (m.n - 1 + k.k) AS p_middle
    FROM level_wide AS k
    INNER JOIN middle AS m ON k.cell_middle = m.cell_middle
)

SELECT
    k.cid,
    k.peers,
    (f.singles - k.single + k.k * k.p_middle) / (f.n - 1 + k.k) AS expected
FROM level_middle AS k
INNER JOIN fine AS f ON k.cell_fine = f.cell_fine
