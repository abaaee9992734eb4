"""Districts and roads read from addresses as people write them. Most texts are ways of writing seen in real permits."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probity.matching import roads
from probity.matching.meeting import meeting


def names(text: str, district: str | None = "西屯區") -> list[str]:
    return [key.removeprefix("西屯區/") for key in roads.road_keys(district, text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("河南路２段165巷3弄2號前", ["河南路二段"]),
        ("西屯區河南路二段至西屯路二段汰換管線工程", ["河南路二段", "西屯路二段"]),
        ("雅潭路四段600巷55弄3號(全區)", ["雅潭路四段"]),
        ("大墩四街400巷大墩六街319巷口(PC)", ["大墩六街", "大墩四街"]),
        ("大墩10街與軍福15路口", ["大墩十街", "軍福十五路"]),
        ("工業區38路", ["工業區三十八路"]),
        ("中華路與台灣大道路口(共兩段)", ["中華路", "台灣大道"]),
        ("臺灣大道（五權路至精誠路口）", ["五權路", "台灣大道", "精誠路"]),
        ("田心路二段-6處(豐原大道二段~豐田路)", ["田心路二段", "豐原大道二段", "豐田路"]),
        ("安和東路.福玄路口", ["安和東路", "福玄路"]),
        ("龍德路二段近馬龍潭路", ["馬龍潭路", "龍德路二段"]),
        ("自東山街93號至東山街133號興中橋前", ["東山街", "興中橋"]),
        ("自由路、自強街、至善路和平路口", ["和平路", "自強街", "自由路", "至善路"]),
        ("由中正路和三民路", ["三民路", "中正路"]),
        ("福至路80巷與平等街300號", ["平等街", "福至路"]),
        ("大甲區蔣公路.新政路等汰換管線工程", ["大甲區/新政路", "大甲區/蔣公路"]),
        ("２鄰橫圳街１０１號旁", ["橫圳街"]),
        ("水湳里大連北街等汰換", ["大連北街"]),
        ("橋江南街206巷8號往東約90M", ["橋江南街"]),
        ("公益路一段至三段、五段", ["公益路一段", "公益路三段", "公益路二段", "公益路五段"]),
        ("台中市市政路與市政北一路", ["市政北一路", "市政路"]),
        ("台中市政路100號", ["市政路"]),
        ("台中港路", ["台中港路"]),
        ("健行路五一八巷(五常街二六一巷~五常街二五一巷)-B 明挖", ["五常街", "健行路"]),
        ("\ue635子路651巷(逢甲橋旁)", ["逢甲橋", "\ue635子路"]),
    ],
)
def test_streets(text: str, expected: list[str]) -> None:
    assert names(text) == sorted(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("省道台8線35K", ["台8線"]),
        ("台三線、臺十三線與台1乙線", ["台13線", "台1乙線", "台3線"]),
        ("中75鄉道路旁", ["中75線"]),
        ("中 75 線", ["中75線"]),
        ("縣道129及136縣道", ["市道129", "市道136"]),
        ("市道129線12K", ["市道129"]),
        ("國豐路一段國道4號PR3-5側", ["國豐路一段", "國道4號"]),
        ("中海路與西濱快速公路交叉口以西", ["中海路", "西濱快速道路"]),
        ("清水護岸路至西濱快速道路", ["清水護岸路", "西濱快速道路"]),
        ("裡冷產業道路", ["裏冷產業道路"]),
        ("開元路支線(大埔農路)", ["大埔農路", "開元路"]),
        ("環河路三段(環河橋引道橋)", ["環河橋", "環河路三段"]),
    ],
)
def test_numbered_roads_bridges_and_farm_roads(text: str, expected: list[str]) -> None:
    assert names(text) == sorted(expected)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "青仔巷45弄口至申裝戶",
        "全區道路緊急修復及附屬設施管理維護",
        "沙鹿區轄內道路",
        "全區產業道路",
        "丁台、南柳、峰谷、六股、坑口各里路段",
        "台中市中區全區路證",
        "南屯區新富段216、176、177地號",
        "路面刨鋪",
        "瀝青路面改善、路燈、路樹、人行陸橋",
        "高架橋下",
        "道路街廓",
        "管線路遷設",
        "都市計畫道路",
        "2-1號道路",
        "高速公路",
        "農水路",
    ],
)
def test_what_names_no_road(text: str | None) -> None:
    assert roads.road_keys("西屯區", text) == []


def test_the_text_s_own_district_goes_first() -> None:
    assert roads.road_keys("西屯區", "臺中市北屯區松竹路三段等全區道路") == ["北屯區/松竹路三段"]
    assert roads.road_keys("大甲區", "西屯區福科路、南屯區公益路") == ["南屯區/公益路", "西屯區/福科路"]
    assert roads.road_keys(None, "公益路(南屯區)") == ["南屯區/公益路"]
    assert roads.road_keys(None, "公益路") == ["/公益路"]  # meets nothing: see probity.matching.meeting


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("臺中市西屯區", ["西屯區"]),
        ("台中市中區", ["中區"]),
        ("(西屯、西、中區及鄰近區域)", ["西屯區", "西區", "中區"]),
        ("109年度台中市北區、北屯區及鄰近地區", ["北區", "北屯區"]),
        ("109年度東、南、南屯區", ["東區", "南區", "南屯區"]),
        ("(潭子、大雅、神岡區及鄰近區)", ["潭子區", "大雅區", "神岡區"]),
        ("豐原市中正路、大甲鎮、外埔鄉", ["豐原區", "大甲區", "外埔區"]),
        ("豐原市場前", []),
        ("台灣電力股份有限公司台中區營業處", []),
        ("臺中市市六區及鄰近區域", []),
        ("屯區工程隊、中科園區、重劃區", []),
        ("中區路", []),
        ("臺中市和平區(原住民地區)", ["和平區"]),
        (None, []),
    ],
)
def test_districts(text: str | None, expected: list[str]) -> None:
    assert roads.districts_of(text) == expected
    assert roads.district_of(text) == (expected[0] if expected else None)


def test_there_are_29_districts_and_each_is_read() -> None:
    assert len(roads.districts()) == 29
    assert [roads.district_of(f"臺中市{d}中山路") for d in roads.districts()] == roads.districts()


def test_compatibility_ideographs_and_variants_meet() -> None:
    for text in ("台灣大道３段", "臺灣大道三段", "臺灣大道 3段", "臺灣大道\uf9d1段".replace("\uf9d1", "三")):
        assert roads.road_keys("西屯區", text) == ["西屯區/台灣大道三段"]
    assert unicodedata.normalize("NFKC", "\uf937") == "路"
    assert roads.road_keys("西屯區", "河南\uf937") == ["西屯區/河南路"]


def test_a_road_without_section_meets_every_section_of_its_district_only() -> None:
    left = pa.array(["西屯區/河南路二段", "西屯區/河南路", "/河南路", None, "北屯區/河南路二段"])
    right = pa.array(["西屯區/河南路三段,西屯區/河南路二段", "西屯區/河南路", "/河南路"])
    a, b = meeting(left, right)
    assert sorted(zip(a.tolist(), b.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]


@given(st.lists(st.tuples(st.sampled_from("甲乙丙"), st.sampled_from(["", "一段", "二段"])), max_size=6))
def test_meeting_is_what_its_rule_says(keys: list[tuple[str, str]]) -> None:
    rows = [[f"東區/{n}路{s}" for n, s in keys[i : i + 2]] for i in range(len(keys))]
    column = pa.array([",".join(sorted(set(r))) or None for r in rows], pa.string())

    def meet(one: list[str], other: list[str]) -> bool:
        pairs = [((a[:5], a[5:]), (b[:5], b[5:])) for a in one for b in other]
        return any(a[0] == b[0] and (a[1] == b[1] or not a[1] or not b[1]) for a, b in pairs)

    expected = [(i, j) for i, a in enumerate(rows) for j, b in enumerate(rows) if meet(a, b)]
    a, b = meeting(column, column)
    assert sorted(zip(a.tolist(), b.tolist(), strict=True)) == expected


def test_columns_say_the_same_as_single_texts() -> None:
    districts, texts = ["西屯區", None, "東區", "西屯區"], ["河南路2段與福星路", "全區", None, "河南路2段與福星路"]
    column = roads.road_keys_column(pa.chunked_array([districts]), pa.array(texts))
    one = "西屯區/河南路二段,西屯區/福星路"
    assert column.to_pylist() == [one, None, None, one]


@given(st.text(alphabet="西屯區河南路街大道一二三段巷弄號與至和自由橋台中線市縣0123 ,、()", max_size=25))
def test_any_text_gives_keys_that_read_the_same_again(text: str) -> None:
    for key in roads.road_keys("西屯區", text):
        district, _, road = key.partition("/")
        assert district in roads.districts() and len(road) > 1 and "," not in road


def test_the_real_permits(shared: Path) -> None:
    """All but 88 of the 3,327 real places name a road: those speak of 全區道路, of a lane, of a land number."""
    path = next((shared / "data" / "road_permits_taichung").glob("*utf8bom.csv"))
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    column = roads.road_keys_column(pa.array([r["區域名稱"] for r in rows]), pa.array([r["地點"] for r in rows]))
    assert (len(column), column.null_count) == (3327, 88)
    found = {k for row in column.drop_null().to_pylist() for k in row.split(",")}
    assert {"沙鹿區/北中二街", "南屯區/龍富十五路", "神岡區/國道4號", "北屯區/逢甲橋", "北屯區/\ue635子路"} <= found
    assert all(k.partition("/")[0] in roads.districts() for k in found)
