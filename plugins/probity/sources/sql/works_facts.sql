-- What export and award notice say of each contract by the period's last day; months of progress and changes.
-- In:  contract, exported, award_of, works_span, month_seen, change_seen, contract_change (of the awards).
-- Out: contract_month, contract_step, contract_fact.

CREATE TABLE contract_month AS
SELECT
    m.ak,
    m.ck,
    m.month_end,
    arg_min(m.planned_progress, m.rank) AS planned_progress,
    arg_min(m.actual_progress, m.rank) AS actual_progress,
    arg_min(m.exec_state, m.rank) AS exec_state,
    arg_min(m.behind_factor, m.rank) AS behind_factor
FROM month_seen AS m
INNER JOIN contract AS c ON m.ak = c.ak AND m.ck = c.ck
CROSS JOIN works_span AS w
WHERE m.month_end <= w.last_day
GROUP BY m.ak, m.ck, m.month_end;

-- The export's changes; those of the city's list for contracts of which the export holds none.
CREATE TABLE contract_step AS
WITH own AS (
    SELECT
        s.ak,
        s.ck,
        s.change_no,
        arg_min(s.change_date, s.rank) AS change_date,
        arg_min(s.amount_delta, s.rank) AS amount_delta,
        arg_min(s.reason, s.rank) AS reason
    FROM change_seen AS s
    INNER JOIN contract AS c ON s.ak = c.ak AND s.ck = c.ck
    CROSS JOIN works_span AS w
    WHERE s.change_date <= w.last_day OR (s.change_date IS NULL AND s.timely)
    GROUP BY s.ak, s.ck, s.change_no
)

SELECT * FROM own
UNION ALL
SELECT
    c.ak,
    c.ck,
    h.change_no,
    h.change_date,
    h.amount_delta,
    h.reason
FROM contract_change AS h
INNER JOIN contract AS c ON h.case_id = c.award_case_id
CROSS JOIN works_span AS w
WHERE
    h.change_date <= w.last_day
    AND NOT EXISTS (
        SELECT 1 FROM own AS o
        WHERE o.ak = c.ak AND o.ck = c.ck
    );

CREATE TABLE contract_fact AS
WITH changed AS (
    SELECT
        ak,
        ck,
        sum(amount_delta)::BIGINT AS delta
    FROM contract_step
    GROUP BY ak, ck
),

latest AS (
    SELECT *
    FROM contract_month
    QUALIFY row_number() OVER (PARTITION BY ak, ck ORDER BY month_end DESC) = 1
),

said AS (
    SELECT
        c.ak,
        c.ck,
        c.award_case_id,
        c.is_exported,
        coalesce(e.timely, TRUE) AS timely,
        coalesce(e.agency_name, a.agency_name) AS agency_name,
        coalesce(e.case_no, a.case_no) AS case_no,
        coalesce(e.title, a.title) AS title,
        e.facility_raw,
        coalesce(e.category_code, a.category_code) AS category_code,
        coalesce(e.tender_notice_date, a.tender_notice_date) AS tender_notice_date,
        coalesce(e.award_date, a.award_date) AS award_date,
        a.award_notice_date,
        coalesce(e.award_way, a.award_way) AS award_way,
        coalesce(e.budget, a.budget) AS budget,
        coalesce(e.reserve_price, a.reserve_price) AS reserve_price,
        coalesce(e.contract_amount, a.award_amount) AS contract_amount,
        e.changed_amount AS stated_amount,
        h.delta,
        e.valued_amount,
        CASE WHEN c.is_exported THEN e.start_date ELSE a.performance_start END AS stated_start,
        coalesce(e.planned_end, a.performance_end) AS planned_end,
        e.changed_end,
        e.actual_end AS stated_end,
        e.acceptance_date AS stated_acceptance,
        e.warranty_end AS stated_warranty_end,
        coalesce(p.planned_progress, CASE WHEN p.ak IS NULL THEN a.planned_progress END) AS planned_progress,
        coalesce(p.actual_progress, CASE WHEN p.ak IS NULL THEN a.actual_progress END) AS actual_progress,
        coalesce(p.month_end, a.progress_date) AS progress_date,
        coalesce(p.exec_state, e.exec_state) AS exec_state,
        e.district AS written_district,
        coalesce(e.location, a.performance_location) AS location,
        e.x,
        e.y,
        e.station_start,
        e.station_end,
        e.width_m,
        e.area_m2,
        e.thickness_cm,
        coalesce(e.designer_name, a.designer_name) AS designer_name,
        e.supervisor_name,
        coalesce(e.designated, a.designated) AS designated,
        coalesce(e.tip_off, a.tip_off) AS tip_off,
        array_to_string(
            list_sort(
                string_split(concat_ws(',', CASE WHEN c.is_exported THEN 'works_projects' END, a.sources), ',')
            ),
            ','
        ) AS sources,
        coalesce(e.n_rows, 0) + coalesce(a.n_observations, 0) AS n_observations
    FROM contract AS c
    LEFT JOIN exported AS e ON c.ak = e.ak AND c.ck = e.ck AND c.is_exported
    LEFT JOIN award_of AS a ON c.award_case_id = a.case_id
    LEFT JOIN changed AS h ON c.ak = h.ak AND c.ck = h.ck
    LEFT JOIN latest AS p ON c.ak = p.ak AND c.ck = p.ck
)

SELECT
    s.*,
    coalesce(s.stated_amount, s.contract_amount + s.delta) AS changed_amount,
    CASE WHEN s.stated_start <= w.last_day THEN s.stated_start END AS start_date,
    CASE WHEN s.stated_end <= w.last_day THEN s.stated_end END AS actual_end,
    CASE WHEN s.stated_acceptance <= w.last_day THEN s.stated_acceptance END AS acceptance_date
FROM said AS s
CROSS JOIN works_span AS w
WHERE coalesce(s.award_date, s.award_notice_date, s.stated_start) <= w.last_day
    OR (s.timely AND coalesce(s.award_date, s.award_notice_date, s.stated_start) IS NULL);
