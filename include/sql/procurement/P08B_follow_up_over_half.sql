/*
id: P08B
name_zh: 追加契約累計逾原契約50%
name_en: Follow-up works over half of the original contract
family: method
indicator: ["P08", "#31"]
legal_basis: 政府採購法第22條第1項第6款；同法施行細則第22條第4項
must_watch: 2
formula: 同一原契約依22-1-6追加之決標金額累計（至本案決標日）／原契約決標金額 > 50%。
parameters: [follow_up_share]
needs: [award_case.restricted_clause, award_case.original_case_no, award_case.agency_key, award_case.award_amount,
  award_case.award_date, award_case.method]
strength: high
amount: 累計追加金額
example: 原契約500萬元，先後追加170萬與155萬元，累計65.0%。
not_proof: 原契約可能另有契約變更後之金額；須以原主契約金額核算。
reason: 依22-1-6累計追加{sum:money}，為原契約（{original}）{original_amount:money}之{value:pct}，逾{threshold:pct}
*/
WITH follow_ups AS (
    SELECT
        c.cid,
        c.aid,
        c.award_date,
        c.award_amount,
        a.original_case_no
    FROM cases AS c
    INNER JOIN award_case AS a ON c.cid = a.cid
    WHERE c.restricted_clause = '22-1-6' AND a.original_case_no IS NOT NULL
),

originals AS (
    SELECT
        c.aid,
        a.case_no,
        arg_min(c.award_amount, c.award_notice_date) AS original_amount
    FROM cases AS c
    INNER JOIN award_case AS a ON c.cid = a.cid
    INNER JOIN (
        SELECT DISTINCT
            aid,
            original_case_no
        FROM follow_ups
    ) AS f ON c.aid = f.aid AND a.case_no = f.original_case_no
    WHERE c.restricted_clause IS DISTINCT FROM '22-1-6'
    GROUP BY c.aid, a.case_no
),

added AS (
    SELECT
        f.cid,
        sum(g.award_amount) AS added_sum
    FROM follow_ups AS f
    INNER JOIN follow_ups AS g
        ON f.aid = g.aid AND f.original_case_no = g.original_case_no AND f.award_date >= g.award_date
    GROUP BY f.cid
)

SELECT
    c.cid,
    CASE
        WHEN c.method IS NULL THEN 'method'
        WHEN c.method = 'restricted' AND c.restricted_clause IS NULL THEN 'restricted_clause'
        WHEN c.restricted_clause = '22-1-6' THEN
            CASE
                WHEN a.original_case_no IS NULL THEN 'original_case_no'
                WHEN c.award_amount IS NULL OR c.award_date IS NULL
                    THEN lacking(unless_known(c.award_amount, 'award_amount'), unless_known(c.award_date, 'award_date'))
                WHEN o.original_amount IS NULL THEN 'original_case'
            END
    END AS reason,
    coalesce(d.added_sum > l.follow_up_share * o.original_amount, FALSE) AS fired,
    d.added_sum / nullif(o.original_amount, 0) AS value,
    l.follow_up_share AS threshold,
    d.added_sum AS amount_at_stake,
    { 'original': a.original_case_no, 'original_amount': o.original_amount, 'sum': d.added_sum::BIGINT } AS evidence
FROM scope AS c
INNER JOIN award_case AS a ON c.cid = a.cid
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN added AS d ON c.cid = d.cid
LEFT JOIN originals AS o ON c.aid = o.aid AND a.original_case_no = o.case_no
