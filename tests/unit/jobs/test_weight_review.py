"""Audit results come back and may move weights: proposed, approved by a person, in force from the next month on."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
import sqlalchemy as sa

from probity import canonical
from probity.calendar import Period
from probity.jobs import JobError, NoData, records, weighting
from probity.jobs import procurement_audit_selection as job
from probity.jobs import signal_weight_review as review
from probity.sources import forms
from probity.store import model, trail
from probity.tables import TABLES
from tests.unit.jobs.world import PERIOD, World

QUARTER = "2021-Q2"
FIRST = "PA-2021-03-r1"


# -- results come back --------------------------------------------------------------------------------------------
def fill(form: Path, to: Path, verdicts: list[bool], day: str = "110年5月20日") -> list[str]:
    """The published form filled in for its first cases; returns their ids."""
    book = openpyxl.load_workbook(form)
    sheet = book["稽核結果"]
    columns = {str(c.value).rstrip("*"): c.column for c in sheet[forms.HEADER_ROW]}
    ids = []
    for number, irregular in enumerate(verdicts, start=forms.HEADER_ROW + 1):
        sheet.cell(number, columns["稽核完成日"], day)
        sheet.cell(number, columns["有無違失"], "有" if irregular else "無")
        ids.append(str(sheet.cell(number, columns["案件識別碼"]).value))
    book.save(to)
    return ids


def test_the_form_that_went_out_comes_back_and_may_be_corrected(
    published_once: World, copies: Callable[..., World], own_drop: Path
) -> None:
    world = copies(published_once, own_drop)
    form = world.settings.reports / FIRST / f"{FIRST}-results.xlsx"
    ids = fill(form, own_drop / "結果.xlsx", [True, False, True])
    assert job.collect(world.settings, PERIOD) == world.refs["collect"], "later findings do not change the period"
    rows = {r.case_id: r for r in world.rows(model.AuditResult) if r.selection_id == FIRST}
    assert {i: rows[i].irregular for i in ids} == dict(zip(ids, [True, False, True], strict=True))
    assert rows[ids[0]].finished_date == dt.date(2021, 5, 20)
    # The officer corrects the form and drops it again under its name.
    fill(form, own_drop / "結果.xlsx", [True, True, True])
    job.collect(world.settings, PERIOD)
    rows = {r.case_id: r for r in world.rows(model.AuditResult) if r.selection_id == FIRST}
    assert rows[ids[1]].irregular is True


# -- enough of them -----------------------------------------------------------------------------------------------
def selected(case_id: str, part: str, chance: float, fired: list[str]) -> dict[str, Any]:
    parts = [{"signal_id": s, "family": s, "weight": 1.0, "strength": 1.0, "rarity": 1.0, "points": 1.0} for s in fired]
    row = dict.fromkeys(TABLES["selection_case"].names) | {"case_id": case_id, "rank": 1, "part": part, "score": 1.0}
    return row | {"score_parts": canonical.dumps(parts), "reasons": "[]", "inclusion_probability": chance}


def put_earlier_months(world: World, n: int = 240) -> None:
    """A published selection of January with ``n`` audited cases, in which P02 tells a lot and P05 nothing."""
    office, rng = world.office, random.Random(7)
    cases, results = [], []
    for i in range(n):
        good, noise = rng.random() < 0.4, rng.random() < 0.4
        control = i % 4 == 0
        case_id = f"3.99.10|J{i:04d}|20210115"
        fired = [s for s, on in (("P02", good), ("P05", noise)) if on]
        cases.append(selected(case_id, "control" if control else "ranked", 0.5 if control else 1.0, fired))
        verdict = dict.fromkeys(TABLES["audit_result"].names) | {"case_id": case_id, "part": cases[-1]["part"]}
        results.append(
            verdict | {"finished_date": dt.date(2021, 4, 9), "irregular": rng.random() < (0.75 if good else 0.15)}
        )
    table = pa.Table.from_pylist(cases, TABLES["selection_case"].arrow_schema())
    publication = {
        "kind": "publication",
        "job": job.JOB,
        "period": "2021-01",
        "selection_id": "PA-2021-01-r1",
        "snapshots": office.put_tables({"selection_case": table}),
    }
    ref = office.objects.put_json(publication)
    with office.transaction() as session:
        session.add(
            model.Selection(
                selection_id="PA-2021-01-r1",
                job=job.JOB,
                period="2021-01",
                revision=1,
                state="approved",
                manifest_digest=ref,
                decided_by="陳科長",
                decided_at=sa.func.now(),
            )
        )
        records.step(session, job.JOB, Period.parse("2021-01"), "decide", ref, {"selection_id": "PA-2021-01-r1"})
        records.audit_results(session, pa.Table.from_pylist(results, TABLES["audit_result"].arrow_schema()))


@pytest.fixture
def world(published: World) -> World:
    put_earlier_months(published)
    return published


def answer(world: World, ref: str, choice: str = "approve") -> str | None:
    form = {"choice": choice, "user": "陳科長", "reason": "依第二季稽核結果"}
    return review.record_decision(world.settings, QUARTER, ref, form)


def next_month(world: World) -> Period:
    with world.session() as session:
        now = session.scalar(sa.select(sa.func.now())).astimezone(review.TAIPEI)
    return Period.parse(f"{now:%Y-%m}").next()


def weights_of(world: World, period: Period) -> dict[str, Any]:
    rules = world.office.rules(world.office.manifest(world.refs["collect"], "inputs"))
    return weighting.in_force(world.office, job.SELECTING, rules, period)


def test_without_results_there_is_nothing_to_review(proposed: World) -> None:
    with pytest.raises(NoData, match="110年第2季"):
        review.evaluate(proposed.settings, QUARTER)
    assert not proposed.rows(model.WeightSet)


def test_too_few_results_are_evaluated_but_propose_nothing(published: World) -> None:
    put_earlier_months(published, 12)
    ref = review.evaluate(published.settings, QUARTER)
    asked = review.approval_request(published.settings, QUARTER, ref)
    assert asked["already"] == "approved" and not published.rows(model.WeightSet)
    assert "尚不足以調整" in asked["body"]


def test_a_proposal_moves_nothing_until_it_is_approved(world: World) -> None:
    ref = review.evaluate(world.settings, QUARTER)
    assert review.evaluate(world.settings, QUARTER) == ref, "the same results give the same review"
    asked = review.approval_request(world.settings, QUARTER, ref)
    assert review.approval_request(world.settings, QUARTER, ref) == asked
    assert asked["already"] is None and "110年第2季" in asked["subject"]
    (row,) = world.rows(model.WeightSet)
    assert row.state == "proposed"
    assert row.weights["signals"]["P02"] > 1 > row.weights["signals"]["P05"]
    assert weights_of(world, next_month(world))["version"] == "initial"


def test_an_approved_set_is_in_force_from_the_next_month_and_never_before(world: World) -> None:
    ref = review.evaluate(world.settings, QUARTER)
    name = review.approval_request(world.settings, QUARTER, ref)["selection_id"]
    assert answer(world, ref) == name
    begins = next_month(world)
    (row,) = world.rows(model.WeightSet)
    assert (row.state, row.effective_from, row.decided_by) == ("approved", begins.first, "陳科長")
    assert weights_of(world, begins)["signals"]["P02"] > 1
    assert weights_of(world, begins)["approved_by"] == "陳科長"
    for earlier in (begins.previous(1), Period.parse(PERIOD)):
        assert weights_of(world, earlier)["version"] == "initial"
    # A backfill of a past month keeps the weights of its day, so the published selection stays as it was.
    assert job.select(world.settings, PERIOD, world.refs["gate_signals"]) == world.refs["select"]
    assert answer(world, ref) == answer(world, ref, "reject") == name, "decided once"
    assert review.approval_request(world.settings, QUARTER, ref)["already"] == "approved"
    events = [e for e in world.events() if e["job"] == review.JOB]
    assert [e["step"] for e in events] == ["evaluate", "decide"]
    assert trail.verify(world.office.engine, world.settings).ok


def test_a_rejected_set_has_no_effect(world: World) -> None:
    ref = review.evaluate(world.settings, QUARTER)
    review.approval_request(world.settings, QUARTER, ref)
    assert answer(world, ref, "reject") is None
    (row,) = world.rows(model.WeightSet)
    assert (row.state, row.reason) == ("rejected", "依第二季稽核結果")
    assert weights_of(world, next_month(world))["version"] == "initial"


def test_two_sets_cannot_begin_on_the_same_day(world: World) -> None:
    first = review.evaluate(world.settings, QUARTER)
    review.approval_request(world.settings, QUARTER, first)
    answer(world, first)
    later = review.evaluate(world.settings, "2021-Q3")
    review.approval_request(world.settings, "2021-Q3", later)
    with pytest.raises(JobError, match="已核定另一組權重"):
        review.record_decision(world.settings, "2021-Q3", later, {"choice": "approve", "user": "陳科長"})
    assert [w.state for w in sorted(world.rows(model.WeightSet), key=lambda w: w.weight_set_id)] == [
        "approved",
        "proposed",
    ]


def test_an_answer_to_a_review_that_was_never_asked_is_refused(world: World) -> None:
    ref = review.evaluate(world.settings, QUARTER)
    with pytest.raises(JobError, match="110年第2季"):
        answer(world, ref)
