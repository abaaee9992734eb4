"""Defects day by day: a form comes back, the agency is written to, answers, an officer decides; the list of any day."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from probity import config, defects
from probity.delivery.model import OutboxMail
from probity.jobs import JobError, NoData, defect_log, report_distribution
from probity.jobs import defect_follow_up as job
from probity.jobs.office import Office
from probity.ops import defect_list
from probity.settings import Settings
from probity.store import db, model, trail
from tests.unit.jobs.inspections import CONFIG, INSPECTION, answer, fill, form, pack, send_out

OFFICER = {"choice": "approve", "user": "林科長 (lin)", "reason": "", "removed_text": ""}
FINDINGS = [
    {"缺失類別": "標線、標誌或緣石", "情節": "輕微", "缺失內容": "0K+120 標線剝落", "照片檔名": "a.jpg"},
    {"缺失類別": "人手孔蓋高低差", "情節": "中等", "缺失內容": "0K+300 孔蓋凹陷", "改善期限": "110/3/19"},
]


def run(settings: Settings, day: str) -> str:
    """The steps of a day up to the follow-up."""
    ref = job.collect(settings, day)
    ref = job.gate(settings, day, "inspection", ref)
    return job.follow_up(settings, day, job.gate(settings, day, "correction", ref))


def published(settings: Settings, day: str) -> str | None:
    """The day carried to its publication; None when it had nothing to tell."""
    try:
        return str(job.publish(settings, day, run(settings, day))["selection_id"])
    except NoData:
        return None


def listed(settings: Settings, day: str, **known: Any) -> list[dict[str, Any]]:
    with db.session_scope(settings) as session:
        events = defect_log.known(session, dt.date.fromisoformat(day), **known)
    return defects.register(events, dt.date.fromisoformat(day), config.load(CONFIG, "defects")).to_pylist()


def rows(settings: Settings, table: type[Any]) -> list[Any]:
    with db.session_scope(settings) as session:
        return list(session.scalars(sa.select(table)))


@pytest.fixture
def office(db_settings: Settings) -> Settings:
    """An office whose inspection of 5 March came back: two defects, and cores that are too thin."""
    sent = pack()
    send_out(db_settings, sent)
    form(db_settings, sent, "110/3/5", FINDINGS, values={"thickness": 3.9})
    return db_settings


def correction_form(settings: Settings, publication: str, kind: str) -> Any:
    (path,) = (settings.reports / publication).glob(f"DL-*-{kind}-*.xlsx")
    return path


def test_from_the_finding_to_the_closing(office: Settings) -> None:
    assert run(office, "2021-03-04") and listed(office, "2021-03-04") == [], "the inspection is of the day after"
    run(office, "2021-03-05")
    found = {r["defect_id"]: r for r in listed(office, "2021-03-05")}
    assert sorted(found) == [f"{INSPECTION}-D01", f"{INSPECTION}-D02", f"{INSPECTION}-D91"]
    assert found[f"{INSPECTION}-D91"]["severity"] == "grave", "cores that fail lower the grade"
    assert found[f"{INSPECTION}-D02"]["deadline"] == dt.date(2021, 3, 19), "as the inspector set it"
    (result,) = rows(office, model.AuditResult)
    assert (result.irregular, result.severity) == (True, "grave")

    notice = published(office, "2021-03-10")
    assert notice == "DF-2021-03-10-r1"
    kinds = sorted(r.kind for r in rows(office, model.Report) if r.publication_id == notice)
    assert kinds == ["correction_form", "letter", "workbook"]

    # The agency answers two, one of them without evidence, and asks for more time for the third.
    blank = correction_form(office, notice, "notice")
    answers = {
        f"{INSPECTION}-D01": {"改善完成日": "110/3/15", "改善措施": "已重繪", "佐證檔名": "改善後.jpg"},
        f"{INSPECTION}-D02": {"改善完成日": "110/3/15", "改善措施": "已調平"},
        f"{INSPECTION}-D91": {"申請展延至": "110/4/30", "展延理由": "須刨除重鋪", "填報日": "110/3/15"},
    }
    answer(blank, office.drop / "回報.xlsx", answers)
    ref = run(office, "2021-03-15")
    states = {r["defect_id"][-3:]: r["state"] for r in listed(office, "2021-03-15")}
    assert states == {"D01": "reported", "D02": "open", "D91": "open"}
    (cell,) = [q for q in rows(office, model.QuarantineItem) if q.source_id == "correction_form"]
    assert (cell.sheet, cell.column, cell.reason) == ("改善回報", "佐證", "answers.evidence")

    asked = job.approval_request(office, "2021-03-15", ref)
    assert asked["already"] is None and asked["selection_id"] == "DF-2021-03-15-r1"
    assert "擬予結案：1 項" in asked["body"] and "展延改善期限：1 項" in asked["body"]
    assert INSPECTION not in asked["body"] and "甲路" not in asked["body"]
    form_ = OFFICER | {"list_digest": asked["list_digest"], "removed_text": f"{INSPECTION}-D91：須先提趕工計畫"}
    assert job.record_decision(office, "2021-03-15", ref, form_) == "DF-2021-03-15-r1"
    assert job.record_decision(office, "2021-03-15", ref, form_) == "DF-2021-03-15-r1", "the same answer again"
    assert job.approval_request(office, "2021-03-15", ref)["already"] == "approved"
    after = {r["defect_id"][-3:]: r for r in listed(office, "2021-03-15")}
    assert after["D01"]["state"] == "closed" and after["D01"]["on_time"] is True
    assert after["D91"]["deadline"] == dt.date(2021, 3, 16), "a refused extension leaves the deadline"
    assert published(office, "2021-03-16") == "DF-2021-03-16-r1"
    told = {r.kind for r in rows(office, model.DefectLetter) if r.period == "2021-03-16"}
    assert {"closed", "refused"} <= told

    # What was open on any past day is told again from the events.
    assert {r["state"] for r in listed(office, "2021-03-12")} == {"open"}
    assert listed(office, "2021-03-04") == []


@pytest.mark.slow
def test_a_reinspection_reopens_and_a_corrected_form_counts(office: Settings) -> None:
    run(office, "2021-03-05")
    notice = published(office, "2021-03-10")
    assert notice is not None
    every = {
        f"{INSPECTION}-{n}": {"改善完成日": "110/3/15", "改善措施": "改善", "佐證檔名": "後.jpg"}
        for n in ("D01", "D02", "D91")
    }
    answer(correction_form(office, notice, "notice"), office.drop / "回報.xlsx", every)
    ref = run(office, "2021-03-15")
    asked = job.approval_request(office, "2021-03-15", ref)
    job.record_decision(office, "2021-03-15", ref, OFFICER | {"list_digest": asked["list_digest"]})
    assert {r["state"] for r in listed(office, "2021-03-15")} == {"closed"}
    closing = published(office, "2021-03-16")
    (blank,) = (office.reports / str(closing)).glob(f"{INSPECTION}-1.xlsx")
    fill(office, blank, "110/5/5", FINDINGS[:1])
    run(office, "2021-05-05")
    now = {r["defect_id"][-3:]: r for r in listed(office, "2021-05-05")}
    assert sorted(now) == ["D01", "D02", "D91"], "the old defect, not a new one"
    assert (now["D01"]["state"], now["D01"]["cycle"], now["D02"]["state"]) == ("open", 2, "closed")
    assert published(office, "2021-05-05") == "DF-2021-05-05-r1"
    assert "reopened" in {r.kind for r in rows(office, model.DefectLetter) if r.period == "2021-05-05"}


@pytest.mark.slow
def test_days_in_any_order_missed_or_repeated_give_the_same_letters(
    office: Settings, pg_server: Any, pg_template: str, tmp_path: Any
) -> None:
    days = [dt.date(2021, 3, 8) + dt.timedelta(days=n) for n in range(0, 40, 7)]
    orders = [days, days[::-1], [*random.Random(7).sample(days, 3), days[-1], days[-1]]]
    made = []
    for number, order in enumerate(orders):
        home = tmp_path / f"office{number}"
        shutil.copytree(office.home, home)
        url = pg_server.create_database(f"df_{number}_{tmp_path.name}"[:60], template=pg_template)
        settings = dataclasses.replace(office, home=home, drop=home / "drop", database_url=url)
        send_out(settings, pack())
        for day in order:
            published(settings, day.isoformat())
        letters = {r.item: (r.letter_id, r.content, r.due_date) for r in rows(settings, model.DefectLetter)}
        made.append((letters, listed(settings, "2021-03-31"), listed(settings, "2021-04-14")))
        db.engine(settings).dispose()
        pg_server.drop_database(f"df_{number}_{tmp_path.name}"[:60])
    assert len(made[0][0]) >= 8
    assert made[1:] == made[:1] * 2


def test_a_day_without_news_publishes_nothing_and_publishing_again_adds_nothing(office: Settings) -> None:
    assert published(office, "2021-03-03") is None
    ref = run(office, "2021-03-10")
    first = job.publish(office, "2021-03-10", ref)
    digests = {r.path: r.digest for r in rows(office, model.Report)}
    assert job.publish(office, "2021-03-10", run(office, "2021-03-10")) == first
    assert {r.path: r.digest for r in rows(office, model.Report)} == digests


@pytest.mark.slow
def test_two_workers_at_once_leave_one_publication(office: Settings) -> None:
    ref = run(office, "2021-03-10")
    with ThreadPoolExecutor(4) as pool:
        names = {r["selection_id"] for r in pool.map(lambda _: job.publish(office, "2021-03-10", ref), range(4))}
    assert names == {"DF-2021-03-10-r1"}
    assert len([r for r in rows(office, model.Publication) if r.job == job.JOB]) == 1
    letters = rows(office, model.DefectLetter)
    assert len({r.letter_id for r in letters}) == 1 and len(letters) == 3
    assert trail.verify(db.engine(office), office).ok


def test_the_officer_may_refuse_all_or_name_what_is_not_there(office: Settings) -> None:
    run(office, "2021-03-05")
    notice = published(office, "2021-03-10")
    assert notice is not None
    cells = {"改善完成日": "110/3/12", "改善措施": "改善", "佐證檔名": "後.jpg"}
    answer(correction_form(office, notice, "notice"), office.drop / "回報.xlsx", {f"{INSPECTION}-D01": cells})
    ref = run(office, "2021-03-12")
    asked = job.approval_request(office, "2021-03-12", ref)
    wrong = OFFICER | {"list_digest": asked["list_digest"], "removed_text": "RI-X-D09：？"}
    with pytest.raises(JobError, match="第 1 項"):
        job.record_decision(office, "2021-03-12", ref, wrong)
    with pytest.raises(JobError, match="已經變更"):
        job.record_decision(office, "2021-03-12", ref, OFFICER | {"list_digest": "another"})
    said = {"choice": "reject", "reason": "照片無法辨識", "list_digest": asked["list_digest"]}
    assert job.record_decision(office, "2021-03-12", ref, OFFICER | said) == asked["selection_id"]
    row = next(r for r in listed(office, "2021-03-12") if r["defect_id"].endswith("D01"))
    assert (row["state"], row["deadline"]) == ("open", dt.date(2021, 3, 26)), "ten working days for a minor defect"
    (request,) = rows(office, model.ClosureRequest)
    assert request.state == "rejected" and request.refused[0]["reason"] == "照片無法辨識"


@pytest.mark.slow
def test_two_days_that_ask_for_the_same_closing_close_it_once(office: Settings) -> None:
    run(office, "2021-03-05")
    notice = published(office, "2021-03-10")
    assert notice is not None
    cells = {"改善完成日": "110/3/12", "改善措施": "改善", "佐證檔名": "後.jpg"}
    answer(correction_form(office, notice, "notice"), office.drop / "回報.xlsx", {f"{INSPECTION}-D01": cells})
    refs = {day: run(office, day) for day in ("2021-03-12", "2021-03-15")}
    asked = {day: job.approval_request(office, day, ref) for day, ref in refs.items()}
    for day in ("2021-03-15", "2021-03-12"):
        job.record_decision(office, day, refs[day], OFFICER | {"list_digest": asked[day]["list_digest"]})
    closings = [e for e in rows(office, model.DefectEvent) if e.kind == "closed"]
    assert len(closings) == 1 and closings[0].event_date == dt.date(2021, 3, 15)
    assert "lin" in closings[0].decided_by


@pytest.mark.slow
def test_what_was_known_by_a_moment_is_told_too(office: Settings) -> None:
    run(office, "2021-03-05")
    with db.session_scope(office) as session:
        then = session.scalar(sa.func.clock_timestamp().select())
    form(
        office,
        pack(),
        "110/3/5",
        [*FINDINGS, {"缺失類別": "其他", "情節": "嚴重", "缺失內容": "漏列"}],
        revision=2,
        name="更正.xlsx",
    )
    run(office, "2021-03-08")
    assert len(listed(office, "2021-03-05")) == 4 - 1 + 1, "three on the first form, one more on the corrected one"
    assert len(listed(office, "2021-03-05", known_by=then)) == 3


@pytest.mark.slow
def test_a_form_that_cannot_be_opened_is_told_once(office: Settings) -> None:
    run(office, "2021-03-05")
    before = len(rows(office, OutboxMail))
    (form_file,) = office.drop.glob("*.xlsx")
    (office.drop / "更正.xlsx").write_bytes(form_file.read_bytes()[:3000])
    run(office, "2021-03-05")
    results = [r.result for r in rows(office, model.GateResult) if r.stage == "inspection"]
    assert any("打不開" in sentence for r in results for sentence in r["sentences"])
    told = len(rows(office, OutboxMail))
    assert told > before
    run(office, "2021-03-08")
    assert len(rows(office, OutboxMail)) == told


@pytest.mark.slow
@pytest.mark.parametrize("day", ["110/2/5", "120/3/5"])
def test_a_form_with_the_wrong_month_or_year_counts_for_nothing_and_is_told(db_settings: Settings, day: str) -> None:
    sent = pack()
    send_out(db_settings, sent)
    form(db_settings, sent, day, FINDINGS)
    run(db_settings, "2021-03-08")
    assert listed(db_settings, "2021-03-08") == []
    results = [r.result for r in rows(db_settings, model.GateResult) if r.stage == "inspection"]
    assert any("查驗日" in sentence for r in results for sentence in r["sentences"])
    assert rows(db_settings, OutboxMail)


@pytest.mark.slow
def test_a_bad_answer_is_told_once(office: Settings) -> None:
    run(office, "2021-03-05")
    notice = published(office, "2021-03-10")
    assert notice is not None
    before = len(rows(office, OutboxMail))
    cells = {"改善完成日": "110/3/12", "改善措施": "改善"}
    answer(correction_form(office, notice, "notice"), office.drop / "回報.xlsx", {f"{INSPECTION}-D01": cells})
    run(office, "2021-03-12")
    told = len(rows(office, OutboxMail))
    assert told > before
    run(office, "2021-03-13")
    run(office, "2021-03-15")
    assert len(rows(office, OutboxMail)) == told
    assert {r["state"] for r in listed(office, "2021-03-15")} == {"open"}


def test_the_workbook_and_the_letters_hold_what_they_should(office: Settings) -> None:
    name = published(office, "2021-03-10")
    book = openpyxl.load_workbook(office.reports / str(name) / f"{name}.xlsx")
    assert book.sheetnames == ["列管清單", "本日異動", "函稿", "已結案", "方法與驗證"]
    text = "\n".join(str(c.value) for row in book["列管清單"].iter_rows() for c in row if c.value is not None)
    assert f"{INSPECTION}-D91" in text and "待改善3項" in text and "西屯區" in text
    office_ = Office(office)
    with db.session_scope(office) as session:
        row = session.get_one(model.Publication, name)
        context = office_.objects.get_json(row.context)
    terms = job.secret_terms(context)
    assert "甲養護工程處" in terms and "甲路（乙街至丙街）路面整修工程" in terms
    sent = list(job.parcels(office_, context, {"workbook": [office.reports / str(name) / f"{name}.xlsx"]}))
    assert [p.recipient.role for p in sent] == ["inspection_team_secretary"]
    bodies = sent[0].bodies.subject + sent[0].bodies.text + sent[0].bodies.html
    assert not [t for t in terms if t in bodies]
    before = len(rows(office, OutboxMail))
    result, owed = report_distribution.owe(office_, str(name))
    assert (result.outcome, owed, len(rows(office, OutboxMail))) == ("pass", 1, before + 1)


def test_the_command_tells_the_list_of_any_day(office: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    run(office, "2021-03-05")
    assert defect_list.show(office, "2021-03-05") == 0
    told = capsys.readouterr().out
    assert f"{INSPECTION}-D91" in told and "共 3 項，待改善 3" in told
    defect_list.show(office, "2021-03-04")
    assert "沒有列管的缺失" in capsys.readouterr().out
    defect_list.show(office, "2021-03-05", "2021-03-06T08:00+08:00")
    assert "沒有列管的缺失" in capsys.readouterr().out, "it was recorded later than that"
    with pytest.raises(ValueError):
        defect_list.show(office, "5 March")
