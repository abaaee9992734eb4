/*
id: W11B
name_zh: 決標比率低於同類工程
name_en: Award lower than its class
family: price
indicator: ["低價搶標", "P10"]
legal_basis: 政府採購法第58條；臺中市政府政風處年度施政計畫八（低價搶標）
must_watch: null
formula: >-
  底價不明時，決標金額／預算金額在同類工程決標案（最低標、同標的分類×同預算級距，不足30件者同預算級距）之位置（低於者加同值之半）
  ≤ 10%。已達W11A（不及70%）者不重複計。
parameters: [low_price_rank, low_price_budget, unit_price_share, peer_min]
needs: [project.contract_amount, project.budget, project.reserve_price, project.award_way, project.category_code,
  award_case.kind, award_case.award_way, award_case.award_amount, award_case.budget, award_case.category_code,
  award_case.award_notice_date]
strength: low
amount: 預算金額與決標金額之差
example: 決標金額為預算之74.2%，同類工程之最低10%為79.4%以下。
not_proof: 預算編列寬鬆亦使比率偏低；每期必有一成案件落在最低一成，本項只供排序。
reason: 決標金額{award:money}為預算{budget:money}之{ratio:pct}，居同類工程{n:num}件最低之{value:pct}（門檻{threshold:pct}，{class}）
*/
WITH compared AS (
    SELECT
        c.cid,
        c.contract_amount,
        c.budget,
        c.category_code,
        c.award_case_id,
        l.low_price_rank,
        l.low_price_budget,
        l.unit_price_share,
        l.peer_min,
        value_band(c.budget) AS band,
        round(c.contract_amount / nullif(c.budget, 0), 6) AS ratio,
        coalesce(c.award_way, 'lowest') = 'lowest' AND c.reserve_price IS NULL AS applies
    FROM scope AS c
    LEFT JOIN limits AS l ON c.rule_date = l.rule_date
),

peers AS (
    SELECT
        a.case_id,
        a.category_code,
        value_band(a.budget) AS band,
        round(a.award_amount / a.budget, 6) AS ratio
    FROM award_case AS a
    CROSS JOIN run_period AS p
    WHERE
        a.kind = 'works' AND a.award_way = 'lowest' AND a.award_amount > 0 AND a.budget > 0
        AND a.award_notice_date <= p.last_day
),

counted AS (
    SELECT
        c.cid,
        count(*) AS wide_n,
        count(*) FILTER (WHERE p.ratio < c.ratio) AS wide_below,
        count(*) FILTER (WHERE p.ratio = c.ratio) AS wide_equal,
        count(*) FILTER (WHERE p.category_code = c.category_code) AS fine_n,
        count(*) FILTER (WHERE p.category_code = c.category_code AND p.ratio < c.ratio) AS fine_below,
        count(*) FILTER (WHERE p.category_code = c.category_code AND p.ratio = c.ratio) AS fine_equal
    FROM compared AS c
    INNER JOIN peers AS p ON c.band = p.band AND p.case_id IS DISTINCT FROM c.award_case_id
    WHERE c.applies AND p.ratio >= c.unit_price_share
    GROUP BY c.cid
),

ranked AS (
    SELECT
        c.*,
        coalesce(n.fine_n >= c.peer_min, FALSE) AS is_fine,
        CASE WHEN n.fine_n >= c.peer_min THEN n.fine_n ELSE coalesce(n.wide_n, 0) END AS n,
        CASE
            WHEN n.fine_n >= c.peer_min THEN (n.fine_below + n.fine_equal / 2.0) / n.fine_n
            WHEN n.wide_n >= c.peer_min THEN (n.wide_below + n.wide_equal / 2.0) / n.wide_n
        END AS place
    FROM compared AS c
    LEFT JOIN counted AS n ON c.cid = n.cid
)

SELECT
    cid,
    CASE
        WHEN NOT applies OR ratio < low_price_budget THEN NULL
        WHEN coalesce(contract_amount, 0) <= 0 OR coalesce(budget, 0) <= 0
            THEN lacking(
                    CASE WHEN coalesce(contract_amount, 0) <= 0 THEN 'contract_amount' END,
                    CASE WHEN coalesce(budget, 0) <= 0 THEN 'budget' END
                )
        WHEN place IS NULL THEN 'small:class'
    END AS reason,
    applies AND ratio >= low_price_budget AND place <= low_price_rank AS fired,
    place AS value,
    low_price_rank AS threshold,
    budget - contract_amount AS amount_at_stake,
    {
        'award': contract_amount, 'budget': budget,
        'class': CASE WHEN is_fine THEN '同標的分類、同預算級距' ELSE '同預算級距' END, 'n': n, 'ratio': num(ratio)
    } AS evidence
FROM ranked
