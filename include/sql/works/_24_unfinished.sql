-- table: unfinished
-- One row a contractor with contracts signed and not finished on the period's last day (認定辦法 §9, §10): how
-- many, and what is left of them by its part. ``at_least`` counts what is known to be left: the sum less what was
-- valued, else less what the progress says was done; ``at_most`` takes a contract with neither whole. A contract
-- without a sum, or a joint one whose shares are not stated, makes the total unknown (``n_unknown``). Sums are
-- decimals: the same in any order. ``n_running`` are under way by the works export; that a contract known from its
-- award alone still runs is an assumption (``n_assumed``).
WITH signed AS (
    SELECT
        cid,
        stage = 'under_way' AS is_running,
        list_contains(string_split(sources, ','), 'works_projects') AS is_seen,
        coalesce(changed_amount, contract_amount) AS total,
        coalesce(valued_amount, coalesce(changed_amount, contract_amount) * actual_progress) AS done
    FROM project
    WHERE stage IN ('under_way', 'not_started')
),

open_parts AS (
    SELECT
        s.fid,
        p.is_running,
        p.is_seen,
        s.part,
        s.is_known AND p.total IS NOT NULL AS is_known,
        p.total,
        CASE WHEN p.done > p.total THEN 0 ELSE p.total - p.done END AS remaining
    FROM signed AS p
    INNER JOIN parts AS s ON p.cid = s.cid
)

SELECT
    fid,
    count(*) AS n,
    count(*) FILTER (WHERE is_running AND is_seen) AS n_running,
    count(*) FILTER (WHERE is_running AND NOT is_seen) AS n_assumed,
    count(*) FILTER (WHERE NOT is_known) AS n_unknown,
    coalesce(sum((part * remaining)::DECIMAL(38, 2)) FILTER (WHERE is_known), 0)::DOUBLE AS at_least,
    coalesce(sum((part * coalesce(remaining, total))::DECIMAL(38, 2)) FILTER (WHERE is_known), 0)::DOUBLE AS at_most
FROM open_parts
GROUP BY fid
