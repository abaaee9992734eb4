"""From audit results back: unbiased rates, hit rates of signals, proposed weights, dated approval."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from probity import canonical, selection
from probity.selection.learning import effective_weights, learn
from probity.selection.proposal import case_table

JULY = dt.date(2021, 7, 1)
Verdicts = Callable[[dict[str, bool]], pa.Table]
WEIGHTS = {"version": "initial", "effective_from": "2000-01-01", "default": 1.0, "signals": {}}


def selected(case: str, part: str, chance: float = 1.0, signals: dict[str, float] | None = None) -> dict[str, Any]:
    """A row of a published selection; ``signals``: id -> strength, weight 1."""
    parts = [
        {"signal_id": s, "family": s, "weight": 1.0, "strength": x, "rarity": 1.0, "points": x}
        for s, x in (signals or {}).items()
    ]
    row = {"case_id": case, "rank": 1, "part": part, "score": 1.0, "score_parts": canonical.dumps(parts)}
    return row | {"reasons": "[]", "inclusion_probability": chance, "ticket": None, "auditors": None, "recused": None}


def published(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"selection_id": name, "cases": case_table(rows)}


def test_rate_of_the_rest_comes_from_the_control_share_alone(audit_results: Verdicts) -> None:
    """March: 1 of 2 control cases irregular out of 40; April: 0 of 4 out of 60. Ranked cases all irregular."""
    march = [selected(f"m{i}", "control", 2 / 40) for i in range(2)] + [selected("mr", "ranked", 1.0, {"S": 1.0})]
    april = [selected(f"a{i}", "control", 4 / 60) for i in range(4)] + [selected("ar", "ranked", 1.0, {"S": 1.0})]
    verdicts = {"m0": True, "m1": False, "mr": True, "ar": True} | {f"a{i}": False for i in range(4)}
    out = selection.evaluate(audit_results(verdicts), [published("PA-1", march), published("PA-2", april)])
    rest = out["rest"]
    assert rest["estimate"] == pytest.approx((40 * 0.5 + 60 * 0) / 100)
    assert (rest["population"], rest["audited"], rest["irregular"], rest["pending"]) == (100, 6, 1, 0)
    assert rest["low"] < 0.2 < rest["high"]
    assert out["eligible"]["estimate"] == pytest.approx((20 + 2) / 102)
    assert out["parts"]["ranked"]["estimate"] == 1.0
    assert out["lift_of_selection"]["estimate"] == pytest.approx(6.0)
    canonical.dumps(out)


def test_pending_cases_are_shown_with_both_bounds(audit_results: Verdicts) -> None:
    rows = [selected(f"c{i}", "control", 4 / 100) for i in range(4)]
    rest = selection.evaluate(audit_results({"c0": True, "c1": False}), [published("PA", rows)])["rest"]
    assert rest["pending"] == 2 and rest["estimate"] == 0.5 and rest["population"] == 100
    assert (rest["if_all_pending_regular"], rest["if_all_pending_irregular"]) == (0.25, 0.75)


def test_no_results_yet_is_no_rate(audit_results: Verdicts) -> None:
    out = selection.evaluate(audit_results({}), [published("PA", [selected("c", "control", 0.1)])])
    assert out["rest"]["estimate"] is None and out["eligible"]["estimate"] is None
    assert (out["rest"]["low"], out["rest"]["high"]) == (0.0, 1.0)


def test_hit_rate_of_a_signal_against_the_control_share(audit_results: Verdicts) -> None:
    rows = [selected(f"r{i}", "ranked", 1.0, {"HIT": 1.0}) for i in range(10)]
    rows += [selected(f"n{i}", "ranked", 1.0, {"MISS": 1.0}) for i in range(10)]
    rows += [selected(f"c{i}", "control", 0.1, {"MISS": 1.0} if i == 0 else {}) for i in range(20)]
    verdicts = {f"r{i}": i < 9 for i in range(10)} | {f"n{i}": i < 1 for i in range(10)}
    verdicts |= {f"c{i}": i in (0, 1) for i in range(20)}
    signals = {
        s["signal_id"]: s for s in selection.evaluate(audit_results(verdicts), [published("PA", rows)])["signals"]
    }
    hit, miss = signals["HIT"], signals["MISS"]
    assert (hit["hit_rate"], hit["lift"]) == (0.9, pytest.approx(9.0))
    assert hit["low"] == pytest.approx(0.5550, abs=5e-5) and hit["high"] == pytest.approx(0.9975, abs=5e-5)
    assert hit["q_value"] < 0.001 < miss["q_value"]
    assert miss["population_rate"] == pytest.approx((1 * 1 + 1 * 10) / (10 + 10))
    assert (miss["control_fired"], miss["control_irregular"]) == (1, 1)


def test_simulated_months_cover_the_true_rate() -> None:
    """The control estimate is unbiased and its limits hold the truth at least 95 % of the time."""
    from probity import tickets
    from probity.selection import intervals

    truth = {f"case{i}": i % 5 == 0 for i in range(200)}
    covered, estimates = 0, []
    for seed in range(300):
        sample = tickets.sample(truth, 12, seed)
        limits = intervals.finite(sum(truth[t.id] for t in sample), 12, 200)
        estimates.append(limits.estimate)
        covered += bool(limits.low <= 0.2 <= limits.high)
    assert np.mean(estimates) == pytest.approx(0.2, abs=0.02)
    assert covered / 300 >= 0.95


def world(n: int, seed: int = 1) -> tuple[list[dict[str, Any]], dict[str, bool]]:
    """A selection in which GOOD doubles the odds of irregularity manifold and NOISE does nothing."""
    rng = random.Random(seed)
    rows, verdicts = [], {}
    for i in range(n):
        good, noise = rng.random() < 0.4, rng.random() < 0.4
        fired = {s: 1.0 for s, on in (("GOOD", good), ("NOISE", noise)) if on} | ({"RARE": 1.0} if i < 3 else {})
        control = i % 4 == 0
        rows.append(selected(f"c{i:04d}", "control" if control else "ranked", 0.5 if control else 1.0, fired))
        verdicts[f"c{i:04d}"] = rng.random() < (0.75 if good else 0.15)
    return rows, verdicts


def test_weights_move_toward_what_the_audits_found(audit_results: Verdicts) -> None:
    rows, verdicts = world(600)
    out = selection.reweight(WEIGHTS, audit_results(verdicts), [published("PA", rows)], JULY)
    new = out["proposal"]["signals"]
    assert new["GOOD"] > 1.8 and new["NOISE"] < 0.6
    assert "RARE" not in new and out["report"]["unchanged"] == ["RARE"]
    assert out["proposal"]["approved_by"] is None and WEIGHTS["signals"] == {}
    assert out["proposal"]["effective_from"] == "2021-07-01"
    assert out == selection.reweight(WEIGHTS, audit_results(verdicts), [published("PA", rows[::-1])], JULY)


def test_too_few_results_give_no_proposal(audit_results: Verdicts) -> None:
    rows, verdicts = world(40)
    out = selection.reweight(WEIGHTS, audit_results(verdicts), [published("PA", rows)], JULY)
    assert out["proposal"] is None and out["report"]["lacking"]


def test_a_few_results_move_little(audit_results: Verdicts) -> None:
    rows, verdicts = world(100)
    out = selection.reweight(WEIGHTS, audit_results(verdicts), [published("PA", rows)], JULY, {"prior_sd": 0.05})
    assert all(abs(s["new"] - s["old"]) < 0.1 for s in out["report"]["signals"])


def test_applying_needs_a_name_and_a_day_that_lies_ahead(audit_results: Verdicts) -> None:
    rows, verdicts = world(600)
    proposal = selection.reweight(WEIGHTS, audit_results(verdicts), [published("PA", rows)], JULY)["proposal"]
    dated = {"sets": [WEIGHTS]}
    with pytest.raises(ValueError, match="approver"):
        selection.apply_weights(dated, proposal, " ", dt.date(2021, 6, 20))
    with pytest.raises(ValueError, match="after the day"):
        selection.apply_weights(dated, proposal, "科長", JULY)
    applied = selection.apply_weights(dated, proposal, "科長", dt.date(2021, 6, 20), "半年檢討")
    assert selection.weight_set(applied, dt.date(2021, 6, 30))["version"] == "initial"
    assert selection.weight_set(applied, dt.date(2021, 7, 31))["approved_by"] == "科長"
    assert len(dated["sets"]) == 1
    with pytest.raises(ValueError, match="stands already"):
        selection.apply_weights(applied, proposal, "科長", dt.date(2021, 6, 20))


def test_learn_recovers_known_coefficients_and_shrinks_to_the_prior() -> None:
    rng = np.random.default_rng(5)
    x = rng.random((4000, 2))
    labels = (rng.random(4000) < 1 / (1 + np.exp(1 - 2 * x[:, 0] + x[:, 1]))).astype(float)
    fit = learn(x, labels, np.zeros(2), 10.0)
    assert fit.coefficients == pytest.approx([2.0, -1.0], abs=0.35)
    assert learn(x[:0], labels[:0], np.array([1.0, 2.0]), 0.5).coefficients == pytest.approx([1.0, 2.0])
    assert learn(x[:5], np.ones(5), np.array([1.0, 2.0]), 0.1).coefficients == pytest.approx([1.0, 2.0], abs=0.05)
    with pytest.raises(ValueError, match="labels"):
        learn(x[:5], np.full(5, 2.0), np.zeros(2), 1.0)


def test_effective_weights_are_kish() -> None:
    weights = effective_weights(np.array([1.0, 1.0, 0.1]))
    assert weights.sum() == pytest.approx(12**2 / 102)
    assert weights[2] / weights[0] == pytest.approx(10.0)


def test_the_sign_of_a_screen_is_learnt_where_it_is_used(month: Any, audit_results: Verdicts) -> None:
    """High values are the suspect ones here: the learnt set must say so, and the next selection use it."""
    month.describe("I07", family="bids")
    month.weights["procurement"]["sets"][0]["signals"] = {}
    month.rules["max_per_agency"] = 999
    month.rules["quota"] |= {"total": 300}
    month.rules["control"]["share"] = "0.5"
    rng = random.Random(3)
    values = {}
    for number in range(400):
        case = month.case(number)
        values[case] = rng.random()
        month.signals.append({"case_id": case, "signal_id": "I07", "state": "clear", "value": values[case]})
    proposal = month.propose(set())
    assert proposal.cases.num_rows == 0 and proposal.commitment["control_size"] == 150
    final = selection.finish(proposal, {}, 5)
    verdicts = {c: values[c] > 0.7 for c in final["case_id"].to_pylist()}
    current = selection.weight_set(month.weights, month.period.last)
    published_ = [{"selection_id": "PA", "cases": final}]
    learnt = selection.reweight(current, audit_results(verdicts), published_, JULY)["proposal"]
    assert learnt["signals"]["I07:high"] > 1 > 0 > learnt["signals"]["I07:low"]
    month.weights = learnt
    row = min(month.propose(set()).cases.to_pylist(), key=lambda r: r["rank"])
    assert values[row["case_id"]] == max(values.values())
    assert re.search(r"未達訊號門檻.*偏高，居本期可評估案件最高之 0\.\d% 以內", row["reasons"]), row["reasons"]
