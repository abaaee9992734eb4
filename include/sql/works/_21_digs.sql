-- table: digs
-- One row a project and an excavation permit of others on its road, begun by the period's last day: how far away, and
-- what is known of the permit's contractor beside the project's own. Names on permits are cut and abbreviated: an
-- uncertain match is said to be one and is never counted as the same firm.
WITH alike AS (
    SELECT
        f.cid,
        m.firm_key,
        max(m.confidence) AS confidence
    FROM permit_firm AS m
    INNER JOIN project_firm AS f ON m.firm = f.firm
    GROUP BY f.cid, m.firm_key
)

SELECT
    l.cid,
    p.permit_id,
    coalesce(p.permit_no, p.application_no) AS permit_no,
    p.start_date,
    p.is_paving,
    l.distance_m,
    CASE WHEN l.same_firm THEN 'same' WHEN a.confidence IS NOT NULL THEN 'unsure' ELSE 'other' END AS match,
    CASE
        WHEN l.same_firm THEN '與本工程同一廠商'
        WHEN a.confidence IS NOT NULL
            THEN '疑為本工程廠商（許可證載「' || p.firm_name || '」，比對信心' || round(100 * a.confidence)::INTEGER
                || '%，未計為同一廠商）'
        WHEN p.firm_key IS NULL THEN '許可證未載廠商'
        ELSE '其他廠商'
    END AS contractor
FROM project_permit AS l
INNER JOIN permit AS p ON l.permit_id = p.permit_id
CROSS JOIN run_period AS r
LEFT JOIN alike AS a ON l.cid = a.cid AND p.firm_key = a.firm_key
WHERE l.method <> 'title' AND p.start_date <= r.last_day
