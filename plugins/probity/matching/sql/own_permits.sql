-- Which permits are a contract's own: the permit's work title is the contract's title, or begins with it.
-- In:  project_title (project, key), permit_title (permit, key), same_firm (project, permit), wanted (shortest, lone).
-- Out: project, permit.
-- A title shorter than ``lone`` (「110年度道路改善工程」 is every office's) counts only with the same firm; below
-- ``shortest`` never. What goes on with a number or 第...標 names another lot: 「...工程(1)」 is not 「...工程(10-4)」.
-- Of several titles the longest holds; of several contracts of one title those with the permit's own firm.

WITH lengths AS (
    SELECT DISTINCT
        left(c.key, w.shortest) AS head,
        length(c.key) AS n
    FROM project_title AS c
    CROSS JOIN wanted AS w
    WHERE length(c.key) >= w.shortest
),

beginnings AS (
    SELECT
        p.permit,
        p.key,
        l.n,
        left(p.key, l.n) AS beginning
    FROM permit_title AS p
    CROSS JOIN wanted AS w
    INNER JOIN lengths AS l ON left(p.key, w.shortest) = l.head AND length(p.key) >= l.n
),

hits AS (
    SELECT
        c.project,
        p.permit,
        p.n,
        s.project IS NOT NULL AS same_firm
    FROM beginnings AS p
    INNER JOIN project_title AS c ON p.beginning = c.key
    LEFT JOIN same_firm AS s ON c.project = s.project AND p.permit = s.permit
    WHERE
        NOT regexp_matches(
            substr(p.key, p.n + 1), '^(\d|第?[一二三四五六七八九十百\d]+(分?標|期|工區|標段)|[甲乙丙丁]標)'
        )
),

longest AS (
    SELECT
        *,
        bool_or(same_firm) OVER (PARTITION BY permit) AS firm_known,
        count(*) OVER (PARTITION BY permit) AS claimants
    FROM hits
    QUALIFY n = max(n) OVER (PARTITION BY permit)
)

SELECT
    l.project,
    l.permit
FROM longest AS l
CROSS JOIN wanted AS w
WHERE l.same_firm OR (NOT l.firm_known AND l.claimants = 1 AND l.n >= w.lone)
ORDER BY l.project, l.permit
