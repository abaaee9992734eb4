/*
id: W11A
name_zh: 低價搶標
name_en: Abnormally low award
family: price
indicator: ["低價搶標", "P03", "#4"]
legal_basis: 政府採購法第58條；同法施行細則第79條；工程施工查核小組作業辦法第4條第3項第2款
must_watch: 2
formula: >-
  決標金額／底價 < 0.80；底價不明時，決標金額／預算金額 < 0.70。決標方式已知而非最低標者不適用；決標金額不及底價（預算）
  之2%者疑為單價決標，無法評估。
parameters: [low_price_reserve, low_price_budget, unit_price_share]
needs: [project.contract_amount, project.reserve_price, project.budget, project.award_way]
strength: low
amount: 底價（或預算金額）與決標金額之差
example: 底價1,000萬元，決標金額720萬元，為底價之72.0%。
not_proof: 低價可能來自效率或競爭；開口契約常以單價決標，其總額不宜逕與預算比較；底價不明時以預算推估，細則第79條第3款僅適用於未訂底價之採購。
reason: 決標金額{award:money}為{base}{base_amount:money}之{value:pct}，低於{threshold:pct}（決標方式：{way}）
*/
WITH compared AS (
    SELECT
        c.*,
        l.unit_price_share,
        coalesce(c.reserve_price, c.budget) AS base_amount,
        CASE WHEN c.reserve_price IS NULL THEN '預算金額' ELSE '底價' END AS base,
        CASE WHEN c.reserve_price IS NULL THEN l.low_price_budget ELSE l.low_price_reserve END AS threshold,
        coalesce(c.award_way, 'lowest') = 'lowest' AS applies
    FROM scope AS c
    LEFT JOIN limits AS l ON c.rule_date = l.rule_date
)

SELECT
    cid,
    CASE
        WHEN NOT applies THEN NULL
        WHEN coalesce(contract_amount, 0) <= 0 OR coalesce(base_amount, 0) <= 0
            THEN lacking(
                    CASE WHEN coalesce(contract_amount, 0) <= 0 THEN 'contract_amount' END,
                    CASE WHEN coalesce(base_amount, 0) <= 0 THEN 'reserve_price,budget' END
                )
        WHEN contract_amount < unit_price_share * base_amount THEN 'unit_price'
    END AS reason,
    applies AND contract_amount < threshold * base_amount AS fired,
    contract_amount / nullif(base_amount, 0) AS value,
    threshold,
    base_amount - contract_amount AS amount_at_stake,
    {
        'award': contract_amount, 'base': base, 'base_amount': base_amount,
        'way': CASE WHEN award_way IS NULL THEN '資料未載' ELSE '最低標' END
    } AS evidence
FROM compared
