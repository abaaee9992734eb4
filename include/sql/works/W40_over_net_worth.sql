/*
id: W40
name_zh: 未完工承攬總額逾淨值二十倍
name_en: Unfinished contracts over twenty times net worth
family: capacity
indicator: ["承攬能量異常", "#36"]
legal_basis: 營造業法第23條第1項；營造業承攬工程造價限額工程規模範圍申報淨值及一定期間承攬總額認定辦法第6條至第10條
must_watch: null
formula: >-
  選案期間末日，廠商已簽約未完工工程之契約金額（含變更）扣除已估驗金額（未載者以實際進度推估）依承攬比例合計／登記淨值 > 20。
  缺估驗與進度者以契約全額計其上限；上限仍未逾者為未觸發，否則無法評估。
parameters: [net_worth_times]
needs: [project.contract_amount, project.changed_amount, project.valued_amount, project.actual_progress, project.stage,
  project_firm.firm, project_firm.share, project_firm.n_firms, contractor.net_worth, contractor.valid_from,
  contractor.valid_to]
strength: high
amount: 未完工金額合計
example: 淨值500萬元，未完工金額合計1億2,000萬元，為24.0倍。
not_proof: 資料僅含本市工程，他縣市與民間工程未計；非屬營造業營業範圍之項目得不計入（認定辦法第11條）。以主管機關認定為準。
reason: >-
  「{firm}」未完工工程{n:num}件、未完工金額至少{remaining:money}，為登記淨值{net_worth:money}之{value:num}倍
  （門檻{threshold:num}倍；營造業登記以{match}比對）
*/
WITH judged AS (
    SELECT
        p.cid,
        p.fid,
        u.n,
        u.n_unknown,
        u.at_least,
        s.fid IS NOT NULL AS is_registered,
        s.entry.net_worth AS worth,
        s.entry.match AS matched,
        u.at_least > l.net_worth_times * s.entry.net_worth AS is_over,
        u.n_unknown = 0 AND u.at_most <= l.net_worth_times * s.entry.net_worth AS is_within,
        u.at_least / nullif(greatest(s.entry.net_worth, 0), 0) AS times
    FROM scope AS c
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
    INNER JOIN parts AS p ON c.cid = p.cid
    LEFT JOIN unfinished AS u ON p.fid = u.fid
    LEFT JOIN standing AS s ON p.fid = s.fid
),

worst AS (
    SELECT
        j.cid,
        bool_or(coalesce(j.is_over, FALSE)) AS is_over,
        bool_and(j.n IS NULL OR coalesce(j.is_within, FALSE)) AS is_within,
        bool_and(j.is_registered) AS all_registered,
        bool_and(j.worth IS NOT NULL) AS all_worth,
        arg_max(
            {
                'firm': f.label, 'match': j.matched, 'n': j.n, 'remaining': j.at_least, 'times': j.times,
                'worth': j.worth
            },
            (coalesce(j.is_over, FALSE), coalesce(j.times, 0), -j.fid)
        ) AS hit
    FROM judged AS j
    INNER JOIN firms AS f ON j.fid = f.fid
    GROUP BY j.cid
)

SELECT
    c.cid,
    CASE
        WHEN j.cid IS NULL THEN 'firm'
        WHEN w.is_over OR w.is_within THEN NULL
        WHEN NOT w.all_registered THEN 'register'
        WHEN NOT w.all_worth THEN 'contractor.net_worth'
        ELSE 'contract_amount,valued_amount,actual_progress,project_firm.share'
    END AS reason,
    w.is_over AS fired,
    coalesce(w.hit.times, 0) AS value,
    l.net_worth_times AS threshold,
    w.hit.remaining AS amount_at_stake,
    {
        'firm': w.hit.firm, 'match': w.hit.match, 'n': w.hit.n, 'net_worth': w.hit.worth,
        'remaining': num(round(w.hit.remaining))
    } AS evidence
FROM scope AS c
LEFT JOIN limits AS l ON c.rule_date = l.rule_date
LEFT JOIN joint AS j ON c.cid = j.cid
LEFT JOIN worst AS w ON c.cid = w.cid
