/*
id: P18
name_zh: 更正公告未延長等標期
name_en: Correction without a longer tender period
family: period
indicator: ["P18"]
legal_basis: 招標期限標準第7條
must_watch: null
formula: 更正屬重大改變而截止日未延後；或非重大改變，但公告日距原截止日不足5日而截止日未延後。
parameters: [correction_notice_days]
needs: [correction.is_material, correction.correction_date, correction.deadline_before, correction.deadline_after,
  award_case.in_city_list, award_case.deadline_date]
strength: low
amount: 採購金額（無則預算金額）
example: 截止前3日變更廠商資格，截止日不變。
not_proof: 是否重大改變由機關認定；更正內容可能僅為聯絡資料。
reason: 第{no:num}次更正（{date:date}，{material}）距原截止日{value:num}日，截止日未延後
*/
WITH judged AS (
    SELECT
        t.cid,
        t.correction_no,
        t.correction_date,
        t.is_material,
        coalesce(t.deadline_before, c.deadline_date) - t.correction_date AS days_left,
        coalesce(t.deadline_after, c.deadline_date) > coalesce(t.deadline_before, c.deadline_date) AS is_extended,
        l.correction_notice_days
    FROM correction AS t
    INNER JOIN scope AS c ON t.cid = c.cid
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
),

decided AS (
    SELECT
        *,
        CASE
            WHEN is_extended IS NULL THEN NULL
            WHEN is_extended THEN FALSE
            WHEN is_material THEN TRUE
            WHEN days_left < correction_notice_days THEN TRUE
            WHEN is_material IS NULL THEN NULL
            WHEN days_left IS NULL THEN NULL
            ELSE FALSE
        END AS bad
    FROM judged
),

folded AS (
    SELECT
        cid,
        bool_or(bad) AS bad,
        bool_or(bad IS NULL) AS unknown,
        arg_min(
            {
                'd': correction_date, 'left': days_left, 'm': CASE WHEN is_material THEN '重大改變' ELSE '非重大改變' END,
                'no': correction_no
            }, correction_no
        ) FILTER (WHERE bad) AS worst
    FROM decided
    GROUP BY cid
)

SELECT
    c.cid,
    CASE
        WHEN f.cid IS NULL AND a.in_city_list IS NOT TRUE THEN 'corrections'
        WHEN coalesce(f.bad, FALSE) = FALSE AND f.unknown THEN 'correction.is_material,correction.deadline_after'
    END AS reason,
    coalesce(f.bad, FALSE) AS fired,
    f.worst.left AS value,
    l.correction_notice_days AS threshold,
    c.amount AS amount_at_stake,
    { 'date': f.worst.d, 'material': f.worst.m, 'no': f.worst.no } AS evidence
FROM scope AS c
INNER JOIN award_case AS a ON c.cid = a.cid
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN folded AS f ON c.cid = f.cid
