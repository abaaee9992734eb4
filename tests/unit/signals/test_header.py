"""A header that does not fit is an error with file and line, before any data is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from probity.signals import HeaderError, load_signals
from tests.unit.signals.test_engine import HEADER, SELECT

NAMES = {"delay_share"}


def write(folder: Path, text: str, name: str = "T01_test.sql") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("award_case.budget", "award_case.bugdet", r"T01_test.sql:11: unknown column bugdet"),
        ("award_case.budget", "awards.budget", r"T01_test.sql:11: unknown table awards"),
        ("parameters: []", "parameters: [no_such]", r"T01_test.sql:10: unknown parameter no_such"),
        ("parameters: []", "parameters: [delay_share]", r"T01_test.sql:10: parameter delay_share is not used"),
        ("not_proof: 無\n", "", r"T01_test.sql:\d+: missing key not_proof"),
        ("not_proof: 無", "not_prof: 無", r"T01_test.sql:15: unknown key not_prof"),
        ("must_watch: null", "must_watch: 7", r"T01_test.sql:8: must_watch is an item"),
        ("must_watch: null", "must_watch: yes", r"T01_test.sql:8: must_watch is an item"),
        ("family: records", "family: other", r"T01_test.sql:5: unknown family"),
        ("id: T01", "id: T02", r"T01_test.sql:2: the file name must start with T02_"),
        ("{value:num}", "{other}", r"T01_test.sql:16: the reason uses \{other\}"),
        ("{value:num}", "{value:shout}", r"T01_test.sql:16: unknown format shout"),
        ("formula: 測試", "formula: [測試", r"T01_test.sql:\d+: header is not valid YAML"),
        ("/*", "--", r"T01_test.sql:1: the file must begin with"),
    ],
)
def test_header_errors_name_file_and_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(HeaderError, match=message):
        load_signals(write(tmp_path, (HEADER + SELECT).replace(old, new)), NAMES)


def test_an_id_belongs_to_one_file(tmp_path: Path) -> None:
    write(tmp_path, HEADER + SELECT)
    with pytest.raises(HeaderError, match=r"T01_twice.sql:1: id T01 is already that of T01_test.sql"):
        load_signals(write(tmp_path, HEADER + SELECT, "T01_twice.sql"), NAMES)


def test_an_empty_folder_is_no_set_of_signals(tmp_path: Path) -> None:
    with pytest.raises(HeaderError, match="no signal files"):
        load_signals(tmp_path, NAMES)


def test_what_comes_first_is_an_item_of_the_family_article(tmp_path: Path) -> None:
    """採購稽核小組作業規則 §8 has five items, 工程施工查核小組作業辦法 §4-3 four."""
    text = (HEADER + SELECT).replace("must_watch: null", "must_watch: 5")
    for family in ("procurement", "works"):
        (tmp_path / family).mkdir()
    (signal,) = load_signals(write(tmp_path / "procurement", text), NAMES)
    assert signal.must_watch == 5
    with pytest.raises(HeaderError, match=r"item \(1 to 4\) of 工程施工查核小組作業辦法第4條第3項"):
        load_signals(write(tmp_path / "works", text), NAMES)
