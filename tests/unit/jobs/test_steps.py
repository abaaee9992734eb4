"""From files to a proposed list: the same inputs give the same references, a changed input a new revision."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from probity import canonical
from probity.jobs import JobError, NoData
from probity.jobs import procurement_audit_selection as job
from probity.store import model, trail
from tests.unit.jobs import world as worlds
from tests.unit.jobs.world import PERIOD, World


def test_references_are_the_digests_of_what_they_name(proposed_once: World) -> None:
    for step, ref in proposed_once.refs.items():
        manifest = proposed_once.office.objects.get_json(ref)
        assert canonical.digest(manifest) == ref, step
        for snapshot in manifest["snapshots"].values():
            path = proposed_once.office.objects.table_path(snapshot["digest"])
            assert canonical.file_digest(path) == snapshot["digest"]
            assert proposed_once.office.objects.get_table(snapshot["digest"]).num_rows == snapshot["rows"]


def test_the_same_run_again_gives_the_same_references_and_adds_nothing(proposed: World) -> None:
    before = {table: len(proposed.rows(table)) for table in (model.RunStep, model.GateResult, model.TrailRecord)}
    outbox = proposed.outbox()
    assert worlds.run_to_list(proposed.settings) == proposed.refs
    assert worlds.ask(proposed.settings, proposed.refs) == proposed.asked
    assert {table: len(proposed.rows(table)) for table in before} == before
    assert proposed.outbox() == outbox
    assert trail.verify(proposed.office.engine, proposed.settings).ok


def test_files_in_another_order_under_other_names_give_the_same_references(
    empty_office: World, proposed_once: World, city: Path, tmp_path: Path
) -> None:
    drop = tmp_path / "reversed"
    drop.mkdir()
    files = sorted(p for p in city.rglob("*") if p.is_file())
    for number, path in enumerate(reversed(files)):
        shutil.copyfile(path, drop / f"{number:03d}-{path.name}")
    settings = dataclasses.replace(empty_office.settings, drop=drop)
    assert worlds.run_to_list(settings) == proposed_once.refs


def test_a_month_with_nothing_in_it_says_so_and_owes_nobody(proposed: World) -> None:
    empty = "2018-05"
    ref = job.collect(proposed.settings, empty)
    before = proposed.outbox()
    with pytest.raises(NoData, match="107年5月沒有「採購稽核選案」可用的案件資料"):
        job.gate(proposed.settings, empty, "arrival", ref)
    assert proposed.outbox() == before
    assert not proposed.rows(model.Selection, model.Selection.period == empty)


def test_every_step_left_its_record_and_the_chain_holds(published: World) -> None:
    assert trail.verify(published.office.engine, published.settings).ok
    steps = Counter(e["step"] for e in published.events())
    asked = {"approval_request": 1, "decide": 1, "publish": 1}
    assert steps == Counter(dict.fromkeys(worlds.STAGES, 1) | asked)
    assert all(e["period"] == PERIOD and e["job"] == job.JOB for e in published.events())
    (publish,) = [e for e in published.events() if e["step"] == "publish"]
    written = {f["digest"] for f in publish["facts"]["files"]}
    assert written == {r.digest for r in published.rows(model.Report)}


@pytest.mark.slow
def test_changed_files_make_a_new_revision_and_leave_the_approved_one_as_it_was(
    published_once: World, copies: Callable[..., World], own_drop: Path
) -> None:
    world = copies(published_once, own_drop)
    first = world.asked["selection_id"]
    bytes_before = {p: canonical.file_digest(p) for p in (world.settings.reports / first).iterdir()}
    cases_before = [(c.case_id, c.rank, c.part) for c in world.rows(model.SelectionCase)]
    worlds.put_detail(own_drop, 標案案號="T110020077", 標案名稱="新增的採購")

    refs = worlds.run_to_list(world.settings)
    assert set(refs.values()).isdisjoint(world.refs.values())
    asked = worlds.ask(world.settings, refs)
    assert (asked["selection_id"], asked["already"]) == ("PA-2021-03-r2", None)
    assert "核定本版後" in asked["body"]
    assert world.selection(first).state == "approved", "an open revision changes nothing"

    assert world.decide(ref=refs["gate_selection"], reason="補送公告") == "PA-2021-03-r2"
    job.publish(world.settings, PERIOD, "PA-2021-03-r2")
    assert world.selection(first).state == "superseded"
    assert world.selection("PA-2021-03-r2").state == "approved"
    assert {p: canonical.file_digest(p) for p in bytes_before} == bytes_before
    kept = world.rows(model.SelectionCase, model.SelectionCase.selection_id == first)
    assert sorted((c.case_id, c.rank, c.part) for c in kept) == sorted(cases_before)
    assert all(f.identical for f in job.replay(world.settings, first)), "the replaced revision still replays"
    assert all(f.identical for f in job.replay(world.settings, "PA-2021-03-r2"))
    assert trail.verify(world.office.engine, world.settings).ok


@pytest.mark.slow
def test_an_undecided_list_gives_way_to_the_new_one(
    proposed_once: World, copies: Callable[..., World], own_drop: Path
) -> None:
    world = copies(proposed_once, own_drop)
    worlds.put_detail(own_drop, 標案案號="T110020078", 標案名稱="新增的採購")
    asked = worlds.ask(world.settings, worlds.run_to_list(world.settings))
    assert asked["selection_id"] == "PA-2021-03-r2"
    assert world.selection("PA-2021-03-r1").state == "superseded"
    with pytest.raises(JobError, match="在核定前已經變更"):
        world.decide()


def test_the_logs_tell_counts_and_digests_but_no_case_firm_or_person(published_once: World) -> None:
    """採購稽核小組作業規則 §4 and DESIGN.md 7: a task log may be read by everyone who may see the task."""
    text = "\n".join(published_once.log)
    assert len(published_once.log) > 100
    for digest in published_once.refs.values():
        assert digest in text
    office, inputs = published_once.office, published_once.office.manifest(published_once.refs["collect"], "inputs")
    tables = office.tables(inputs)
    listed = {c.case_id for c in published_once.rows(model.SelectionCase)}
    secrets: set[str] = set()
    for case in tables["award_case"].to_pylist():
        secrets |= {case["title"], case["case_id"]}
        secrets |= {case["case_no"]} if case["case_id"] in listed else set()
    secrets |= {b["firm_name"] for b in tables["bid"].to_pylist()}
    secrets |= {b["representative"] for b in tables["bid"].to_pylist() if b["representative"]}
    secrets |= {a["auditor_name"] for a in tables["auditor"].to_pylist()}
    found = sorted(s for s in secrets if re.search(rf"(?<![0-9A-Za-z]){re.escape(s)}(?![0-9A-Za-z])", text))
    assert not found
    assert worlds.SEED in text, "the draw can be replayed from the log"
