"""The demo's works through the real sources and signals: the files are read whole, and what was planted is found."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import load_workbook

from probity import acceptance, config, defects, signals, sources
from probity.calendar import Period
from probity.demo import generate, works
from probity.demo.works import projects
from probity.jobs import road_inspection_selection as roads
from probity.jobs.office import RuleBook
from probity.settings import ROOT, Settings
from probity.store.objects import ObjectStore
from probity.text import case_no_key

MONTHS = ["2021-01", "2021-02"]
WORKS = {"works_projects", "excavation_permits", "complaints", "contractor_register", "inspection_history"}
SEEDS = [110, pytest.param(7, marks=pytest.mark.slow), pytest.param(2024, marks=pytest.mark.slow)]


@dataclass(frozen=True)
class Carried:
    """One seed's files, what was made, what was read of them, and the first month's tables and signals."""

    drop: Path
    made: projects.WorksWorld
    ingested: list[Any]
    objects: ObjectStore
    tables: dict[str, pa.Table]
    states: dict[tuple[str, str], str]

    def rows(self, name: str) -> list[dict[str, Any]]:
        return self.tables[name].to_pylist()


def carry(folder: Path, seed: int) -> Carried:
    """Generate, read, build and look for signals as of the first month, the office's own log of defects empty."""
    drop = folder / "drop"
    generate(drop, seed, MONTHS, "tiny")
    works.generate(drop, seed, MONTHS, "tiny")
    settings = Settings(home=folder / "home", drop=drop, database_url="", smtp_url="", mail_from="")
    objects = ObjectStore(settings.objects)
    ingested = [sources.ingest(a, settings, objects) for a in sources.discover(drop)]
    book = RuleBook(ROOT / "include")
    period = Period.parse(MONTHS[0])
    tables = sources.build_works(ingested, period, objects, roads.SELECTING.options(book))
    tables |= sources.build_inspections(ingested, objects, period.last, book.load("defects"))
    tables["inspection_test"] = acceptance.evaluate(
        tables["inspection_limit"], tables["inspection_measure"], book.load("acceptance")
    )
    tables["defect"] = defects.register(tables["defect_event"], period.last, book.load("defects"))
    tables["audit_result"] = acceptance.results(tables["inspection"], tables["inspection_test"], tables["defect_event"])
    loaded = roads.SELECTING.signals(book)
    found = signals.run(tables, period, loaded, config.thresholds(ROOT / "include" / "config"))
    states = {(r["case_id"], r["signal_id"]): r["state"] for r in found.to_pylist()}
    return Carried(drop, projects.world(seed, MONTHS, "tiny"), ingested, objects, tables, states)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Carried]:
    """Each seed carried through once for the module."""
    done: dict[int, Carried] = {}

    def get(seed: int) -> Carried:
        if seed not in done:
            done[seed] = carry(tmp_path_factory.mktemp(f"works{seed}"), seed)
        return done[seed]

    return get


@pytest.fixture(scope="module")
def carried(once: Callable[[int], Carried]) -> Carried:
    return once(110)


# -- the files ------------------------------------------------------------------------------------------------------
def test_same_seed_same_bytes(carried: Carried, tmp_path: Path, digests: Callable[[Path], dict[str, str]]) -> None:
    again = works.generate(tmp_path / "again", 110, MONTHS, "tiny")
    before = digests(carried.drop)
    assert digests(tmp_path / "again").items() <= before.items()
    assert again == carried.made.truth
    assert works.truth(7, MONTHS, "tiny") != again


@pytest.mark.parametrize("seed", SEEDS)
def test_every_works_file_is_read_without_loss(once: Callable[[int], Carried], seed: int) -> None:
    carried = once(seed)
    read = [i for i in carried.ingested if i.source_id in WORKS]
    assert {i.source_id for i in read} == WORKS
    for item in read:
        assert not item.refused, (item.file_name, item.refused)
        assert item.rows_in == item.rows_out > 0 and item.rows_quarantined == 0, item.file_name
        assert item.quarantine_digest is None or not carried.objects.get_table(item.quarantine_digest).num_rows


def test_permits_come_as_the_city_publishes_them(carried: Carried, shared: Path) -> None:
    """Both generations of headers, both encodings; the older one is the real file's header to the letter."""
    (real,) = (shared / "data" / "road_permits_taichung").glob("*utf8bom.csv")
    wanted = next(csv.reader(io.StringIO(real.read_text(encoding="utf-8-sig"))))
    headers = []
    for path in sorted((carried.drop / "道路挖掘許可").iterdir()):
        raw = path.read_bytes()
        marked = raw.startswith(b"\xef\xbb\xbf")
        headers.append((marked, next(csv.reader(io.StringIO(raw.decode("utf-8-sig" if marked else "cp950"))))))
    assert [h for marked, h in headers if marked] and all(h == wanted for marked, h in headers if marked)
    newer = [h for marked, h in headers if not marked]
    assert newer and all({"核准起日期", "經度", "緯度"} <= set(h) for h in newer)
    last = Period.parse(MONTHS[0]).last
    assert len(carried.rows("permit")) == sum(1 for p in carried.made.permits if p.start <= last)


def test_both_screens_of_the_works_system_give_the_sums_that_were_agreed(carried: Carried) -> None:
    """One export is in 元 under Chinese names, the next in 千元 under English ones."""
    sums = {p["case_id"]: p["contract_amount"] for p in carried.rows("project")}
    known = [p for p in carried.made.projects if p.award_date <= Period.parse(MONTHS[0]).last]
    wrong = [
        p.case_id
        for p in known
        if p.facility == "road" and round(sums[f"{p.agency.agency_id}|{_key(p)}"] / 1000) != round(p.contract / 1000)
    ]
    assert not wrong
    places = {p["case_id"]: p["district"] for p in carried.rows("project")}
    assert all(places[f"{p.agency.agency_id}|{_key(p)}"] == p.district for p in known if p.facility == "road")
    titles = {ws.title for path in (carried.drop / "標案管理系統").iterdir() for ws in load_workbook(path).worksheets}
    assert titles == {"標案", "月進度", "契約變更", "Tender"}


def _key(project: projects.Project) -> str:
    return case_no_key(project.case_no)


def test_no_person_is_kept(carried: Carried) -> None:
    kept = [t.to_pylist() for t in carried.tables.values()]
    text = json.dumps(kept, ensure_ascii=False, default=str)
    assert "慕○○" not in text and "00********" not in text


def test_complaints_told_twice_count_once(carried: Carried) -> None:
    doubled = [c for c in carried.rows("complaint") if c["duplicate_of"]]
    originals = {c["complaint_id"]: c for c in carried.rows("complaint")}
    assert doubled and all(originals[c["duplicate_of"]]["received_date"] <= c["received_date"] for c in doubled)


# -- what is planted ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", SEEDS)
def test_every_planted_story_fires_its_signal(once: Callable[[int], Carried], seed: int) -> None:
    carried = once(seed)
    planted = carried.made.truth.planted
    assert len({signal for _, signal, _ in planted}) == len(planted) >= 14, "each story is told once"
    silent = [
        (signal, why, carried.states.get((case, signal), "not in scope"))
        for case, signal, why in planted
        if carried.states.get((case, signal)) != "fired"
    ]
    assert not silent, silent


@pytest.mark.parametrize("seed", SEEDS)
def test_sound_works_are_mostly_left_alone(once: Callable[[int], Carried], seed: int) -> None:
    """A planted story stands out: its signal fires on few others."""
    carried = once(seed)
    for _, signal, why in carried.made.truth.planted:
        of_signal = [state for (_, s), state in carried.states.items() if s == signal]
        assert of_signal.count("fired") <= max(4, 0.25 * len(of_signal)), (signal, why)


def test_works_that_will_be_found_wanting_are_those_that_were_planted_or_cheap(carried: Carried) -> None:
    poor = carried.made.truth.poor
    known = {p["case_id"]: p for p in carried.rows("project")}
    assert len(poor & known.keys()) > 10
    fired = {case for (case, signal), state in carried.states.items() if state == "fired" and case in poor}
    under_way = {case for case in poor & known.keys() if known[case]["facility"] == "road" and known[case]["eligible"]}
    assert len(fired & under_way) > 0.6 * len(under_way), "most can be seen coming; the control share is for the rest"
