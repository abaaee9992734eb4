/*
id: I25B
name_zh: 機關判定不合格比率高於同類
name_en: Agency disqualifies more bids than its peers
family: competition
indicator: ["#25"]
legal_basis: 政府採購法第50條、第51條、第6條第1項
must_watch: null
formula: >-
  本案有不合格標，且該機關近一年不合格家數高於同標的類別之比率（Poisson二項精確檢定，
  機關間以Benjamini-Hochberg控制，q ≤ 5%，20標以上）。
parameters: [agency_q, agency_min]
needs: [bid.is_disqualified, award_case.kind, award_case.agency_key]
strength: low
amount: 決標金額
example: 某機關近一年90標中31標不合格，同類預期12.4標。
not_proof: 機關審查較嚴或招標文件較複雜亦可致之。
reason: 本案有{here:num}家不合格；該機關近一年{n:num}標中{out:num}標不合格，同類預期{expected:num}標（q＝{value:p}）
*/
WITH recent AS (
    SELECT
        c.aid,
        c.kind,
        b.is_disqualified::INTEGER AS y
    FROM bids AS b
    INNER JOIN cases AS c ON b.cid = c.cid
    WHERE c.is_recent AND b.is_disqualified IS NOT NULL AND c.kind IS NOT NULL
),

rates AS (
    SELECT
        kind,
        (sum(y) + 1) / (count(*) + 2) AS rate
    FROM recent
    GROUP BY kind
),

counted AS (
    SELECT
        r.aid,
        count(*) AS n,
        sum(r.y) AS n_out,
        list(k.rate ORDER BY k.rate) AS chances
    FROM recent AS r
    INNER JOIN rates AS k ON r.kind = k.kind
    GROUP BY r.aid
    HAVING count(*) >= (SELECT max(agency_min) FROM limits)
),

tested AS (
    SELECT
        * EXCLUDE (chances),
        list_sum(chances) AS expected,
        pbinom_sf(n_out::DOUBLE, chances) AS p
    FROM counted
)

SELECT
    c.cid,
    CASE
        WHEN coalesce(f.n_checked, 0) = 0 THEN 'disqualified'
        WHEN c.kind IS NULL THEN 'kind'
        WHEN f.n_disqualified >= 1 AND coalesce(t.n < l.agency_min, TRUE) THEN 'small:agency'
    END AS reason,
    coalesce(f.n_disqualified >= 1 AND t.q <= l.agency_q, FALSE) AS fired,
    t.q AS value,
    l.agency_q AS threshold,
    c.award_amount AS amount_at_stake,
    { 'expected': num(t.expected), 'here': f.n_disqualified, 'n': t.n, 'out': t.n_out::BIGINT } AS evidence
FROM scope AS c
INNER JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN fields AS f ON c.cid = f.cid
LEFT JOIN bh('tested') AS t ON c.aid = t.aid
