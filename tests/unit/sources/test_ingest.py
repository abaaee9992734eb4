import datetime as dt
import json
import os
import re
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from probity import sources
from probity.sources import contract, notice_detail, notice_index, reasons
from probity.sources.normalise import Origin, RawColumn, RawTable, read
from probity.tables import QUARANTINE

D = dt.date


# ------------------------------------------------------------------------------------------------ discovery


def test_discover_tells_sources_by_content_and_leaves_unfinished_files(files):
    files.awards("隨便的名字.bin", [{}])
    files.text("not-an-award.csv", "a,b\n1,2\n")
    for name in (".hidden.csv", "x.csv.part", "y.tmp", "~$z.xlsx", ".git/a.csv"):
        files.text(name, "a,b\n1,2\n")
    found = sources.discover(files.drop, files.settings)
    assert [(a.name, a.source_id) for a in found] == [("not-an-award.csv", None), ("隨便的名字.bin", "award_csv")]
    assert "已知來源" in found[0].reason


def test_an_unknown_file_is_reported_and_kept(files):
    path = files.text("x.csv", "a,b\n1,2\n")
    item = files.ingest(path)
    assert item.refused and path.exists()
    assert [(q["severity"], q["reason"]) for q in files.quarantine(item)] == [("file", "unknown_source")]


def test_the_second_reading_opens_no_file(files, monkeypatch):
    path = files.awards("a.csv", [{}])
    first = files.everything()
    stat = path.stat()
    path.write_bytes(b"x" * stat.st_size)  # nobody looks inside: same size, same time
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert files.everything() == first


def test_a_changed_file_is_read_again(files):
    path = files.awards("a.csv", [{}])
    before = files.ingest(path)
    files.awards("a.csv", [{}, {"job_number": "A2", "notice": "BDM-9-2"}])
    after = files.ingest(path)
    assert (before.rows_in, after.rows_in) == (1, 2)
    assert before.digest != after.digest


def test_zip_members_are_files_of_their_own(files):
    import zipfile

    inner = files.awards("a.csv", [{}])
    with zipfile.ZipFile(files.drop / "b.zip", "w") as archive:
        archive.write(inner, "一月.csv")
        archive.writestr("二月.csv", "x,y\n1,2\n")
    inner.unlink()
    found = files.everything()
    assert [(f.file_name, f.source_id, f.rows_out) for f in found] == [
        ("b.zip/一月.csv", "award_csv", 1),
        ("b.zip/二月.csv", "", 0),
    ]


# ------------------------------------------------------------------------------------------------ quarantine


def test_a_bad_cell_is_null_and_its_row_goes_on(files):
    path = files.awards(
        "a.csv",
        [
            {"budget_amount": "１，０００，０００元", "award_amount": "詳契約"},
            {"job_number": "A2", "announcement_date": "1100230", "case_key": "x"},
            {"job_number": "A3", "award_amount": "-5", "performance_period": "111/01/01－110/01/01"},
        ],
    )
    item = files.ingest(path)
    assert (item.rows_in, item.rows_out, item.rows_quarantined) == (3, 2, 1)
    one, three = files.observed(item, "award_case")
    assert (one["budget"], one["_raw_budget"], one["award_amount"], one["_raw_award_amount"]) == (
        1_000_000,
        "１，０００，０００元",
        None,
        "詳契約",
    )
    assert three["award_amount"] is None and three["performance_start"] is None
    assert [(q["row"], q["column"], q["value"], q["reason"], q["severity"]) for q in files.quarantine(item)] == [
        (2, "award_amount", "詳契約", "amount_unreadable", "value"),
        (3, "announcement_date", "1100230", "date_impossible", "row"),
        (4, "award_amount", "-5", "below_minimum", "value"),
        (4, "performance_period", "111/01/01－110/01/01", "date_range_reversed", "value"),
    ]
    assert all(q["expected"] and q["action"] for q in files.quarantine(item))


def test_title_rows_total_rows_notes_and_repeated_headers_are_set_aside_and_reported(files):
    header = ["機關代碼", "機關名稱", "標案案號", "標案名稱", "底價（千元）", "決標公告日"]
    rows = [
        ["測試市採購清冊", *[None] * 5],
        [None] * 6,
        header,
        ["3.99.1", "測試市政府", "A1", "甲案", "1,200.5", "110/03/15"],
        ["3.99.1", "測試市政府", "A2", "乙案", "300元", dt.date(2021, 3, 16)],
        header,
        ["小計", None, None, None, 1501, None],
        ["3.99.1", "測試市政府", "A3", "丙案", None, 1100317],
        [None, "合　計：3件", None, None, 9, None],
        ["備註：本表由測試產生", *[None] * 5],
    ]
    item = files.ingest(files.xlsx("a.xlsx", {"清冊": rows}, {"清冊": ["A1:F1"]}))
    assert item.refused is None
    assert [(o["reserve_price"], o["award_notice_date"]) for o in files.observed(item, "award_case")] == [
        (1_200_500, D(2021, 3, 15)),
        (300, D(2021, 3, 16)),
        (None, D(2021, 3, 17)),
    ]
    assert [(q["row"], q["reason"]) for q in files.quarantine(item)] == [
        (6, "repeated_header"),
        (7, "total_row"),
        (9, "total_row"),
        (10, "note_row"),
    ]
    assert item.rows_in == 7 == item.rows_out + item.rows_quarantined


CELL = st.one_of(
    st.sampled_from(["", "合計", "110/03/15", "5,000", "是", "A1", "-", "999", "1150230"]), st.text(max_size=8)
)


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_rows_in_are_rows_out_plus_rows_set_aside_whatever_the_cells(data):
    every = [s for c in sources.CONTRACTS.values() for s in c.sheets]
    sheet = data.draw(st.sampled_from(every))
    n = data.draw(st.integers(1, 6))
    columns = {
        f.name: RawColumn(f.zh, pa.array(data.draw(st.lists(CELL, min_size=n, max_size=n)), pa.string()))
        for f in sheet.fields
    }
    clean = read(RawTable(sheet, "s", pa.array(range(2, n + 2), pa.int64()), columns), Origin("x", "d", "f"))
    aside = {q["row"] for q in clean.quarantine.to_pylist() if q["severity"] == "row"}
    assert clean.rows_in == n == clean.rows_out + len(aside)
    assert set(clean.rows.to_pylist()) == set(range(2, n + 2)) - aside
    for item in sheet.fields:
        if item.required and item.type != "date_range":
            assert clean.get(item.name).null_count == 0
    assert clean.quarantine.schema == QUARANTINE.arrow_schema()


def test_every_reason_code_has_words():
    room = Path(reasons.__file__).parent
    code = "\n".join(p.read_text(encoding="utf-8") for p in [*room.glob("*.py"), room.parent / "text.py"])
    raised = set(re.findall(r'(?:TextError|Refused)\(\s*"(\w+)"', code))
    raised |= set(re.findall(r'"(\w+)" if [^\n]+ else "(\w+)", value', code)[0])
    assert raised <= set(reasons.ALL), raised - set(reasons.ALL)
    assert all(r.expected and r.action for r in reasons.ALL.values())


# ------------------------------------------------------------------------------------------------ contracts


def test_every_header_means_one_field_and_its_own_name_is_found():
    for declared in sources.CONTRACTS.values():
        for sheet in declared.sheets:
            match = sheet.match([f.zh for f in sheet.fields])
            assert list(match.columns) == [f.name for f in sheet.fields]
            assert match.is_this


def test_headers_are_found_in_any_order_width_and_unit():
    key = contract.header_key
    assert key("＊ 決標 金額（新臺幣千元）") == key("決標金額(千元)") == ("決標金額", "千元")
    assert key("預定進度(%)") == ("預定進度", "%")


def test_missing_columns_are_named(files):
    item = files.ingest(files.xlsx("a.xlsx", {"s": [["標案案號", "標案名稱", "底價", "預算"], ["A1", "甲", 5, 6]]}))
    assert (item.source_id, item.refused_code) == ("city_list", "missing_columns")
    assert "機關名稱" in item.refused


# ------------------------------------------------------------------------------------------------ JSON and XML


def record(**more):
    companies = {
        "id_key": {"04595257": ["投標廠商:投標廠商1:廠商代碼"], "無": ["投標廠商:投標廠商2:廠商代碼"]},
        "name_key": {
            "範例甲營造有限公司": ["投標廠商:投標廠商1:廠商名稱", "決標品項:第1品項:得標廠商1:得標廠商"],
            "範例乙營造有限公司": ["投標廠商:投標廠商2:廠商名稱", "決標品項:第1品項:未得標廠商1:未得標廠商"],
            "範例丙": ["投標廠商:投標廠商3:廠商名稱"],
        },
    }
    return {
        "date": 20210315,
        "filename": "BDM-9-1",
        "brief": {"type": "決標公告", "title": "測試路改善工程", "companies": companies},
        "job_number": "A110001",
        "unit_id": "3.99.10",
        "unit_name": "測試市政府建設局",
    } | more


def test_index_bidders_with_their_own_ids(files):
    assert notice_index.bidders(record()["brief"]["companies"]) == [
        ("範例甲營造有限公司", "04595257", True),
        ("範例乙營造有限公司", "無", False),
        ("範例丙", None, None),
    ]
    failed = record(brief={"type": "無法決標公告", "title": "x"}, date=20210101)
    item = files.ingest(files.json("a.json", [record(), failed]))
    assert item.rows_out == 2
    assert files.observed(item, "award_case")[0]["n_bidders"] == 3
    assert [(b["firm"], b["firm_id_class"], b["is_winner"]) for b in files.observed(item, "bid")] == [
        ("04595257", "ubn_ok_mod10", True),
        ("N:範例乙營造", "free_text", False),
        ("N:範例丙", "empty", None),
    ]
    assert [(t["event"], t["event_date"]) for t in files.observed(item, "tender")] == [("failed", D(2021, 1, 1))]


DETAIL = {
    "機關資料:機關代碼": "3.99.10",
    "機關資料:機關名稱": "測試市政府建設局",
    "已公告資料:標案案號": "A110001",
    "已公告資料:標案名稱": "測試路改善工程",
    "已公告資料:標的分類": "<工程類>5131快速道路",
    "已公告資料:招標方式": "限制性招標(未經公開評選或公開徵求)",
    "已公告資料:依據法條": "政府採購法第22條第1項第6款",
    "已公告資料:決標方式": "最低標",
    "已公告資料:原公告日期": "110/02/20",
    "已公告資料:開標時間": "110/03/09 10:00",
    "已公告資料:預算金額": "5,000,000元",
    "已公告資料:是否受機關補助": "是，補助機關另列",
    "投標廠商:投標廠商家數": "3",
    "投標廠商:投標廠商1:廠商代碼": "04595257",
    "投標廠商:投標廠商1:廠商名稱": "範例甲營造有限公司",
    "投標廠商:投標廠商1:是否得標": "是",
    "投標廠商:投標廠商1:決標金額": "4,400,000元",
    "投標廠商:投標廠商1:廠商地址": "測試市一路1號",
    "投標廠商:投標廠商1:履約起迄日期": "110/03/20－110/12/31(預估)",
    "投標廠商:投標廠商2:廠商名稱": "範例乙營造有限公司",
    "投標廠商:投標廠商2:是否得標": "否",
    "投標廠商:投標廠商3:廠商名稱": "範例丙營造有限公司",
    "決標品項:第1品項:得標廠商1:得標廠商": "範例甲營造有限公司",
    "決標品項:第1品項:得標廠商1:得標廠商原始投標金額": "4,450,000元",
    "決標品項:第1品項:未得標廠商1:未得標廠商": "範例乙營造有限公司",
    "決標品項:第1品項:未得標廠商1:標價金額": "3,000,000元",
    "決標品項:第2品項:未得標廠商1:未得標廠商": "範例乙營造有限公司",
    "決標品項:第2品項:未得標廠商1:標價金額": "1,800,000元",
    "決標品項:第1品項:未得標廠商2:未得標廠商": "範例丙營造有限公司",
    "決標品項:第1品項:未得標廠商2:標價金額": "不明",
    "決標品項:第1品項:未得標廠商2:未得標原因": "資格文件不符合招標規定",
    "決標資料:決標日期": "110/03/10",
    "決標資料:決標公告日期": "110/03/15",
    "決標資料:底價金額": "4,500,000元",
    "決標資料:總決標金額": "4,400,000元",
}


@pytest.mark.parametrize("shape", ["one", "list", "lines", "records", "detail", "nested"])
def test_detail_in_every_shape(files, shape):
    nested: dict = {}
    for key, value in DETAIL.items():
        *path, last = key.split(":")
        at = nested
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    values = {
        "one": DETAIL,
        "list": [DETAIL],
        "records": {"records": [DETAIL]},
        "detail": {
            "records": [{"date": 20210315, "filename": "BDM-9-1", "brief": {"type": "決標公告"}, "detail": DETAIL}]
        },
        "nested": nested,
    }
    if shape == "lines":
        path = files.text("a.json", "\n".join(json.dumps(DETAIL, ensure_ascii=False) for _ in range(2)), "utf-8")
    else:
        path = files.json("a.json", values[shape])
    item = files.ingest(path)
    assert (item.source_id, item.refused) == ("notice_detail", None)
    case = files.observed(item, "award_case")[0]
    assert (case["reserve_price"], case["award_amount"], case["budget"]) == (4_500_000, 4_400_000, 5_000_000)
    assert (case["restricted_clause"], case["method"], case["kind"], case["category_code"]) == (
        "22-1-6",
        "restricted",
        "works",
        "5131",
    )
    assert (case["tender_notice_date"], case["opening_date"]) == (D(2021, 2, 20), D(2021, 3, 9))
    assert (case["n_bidders"], case["n_winners"], case["is_subsidised"]) == (3, 1, True)
    assert case["performance_end"] == D(2021, 12, 31)
    bids = {b["firm_name"]: b for b in files.observed(item, "bid")}
    one, two, three = (bids[f"範例{c}營造有限公司"] for c in "甲乙丙")
    assert (one["bid_amount"], one["original_bid"], one["award_amount"]) == (4_450_000, 4_450_000, 4_400_000)
    assert (two["bid_amount"], two["is_winner"], two["is_disqualified"]) == (4_800_000, False, None), (
        "summed over items"
    )
    assert (three["bid_amount"], three["is_disqualified"]) == (None, True)
    assert [(q["column"], q["reason"]) for q in files.quarantine(item)][:1] == [
        ("投標廠商3:標價金額", "amount_unreadable")
    ]


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda x: (
            st.lists(x)
            | st.dictionaries(st.sampled_from(["決標資料", "底價金額", "detail", "records", "brief", "x"]), x)
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read_or_refused(value):
    from probity.sources.readers import Document

    document = Document("a", "json", value=value)
    for module in (notice_detail, notice_index):
        if module.recognise(document):
            for raw in module.raw_tables(document):
                read(raw, Origin("x", "d", "f"))


def test_half_month_xml(files):
    xml = """<?xml version="1.0"?><TENDER_LIST>
    <TENDER><TENDER_AWARD_PRICE>230000000</TENDER_AWARD_PRICE><PROCUREMENT_ATTR>工程類</PROCUREMENT_ATTR>
      <AWARD_DATE>2021/03/10</AWARD_DATE><AWARD_NOTICE_DATE>2021/03/15</AWARD_NOTICE_DATE>
      <TENDER_ORG_NAME>測試市政府建設局</TENDER_ORG_NAME><PROCUREMENT_TYPE>公開招標</PROCUREMENT_TYPE>
      <TENDER_NAME>測試</TENDER_NAME><TENDER_CASE_NO>A1</TENDER_CASE_NO><TENDER_AWARD_WAY>最低標</TENDER_AWARD_WAY>
      <BIDDER_LIST><NOT_OBTAIN_SUPP_NAME>範例乙</NOT_OBTAIN_SUPP_NAME><NOT_OBTAIN_SUPP_NAME></NOT_OBTAIN_SUPP_NAME>
      <BIDDER_SUPP_ADDR>測試市</BIDDER_SUPP_ADDR><BIDDER_SUPP_NAME>範例甲</BIDDER_SUPP_NAME></BIDDER_LIST></TENDER>
    <TENDER><TENDER_SPDT>2021/03/02</TENDER_SPDT><TENDER_ORG_NAME>測試市政府建設局</TENDER_ORG_NAME>
      <TENDER_CASE_NO>A1</TENDER_CASE_NO><TENDER_NAME>測試</TENDER_NAME><PROCUREMENT_TYPE>公開招標</PROCUREMENT_TYPE></TENDER>
    <TENDER><TENDER_ORG_NAME>測試市政府建設局</TENDER_ORG_NAME><TENDER_SPDT>近日</TENDER_SPDT></TENDER>
    </TENDER_LIST>"""
    item = files.ingest(files.text("a.xml", xml, "utf-8"))
    assert (item.source_id, item.rows_in, item.rows_out, item.rows_quarantined) == ("halfmonth_xml", 3, 2, 1)
    case = files.observed(item, "award_case")[0]
    assert (case["award_amount"], case["method"], case["n_bidders"], case["n_winners"]) == (230_000_000, "open", 2, 1)
    bids = files.observed(item, "bid")
    assert [(b["firm_name"], b["is_winner"], b["address"], b["award_amount"]) for b in bids] == [
        ("範例甲", True, "測試市", 230_000_000),
        ("範例乙", False, None, None),
    ]
    assert files.observed(item, "tender")[0]["opening_date"] == D(2021, 3, 2)


# ------------------------------------------------------------------------------------------------ the city's workbooks


def test_city_list_with_all_its_worksheets(files):
    ref = ["機關名稱", "標案案號"]
    item = files.ingest(
        files.xlsx(
            "清冊.xlsx",
            {
                "說明": [["請依欄位填寫"]],
                "標案": [
                    [
                        "標案名稱",
                        *ref,
                        "底價",
                        "決標日",
                        "預定進度(%)",
                        "實際進度",
                        "進度日期",
                        "標的類別",
                        "得標廠商",
                        "檢舉媒體案",
                        "設計監造廠商",
                    ],
                    [
                        "甲案",
                        "測試市政府",
                        "A1",
                        "４，５００，０００",
                        "1100310",
                        85,
                        "60%",
                        "110.3.31",
                        "工程",
                        "範例甲；範例乙",
                        "是",
                        "範例丁顧問",
                    ],
                    ["乙案", "測試市政府", "A2", None, None, None, None, None, None, None, None, None],
                    ["丙案", "測試市政府", "A3", 5, "1100311", 1, None, None, "其它", None, "也許", None],
                ],
                "投標廠商": [
                    [*ref, "統一編號", "廠商名稱", "是否得標", "標價", "未得標原因"],
                    ["測試市政府", "A1", 4595257, "範例甲", "是", 4400000, None],
                    ["測試市政府", "A9", None, "範例乙", "否", 1, None],
                ],
                "契約變更": [
                    [*ref, "變更次別", "變更日", "增減金額"],
                    ["測試市政府", "Ａ1", "第1次", "110/4/1", "(50,000)"],
                ],
                "更正公告": [
                    [*ref, "更正次別", "是否重大改變", "原截止投標日"],
                    ["測試市政府", "A1", 1, "有", "110/2/28"],
                ],
            },
        )
    )
    assert item.source_id == "city_list"
    assert (item.rows_in, item.rows_out, item.rows_quarantined) == (7, 5, 2)
    one = files.observed(item, "award_case")[0]
    assert (one["reserve_price"], one["planned_progress"], one["actual_progress"]) == (4_500_000, 0.85, 0.6)
    assert (one["progress_date"], one["kind"], one["tip_off"], one["designer_key"]) == (
        D(2021, 3, 31),
        "works",
        True,
        "N:範例丁顧問",
    )
    bids = files.observed(item, "bid")
    assert sorted((b["firm"], b["is_winner"], b["bid_amount"]) for b in bids if b["_sheet"] == "投標廠商") == [
        ("04595257", True, 4_400_000)
    ]
    assert files.observed(item, "contract_change")[0]["amount_delta"] == -50_000
    assert files.observed(item, "correction")[0]["is_material"] is True
    assert sorted((q["sheet"], q["row"], q["reason"]) for q in files.quarantine(item)) == [
        ("投標廠商", 3, "no_such_case"),
        ("標案", 3, "date_missing"),
        ("標案", 4, "bool_unreadable"),
        ("標案", 4, "choice_unknown"),
        ("標案", 4, "fraction_ambiguous"),
    ]


def test_registers_and_results(files):
    agencies = files.ingest(
        files.text("a.csv", "機關名稱,機關代碼,政風單位信箱\n測試市政府建設局,3.99.10,x@y.example\n", "cp950")
    )
    auditors = files.ingest(
        files.xlsx(
            "b.xlsx",
            {
                "委員": [
                    ["姓名", "委員編號", "專長", "服務機關代碼", "任職起日", "任職迄日"],
                    ["測試員", "E01", "工程", "3.99.10", "108/1/1", "迄今"],
                ]
            },
        )
    )
    results = files.ingest(
        files.xlsx(
            "c.xlsx",
            {
                "稽核結果": [
                    ["案件識別碼", "稽核完成日", "有無違失", "情節", "選案類別", "違失金額"],
                    ["x|y|20210315", "110/5/1", "有", "重大", "隨機對照", "3萬元"],
                ]
            },
        )
    )
    assert [i.source_id for i in (agencies, auditors, results)] == ["agency_list", "auditor_list", "audit_results"]
    assert files.observed(auditors, "auditor")[0]["served_to"] is None and not files.quarantine(auditors)
    result = files.observed(results, "audit_result")[0]
    assert (result["irregular"], result["severity"], result["part"], result["amount_irregular"]) == (
        True,
        "grave",
        "control",
        30_000,
    )


# ------------------------------------------------------------------------------------------------ debarment


def test_debarment_json_and_its_quirks(files, make_ban, make_feed):
    bans = [make_ban(i) for i in range(1200)]
    bans[0] |= {"Corporation_Number": 4595257, "Corporation_Name": "範例甲營造有限公司"}
    bans[1] |= {"Corporation_Number": "K1229*****", "Effective_Date": "20210202", "Appeal_Result": "申訴成立，註銷刊登"}
    item = files.ingest(files.json("a.json", make_feed(D(2021, 3, 31), bans)))
    assert (item.source_id, item.rows_out, item.last_date) == ("debarment_feed", 1200, D(2021, 3, 31))
    one, two = files.observed(item, "debarment")[:2]
    assert (one["firm"], one["announce_date"], one["annulled"]) == ("04595257", D(2021, 2, 1), False)
    assert (two["firm"], two["firm_id"], two["effective_date"], two["annulled"]) == (
        "N:測試停權1號",
        None,
        D(2021, 2, 2),
        True,
    )


def test_a_small_debarment_list_is_refused(files, make_ban, make_feed):
    item = files.ingest(files.json("a.json", make_feed(D(2021, 3, 31), [make_ban(i) for i in range(999)])))
    assert (item.refused_code, item.rows_in, item.rows_quarantined, item.rows_out) == ("too_few_rows", 999, 999, 0)
    assert "999" in item.refused and item.observation_digests == {}


@pytest.mark.parametrize("headed", [True, False])
def test_debarment_xls_by_header_or_by_position(files, headed):
    import xlwt

    from probity.sources.debarment_feed import XLS_ORDER

    book = xlwt.Workbook()
    sheet = book.add_sheet("Rvlm")
    top = 0
    if headed:
        sheet.write(0, 0, "拒絕往來廠商名單 更新日期：1100331")
        for c, name in enumerate(XLS_ORDER):
            sheet.write(1, c, name)
        top = 2
    for r in range(1000):
        row = [""] * 25
        row[:3] = [f"{10000000 + r}", f"D{r}", f"測試停權{r}號有限公司"]
        row[5:7] = ["3.99.10", "測試市政府建設局"]
        row[13:19] = ["第1款", "1100201", "1100201", "1100202", "", "1130201"]
        for c, value in enumerate(row):
            sheet.write(top + r, c, value)
    path = files.drop / "rvlm_1100331.xls"
    book.save(str(path))
    item = files.ingest(path)
    assert (item.source_id, item.rows_out, item.refused, item.last_date) == (
        "debarment_feed",
        1000,
        None,
        D(2021, 3, 31),
    )
    first = files.observed(item, "debarment")[0]
    assert (first["expire_date"], first["agency_no"], first["clause"]) == (D(2024, 2, 1), "3.99.10", "第1款")
