-- table: heard
-- The first and last day of the reports of the public that the snapshot holds, by channel.
SELECT
    c.channel = 'citizen_supervision' AS is_supervision,
    min(c.received_date) AS since,
    max(c.received_date) AS until
FROM complaint AS c
CROSS JOIN run_period AS r
WHERE c.received_date <= r.last_day
GROUP BY c.channel = 'citizen_supervision'
