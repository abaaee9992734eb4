/*
id: P02
name_zh: 決標公告逾期
name_en: Award notice published late
family: period
indicator: ["P02", "#28"]
legal_basis: 政府採購法第61條；同法施行細則第84條第3項
must_watch: null
formula: 決標公告日－決標日 > 30日，且採購金額在公告金額以上。
parameters: [award_notice_days]
needs: [award_case.award_date, award_case.award_notice_date, award_case.procurement_amount, award_case.budget]
strength: high
amount: 決標金額
example: 110年1月4日決標，2月10日始刊登決標公告，計37日。
not_proof: 商業機密等第84條第1項特殊情形得不刊登或部分刊登；更正公告亦可能使公告日較晚。
reason: 決標（{award:date}）後{value:num}日始刊登決標公告（{notice:date}），逾{threshold:num}日
*/
SELECT
    c.cid,
    CASE WHEN c.award_date IS NULL OR c.amount IS NULL
            THEN lacking(unless_known(c.award_date, 'award_date'), unless_known(c.amount, 'budget'))
    END AS reason,
    c.amount >= c.announce_limit AND c.award_notice_date - c.award_date > l.award_notice_days AS fired,
    c.award_notice_date - c.award_date AS value,
    l.award_notice_days AS threshold,
    c.award_amount AS amount_at_stake,
    { 'award': c.award_date, 'notice': c.award_notice_date } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
