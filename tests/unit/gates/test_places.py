"""A bad canonical row is traced to every file, sheet and row that it was merged from."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from probity import gates

DAY = dt.date(2021, 3, 5)
CASE = {"case_id": "3.99.10|A1|20210305", "case_no": "A1", "award_notice_date": DAY, "agency_id": "3.99.10"}
NAMES = {"f1": "甲.csv", "f2": "乙.xlsx"}


def observed() -> dict[str, pa.Table]:
    cases = [
        {
            "case_no": "A1",
            "award_notice_date": DAY,
            "agency_id": "3.99.10",
            "_file_digest": "f2",
            "_sheet": "3月",
            "_row": 9,
        },
        {"case_no": "A1", "award_notice_date": DAY, "agency_id": None, "_file_digest": "f1", "_sheet": "", "_row": 4},
        {
            "case_no": "A1",
            "award_notice_date": DAY,
            "agency_id": "3.99.77",
            "_file_digest": "f1",
            "_sheet": "",
            "_row": 5,
        },
        {
            "case_no": "A2",
            "award_notice_date": DAY,
            "agency_id": "3.99.10",
            "_file_digest": "f1",
            "_sheet": "",
            "_row": 6,
        },
    ]
    bids = [
        {"firm": "12345670", "case_no": None, "_parent_row": 9, "_file_digest": "f2", "_sheet": "3月", "_row": 9},
        {"firm": "12345670", "case_no": "A1", "_parent_row": None, "_file_digest": "f3", "_sheet": "", "_row": 2},
        {"firm": "12345670", "case_no": None, "_parent_row": 6, "_file_digest": "f1", "_sheet": "", "_row": 6},
    ]
    auditors = [
        {
            "auditor_id": "W01",
            "agency_id": "3.99.10",
            "served_from": DAY,
            "_file_digest": "f2",
            "_sheet": "名冊",
            "_row": 3,
        }
    ]
    tables = {"award_case": cases, "bid": bids, "auditor": auditors}
    return {n: pa.Table.from_pylist([r | {"_source": "s"} for r in rows]) for n, rows in tables.items()}


def places(table: str, *rows: dict) -> list[list[tuple[str, str | None, int]]]:
    found = gates.locator(observed(), NAMES)(table, list(rows))
    return [[(p.file_name, p.sheet, p.row) for p in one] for one in found]


def test_a_case_is_found_in_each_of_its_files():
    assert places("award_case", CASE) == [[("甲.csv", None, 4), ("乙.xlsx", "3月", 9)]]


def test_a_bid_is_found_by_its_cases_row_or_by_the_case_number_it_names():
    bid = {"case_id": CASE["case_id"], "firm": "12345670"}
    assert places("bid", bid) == [[("乙.xlsx", "3月", 9), ("f3", None, 2)]]


def test_other_tables_are_found_by_their_key():
    row = {"auditor_id": "W01", "agency_id": "3.99.10", "served_from": DAY}
    assert places("auditor", row, row | {"auditor_id": "W02"}) == [[("乙.xlsx", "名冊", 3)], []]


def test_what_was_never_observed_has_no_place():
    assert places("debarment", {"firm": "12345670"}) == [[]]
    assert places("award_case", CASE | {"case_no": "A9"}) == [[]]


def test_observations_are_read_only_when_asked_for():
    asked = []
    locate = gates.locator(lambda name: asked.append(name), {})
    assert asked == []
    assert locate("bid", [{"case_id": "a|b|20210305", "firm": "x"}]) == [[]]
    assert asked == ["bid"]
