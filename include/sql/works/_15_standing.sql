-- table: standing
-- One row a contractor: its entry of the register in force on the period's last day.
SELECT
    r.fid,
    arg_max(
        {
            'base_city': r.base_city, 'capital': r.capital, 'grade': r.grade, 'match': r.matched,
            'net_worth': r.net_worth
        }, (r.valid_from, r.by_number, r.capital, r.net_worth, r.grade, r.base_city)
    ) AS entry
FROM registered AS r
CROSS JOIN run_period AS p
WHERE r.valid_to IS NULL OR r.valid_to >= p.last_day
GROUP BY r.fid
