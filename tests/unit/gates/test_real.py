"""The gates on real award notices (Hualien 2011-2012), as they are and with dirt planted in a copy."""

from __future__ import annotations

import csv
import dataclasses
import re
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from probity import config, gates, sources
from probity.calendar import Period
from probity.gates.suites import works
from probity.settings import Settings
from probity.store.objects import ObjectStore
from probity.tables import TABLES

PERIOD = Period.parse("2012-03")
MARCH = re.compile("^201203")


@pytest.fixture(scope="module")
def office(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, ObjectStore]:
    """A drop folder with the real csv of two years; parsed files are kept between the tests of this module."""
    home = tmp_path_factory.mktemp("office")
    drop = home / "drop"
    drop.mkdir()
    for year in (2011, 2012):
        shutil.copy(shared / "data" / "awards_hualien" / f"procurement_{year}.csv", drop)
    settings = Settings(home=home, drop=drop, database_url="", smtp_url="", mail_from="probity@example.gov.tw")
    return settings, ObjectStore(settings.objects)


def rewrite(path: Path, change: Any) -> None:
    """Write the csv again with ``change(index of the row among those of March 2012, row)``; None drops the row."""
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.DictReader(handle))
    seen, out = 0, []
    for row in rows:
        if MARCH.match(row["announcement_date"]):
            row, seen = change(seen, row), seen + 1
        out.append(row)
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(r for r in out if r is not None)


def arrive(office: tuple[Settings, ObjectStore], drop: Path, rules: dict[str, Any]):
    """Ingest and build as ``collect`` does, and run the first two gates."""
    settings, objects = office
    settings = dataclasses.replace(settings, drop=drop)
    files = [sources.ingest(a, settings, objects) for a in sources.discover(drop)]
    tables = sources.build(files, PERIOD, objects, 5)

    def observed(name: str) -> pa.Table | None:
        found = [objects.get_table(f.observation_digests[name]) for f in files if name in f.observation_digests]
        return pa.concat_tables(found) if found else None

    cells = [objects.get_table(f.quarantine_digest) for f in files if f.quarantine_digest]
    context = {
        "period": PERIOD,
        "files": files,
        "expected_sources": ["award_csv"],
        "locate": gates.locator(observed, {f.digest: f.file_name for f in files}),
        "quarantine": pa.concat_tables(cells) if cells else None,
    }
    return (gates.run("arrival", tables, context, rules), gates.run("canonical", tables, context, rules), tables)


@pytest.fixture
def drop(office: tuple[Settings, ObjectStore], tmp_path: Path) -> Path:
    return Path(shutil.copytree(office[0].drop, tmp_path / "drop"))


def test_real_notices_go_through_and_their_one_real_fault_is_found(office, drop, rules):
    """One notice of July 2011 gives its budget in thousands: the ratio is 33,049."""
    arrival, canonical, tables = arrive(office, drop, rules)
    assert arrival.outcome == "pass"
    assert canonical.outcome == "quarantine"
    assert [(c.id, c.n_bad) for c in canonical.failed()] == [("award_case.amount_unit", 1)]
    assert canonical.kept["award_case"].num_rows == tables["award_case"].num_rows > 1500
    assert canonical.facts["cases_in_period_set_aside"] == 0
    items = canonical.quarantined.to_pylist()
    assert {(i["file_name"], i["field"]) for i in items} == {
        ("procurement_2011.csv", "award_amount"),
        ("procurement_2011.csv", "budget"),
    }
    with (drop / "procurement_2011.csv").open(encoding="utf-8-sig", newline="") as handle:
        line = list(csv.reader(handle))[items[0]["row"] - 1]
    assert {i["value"] for i in items} <= set(line), "the row is the one that the sender sees in the file"


def test_unreadable_dates_stop_and_the_mended_file_continues(office, drop, rules):
    file = drop / "procurement_2012.csv"
    whole = file.read_bytes()
    rewrite(file, lambda i, row: row | {"announcement_date": "101/13/45"})
    arrival, _, _ = arrive(office, drop, rules)
    assert arrival.outcome == "stop"
    text = gates.message(arrival)
    assert "procurement_2012.csv" in text
    assert "101/13/45" not in text
    assert any(row["value"] == "101/13/45" for sheet in arrival.bad for row in sheet.rows if "value" in row)
    file.write_bytes(whole)
    assert arrive(office, drop, rules)[0].outcome == "pass"


def test_a_few_bad_dates_are_set_aside_and_the_rest_goes_on(office, drop, rules):
    rewrite(drop / "procurement_2012.csv", lambda i, row: row | {"announcement_date": "101/13/45"} if i < 3 else row)
    arrival, canonical, tables = arrive(office, drop, rules)
    assert arrival.outcome == "quarantine"
    assert canonical.outcome == "quarantine"
    assert arrival.kept["award_case"].equals(tables["award_case"])


def test_a_file_that_was_cut_is_noticed_by_the_months_row_count(office, drop, rules):
    rewrite(drop / "procurement_2012.csv", lambda i, row: row if i < 30 else None)
    _, canonical, _ = arrive(office, drop, rules)
    assert "award_case.month_band" in [c.id for c in canonical.failed()]


def test_a_month_that_is_not_there_stops(office, drop, rules):
    (drop / "procurement_2012.csv").unlink()
    arrival, canonical, _ = arrive(office, drop, rules)
    assert arrival.outcome == "stop"
    assert "award_csv" in gates.message(arrival)
    assert canonical.outcome == "stop"
    assert canonical.failed()[0].id == "canonical.scope.rows"


def test_no_real_month_is_called_unusual(shared, rules):
    """All 48 months of 2010-2013: none falls outside the band, and a cut month would (February halves by itself)."""
    import pandas as pd

    from probity.gates.suites.canonical import band

    dates = [
        row["announcement_date"]
        for path in sorted((shared / "data" / "awards_hualien").glob("procurement_*.csv"))
        for row in csv.DictReader(path.open(encoding="utf-8-sig", newline=""))
    ]
    counts = pd.Series(dates).str[:6].value_counts().sort_index()
    assert len(counts) == 48
    for i in range(48):
        limits = band(counts.iloc[:i], rules["limits"]["month_band"])
        assert limits is None or limits[0] <= counts.iloc[i] <= limits[1]
        if i >= 24:
            assert counts.iloc[i - 24 : i].median() / 4 < limits[0], "a month cut to a quarter would be noticed"


def test_real_awards_of_road_works_go_through_the_works_gate(office, drop, rules, shared):
    """The awards become projects, the permits of another city and year stay outside the period; nothing gets lost."""
    settings, objects = office
    permits = "taichung_road_permits_1100521_masked_utf8bom.csv"
    shutil.copy(shared / "data" / "road_permits_taichung" / permits, drop)
    settings = dataclasses.replace(settings, drop=drop)
    files = [sources.ingest(a, settings, objects) for a in sources.discover(drop, settings)]
    options = config.load(settings.config, "works")
    options |= options.pop("jobs")["road_inspection_selection"]
    built = sources.build_works(files, PERIOD, objects, options)
    tables = {n: built[n] if n in built else TABLES[n].arrow_schema().empty_table() for n in works.TABLES}
    context = {"period": PERIOD, "family": "works", "history_years": options["history_years"]}
    result = gates.run("works_canonical", tables, context, rules)
    failed = {c.id: c.outcome for c in result.failed()}
    assert result.outcome == "quarantine" and "stop" not in failed.values()
    assert failed["award_case.amount_unit"] == "quarantine"
    assert failed["project.actual_progress.filled"] == failed["project.start_date.filled"] == "warn"
    assert result.facts["projects_in_period"] > 200
    assert all(c["in"] == c["out"] + c["quarantined"] for c in result.counts.values())
