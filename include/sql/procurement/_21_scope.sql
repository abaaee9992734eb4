-- view: scope
-- The period's own cases: those whose award notice falls within the period.
SELECT *
FROM cases
WHERE in_scope
