-- table: unfinished
-- One row a contractor with contracts signed and not finished on the period's last day (認定辦法 §9, §10): how many,
-- and what is left of them by its part. ``at_least`` counts what is known to be left: the sum less what was valued, else
-- less what the progress says was done; ``at_most`` takes a contract with neither whole. A contract without a sum, or a
-- joint one whose shares are not stated, makes the total unknown (``n_unknown``).
WITH open_parts AS (
    SELECT
        s.fid,
        p.stage = 'under_way' AS is_running,
        s.part::DECIMAL(18, 9) AS part,
        s.is_known AND coalesce(p.changed_amount, p.contract_amount) IS NOT NULL AS is_known,
        coalesce(p.changed_amount, p.contract_amount) AS total,
        coalesce(
            greatest(coalesce(p.changed_amount, p.contract_amount) - p.valued_amount, 0)::DECIMAL(18, 2),
            (coalesce(p.changed_amount, p.contract_amount) * (1 - least(p.actual_progress, 1)))::DECIMAL(18, 2)
        ) AS remaining
    FROM project AS p
    INNER JOIN parts AS s ON p.cid = s.cid
    WHERE p.stage IN ('under_way', 'not_started')
)

SELECT
    fid,
    count(*) AS n,
    count(*) FILTER (WHERE is_running) AS n_running,
    count(*) FILTER (WHERE NOT is_known) AS n_unknown,
    coalesce(sum(part * remaining) FILTER (WHERE is_known), 0)::DOUBLE AS at_least,
    coalesce(sum(part * coalesce(remaining, total::DECIMAL(18, 2))) FILTER (WHERE is_known), 0)::DOUBLE AS at_most
FROM open_parts
GROUP BY fid
