-- macros
-- Small words that the signals of every family share. Each says what it is.

-- The names of what is missing, joined by comma; NULL when nothing is.
CREATE MACRO lacking(a) AS a,
(a, b) AS nullif(concat_ws(',', a, b), ''),
(a, b, c) AS nullif(concat_ws(',', a, b, c), ''),
(a, b, c, d) AS nullif(concat_ws(',', a, b, c, d), ''),
(a, b, c, d, e) AS nullif(concat_ws(',', a, b, c, d, e), '');

-- The token when the condition holds, else NULL.
CREATE MACRO unless_known(x, token) AS CASE WHEN x IS NULL THEN token END;

-- A number as canonical JSON writes it: whole numbers bare, others with four decimals; NULL when absurdly large.
CREATE MACRO num(x) AS CASE
    WHEN x IS NULL OR abs(x) >= 9e15 THEN NULL
    WHEN round(x, 4) = trunc(x) THEN to_json(trunc(x)::BIGINT)
    ELSE to_json(round(x::DOUBLE, 4))
END;

-- Benjamini and Hochberg (1995): the rows of a relation with column p, and q, the false-discovery rate.
CREATE MACRO bh(source) AS TABLE
SELECT
    * EXCLUDE (p_rank, p_count),
    least(1.0, min(p * p_count / p_rank) OVER (ORDER BY p_rank DESC ROWS UNBOUNDED PRECEDING)) AS q
FROM (
    SELECT
        *,
        row_number() OVER (ORDER BY p) AS p_rank,
        count(*) OVER () AS p_count
    FROM query_table(source)
    WHERE p IS NOT NULL
);

-- For a relation (cell, x): each distinct x of a cell with the cell's size and its mid-rank in it
-- (share below, plus half of the share equal): 0.5 in the middle, near 0 or 1 at the ends, ties fair.
CREATE MACRO midrank(source) AS TABLE
SELECT
    cell,
    x,
    sum(times) OVER (PARTITION BY cell) AS members,
    (sum(times) OVER (PARTITION BY cell ORDER BY x) - times / 2.0) / sum(times) OVER (PARTITION BY cell) AS midrank
FROM (
    SELECT
        cell,
        x,
        count(*) AS times
    FROM query_table(source)
    WHERE cell IS NOT NULL AND x IS NOT NULL
    GROUP BY cell, x
);
