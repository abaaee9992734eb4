import datetime as dt
import random

from probity import sources
from probity.calendar import Period
from probity.sources import debarment_feed
from probity.tables import TABLES

D = dt.date
CASE = "3.99.10|A110001|20210315"


def index(**more):
    names = {"範例甲營造有限公司": ("04595257", True), "範例乙營造有限公司": (None, False)} | more.pop("firms", {})
    companies = {"id_key": {}, "name_key": {}}
    for number, (name, (firm_id, won)) in enumerate(names.items(), 1):
        if firm_id:
            companies["id_key"][firm_id] = [f"投標廠商:投標廠商{number}:廠商代碼"]
        side = "得標廠商" if won else "未得標廠商"
        companies["name_key"][name] = [f"投標廠商:投標廠商{number}:廠商名稱", f"決標品項:第1品項:{side}1:{side}"]
    record = {
        "date": 20210315,
        "filename": "BDM-9-1",
        "brief": {
            "type": more.pop("type", "決標公告"),
            "title": more.pop("title", "測試路改善工程"),
            "companies": companies,
        },
        "job_number": "A110001",
        "unit_id": "3.99.10",
        "unit_name": "測試市政府建設局",
    }
    return record | more


def detail(**more):
    return {
        "機關資料:機關代碼": "3.99.10",
        "機關資料:機關名稱": "測試市政府建設局",
        "已公告資料:標案案號": "A110001",
        "已公告資料:標案名稱": "測試路改善工程",
        "決標資料:決標公告日期": "110/03/15",
        "決標資料:決標日期": "110/03/10",
        "決標資料:底價金額": "4,600,000元",
        "決標資料:總決標金額": "4,500,000元",
    } | more


def tender(date, type_="公開招標公告", **more):
    return {
        "date": date,
        "brief": {"type": type_, "title": "測試路改善工程"},
        "機關資料:機關名稱": "測試市政府建設局",
        "採購資料:標案案號": "A110001",
    } | more


def city(rows, header=None):
    names = header or ["機關名稱", "標案案號", "標案名稱", "底價", "決標日", "決標公告日", "決標金額"]
    return {"標案": [names, *rows]}


# ------------------------------------------------------------------------------------------------ one case


def test_four_sources_become_one_case(files):
    files.awards("a.csv", [{}])
    files.awards("twice.csv", [{"title": "測試路　改善工程"}])
    files.json("b.json", [index()])
    files.json("c.json", detail())
    files.text(
        "d.xml",
        "<TENDER_LIST><TENDER><TENDER_ORG_NAME>測試巿政府建設局</TENDER_ORG_NAME><TENDER_CASE_NO>Ａ110001</TENDER_CASE_NO>"
        "<TENDER_NAME>測試路改善工程</TENDER_NAME><AWARD_NOTICE_DATE>2021/03/15</AWARD_NOTICE_DATE></TENDER></TENDER_LIST>",
        "utf-8",
    )
    tables = files.build()
    (case,) = tables["award_case"]
    assert case["case_id"] == CASE
    assert case["sources"] == "award_csv,halfmonth_xml,notice_detail,notice_index"
    assert case["n_observations"] == 5
    assert (case["reserve_price"], case["award_amount"], case["budget"]) == (4_600_000, 4_500_000, 5_000_000)
    assert (case["in_eproc"], case["in_city_list"], case["agency_id"]) == (True, None, "3.99.10")
    assert tables["conflict"] == []
    bids = {b["firm"]: b for b in tables["bid"]}
    assert sorted(bids) == ["04595257", "N:範例乙營造"]
    assert (bids["04595257"]["is_winner"], bids["04595257"]["award_amount"]) == (True, 4_500_000)
    assert tables["agency"][0]["agency_id"] == "3.99.10"


def test_what_disagrees_is_listed_with_the_kept_value_first(files):
    files.awards("a.csv", [{"award_amount": "4400000"}])
    files.json("b.json", [index(title="測試路改善工程第2期", firms={"範例丙營造有限公司": (None, True)})])
    files.json("c.json", detail())
    tables = files.build()
    assert tables["award_case"][0]["award_amount"] == 4_500_000
    found = [(c["field"], c["source_a"], c["value_a"], c["source_b"], c["value_b"]) for c in tables["conflict"]]
    assert found == [
        ("award_amount", "notice_detail", "4500000", "award_csv", "4400000"),
        ("n_winners", "award_csv", "1", "notice_index", "2"),
        ("title", "notice_detail", "測試路改善工程", "notice_index", "測試路改善工程第2期"),
    ]


def test_a_duplicate_that_differs_within_one_source_is_a_conflict_too(files):
    files.awards("a.csv", [{"budget_amount": "1"}])
    files.awards("b.csv", [{"budget_amount": "2"}, {"job_number": "Z", "announcement_date": "20210331", "notice": "9"}])
    tables = files.build()
    case = next(c for c in tables["award_case"] if c["case_id"] == CASE)
    assert case["budget"] == 2, "the file that reaches further wins"
    assert [(c["field"], c["source_a"], c["source_b"]) for c in tables["conflict"]] == [
        ("budget", "award_csv", "award_csv")
    ]


def test_two_notices_of_one_day_are_two_cases(files):
    files.awards("a.csv", [{"award_amount": "1"}, {"award_amount": "2", "notice": "BDM-9-2"}])
    files.json("c.json", detail(**{"決標資料:總決標金額": "2元"}))
    tables = files.build()
    assert [(c["case_id"], c["award_amount"], c["n_observations"]) for c in tables["award_case"]] == [
        (f"{CASE}|BDM-9-1", 1, 1),
        (f"{CASE}|BDM-9-2", 2, 2),
    ]


def test_a_corrected_award_notice_supersedes_and_shows(files):
    corrected = detail(
        **{
            "date": 20210401,
            "brief": {"type": "更正決標公告"},
            "決標資料:決標公告日期": "110/04/01",
            "決標資料:總決標金額": "4,000,000元",
        }
    )
    files.json("c.json", [detail(), corrected])
    tables = files.build()
    (case,) = tables["award_case"]
    assert (case["case_id"], case["award_amount"], case["award_notice_date"]) == (CASE, 4_000_000, D(2021, 3, 15))
    assert [(c["field"], c["value_a"], c["value_b"]) for c in tables["conflict"]] == [
        ("award_amount", "4000000", "4500000")
    ]


def test_only_the_history_and_the_period_are_in(files):
    dates = ("20160229", "20160301", "20210331", "20210401")
    files.awards("a.csv", [{"job_number": d, "announcement_date": d, "notice": d} for d in dates])
    assert [c["case_no"] for c in files.build()["award_case"]] == ["20160301", "20210331"]


# ------------------------------------------------------------------------------------------------ agencies and firms


def test_a_name_stands_for_the_code_that_the_agency_list_gives(files):
    files.text("agency.csv", "機關代碼,機關名稱,政風單位信箱\n3.99.10,測試市政府建設局,x@y.example\n")
    xml = (
        "<TENDER_LIST><TENDER><TENDER_ORG_NAME>{}</TENDER_ORG_NAME><TENDER_CASE_NO>A110001</TENDER_CASE_NO>"
        "<TENDER_NAME>x</TENDER_NAME><AWARD_NOTICE_DATE>2021/03/15</AWARD_NOTICE_DATE></TENDER></TENDER_LIST>"
    )
    files.text("a.xml", xml.format("測試巿政府建設局"), "utf-8")
    files.text("b.xml", xml.format("無名公所"), "utf-8")
    cases = files.build()["award_case"]
    assert [(c["case_id"], c["agency_key"]) for c in cases] == [
        (CASE, "3.99.10"),
        ("N:無名公所|A110001|20210315", "N:無名公所"),
    ]


def test_a_company_without_id_takes_the_only_one_its_full_name_has(files):
    files.json("b.json", [index()])
    rows = [
        {"job_number": "A2", "notice": "2", "winning_vendors": "範例甲營造有限公司"},
        {"job_number": "A3", "notice": "3", "winning_vendors": "範例甲營造股份有限公司"},
        {"job_number": "A4", "notice": "4", "winning_vendors": "範例甲營造"},
    ]
    files.awards("a.csv", rows)
    found = {b["case_id"].split("|")[1]: (b["firm"], b["firm_id"]) for b in files.build()["bid"] if b["is_winner"]}
    assert found["A110001"] == ("04595257", "04595257")
    assert found["A2"] == ("04595257", None)
    assert found["A3"] == found["A4"] == ("N:範例甲營造", None), "another company form, or none, may be another firm"


def test_the_winners_csv_adds_its_ids(files):
    files.awards("a.csv", [{}])
    files.text(
        "v.csv",
        "case_key,year,unit_name,job_number,title,award_date,vendor_name,vendor_id,case_award_amount,winner_count,amount_warning\n"
        "3.99.10|A110001|20210315|BDM-9-1,2021,測試市政府建設局,A110001,x,2021-03-10,範例甲營造有限公司,04595257,4500000,1,\n",
    )
    (bid,) = files.build()["bid"]
    assert (bid["firm"], bid["firm_id"], bid["firm_id_class"]) == ("04595257", "04595257", "ubn_ok_mod10")


# ------------------------------------------------------------------------------------------------ the city's list


def test_city_rows_find_their_notice(files):
    files.awards(
        "a.csv",
        [
            {},
            {"job_number": "B1", "award_date": "2021-03-01", "announcement_date": "20210305", "notice": "2"},
            {"job_number": "B1", "award_date": "2021-03-20", "announcement_date": "20210325", "notice": "3"},
            {"job_number": "C1", "notice": "4"},
        ],
    )
    name = "測試市政府建設局"
    files.xlsx(
        "c.xlsx",
        city(
            [
                [name, "A110001", "測試路改善工程", 4_600_000, None, "110/3/16", 4_400_000],
                [name, "B1", "測試路改善工程", 7, "110/3/20", None, None],
                [name, "X1", "未上網", 8, "110/3/9", None, 9],
            ]
        ),
    )
    tables = files.build()
    cases = {c["case_id"]: c for c in tables["award_case"]}
    one = cases[CASE]
    assert (one["reserve_price"], one["award_amount"], one["city_award_amount"]) == (4_600_000, 4_500_000, 4_400_000)
    assert [c["reserve_price"] for k, c in cases.items() if "B1" in k] == [None, 7], "told apart by the award date"
    assert (cases["3.99.10|C1|20210315"]["in_city_list"], one["in_city_list"]) == (False, True)
    lone = cases["3.99.10|X1|20210309"]
    assert (lone["in_eproc"], lone["in_city_list"], lone["sources"], lone["award_amount"]) == (
        False,
        True,
        "city_list",
        9,
    )
    fields = [(c["case_id"], c["field"]) for c in tables["conflict"]]
    assert fields == [(CASE, "award_amount"), (CASE, "award_notice_date")]


def test_a_list_of_another_city_says_nothing_of_this_one(files):
    files.awards("a.csv", [{"unit_id": "3.76.55", "unit_name": "他市政府"}])
    files.xlsx(
        "c.xlsx",
        city(
            [["3.99.1", "本市", "A", "x", 5, None, "110/3/2"]],
            ["機關代碼", "機關名稱", "標案案號", "標案名稱", "底價", "決標日", "決標公告日"],
        ),
    )
    assert {c["case_id"]: c["in_city_list"] for c in files.build()["award_case"]} == {
        "3.76.55|A110001|20210315": None,
        "3.99.1|A|20210302": True,
    }


def test_progress_is_the_latest_up_to_the_periods_end(files):
    header = ["機關名稱", "標案案號", "標案名稱", "底價", "決標公告日", "預定進度", "實際進度", "進度日期"]
    for day, planned, actual in (("110/3/15", "10%", "9%"), ("110/3/31", "30%", "12%"), ("110/4/30", "60%", "20%")):
        files.xlsx(f"{planned}.xlsx", city([["局", "A", "x", 1, "110/3/1", planned, actual, day]], header))
    (case,) = files.build()["award_case"]
    assert (case["planned_progress"], case["actual_progress"], case["progress_date"]) == (0.3, 0.12, D(2021, 3, 31))
    (case,) = files.build("2021-05")["award_case"]
    assert (case["planned_progress"], case["progress_date"]) == (0.6, D(2021, 4, 30))


def test_changes_and_corrections_of_the_city(files):
    files.awards("a.csv", [{}])
    ref = ["機關名稱", "標案案號"]
    name = "測試市政府建設局"
    sheets = {
        "契約變更": [
            [*ref, "變更次別", "變更日", "增減金額"],
            [name, "A110001", 1, "110/4/1", "10萬元"],
            [name, "A110001", 2, None, "-5"],
        ],
        "更正公告": [
            [*ref, "更正次別", "原截止投標日", "更正後截止投標日"],
            [name, "A110001", 1, "110/3/1", "110/3/5"],
        ],
    }
    files.xlsx("c.xlsx", sheets)
    tables = files.build()
    assert [(c["case_id"], c["change_no"], c["amount_delta"]) for c in tables["contract_change"]] == [
        (CASE, 1, 100_000),
        (CASE, 2, -5),
    ]
    assert [(c["correction_no"], c["deadline_after"]) for c in tables["correction"]] == [(1, D(2021, 3, 5))]


# ------------------------------------------------------------------------------------------------ before the award


def test_invitations_corrections_and_failures_before_the_award(files):
    files.awards("a.csv", [{}])
    files.json(
        "t.json",
        [
            tender(20210101, **{"領投開標:截止投標": "110/01/15 17:00"}),
            tender(20210116, "無法決標公告"),
            tender(
                20210201,
                **{
                    "領投開標:截止投標": "110/02/15 17:00",
                    "領投開標:是否提供電子投標": "是",
                    "招標資料:新增公告傳輸次數": "02",
                },
            ),
            tender(20210210, "公開招標更正公告", **{"領投開標:截止投標": "110/02/20 17:00"}),
            tender(20210320),
            tender(20150101),
        ],
    )
    tables = files.build()
    (case,) = tables["award_case"]
    assert (case["tender_notice_date"], case["deadline_date"]) == (D(2021, 2, 1), D(2021, 2, 20))
    assert (case["e_bidding"], case["tender_round"]) == (True, 2)
    assert (case["failed_count"], case["previous_failed_date"]) == (1, D(2021, 1, 16))
    assert [(c["correction_date"], c["deadline_before"], c["deadline_after"]) for c in tables["correction"]] == [
        (D(2021, 2, 10), D(2021, 2, 15), D(2021, 2, 20))
    ]
    assert tables["conflict"] == []


# ------------------------------------------------------------------------------------------------ debarment


def test_debarment_snapshots_of_a_period(files, make_ban, make_feed):
    bans = [make_ban(i) for i in range(1300)]
    expired = make_ban(2000, Expire_Date="1100315")
    files.json("1.json", make_feed(D(2021, 3, 10), [*bans, expired, bans[0], bans[1]]))
    changed = [*bans[1:-1], make_ban(1299, Appeal_Result="申訴中"), make_ban(3000)]
    files.json("2.json", make_feed(D(2021, 3, 31), changed))
    files.json("3.json", make_feed(D(2021, 4, 1), bans[250:1270]))
    files.json("4.json", make_feed(D(2021, 4, 2), bans))
    items = files.everything()
    table = files.build(items=items)["debarment"]
    assert len(table) == 1302, "all that was seen, duplicates folded"
    by_firm = {r["firm_name"]: r for r in table}
    assert by_firm["測試停權0號有限公司"]["annulled"] is True, "gone long before its expiry"
    assert by_firm["測試停權2000號有限公司"]["annulled"] is False, "gone because it expired"
    assert by_firm["測試停權1號有限公司"]["annulled"] is False, "the list of 4/1 is a broken one"
    assert by_firm["測試停權1299號有限公司"]["appeal_result"] == "申訴中"
    line = next(c for c in sources.coverage(items, Period.parse("2021-03")) if c["source_id"] == "debarment_feed")
    assert line["state"] == "ok" and "110年3月10日至110年3月31日" in line["line"]
    april = next(c for c in sources.coverage(items, Period.parse("2021-04")) if c["source_id"] == "debarment_feed")
    assert "驟減" in april["line"]


def test_a_later_list_stands_in_and_says_so(files, make_ban, make_feed):
    files.json("1.json", make_feed(D(2021, 6, 1), [make_ban(i) for i in range(1000)]))
    items = files.everything()
    assert len(files.build(items=items)["debarment"]) == 1000
    line = next(c for c in sources.coverage(items, Period.parse("2021-03")) if c["source_id"] == "debarment_feed")
    assert (line["state"], "110年6月1日" in line["line"]) == ("late", True)


def snapshot(day, rows):
    return debarment_feed.Snapshot(D(2021, 3, day), f"{day}", f"{day}.json", rows, "")


def test_a_sharp_drop_is_not_used_but_a_slow_decline_is():
    days = [(1, 1800), (2, 1790), (3, 1100), (4, 1785), (5, 1600), (6, 1400), (6, 1390)]
    order = debarment_feed.in_order([snapshot(*d) for d in reversed(days)])
    assert [(s.date.day, s.rows) for s in order if s.refused] == [(3, 1100), (6, 1390)]


def test_diff_between_days(files, make_ban, make_feed):
    bans = [make_ban(i) for i in range(1001)]
    later = [*bans[1:-1], make_ban(1000, Appeal_Result="申訴中"), make_ban(5), make_ban(4000)]
    one = files.ingest(files.json("1.json", make_feed(D(2021, 3, 1), bans)))
    two = files.ingest(files.json("2.json", make_feed(D(2021, 3, 2), later)))
    old, new = (files.objects.get_table(i.observation_digests["debarment"]) for i in (one, two))
    changes = sorted((c["change"], c["case_no"]) for c in debarment_feed.diff(old, new))
    assert changes == [("appeared", "D4000"), ("changed", "D1000"), ("vanished", "D0")]
    assert debarment_feed.diff(old, old) == []
    (day,) = sources.debarment_changes([two, one], files.objects)
    assert day == {"date": D(2021, 3, 2), "rows": 1002, "lifted": 1, "appeared": 1, "vanished": 1, "changed": 1}


# ------------------------------------------------------------------------------------------------ properties


def test_the_order_of_files_and_repeats_do_not_matter(files, make_ban, make_feed):
    files.awards("a.csv", [{}, {"job_number": "A2", "notice": "2", "budget_amount": "7"}])
    files.awards("b.csv", [{"award_amount": "3"}])
    files.json("c.json", [detail(), tender(20210201)])
    files.json("d.json", [index(), index(job_number="A2", firms={"範例丙": ("無", True)})])
    files.json("e.json", make_feed(D(2021, 3, 1), [make_ban(i) for i in range(1000)]))
    files.xlsx("f.xlsx", city([["測試市政府建設局", "A2", "x", 5, "110/3/10", None, 8]]))
    items = files.everything()
    period = Period.parse("2021-03")

    def digests(order):
        tables = sources.build(order, period, files.objects)
        assert {n: t.schema for n, t in tables.items()} == {n: TABLES[n].arrow_schema() for n in tables}
        return {name: files.objects.put_table(table) for name, table in tables.items()}

    first = digests(items)
    for seed in range(3):
        shuffled = [*items, items[seed]]
        random.Random(seed).shuffle(shuffled)
        assert digests(shuffled) == first


def test_nothing_at_all_gives_empty_tables(files):
    tables = sources.build([], Period.parse("2021-03"), files.objects)
    assert {n: t.num_rows for n, t in tables.items()} == dict.fromkeys(tables, 0)
    assert set(tables) == {
        "award_case",
        "bid",
        "contract_change",
        "correction",
        "debarment",
        "agency",
        "auditor",
        "conflict",
        "audit_result",
    }


def test_keys_are_unique_and_sorted(files):
    files.awards(
        "a.csv",
        [
            {"job_number": f"A{i % 7}", "notice": str(i), "announcement_date": f"202103{i % 9 + 1:02d}"}
            for i in range(60)
        ],
    )
    files.json("b.json", [index(job_number=f"A{i}", date=20210301 + i) for i in range(9)])
    for name, rows in files.build().items():
        keys = [tuple(r[k] for k in TABLES[name].key) for r in rows]
        assert len(set(keys)) == len(keys), name
        if keys and all(isinstance(x, str) for key in keys for x in key):
            assert keys == sorted(keys), name


def test_overview_and_coverage_name_what_is_missing(files):
    files.awards("a.csv", [{}, {"job_number": "A2", "announcement_date": "20210115", "notice": "2"}])
    files.text("strange.csv", "a,b\n1,2\n")
    items = files.everything()
    rows = sources.overview(items)
    assert [(r["source_id"], r["month"]) for r in rows] == [("award_csv", f"2021-0{m}") for m in (1, 2, 3)] + [("", "")]
    states = {c["source_id"]: c["state"] for c in sources.coverage(items, Period.parse("2021-03"))}
    assert states["award_csv"] == "ok"
    assert states["city_list"] == states["debarment_feed"] == states["agency_list"] == "missing"
    assert states[""] == "refused"
    later = {c["source_id"]: c["state"] for c in sources.coverage(items, Period.parse("2021-04"))}
    assert later["award_csv"] == "missing"
