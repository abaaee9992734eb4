"""The canonical tables of works inspection: projects under way, what surrounds them, inspections and their defects.

In: nothing. Out: one ``Table`` each. A project is one contract; its ``case_id`` is ``agency_key|case_no key``, the same
in every source and every month. Coordinates are metres in TWD97 / TM2 zone 121 (EPSG:3826). Names of persons and phone
numbers in the sources go into no table.
"""

from __future__ import annotations

from probity.tables.model import Table
from probity.tables.model import col as _c

PROJECT = Table(
    "project",
    "工程標案",
    ("case_id",),
    (
        _c("case_id", "text", "案件識別碼", "agency_key|text.case_no_key(case_no)", True),
        _c("agency_id", "text", "主辦機關代碼"),
        _c("agency_name", "text", "主辦機關", "", True),
        _c("agency_key", "text", "機關比對鍵", "agency_id, else 'N:' + text.name_key(agency_name)", True),
        _c("case_no", "text", "標案案號", "", True),
        _c("title", "text", "標案名稱", "", True),
        _c("title_key", "text", "名稱比對鍵"),
        _c("facility", "text", "工程類別", "road | building | structure | other"),
        _c(
            "road_basis",
            "text",
            "道路工程認定依據",
            "of agency, class, export, words: sorted, by comma; NULL: no road",
        ),
        _c("category_code", "text", "標的分類代碼", "such as 5131"),
        _c("tender_notice_date", "date", "招標公告日"),
        _c("award_date", "date", "決標日"),
        _c("award_notice_date", "date", "決標公告日"),
        _c("award_way", "text", "決標方式", "as award_case.award_way"),
        _c("budget", "int", "預算金額", "NTD"),
        _c("reserve_price", "int", "底價", "NTD"),
        _c("contract_amount", "int", "契約金額", "NTD, as awarded"),
        _c("changed_amount", "int", "變更後契約金額", "NTD, latest by the period's end; NULL: no change"),
        _c("valued_amount", "int", "已估驗金額", "NTD, by the period's end"),
        _c("start_date", "date", "開工日"),
        _c("planned_end", "date", "預定完工日", "as contracted"),
        _c("changed_end", "date", "變更後預定完工日"),
        _c("actual_end", "date", "實際完工日", "NULL when later than the period's end"),
        _c("acceptance_date", "date", "驗收合格日", "NULL when later than the period's end"),
        _c("warranty_end", "date", "保固期滿日", "as written, else acceptance (completion) + the config's years"),
        _c(
            "stage",
            "text",
            "執行階段",
            "not_started | under_way | in_warranty | closed, on the last day",
            True,
        ),
        _c("eligible", "bool", "可選案", "of the job's facilities, and under way or within warranty", True),
        _c("planned_progress", "float", "預定進度", "fraction, latest month by the period's end"),
        _c("actual_progress", "float", "實際進度", "fraction"),
        _c("progress_date", "date", "進度月份", "last day of that month"),
        _c("exec_state", "text", "執行狀態原文"),
        _c("district", "text", "行政區", "the first; NULL when no text names one"),
        _c("districts", "text", "行政區（全部）", "sorted, joined by comma"),
        _c("location", "text", "施工地點"),
        _c("road_keys", "text", "路段比對鍵", "district/road name, sorted, joined by comma (probity.matching.roads)"),
        _c("x", "float", "X坐標", "EPSG:3826 metres"),
        _c("y", "float", "Y坐標", "EPSG:3826 metres"),
        _c("station_start", "float", "起點樁號", "metres; 0K+350 is 350"),
        _c("station_end", "float", "終點樁號", "metres"),
        _c("width_m", "float", "寬度", "metres"),
        _c("area_m2", "float", "面積", "square metres"),
        _c("thickness_cm", "float", "設計厚度", "centimetres"),
        _c("designer_name", "text", "設計單位"),
        _c("supervisor_name", "text", "監造單位"),
        _c("designated", "bool", "指定案件"),
        _c("tip_off", "bool", "檢舉媒體案"),
        _c("award_case_id", "text", "決標案件識別碼", "the award notice that this contract comes from"),
        _c("sources", "text", "來源", "source ids, sorted, joined by comma", True),
        _c("n_observations", "int", "來源筆數", "", True),
    ),
)

PROJECT_FIRM = Table(
    "project_firm",
    "工程承攬廠商",
    ("case_id", "firm"),
    (
        _c("case_id", "text", "案件識別碼", "", True),
        _c("firm", "text", "廠商實體", "valid 統編, else 'N:' + name key", True),
        _c("firm_id", "text", "統一編號"),
        _c("firm_name", "text", "廠商名稱", "", True),
        _c("firm_key", "text", "名稱比對鍵", "", True),
        _c("share", "float", "承攬比例", "fraction of a joint contract; NULL when not stated"),
        _c("n_firms", "int", "共同承攬家數", "", True),
    ),
)

PROJECT_CHANGE = Table(
    "project_change",
    "工程契約變更",
    ("case_id", "change_no"),
    (
        _c("case_id", "text", "案件識別碼", "", True),
        _c("change_no", "int", "變更次別", "", True),
        _c("change_date", "date", "變更日"),
        _c("amount_delta", "int", "增減金額", "NTD, signed"),
        _c("reason", "text", "變更原因"),
    ),
)

PROJECT_PROGRESS = Table(
    "project_progress",
    "工程月進度",
    ("case_id", "month_end"),
    (
        _c("case_id", "text", "案件識別碼", "", True),
        _c("month_end", "date", "月底日", "", True),
        _c("planned_progress", "float", "預定進度", "fraction"),
        _c("actual_progress", "float", "實際進度", "fraction"),
        _c("exec_state", "text", "執行狀態"),
        _c("behind_factor", "text", "落後因素"),
    ),
)

PERMIT = Table(
    "permit",
    "道路挖掘許可",
    ("permit_id",),
    (
        _c("permit_id", "text", "許可列識別碼", "16 hex: digest of application, permit, place and shape", True),
        _c("application_no", "text", "申請書編號", "", True),
        _c("permit_no", "text", "許可證編號"),
        _c("start_date", "date", "核准起日"),
        _c("end_date", "date", "核准迄日"),
        _c("applicant", "text", "申請單位"),
        _c("applicant_key", "text", "申請單位比對鍵"),
        _c("title", "text", "工程名稱", "house-connection titles that hold a person's name are cut"),
        _c("case_type", "text", "案件類別"),
        _c("pipe_type", "text", "管線工程類別"),
        _c("is_paving", "bool", "路面工程", "paving or repair, not a dig for a pipe"),
        _c("district", "text", "行政區"),
        _c("location", "text", "地點"),
        _c("road_keys", "text", "路段比對鍵"),
        _c("started", "bool", "已開工"),
        _c("firm_name", "text", "廠商名稱", "as written, often cut or abbreviated; a phone number is dropped"),
        _c("firm_key", "text", "廠商比對鍵"),
        _c("x", "float", "X坐標", "EPSG:3826 metres, the centre"),
        _c("y", "float", "Y坐標", "EPSG:3826 metres"),
        _c("shape", "text", "施工範圍", "WKT, EPSG:3826 metres; NULL when missing or unreadable"),
    ),
)

PERMIT_FIRM = Table(
    "permit_firm",
    "挖掘許可廠商比對",
    ("firm_key", "firm"),
    (
        _c("firm_key", "text", "許可證所載廠商比對鍵", "permit.firm_key", True),
        _c("firm", "text", "廠商實體", "", True),
        _c("firm_name", "text", "比對之廠商", "", True),
        _c("confidence", "float", "比對信心", "0 to 1 (probity.matching.firms)", True),
        _c("method", "text", "比對方式", "exact | stem | cut | prefix", True),
        _c("sure", "bool", "視為同一廠商", "confidence at or above the configured limit, and no rival", True),
    ),
)

COMPLAINT = Table(
    "complaint",
    "民眾反映",
    ("complaint_id",),
    (
        _c("complaint_id", "text", "案件編號", "", True),
        _c("received_date", "date", "受理日", "", True),
        _c("channel", "text", "來源", "hotline (1999) | citizen_supervision (全民督工) | mailbox | other", True),
        _c("category", "text", "案件類別"),
        _c("subcategory", "text", "案件子類"),
        _c("about_road", "bool", "路面相關", "by category or words (config works.yaml)", True),
        _c("district", "text", "行政區"),
        _c("location", "text", "地點"),
        _c("road_keys", "text", "路段比對鍵"),
        _c("x", "float", "X坐標", "EPSG:3826 metres"),
        _c("y", "float", "Y坐標", "EPSG:3826 metres"),
        _c("case_no", "text", "標案案號", "where the report names the contract (全民督工)"),
        _c("agency_name", "text", "主辦機關"),
        _c("closed_date", "date", "結案日"),
        _c(
            "duplicate_of",
            "text",
            "重複案件",
            "the first one of the same place and matter, see works.yaml",
        ),
    ),
)

PROJECT_PERMIT = Table(
    "project_permit",
    "工程與挖掘許可",
    ("case_id", "permit_id"),
    (
        _c("case_id", "text", "案件識別碼", "", True),
        _c("permit_id", "text", "許可列識別碼", "", True),
        _c("method", "text", "比對方式", "title (the permit is the project's own) | road | shape", True),
        _c("same_firm", "bool", "同一廠商", "the permit's contractor is surely one of the project's"),
        _c("distance_m", "float", "距離", "metres between project and shape; NULL when a place is unknown"),
    ),
)

PROJECT_COMPLAINT = Table(
    "project_complaint",
    "工程與民眾反映",
    ("case_id", "complaint_id"),
    (
        _c("case_id", "text", "案件識別碼", "", True),
        _c("complaint_id", "text", "案件編號", "", True),
        _c("method", "text", "比對方式", "case_no | distance | road: the first that holds, in this order", True),
        _c("distance_m", "float", "距離", "metres to the project's permit shapes, else to its point"),
    ),
)

CONTRACTOR = Table(
    "contractor",
    "營造業登記",
    ("firm", "valid_from"),
    (
        _c("firm", "text", "廠商實體", "", True),
        _c("firm_id", "text", "統一編號"),
        _c("firm_name", "text", "廠商名稱", "", True),
        _c("firm_key", "text", "名稱比對鍵", "", True),
        _c("grade", "text", "等級", "A (甲) | B (乙) | C (丙) | civil (土木包工業) | specialist (專業)"),
        _c("capital", "int", "資本額", "NTD"),
        _c("net_worth", "int", "淨值", "NTD, of the last filed year"),
        _c("base_city", "text", "登記縣市"),
        _c("base_district", "text", "登記行政區"),
        _c("valid_from", "date", "資料起日", "", True),
        _c("valid_to", "date", "資料迄日", "NULL: still in force"),
    ),
)

INSPECTION = Table(
    "inspection",
    "查驗紀錄",
    ("inspection_id",),
    (
        _c("inspection_id", "text", "查驗編號", "<selection_id>-<rank, three digits>[-n for a re-inspection]", True),
        _c("case_id", "text", "案件識別碼", "", True),
        _c("selection_id", "text", "選案識別碼"),
        _c("part", "text", "選案類別", "must_watch | ranked | control | added | other"),
        _c("inspected_date", "date", "查驗日", "", True),
        _c("agency_key", "text", "機關比對鍵"),
        _c("agency_name", "text", "主辦機關"),
        _c("case_no", "text", "標案案號"),
        _c("title", "text", "標案名稱"),
        _c("firm_name", "text", "承攬廠商", "joined by 、"),
        _c("district", "text", "行政區"),
        _c("reinspects", "text", "複驗之查驗編號", "the inspection whose defects this one looks at again"),
        _c("score", "float", "查驗分數", "0 to 100, where the team gave one"),
        _c("file_digest", "text", "檔案雜湊"),
    ),
)

INSPECTION_LIMIT = Table(
    "inspection_limit",
    "查驗標準",
    ("inspection_id", "test"),
    (
        _c("inspection_id", "text", "查驗編號", "", True),
        _c(
            "test",
            "text",
            "檢測項目",
            "flatness | thickness | compaction | binder | ... (acceptance.yaml)",
            True,
        ),
        _c("design_value", "float", "設計值"),
        _c("lower", "float", "單點下限"),
        _c("upper", "float", "單點上限"),
        _c("mean_lower", "float", "平均下限"),
        _c("mean_upper", "float", "平均上限"),
        _c("unit", "text", "單位"),
        _c("rule_id", "text", "標準代號", "key of include/config/acceptance.yaml", True),
        _c("rule_source", "text", "標準依據", "contract clause, or the default rule's name", True),
    ),
)

INSPECTION_MEASURE = Table(
    "inspection_measure",
    "查驗檢測值",
    ("inspection_id", "test", "sample_no"),
    (
        _c("inspection_id", "text", "查驗編號", "", True),
        _c("test", "text", "檢測項目", "", True),
        _c("lot", "int", "批次", "1 is the first", True),
        _c("sample_no", "int", "樣本編號", "1 is the first of the test", True),
        _c("station", "float", "樁號", "metres"),
        _c("offset", "float", "橫距", "metres from the right edge"),
        _c("value", "float", "檢測值", "in the unit of the limit; NULL when not measured"),
        _c("not_measured", "text", "未檢測原因"),
    ),
)

INSPECTION_TEST = Table(
    "inspection_test",
    "查驗判定",
    ("inspection_id", "test", "lot"),
    (
        _c("inspection_id", "text", "查驗編號", "", True),
        _c("test", "text", "檢測項目", "", True),
        _c("lot", "int", "批次", "0 is the whole project", True),
        _c("n", "int", "樣本數", "", True),
        _c("mean", "float", "平均值"),
        _c("sd", "float", "標準差", "n-1; NULL for n < 2"),
        _c("worst", "float", "最差值"),
        _c("pwl", "float", "合格百分率", "0 to 100 (AASHTO R 9); NULL for n < 3"),
        _c("state", "text", "判定", "pass | fail | not_assessable", True),
        _c("rule_id", "text", "標準代號", "", True),
        _c("rule_source", "text", "標準依據", "", True),
        _c("reason", "text", "判定說明", "zh-TW: figures against limits"),
        _c("grade_effect", "text", "等第影響", "such as 丙等; NULL when the rule has none"),
    ),
)

DEFECT = Table(
    "defect",
    "缺失列管",
    ("defect_id",),
    (
        _c("defect_id", "text", "缺失編號", "<inspection_id>-D<nn>", True),
        _c("inspection_id", "text", "查驗編號", "", True),
        _c("case_id", "text", "案件識別碼", "", True),
        _c("agency_key", "text", "機關比對鍵", "the owner", True),
        _c("agency_name", "text", "主辦機關", "", True),
        _c("case_no", "text", "標案案號"),
        _c("title", "text", "標案名稱"),
        _c("firm_name", "text", "承攬廠商"),
        _c("district", "text", "行政區"),
        _c("category", "text", "缺失類別", "key of include/config/defects.yaml", True),
        _c("severity", "text", "情節", "minor | major | grave", True),
        _c("description", "text", "缺失內容", "", True),
        _c("photos", "text", "照片檔名", "joined by 、"),
        _c("found_date", "date", "查驗日", "", True),
        _c("deadline", "date", "改善期限", "in force on the day of the list", True),
        _c("state", "text", "狀態", "open | reported | closed", True),
        _c("state_date", "date", "狀態日期", "", True),
        _c("overdue_days", "int", "逾期工作日", "0 when not overdue", True),
        _c("cycle", "int", "次別", "1, and one more for each reopening", True),
        _c("evidence", "text", "改善佐證", "file names of the last answer"),
        _c("closed_date", "date", "結案日"),
        _c("on_time", "bool", "如期改善", "reported by the deadline; NULL until reported or overdue"),
    ),
)

DEFECT_FACTS = (
    "inspection_id",
    "case_id",
    "agency_key",
    "agency_name",
    "case_no",
    "title",
    "firm_name",
    "district",
    "category",
    "severity",
    "description",
    "photos",
)
"""The DEFECT columns that a finding fixes for good, beside its day."""

DEFECT_EVENT = Table(
    "defect_event",
    "缺失歷程",
    ("event_id",),
    (
        _c("event_id", "text", "事件識別碼", "32 hex: digest of what the event says", True),
        _c("defect_id", "text", "缺失編號", "", True),
        _c("kind", "text", "事件", "found | reported | extended | closed | refused | reopened", True),
        _c("event_date", "date", "日期", "", True),
        _c("deadline", "date", "改善期限", "found, extended, refused, reopened"),
        _c("evidence", "text", "佐證", "file names joined by 、"),
        _c("note", "text", "說明"),
        _c("decided_by", "text", "決定者", "role or login of the officer: closed, refused, extended"),
        _c("source", "text", "來源", "digest of the file, or of the decision", True),
        _c("facts", "text", "缺失內容", "found: canonical JSON of the DEFECT columns that never change"),
    ),
)
