"""Contracts, permits and reports that belong together."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from probity import text
from probity.matching import firms, geo, pairs, roads
from probity.tables import TABLES

X, Y = 215_000.0, 2_673_000.0
STEMS = ("展翊", "得意", "安成")


def table(name: str, *rows: dict[str, Any]) -> pa.Table:
    """Canonical rows; what a row does not say is NULL."""
    schema = TABLES[name].arrow_schema()
    return pa.Table.from_pylist([{c: row.get(c) for c in schema.names} for row in rows], schema=schema)


def square(x: float, y: float, side: float = 10.0) -> str:
    corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]
    return "POLYGON ((" + ", ".join(f"{a} {b}" for a, b in corners) + "))"


def project(no: str, title: str = "虛構路燙平工程", **more: Any) -> dict[str, Any]:
    agency = more.pop("agency", "虛構工程處")
    row = {"case_id": f"N:{agency}|{no}", "agency_name": agency, "case_no": no, "title": title}
    return row | {"agency_key": f"N:{agency}"} | more


def permit(number: str, title: str = "虛構管線工程", **more: Any) -> dict[str, Any]:
    return {"permit_id": number, "application_no": number, "title": title} | more


def report(number: str, day: str = "2021-03-02", **more: Any) -> dict[str, Any]:
    base = {"complaint_id": number, "received_date": dt.date.fromisoformat(day), "channel": "hotline"}
    return base | {"category": "道路", "about_road": True} | more


def permits(
    projects: list[dict], permits_: list[dict], firms_: list[dict] = (), matched: pa.Table | None = None, **options: Any
):
    found = pairs.project_permits(
        table("project", *projects),
        table("project_firm", *firms_),
        table("permit", *permits_),
        matched if matched is not None else table("permit_firm"),
        options,
    )
    assert found.schema == TABLES["project_permit"].arrow_schema()
    return {(r["case_id"].split("|")[1], r["permit_id"]): r for r in found.to_pylist()}


def complaints(
    projects: list[dict], own: list[tuple[str, str]], permits_: list[dict], reports: list[dict], **options: Any
):
    links = [{"case_id": f"N:虛構工程處|{c}", "permit_id": p, "method": "title", "same_firm": False} for c, p in own]
    found = pairs.project_complaints(
        table("project", *projects),
        table("project_permit", *links),
        table("permit", *permits_),
        table("complaint", *reports),
        options,
    )
    assert found.schema == TABLES["project_complaint"].arrow_schema()
    return {(r["case_id"].split("|")[1], r["complaint_id"]): (r["method"], r["distance_m"]) for r in found.to_pylist()}


# ------------------------------------------------------------------------------------------ permits


def test_a_permit_with_the_contracts_title_is_its_own_and_gives_its_place() -> None:
    long = "110年度臺中市虛構區道路燙平及附屬設施改善工程"
    found = permits(
        [project("A", long)],
        [
            permit("p1", long.replace("臺", "台") + " ", shape=square(X, Y)),
            permit("p2", long + "（開口契約）-第二次派工"),
            permit("p3", x=X + 25, y=Y + 5),
            permit("p4", x=X + 60, y=Y + 5),
        ],
    )
    assert found["A", "p1"]["method"] == "title" and found["A", "p1"]["distance_m"] == 0
    assert found["A", "p2"]["method"] == "title" and found["A", "p2"]["distance_m"] is None
    assert found["A", "p3"]["method"] == "shape" and found["A", "p3"]["distance_m"] == 15
    assert ("A", "p4") not in found


def test_another_lot_of_the_same_works_is_another_contract() -> None:
    lots = "臺中市虛構污水下水道分支管網工程"
    found = permits(
        [project("A", lots + "(1)"), project("B", lots + "(10-4)"), project("C", lots)],
        [permit("p1", lots + "(10-4)-向上民生"), permit("p2", lots + "(第三標)"), permit("p3", lots + "(1)-四平路等")],
    )
    assert sorted(found) == [("A", "p3"), ("B", "p1")]


def test_a_title_that_anybody_might_use_needs_the_same_firm() -> None:
    common = "110年度道路改善工程"
    rows = [project("A", common), project("B", common, agency="虛構區公所")]
    firm = {
        "case_id": "N:虛構區公所|B",
        "firm": "12345678",
        "firm_name": "虛構甲營造有限公司",
        "firm_key": "虛構甲營造",
    }
    assert permits(rows, [permit("p", common)]) == {}
    matched = firms.match(["虛構甲"], table("project_firm", firm | {"n_firms": 1}))
    found = permits(rows, [permit("p", common, firm_key="虛構甲")], [firm | {"n_firms": 1}], matched)
    assert list(found) == [("B", "p")] and found["B", "p"]["same_firm"]


def test_an_unsure_firm_is_never_the_same_firm() -> None:
    rows = [project("A", road_keys="西屯區/虛構路")]
    firm = {
        "case_id": "N:虛構工程處|A",
        "firm": "N:虛構甲乙丙營造",
        "firm_name": "虛構甲乙丙營造",
        "firm_key": "虛構甲乙丙營造",
    }
    matched = firms.match(["虛構"], table("project_firm", firm | {"n_firms": 1}))
    assert matched["sure"].to_pylist() == [False]
    found = permits(rows, [permit("p", firm_key="虛構", road_keys="西屯區/虛構路")], [firm | {"n_firms": 1}], matched)
    assert not found["A", "p"]["same_firm"]


def test_roads_meet_by_district_and_section() -> None:
    one = [project("A", road_keys="西屯區/虛構路二段")]
    keys = {
        "same": "西屯區/虛構路二段,西屯區/別路",
        "any section": "西屯區/虛構路",
        "other section": "西屯區/虛構路三段",
        "other district": "北屯區/虛構路二段",
        "no district": "/虛構路二段",
        "none": None,
    }
    found = permits(one, [permit(name, road_keys=k) for name, k in keys.items()])
    assert sorted(p for _, p in found) == ["any section", "same"]
    assert {r["method"] for r in found.values()} == {"road"}


def test_one_road_far_away_is_another_place() -> None:
    one = [project("A", road_keys="西屯區/虛構路", x=X, y=Y)]
    near, far = {"x": X + 1400, "y": Y}, {"x": X + 1600, "y": Y}
    found = permits(one, [permit(n, road_keys="西屯區/虛構路", **at) for n, at in (("near", near), ("far", far))])
    assert {p: r["distance_m"] for (_, p), r in found.items()} == {"near": 1400}


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [project(c, road_keys="西屯區/虛構路", x=X + i, y=Y) for i, c in enumerate("ABC")]
    dug = [permit(f"p{i}", road_keys="西屯區/虛構路", shape=square(X + 40 * i, Y)) for i in range(5)]
    assert list(permits(rows, dug).items()) == list(permits(rows[::-1], dug[::-1]).items())


# ------------------------------------------------------------------------------------------ reports


def test_reports_meet_by_number_then_distance_then_road() -> None:
    rows = [project("A-1", x=X + 900, y=Y, road_keys="西屯區/虛構路")]
    dug = [permit("p", shape=square(X, Y))]
    reports = [
        report("number", case_no="ａ-1", x=X + 20, y=Y),
        report("near", x=X + 110, y=Y + 5, road_keys="西屯區/虛構路"),
        report("road", road_keys="西屯區/虛構路一段"),
        report("road far", x=X + 5000, y=Y, road_keys="西屯區/虛構路"),
        report("point of a works with shapes of its own", x=X + 900, y=Y),
    ]
    found = complaints(rows, [("A-1", "p")], dug, reports, complaint_radius_m=100)
    assert found == {
        ("A-1", "number"): ("case_no", 10.0),
        ("A-1", "near"): ("distance", 100.0),
        ("A-1", "road"): ("road", None),
    }


def test_without_own_permits_the_point_counts() -> None:
    found = complaints([project("A", x=X, y=Y)], [], [permit("p", shape=square(X, Y))], [report("r", x=X, y=Y + 99.99)])
    assert found == {("A", "r"): ("distance", 99.99)}


def test_a_number_that_two_agencies_use_needs_the_agency() -> None:
    rows = [project("A1"), project("A1", agency="虛構區公所")]
    assert complaints(rows, [], [], [report("r", case_no="A1")]) == {}
    found = pairs.project_complaints(
        table("project", *rows),
        table("project_permit"),
        table("permit"),
        table("complaint", report("r", case_no="A1", agency_name="虛構區公所 ")),
    )
    assert found["case_id"].to_pylist() == ["N:虛構區公所|A1"]


def test_nothing_in_nothing_out() -> None:
    assert permits([], []) == {} and complaints([], [], [], []) == {}
    assert permits([project("A")], []) == {} and complaints([project("A")], [], [], [report("r")]) == {}
    assert pairs.mark_duplicates(table("complaint")).to_pylist() == []


# ------------------------------------------------------------------------------------------ duplicates


def repeats(*rows: dict[str, Any], **options: Any) -> dict[str, str | None]:
    given = table("complaint", *rows)
    return dict(zip(given["complaint_id"].to_pylist(), pairs.mark_duplicates(given, options).to_pylist(), strict=True))


def test_repeats_within_days_and_metres() -> None:
    at = {"x": X, "y": Y}
    found = repeats(
        report("r3", "2021-03-16", x=X + 30, y=Y + 40),
        report("r1", "2021-03-02", **at),
        report("r4", "2021-03-16", x=X + 51, y=Y),
        report("r5", "2021-03-17", **at, subcategory="路燈"),
        report("r2", "2021-03-02", **at),
        report("r6", "2021-03-02", **at, category=None),
        report("r7", "2021-03-02", **at, case_no="A"),
    )
    # r4 is near r3, which repeats r1; r5 is another matter, r6 is of none, r7 is about a contract
    assert found == {"r1": None, "r2": "r1", "r3": "r1", "r4": "r1", "r5": None, "r6": None, "r7": None}


def test_repeats_after_the_window_are_new() -> None:
    at = {"x": X, "y": Y}
    assert repeats(report("a", "2021-03-01", **at), report("b", "2021-03-16", **at)) == {"a": None, "b": None}


@pytest.mark.parametrize(("place", "same"), [("虛構路１號 前", True), ("虛構路11號前", False)])
def test_without_coordinates_the_text_of_the_place_decides(place: str, same: bool) -> None:
    first = report("a", district="西屯區", location="虛構路1號前", x=X, y=Y)
    found = repeats(first, report("b", district="西屯區", location=place), report("c", location=place))
    assert found == {"a": None, "b": "a" if same else None, "c": None}


def test_road_keys_of_texts_meet() -> None:
    """From the texts themselves to the pair."""
    keys = roads.road_keys_column(
        pa.array(["西屯區", None]), pa.array(["河南路２段165巷", "台中市西屯區河南路二段至西屯路"])
    )
    left, right = keys.to_pylist()
    assert list(permits([project("A", road_keys=right)], [permit("p", road_keys=left)])) == [("A", "p")]


def test_real_permits_of_three_contractors_join_a_contract_of_theirs(shared: Path) -> None:
    """A joint contract won by 展翊, 得意 and 安成, on a road where each of them digs, meets the real permits there: by
    road, by place once its place is known, and with the contractor told where the permit names one of the three."""
    path = next((shared / "data" / "road_permits_taichung").glob("*utf8bom.csv"))
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    x, y = geo.to_metres(*(np.array([float(r[c] or "nan") for r in rows]) for c in ("中心點X坐標", "中心點Y坐標")))
    keys = roads.road_keys_column(pa.array([r["區域名稱"] for r in rows]), pa.array([r["地點"] for r in rows]))
    shapes = geo.read_shapes(pa.array([r["施工範圍坐標"] for r in rows])).wkt.to_pylist()
    dug = [
        permit(f"{i:04d}", r["工程名稱"], firm_key=text.name_key(r["廠商名稱"]), road_keys=k, shape=s)
        | ({} if np.isnan(a) else {"x": a, "y": b})
        for i, (r, k, s, a, b) in enumerate(zip(rows, keys.to_pylist(), shapes, x.tolist(), y.tolist(), strict=True))
    ]
    case = "N:虛構工程處|A"
    winners = [
        {"case_id": case, "firm": f"N:{n}營造", "firm_name": f"{n}營造有限公司", "firm_key": f"{n}營造", "n_firms": 3}
        for n in STEMS
    ]
    matched = firms.match([p["firm_key"] for p in dug], table("project_firm", *winners))
    sure = set(matched.filter(matched["sure"])["firm_key"].to_pylist())
    assert sure == {"展翊", "展翊營造", "得意營造", "安成營造"}
    where = [min(p["road_keys"] for p in dug if p["firm_key"].startswith(n) and p["road_keys"]) for n in STEMS]
    contract = project("A", "110年度路面重鋪工程", road_keys=",".join(where))
    found = permits([contract], dug, winners, matched)
    firm = {p["permit_id"]: p["firm_key"] for p in dug}
    assert all(r["same_firm"] == (firm[p] in sure) for (_, p), r in found.items())
    assert {firm[p][:2] for (_, p), r in found.items() if r["same_firm"]} == set(STEMS)
    assert {r["method"] for r in found.values()} == {"road"} and len(found) > sum(
        r["same_firm"] for r in found.values()
    )

    first = next(p for (_, p), r in found.items() if r["same_firm"] and dug[int(p)].get("x"))
    placed = permits([contract | {k: dug[int(first)][k] for k in "xy"}], dug, winners, matched, road_max_m=500)
    assert placed["A", first]["method"] == "shape" and placed["A", first]["same_firm"]
    assert len(placed) <= len(found) and all(r["distance_m"] is None or r["distance_m"] <= 500 for r in placed.values())
