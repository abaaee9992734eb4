"""Works for inspection, from the files to the forms that go out, and the loop back through defects to the quarter."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from probity.delivery.model import OutboxMail
from probity.jobs import JobError, NoData
from probity.jobs import public_works_inspection_selection as buildings
from probity.jobs import report_distribution as distribution
from probity.jobs import road_inspection_selection as roads
from probity.ops.mailbox import Mailbox
from probity.settings import ROOT
from probity.store import model
from tests.unit.jobs import works_world
from tests.unit.jobs import world as worlds
from tests.unit.jobs.works_world import FIRST, MONTHS, Works, named

JANUARY, FEBRUARY, MARCH = MONTHS


# -- the list -------------------------------------------------------------------------------------------------------
def test_only_the_periods_own_road_works_are_listed(roads_proposed_once: Works) -> None:
    cases = roads_proposed_once.cases()
    assert len(cases) > 5
    assert {c["facility"] for c in cases} == {"road"}
    assert all(c["eligible"] and c["stage"] in ("under_way", "in_warranty") for c in cases)
    assert {c["part"] for c in cases} <= {"must_watch", "ranked"}, "the control share is drawn at the approval"


def test_the_same_run_again_gives_the_same_references_and_adds_nothing(roads_proposed: Works) -> None:
    tables = (model.RunStep, model.GateResult, model.TrailRecord, model.Selection, model.SelectionCase, OutboxMail)
    before = {t: len(roads_proposed.rows(t)) for t in tables}
    assert works_world.run_to_list(roads_proposed.settings) == roads_proposed.refs
    again = roads.approval_request(roads_proposed.settings, JANUARY, roads_proposed.list_ref)
    assert again == roads_proposed.asked
    assert {t: len(roads_proposed.rows(t)) for t in tables} == before


@pytest.mark.slow
def test_files_in_another_order_under_other_names_give_the_same_references(
    roads_proposed_once: Works, copies: Callable[..., Works], works_city: Path, tmp_path: Path
) -> None:
    drop = tmp_path / "reversed"
    drop.mkdir()
    for number, path in enumerate(sorted((p for p in works_city.rglob("*") if p.is_file()), reverse=True)):
        shutil.copyfile(path, drop / f"{number:03d}-{path.name}")
    assert works_world.run_to_list(copies(roads_proposed_once, drop).settings) == roads_proposed_once.refs


def test_buildings_and_structures_are_another_jobs_by_config_alone(roads_proposed: Works) -> None:
    settings = roads_proposed.settings
    refs = works_world.run_to_list(settings, JANUARY, buildings)
    asked = buildings.approval_request(settings, JANUARY, refs["gate_selection"])
    assert asked["selection_id"] == "PW-2021-01-r1" and "公共工程" in asked["subject"]
    own = dataclasses.replace(roads_proposed, refs=refs, job=buildings)
    assert {c["facility"] for c in own.cases()} <= {"building", "structure"} and own.cases()
    assert not {c["case_id"] for c in own.cases()} & {c["case_id"] for c in roads_proposed.cases()}
    selection_id = own.decide()
    buildings.publish(settings, JANUARY, selection_id)
    tests = {m["test"] for pack in packs(own, "PW-2021-01-r1") for m in pack["measures"]}
    assert tests and not tests & {"flatness", "thickness", "compaction", "binder"}, "no road is measured there"
    assert roads_proposed.selection(FIRST).state == "proposed", "the road list is as it was"


def test_a_month_without_works_says_so_and_owes_nobody(roads_proposed: Works) -> None:
    before = roads_proposed.outbox()
    with pytest.raises(NoData, match="道路工程查驗選案"):
        roads.gate(roads_proposed.settings, "2001-05", "arrival", roads.collect(roads_proposed.settings, "2001-05"))
    assert roads_proposed.outbox() == before


def test_a_rejected_list_sends_nothing_out(roads_proposed: Works) -> None:
    assert roads_proposed.decide("reject", reason="資料不全") is None
    with pytest.raises(JobError):
        roads.publish(roads_proposed.settings, JANUARY, FIRST)
    assert roads_proposed.rows(model.Publication) == []


# -- the pack -------------------------------------------------------------------------------------------------------
def packs(world: Works, publication: str) -> list[dict[str, Any]]:
    (path,) = (world.settings.reports / publication).glob("*-packs.json")
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def verify(path: Path) -> subprocess.CompletedProcess[str]:
    """What a stranger does who has Python and nothing of ours."""
    argv = [sys.executable, "-I", "-X", "utf8", str(ROOT / "include" / "verify_draw.py"), str(path)]
    return subprocess.run(argv, capture_output=True, text=True, encoding="utf-8", check=False)


def test_with_the_list_go_a_form_a_work_and_the_draws(roads_published_once: Works) -> None:
    world = roads_published_once
    kinds = Counter(r.kind for r in world.rows(model.Report))
    cases = world.selected(FIRST)
    assert kinds["inspection_form"] == len(cases) > 5
    assert (kinds["workbook"], kinds["draw"], kinds["positions"], kinds["packs"]) == (1, 1, 1, 1)
    assert kinds["letter"] == 2 * len({c.facts["agency_key"] for c in cases}), "a letter and its annex for each agency"
    assert {r.path: r.digest for r in world.rows(model.Report)} == {
        f"{FIRST}/{name}": digest for name, digest in world.files(FIRST).items()
    }
    assert any(c.part == "control" for c in cases)
    for case, pack in zip(cases, packs(world, FIRST), strict=True):
        number = f"{FIRST}-{case.rank:03d}"
        assert pack["inspection"]["inspection_id"] == number and pack["inspection"]["case_id"] == case.case_id
        book = openpyxl.load_workbook(world.settings.reports / FIRST / f"{number}.xlsx")
        said = {str(c.value) for row in book["查驗表"].iter_rows() for c in row}
        assert {number, case.case_id, case.facts["title"]} <= said


@pytest.mark.parametrize("kind", ["draw", "positions"])
def test_a_stranger_can_draw_again(roads_published: Works, kind: str) -> None:
    path = roads_published.settings.reports / FIRST / f"{FIRST}-{kind}.json"
    assert verify(path).returncode == 0
    told = json.loads(path.read_text(encoding="utf-8"))
    assert told["seed"] == worlds.SEED
    told["seed"] = "another"
    path.with_name("altered.json").write_text(json.dumps(told), encoding="utf-8")
    altered = verify(path.with_name("altered.json"))
    assert altered.returncode == 1 and "DIFFERS" in altered.stdout


def test_what_is_measured_is_what_was_drawn(roads_published_once: Works) -> None:
    """Each form holds the positions of the published draw, on its work's own stationing where that is known."""
    world = roads_published_once
    path = world.settings.reports / FIRST / f"{FIRST}-positions.json"
    drawn = {(p["inspection"], p["test"], p["k"]): p for p in json.loads(path.read_text(encoding="utf-8"))["positions"]}
    own = {p["case_id"]: p for p in world.office.tables(world.inputs())["project"].to_pylist()}
    seen, along = set(), 0
    for pack in packs(world, FIRST):
        project, number = own[pack["inspection"]["case_id"]], pack["inspection"]["inspection_id"]
        for measure in pack["measures"]:
            key = (number, measure["test"], measure["sample_no"])
            seen.add(key)
            if measure["station"] is not None:
                along += 1
                assert measure["station"] == float(drawn[key]["station"])
                assert project["station_start"] <= measure["station"] <= project["station_end"]
            else:
                assert project["station_start"] is None and measure["fraction"] == float(drawn[key]["share"])
    assert seen == set(drawn) and along > 0


def test_publishing_again_or_twice_at_once_gives_the_same_bytes(roads_published: Works) -> None:
    before, events = roads_published.files(FIRST), len(roads_published.events())
    shutil.rmtree(roads_published.settings.reports / FIRST)
    together = threading.Barrier(2)

    def publish() -> None:
        together.wait()
        roads.publish(roads_published.settings, JANUARY, FIRST)

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert roads_published.files(FIRST) == before
    assert len(roads_published.events()) == events


def test_a_replay_finds_every_part_identical(roads_published: Works) -> None:
    findings = roads.replay(roads_published.settings, FIRST)
    assert {f.part for f in findings} >= {"signals", "ranking", "control_frame", "final_list", "workbook"}
    assert {f"file {name}" for name in roads_published.files(FIRST)} <= {f.part for f in findings}
    assert [f for f in findings if not f.identical] == []


def test_what_the_approver_takes_off_gets_no_form_and_what_is_put_on_gets_one(roads_proposed: Works) -> None:
    first, *_, last = roads_proposed.cases()
    more = next(c for c in roads_proposed.frame() if c.split("|")[1].isalnum())
    changes = {"removed_text": f"{first['rank']}：上週方經中央查核", "added_text": f"{more}：議員質詢"}
    roads.publish(roads_proposed.settings, JANUARY, roads_proposed.decide(**changes))
    told = {str(p["inspection"]["case_id"]): p["inspection"]["part"] for p in packs(roads_proposed, FIRST)}
    assert first["case_id"] not in told and last["case_id"] in told and told[more] == "added"
    assert len(told) == len(roads_proposed.selected(FIRST))


# -- what leaves ----------------------------------------------------------------------------------------------------
def test_logs_and_answers_name_no_case_firm_or_person(roads_published_once: Works) -> None:
    world = roads_published_once
    text = "\n".join(world.log)
    assert len(world.log) > 60
    assert all(world.refs[step] in text for step in ("collect", "detect", "select"))
    given = json.dumps([world.refs, world.asked], ensure_ascii=False)
    assert named(world.secrets(), text + given) == []
    assert worlds.SEED in text


def test_each_level_gets_what_it_may_see_and_bodies_hold_counts(roads_published: Works, tmp_path: Path) -> None:
    with Mailbox(tmp_path / "mail") as box:
        settings = dataclasses.replace(roads_published.settings, smtp_url=box.url)
        assert distribution.gate(settings) == {"published": 1, "owed": 2}
        distribution.deliver(settings)
        mails = box.messages()
    owed = {m.role: m for m in roads_published.rows(OutboxMail, OutboxMail.report_id == f"{roads.JOB}/{JANUARY}")}
    assert set(owed) == {"inspection_team_secretary", "ethics_director"}
    attached = {a["name"] for a in owed["inspection_team_secretary"].content["attachments"]}
    endings = {".xlsx", "-letters.zip", "-forms.zip", "-draw.json", "-positions.json"}
    assert attached == {f"{FIRST}{e}" for e in endings} | {"verify_draw.txt"}, "what forms are held against stays here"
    assert owed["ethics_director"].content["attachments"] == []
    bodies = [
        str(mail["subject"])
        + "".join(
            part.get_content()
            for part in mail.walk()
            if part.get_content_maintype() == "text" and not part.get_filename()
        )
        for mail in mails
        if "道路工程" in str(mail["subject"]) and "請補正" not in str(mail["subject"])
    ]
    assert len(bodies) == 2 and named(roads_published.secrets(), "\n".join(bodies)) == []
    assert all(f"{len(roads_published.selected(FIRST))}件" in b.replace(" ", "") for b in bodies)


# -- month after month ----------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_a_listed_work_is_not_chosen_again_until_it_is_inspected(
    roads_published_once: Works, copies: Callable[..., Works], works_drop: Path
) -> None:
    world = copies(roads_published_once, works_drop)
    listed = {c.case_id for c in world.selected(FIRST)}

    def february() -> tuple[list[str], dict[str, str]]:
        refs = works_world.run_to_list(world.settings, FEBRUARY)
        return world.office.manifest(refs["collect"], "inputs")["awaiting"], refs

    awaiting, refs = february()
    assert set(awaiting) == listed
    chosen = dataclasses.replace(world, refs=refs, period=FEBRUARY)
    assert not {c["case_id"] for c in chosen.cases()} & listed

    # January again, now that its own list stands and February's as well: nothing is different.
    works_world.publish_list(world.settings, FEBRUARY)
    assert works_world.run_to_list(world.settings) == world.refs
    assert roads.approval_request(world.settings, JANUARY, world.list_ref)["already"] == "approved"
    assert all(f.identical for f in roads.replay(world.settings, FIRST))

    # The inspection is done in February: in March the work waits no more. February's own list stays as it was.
    works_world.inspect(world.settings, JANUARY)
    march = world.office.manifest(roads.collect(world.settings, MARCH), "inputs")["awaiting"]
    assert not set(march) & listed and set(march) == {c.case_id for c in world.selected("RI-2021-02-r1")}
    february_ref = roads.collect(world.settings, FEBRUARY)
    assert world.office.manifest(february_ref, "inputs")["awaiting"] == awaiting
