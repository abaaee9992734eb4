"""A gate around its data: quarantine goes on with a new manifest, stop tells where and owes each owner one mail."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from probity.delivery.model import OutboxMail
from probity.jobs import GateStopped, NoData, gating
from probity.jobs import procurement_audit_selection as job
from probity.jobs.office import Office
from probity.store import model, trail
from probity.store.objects import ObjectStore
from tests.unit.jobs import world as worlds
from tests.unit.jobs.world import PERIOD, World

SHEET, HEADING, FIRST_ROW = "契約變更", "變更次別", 4
CANONICAL = model.GateResult.stage == "canonical"


def city_workbook(drop: Path) -> Path:
    return drop / "市府清冊" / "110年03月" / "110年3月採購清冊.xlsx"


def spoil(drop: Path, rows: int) -> list[int]:
    """So many more contract changes in the city's list, a date typed where their number belongs; returns the rows."""
    book = openpyxl.load_workbook(city_workbook(drop))
    sheet = book[SHEET]
    column = next(c.column for c in sheet[FIRST_ROW - 1] if c.value == HEADING)
    at = list(range(sheet.max_row + 1, sheet.max_row + 1 + rows))
    for number in at:
        sheet.append([c.value for c in sheet[FIRST_ROW]])
        sheet.cell(number, column).value = wrong(number)
    book.save(city_workbook(drop))
    return at


def wrong(row: int) -> int:
    return 20210300 + row


@pytest.fixture
def world(proposed_once: World, copies: Callable[..., World], own_drop: Path) -> World:
    return copies(proposed_once, own_drop)


def arrived(world: World) -> str:
    return job.gate(world.settings, PERIOD, "arrival", job.collect(world.settings, PERIOD))


# -- quarantine ---------------------------------------------------------------------------------------------------
def test_quarantine_sets_rows_aside_and_goes_on_with_a_new_manifest(world: World, own_drop: Path) -> None:
    (row,) = spoil(own_drop, 1)
    ref = arrived(world)
    outbox = world.outbox()
    kept = job.gate(world.settings, PERIOD, "canonical", ref)
    assert kept != ref
    office = world.office
    before, after = (office.manifest(r, "inputs")["snapshots"] for r in (ref, kept))
    assert after["contract_change"]["rows"] == before["contract_change"]["rows"] - 1
    assert {n for n in before if before[n] != after[n]} == {"contract_change"}
    (result,) = world.rows(model.GateResult, model.GateResult.subject_digest == ref, CANONICAL)
    assert (result.outcome, result.result["goes_on_with"]) == ("quarantine", kept)
    for table, count in result.result["counts"].items():
        assert count["in"] == count["out"] + count["quarantined"], table
        assert (count["in"], count["out"]) == (before[table]["rows"], after[table]["rows"]), table
    (item,) = world.rows(model.QuarantineItem, model.QuarantineItem.value == str(wrong(row)))
    assert (item.sheet, item.row, item.status) == (SHEET, row, "open")
    assert item.file_name.endswith("110年3月採購清冊.xlsx")
    told = set(world.outbox()) - set(outbox)
    assert {role for _, role, _ in told} == {"operator", "procurement_data_owner"}

    # The same gate over the same data: nothing new, however often.
    state = (len(world.events()), len(world.rows(model.QuarantineItem)), world.outbox())
    assert [job.gate(world.settings, PERIOD, "canonical", ref) for _ in range(2)] == [kept, kept]
    assert (len(world.events()), len(world.rows(model.QuarantineItem)), world.outbox()) == state
    (step,) = world.rows(model.RunStep, model.RunStep.manifest_digest == kept, model.RunStep.step == "collect")
    assert step.counts["quarantined_by_gate"] == 1, "counted once"
    assert job.detect(world.settings, PERIOD, kept)


# -- stop ---------------------------------------------------------------------------------------------------------
def test_a_stop_says_where_and_owes_each_owner_one_mail_however_often_it_runs(world: World, own_drop: Path) -> None:
    rows = spoil(own_drop, 6)
    ref = arrived(world)
    outbox, manifests = world.outbox(), len(world.rows(model.RunStep))
    messages = []

    def stopped() -> None:
        with pytest.raises(GateStopped) as caught:
            job.gate(world.settings, PERIOD, "canonical", ref)
        messages.append(str(caught.value))

    stopped()
    threads = [threading.Thread(target=stopped) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(messages) == 3 and len(set(messages)) == 1
    message = messages[0]
    assert "110年3月採購清冊.xlsx" in message and f"工作表「{SHEET}」" in message and HEADING in message
    assert "、".join(map(str, rows)) in message
    assert "誰處理：資料提供機關" in message and "怎麼處理：" in message
    assert str(wrong(rows[0])) not in message, "the message goes to a log: places, no values"

    told = sorted(set(world.outbox()) - set(outbox))
    assert [role for _, role, _ in told] == ["operator", "procurement_data_owner"]
    assert len({report for report, _, _ in told}) == 1
    assert len(world.rows(model.RunStep)) == manifests, "nothing goes on"
    (result,) = world.rows(model.GateResult, model.GateResult.subject_digest == ref, CANONICAL)
    assert result.outcome == "stop"
    assert trail.verify(world.office.engine, world.settings).ok


@pytest.mark.slow
def test_the_owner_gets_the_workbook_in_which_the_bad_cells_are_marked(world: World, own_drop: Path) -> None:
    rows = spoil(own_drop, 6)
    with pytest.raises(GateStopped):
        job.gate(world.settings, PERIOD, "canonical", arrived(world))
    (result,) = world.rows(model.GateResult, model.GateResult.outcome == "stop")
    path = world.settings.reports / result.workbook_path
    book = openpyxl.load_workbook(path)
    cells = [c for sheet in book for line in sheet.iter_rows() for c in line]
    assert {str(wrong(r)) for r in rows} <= {str(c.value) for c in cells}
    mails = world.rows(OutboxMail, OutboxMail.role == "procurement_data_owner", OutboxMail.report_id.contains("canon"))
    for mail in mails:
        (attached,) = mail.content["attachments"]
        assert attached["name"] == path.name
        assert ObjectStore(world.settings.objects).path(attached["digest"], "mail").exists() or attached["digest"]
        assert str(wrong(rows[0])) not in str(mail.content), "values stand in the workbook alone"
    assert str(wrong(rows[0])) in ObjectStore(world.settings.objects).get_bytes(result.html_digest, "html").decode()


@pytest.mark.slow
def test_the_run_goes_on_once_the_mended_file_is_dropped(world: World, own_drop: Path, city: Path) -> None:
    spoil(own_drop, 6)
    with pytest.raises(GateStopped):
        job.gate(world.settings, PERIOD, "canonical", arrived(world))
    with world.session() as session:
        assert [(g.period, g.stage) for g in gating.open_stops(session, job.JOB)] == [(PERIOD, "canonical")]
    city_workbook(own_drop).write_bytes(city_workbook(city).read_bytes())
    refs = worlds.run_to_list(world.settings)
    assert refs == world.refs
    with world.session() as session:
        assert gating.open_stops(session, job.JOB) == []


@pytest.mark.slow
def test_a_half_mended_file_is_told_again(world: World, own_drop: Path, city: Path) -> None:
    outbox = set(world.outbox())
    spoil(own_drop, 6)
    with pytest.raises(GateStopped):
        job.gate(world.settings, PERIOD, "canonical", arrived(world))
    city_workbook(own_drop).write_bytes(city_workbook(city).read_bytes())
    spoil(own_drop, 3)
    ref = arrived(world)
    assert job.gate(world.settings, PERIOD, "canonical", ref) != ref
    told = {report for report, _, _ in set(world.outbox()) - outbox if "/canonical/" in report}
    assert len(told) == 2


@pytest.mark.slow
def test_old_dirt_is_not_told_again_when_something_else_arrives(world: World, own_drop: Path) -> None:
    """The city's two refused files were told of when the month first ran."""
    outbox = world.outbox()
    assert [report for report, _, _ in outbox if "/arrival/" in report]
    worlds.put_detail(own_drop, 標案案號="T110020079", 標案名稱="新增的採購")
    assert arrived(world) != world.refs["gate_arrival"]
    assert world.outbox() == outbox


def test_an_empty_drop_folder_stops_at_arrival_or_says_there_is_nothing(empty_office: World, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    settings = dataclasses.replace(empty_office.settings, drop=tmp_path / "nothing")
    ref = job.collect(settings, PERIOD)
    with pytest.raises(NoData, match="110年3月"):
        job.gate(settings, PERIOD, "arrival", ref)
    assert empty_office.outbox() == []
    with Office(settings).transaction() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(model.GateResult)) == 0
