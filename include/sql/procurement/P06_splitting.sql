/*
id: P06
name_zh: 疑似分批規避門檻
name_en: Possible splitting below a threshold
family: threshold
indicator: ["P06", "#16", "R011"]
legal_basis: 政府採購法第14條、第23條；同法施行細則第13條；中央機關未達公告金額採購招標辦法第6條
must_watch: null
formula: >-
  同機關，各案均未達公告金額（或小額）且非公開招標、選擇性招標，合計達該金額，二件以上：
  （一）同得標廠商、同標的分類、同履約地點，90日內；或（二）同名稱（去除數字）、同履約地點，30日內。
  標的、地點、需求或專業不同者不計（細則第13條）；地點均未載明者仍列為訊號並註明。
parameters: [split_days_firm, split_days_title]
needs: [award_case.agency_key, award_case.method, award_case.procurement_amount, award_case.budget, award_case.award_date,
  award_case.category_code, award_case.title_key, award_case.performance_location, bid.is_winner]
strength: high
amount: 期間內各案採購金額合計
example: 同一市場之東、西、南側整修三案各92萬、90萬、86萬元，三週內由同一廠商得標，合計268萬元。
not_proof: 定期性、各校各里或各有法定預算之採購可分別辦理；合計達門檻不等於意圖規避。
reason: 同機關{n:num}件相近採購（{by}）各未達{threshold:money}，合計{value:money}
*/
WITH judged AS (
    SELECT
        c.cid,
        c.method,
        c.amount,
        c.announce_limit,
        c.award_day,
        coalesce(s.edge, c.announce_limit) AS edge,
        coalesce(s.firm_n >= 2 AND s.firm_sum >= s.edge, FALSE) AS same_firm,
        coalesce(s.title_n >= 2 AND s.title_sum >= s.edge, FALSE) AS same_title,
        s.has_place,
        s.firm_n,
        s.firm_sum,
        s.title_n,
        s.title_sum
    FROM scope AS c
    LEFT JOIN splits AS s ON c.cid = s.cid
)

SELECT
    cid,
    CASE WHEN amount IS NULL OR award_day IS NULL OR method IS NULL
            THEN lacking(
                    unless_known(amount, 'budget'), unless_known(award_day, 'award_date'), unless_known(method, 'method')
                )
    END AS reason,
    same_firm OR same_title AS fired,
    CASE WHEN same_firm THEN firm_sum ELSE title_sum END AS value,
    edge AS threshold,
    CASE WHEN same_firm THEN firm_sum ELSE title_sum END AS amount_at_stake,
    {
        'by': CASE WHEN same_firm THEN '同廠商、同分類' ELSE '同名稱' END
        || CASE WHEN has_place THEN '、同地點' ELSE '，履約地點均未載明' END,
        'n': CASE WHEN same_firm THEN firm_n ELSE title_n END
    } AS evidence
FROM judged
