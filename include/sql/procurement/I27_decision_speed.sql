/*
id: I27
name_zh: 決標速度異常
name_en: Unusually fast or slow decision
family: period
indicator: ["#27", "R061", "R062"]
legal_basis: 政府採購法第48條、第51條
must_watch: null
formula: 決標日－開標日（無則截止投標日）之日數，在同招標方式×標的類別之案件中位秩 ≤ 2% 或 ≥ 98%（30件以上）。
parameters: [speed_tail, peer_min]
needs: [award_case.award_date, award_case.opening_date, award_case.deadline_date, award_case.kind, award_case.method]
strength: low
amount: 決標金額
example: 同類案件中位數6日，本案開標後112日始決標。
not_proof: 異議、評選、議價保留等可使決標延後；當場決標亦屬常態。
reason: 開標後{days:num}日決標，在{members:num}件同類案件中屬{side}{tail:pct}之內（門檻{threshold:pct}）
*/
WITH timed AS (
    SELECT
        cid,
        in_scope,
        cell_wide AS cell,
        award_date - coalesce(opening_date, deadline_date) AS x
    FROM cases
),

ranked AS (
    SELECT
        t.cid,
        t.x,
        r.members,
        r.midrank
    FROM timed AS t
    INNER JOIN midrank('timed') AS r ON t.cell = r.cell AND t.x = r.x
    WHERE t.in_scope
)

SELECT
    c.cid,
    CASE
        WHEN c.award_date IS NULL OR coalesce(c.opening_date, c.deadline_date) IS NULL OR c.cell_wide IS NULL
            THEN lacking(
                    unless_known(c.award_date, 'award_date'),
                    unless_known(coalesce(c.opening_date, c.deadline_date), 'opening_date,deadline_date'),
                    unless_known(c.kind, 'kind'), unless_known(c.method, 'method')
                )
        WHEN r.members < l.peer_min THEN 'small:peers'
    END AS reason,
    least(r.midrank, 1 - r.midrank) <= l.speed_tail AS fired,
    least(r.midrank, 1 - r.midrank) AS value,
    l.speed_tail AS threshold,
    c.award_amount AS amount_at_stake,
    {
        'days': r.x, 'members': r.members::BIGINT, 'side': CASE WHEN r.midrank > 0.5 THEN '最慢' ELSE '最快' END,
        'tail': num(least(r.midrank, 1 - r.midrank))
    } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN ranked AS r ON c.cid = r.cid
