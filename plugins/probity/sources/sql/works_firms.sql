-- Who carries each contract: the firms of the file believed first, else the winners of its award.
-- In:  project, firm_seen (ak, ck, file_rank, month_end, rank and the firm), bid (of the awards), contractor_seen,
--      full_of (firm_name, full_name).
-- Out: project_firm. A firm without 統編 takes that of the same name among the winners of its own award, else the only
-- one that the register or the awards give that full name, its form included (公司法 §18: unique nationwide).

CREATE TABLE firm_id_of AS
WITH named AS (
    SELECT
        n.full_name,
        c.firm_id
    FROM contractor_seen AS c
    INNER JOIN full_of AS n ON c.firm_name = n.firm_name
    WHERE c.firm_id IS NOT NULL
    UNION
    SELECT
        n.full_name,
        b.firm_id
    FROM bid AS b
    INNER JOIN full_of AS n ON b.firm_name = n.firm_name
    WHERE b.firm_id IS NOT NULL AND contains(b.firm_name, '公司')
)

SELECT
    full_name,
    min(firm_id) AS firm_id
FROM named
GROUP BY full_name
HAVING min(firm_id) = max(firm_id);

CREATE TABLE project_firm AS
WITH exported_firm AS (
    SELECT
        p.case_id,
        p.award_case_id,
        s.firm_id,
        s.firm_name,
        s.firm_key,
        s.share,
        s.rank
    FROM firm_seen AS s
    INNER JOIN project AS p ON s.ak = p.agency_key AND s.ck = p.ck
    QUALIFY
        s.file_rank = min(s.file_rank) OVER (PARTITION BY p.case_id)
        AND coalesce(s.month_end, DATE '9999-12-31')
        = max(coalesce(s.month_end, DATE '9999-12-31')) OVER (PARTITION BY p.case_id, s.file_rank, s.sheet)
),

winner AS (
    SELECT
        p.case_id,
        b.firm_id,
        b.firm_name,
        b.firm_key,
        NULL::DOUBLE AS share,
        row_number() OVER (PARTITION BY p.case_id ORDER BY b.firm) AS rank
    FROM project AS p
    INNER JOIN bid AS b ON p.award_case_id = b.case_id
    WHERE b.is_winner AND p.case_id NOT IN (SELECT e.case_id FROM exported_firm AS e)
),

own_award AS (
    SELECT
        case_id,
        firm_key,
        min(firm_id) AS firm_id
    FROM bid
    WHERE firm_id IS NOT NULL AND is_winner
    GROUP BY case_id, firm_key
    HAVING min(firm_id) = max(firm_id)
),

named AS (
    SELECT
        e.case_id,
        coalesce(e.firm_id, o.firm_id) AS firm_id,
        e.firm_name,
        e.firm_key,
        e.share,
        e.rank
    FROM exported_firm AS e
    LEFT JOIN own_award AS o ON e.award_case_id = o.case_id AND e.firm_key = o.firm_key
    UNION ALL BY NAME
    SELECT * FROM winner
),

known AS (
    SELECT
        n.case_id,
        coalesce(n.firm_id, i.firm_id) AS firm_id,
        n.firm_name,
        n.firm_key,
        n.share,
        n.rank,
        coalesce(n.firm_id, i.firm_id, 'N:' || n.firm_key) AS firm
    FROM named AS n
    LEFT JOIN full_of AS f ON n.firm_name = f.firm_name
    LEFT JOIN firm_id_of AS i ON f.full_name = i.full_name
),

one AS (
    SELECT
        case_id,
        firm,
        min(firm_id) AS firm_id,
        arg_min(firm_name, rank) AS firm_name,
        arg_min(firm_key, rank) AS firm_key,
        max(share) AS share
    FROM known
    GROUP BY case_id, firm
)

SELECT
    *,
    count(*) OVER (PARTITION BY case_id) AS n_firms
FROM one;
