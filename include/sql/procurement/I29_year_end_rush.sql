/*
id: I29
name_zh: 年底集中決標
name_en: Year-end rush
family: period
indicator: ["#29", "X002"]
legal_basis: 採購稽核小組作業規則第7條第1款、第2款
must_watch: null
formula: >-
  本案決標於會計年度最後21日，且該機關當年於此期間之決標件數高於全部機關之比率
  （二項精確檢定，機關間以Benjamini-Hochberg控制，q ≤ 5%，機關10件以上）。
parameters: [year_end_days, agency_q, market_min]
needs: [award_case.award_date, award_case.agency_key, award_case.award_amount]
strength: low
amount: 該機關於此期間之決標金額
example: 某機關全年22件中11件在12月11日以後決標，全體機關僅7.9%。
not_proof: 年度經費核定時程、災後復建等亦會使年底決標集中。
reason: 該機關當年{n:num}件中{late:num}件於最後{days:num}日決標，全體機關僅{expected:pct}（q＝{value:p}）
*/
WITH dated AS (
    SELECT
        c.aid,
        year(c.award_date) AS award_year,
        (make_date(year(c.award_date), 12, 31) - c.award_date < l.year_end_days)::INTEGER AS y,
        c.award_amount
    FROM cases AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    WHERE c.award_date IS NOT NULL
),

years AS (
    SELECT
        award_year,
        count(*) AS n,
        sum(y) AS late
    FROM dated
    GROUP BY award_year
),

counted AS (
    SELECT
        d.aid,
        d.award_year,
        count(*) AS n,
        sum(d.y) AS late,
        sum(d.award_amount) FILTER (WHERE d.y = 1) AS amount
    FROM dated AS d
    GROUP BY d.aid, d.award_year
),

tested AS (
    SELECT
        c.*,
        (t.late - c.late + 1) / (t.n - c.n + 2) AS expected,
        CASE WHEN c.n >= (SELECT max(market_min) FROM limits)
                THEN binom_sf(c.late::DOUBLE, c.n::DOUBLE, (t.late - c.late + 1) / (t.n - c.n + 2))
        END AS p
    FROM counted AS c
    INNER JOIN years AS t ON c.award_year = t.award_year
),

flagged AS (
    SELECT
        c.*,
        l.agency_q,
        l.year_end_days,
        make_date(year(c.award_date), 12, 31) - c.award_date < l.year_end_days AS is_late
    FROM scope AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
)

SELECT
    c.cid,
    CASE
        WHEN c.award_date IS NULL THEN 'award_date'
        WHEN c.is_late AND t.p IS NULL THEN 'small:agency'
    END AS reason,
    coalesce(c.is_late AND t.q <= c.agency_q, FALSE) AS fired,
    t.q AS value,
    c.agency_q AS threshold,
    t.amount AS amount_at_stake,
    {
        'days': num(c.year_end_days), 'expected': num(t.expected), 'late': t.late::BIGINT, 'n': t.n
    } AS evidence
FROM flagged AS c
LEFT JOIN bh('tested') AS t ON c.aid = t.aid AND year(c.award_date) = t.award_year
