"""The quarter's report: nothing without inspections, approved once, late results as the next revision."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
import sqlalchemy as sa

from probity import canonical
from probity.delivery.model import OutboxMail
from probity.jobs import JobError, NoData
from probity.jobs import report_distribution as distribution
from probity.jobs import road_inspection_quarterly_report as job
from probity.jobs.office import Office
from probity.jobs.post import TAIPEI
from probity.ops.mailbox import Mailbox
from probity.settings import Settings
from probity.store import db, model, trail
from probity.text import roc_date
from tests.unit.jobs import world as worlds
from tests.unit.jobs.inspections import SELECTION, form, pack, send_out
from tests.unit.jobs.works_world import approve_report, draft, named

QUARTER = "2021-Q1"
FIRST, SECOND = f"RQ-{QUARTER}-r1", f"RQ-{QUARTER}-r2"
MINOR = [{"缺失類別": "標線、標誌或緣石", "情節": "輕微", "缺失內容": "0K+120 標線剝落", "照片檔名": "a.jpg"}]
SECRETS = {"甲養護工程處", "甲路（乙街至丙街）路面整修工程", "R110-01", "3.87.10.2|R11001", "乙營造"}


@pytest.fixture
def office(db_settings: Settings) -> Settings:
    """An office that sent three forms out; two of them came back: one sound work, one whose cores are too thin."""
    sent = [pack(f"{SELECTION}-{n:03d}") for n in (1, 2, 3)]
    send_out(db_settings, *sent)
    form(db_settings, sent[0], "110/3/5", MINOR)
    form(db_settings, sent[1], "110/3/9", [], values={"thickness": 3.9})
    return db_settings


def late(office: Settings, **more: Any) -> Path:
    """The third form comes back after the quarter's report."""
    return form(office, pack(f"{SELECTION}-003"), "110/3/24", MINOR, **more)


def files(office: Settings, publication: str) -> dict[str, str]:
    folder = office.reports / publication
    return {p.name: canonical.file_digest(p) for p in sorted(folder.iterdir())}


def rows(office: Settings, table: type[Any]) -> list[Any]:
    with db.session_scope(office) as session:
        return list(session.scalars(sa.select(table)))


def said(office: Settings, publication: str) -> str:
    """Every text of the published workbook and paper."""
    folder = office.reports / publication
    book = openpyxl.load_workbook(folder / f"{publication}.xlsx")
    cells = [str(c.value) for ws in book for row in ws.iter_rows() for c in row if c.value is not None]
    paper = docx.Document(folder / f"{publication}.docx")
    cells += [p.text for p in paper.paragraphs]
    cells += [c.text for t in paper.tables for row in t.rows for c in row.cells]
    return "\n".join(cells)


def mailed(office: Settings, publication: str, tmp_path: Path) -> list[EmailMessage]:
    """The mails of ``publication``, through the mail gate and a mail server."""
    with Mailbox(tmp_path / "mail") as box:
        settings = dataclasses.replace(office, smtp_url=box.url)
        assert distribution.owe(Office(office), publication)[0].outcome == "pass"
        distribution.deliver(settings)
        return [m for m in box.messages() if "季報" in m["subject"]]


def test_a_quarter_without_inspections_says_so_and_asks_nobody(office: Settings) -> None:
    ref = job.collect(office, "2020-Q4")
    with pytest.raises(NoData, match="109年第4季"):
        job.gate(office, "2020-Q4", "inspection", ref)
    assert rows(office, OutboxMail) == [] and rows(office, model.Publication)[0].publication_id == SELECTION


def test_what_is_asked_holds_counts_and_shows_the_files(office: Settings) -> None:
    with worlds.lines_of("probity") as log:
        ref, asked = draft(office)
    assert asked["already"] is None and asked["subject"].startswith("110年第1季")
    assert "查驗：2 次" in asked["body"]
    assert named(SECRETS, json.dumps(asked, ensure_ascii=False) + "\n".join(log)) == []
    (step,) = [r for r in rows(office, model.RunStep) if r.step == "draft"]
    assert {f["kind"] for f in step.counts["files"]} == {"workbook", "document"}
    assert draft(office) == (ref, asked), "the same files give the same draft"


def test_published_twice_gives_the_same_bytes_once_kept(office: Settings) -> None:
    ref, asked = draft(office)
    assert approve_report(office, ref, asked) == FIRST
    before, events = files(office, FIRST), len(rows(office, model.TrailRecord))
    assert set(before) == {f"{FIRST}.xlsx", f"{FIRST}.docx"}
    shutil.rmtree(office.reports / FIRST)
    assert approve_report(office, ref, asked) == FIRST, "the same answer again"
    assert files(office, FIRST) == before and len(rows(office, model.TrailRecord)) == events
    assert draft(office)[1] == asked | {"already": "approved", "selection_id": FIRST}
    assert trail.verify(db.engine(office), office).ok


def test_the_paper_bears_the_day_of_its_approval(office: Settings) -> None:
    approve_report(office, *draft(office))
    [day] = re.findall(r"提報日期：(\d+年\d+月\d+日)", said(office, FIRST))
    [decided] = [r for r in rows(office, model.RunStep) if r.step == "decide" and r.period == "2021-Q1"]
    assert day == roc_date(decided.recorded_at.astimezone(TAIPEI).date())


def test_the_report_tells_what_was_found(office: Settings) -> None:
    approve_report(office, *draft(office))
    with db.session_scope(office) as session:
        kept = session.get_one(model.Publication, FIRST).context
    figures = Office(office).objects.get_json(kept)["analysis"]
    assert figures["inspections"]["total"] == 2 and figures["defects"]["total"]["count"] == 2
    assert [agency["name"] for agency in figures["grave"]] == ["甲養護工程處"], "cores that fail lower the grade"
    text = said(office, FIRST)
    assert "甲養護工程處" in text and "乙營造" in text and "西屯區" in text and FIRST in text


def test_works_that_are_no_roads_are_another_reports(office: Settings) -> None:
    before = draft(office)[1]["list_digest"]
    other = pack("PW-2021-02-r1-001")
    send_out(office, other, name="PW-2021-02-r1")
    form(office, other, "110/3/11", MINOR)
    assert draft(office)[1]["list_digest"] == before


def test_results_that_come_late_make_a_revision_that_says_what_it_replaces(office: Settings, tmp_path: Path) -> None:
    approve_report(office, *draft(office))
    before = files(office, FIRST)
    late(office)
    ref, asked = draft(office)
    assert asked["already"] is None and "查驗：3 次" in asked["body"]
    assert approve_report(office, ref, asked, reason="第三件查驗表遲到") == SECOND
    assert files(office, FIRST) == before, "what was published stays"
    text = said(office, SECOND)
    assert FIRST in text and "第三件查驗表遲到" in text
    mails = mailed(office, SECOND, tmp_path)
    assert len(mails) == 3 and all(FIRST in m.get_body(("plain",)).get_content() for m in mails)


@pytest.mark.slow
def test_figures_that_return_to_an_older_revision_are_numbered_anew(office: Settings) -> None:
    approve_report(office, *draft(office))
    form(office, pack(f"{SELECTION}-001"), "110/3/5", [], revision=2, name="更正.xlsx")
    assert approve_report(office, *draft(office), reason="缺失誤植") == SECOND
    form(office, pack(f"{SELECTION}-001"), "110/3/5", MINOR, revision=3, name="再更正.xlsx")
    ref, asked = draft(office)
    assert asked["already"] is None
    assert approve_report(office, ref, asked, reason="更正有誤") == f"RQ-{QUARTER}-r3"


def test_a_draft_that_is_sent_back_publishes_nothing(office: Settings) -> None:
    ref, asked = draft(office)
    form_ = {"choice": "reject", "user": "陳科長", "reason": "請補件", "list_digest": asked["list_digest"]}
    assert job.record_decision(office, QUARTER, ref, form_) is None
    with pytest.raises(JobError):
        job.publish(office, QUARTER, FIRST)
    assert not (office.reports / FIRST).exists()
    assert [p.publication_id for p in rows(office, model.Publication)] == [SELECTION]
    assert draft(office)[1]["already"] is None, "it is asked again"
    assert approve_report(office, ref, asked) == FIRST, "a refused draft has no number"


def test_an_answer_to_other_figures_is_refused(office: Settings) -> None:
    ref, asked = draft(office)
    late(office)
    other, _ = draft(office)
    assert other != ref
    with pytest.raises(JobError, match="變更"):
        job.record_decision(
            office, QUARTER, other, {"choice": "approve", "user": "陳", "list_digest": asked["list_digest"]}
        )


def test_each_level_gets_what_it_may_see(office: Settings, tmp_path: Path) -> None:
    approve_report(office, *draft(office))
    mails = mailed(office, FIRST, tmp_path)
    assert len(mails) == 3
    owed = {m.role: m for m in rows(office, OutboxMail) if m.report_id == f"{job.JOB}/{QUARTER}"}
    attached = {role: {a["name"] for a in m.content["attachments"]} for role, m in owed.items()}
    both = {f"{FIRST}.xlsx", f"{FIRST}.docx"}
    assert attached == {
        "inspection_team_secretary": both,
        "quality_committee_secretary": both,
        "ethics_director": set(),
    }
    bodies = "\n".join(
        str(m["subject"])
        + "".join(
            part.get_content() for part in m.walk() if part.get_content_maintype() == "text" and not part.get_filename()
        )
        for m in mails
    )
    assert named(SECRETS, bodies) == []
