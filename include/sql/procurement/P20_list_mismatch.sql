/*
id: P20
name_zh: 市府清冊與電子採購網不一致
name_en: City list and e-procurement site disagree
family: records
indicator: ["P20"]
legal_basis: 政府採購法第61條、第62條；同法施行細則第86條
must_watch: null
formula: 僅一方有案；或二方決標金額不同；或市府清冊登錄日晚於決標日逾30日。
parameters: [listed_days]
needs: [award_case.in_city_list, award_case.in_eproc, award_case.award_amount, award_case.city_award_amount,
  award_case.city_listed_date, award_case.award_date]
strength: rare
amount: 二方金額之差（僅一方有案時為決標金額）
example: 電子採購網決標320萬元，市府清冊為290萬元。
not_proof: 登錄時差、契約變更後金額或案號格式不同均可能；多為登載問題。
reason: "{what}"
*/
WITH compared AS (
    SELECT
        c.cid,
        c.award_amount,
        a.in_city_list,
        a.in_eproc,
        a.city_award_amount,
        a.city_listed_date - c.award_date AS late_days,
        l.listed_days,
        CASE
            WHEN NOT a.in_city_list AND a.in_eproc THEN '市府清冊無案'
            WHEN a.in_city_list AND NOT a.in_eproc THEN '電子採購網無決標公告'
            WHEN a.in_city_list AND a.city_award_amount <> c.award_amount
                THEN format('決標金額不同：電子採購網{:,}元、市府清冊{:,}元', c.award_amount, a.city_award_amount)
            WHEN a.in_city_list AND a.city_listed_date - c.award_date > l.listed_days
                THEN format('決標後{}日始登錄市府清冊', a.city_listed_date - c.award_date)
        END AS what
    FROM scope AS c
    INNER JOIN award_case AS a ON c.cid = a.cid
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
)

SELECT
    cid,
    CASE
        WHEN in_city_list IS NULL THEN 'city_list'
        WHEN in_eproc IS NULL THEN 'eproc'
    END AS reason,
    what IS NOT NULL AS fired,
    late_days AS value,
    listed_days AS threshold,
    CASE WHEN city_award_amount <> award_amount THEN abs(city_award_amount - award_amount) ELSE award_amount END AS amount_at_stake,
    {
        'city': city_award_amount, 'eproc': CASE WHEN in_eproc THEN award_amount END, 'what': what
    } AS evidence
FROM compared
