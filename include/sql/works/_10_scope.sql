-- view: scope
-- The period's own projects, with the period's last day (everything is as it stood on it), the contract sum and the due
-- date in force, and the day the work was done.
SELECT
    p.*,
    r.last_day,
    coalesce(p.changed_amount, p.contract_amount) AS amount,
    coalesce(p.changed_end, p.planned_end) AS due_date,
    coalesce(p.actual_end, p.acceptance_date) AS done_date
FROM project AS p
CROSS JOIN run_period AS r
WHERE p.in_scope
