"""The canonical tables of procurement: award cases, bids, changes, debarments, agencies, auditors, results.

In: nothing. Out: one ``Table`` each.
"""

from __future__ import annotations

from probity.tables.model import Table
from probity.tables.model import col as _c

AWARD_CASE = Table(
    "award_case",
    "決標案件",
    ("case_id",),
    (
        _c("case_id", "text", "案件識別碼", "agency_id|case_no|YYYYMMDD of the award notice[|notice_id]", True),
        _c("notice_id", "text", "公告識別碼", "file name of the notice on the e-procurement site"),
        _c("agency_id", "text", "機關代碼", "such as 3.87.10.1; NULL when no source and no agency list gives it"),
        _c("agency_name", "text", "機關名稱", "as written by the first source", True),
        _c("agency_key", "text", "機關比對鍵", "agency_id, else 'N:' + probity.text.name_key(agency_name)", True),
        _c("case_no", "text", "標案案號", "", True),
        _c("title", "text", "標案名稱", "", True),
        _c("title_key", "text", "名稱比對鍵", "NFKC, variants folded, digits and blanks dropped"),
        _c("kind", "text", "標的類別", "works | goods | services"),
        _c("category_code", "text", "標的分類代碼", "the CPC digits of <工程類>5131..., such as 5131"),
        _c("category_name", "text", "標的分類"),
        _c("method", "text", "招標方式", "open | selective | quotation | restricted_public | restricted | other"),
        _c("method_raw", "text", "招標方式原文"),
        _c(
            "award_way", "text", "決標方式", "lowest | best_value | best_value_quasi | best_value_ref | highest | other"
        ),
        _c("award_way_raw", "text", "決標方式原文"),
        _c("restricted_clause", "text", "限制性招標依據", "such as 22-1-6"),
        _c("original_case_no", "text", "原契約案號", "the contract that a follow-up (22-1-6, 22-1-7) extends"),
        _c("budget", "int", "預算金額", "NTD"),
        _c("procurement_amount", "int", "採購金額", "NTD, with options and expansions; NULL when not stated"),
        _c("amount_class", "text", "採購金額級距原文"),
        _c("reserve_price", "int", "底價", "NTD"),
        _c("award_amount", "int", "決標金額", "NTD, of the whole case, never summed over winners"),
        _c("tender_notice_date", "date", "招標公告日"),
        _c("deadline_date", "date", "截止投標日"),
        _c("opening_date", "date", "開標日"),
        _c("award_date", "date", "決標日"),
        _c("award_notice_date", "date", "決標公告日", "the partition date of the case", True),
        _c("n_bidders", "int", "投標家數"),
        _c("n_winners", "int", "得標家數"),
        _c("is_subsidised", "bool", "受機關補助"),
        _c("e_documents", "bool", "電子領標"),
        _c("e_bidding", "bool", "電子投標"),
        _c("public_viewing", "bool", "公開閱覽"),
        _c("tender_round", "int", "招標次數", "1 for the first tender"),
        _c("failed_count", "int", "流廢標次數", "earlier failures of the same case"),
        _c("previous_failed_date", "date", "前次流廢標日"),
        _c("qualification_changed", "bool", "資格變更", "the qualification changed after a failed tender"),
        _c(
            "article58_noted",
            "bool",
            "已依第58條處理",
            "the file shows that the low price was handled under article 58",
        ),
        _c("gap_deposit", "int", "差額保證金", "NTD"),
        _c("expansion_announced", "bool", "原公告載明後續擴充"),
        _c("performance_location", "text", "履約地點"),
        _c("performance_start", "date", "履約起日"),
        _c("performance_end", "date", "履約迄日"),
        _c("designer_key", "text", "設計監造廠商", "firm entity key of the designer or supervisor"),
        _c("designer_name", "text", "設計監造廠商名稱"),
        _c("planned_progress", "float", "預定進度", "fraction, latest month at or before the period's end"),
        _c("actual_progress", "float", "實際進度", "fraction"),
        _c("progress_date", "date", "進度日期"),
        _c("city_listed_date", "date", "市府清冊登錄日", "when the case entered the city's own list"),
        _c("city_award_amount", "int", "市府清冊決標金額", "NTD, as the city's own list has it"),
        _c("in_city_list", "bool", "市府清冊有案", "NULL when no city list covers the case's month"),
        _c("in_eproc", "bool", "電子採購網有案", "any of the e-procurement sources has it"),
        _c(
            "warning_area",
            "bool",
            "警示專區",
            "on the e-procurement site's warning area; NULL when no such list arrived",
        ),
        _c(
            "tip_off",
            "bool",
            "檢舉媒體案",
            "named in a tip-off, the media or data showing suspicion; NULL when unknown",
        ),
        _c("designated", "bool", "指定案件"),
        _c("sources", "text", "來源", "source ids, sorted, joined by comma", True),
        _c("n_observations", "int", "來源筆數", "rows of all sources merged into this case", True),
    ),
)

BID = Table(
    "bid",
    "投標廠商",
    ("case_id", "firm"),
    (
        _c("case_id", "text", "案件識別碼", "", True),
        _c("firm", "text", "廠商實體", "valid 統編, else 'N:' + name key: what signals join on", True),
        _c("firm_id", "text", "統一編號", "eight digits when valid, else NULL"),
        _c("firm_id_raw", "text", "廠商代碼原文"),
        _c("firm_id_class", "text", "代碼類別", "probity.text.ubn_class"),
        _c("firm_name", "text", "廠商名稱", "", True),
        _c("firm_key", "text", "名稱比對鍵", "", True),
        _c("is_winner", "bool", "得標", "", True),
        _c("bid_amount", "int", "標價", "NTD, total bid over items"),
        _c("award_amount", "int", "該廠商決標金額", "NTD"),
        _c("original_bid", "int", "原始投標金額", "NTD, before price reduction"),
        _c("is_disqualified", "bool", "不合格", "opened and found not qualified"),
        _c("lost_reason", "text", "未得標原因"),
        _c("address", "text", "地址"),
        _c("phone", "text", "電話"),
        _c("representative", "text", "負責人", "personal data: never to logs"),
        _c("founded_date", "date", "設立日"),
        _c("is_subcontractor", "bool", "分包廠商", "named as a subcontractor, not a bidder"),
    ),
)

CONTRACT_CHANGE = Table(
    "contract_change",
    "契約變更",
    ("case_id", "change_no"),
    (
        _c("case_id", "text", "案件識別碼", "", True),
        _c("change_no", "int", "變更次別", "", True),
        _c("change_date", "date", "變更日"),
        _c("amount_delta", "int", "增減金額", "NTD, signed"),
        _c("reason", "text", "變更原因"),
    ),
)

CORRECTION = Table(
    "correction",
    "更正公告",
    ("case_id", "correction_no"),
    (
        _c("case_id", "text", "案件識別碼", "", True),
        _c("correction_no", "int", "更正次別", "", True),
        _c("correction_date", "date", "更正公告日"),
        _c("is_material", "bool", "重大改變"),
        _c("deadline_before", "date", "原截止投標日"),
        _c("deadline_after", "date", "更正後截止投標日"),
        _c("content", "text", "更正內容"),
    ),
)

DEBARMENT = Table(
    "debarment",
    "拒絕往來廠商",
    ("firm", "agency_no", "case_no", "effective_date"),
    (
        _c("firm", "text", "廠商實體", "valid 統編, else 'N:' + name key", True),
        _c("firm_id", "text", "統一編號"),
        _c("firm_id_raw", "text", "廠商代碼原文"),
        _c("firm_name", "text", "廠商名稱", "", True),
        _c("firm_key", "text", "名稱比對鍵", "", True),
        _c("agency_no", "text", "刊登機關代碼"),
        _c("agency_name", "text", "刊登機關"),
        _c("case_no", "text", "標案案號"),
        _c("case_name", "text", "標案名稱"),
        _c("announce_date", "date", "公告日"),
        _c("effective_date", "date", "生效日", "", True),
        _c("expire_date", "date", "截止日"),
        _c("clause", "text", "第101條款次"),
        _c("appeal_result", "text", "異議申訴結果"),
        _c("annulled", "bool", "註銷"),
        _c("first_listed", "date", "首次見於名單", "day of the first used snapshot of the feed that holds the ban"),
        _c("last_listed", "date", "末次見於名單", "day of the last one"),
    ),
)

AGENCY = Table(
    "agency",
    "機關名冊",
    ("agency_id",),
    (
        _c("agency_id", "text", "機關代碼", "", True),
        _c("agency_name", "text", "機關名稱", "", True),
        _c("agency_key", "text", "機關比對鍵", "", True),
        _c("parent_id", "text", "上級機關代碼"),
        _c("district", "text", "行政區"),
        _c("ethics_mail", "text", "政風單位信箱"),
    ),
)

AUDITOR = Table(
    "auditor",
    "稽核委員名冊",
    ("auditor_id", "agency_id", "served_from"),
    (
        _c("auditor_id", "text", "委員編號", "", True),
        _c("auditor_name", "text", "姓名", "personal data: never to logs", True),
        _c("specialty", "text", "專長", "works | goods | services | any"),
        _c("agency_id", "text", "服務機關代碼", "one row a post held"),
        _c("served_from", "date", "任職起日"),
        _c("served_to", "date", "任職迄日", "NULL: still there"),
    ),
)

CONFLICT = Table(
    "conflict",
    "來源不一致",
    ("case_id", "field", "source_a", "source_b"),
    (
        _c("case_id", "text", "案件識別碼", "", True),
        _c("field", "text", "欄位", "", True),
        _c("source_a", "text", "來源甲", "the source whose value was kept", True),
        _c("value_a", "text", "值甲"),
        _c("source_b", "text", "來源乙", "", True),
        _c("value_b", "text", "值乙"),
    ),
)

AUDIT_RESULT = Table(
    "audit_result",
    "稽核結果",
    ("case_id", "finished_date"),
    (
        _c("case_id", "text", "案件識別碼", "", True),
        _c("selection_id", "text", "選案識別碼"),
        _c("part", "text", "選案類別", "must_watch | ranked | control | other"),
        _c("finished_date", "date", "稽核完成日", "", True),
        _c("irregular", "bool", "有違失", "", True),
        _c("severity", "text", "情節", "minor | serious | grave"),
        _c("patterns", "text", "錯誤行為態樣", "item numbers joined by comma"),
        _c("amount_irregular", "int", "違失金額", "NTD"),
    ),
)
