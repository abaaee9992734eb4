"""The approver's answer: read strictly, kept once, never against a list that was not shown."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from probity.calendar import Period
from probity.jobs import JobError
from probity.jobs import procurement_audit_selection as job
from probity.jobs import report_distribution as distribution
from probity.jobs.decisions import Change, read_decision
from probity.store import model, trail
from tests.unit.jobs import world as worlds
from tests.unit.jobs.world import PERIOD, SEED, World

ANSWER = {"choice": "approve", "user": "陳科長", "seed": SEED}


# -- reading ------------------------------------------------------------------------------------------------------
def test_the_form_is_read_as_it_was_meant() -> None:
    text = "3：已由審計處查核\n\n  A110 : 當事人另案偵辦：不宜  \n４:全形序號"
    read = read_decision(ANSWER | {"removed_text": text, "witnesses": "會計、政風\n秘書; 研考"})
    assert read.removed == (
        Change("3", "已由審計處查核"),
        Change("A110", "當事人另案偵辦：不宜"),
        Change("４", "全形序號"),
    )
    assert read.witnesses == ("會計", "政風", "秘書", "研考")


def test_a_case_of_an_agency_without_a_code_can_be_named() -> None:
    read = read_decision(ANSWER | {"added_text": "N:霧嵐市立示範館|A110-1|20210309：民眾檢舉"})
    assert read.added == (Change("N:霧嵐市立示範館|A110-1|20210309", "民眾檢舉"),)


@pytest.mark.parametrize("text", ["3", "3：", "：理由", "3：好\n第四案", "3　已查"])
@pytest.mark.parametrize(("field", "name"), [("removed_text", "剔除"), ("added_text", "增列")])
def test_a_line_that_cannot_be_read_is_named(text: str, field: str, name: str) -> None:
    with pytest.raises(JobError, match=rf"{name}案件」第 {text.count(chr(10)) + 1} 行"):
        read_decision(ANSWER | {field: text})


@pytest.mark.parametrize(
    ("change", "message"), [({"choice": "maybe"}, "maybe"), ({"user": " "}, "由誰核定"), ({"choice": ""}, "無法辨識")]
)
def test_neither_a_choice_nor_a_name_is_guessed(change: dict[str, str], message: str) -> None:
    with pytest.raises(JobError, match=message):
        read_decision(ANSWER | change)


# -- asking -------------------------------------------------------------------------------------------------------
def test_what_everybody_may_see_of_the_request_names_no_case(proposed: World) -> None:
    asked = proposed.asked
    text = asked["subject"] + asked["body"]
    assert "110年3月" in text and asked["list_digest"] in text and asked["url"] in text
    for case in proposed.cases():
        assert case["case_no"] not in text and case["title"] not in text
    assert f"建議選案：{len(proposed.cases())} 件" in text
    shown = proposed.rows(model.SelectionCase)
    assert {c.case_id: c.facts["title"] for c in shown} == {c["case_id"]: c["title"] for c in proposed.cases()}


# -- deciding -----------------------------------------------------------------------------------------------------
def test_approval_closes_the_list_and_draws_the_control_share(proposed: World) -> None:
    assert proposed.decide() == "PA-2021-03-r1"
    row = proposed.selection("PA-2021-03-r1")
    assert (row.state, row.seed, row.seed_source, row.decided_by) == ("approved", SEED, "typed", "陳科長 (approver)")
    final = {c.case_id: c for c in proposed.rows(model.SelectionCase)}
    control = {i for i, c in final.items() if c.part == "control"}
    manifest = proposed.office.manifest(proposed.list_ref, "selection")
    assert len(control) == manifest["commitment"]["control_size"] > 0
    assert control <= set(proposed.frame())
    assert all(final[i].ticket and 0 < final[i].inclusion_probability < 1 for i in control)
    assert {c["case_id"] for c in proposed.cases()} == set(final) - control
    assert sorted(c.rank for c in final.values()) == list(range(1, len(final) + 1))


def test_without_a_typed_seed_the_commitment_stands_in_and_says_so(proposed: World) -> None:
    proposed.decide(seed="  ")
    row = proposed.selection("PA-2021-03-r1")
    manifest = proposed.office.manifest(proposed.list_ref, "selection")
    assert (row.seed, row.seed_source) == (manifest["commitment"]["commitment"], "commitment")


def test_the_same_list_again_is_approved_already(proposed: World) -> None:
    proposed.decide()
    asked = worlds.ask(proposed.settings, proposed.refs)
    assert (asked["selection_id"], asked["already"]) == ("PA-2021-03-r1", "approved")
    # Other inputs that came to the very same list and frame: nothing to decide anew either.
    office = proposed.office
    other = office.objects.put_json(office.manifest(proposed.list_ref, "selection") | {"note": "another way"})
    asked = job.approval_request(proposed.settings, PERIOD, other)
    assert (asked["selection_id"], asked["already"]) == ("PA-2021-03-r1", "approved")
    assert len(proposed.rows(model.Selection)) == 1


def test_the_same_answer_again_changes_nothing(proposed: World) -> None:
    first = proposed.decide()
    before = (len(proposed.events()), [c.case_id for c in proposed.rows(model.SelectionCase)])
    assert proposed.decide() == proposed.decide("reject", reason="後悔") == first
    assert (len(proposed.events()), [c.case_id for c in proposed.rows(model.SelectionCase)]) == before
    assert len(proposed.rows(model.Decision)) == 1


def test_a_rejected_list_is_recorded_and_nothing_leaves(proposed: World) -> None:
    assert proposed.decide("reject", reason="名單重複") is None
    row = proposed.selection("PA-2021-03-r1")
    assert (row.state, row.reason, row.seed) == ("rejected", "名單重複", None)
    (event,) = [e for e in proposed.events() if e["step"] == "decide"]
    assert event["facts"]["choice"] == "reject"
    with pytest.raises(JobError, match="查無已核定的選案"):
        job.publish(proposed.settings, PERIOD, "PA-2021-03-r1")
    outbox = proposed.outbox()
    assert distribution.gate(proposed.settings) == {"published": 0, "owed": 0}
    assert proposed.outbox() == outbox
    assert not proposed.rows(model.Report) and not (proposed.settings.reports / "PA-2021-03-r1").exists()
    assert proposed.decide("reject", reason="名單重複") is None
    # Asked again after a rejection: a revision of its own, which may be approved.
    assert worlds.ask(proposed.settings, proposed.refs)["selection_id"] == "PA-2021-03-r2"
    assert proposed.decide() == "PA-2021-03-r2"


def test_cases_are_removed_and_added_each_with_its_reason(proposed: World) -> None:
    cases = proposed.cases()
    by_rank, by_number = cases[2], cases[5]
    on_list = {c["case_id"] for c in cases}
    numbers = [c["case_no"] for c in _own(proposed)]
    newcomer = next(c for c in _own(proposed) if c["case_id"] not in on_list and numbers.count(c["case_no"]) == 1)
    proposed.decide(
        removed_text=f"{wide(by_rank['rank'])}：已由審計處查核\n{by_number['case_no'].lower()}: 另案偵辦",
        added_text=f"{newcomer['case_no']}：民眾檢舉",
    )
    final = {c.case_id: c for c in proposed.rows(model.SelectionCase)}
    assert by_rank["case_id"] not in final and by_number["case_id"] not in final
    assert final[newcomer["case_id"]].part in ("added", "control")
    assert "民眾檢舉" in final[newcomer["case_id"]].reasons
    (decision,) = proposed.rows(model.Decision)
    assert [c["reason"] for c in decision.removed] == ["已由審計處查核", "另案偵辦"]
    assert decision.added == [{"case": newcomer["case_no"], "reason": "民眾檢舉"}]
    (event,) = [e for e in proposed.events() if e["step"] == "decide"]
    assert (event["facts"]["removed"], event["facts"]["added"]) == (2, 1)
    assert newcomer["case_no"] not in str(event), "the trail holds the changes by their digest"
    job.publish(proposed.settings, PERIOD, "PA-2021-03-r1")
    assert all(f.identical for f in job.replay(proposed.settings, "PA-2021-03-r1"))


def wide(number: int) -> str:
    """Digits as a Chinese input method writes them."""
    return "".join(chr(ord(d) + 0xFEE0) for d in str(number))


def _own(world: World) -> list[dict[str, object]]:
    """The period's own cases."""
    office = world.office
    cases = office.tables(office.manifest(world.refs["gate_canonical"], "inputs"))["award_case"]
    period = Period.parse(PERIOD)
    return job.SELECTING.family.own_cases({"award_case": cases}, period.first, period.last).to_pylist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"removed_text": "999：沒有這一列"}, "找不到"),
        ({"added_text": "無此案號：檢舉"}, "找不到"),
        ({"removed_text": "1：甲\n1：乙"}, "重複"),
        ({"removed_text": "1：甲", "added_text": "{0}：乙"}, "同時"),
        ({"added_text": "{0}：乙"}, "已在名單"),
    ],
)
def test_an_answer_that_makes_no_sense_decides_nothing(proposed: World, change: dict[str, str], message: str) -> None:
    form = {k: v.format(proposed.cases()[0]["case_id"]) for k, v in change.items()}
    with pytest.raises(JobError, match=message):
        proposed.decide(**form)
    assert proposed.selection("PA-2021-03-r1").state == "proposed"
    assert not proposed.rows(model.Decision)
    assert proposed.decide() == "PA-2021-03-r1", "and may be answered again"


@pytest.mark.slow
def test_a_case_number_that_two_agencies_use_must_be_told_apart(
    proposed_once: World, copies: Callable[..., World], own_drop: Path
) -> None:
    world = copies(proposed_once, own_drop)
    number = worlds.detail_of(own_drop)["已公告資料:標案案號"]
    worlds.put_detail(own_drop, 標案案號=number, 機關代碼="3.99.15", 機關名稱="霧嵐市政府環境保護局")
    ref = worlds.run_to_list(world.settings)["gate_selection"]
    job.approval_request(world.settings, PERIOD, ref)
    same = [c["case_id"] for c in _own_of(world, ref) if c["case_no"] == number]
    assert len(same) == 2
    listed = {c.case_id for c in world.rows(model.SelectionCase)}
    field = "removed_text" if set(same) & listed else "added_text"
    with pytest.raises(JobError, match="對應到多件案件"):
        world.decide(ref=ref, **{field: f"{number}：檢舉"})
    chosen = next(c for c in same if (c in listed) == (field == "removed_text"))
    assert world.decide(ref=ref, **{field: f"{chosen}：檢舉"})


def _own_of(world: World, ref: str) -> list[dict[str, object]]:
    office = world.office
    signals = office.manifest(office.manifest(ref, "selection")["signals"], "signals")
    cases = office.tables(office.manifest(signals["inputs"], "inputs"))["award_case"]
    period = Period.parse(PERIOD)
    return job.SELECTING.family.own_cases({"award_case": cases}, period.first, period.last).to_pylist()


def test_an_answer_to_another_list_is_refused(proposed: World) -> None:
    with pytest.raises(JobError, match="110年3月的選案清單在核定前已經變更"):
        proposed.decide(list_digest="0" * 64)
    other = proposed.office.objects.put_json(proposed.office.manifest(proposed.list_ref, "selection") | {"note": "x"})
    with pytest.raises(JobError, match="在核定前已經變更"):
        proposed.decide(ref=other)
    assert not proposed.rows(model.Decision)


@pytest.mark.parametrize("choices", [("approve", "approve"), ("approve", "reject")])
def test_two_answers_at_once_are_one_decision(proposed: World, choices: tuple[str, str]) -> None:
    together, results = threading.Barrier(2), []

    def answer(choice: str) -> None:
        together.wait()
        results.append(proposed.decide(choice))

    threads = [threading.Thread(target=answer, args=(c,)) for c in choices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (decision,) = proposed.rows(model.Decision)
    won = "PA-2021-03-r1" if decision.choice == "approve" else None
    assert results == [won, won]
    assert proposed.selection("PA-2021-03-r1").state == {"approve": "approved", "reject": "rejected"}[decision.choice]
    assert len([e for e in proposed.events() if e["step"] == "decide"]) == 1
    assert trail.verify(proposed.office.engine, proposed.settings).ok
