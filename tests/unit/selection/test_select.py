"""Selection: order independence, quotas, agency cap, must-watch first, exclusions, control frame, finishing."""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probity import canonical, selection, tickets
from probity.selection.choose import apportion, control_size
from probity.tables import SELECTION_CASE

from .conftest import Month, case_id, new_month

NO_CHANGE: dict = {}
Drawn = tuple[int, str, int]


def quota(month: Month, total: int, works: int, goods: int, services: int) -> None:
    month.rules["quota"] |= {"total": total, "kinds": {"works": works, "goods": goods, "services": services}}


def parts(table) -> Counter[str]:
    return Counter(table["part"].to_pylist())


def by_rank(table) -> list[dict]:
    return sorted(table.to_pylist(), key=lambda r: r["rank"])


@st.composite
def months(drawn: st.DrawFn) -> Month:
    """A month of up to 40 cases over six agencies, random signals, small random quota."""
    month = new_month()
    rng = random.Random(drawn(st.integers(0, 10**6)))
    month.describe("S1", must_watch=2, family="price")
    for number in range(rng.randint(0, 40)):
        kind = rng.choice(["works", "goods", "services", None])
        case = month.case(number, f"3.87.{rng.randint(1, 6)}", kind, designated=rng.random() < 0.05)
        for signal in ("S1", "S2", "S3"):
            month.signal(case, signal, rng.choice([0.25, 0.5, 1.0]), rng.choice(["fired", "clear", "not_assessable"]))
    month.auditor("A1", "3.87.1", "2015-01-01")
    month.auditor("A2", "3.87.9", "2015-01-01")
    month.rules["max_per_agency"] = rng.randint(1, 4)
    quota(month, rng.randint(0, 15), 3, 2, 1)
    return month


@settings(max_examples=40, deadline=None)
@given(months(), st.integers(0, 999))
def test_row_order_does_not_matter_and_limits_hold(month: Month, shuffle: int) -> None:
    first = month.propose()
    random.Random(shuffle).shuffle(month.cases)
    random.Random(shuffle).shuffle(month.signals)
    month.meta = dict(reversed(list(month.meta.items())))
    again = month.propose()
    assert first.cases.equals(again.cases)
    assert (first.frame, first.commitment, first.steps) == (again.frame, again.commitment, again.steps)
    final = selection.finish(first, NO_CHANGE, "1100405")
    assert final.equals(selection.finish(again, NO_CHANGE, "1100405"))
    assert final.schema.equals(SELECTION_CASE.arrow_schema())
    assert final.num_rows <= month.rules["quota"]["total"]
    agencies = Counter(c.split("|")[0] for c in first.cases["case_id"].to_pylist())
    assert all(n <= month.rules["max_per_agency"] for n in agencies.values())
    assert sorted(final["rank"].to_pylist()) == list(range(1, final.num_rows + 1))
    frame = [i for ids in first.frame["population"].values() for i in ids]
    assert not set(frame) & set(first.cases["case_id"].to_pylist())
    assert len(frame) + first.cases.num_rows + len(first.exclusions) == len(month.cases)
    assert canonical.digest(first.frame) == first.commitment["commitment"] == first.plan.digest


def test_kind_quota_and_fallback(month: Month) -> None:
    quota(month, 10, 5, 3, 2)
    month.rules["max_per_agency"] = 99
    for number in range(30):
        month.signal(month.case(number, kind="works"), "S", 0.5)
    month.signal(month.case(90, kind="goods"), "S", 0.5)
    proposal = month.propose()
    kinds = Counter(month_kind(month, c) for c in proposal.cases["case_id"].to_pylist())
    assert kinds == {"works": 8, "goods": 1}
    assert any("釋出 4 件" in line for line in proposal.steps)
    month.rules["quota"]["fallback"] = False
    assert month.propose().cases.num_rows == 5


def month_kind(month: Month, case: str) -> str:
    return next(c["kind"] for c in month.cases if c["case_id"] == case)


def test_must_watch_comes_first_and_named_ones_whatever_their_kind(month: Month) -> None:
    quota(month, 4, 2, 1, 1)
    month.rules["max_per_agency"] = 99
    month.describe("LOW", must_watch=2, family="price")
    strong = [month.case(n, kind="works") for n in range(3)]
    for case in strong:
        month.signal(case, "X", 1.0)
        month.signal(case, "Y", 1.0)
    low = month.case(10, kind="works")
    month.signal(low, "LOW", 0.1)
    named = month.case(11, kind="goods", designated=True)
    warned = month.case(12, kind="goods", warning_area=True)
    rows = by_rank(month.propose().cases)
    assert [r["case_id"] for r in rows] == [named, warned, low]
    assert [r["part"] for r in rows] == ["must_watch"] * 3
    reason = json.loads(rows[0]["reasons"])[0]
    assert reason["legal_basis"] == "採購稽核小組作業規則第8條" and "第5款" in reason["text"]


def test_agency_cap_counts_what_it_skips(month: Month) -> None:
    quota(month, 10, 10, 0, 0)
    month.rules["max_per_agency"] = 2
    for number in range(6):
        month.signal(month.case(number), "S")
    proposal = month.propose()
    assert proposal.cases.num_rows == 2
    assert any("略過 4 件" in line for line in proposal.steps)


def test_recently_audited_cases_are_excluded_and_listed(month: Month) -> None:
    audited, other = month.case(1), month.case(2)
    for case in (audited, other):
        month.signal(case, "S")
    earlier_notice = audited.rsplit("|", 1)[0] + "|20200901"
    proposal = month.propose({earlier_notice})
    assert proposal.cases["case_id"].to_pylist() == [other]
    assert [e["case_id"] for e in proposal.exclusions] == [audited]
    assert any("24 個月內已稽核" in line and "1 件" in line for line in proposal.steps)
    assert not any(case in line for case in (audited, other) for line in proposal.steps)


def test_empty_month_and_fewer_cases_than_quota(month: Month) -> None:
    empty = month.propose()
    assert empty.cases.num_rows == 0 and empty.commitment["control_size"] == 0
    assert any("不選案" in line for line in empty.steps)
    assert selection.finish(empty, NO_CHANGE, "").num_rows == 0
    for number in range(3):
        month.signal(month.case(number, f"3.87.{number}"), "S")
    few = month.propose()
    assert few.cases.num_rows == 3 and few.commitment["control_size"] == 0
    assert any("名額空缺 15 件" in line for line in few.steps)


def test_cases_of_another_month_do_not_count(month: Month) -> None:
    import datetime as dt

    month.signal(month.case(1, award_notice_date=dt.date(2021, 2, 28)), "S")
    assert month.propose().cases.num_rows == 0


def test_equal_scores_are_ordered_by_hash_not_by_number(month: Month) -> None:
    quota(month, 4, 4, 0, 0)
    month.rules["max_per_agency"] = 99
    for number in range(30):
        month.signal(month.case(number), "S", 0.5)
    chosen = [r["case_id"] for r in by_rank(month.propose().cases)]
    assert chosen == sorted((case_id(n) for n in range(30)), key=lambda c: canonical.sha256(c.encode()))[:3]


def test_score_parts_add_up_and_reasons_are_in_words(month: Month) -> None:
    case = month.case(1)
    month.signal(case, "S1", 0.5)
    month.signal(case, "S2", 1.0)
    month.meta["S1"]["reason_texts"] = {case: "決標金額為底價之 50 %，低於 80 %"}
    row = month.propose().cases.to_pylist()[0]
    assert sum(p["points"] for p in json.loads(row["score_parts"])) == pytest.approx(row["score"])
    words = {r["signal_id"]: r["text"] for r in json.loads(row["reasons"])}
    assert words["S1"].startswith("決標金額為底價之") and "0.8" in words["S2"]


def big_month(month: Month, ranked: int = 18, rest: int = 40) -> list[str]:
    """``ranked`` cases with a signal, ``rest`` without; returns the rest."""
    month.rules["max_per_agency"] = 99
    for number in range(ranked):
        month.signal(month.case(number), "S")
    return [month.case(1000 + number, kind="goods") for number in range(rest)]


def test_control_share_has_known_chances_and_a_replayable_draw(month: Month) -> None:
    rest = big_month(month)
    proposal = month.propose()
    assert proposal.commitment["control_size"] == 2 and proposal.commitment["population"] == 40
    final = selection.finish(proposal, NO_CHANGE, 77)
    control = [r for r in by_rank(final) if r["part"] == "control"]
    assert [r["case_id"] for r in control] == [t.id for t in tickets.sample(rest, 2, 77)]
    assert {r["inclusion_probability"] for r in control} == {2 / 40}
    assert control[0]["ticket"] == tickets.ticket_digest(control[0]["case_id"], 77)
    assert "隨機" in json.loads(control[0]["reasons"])[0]["text"]
    assert {r["inclusion_probability"] for r in final.to_pylist() if r["part"] == "ranked"} == {1.0}
    with pytest.raises(ValueError, match="empty"):
        selection.finish(proposal, NO_CHANGE, "  ")


def test_inclusion_is_n_over_N_over_many_seeds(month: Month) -> None:
    rest = big_month(month, rest=20)
    proposal = month.propose()
    counts: Counter[str] = Counter()
    for seed in range(1500):
        lines = selection.draw_file(proposal, NO_CHANGE, seed)["tickets"]
        counts.update(t["id"] for t in lines if t["status"] == "drawn")
    assert sum(counts.values()) == 3000
    for case in rest:
        assert counts[case] / 1500 == pytest.approx(0.1, abs=0.035)


def test_strata_by_kind(month: Month) -> None:
    month.rules["control"] |= {"strata": "kind", "share": "0.3"}
    big_month(month, ranked=14, rest=20)
    for number in range(10):
        month.case(2000 + number, kind="services")
    proposal = month.propose()
    assert proposal.commitment["strata"] == {
        "goods": {"population": 20, "sample": 4},
        "services": {"population": 10, "sample": 2},
    }


def change(case: str, reason: str = "公文另案") -> dict[str, str]:
    return {"case_id": case, "reason": reason}


def test_approver_changes_are_applied_with_reasons(month: Month) -> None:
    rest = big_month(month)
    proposal = month.propose()
    plain = selection.finish(proposal, NO_CHANGE, 77)
    drawn = [r["case_id"] for r in by_rank(plain) if r["part"] == "control"]
    added = next(c for c in rest if c not in drawn)
    off = by_rank(proposal.cases)[0]["case_id"]
    final = selection.finish(proposal, {"removed": [change(off), change(drawn[0])], "added": [change(added)]}, 77)
    ids = final["case_id"].to_pylist()
    assert off not in ids and drawn[0] not in ids and added in ids
    assert parts(final) == {"ranked": 17, "control": 2, "added": 1}
    expected = [t.id for t in tickets.sample(rest, 3, 77)][1:]
    assert [r["case_id"] for r in by_rank(final) if r["part"] == "control"] == expected
    row = next(r for r in final.to_pylist() if r["case_id"] == added)
    assert "公文另案" in json.loads(row["reasons"])[0]["text"] and row["inclusion_probability"] == 1.0
    assert [t["status"] for t in selection.draw_file(proposal, {"removed": [change(drawn[0])]}, 77)["tickets"]][:3] == [
        "replaced",
        "drawn",
        "drawn",
    ]


def test_an_added_case_that_is_drawn_stays_a_control_case(month: Month) -> None:
    """Adding must not bend the chances of the control share."""
    rest = big_month(month)
    drawn = tickets.sample(rest, 2, 77)[0].id
    final = selection.finish(month.propose(), {"added": [change(drawn)]}, 77)
    row = next(r for r in final.to_pylist() if r["case_id"] == drawn)
    assert row["part"] == "control" and row["inclusion_probability"] == 0.05
    assert "公文另案" in row["reasons"]


@pytest.mark.parametrize(
    ("decision", "message"),
    [
        ({"removed": [change(case_id(0), " ")]}, "no reason"),
        ({"added": [change("3.87|nowhere|20210315")]}, "not one of the period"),
        ({"added": [change(case_id(0))]}, "on the list already"),
        ({"removed": [change(case_id(0)), change(case_id(0))]}, "twice"),
        ({"removed": [change(case_id(0))], "added": [change(case_id(0))]}, "both"),
    ],
)
def test_changes_that_make_no_sense_are_refused(month: Month, decision: dict, message: str) -> None:
    big_month(month)
    with pytest.raises(selection.ChangeError, match=message):
        selection.finish(month.propose(), decision, 77)


def test_apportion_and_control_rounding_are_exact() -> None:
    assert apportion(18, {"works": 10, "goods": 4, "services": 6}) == {"works": 9, "goods": 4, "services": 5}
    rule = {"share": "0.10", "rounding": "up", "minimum": 1}
    assert [control_size(n, rule) for n in (0, 1, 2, 10, 20, 21, 30)] == [0, 0, 1, 1, 2, 3, 3]
    assert control_size(20, rule | {"share": "0"}) == 0
    with pytest.raises(ValueError, match="rounding"):
        control_size(20, rule | {"rounding": "sideways"})
    assert case_id(1) != case_id(2)
