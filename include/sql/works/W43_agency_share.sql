/*
id: W43
name_zh: 占同一機關工程比重過高
name_en: One contractor's share of an agency's works
family: capacity
indicator: ["承攬能量異常", "#18", "#36"]
legal_basis: 政府採購法第6條第1項；臺中市政府政風處年度施政計畫八（承攬能量異常）
must_watch: null
formula: >-
  選案期間末日前365日內決標之工程，廠商於本機關承攬金額／本機關工程總額 ≥ 30%，於本機關3件以上、本機關10件以上，
  且其件數高於依其全部件數隨機分配（超幾何精確檢定，p ≤ 1%）。
parameters: [agency_works_days, agency_works_share, agency_works_contracts, market_min, share_p]
needs: [project.agency_key, project.award_date, project.contract_amount, project_firm.firm, project_firm.share]
strength: high
amount: 該廠商於本機關一年內承攬金額
example: 一年內本機關20件工程，某廠商得7件、占金額41.0%。
not_proof: 在地廠商少、機關工程件數少均可使比重偏高。
reason: 「{firm}」{days:num}日內承攬本機關工程{n:num}件（全部{all:num}件），占金額{value:pct}（門檻{threshold:pct}）
*/
WITH longest AS (
    SELECT max(agency_works_days)::INTEGER AS days FROM limits
),

recent AS (
    SELECT
        p.cid,
        p.aid,
        p.contract_amount
    FROM project AS p
    CROSS JOIN run_period AS r
    CROSS JOIN longest AS l
    WHERE p.award_date > r.last_day - l.days AND p.award_date <= r.last_day AND p.contract_amount > 0
),

agencies AS (
    SELECT
        aid,
        count(*) AS n,
        sum(contract_amount) AS total
    FROM recent
    GROUP BY aid
),

pairs AS (
    SELECT
        r.aid,
        s.fid,
        count(*) AS n,
        sum((r.contract_amount * s.part)::DECIMAL(38, 2))::DOUBLE AS total
    FROM recent AS r
    INNER JOIN parts AS s ON r.cid = s.cid
    GROUP BY r.aid, s.fid
),

everywhere AS (
    SELECT
        fid,
        sum(n) AS n
    FROM pairs
    GROUP BY fid
),

whole AS (
    SELECT count(*) AS n FROM recent
),

judged AS (
    SELECT
        p.aid,
        p.fid,
        p.n,
        p.total,
        a.n AS agency_n,
        round(p.total / a.total, 4) AS part,
        hypergeom_sf(p.n::DOUBLE, h.n::DOUBLE, w.n::DOUBLE, a.n::DOUBLE) AS p_value
    FROM pairs AS p
    INNER JOIN agencies AS a ON p.aid = a.aid
    INNER JOIN everywhere AS w ON p.fid = w.fid
    CROSS JOIN whole AS h
),

top AS (
    SELECT
        c.cid,
        arg_max(
            { 'firm': f.label, 'n': j.n, 'part': j.part, 'total': j.total },
            (j.n >= l.agency_works_contracts AND j.p_value <= l.share_p, j.part, -j.fid)
        ) AS hit,
        bool_or(
            j.agency_n >= l.market_min AND j.n >= l.agency_works_contracts
            AND j.part >= l.agency_works_share AND j.p_value <= l.share_p
        ) AS is_high
    FROM scope AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    INNER JOIN parts AS s ON c.cid = s.cid
    INNER JOIN judged AS j ON c.aid = j.aid AND s.fid = j.fid
    INNER JOIN firms AS f ON s.fid = f.fid
    GROUP BY c.cid
)

SELECT
    c.cid,
    CASE
        WHEN j.cid IS NULL THEN 'firm'
        WHEN coalesce(a.n, 0) < l.market_min THEN 'small:agency'
    END AS reason,
    coalesce(t.is_high, FALSE) AS fired,
    coalesce(t.hit.part, 0) AS value,
    l.agency_works_share AS threshold,
    t.hit.total AS amount_at_stake,
    { 'all': a.n, 'days': num(l.agency_works_days), 'firm': t.hit.firm, 'n': t.hit.n } AS evidence
FROM scope AS c
LEFT JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN joint AS j ON c.cid = j.cid
LEFT JOIN agencies AS a ON c.aid = a.aid
LEFT JOIN top AS t ON c.cid = t.cid
