"""The works sources and their merge: invented agencies, firms and roads, in the shapes of the real exports."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest

from probity import config, sources
from probity.calendar import Period
from probity.settings import ROOT
from probity.tables import TABLES

D = dt.date
AGENCY = "測試市政府建設局"
HEADERS = ["主辦機關", "標案案號", "標案名稱", "契約金額", "開工日", "預定完工日", "實際完工日", "承攬廠商", "執行狀態"]


@pytest.fixture
def options() -> dict[str, Any]:
    loaded = config.load(ROOT / "include" / "config", "works")
    return {k: v for k, v in loaded.items() if k != "jobs"} | loaded["jobs"]["road_inspection_selection"]


@pytest.fixture
def build(files, options):
    def of(period: str = "2021-03", items=None, **more: Any) -> dict[str, list[dict[str, Any]]]:
        items = files.everything() if items is None else items
        tables = sources.build_works(items, Period.parse(period), files.objects, options | more)
        return {name: table.to_pylist() for name, table in tables.items()}

    return of


def project(**values: Any) -> dict[str, Any]:
    """One project of an export, by header."""
    return {
        "主辦機關": AGENCY,
        "標案案號": "A110001",
        "標案名稱": "杉木路二段路面改善工程",
        "決標日": "110/01/10",
        "契約金額": "4500000",
        "開工日": "110/01/20",
        "預定完工日": "110/06/30",
        "承攬廠商": "範例甲營造有限公司",
        "執行狀態": "施工中",
    } | values


def sheet(rows: list[dict[str, Any]], above: list[list[str]] | None = None) -> list[list[Any]]:
    headers = list(dict.fromkeys(h for r in rows for h in r))
    return [*(above or []), headers, *([r.get(h, "") for h in headers] for r in rows)]


def export(files, name: str, rows: list[dict[str, Any]], above=None, **more: list[list[Any]]):
    return files.xlsx(name, {"標案": sheet(rows, above), **more})


def only(rows: list[dict[str, Any]], **where: Any) -> dict[str, Any]:
    (row,) = [r for r in rows if all(r[k] == v for k, v in where.items())]
    return row


# ------------------------------------------------------------------------------------------------ the export


def test_an_export_becomes_one_project_with_its_firms_months_and_changes(files, build):
    rows = [project(年月="11003", 預定進度="50%", 實際進度="42.5%", 變更後契約金額="4800000", 已估驗金額="1200000")]
    changes = sheet([{"主辦機關": AGENCY, "標案案號": "A110001", "變更次別": n, "變更日": d, "增減金額": "300000"}
                     for n, d in ((1, "110/02/10"), (2, "110/04/10"))])  # fmt: skip
    path = export(files, "標案_11003.xlsx", rows, 契約變更=changes)
    item = files.ingest(path)
    assert (item.source_id, item.rows_in, item.rows_out, item.rows_quarantined) == ("works_projects", 3, 3, 0)
    assert (item.first_date, item.last_date) == (D(2021, 3, 31), D(2021, 3, 31))
    tables = build()
    row = only(tables["project"])
    assert row["case_id"] == f"N:{'測試市政府建設局'}|A110001"
    assert (row["contract_amount"], row["changed_amount"], row["valued_amount"]) == (4_500_000, 4_800_000, 1_200_000)
    assert (row["facility"], row["road_basis"], row["stage"], row["eligible"]) == ("road", "words", "under_way", True)
    assert (row["planned_progress"], row["actual_progress"], row["progress_date"]) == (0.5, 0.425, D(2021, 3, 31))
    assert [c["change_no"] for c in tables["project_change"]] == [1], "a change of April is not known in March"
    assert only(tables["project_firm"])["firm"] == "N:範例甲營造"
    assert only(tables["project_progress"])["month_end"] == D(2021, 3, 31)


@pytest.mark.parametrize(
    ("header", "above", "cell", "amount"),
    [
        ("契約金額(千元)", None, "4500", 4_500_000),
        ("契約金額", [["工程標案清冊", "單位：千元"]], "4500", 4_500_000),
        ("契約金額", [["單位：新臺幣元"]], "4500000", 4_500_000),
        ("契約金額", None, "4500000", 4_500_000),
        ("BidAmount(千元)", None, "4500", 4_500_000),
        ("BidAmount", [["單位:仟元"]], "4500", 4_500_000),
        ("BidAmount", None, "4,500千元", 4_500_000),
        ("BidAmount", None, "4500", None),
    ],
)
def test_the_unit_of_sums_is_read_from_header_note_or_cell_and_never_guessed(files, build, header, above, cell, amount):
    row = {k: v for k, v in project().items() if k != "契約金額"} | {header: cell}
    item = files.ingest(export(files, "標案.xlsx", [row], above))
    assert item.rows_out == 1
    assert only(build()["project"])["contract_amount"] == amount
    reasons = [(q["reason"], q["severity"], q["value"]) for q in files.quarantine(item)]
    assert reasons == ([("amount_unit_unknown", "value", "4500")] if amount is None else [])


def test_the_systems_english_names_in_a_flat_table_of_months(files, build):
    def month(year: str, number: str, planned: str, actual: str, state: str) -> dict[str, str]:
        return {
            "OrganizerName": AGENCY, "TenderNo": "A110001", "TenderName": "杉木路二段路面改善工程",
            "BidAmount(千元)": "4500", "ActualStartDate": "1100120", "ScheCompletionDate": "1100630",
            "ContractorName1": "範例甲營造有限公司", "ContractorName2": "範例乙土木包工業",
            "PDYear": year, "PDMonth": number, "PDAccuScheProgress": planned, "PDAccuActualProgress": actual,
            "PDExecState": state,
        }  # fmt: skip

    months = [month("110", "2", "20", "18", "施工中"), month("110", "3", "50", "30", "施工中"),
              month("110", "4", "80", "35", "停工中")]  # fmt: skip
    item = files.ingest(export(files, "export.xlsx", months))
    assert (item.rows_in, item.rows_out, item.notes) == (3, 3, ())
    tables = build()
    row = only(tables["project"])
    assert (row["planned_progress"], row["actual_progress"], row["exec_state"]) == (0.5, 0.3, "施工中")
    assert [p["month_end"] for p in tables["project_progress"]] == [D(2021, 2, 28), D(2021, 3, 31)]
    assert [f["firm_key"] for f in tables["project_firm"]] == ["範例乙土木包工業", "範例甲營造"]
    assert only(build("2021-04")["project"])["exec_state"] == "停工中"


def test_joint_contractors_are_parted_with_their_shares_and_take_their_ids(files, build):
    files.xlsx("營造業.xlsx", {"登記": sheet([{"統一編號": "22099131", "廠商名稱": "範例甲營造有限公司", "等級": "丙等",
                                         "資本額": "5000000", "資料起日": "109/01/01"}])})  # fmt: skip
    export(files, "標案_11003.xlsx", [project(承攬廠商="範例甲營造有限公司(60%)、範例乙土木包工業(40%)")])
    firms = build()["project_firm"]
    assert [(f["firm"], f["share"], f["n_firms"]) for f in firms] == [
        ("22099131", 0.6, 2),
        ("N:範例乙土木包工業", 0.4, 2),
    ]


def test_a_company_of_another_form_is_another_company(files, build):
    files.xlsx("營造業.xlsx", {"登記": sheet([{"統一編號": "22099131", "廠商名稱": "範例甲營造股份有限公司",
                                         "等級": "丙等", "資本額": "5000000"}])})  # fmt: skip
    export(files, "標案_11003.xlsx", [project()])
    assert only(build()["project_firm"])["firm"] == "N:範例甲營造"


def test_agencies_that_only_the_export_names_stand_under_their_parent(files, build):
    files.awards("a.csv", [{"unit_id": "3.99.10"}])
    coded = {"主辦機關代碼": "3.99.10.2", "主辦機關": "測試市養護工程處"}
    export(files, "標案_11003.xlsx", [project(**coded), project(主辦機關="測試市乙區公所", 標案案號="B1")])
    tables = build()
    assert only(tables["agency"], agency_id="3.99.10.2")["parent_id"] == "3.99.10"
    assert [p["case_id"] for p in tables["project"]] == [
        "3.99.10.2|A110001",
        "3.99.10|A110001",
        "N:測試市乙區公所|B1",
    ]


def test_rows_that_cannot_be_used_are_set_aside_with_what_to_do(files):
    progress = sheet([{"主辦機關": AGENCY, "標案案號": "A110001", "年月": "", "實際進度": "30%"},
                      {"主辦機關": AGENCY, "標案案號": "B-9", "年月": "11003", "實際進度": "30%"}])  # fmt: skip
    rows = [project(), project(主辦機關="", 標案案號="A2"), project(標案案號="A3", 開工日="110/13/01")]
    item = files.ingest(export(files, "標案.xlsx", rows, 月進度=progress))
    assert (item.rows_in, item.rows_out, item.rows_quarantined) == (5, 2, 3)
    found = {(q["sheet"], q["row"], q["reason"], q["severity"]) for q in files.quarantine(item)}
    assert found == {
        ("標案", 3, "agency_missing", "row"),
        ("標案", 4, "date_impossible", "value"),
        ("月進度", 2, "month_missing", "row"),
        ("月進度", 3, "no_such_case", "row"),
    }
    assert all(q["action"] for q in files.quarantine(item))


def test_a_filled_form_is_read_back(files, build):
    from openpyxl import load_workbook

    from probity.sources import forms, works_projects

    forms.write_all_forms(files.drop)
    for path in files.drop.iterdir():
        if path.name != "工程標案清冊.xlsx":
            path.unlink()
    path = files.drop / "工程標案清冊.xlsx"
    assert files.ingest(path).refused_code == "no_rows"
    book = load_workbook(path)
    values = {works_projects.PROJECTS.field(f.name).zh: f.name for f in works_projects.PROJECTS.fields}
    row = project() | {"進度年度": "110", "進度月": "3", "實際進度": "30%"}
    for column, name in enumerate(values, 1):
        book["標案"].cell(forms.HEADER_ROW + 1, column, row.get(name))
    book.save(path)
    found = only(build()["project"])
    assert (found["contract_amount"], found["actual_progress"]) == (4_500_000, 0.3), "the form's sums are in 元"


# ------------------------------------------------------------------------------------------------ as of the last day


def test_what_later_exports_say_of_their_own_day_does_not_reach_back(files, build):
    export(files, "標案_11003.xlsx", [project(年月="11003", 實際進度="30%")])
    march = build()
    later = project(年月="11005", 實際進度="90%", 變更後契約金額="9000000", 執行狀態="驗收完成", 實際完工日="110/05/20")
    export(files, "標案_11005.xlsx", [later | {"設計單位": "範例工程顧問"}])
    again = build()
    assert only(again["project"]) == only(march["project"]) | {"designer_name": "範例工程顧問"}
    may = only(build("2021-05")["project"])
    assert (may["changed_amount"], may["actual_end"], may["stage"]) == (9_000_000, D(2021, 5, 20), "in_warranty")


def test_an_export_of_the_first_days_of_april_shows_march(files, build):
    item = files.ingest(export(files, "標案_1100405.xlsx", [project(實際進度="30%", 執行狀態="施工中")]))
    assert (item.first_date, item.last_date) == (D(2021, 3, 31), D(2021, 3, 31))
    row = only(build()["project"])
    assert (row["actual_progress"], row["progress_date"]) == (0.3, D(2021, 3, 31))


def test_the_order_of_files_does_not_matter(files, build):
    export(files, "標案_11003.xlsx", [project(年月="11003", 實際進度="30%")])
    export(files, "標案_11004.xlsx", [project(年月="11004", 實際進度="40%")])
    files.awards("a.csv", [{}])
    items = files.everything()
    assert build(items=items) == build(items=items[::-1]) == build(items=[*items, *items])


@pytest.mark.parametrize(
    ("facts", "stage", "warranty_end"),
    [
        ({"開工日": ""}, "not_started", None),
        ({"開工日": "110/04/02"}, "not_started", None),
        ({"開工日": "", "年月": "11003", "實際進度": "5%"}, "under_way", None),
        ({}, "under_way", None),
        ({"實際完工日": "110/04/01"}, "under_way", None),
        ({"實際完工日": "110/03/20"}, "in_warranty", D(2022, 3, 20)),
        ({"實際完工日": "109/02/20", "驗收合格日": "109/04/20"}, "in_warranty", D(2021, 4, 20)),
        ({"實際完工日": "109/02/20"}, "closed", D(2021, 2, 20)),
        ({"實際完工日": "109/02/20", "保固期滿日": "112/02/20"}, "in_warranty", D(2023, 2, 20)),
        ({"執行狀態": "已結案", "預定完工日": "110/02/28"}, "in_warranty", D(2022, 2, 28)),
        ({"執行狀態": "未完工"}, "under_way", None),
        ({"執行狀態": "終止契約"}, "closed", None),
    ],
)
def test_the_stage_on_the_periods_last_day(files, build, facts, stage, warranty_end):
    export(files, "標案_11003.xlsx", [project(決標日="109/01/10", 開工日="109/01/20") | facts])
    row = only(build()["project"])
    assert (row["stage"], row["eligible"]) == (stage, stage in ("under_way", "in_warranty"))
    assert row["warranty_end"] == warranty_end


def test_a_contract_awarded_later_is_not_there_yet(files, build):
    export(files, "標案_11003.xlsx", [project(決標日="110/04/05", 開工日="")])
    assert build()["project"] == []
    assert only(build("2021-04")["project"])["stage"] == "not_started"


# ------------------------------------------------------------------------------------------------ awards


@pytest.mark.parametrize(
    ("title", "category", "unit_id", "facility", "basis"),
    [
        ("甲區環境改善工程", "<工程類>5131快速道路,街道", "3.99.10", "road", "class"),
        ("杉木路二段路面改善工程", "<工程類>5139其他土木工程", "3.99.10", "road", "words"),
        ("杉木路、松柏街等改善工程", "<工程類>5139其他土木工程", "3.99.10", "road", "words"),
        ("110年度甲工區開口契約", "<工程類>5139其他土木工程", "3.87.10.2", "road", "agency"),
        ("110年度甲工區開口契約", "<工程類>5139其他土木工程", "3.87.10.21", "other", None),
        ("甲區路燈增設工程", "<工程類>5139其他土木工程", "3.99.10", "other", None),
        ("甲區道路排水改善工程", "<工程類>5139其他土木工程", "3.99.10", "structure", None),
        ("甲區道路及排水溝改善工程", "<工程類>5139其他土木工程", "3.99.10", "road", "words"),
        ("杉木路污水下水道改善工程", "<工程類>5139其他土木工程", "3.99.10", "structure", None),
        ("網路設備改善工程", "<工程類>5139其他土木工程", "3.87.10.2", "road", "agency"),
        ("甲國小校舍改善", "<工程類>5127教育", "3.87.10.2", "building", None),
        ("測試橋改建工程", "<工程類>5132橋梁", "3.99.10", "structure", None),
    ],
)
def test_awards_become_projects_by_class_words_or_agency(files, build, title, category, unit_id, facility, basis):
    files.awards("a.csv", [{"title": title, "procurement_category": category, "unit_id": unit_id}])
    row = only(build()["project"])
    assert (row["facility"], row["road_basis"], row["sources"]) == (facility, basis, "award_csv")
    assert (row["award_case_id"], row["eligible"]) == (f"{unit_id}|A110001|20210315", facility == "road")
    assert (row["contract_amount"], row["planned_end"]) == (4_500_000, D(2021, 12, 31))


def test_other_facilities_are_chosen_by_the_other_job(files, build):
    files.awards("a.csv", [{"title": "甲國小校舍改善", "procurement_category": "<工程類>5127教育"}])
    assert only(build(facilities=["building", "structure"])["project"])["eligible"] is True
    assert only(build()["project"])["eligible"] is False


def test_export_and_award_are_one_project_and_their_differences_are_listed(files, build):
    files.awards("a.csv", [{"winning_vendors": "範例甲營造有限公司；範例乙營造有限公司"}])
    row = project(契約金額="4500", 標案名稱="測試路改善工程", 決標日="110/03/10", 承攬廠商="")
    export(files, "標案_11003.xlsx", [row])
    tables = build()
    found = only(tables["project"])
    assert (found["case_id"], found["award_case_id"]) == ("3.99.10|A110001", "3.99.10|A110001|20210315")
    assert (found["sources"], found["n_observations"]) == ("award_csv,works_projects", 2)
    assert found["contract_amount"] == 4_500, "the gate sees the factor of a thousand"
    assert [(c["field"], c["value_a"], c["value_b"]) for c in tables["conflict"]] == [
        ("contract_amount", "4500", "4500000")
    ]
    assert [f["firm_key"] for f in tables["project_firm"]] == ["範例乙營造", "範例甲營造"], "the award's winners"


def test_a_notice_of_the_bureau_meets_the_export_of_its_office_by_number_and_title(files, build):
    files.awards("a.csv", [{}])
    export(files, "標案_11003.xlsx", [project(主辦機關="測試市養護工程處", 標案名稱="測試路改善工程")])
    row = only(build()["project"])
    assert (row["case_id"], row["award_case_id"]) == ("N:測試市養護工程處|A110001", "3.99.10|A110001|20210315")


def test_a_number_that_comes_back_after_years_is_another_contract(files, build):
    files.awards("a.csv", [{"announcement_date": "20170315", "award_date": "2017-03-10"}])
    export(files, "標案_11003.xlsx", [project(標案名稱="測試路改善工程")])
    row = only(build()["project"])
    assert (row["award_case_id"], row["sources"]) == (None, "works_projects")


# ------------------------------------------------------------------------------------------------ what surrounds it


REPORT = {"案件編號": "R1", "受理日期時間": "110/03/05 10:30", "來源": "1999", "案件類別": "環境", "案件子類": "其他",
          "行政區": "西屯區", "地點": "河南路二段165號前", "內容": "王小明0912345678反映路面有坑洞"}  # fmt: skip


def test_reports_are_judged_by_what_they_say_and_it_is_dropped(files, build):
    noise = REPORT | {"案件編號": "R2", "內容": "路面積水，請清理側溝"}
    late = REPORT | {"案件編號": "R3", "受理日期時間": "110/04/01 00:10"}
    item = files.ingest(files.xlsx("1999.xlsx", {"s": sheet([REPORT, noise, late])}))
    observed = files.observed(item, "complaint")
    assert not any("坑洞" in str(v) or "王小明" in str(v) for row in observed for v in row.values())
    rows = build()["complaint"]
    assert [(r["complaint_id"], r["about_road"], r["channel"]) for r in rows] == [
        ("R1", True, "hotline"),
        ("R2", False, "hotline"),
    ]
    assert rows[0]["road_keys"] == "西屯區/河南路二段"


def test_a_report_of_citizen_supervision_names_its_contract(files, build):
    export(files, "標案_11003.xlsx", [project()])
    row = {k: v for k, v in REPORT.items() if k != "來源"} | {"標案案號": "A110001"}
    files.xlsx("全民督工_11003.xlsx", {"s": sheet([row])})
    tables = build()
    assert only(tables["complaint"])["channel"] == "citizen_supervision"
    assert only(tables["project_complaint"])["method"] == "case_no"


def test_the_contractor_register_holds_from_day_to_day(files, build):
    firm = {"統一編號": "22099131", "廠商名稱": "範例甲營造有限公司", "等級": "丙等綜合營造業", "資本額(千元)": "5000",
            "淨值": "-200000", "地址": "台中市西屯區杉木路1號"}  # fmt: skip
    rows = [firm | {"資料起日": "108/01/01"}, firm | {"資料起日": "109/07/01", "等級": "乙等"},
            firm | {"資料起日": "110/07/01", "等級": "甲等"}]  # fmt: skip
    item = files.ingest(files.xlsx("營造業.xlsx", {"登記": sheet(rows)}))
    assert item.source_id == "contractor_register"
    assert not any("杉木路" in str(v) for row in files.observed(item, "contractor") for v in row.values())
    found = build()["contractor"]
    assert [(c["grade"], c["valid_from"], c["valid_to"]) for c in found] == [
        ("C", D(2019, 1, 1), D(2020, 6, 30)),
        ("B", D(2020, 7, 1), None),
    ]
    assert (found[0]["capital"], found[0]["net_worth"]) == (5_000_000, -200_000)
    assert (found[0]["base_city"], found[0]["base_district"]) == ("臺中市", "西屯區")


def test_coverage_names_what_the_works_jobs_miss(files):
    export(files, "標案_11003.xlsx", [project(年月="11003")])
    lines = sources.coverage(files.everything(), Period.parse("2021-03"), "works")
    states = {line["source_id"]: line["state"] for line in lines}
    assert states["works_projects"] == "ok"
    assert {s for s, state in states.items() if state == "missing"} >= {
        "excavation_permits",
        "complaints",
        "contractor_register",
        "debarment_feed",
    }
    assert "works_projects" not in {x["source_id"] for x in sources.coverage([], Period.parse("2021-03"))}


NASTY = (
    "", "-", "0", "110", "13", "-5", "$", "110/03/05", "1100305", "99999999", "11003", "85%", "1e9", "1,000", "0K+350",
    "120.7", "24.1", "POLYGON ((120 24,121 24,121 25,120 24))", "POLYGON EMPTY", "POLYGON ((nan nan, 1 1, 2 2))",
    "MULTIPOLYGON (((120 24,120.1 24,120.1 24.1,120 24)))", "是", "甲、乙；丙/丁", "；", "(60%)", "甲營造(60%)、",
    "=1+1", "王小明", "\ue0c6成營造", "西屯區", "河南路二段", "合計", "甲等", "1999", "無", "N/A", "22099131", "1" * 30,
)  # fmt: skip


@pytest.mark.parametrize("source_id", ["works_projects", "excavation_permits", "complaints", "contractor_register"])
def test_whatever_the_cells_no_row_is_lost_and_the_tables_keep_their_shape(files, options, source_id):
    dice = random.Random(source_id)
    for number, item in enumerate(sources.CONTRACTS[source_id].sheets):
        rows = [[f.zh for f in item.fields], *([dice.choice(NASTY) for _ in item.fields] for _ in range(60))]
        files.xlsx(f"{number}.xlsx", {item.zh: rows})
    for found in files.everything():
        assert (found.source_id, found.rows_in) == (source_id, found.rows_out + found.rows_quarantined)
    tables = sources.build_works(files.everything(), Period.parse("2021-03"), files.objects, options)
    for name, table in tables.items():
        assert table.schema.equals(TABLES[name].arrow_schema()), name
        required = [c.name for c in TABLES[name].columns if c.required]
        assert sum(table[c].null_count for c in required) == 0, name
        assert table.group_by(list(TABLES[name].key)).aggregate([]).num_rows == table.num_rows, name
