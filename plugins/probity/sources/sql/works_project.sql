-- The projects: how far each contract had come on the period's last day, and whether it can be chosen.
-- In:  contract_fact, contract_known (known_ak, known_ck and what the words say: facility, road_basis, warranty_years,
--      terminated, finished, title_key, district, districts, road_keys), works_span,
--      works_assumed (start_days, months), works_facility (facility). Out: project.
--
-- Started: on the day written, else when progress is reported, else (known from the award notice alone) on the first
-- day of performance, else start_days after the award. Finished: on the day written, else the day of acceptance, else
-- (the state says so) the planned end; from the notice alone: the end of performance, else months after the start.
-- Warranty: to the day written, else warranty_years after acceptance (completion when that is not known).

CREATE TABLE project AS
WITH begun AS (
    SELECT
        f.*,
        k.*,
        w.first_day,
        w.last_day,
        coalesce(
            f.start_date,
            CASE WHEN f.actual_progress > 0 THEN least(f.progress_date, w.last_day) END,
            CASE
                WHEN NOT f.is_exported AND f.stated_start IS NULL
                    THEN (coalesce(f.award_date, f.award_notice_date) + to_days(a.start_days))::DATE
            END
        ) AS begins,
        a.months
    FROM contract_fact AS f
    INNER JOIN contract_known AS k ON f.ak = k.known_ak AND f.ck = k.known_ck
    CROSS JOIN works_span AS w
    CROSS JOIN works_assumed AS a
),

ended AS (
    SELECT
        *,
        coalesce(
            actual_end,
            acceptance_date,
            CASE WHEN finished THEN least(coalesce(changed_end, planned_end, progress_date, last_day), last_day) END,
            CASE
                WHEN NOT is_exported AND planned_end <= last_day THEN planned_end
                WHEN NOT is_exported AND planned_end IS NULL AND begins + to_months(months) <= last_day
                    THEN (begins + to_months(months))::DATE
            END
        ) AS ends
    FROM begun
),

guarded AS (
    SELECT
        *,
        coalesce(
            stated_warranty_end, (coalesce(acceptance_date, ends) + to_years(warranty_years::INTEGER))::DATE
        ) AS warranty_end
    FROM ended
),

staged AS (
    SELECT
        *,
        CASE
            WHEN terminated THEN 'closed'
            WHEN ends IS NOT NULL AND warranty_end >= last_day THEN 'in_warranty'
            WHEN ends IS NOT NULL THEN 'closed'
            WHEN begins <= last_day THEN 'under_way'
            ELSE 'not_started'
        END AS stage
    FROM guarded
)

SELECT
    s.ak || '|' || s.ck AS case_id,
    CASE WHEN s.ak NOT LIKE 'N:%' THEN s.ak END AS agency_id,
    s.ak AS agency_key,
    (
        s.stage IN ('under_way', 'in_warranty') AND s.facility IN (SELECT w.facility FROM works_facility AS w)
    ) AS eligible,
    s.*
FROM staged AS s
WHERE s.stage <> 'closed' OR coalesce(s.ends, s.planned_end, s.award_date, s.last_day) >= s.first_day;
