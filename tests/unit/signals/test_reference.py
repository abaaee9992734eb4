"""The reference pages say what the headers say."""

from __future__ import annotations

import re

import pytest

from probity import config, settings, signals
from probity.signals import reference
from probity.tables import FAMILIES

INCLUDE = settings.ROOT / "include"
NAMES = {r["name"] for r in config.thresholds(INCLUDE / "config")}


def test_every_family_has_its_page() -> None:
    assert reference.PAGES.keys() == FAMILIES.keys()


@pytest.mark.parametrize("family", FAMILIES)
def test_page_is_what_the_headers_make(family: str) -> None:
    text = reference.own_page(family)
    written = (settings.ROOT / "docs" / reference.PAGES[family]).read_text(encoding="utf-8")
    assert written == text, "run: python -m probity.signals.reference"
    for signal in signals.load_signals(INCLUDE / "sql" / family):
        assert f"### {signal.id}\n" in text
        assert signal.not_proof in text


def test_every_threshold_is_used_by_a_signal_or_a_helper() -> None:
    sql = "".join(p.read_text(encoding="utf-8") for p in (INCLUDE / "sql").rglob("*.sql"))
    assert {name for name in NAMES if name not in sql} == set()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_threshold_that_a_signal_file_uses_is_in_its_header(family: str) -> None:
    for signal in signals.load_signals(INCLUDE / "sql" / family):
        used = set(re.findall(r"\bl\.([a-z_]+)\b", signal.sql)) & NAMES
        assert used <= set(signal.parameters), signal.id
