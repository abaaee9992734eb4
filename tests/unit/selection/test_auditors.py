"""Recusal by 作業規則 §15 and the balance of load."""

from __future__ import annotations

from collections import Counter

import pytest

from probity.selection import auditors

from .conftest import MARCH, Month


def recused(month: Month, agency: str) -> list[str] | None:
    return auditors.roster(month.tables, [agency], MARCH, month.rules).recused[agency]


@pytest.mark.parametrize(
    ("agency", "start", "end", "must"),
    [
        ("3.87.10.1", "2015-01-01", None, True),  # serves there now
        ("3.87.10.1", "2010-01-01", "2018-03-31", True),  # left three years before the period's last day
        ("3.87.10.1", "2010-01-01", "2018-03-30", False),  # one day earlier
        ("3.87.10.1", "2021-04-01", None, False),  # begins after the period
        ("3.87.10", "2015-01-01", None, True),  # superior
        ("3.87.10.1.2", "2015-01-01", None, True),  # subordinate
        ("3.87.10.2", "2015-01-01", None, False),  # a sister agency
        ("3.87.1", "2015-01-01", None, False),  # 3.87.1 is no superior of 3.87.10
        ("3.87", "2015-01-01", None, False),  # the city itself stands above all and binds nobody
    ],
)
def test_recusal(month: Month, agency: str, start: str, end: str | None, must: bool) -> None:
    month.auditor("A1", agency, start, end)
    assert recused(month, "3.87.10.1") == (["A1"] if must else [])


def test_a_superior_of_the_agency_list_counts(month: Month) -> None:
    month.agencies = [{"agency_id": "3.87.55", "agency_name": "甲", "agency_key": "3.87.55", "parent_id": "3.87.10"}]
    month.auditor("A1", "3.87.10", "2015-01-01")
    assert recused(month, "3.87.55") == ["A1"]
    month.rules["recusal"]["related_agencies"] = False
    assert recused(month, "3.87.55") == []


def test_earlier_posts_within_three_years_bind_too(month: Month) -> None:
    month.auditor("A1", "3.87.10.1", "2017-01-01", "2019-06-30")
    month.auditor("A1", "3.87.12", "2019-07-01")
    assert recused(month, "3.87.10.1") == ["A1"] and recused(month, "3.87.12") == ["A1"]


def test_load_is_balanced_and_specialty_preferred(month: Month) -> None:
    for i in range(6):
        month.auditor(f"A{i}", "3.87.99", "2015-01-01", specialty="works" if i < 4 else "goods")
    roster = auditors.roster(month.tables, ["3.87.10.1"], MARCH, month.rules)
    cases: list[tuple[str, str | None, str]] = [(f"c{i}", "3.87.10.1", "works") for i in range(10)]
    proposed = auditors.propose(cases, roster)
    load = Counter(a for p in proposed.values() for a in str(p["auditors"]).split(","))
    assert load == {"A0": 5, "A1": 5, "A2": 5, "A3": 5}
    assert proposed == auditors.propose(cases, roster)


def test_unknown_agency_and_nobody_free_leave_it_to_a_person(month: Month) -> None:
    month.auditor("A1", "3.87.10.1", "2015-01-01")
    roster = auditors.roster(month.tables, ["3.87.10.1"], MARCH, month.rules)
    proposed = auditors.propose([("c1", None, "works"), ("c2", "3.87.10.1", "works")], roster)
    assert proposed == {"c1": {"auditors": None, "recused": None}, "c2": {"auditors": None, "recused": "A1"}}


def test_an_agency_known_only_by_name_is_found_in_the_agency_list(month: Month) -> None:
    month.agencies = [{"agency_id": "3.87.10.1", "agency_name": "甲", "agency_key": "N:甲"}]
    month.auditor("A1", "3.87.10.1", "2015-01-01")
    month.auditor("A2", "3.87.12", "2015-01-01")
    month.signal(month.case(1, agency_id=None, agency_key="N:甲"), "S")
    row = month.propose().cases.to_pylist()[0]
    assert (row["auditors"], row["recused"]) == ("A2", "A1")
