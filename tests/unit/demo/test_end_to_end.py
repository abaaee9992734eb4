"""The demo corpus through the real sources and signals: it is read whole, and what was planted is found."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from probity import config, signals, sources
from probity.calendar import Period
from probity.demo import Truth
from probity.settings import ROOT, Settings
from probity.store.objects import ObjectStore

Read = tuple[list[sources.Arrival], list[sources.Ingested], ObjectStore]
Built = dict[str, dict[str, pa.Table]]


@pytest.fixture(scope="module")
def read(drop: Path, tmp_path_factory: pytest.TempPathFactory) -> Read:
    settings = Settings(home=tmp_path_factory.mktemp("home"), drop=drop, database_url="", smtp_url="", mail_from="")
    objects = ObjectStore(settings.objects)
    arrivals = sources.discover(drop)
    return arrivals, [sources.ingest(a, settings, objects) for a in arrivals], objects


@pytest.fixture(scope="module")
def built(read: Read, truth: Truth) -> Built:
    _, ingested, objects = read
    return {m: sources.build(ingested, Period.parse(m), objects, 5) for m in truth.months}


@pytest.fixture(scope="module")
def fired(built: Built) -> dict[str, set[str]]:
    found = signals.load_signals(ROOT / "include" / "sql" / "procurement")
    thresholds = config.thresholds(ROOT / "include" / "config")
    out: dict[str, set[str]] = {}
    for month, tables in built.items():
        for row in signals.run(tables, Period.parse(month), found, thresholds).to_pylist():
            if row["state"] == "fired":
                out.setdefault("|".join(row["case_id"].split("|")[:3]), set()).add(row["signal_id"])
    return out


def test_every_source_is_recognised_and_two_files_are_refused(read: Read) -> None:
    arrivals, ingested, _ = read
    kinds = {a.source_id for a in arrivals}
    assert kinds >= {
        "award_csv", "notice_index", "halfmonth_xml", "notice_detail", "city_list", "debarment_feed", "agency_list",
        "auditor_list", "audit_results",
    }  # fmt: skip
    assert len([i for i in ingested if i.refused]) == 2, "the 0-byte half month and the broken feed"
    assert all(i.rows_in == i.rows_out + i.rows_quarantined for i in ingested)


def test_unreadable_cells_are_quarantined_with_their_place(read: Read) -> None:
    _, ingested, objects = read
    rows = [q for i in ingested if i.quarantine_digest for q in objects.get_table(i.quarantine_digest).to_pylist()]
    values = {q["value"] for q in rows}
    assert {"2021-02-31", "約65萬元", "詳契約", "110/13/45", "約六十餘萬"} <= values
    assert all(q["row"] and q["column"] for q in rows if q["severity"] == "value")


def test_every_case_is_one_case_whatever_sources_name_it(built: Built, truth: Truth) -> None:
    for month, tables in built.items():
        period = Period.parse(month)
        scope = [c for c in tables["award_case"].to_pylist() if period.contains(c["award_notice_date"])]
        assert len(scope) == truth.n_cases[month]
        both = Counter("award_csv" in c["sources"] and "city_list" in c["sources"] for c in scope)
        assert both[True] > 0.95 * len(scope)


def test_sources_that_disagree_are_shown(built: Built, truth: Truth) -> None:
    table = built[truth.months[0]]["conflict"].to_pylist()
    assert {"award_amount", "opening_date"} <= {row["field"] for row in table}


def test_every_planted_irregularity_fires_all_its_signals(fired: dict[str, set[str]], truth: Truth) -> None:
    silent = {
        (p.pattern, p.why, p.case_id): sorted(set(p.signals) - fired.get(p.case_id, set()))
        for p in truth.irregular
        if not set(p.signals) <= fired.get(p.case_id, set())
    }
    assert not silent, json.dumps([[*k, v] for k, v in silent.items()], ensure_ascii=False, indent=1)


def test_no_look_alike_fires(fired: dict[str, set[str]], truth: Truth) -> None:
    wrong = {(p.pattern, p.why, p.case_id) for p in truth.lookalikes if set(p.signals) & fired.get(p.case_id, set())}
    assert not wrong
