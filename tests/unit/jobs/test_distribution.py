"""From published to delivered: each recipient is owed each revision once, and nothing secret stands in a body."""

from __future__ import annotations

import dataclasses
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from probity.delivery.model import OutboxMail
from probity.jobs import GateStopped, JobError, post
from probity.jobs import procurement_audit_selection as job
from probity.jobs import report_distribution as distribution
from probity.ops.mailbox import Mailbox
from probity.settings import ROOT, Settings
from probity.store import model, trail
from tests.unit.jobs import world as worlds
from tests.unit.jobs.world import PERIOD, World

FIRST = "PA-2021-03-r1"
REPORT = f"{job.JOB}/{PERIOD}"


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    with Mailbox(tmp_path / "mail") as box:
        yield box


def owed(world: World) -> list[OutboxMail]:
    return world.rows(OutboxMail, OutboxMail.report_id == REPORT)


def with_templates(settings: Settings, tmp_path: Path, name: str, text: str) -> Settings:
    """An office whose administrator has changed one template."""
    folder = tmp_path / "templates"
    shutil.copytree(ROOT / "include" / "templates", folder)
    path = folder / name
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")
    return dataclasses.replace(settings, templates=folder)


def test_each_recipient_is_owed_the_report_once(published: World) -> None:
    together = threading.Barrier(2)

    def gate() -> None:
        together.wait()
        distribution.gate(published.settings)

    threads = [threading.Thread(target=gate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mails = {m.role: m for m in owed(published)}
    assert set(mails) == {"audit_team_secretary", "ethics_director"} and len(owed(published)) == 2
    assert distribution.gate(published.settings) == {"published": 0, "owed": 0}
    assert len(owed(published)) == 2
    steps = [e["step"] for e in published.events()]
    assert steps.count("owe") == steps.count("gate_mail") == 1
    names = [a["name"] for a in mails["audit_team_secretary"].content["attachments"]]
    assert {f"{FIRST}.xlsx", f"{FIRST}-letters.zip", f"{FIRST}-results.xlsx", f"{FIRST}-draw.json"} <= set(names)
    assert mails["ethics_director"].content["attachments"] == []


def test_delivered_once_with_receipts_in_the_trail(published: World, mailbox: Mailbox) -> None:
    settings = dataclasses.replace(published.settings, smtp_url=mailbox.url)
    distribution.gate(settings)
    first, second = distribution.deliver(settings), distribution.deliver(settings)
    assert first["accepted"] == len(published.outbox()) and second["accepted"] == 0
    reports = [m for m in mailbox.messages() if m["subject"].startswith("【密】")]
    assert len(reports) == 2
    receipts = [e for e in published.events() if e["step"] == "mail" and e["report_id"] == REPORT]
    assert sorted(e["role"] for e in receipts) == ["audit_team_secretary", "ethics_director"]
    assert not any("@ethics.example" in str(e).replace(e["message_id"], "") for e in receipts), "roles, no addresses"
    assert trail.verify(published.office.engine, settings).ok


def test_bodies_carry_counts_and_attachments_the_list(published: World, mailbox: Mailbox) -> None:
    settings = dataclasses.replace(published.settings, smtp_url=mailbox.url)
    distribution.gate(settings)
    distribution.deliver(settings)
    shown = published.rows(model.SelectionCase)
    secrets = {c.facts["title"] for c in shown} | {c.case_id for c in shown} | {c.facts["case_no"] for c in shown}
    for mail in mailbox.messages():
        text = str(mail["subject"]) + "".join(
            part.get_content()
            for part in mail.walk()
            if part.get_content_maintype() == "text" and not part.get_filename()
        )
        assert not [s for s in secrets if s in text]
        if mail["subject"].startswith("【密】"):
            assert f"共{len(shown)}件" in text and "110年3月" in text and FIRST in text


def test_a_mail_server_that_is_down_leaves_everything_owed(published: World) -> None:
    distribution.gate(published.settings)
    summary = distribution.deliver(published.settings)
    assert summary["accepted"] == 0 and summary["stopped"]
    assert {m.state for m in owed(published)} <= {"owed", "retry"}


def test_a_body_that_names_a_selected_case_leaves_nothing(published: World, tmp_path: Path) -> None:
    case = published.cases()[0]
    broken = with_templates(
        published.settings, tmp_path, "mails/selection.txt", f"\n　含{case['title'][:4]} {case['title'][4:]}案\n"
    )
    before = published.outbox()
    for _ in range(2):
        with pytest.raises(GateStopped, match="不得外露") as caught:
            distribution.gate(broken)
        assert case["title"] not in str(caught.value) and case["case_no"] not in str(caught.value)
    assert owed(published) == []
    told = set(published.outbox()) - set(before)
    assert [role for _, role, _ in sorted(told)] == ["operator", "procurement_data_owner"]
    assert not [e for e in published.events() if e["step"] == "owe"]
    assert distribution.gate(published.settings) == {"published": 1, "owed": 2}, "the template mended, it goes on"


@pytest.mark.parametrize("place", ["mails/base.html", "mails/selection.subject"])
@pytest.mark.parametrize("secret", ["case_no", "agency_name", "auditor"])
def test_the_mail_gate_reads_every_part_and_knows_every_secret(
    published: World, tmp_path: Path, place: str, secret: str
) -> None:
    case = published.cases()[0]
    if secret == "auditor":
        roster = published.office.tables(published.office.manifest(published.refs["collect"], "inputs"))["auditor"]
        names = dict(zip(roster["auditor_id"].to_pylist(), roster["auditor_name"].to_pylist(), strict=True))
        word = next(names[i] for c in published.cases() for i in (c["auditors"] or "").split(",") if i)
    else:
        word = case[secret]
    with pytest.raises(GateStopped):
        distribution.gate(with_templates(published.settings, tmp_path, place, word))
    assert owed(published) == []


def test_an_altered_attachment_does_not_leave(published: World) -> None:
    path = published.settings.reports / FIRST / f"{FIRST}.xlsx"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(GateStopped, match="附件"):
        distribution.gate(published.settings)
    assert owed(published) == []
    job.publish(published.settings, PERIOD, FIRST)
    assert distribution.gate(published.settings)["owed"] == 2


@pytest.mark.slow
def test_one_broken_report_does_not_hold_up_the_others(
    published_once: World, copies: Callable[..., World], own_drop: Path
) -> None:
    world = copies(published_once, own_drop)
    refs = worlds.run_to_list(world.settings, "2021-02")
    asked = job.approval_request(world.settings, "2021-02", refs["gate_selection"])
    form = {"choice": "approve", "user": "陳科長", "seed": "9", "list_digest": asked["list_digest"]}
    february = job.record_decision(world.settings, "2021-02", refs["gate_selection"], form)
    job.publish(world.settings, "2021-02", february)
    (world.settings.reports / FIRST / f"{FIRST}.xlsx").unlink()
    with pytest.raises(GateStopped):
        distribution.gate(world.settings)
    assert {m.report_id for m in world.rows(OutboxMail) if m.report_id.startswith(job.JOB)} == {f"{job.JOB}/2021-02"}


@pytest.mark.slow
def test_a_new_revision_answers_the_mail_of_the_one_it_replaces(
    published_once: World, copies: Callable[..., World], own_drop: Path, mailbox: Mailbox
) -> None:
    world = copies(published_once, own_drop)
    settings = dataclasses.replace(world.settings, smtp_url=mailbox.url)
    distribution.gate(settings)
    worlds.put_detail(own_drop, 標案案號="T110020077", 標案名稱="新增的採購")
    refs = worlds.run_to_list(settings)
    worlds.ask(settings, refs)
    job.publish(settings, PERIOD, world.decide(ref=refs["gate_selection"], reason="補送公告"))
    distribution.gate(settings)
    distribution.deliver(settings)
    mails = [m for m in mailbox.messages() if "清單" in m["subject"] and "採購稽核選案" in m["subject"]]
    first, second = sorted(mails, key=lambda m: "第2版" in m["subject"])
    assert second["In-Reply-To"] == first["Message-ID"] != second["Message-ID"]
    text = second.get_body(("plain",)).get_content()
    assert f"取代 {FIRST}" in text and "補送公告" in text


# -- failures -----------------------------------------------------------------------------------------------------
def test_a_failed_task_is_told_once_to_the_operators(proposed: World) -> None:
    facts = {
        "dag_id": job.JOB,
        "task_id": "collect",
        "run_id": "manual__1",
        "try_number": 2,
        "period": "110年3月",
        "message": "資料庫連線中斷",
        "url": "http://127.0.0.1/log",
    }
    for attempt in (1, 2):
        post.failure_notice(proposed.settings, facts | {"try_number": attempt})
    mails = [m for m in proposed.outbox() if m[0].startswith("failure/")]
    assert [role for _, role, _ in mails] == ["operator"]


def test_secret_terms_leave_bare_numbers_and_the_offices_own_name_out() -> None:
    case = {
        "case_id": "3.99.10|12|20210301",
        "case_no": "12",
        "title": "橋梁工程",
        "agency_name": "政風處",
        "winners": ["甲營造"],
        "auditor_names": ["王"],
        "recused_names": [],
    }
    terms = post.selection_terms({"cases": [case], "office": {"name": "霧嵐市政府政風處"}})
    assert terms == sorted(["3.99.10|12|20210301", "橋梁工程", "甲營造"])
    assert re.search("橋梁工程", "".join(terms))


def test_what_was_never_approved_is_never_sent(proposed: World) -> None:
    with pytest.raises(JobError):
        distribution.owe(proposed.office, FIRST)
    assert distribution.gate(proposed.settings) == {"published": 0, "owed": 0}
