/*
id: P01
name_zh: 等標期低於法定下限
name_en: Tender period below the legal minimum
family: period
indicator: ["P01", "#26"]
legal_basis: 政府採購法第28條；招標期限標準第2條至第5條、第8條、第9條、第11條
must_watch: null
formula: >-
  日數＝截止投標日－招標公告日（公告當日算入；截止日須以下班時間截止始算一日，故另列差一日者為無法評估）。
  下限依招標方式與採購金額：公開招標及經公開評選者，未達公告金額7日、公告金額以上14日、查核金額以上21日、巨額28日；
  公開取得5日；公開徵求10日；選擇性招標資格審查7、10、14日。扣除公開閱覽5日（不少於10日）、電子領標3日、
  電子投標2日（均不少於5日）；流廢標後三個月內重行招標者不少於3日（未達公告金額）或7日。
parameters: [tender_days_below_announce, tender_days_announce, tender_days_check, tender_days_huge, quotation_days,
  solicitation_days, selective_days_announce, selective_days_huge, viewing_cut, viewing_floor, e_documents_cut,
  e_bidding_cut, electronic_floor, retender_days, retender_floor_below, retender_floor_announce]
needs: [award_case.method, award_case.kind, award_case.tender_notice_date, award_case.deadline_date,
  award_case.procurement_amount, award_case.budget, award_case.restricted_clause, award_case.public_viewing,
  award_case.e_documents, award_case.e_bidding, award_case.previous_failed_date]
strength: low
amount: 採購金額（無則預算金額）
example: 預算300萬元之公開招標，110年3月2日公告、3月8日截止，等標期6日；電子領標且電子投標，下限為14－3－2＝9日。
not_proof: >-
  緊急情事經核准者得縮短（公告金額以上不少於10日），選擇性招標之合格廠商名單、商情波動等第10條情形亦得酌定；
  須查核准文件。等標期短不等於排除競爭。
reason: 等標期{value:num}日，低於本案下限{threshold:num}日（{method}，{notice:date}公告、{deadline:date}截止）
*/
WITH flagged AS (
    SELECT
        c.*,
        a.public_viewing,
        a.e_documents,
        a.e_bidding,
        c.deadline_date - c.tender_notice_date AS days,
        coalesce(c.tender_notice_date - a.previous_failed_date BETWEEN 0 AND l.retender_days, FALSE) AS is_retender,
        CASE
            WHEN c.method = 'quotation' THEN l.quotation_days
            WHEN c.method = 'selective'
                THEN
                    CASE
                        WHEN c.amount < c.announce_limit THEN l.tender_days_below_announce
                        WHEN c.amount < c.huge_limit THEN l.selective_days_announce
                        ELSE l.selective_days_huge
                    END
            WHEN c.method = 'restricted_public' AND c.restricted_clause = '22-1-11' THEN l.solicitation_days
            WHEN c.amount < c.announce_limit THEN l.tender_days_below_announce
            WHEN c.method = 'restricted_public' AND c.restricted_clause IS NULL THEN l.solicitation_days
            WHEN c.amount < c.check_limit THEN l.tender_days_announce
            WHEN c.amount < c.huge_limit THEN l.tender_days_check
            ELSE l.tender_days_huge
        END AS full_days,
        CASE WHEN c.amount < c.announce_limit THEN l.retender_floor_below ELSE l.retender_floor_announce END AS retender_floor,
        l.viewing_cut,
        l.viewing_floor,
        l.e_documents_cut,
        l.e_bidding_cut,
        l.electronic_floor
    FROM scope AS c
    INNER JOIN award_case AS a ON c.cid = a.cid
    INNER JOIN limits AS l ON c.rule_date = l.rule_date
),

shortened AS (
    SELECT
        *,
        -- what the known facts allow
        CASE WHEN public_viewing AND full_days > viewing_floor
                THEN greatest(full_days - viewing_cut, viewing_floor)
            ELSE full_days
        END AS known_viewing,
        -- what the most favourable facts would allow
        CASE WHEN public_viewing IS NOT FALSE AND full_days > viewing_floor
                THEN greatest(full_days - viewing_cut, viewing_floor)
            ELSE full_days
        END AS best_viewing,
        CASE WHEN e_documents THEN e_documents_cut ELSE 0 END
        + CASE WHEN e_bidding THEN e_bidding_cut ELSE 0 END AS known_cut,
        CASE WHEN e_documents IS NOT FALSE THEN e_documents_cut ELSE 0 END
        + CASE WHEN e_bidding IS NOT FALSE THEN e_bidding_cut ELSE 0 END AS best_cut
    FROM flagged
),

judged AS (
    SELECT
        *,
        CASE
            WHEN is_retender THEN retender_floor
            WHEN known_viewing > electronic_floor THEN greatest(known_viewing - known_cut, electronic_floor)
            ELSE known_viewing
        END AS minimum,
        CASE
            WHEN is_retender THEN retender_floor
            WHEN best_viewing > electronic_floor THEN greatest(best_viewing - best_cut, electronic_floor)
            ELSE best_viewing
        END AS best_minimum
    FROM shortened
)

SELECT
    cid,
    CASE
        WHEN method IN ('restricted', 'other') THEN NULL
        WHEN method IS NULL OR tender_notice_date IS NULL OR deadline_date IS NULL OR amount IS NULL OR kind IS NULL
            THEN lacking(
                    unless_known(method, 'method'), unless_known(tender_notice_date, 'tender_notice_date'),
                    unless_known(deadline_date, 'deadline_date'), unless_known(amount, 'budget'), unless_known(kind, 'kind')
                )
        WHEN full_days IS NULL THEN 'threshold'
        WHEN days < minimum AND days >= best_minimum THEN 'shortening'
        WHEN days = best_minimum - 1 THEN 'closing_hour'
    END AS reason,
    CASE WHEN method IN ('restricted', 'other') THEN FALSE ELSE days < best_minimum - 1 END AS fired,
    days AS value,
    CASE WHEN method NOT IN ('restricted', 'other') THEN best_minimum END AS threshold,
    amount AS amount_at_stake,
    { 'deadline': deadline_date, 'method': method, 'notice': tender_notice_date, 'retender': is_retender } AS evidence
FROM judged
