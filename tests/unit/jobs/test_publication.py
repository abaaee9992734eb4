"""What was published stays as it was: written once, the same bytes each time, replayed or told what differs."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import sqlalchemy as sa

from probity import canonical
from probity.jobs import JobError, records
from probity.jobs import procurement_audit_selection as job
from probity.jobs import replay as replaying
from probity.settings import ROOT
from probity.store import model
from probity.tables import TABLES
from tests.unit.jobs.world import PERIOD, World

FIRST = "PA-2021-03-r1"


def files_of(world: World) -> dict[str, str]:
    folder = world.settings.reports / FIRST
    return {p.name: canonical.file_digest(p) for p in sorted(folder.iterdir())}


def differing(world: World) -> set[str]:
    return {f.part for f in job.replay(world.settings, FIRST) if not f.identical}


# -- publishing ---------------------------------------------------------------------------------------------------
def test_every_file_is_registered_under_its_digest(published: World) -> None:
    listed = {r.path: r.digest for r in published.rows(model.Report)}
    assert listed == {f"{FIRST}/{name}": digest for name, digest in files_of(published).items()}
    kinds = {r.kind for r in published.rows(model.Report)}
    assert kinds == {"workbook", "letter", "result_form", "draw"}


def test_publishing_again_or_twice_at_once_gives_the_same_bytes(published: World) -> None:
    before = files_of(published)
    events = len(published.events())
    shutil.rmtree(published.settings.reports / FIRST)
    together = threading.Barrier(2)

    def publish() -> None:
        together.wait()
        job.publish(published.settings, PERIOD, FIRST)

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert files_of(published) == before
    assert len(published.events()) == events
    assert len(published.rows(model.Report)) == len(before)


def test_a_broken_file_is_written_anew(published: World) -> None:
    before = files_of(published)
    (published.settings.reports / FIRST / f"{FIRST}.xlsx").write_bytes(b"PK, but cut")
    job.publish(published.settings, PERIOD, FIRST)
    assert files_of(published) == before


@pytest.mark.slow
def test_what_is_learnt_later_does_not_change_what_was_published(
    published_once: World, copies: Callable[..., World], own_drop: Path
) -> None:
    """The same file again under another name, another month's bad cells: the month comes to the same inputs."""
    world = copies(published_once, own_drop)
    before = files_of(world)
    roster = next(own_drop.rglob("機關名冊.xlsx"))
    shutil.copyfile(roster, roster.with_name("機關名冊-再送.xlsx"))
    assert job.collect(world.settings, PERIOD) == world.refs["collect"]
    source = world.rows(model.SourceFile)[0]
    item = dict.fromkeys(TABLES["quarantine"].names) | {
        "file_digest": source.digest,
        "file_name": source.file_name,
        "row": 7,
        "column": "budget",
        "reason": "later",
        "severity": "row",
    }
    with world.session() as session:
        records.quarantined(session, pa.Table.from_pylist([item], TABLES["quarantine"].arrow_schema()))
    job.publish(world.settings, PERIOD, FIRST)
    assert files_of(world) == before
    assert not differing(world)


def test_only_what_was_approved_can_be_published_or_replayed(proposed: World) -> None:
    for call in (lambda: job.publish(proposed.settings, PERIOD, FIRST), lambda: job.replay(proposed.settings, FIRST)):
        with pytest.raises(JobError, match=FIRST):
            call()


# -- replaying ----------------------------------------------------------------------------------------------------
def test_a_replay_finds_every_part_identical(published: World) -> None:
    findings = job.replay(published.settings, FIRST)
    parts = {f.part for f in findings}
    assert parts >= {"versions", "rules", "snapshots", "signals", "ranking", "control_frame", "final_list", "workbook"}
    assert {f"file {name}" for name in files_of(published)} <= parts
    assert [f for f in findings if not f.identical] == []


@pytest.mark.slow
def test_a_replay_needs_neither_the_drop_folder_nor_todays_rules(published: World, tmp_path: Path) -> None:
    gone = dataclasses.replace(
        published.settings, drop=tmp_path / "gone", sql=tmp_path / "gone", config=tmp_path / "gone"
    )
    assert all(f.identical for f in job.replay(gone, FIRST))


def _snapshot(world: World, name: str) -> Path:
    inputs = world.office.manifest(world.refs["gate_canonical"], "inputs")
    return world.office.objects.table_path(inputs["snapshots"][name]["digest"])


def test_a_changed_snapshot_is_found(published: World) -> None:
    path = _snapshot(published, "award_case")
    table = pa.parquet.read_table(path)
    index = table.schema.get_field_index("budget")
    raised = table.set_column(index, table.schema.field("budget"), pc.multiply(table["budget"], 3))
    pa.parquet.write_table(raised, path)
    found = differing(published)
    assert "snapshots" in found and "signals" in found


def test_a_destroyed_snapshot_is_found(published: World) -> None:
    _snapshot(published, "bid").write_bytes(b"nothing")
    assert "snapshots" in differing(published)
    _snapshot(published, "bid").unlink()
    (finding,) = [f for f in job.replay(published.settings, FIRST) if f.part == "snapshots"]
    assert "bid" in finding.found


def test_a_changed_rule_is_found_and_never_used(published: World) -> None:
    inputs = published.office.manifest(published.refs["collect"], "inputs")
    rule = published.office.objects.path(inputs["rules"]["config/selection.yaml"], "rule")
    rule.write_text("max_per_agency: 1\n", encoding="utf-8")
    (finding,) = [f for f in job.replay(published.settings, FIRST) if not f.identical and f.part == "rules"]
    assert "config/selection.yaml" in finding.found


@pytest.mark.slow
def test_an_unpacked_rule_that_was_changed_is_put_right(published: World) -> None:
    (copy,) = (published.settings.home / "rules").glob("*/config/thresholds.yaml")
    original = copy.read_bytes()
    copy.write_text("thresholds: []\n", encoding="utf-8")
    assert not differing(published)
    assert copy.read_bytes() == original


def test_changed_and_missing_reports_are_found(published: World) -> None:
    folder = published.settings.reports / FIRST
    (folder / f"{FIRST}.xlsx").write_bytes((folder / f"{FIRST}.xlsx").read_bytes() + b"\0")
    (folder / f"{FIRST}-draw.json").unlink()
    assert differing(published) == {f"file {FIRST}.xlsx", f"file {FIRST}-draw.json"}


@pytest.mark.slow
def test_a_changed_database_is_found(published: World) -> None:
    with published.session() as session:
        session.execute(sa.text("UPDATE report SET digest = repeat('0', 64) WHERE kind = 'workbook'"))
    assert differing(published) == {"workbook", f"file {FIRST}.xlsx"}


def test_the_draw_can_be_replayed_by_a_stranger(published: World) -> None:
    """``include/verify_draw.py`` needs nothing but Python: neither our package nor a database."""
    draw = published.settings.reports / FIRST / f"{FIRST}-draw.json"
    told = json.loads(draw.read_text(encoding="utf-8"))
    assert verify_draw(draw).returncode == 0
    drawn = {t["id"] for t in told["tickets"] if t["status"] == "drawn"}
    assert drawn == {c.case_id for c in published.rows(model.SelectionCase) if c.part == "control"} != set()
    told["seed"] = "another"
    draw.with_name("altered.json").write_text(json.dumps(told), encoding="utf-8")
    altered = verify_draw(draw.with_name("altered.json"))
    assert altered.returncode == 1 and "DIFFERS" in altered.stdout


def verify_draw(draw: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-I", "-X", "utf8", str(ROOT / "include" / "verify_draw.py"), str(draw)]
    return subprocess.run(argv, capture_output=True, text=True, encoding="utf-8", check=False)


def test_a_finding_compares_texts() -> None:
    assert replaying.Finding("x", "a", "a").identical and not replaying.Finding("x", "a", "b").identical
