/*
id: P07
name_zh: 採購金額集中於門檻之下
name_en: Amounts bunched just under a threshold
family: threshold
indicator: ["P07", "#15", "R002"]
legal_basis: 政府採購法第13條第3項、第14條、第47條
must_watch: null
formula: >-
  本案金額在門檻（公告金額或查核金額）之下5%以內，且該機關近一年在門檻下5%之件數相對於門檻上5%之件數偏多：
  二項精確檢定（各半），機關間以Benjamini-Hochberg控制，q ≤ 5%。
parameters: [bunching_width, bunching_q]
needs: [award_case.agency_key, award_case.kind, award_case.procurement_amount, award_case.budget]
strength: low
amount: 採購金額
example: 某機關近一年有14件在95萬至100萬元之間，100萬至105萬元之間為0件。
not_proof: 補助款上限、年度預算額度亦會使金額集中；須看個案需求與市價。
reason: 金額{amount_now:money}略低於{limit}{threshold_now:money}，該機關近一年門檻下5%有{below:num}件、門檻上5%僅{above:num}件（q＝{value:p}）
*/
WITH placed AS (
    SELECT
        c.*,
        l.bunching_q,
        CASE
            WHEN c.amount >= (1 - l.bunching_width) * c.announce_limit AND c.amount < c.announce_limit THEN '公告金額'
            WHEN c.amount >= (1 - l.bunching_width) * c.check_limit AND c.amount < c.check_limit THEN '查核金額'
        END AS limit_name
    FROM scope AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
)

SELECT
    c.cid,
    unless_known(c.amount, 'budget') AS reason,
    coalesce(b.q <= c.bunching_q, FALSE) AS fired,
    b.q AS value,
    c.bunching_q AS threshold,
    c.amount AS amount_at_stake,
    {
        'above': b.above::BIGINT, 'amount_now': c.amount, 'below': b.below::BIGINT, 'limit': c.limit_name,
        'threshold_now': num(CASE c.limit_name WHEN '公告金額' THEN c.announce_limit ELSE c.check_limit END)
    } AS evidence
FROM placed AS c
LEFT JOIN bunching AS b ON c.aid = b.aid AND c.limit_name = b.limit_name
