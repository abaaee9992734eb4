"""Road-excavation permits: both generations of headers, both encodings of the real file, no person in any column."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from probity import config, sources
from probity.calendar import Period
from probity.settings import ROOT
from probity.sources.excavation_permits import title_without_person

ROW = {
    "申請書編號": "110A00001",
    "許可證編號": "U110010001",
    "核准起日": "1100311",
    "核准迄日": "1100527",
    "申請單位": "範例天然氣股份有限公司",
    "工程名稱": "用戶申裝-王小明",
    "案件類別": "一般用戶申裝",
    "管線工程類別": "瓦斯",
    "區域名稱": "西屯區",
    "地點": "河南路二段165號前",
    "是否開工": "否",
    "承辦人": "李小華",
    "承辦人電話": "0912345678",
    "廠商名稱": "範例甲",
    "廠商電話": "0423456789",
    "中心點X坐標": "120.63728675",
    "中心點Y坐標": "24.18370551",
    "施工範圍坐標": "POLYGON  (( 120.637 24.183, 120.638 24.183, 120.638 24.184, 120.637 24.183))",
}
LATER_HEADERS = {
    "核准起日": "核准起日期",
    "核准迄日": "核准迄日期",
    "中心點X坐標": "經度",
    "中心點Y坐標": "緯度",
}


def permits(files, name: str, rows: list[dict[str, str]], **options: Any):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return files.ingest(files.text(name, out.getvalue(), **options))


def content(files, item) -> pa.Table:
    """What a file says, without where it says it."""
    table = files.objects.get_table(item.observation_digests["permit"])
    return table.drop_columns(["_file_digest"])


def options() -> dict[str, Any]:
    loaded = config.load(ROOT / "include" / "config", "works")
    return {k: v for k, v in loaded.items() if k != "jobs"} | loaded["jobs"]["road_inspection_selection"]


def test_both_generations_of_headers_say_the_same(files):
    old = permits(files, "old.csv", [ROW])
    new = permits(files, "new.csv", [{LATER_HEADERS.get(k, k): v for k, v in ROW.items()}])
    assert old.source_id == new.source_id == "excavation_permits"
    assert content(files, old).equals(content(files, new))
    row = content(files, old).to_pylist()[0]
    assert (row["x"], row["y"]) == pytest.approx((213154.5, 2675519.5), abs=2000), "metres of TWD97, zone 121"
    assert row["shape"].startswith("POLYGON ((2")


def test_the_platforms_json_says_the_same(files):
    old = permits(files, "old.csv", [ROW])
    new = files.ingest(files.json("new.json", [{LATER_HEADERS.get(k, k): v for k, v in ROW.items()}]))
    assert (new.source_id, new.rows_in, new.rows_out) == ("excavation_permits", 1, 1)
    where = ["_sheet", "_row"]
    assert content(files, old).drop_columns(where).equals(content(files, new).drop_columns(where))


def test_no_person_and_no_telephone_is_kept(files):
    item = permits(files, "p.csv", [ROW, ROW | {"申請書編號": "110A00002", "廠商名稱": "0423456789"}])
    kept = str(content(files, item).to_pylist()) + str(files.quarantine(item))
    assert not re.search("王小明|李小華|0912345678|0423456789", kept)
    rows = content(files, item).to_pylist()
    assert [(r["title"], r["firm_name"]) for r in rows] == [("用戶申裝", "範例甲"), ("用戶申裝", None)]
    assert [(q["reason"], q["severity"]) for q in files.quarantine(item)] == [("phone_number", "value")]


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("110年度甲區道路燙平工程(開口契約)", "110年度甲區道路燙平工程(開口契約)"),
        ("新設號誌", "新設號誌"),
        ("3210639  甲里辦公處王小明(1010370 建桿*1 拆桿*1)", "3210639"),
        ("王小明CTL042023", "CTL042023"),
        ("王小明(B200605遷移)(110-195)", "B200605"),
        ("C201471 王小明(110-0051)", "C201471"),
        ("王小明", None),
    ],
)
def test_a_title_that_is_a_persons_name_keeps_its_number_alone(title, kept):
    assert title_without_person(title) == kept


def test_places_that_cannot_be_read_are_null_and_their_rows_go_on(files):
    rows = [
        ROW | {"中心點X坐標": "1.5", "中心點Y坐標": "2.5"},
        ROW | {"申請書編號": "2", "施工範圍坐標": "POLYGON (("},
        ROW | {"申請書編號": "3", "中心點X坐標": "", "中心點Y坐標": "", "施工範圍坐標": ""},
        ROW | {"申請書編號": "4", "中心點X坐標": "213154.5", "中心點Y坐標": "2675519.5"},
    ]
    item = permits(files, "p.csv", rows)
    assert (item.rows_in, item.rows_out) == (4, 4)
    found = content(files, item).to_pylist()
    assert [r["x"] is None for r in found] == [True, False, True, False]
    assert [r["shape"] is None for r in found] == [False, True, True, False]
    assert found[3]["x"] == 213154.5
    assert {(q["row"], q["reason"]) for q in files.quarantine(item)} == {
        (2, "coordinate_unreadable"),
        (3, "shape_unreadable"),
    }


def test_one_permit_of_many_daily_lists_is_one_row_as_of_the_period(files):
    pending = ROW | {"許可證編號": "尚未核發"}
    future = ROW | {"申請書編號": "110A00009", "核准起日": "1100402"}
    permits(files, "路證_1100310.csv", [pending])
    permits(files, "路證_1100320.csv", [ROW, future])
    permits(files, "路證_1100329.csv", [ROW | {"是否開工": "是"}, future])
    tables = sources.build_works(files.everything(), Period.parse("2021-03"), files.objects, options())
    (row,) = tables["permit"].to_pylist()
    assert (row["permit_no"], row["started"], row["is_paving"]) == ("U110010001", True, False)
    assert row["road_keys"] == "西屯區/河南路二段"


@pytest.mark.parametrize(
    ("case_type", "pipe_type", "title", "paving"),
    [
        ("非計劃性道路工程(含路修案件)", "其他", "110年度甲區公共設施維護工程", True),
        ("道路附屬設施(人行道、側溝)", "其他", "甲區道路燙平工程", True),
        ("其他(管線路遷設維修等)", "路面刨鋪改善", "甲路改善", True),
        ("緊急性挖掘", "緊急性挖掘", "地下漏水、路面漏水、路面下陷", False),
        ("計劃性管線工程案件", "自來水", "甲路等汰換管線工程", False),
    ],
)
def test_paving_is_told_from_digging_for_a_pipe(files, case_type, pipe_type, title, paving):
    permits(files, "p.csv", [ROW | {"案件類別": case_type, "管線工程類別": pipe_type, "工程名稱": title}])
    tables = sources.build_works(files.everything(), Period.parse("2021-03"), files.objects, options())
    assert tables["permit"]["is_paving"].to_pylist() == [paving]


# ------------------------------------------------------------------------------------------------ the real file


@pytest.fixture
def real(files, shared):
    folder = shared / "data" / "road_permits_taichung"
    found = [sources.ingest(a, files.settings, files.objects) for a in sources.discover(folder, files.settings)]
    return {"cp950" if "cp950" in f.file_name else "utf8": f for f in found}


def test_the_real_file_says_the_same_in_both_encodings(files, real):
    """All but ten cells, in which the cp950 export itself has put ? for a private-use character (造字)."""
    assert {(f.rows_in, f.rows_out, f.rows_quarantined, f.refused) for f in real.values()} == {(3327, 3327, 0, None)}
    utf8, cp950 = (content(files, real[name]) for name in ("utf8", "cp950"))
    differing = {n: pc.sum(pc.not_equal(utf8[n], cp950[n])).as_py() for n in utf8.column_names}
    assert {n: k for n, k in differing.items() if k} == {"location": 2, "firm_name": 8}
    for name in ("location", "firm_name"):
        lost = [re.sub("[\ue000-\uf8ff]", "?", v) if v else v for v in utf8[name].to_pylist()]
        assert lost == cp950[name].to_pylist()
    assert sum("\ue0c6" in (v or "") for v in utf8["firm_name"].to_pylist()) == 8, "kept as they came"
    dirt = {name: {(q["row"], q["reason"]) for q in files.quarantine(f)} for name, f in real.items()}
    assert dirt["utf8"] == dirt["cp950"]


def test_both_encodings_give_one_canonical_table(files, real):
    def built(*names: str) -> dict[str, pa.Table]:
        return sources.build_works([real[n] for n in names], Period.parse("2021-05"), files.objects, options())

    utf8, both, cp950 = built("utf8")["permit"], built("cp950", "utf8")["permit"], built("cp950")["permit"]
    assert utf8.num_rows == 3326, "one row of 3,327 is there twice, with a tab behind its place"
    assert both.equals(utf8)
    written = ["location", "firm_name"]
    assert cp950.drop_columns(written).equals(utf8.drop_columns(written)), "keys, roads and places are the same"
    assert pc.sum(utf8["is_paving"]).as_py() > 300
    assert pc.count(utf8["road_keys"]).as_py() > 3200


def test_the_three_contractors_of_a_repaving_contract_are_met_on_the_real_permits(files, real):
    files.awards(
        "a.csv",
        [
            {
                "title": "110年度路面改善工程",
                "winning_vendors": "展翊營造有限公司；得意營造有限公司；安成營造股份有限公司",
                "winner_count": "3",
                "performance_location": "臺中市北屯區軍福十五路、豐原區豐原大道二段、西屯區上墩西街",
            }
        ],
    )
    items = [*files.everything(), real["utf8"]]
    tables = {n: t.to_pylist() for n, t in sources.build_works(
        items, Period.parse("2021-05"), files.objects, options()).items()}  # fmt: skip
    sure = {m["firm"] for m in tables["permit_firm"] if m["sure"]}
    assert sure == {f["firm"] for f in tables["project_firm"]} == {"N:展翊營造", "N:得意營造", "N:安成營造"}
    spellings = {
        p["firm_name"]
        for p in tables["permit"]
        if p["firm_key"] in {m["firm_key"] for m in tables["permit_firm"] if m["sure"]}
    }
    assert spellings >= {"展翊", "展翊營造", "展翊營造有限公司", "得意營造", "安成營造公司", "安成營造股份有限公司"}
    met = [p for p in tables["project_permit"] if p["same_firm"]]
    assert {p["method"] for p in met} == {"road"}
    by_id = {p["permit_id"]: p for p in tables["permit"]}
    assert {by_id[p["permit_id"]]["firm_key"][:2] for p in met} >= {"展翊", "安成"}
