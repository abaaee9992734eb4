"""Verdicts: the contract first, the dated default else; per core and per lot; the rule and the grade named."""

from __future__ import annotations

import copy
import datetime as dt

import pytest

from probity import acceptance
from probity.acceptance.rules import BOUNDS, default_rule

from .making import ID, limit, measures, table


def judge(rules, limits, rows):
    found = acceptance.evaluate(table("inspection_limit", *limits), table("inspection_measure", *rows), rules)
    return {(r["test"], r["lot"]): r for r in found.to_pylist()}


def test_a_core_just_at_the_limit_passes_and_just_below_fails(rules):
    own = [limit("thickness", "NAT-THICKNESS", design_value=5.0)]
    assert judge(rules, own, measures("thickness", [4.5, 5.2, 5.3]))["thickness", 0]["state"] == "pass"
    found = judge(rules, own, measures("thickness", [4.4, 5.3, 5.4]))["thickness", 0]
    assert found["state"] == "fail"
    assert "1點低於單點下限4.5" in found["reason"]
    assert found["rule_source"] == "測試依據"
    assert found["grade_effect"].startswith("丙等")


def test_the_mean_fails_where_every_core_passes(rules):
    found = judge(
        rules, [limit("thickness", "NAT-THICKNESS", design_value=5.0)], measures("thickness", [4.6, 4.9, 5.2])
    )
    assert "平均低於下限5" in found["thickness", 0]["reason"]
    assert "單點" not in found["thickness", 0]["reason"].split("；")[1]
    assert found["thickness", 0]["worst"] == 4.6


def test_figures_of_lots_and_of_the_whole(rules):
    rows = measures("compaction", [96, 97, 99, 100, 94.9, 97, 98], [1, 1, 1, 1, 2, 2, 2])
    found = judge(rules, [limit("compaction", "CONTRACT", lower=96.3)], rows)
    first = found["compaction", 1]
    assert (first["n"], first["mean"], round(first["sd"], 4), first["worst"]) == (4, 98, 1.8257, 96)
    assert round(first["pwl"], 2) == 81.48  # densities are rounded to a tenth before the index: acceptance.yaml
    assert "合格百分率81.48（查表值82）" in first["reason"]
    assert found["compaction", 0]["n"] == 7
    assert "第1、2批不合格" in found["compaction", 0]["reason"]


def test_a_lot_that_fails_by_its_mean_fails_the_whole(rules):
    rows = measures("thickness", [4.6, 4.7, 4.8, 6.0, 6.0, 6.0], [1, 1, 1, 2, 2, 2])
    found = judge(rules, [limit("thickness", "NAT-THICKNESS", design_value=5.0)], rows)
    assert found["thickness", 0]["mean"] > 5
    assert [found["thickness", n]["state"] for n in (0, 1, 2)] == ["fail", "fail", "pass"]


def test_the_contract_replaces_the_default_wholly(rules):
    rows = measures("thickness", [4.2, 4.3, 4.4])
    own = limit("thickness", "CONTRACT", design_value=5.0, lower=4.0, rule_source="契約第5條")
    found = judge(rules, [own], rows)["thickness", 0]
    assert (found["state"], found["rule_id"], found["rule_source"]) == ("pass", "CONTRACT", "契約第5條")


def test_binder_within_a_band_around_the_mix_design(rules):
    own = [limit("binder", "NAT-BINDER", design_value=5.2)]
    assert judge(rules, own, measures("binder", [4.7, 5.7]))["binder", 0]["state"] == "pass"
    found = judge(rules, own, measures("binder", [4.6, 5.8, 5.9]))["binder", 0]
    assert "1點低於單點下限4.7" in found["reason"] and "2點高於單點上限5.7" in found["reason"]
    assert found["worst"] == 5.9
    assert found["grade_effect"] is None


def test_both_rules_of_flatness(rules):
    own = [limit("flatness", "TC-FLAT-3M"), limit("flatness_sd", "TC-FLAT-SD"), limit("profile", "TC-PROFILE")]
    rows = measures("flatness", [6.0, 5.9]) + measures("flatness_sd", [2.8, 2.9])
    rows += measures("profile", [0, 4, 0, 4, 0, 6.5, 0, 6.5], [1, 1, 1, 1, 2, 2, 2, 2])
    found = judge(rules, own, rows)
    assert found["flatness", 0]["state"] == "pass"
    assert found["flatness_sd", 0]["state"] == "fail"
    assert [found["profile", n]["state"] for n in (0, 1, 2)] == ["fail", "pass", "fail"]
    assert "標準差高於上限2.8" in found["profile", 2]["reason"]


def test_what_cannot_be_judged_says_why(rules):
    own = [limit("thickness", "NAT-THICKNESS"), limit("flatness", "TC-FLAT-3M")]
    rows = measures("thickness", [5.0, None]) + measures("binder", [5.0]) + measures("flatness", [None, None])
    found = judge(rules, own, rows)
    assert found["thickness", 0]["state"] == "not_assessable"
    assert "缺設計值" in found["thickness", 0]["reason"] and "未檢測1點" in found["thickness", 0]["reason"]
    assert "未列本項標準" in found["binder", 0]["reason"]
    assert found["flatness", 0]["reason"] == "無檢測值，無法判定"


def test_concrete_of_buildings(rules):
    own = [limit("concrete_strength", "NAT-CONCRETE-CORE", design_value=280)]
    assert judge(rules, own, measures("concrete_strength", [210, 250, 260]))["concrete_strength", 0]["state"] == "pass"
    found = judge(rules, own, measures("concrete_strength", [209, 260, 260]))["concrete_strength", 0]
    assert "混凝土" in found["grade_effect"]


def test_the_limits_that_go_out_show_the_numbers(rules, project):
    own = {r["test"]: r for r in acceptance.limits(project, ID, rules, dt.date(2021, 4, 1))}
    assert [own["thickness"][b] for b in BOUNDS] == [4.5, None, 5.0, None]
    assert [own["binder"][b] for b in BOUNDS] == [
        None
    ] * 4  # the mix design is not known before the inspector fills it in


def test_the_default_is_that_of_the_projects_own_date(rules, project):
    changed = copy.deepcopy(rules)
    by_id = {r["id"]: r for r in changed["rules"]}
    by_id["NAT-COMPACTION"]["effective_to"] = dt.date(2020, 12, 31)
    changed["rules"].append(
        by_id["NAT-COMPACTION"] | {"id": "NEW", "effective_from": dt.date(2021, 1, 1), "effective_to": None}
    )
    on = dt.date(2021, 4, 1)
    own = {r["test"]: r["rule_id"] for r in acceptance.limits(project, ID, changed, on)}
    assert own["compaction"] == "NAT-COMPACTION"
    undated = project | {"tender_notice_date": None, "start_date": None}
    assert {r["test"]: r["rule_id"] for r in acceptance.limits(undated, ID, changed, on)}["compaction"] == "NEW"
    changed["rules"][-1]["effective_from"] = dt.date(2020, 1, 1)
    with pytest.raises(ValueError, match="overlap"):
        acceptance.limits(project, ID, changed, on)


def test_the_shipped_rules_hold_together(rules):
    for test, about in rules["tests"].items():
        assert about["possible"]["min"] < about["possible"]["max"]
        assert about.get("grade") is None or about["grade"] in rules["grades"]
        for day in (dt.date(2005, 1, 1), dt.date(2021, 3, 1), dt.date(2026, 1, 1)):
            rule = default_rule(test, day, rules)
            assert rule is not None and rule["source"] and rule["mark"] in ("S", "M"), test
    shared = [
        tuple(t["plan"][k] for k in ("per_m2", "minimum", "maximum", "edge_m"))
        for t in rules["tests"].values()
        if t.get("plan", {}).get("draw") == "core"
    ]
    assert len(set(shared)) == 1  # tests on the same cores have the same number and places
