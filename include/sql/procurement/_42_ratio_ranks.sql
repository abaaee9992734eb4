-- table: ratio_ranks
-- Award / reserve price and award / budget of each case of the period, to four decimals, and their mid-ranks among like
-- cases (method x kind x value band x year; method x kind when that group has fewer than peer_min members).
WITH ratios AS (
    SELECT
        c.cid,
        c.in_scope,
        c.cell_fine,
        c.cell_wide,
        l.peer_min,
        CASE WHEN c.reserve_price > 0 AND c.award_amount > 0
                THEN least(round(c.award_amount / c.reserve_price * 10000), 1e9)::INTEGER
        END AS reserve_bp,
        CASE WHEN c.budget > 0 AND c.award_amount > 0
                THEN least(round(c.award_amount / c.budget * 10000), 1e9)::INTEGER
        END AS budget_bp
    FROM cases AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
),

reserve_near AS (
    SELECT
        cell_fine AS cell,
        reserve_bp AS x
    FROM ratios
),

reserve_far AS (
    SELECT
        cell_wide AS cell,
        reserve_bp AS x
    FROM ratios
),

budget_near AS (
    SELECT
        cell_fine AS cell,
        budget_bp AS x
    FROM ratios
),

budget_far AS (
    SELECT
        cell_wide AS cell,
        budget_bp AS x
    FROM ratios
)

SELECT
    r.cid,
    r.reserve_bp / 10000.0 AS reserve_ratio,
    r.budget_bp / 10000.0 AS budget_ratio,
    CASE WHEN rn.members >= r.peer_min THEN rn.midrank WHEN rf.members >= r.peer_min THEN rf.midrank END AS reserve_rank,
    CASE WHEN rn.members >= r.peer_min THEN rn.members WHEN rf.members >= r.peer_min THEN rf.members END AS reserve_members,
    CASE WHEN bn.members >= r.peer_min THEN bn.midrank WHEN bf.members >= r.peer_min THEN bf.midrank END AS budget_rank,
    CASE WHEN bn.members >= r.peer_min THEN bn.members WHEN bf.members >= r.peer_min THEN bf.members END AS budget_members
FROM ratios AS r
LEFT JOIN midrank('reserve_near') AS rn ON r.cell_fine = rn.cell AND r.reserve_bp = rn.x
LEFT JOIN midrank('reserve_far') AS rf ON r.cell_wide = rf.cell AND r.reserve_bp = rf.x
LEFT JOIN midrank('budget_near') AS bn ON r.cell_fine = bn.cell AND r.budget_bp = bn.x
LEFT JOIN midrank('budget_far') AS bf ON r.cell_wide = bf.cell AND r.budget_bp = bf.x
WHERE r.in_scope
