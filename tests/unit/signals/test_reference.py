"""The reference page says what the headers say."""

from __future__ import annotations

from probity import config, settings, signals
from probity.signals import reference

INCLUDE = settings.ROOT / "include"


def test_page_is_what_the_headers_make() -> None:
    found = signals.load_signals(INCLUDE / "sql" / "procurement")
    text = reference.page(found, config.thresholds(INCLUDE / "config"), INCLUDE / "templates" / "signals")
    assert reference.PAGE.read_text(encoding="utf-8") == text, "run: python -m probity.signals.reference"
    for signal in found:
        assert f"### {signal.id}\n" in text
        assert signal.not_proof in text


def test_every_threshold_is_used_by_a_signal_or_a_helper() -> None:
    sql = "".join(p.read_text(encoding="utf-8") for p in (INCLUDE / "sql" / "procurement").glob("*.sql"))
    unused = {r["name"] for r in config.thresholds(INCLUDE / "config") if r["name"] not in sql}
    assert unused == set()


def test_every_threshold_that_a_signal_file_uses_is_in_its_header() -> None:
    names = {r["name"] for r in config.thresholds(INCLUDE / "config")}
    import re

    for signal in signals.load_signals(INCLUDE / "sql" / "procurement"):
        used = set(re.findall(r"\bl\.([a-z_]+)\b", signal.sql)) & names
        assert used <= set(signal.parameters), signal.id
