-- Contracts and permits whose contractor is surely the same; an uncertain match never counts.
-- In:  project (case_id, project), project_firm, permit (permit, firm_key), permit_firm.
-- Out: project, permit.

SELECT DISTINCT
    c.project,
    p.permit
FROM permit_firm AS m
INNER JOIN project_firm AS f ON m.firm = f.firm
INNER JOIN project_row AS c ON f.case_id = c.case_id
INNER JOIN permit_row AS p ON m.firm_key = p.firm_key
WHERE m.sure
ORDER BY c.project, p.permit
