-- table: voices
-- One row a project and a report of the public near it, received by the period's last day, repeated reports left out.
-- For roads only what concerns the surface counts, unless the report names the contract.
SELECT
    l.cid,
    c.complaint_id,
    c.channel,
    c.received_date,
    l.method,
    l.distance_m
FROM project_complaint AS l
INNER JOIN complaint AS c ON l.complaint_id = c.complaint_id
INNER JOIN project AS p ON l.cid = p.cid
CROSS JOIN run_period AS r
WHERE
    c.duplicate_of IS NULL
    AND c.received_date <= r.last_day
    AND (c.about_road OR l.method = 'case_no' OR p.facility <> 'road')
