/*
id: I30
name_zh: 履約期間過短
name_en: Performance period too short for its size
family: contract
indicator: ["#30"]
legal_basis: 政府採購法第6條第1項、第26條；採購稽核小組作業規則第7條第3款
must_watch: null
formula: 工程履約日數（迄日－起日）< 60日，且在同金額級距之工程中位秩 ≤ 2%（30件以上）。
parameters: [short_performance_days, short_performance_rank, peer_min]
needs: [award_case.kind, award_case.performance_start, award_case.performance_end, award_case.budget, award_case.award_amount]
strength: low
amount: 決標金額
example: 980萬元之道路工程履約期間13日，同級距工程多在90日以上。
not_proof: 搶修、假期施工可合法壓縮工期；過短工期亦可能為登載錯誤。
reason: 履約期間{days:num}日，在{members:num}件同級距工程中屬最短{value:pct}之內（門檻{threshold:pct}）
*/
WITH timed AS (
    SELECT
        cid,
        in_scope,
        value_band AS cell,
        performance_end - performance_start AS x
    FROM cases
    WHERE kind = 'works' AND performance_end >= performance_start
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
        WHEN c.kind IS NULL THEN 'kind'
        WHEN c.kind = 'works' AND r.cid IS NULL
            THEN coalesce(
                    lacking(
                        unless_known(c.performance_start, 'performance_start'),
                        unless_known(c.performance_end, 'performance_end'), unless_known(c.value_band, 'budget')
                    ), 'undecided'
                )
        WHEN r.members < l.peer_min THEN 'small:peers'
    END AS reason,
    coalesce(r.x < l.short_performance_days AND r.midrank <= l.short_performance_rank, FALSE) AS fired,
    r.midrank AS value,
    l.short_performance_rank AS threshold,
    c.award_amount AS amount_at_stake,
    { 'days': r.x, 'members': r.members::BIGINT } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN ranked AS r ON c.cid = r.cid
