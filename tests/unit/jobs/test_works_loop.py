"""A quarter of road works in one office: lists, forms that come back, defects, answers, closures, the report."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from probity import config, defects
from probity.delivery.model import OutboxMail
from probity.demo import works
from probity.jobs import defect_follow_up as follow_up
from probity.jobs import defect_log
from probity.jobs import report_distribution as distribution
from probity.jobs import road_inspection_selection as roads
from probity.ops.mailbox import Mailbox
from probity.ops.postgres import EmbeddedPostgres
from probity.settings import ROOT
from probity.store import db, model, trail
from tests.unit.jobs import works_world
from tests.unit.jobs import world as worlds
from tests.unit.jobs.works_world import APPROVER, FIRST, MONTHS, QUARTER, Works, named

pytestmark = pytest.mark.slow

RULES = config.load(ROOT / "include" / "config", "defects")


@dataclasses.dataclass(frozen=True)
class Quarter:
    """The office after the quarter; ``lists``: day -> the list 列管 as it stood when the day was done;
    ``closed_before``: day -> closings recorded before the officer had decided that day's list."""

    world: Works
    lists: dict[str, list[dict[str, Any]]]
    closed_before: dict[str, int]
    asked: list[dict[str, Any]]
    report: str

    def listed(self, day: str) -> list[dict[str, Any]]:
        return listed(self.world, day)


def listed(world: Works, day: str) -> list[dict[str, Any]]:
    on = dt.date.fromisoformat(day)
    with world.session() as session:
        return defects.register(defect_log.known(session, on), on, RULES).to_pylist()


def closings(world: Works) -> list[model.DefectEvent]:
    """Of the works that were inspected; an earlier list's closings are an officer's to confirm on the first day."""
    return world.rows(
        model.DefectEvent, model.DefectEvent.kind == "closed", model.DefectEvent.defect_id.startswith("RI-")
    )


@pytest.fixture(scope="module")
def quarter(
    roads_published_once: Works, works_city: Path, tmp_path_factory: pytest.TempPathFactory, pg_server: EmbeddedPostgres
) -> Iterator[Quarter]:
    """Three months of selections; after the first two the team inspects, agencies answer, an officer closes."""
    folder = tmp_path_factory.mktemp("quarter")
    drop = Path(shutil.copytree(works_city, folder / "drop"))
    world = worlds.copied(roads_published_once, folder, pg_server, f"jobs_quarter_{os.getpid()}", drop)
    settings = world.settings
    lists: dict[str, list[dict[str, Any]]] = {}
    before: dict[str, int] = {}
    asked: list[dict[str, Any]] = []
    with worlds.lines_of("probity") as log:
        for month, following in pairwise(MONTHS):
            works_world.inspect(settings, month)
            forms_in, answers_in = works_world.after(month)
            for day in (forms_in, answers_in):
                ref, question = works_world.follow(settings, day)
                before[day] = len(closings(world))
                asked.append(question)
                if question["already"] is None:
                    works_world.grant(settings, day, ref, question)
                lists[day] = listed(world, day)
                if day == forms_in:
                    works_world.answer(settings, day, answers_in)
            works_world.publish_list(settings, following)
        draft, question = works_world.draft(settings)
        report = works_world.approve_report(settings, draft, question)
    done = dataclasses.replace(world, log=(*world.log, *log))
    yield Quarter(done, lists, before, [*asked, question], report)
    db.engine(settings).dispose()
    pg_server.drop_database(world.database)


def test_every_form_comes_back_whole(quarter: Quarter) -> None:
    world = quarter.world
    sent = [r for r in world.rows(model.Report, model.Report.kind == "inspection_form") if MONTHS[2] not in r.path]
    read = {f.digest: f for f in world.rows(model.SourceFile, model.SourceFile.source_id == "inspection_form")}
    assert len(read) == len(sent) > 10
    assert all(f.rows_in == f.rows_out and not f.refused for f in read.values())
    assert not world.rows(model.QuarantineItem, model.QuarantineItem.source_id == "inspection_form")
    # A reminder that was due before the follow-up began is answered although its defect was closed meanwhile.
    aside = world.rows(model.QuarantineItem, model.QuarantineItem.source_id == "correction_form")
    assert {(q.reason, q.value.startswith("H")) for q in aside} <= {("answers.open", True)}


def test_poor_works_are_found_wanting_and_sound_ones_are_not(quarter: Quarter) -> None:
    world = quarter.world
    poor = works.truth(works_world.DEMO_SEED, MONTHS, "tiny").poor
    office = world.office
    (step,) = [s for s in world.rows(model.RunStep) if s.step == "follow_up" and s.period == "2021-03-31"]
    manifest = office.manifest(step.manifest_digest, "follow_up")
    inspections = office.tables(office.manifest(manifest["inputs"], "inputs"))["inspection"].to_pylist()
    case_of = {i["inspection_id"]: i["case_id"] for i in inspections if i["inspection_id"].startswith("RI-")}
    tests = office.tables(manifest)["inspection_test"]
    failed = set(tests.filter(pc.equal(tests["state"], "fail"))["inspection_id"].to_pylist()) & case_of.keys()
    assert len(case_of) > 10 and failed
    assert {case_of[i] for i in failed} <= poor, "a sound work passes every test"
    found_poor = {i for i, case in case_of.items() if case in poor}
    assert len(failed) >= 0.6 * len(found_poor) > 0
    results = {r.case_id: r.irregular for r in world.rows(model.AuditResult)}
    assert all(results[case_of[i]] for i in failed)


def test_each_defect_is_written_about_once(quarter: Quarter) -> None:
    world = quarter.world
    letters = world.rows(model.DefectLetter)
    told = {letter.defect_id for letter in letters if letter.kind == "notice"}
    ours = {d for d in works_world.defect_states(world.settings) if d.startswith("RI-")}
    assert ours and ours <= told
    assert len({letter.item for letter in letters}) == len(letters)
    written = world.rows(model.Report, model.Report.kind == "letter", model.Report.publication_id.startswith("DF-"))
    assert len(written) == len({letter.letter_id for letter in letters})


def test_nothing_is_closed_but_by_an_officer_over_evidence(quarter: Quarter) -> None:
    world = quarter.world
    closed = closings(world)
    assert closed and all(e.decided_by == APPROVER for e in closed)
    events = works_world.defect_states(world.settings)
    assert all("reported" in events[e.defect_id] for e in closed)
    assert all(q["already"] == "approved" or "擬予結案" in q["body"] for q in quarter.asked[:-1])
    forms_in, answers_in = works_world.after(MONTHS[0])
    assert quarter.closed_before[answers_in] == quarter.closed_before[forms_in], "answers alone close nothing"
    assert {e.event_date.isoformat() for e in closed} <= {works_world.after(m)[1] for m in MONTHS[:2]}
    unanswered = [d for d, kinds in events.items() if d.startswith("RI-") and "reported" not in kinds]
    assert unanswered and all("closed" not in events[d] for d in unanswered)


def test_the_list_of_any_past_day_stays_what_it_was(quarter: Quarter) -> None:
    assert any(row["state"] == "closed" for rows in quarter.lists.values() for row in rows)
    for day, then in quarter.lists.items():
        assert quarter.listed(day) == then


def test_a_day_run_again_tells_what_was_decided_since_and_then_nothing_more(
    quarter: Quarter, copies: Callable[..., Works]
) -> None:
    world = copies(quarter.world)
    tables = (model.DefectEvent, model.DefectLetter, model.Publication, model.ClosureRequest)

    def again() -> dict[type[Any], int]:
        for day in reversed(list(quarter.lists)):
            works_world.follow(world.settings, day)
        return {t: len(world.rows(t)) for t in tables}

    before = {t: len(world.rows(t)) for t in tables}
    letters = {letter.item: letter.content for letter in world.rows(model.DefectLetter)}
    told = again()
    assert all(told[t] == before[t] for t in (model.DefectEvent, model.ClosureRequest))
    later = {letter.item: letter for letter in world.rows(model.DefectLetter)}
    assert {i: later[i].content for i in letters} == letters, "what was written stays"
    assert {later[i].kind for i in later.keys() - letters.keys()} <= {"closed", "extended", "refused"}
    assert again() == told


def test_the_report_counts_what_came_back(quarter: Quarter) -> None:
    world = quarter.world
    assert quarter.report == f"RQ-{QUARTER}-r1"
    (row,) = world.rows(model.Publication, model.Publication.publication_id == quarter.report)
    context = world.office.objects.get_json(row.context)
    figures = context["analysis"]
    sent = [r for r in world.rows(model.Report, model.Report.kind == "inspection_form") if MONTHS[2] not in r.path]
    assert figures["inspections"]["total"] >= len(sent)
    assert context["selections"] == [f"RI-{m}-r1" for m in MONTHS]
    assert figures["grave"], "poor cores lower the grade: the agency must report"


def test_every_list_replays(quarter: Quarter) -> None:
    for month in MONTHS:
        findings = roads.replay(quarter.world.settings, f"RI-{month}-r1")
        assert [f for f in findings if not f.identical] == []


def test_no_log_line_and_no_question_names_a_case_a_firm_or_a_person(quarter: Quarter) -> None:
    text = "\n".join(quarter.world.log) + json.dumps(quarter.asked, ensure_ascii=False)
    assert named(quarter.world.secrets(), text) == []


def test_bodies_hold_counts_and_the_trail_holds_at_the_end(quarter: Quarter, tmp_path: Path) -> None:
    world = quarter.world
    with Mailbox(tmp_path / "mail") as box:
        settings = dataclasses.replace(world.settings, smtp_url=box.url)
        distribution.gate(settings)
        summary = distribution.deliver(settings)
        mails = box.messages()
    assert summary["accepted"] == len(world.rows(OutboxMail)) == len(mails)
    owed = {m.report_id.partition("/")[0] for m in world.rows(OutboxMail)}
    assert owed >= {roads.JOB, follow_up.JOB, "road_inspection_quarterly_report"}
    reports = [m for m in mails if "請補正" not in m["subject"]]
    bodies = "\n".join(
        str(m["subject"])
        + "".join(
            part.get_content() for part in m.walk() if part.get_content_maintype() == "text" and not part.get_filename()
        )
        for m in reports
    )
    assert named(world.secrets(), bodies) == []
    assert all(f"RI-{m}-r1" in bodies for m in MONTHS) and FIRST in bodies
    assert trail.verify(world.office.engine, world.settings).ok


def test_quarters_backfilled_in_any_order_say_the_same(quarter: Quarter, copies: Callable[..., Works]) -> None:
    """Four quarters of before the office began, out of the list of earlier inspections."""
    settings = copies(quarter.world).settings
    keys = [f"2020-Q{n}" for n in (1, 2, 3, 4)]
    before = {key: works_world.draft(settings, key) for key in keys}
    assert len({ref for ref, _ in before.values()}) == len(keys)
    for key in reversed(keys):
        assert works_world.draft(settings, key) == before[key]
        assert works_world.approve_report(settings, *before[key], key) == f"RQ-{key}-r1"
    assert works_world.draft(settings)[1]["already"] == "approved", "the quarter shown is as it was"
