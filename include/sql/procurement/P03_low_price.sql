/*
id: P03
name_zh: 決標標價偏低
name_en: Abnormally low award price
family: price
indicator: ["P03", "#4"]
legal_basis: 政府採購法第58條；同法施行細則第79條；採購稽核小組作業規則第8條第2款
must_watch: 2
formula: 最低標決標，決標金額／底價 < 0.80；底價不明時，決標金額／預算金額 < 0.70；且資料未載明已依第58條處理或收取差額保證金。決標金額不及底價（預算）之2%者疑為單價決標，無法評估。
parameters: [low_price_reserve, low_price_budget, unit_price_share]
needs: [award_case.award_way, award_case.award_amount, award_case.reserve_price, award_case.budget,
  award_case.article58_noted, award_case.gap_deposit]
strength: low
amount: 底價（或預算金額）與決標金額之差
example: 底價1,000萬元，決標金額720萬元，為底價之72.0%，未載明差額保證金。
not_proof: 低價可能來自效率或競爭；底價不明時以預算推估，細則第79條第3款僅適用於未訂底價之採購；資料未載明不等於機關未依第58條處理。
reason: 決標金額{award:money}為{base}{base_amount:money}之{value:pct}，低於{threshold:pct}，資料未載明已依第58條處理
*/
WITH compared AS (
    SELECT
        c.*,
        a.article58_noted,
        a.gap_deposit,
        l.unit_price_share,
        coalesce(c.reserve_price, c.budget) AS base_amount,
        CASE WHEN c.reserve_price IS NULL THEN '預算金額' ELSE '底價' END AS base,
        CASE WHEN c.reserve_price IS NULL THEN l.low_price_budget ELSE l.low_price_reserve END AS threshold
    FROM scope AS c
    INNER JOIN award_case AS a ON c.cid = a.cid
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
)

SELECT
    cid,
    CASE
        WHEN award_way IS NULL OR award_amount IS NULL OR base_amount IS NULL
            THEN lacking(
                    unless_known(award_way, 'award_way'), unless_known(award_amount, 'award_amount'),
                    unless_known(base_amount, 'reserve_price,budget')
                )
        WHEN award_way = 'lowest' AND award_amount > 0 AND award_amount < unit_price_share * base_amount THEN 'unit_price'
    END AS reason,
    award_way = 'lowest' AND award_amount > 0 AND award_amount < threshold * base_amount
    AND article58_noted IS NOT TRUE AND coalesce(gap_deposit, 0) = 0 AS fired,
    award_amount / nullif(base_amount, 0) AS value,
    threshold,
    base_amount - award_amount AS amount_at_stake,
    {
        'article58_noted': article58_noted, 'award': award_amount, 'base': base, 'base_amount': base_amount
    } AS evidence
FROM compared
