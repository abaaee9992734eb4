"""The suites as data: every check declared rightly, paired, and with words for the person who must act."""

from __future__ import annotations

import re

import pytest

from probity.gates import suites
from probity.gates.checks import KINDS, Check, well_formed
from probity.gates.suites.canonical import CHECKS, band
from probity.gates.words import Words
from probity.tables import TABLES


def test_every_suite_is_well_formed_and_paired():
    suites.check_all()


def test_every_check_has_words_and_every_word_a_check(shipped):
    Words(shipped).check_all(suites.every_check())
    for check in suites.every_check():
        entry = Words(shipped).entry(check)
        for text in (entry.message, entry.expected, entry.action):
            assert re.search(r"[\u4e00-\u9fff]|\{", text), (check.id, text)


def test_a_missing_entry_and_an_orphan_are_named(rules):
    lost = rules["checks"].pop("bid.unique")
    with pytest.raises(ValueError, match=r"bid\.unique"):
        Words(rules).check_all(suites.every_check())
    rules["checks"] |= {"bid.unique": lost, "bid.nothing": lost}
    with pytest.raises(ValueError, match=r"bid\.nothing"):
        Words(rules).check_all(suites.every_check())


@pytest.mark.parametrize(
    ("change", "says"),
    [({"severity": "fatal"}, "severity"), ({"who": "nobody"}, "role"), ({"action": " "}, "action")],
)
def test_a_wrong_entry_is_named(rules, change, says):
    rules["checks"]["bid.unique"] = {**rules["checks"]["bid.unique"], **change}
    with pytest.raises(ValueError, match=says):
        Words(rules).check_all(suites.every_check())


def test_what_is_emptied_may_be_empty():
    for check in CHECKS:
        if check.aside == "value":
            assert not [c for c in check.marked if TABLES[check.frame].column(c).required], check.id


def test_canonical_checks_read_columns_that_exist():
    for check in CHECKS:
        table = {"scope": "award_case", "bid_scope": "bid"}.get(check.frame, check.frame)
        for column in {*check.columns, *check.marked} - {"within_budget"}:
            assert TABLES[table].column(column), check.id


def test_a_value_check_alone_is_found():
    assert suites.unpaired([Check("x", "bid", "in_set", ("firm",), {"values": ("a",)})]) == ["x"]
    assert suites.unpaired([Check("x", "bid", "matches", ("firm",)), Check("y", "bid", "not_null", ("firm",))]) == []


def test_badly_declared_checks_are_refused():
    with pytest.raises(ValueError, match="unknown kind"):
        well_formed(Check("x", "bid", "nope"))
    with pytest.raises(re.error):
        well_formed(Check("x", "bid", "matches", ("firm",), {"regex": "("}))
    assert len(KINDS) >= 10


def test_the_month_band_is_empirical(shipped):
    import pandas as pd

    config = shipped["limits"]["month_band"]
    counts = pd.Series([120, 45, 122, 126, 139, 149, 103, 109, 97, 121, 109, 171])
    low, high = band(counts, config)
    assert 45 < low < 97
    assert 171 < high < 400
    assert band(counts.iloc[:5], config) is None
