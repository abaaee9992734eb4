"""Pass, warn, quarantine and stop of every stage, on planted dirt."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from probity import canonical, gates
from probity.calendar import Period
from probity.gates.model import Place
from tests.unit.gates import making

CONTEXT = {"period": making.PERIOD}


def failed(result: gates.GateResult) -> dict[str, str]:
    return {c.id: c.outcome for c in result.failed()}


def balanced(result: gates.GateResult) -> bool:
    return all(c["in"] == c["out"] + c["quarantined"] for c in result.counts.values())


# -- canonical ----------------------------------------------------------------------------------------------------
def test_clean_tables_pass_unchanged(rules):
    cases = making.cases(40)
    tables = making.canonical(award_case=cases, bid=making.bids(cases))
    result = gates.run("canonical", tables, {"period": Period.parse(making.PERIOD)}, rules)
    assert (result.outcome, failed(result)) == ("pass", {})
    assert all(result.kept[n].equals(t) for n, t in tables.items())
    assert result.quarantined.num_rows == 0
    assert result.period == "2021-03"


def test_a_month_far_outside_the_band_warns_and_goes_on(rules):
    before = [c for m in range(1, 13) for c in making.cases(100, dt.date(2020, m, 1))]
    result = gates.run("canonical", making.canonical(award_case=before + making.cases(20)), CONTEXT, rules)
    assert (result.outcome, failed(result)) == ("warn", {"award_case.month_band": "warn"})
    assert result.kept["award_case"].num_rows == 1220
    assert result.facts["month_rows_low"] > 20


def test_without_history_the_band_is_not_judged(rules):
    result = gates.run("canonical", making.canonical(award_case=making.cases(3)), CONTEXT, rules)
    assert next(c for c in result.checks if c.id == "award_case.month_band").outcome == "not_run"


def test_a_bad_value_is_emptied_and_its_row_goes_on(rules):
    cases = making.cases(40)
    cases[3] |= {"kind": "工程", "budget": -7}
    cases[4] |= {"award_date": dt.date(2021, 3, 31)}
    result = gates.run("canonical", making.canonical(award_case=cases), CONTEXT, rules)
    assert result.outcome == "quarantine"
    kept = result.kept["award_case"].to_pylist()
    assert len(kept) == 40
    assert (kept[3]["kind"], kept[3]["budget"], kept[3]["title"]) == (None, None, cases[3]["title"])
    assert (kept[4]["award_date"], kept[4]["award_notice_date"]) == (None, cases[4]["award_notice_date"])
    items = result.quarantined.to_pylist()
    assert {(i["field"], i["value"], i["severity"]) for i in items} == {
        ("kind", "工程", "value"),
        ("budget", "-7", "value"),
        ("award_date", "2021-03-31", "value"),
    }
    assert result.counts["award_case"] == {"in": 40, "out": 40, "quarantined": 0, "cells": 3}


def test_a_bad_row_is_set_aside_with_all_that_hangs_on_it(rules):
    cases = making.cases(40)
    cases[5]["title"] = "  "
    gone = cases[5]["case_id"]
    change = [{"case_id": c["case_id"], "change_no": 1} for c in cases[4:7]]
    tables = making.canonical(award_case=cases, bid=making.bids(cases), contract_change=change)
    result = gates.run("canonical", tables, CONTEXT, rules)
    assert result.outcome == "quarantine"
    assert balanced(result)
    assert {n: c["quarantined"] for n, c in result.counts.items() if c["quarantined"]} == {
        "award_case": 1,
        "bid": 3,
        "contract_change": 1,
    }
    for name in ("award_case", "bid", "contract_change"):
        assert gone not in result.kept[name]["case_id"].to_pylist()
        assert result.kept[name].schema == tables[name].schema
    reasons = result.quarantined["reason"].to_pylist()
    assert sorted(reasons) == ["award_case.title.form"] + ["parent_quarantined"] * 4


def test_a_bid_without_its_case_is_set_aside(rules):
    cases = making.cases(40)
    rows = making.bids(cases)
    rows[8]["case_id"] = "3.99.10|沒有這案|20210301"
    result = gates.run("canonical", making.canonical(award_case=cases, bid=rows), CONTEXT, rules)
    assert failed(result) == {"bid.case_exists": "quarantine"}
    assert (result.kept["bid"].num_rows, result.quarantined.num_rows) == (119, 1)


def test_thousands_against_units_are_noticed(rules):
    cases = making.cases(40)
    cases[1] |= {"budget": 61, "award_amount": 2_016_000}
    result = gates.run("canonical", making.canonical(award_case=cases), CONTEXT, rules)
    assert failed(result) == {"award_case.amount_unit": "quarantine", "award_case.over_budget": "warn"}
    row = result.kept["award_case"].to_pylist()[1]
    assert (row["budget"], row["award_amount"]) == (None, None)


@pytest.mark.parametrize(("bad", "outcome"), [(5, "quarantine"), (6, "stop")])
def test_quarantine_beyond_its_limit_stops_and_lets_nothing_on(rules, bad, outcome):
    cases = making.cases(100)
    for case in cases[:bad]:
        case["title"] = " "
    result = gates.run("canonical", making.canonical(award_case=cases), CONTEXT, rules)
    assert result.outcome == outcome
    assert balanced(result)
    if outcome == "stop":
        assert (result.kept, result.quarantined.num_rows) == ({}, 0)
        assert failed(result)["quarantine.limit"] == "stop"
        assert result.bad[0].rows[0]["title"] == " "


def test_the_limit_counts_within_the_period_too(rules):
    """Five years of clean history must not hide a period that is all dirt."""
    before = [c for m in range(1, 13) for c in making.cases(200, dt.date(2020, m, 1))]
    now = making.cases(20, title=" ")
    result = gates.run("canonical", making.canonical(award_case=before + now), CONTEXT, rules)
    assert result.outcome == "stop"


def test_a_quarantine_that_leaves_nothing_stops(rules):
    result = gates.run("canonical", making.canonical(award_case=making.cases(2, title=" ")), CONTEXT, rules)
    assert result.outcome == "stop"


def test_doubled_keys_stop(rules):
    result = gates.run("canonical", making.canonical(award_case=making.cases(3) + making.cases(1)), CONTEXT, rules)
    assert failed(result) == {"award_case.unique": "stop"}
    assert next(c for c in result.failed()).n_bad == 2


def test_a_missing_table_stops(rules):
    tables = making.canonical(award_case=making.cases(3))
    del tables["bid"]
    result = gates.run("canonical", tables, CONTEXT, rules)
    assert failed(result) == {"canonical.schema": "stop"}


def test_severity_is_the_offices_decision(rules):
    rules["checks"]["award_case.winners_bidders"] = {
        **rules["checks"]["award_case.winners_bidders"],
        "severity": "stop",
    }
    result = gates.run("canonical", making.canonical(award_case=making.cases(9, n_winners=4)), CONTEXT, rules)
    assert result.outcome == "stop"


def test_places_come_from_the_files(rules):
    cases = making.cases(40)
    cases[5]["title"] = " "
    asked = []

    def locate(table, rows):
        asked.append((table, len(rows)))
        return [
            [Place("甲局.xlsx", "e" * 64, "city_list", "110年3月", 12)] if table == "award_case" else [] for _ in rows
        ]

    context = CONTEXT | {"locate": locate}
    result = gates.run("canonical", making.canonical(award_case=cases, bid=making.bids(cases)), context, rules)
    assert sorted(asked) == [("award_case", 1), ("bid", 3)]
    item = result.quarantined.filter(pc.equal(result.quarantined["file_name"], "甲局.xlsx")).to_pylist()[0]
    assert (item["sheet"], item["row"], item["column"]) == ("110年3月", 12, "標案名稱")
    assert "「甲局.xlsx」工作表「110年3月」第 12 列，欄「標案名稱」" in gates.message(result)


# -- arrival ------------------------------------------------------------------------------------------------------
def test_what_is_needed_has_arrived(rules):
    result = gates.run("arrival", {}, making.arrival(making.arrived()), rules)
    assert result.outcome == "pass"


def test_attributes_do_as_well_as_keys(rules):
    from types import SimpleNamespace

    result = gates.run("arrival", {}, making.arrival(SimpleNamespace(**making.arrived())), rules)  # type: ignore[arg-type]
    assert result.outcome == "pass"


@pytest.mark.parametrize(
    ("files", "check"),
    [
        ((), "arrival.any"),
        ((making.arrived(source_id="auditor_list"),), "arrival.required_present"),
        ((making.arrived(rows_in=0, rows_out=0),), "arrival.required_present"),
        ((making.arrived(last_date=dt.date(2021, 2, 28)),), "arrival.required_present"),
        ((making.arrived(rows_out=80, rows_quarantined=20),), "arrival.within_limit"),
        ((making.arrived(rows_in=3, rows_out=0, rows_quarantined=3),), "arrival.within_limit"),
        ((making.arrived(rows_out=99),), "arrival.balance"),
    ],
)
def test_arrival_stops(rules, files, check):
    result = gates.run("arrival", {}, making.arrival(*files), rules)
    assert failed(result)[check] == "stop"
    assert result.outcome == "stop"


def test_rows_that_reading_set_aside_are_shown_to_their_owner(rules):
    cell = {"file_digest": "d" * 64, "file_name": "決標清單.csv", "row": 7, "column": "決標日期", "field": "award_date"}
    cell |= {
        "value": "110/13/45",
        "reason": "bad_date",
        "expected": "民國日期",
        "action": "請更正",
        "severity": "value",
    }
    context = making.arrival(
        making.arrived(rows_out=98, rows_quarantined=2), quarantine=making.table("quarantine", [cell])
    )
    result = gates.run("arrival", {}, context, rules)
    assert (result.outcome, failed(result)) == ("quarantine", {"arrival.clean": "quarantine"})
    assert "「決標清單.csv」第 7 列，欄「決標日期」" in gates.message(result)
    assert "110/13/45" not in gates.message(result)
    assert result.bad[-1].rows[0]["value"] == "110/13/45"


def test_a_refused_file_is_set_aside_and_an_unknown_one_reported(rules):
    other = making.arrived(digest="e" * 64, file_name="壞檔.xlsx", refused="加密", rows_in=0, rows_out=0)
    unknown = making.arrived(
        digest="f" * 64, file_name="筆記.txt", source_id=None, refused="認不出", rows_in=0, rows_out=0
    )
    result = gates.run("arrival", {}, making.arrival(making.arrived(), other, unknown), rules)
    assert failed(result) == {"arrival.accepted": "quarantine", "arrival.recognised": "warn"}
    assert result.quarantined.to_pylist()[0]["severity"] == "file"
    assert "壞檔.xlsx（加密）" in gates.message(result)
    assert result.quarantined.num_rows == 1


def test_a_file_of_other_years_does_not_disturb(rules):
    old = making.arrived(
        digest="e" * 64,
        first_date=dt.date(2010, 1, 1),
        last_date=dt.date(2010, 12, 31),
        rows_out=10,
        rows_quarantined=90,
    )
    history = old | {"digest": "f" * 64, "first_date": dt.date(2018, 1, 1), "last_date": dt.date(2018, 12, 31)}
    result = gates.run("arrival", {}, making.arrival(making.arrived(), old), rules)
    assert (result.outcome, result.facts) == ("pass", {"files": 1, "files_of_other_periods": 1})
    result = gates.run("arrival", {}, making.arrival(making.arrived(), history), rules)
    assert failed(result) == {"arrival.history_clean": "warn", "arrival.history_within_limit": "warn"}
    assert result.outcome == "warn"


def test_a_mended_file_takes_the_place_of_the_bad_one(rules):
    bad = making.arrived(digest="e" * 64, file_name="舊.csv", rows_out=10, rows_quarantined=90)
    assert gates.run("arrival", {}, making.arrival(bad), rules).outcome == "stop"
    mended = making.arrival(bad, making.arrived(), superseded=["e" * 64])
    assert gates.run("arrival", {}, mended, rules).outcome == "pass"


def test_one_of_a_group_is_enough_and_optional_ones_are_reported(rules):
    context = making.arrival(making.arrived(), one_of=[["award_csv", "halfmonth_xml"]], known_sources=["agency_list"])
    result = gates.run("arrival", {}, context, rules)
    assert failed(result) == {"arrival.optional_present": "warn"}
    context = making.arrival(
        making.arrived(source_id="x"), expected_sources=[], one_of=[["award_csv", "halfmonth_xml"]]
    )
    context["source_names"] = {"award_csv": "決標公告", "halfmonth_xml": "半月開放資料"}
    result = gates.run("arrival", {}, context, rules)
    assert failed(result)["arrival.required_present"] == "stop"
    assert "決標公告 或 半月開放資料" in next(c.message_zh for c in result.failed() if c.outcome == "stop")
    nothing_asked = making.arrival(making.arrived(), expected_sources=[])
    assert failed(gates.run("arrival", {}, nothing_asked, rules)) == {"arrival.needs": "stop"}


def test_tables_pass_through_arrival_untouched(rules):
    tables = making.canonical(award_case=making.cases(3))
    result = gates.run("arrival", tables, making.arrival(making.arrived()), rules)
    assert result.kept == tables


# -- signals ------------------------------------------------------------------------------------------------------
def signals(rules, cases, rows, ids=making.SIGNALS):
    tables = {"award_case": making.table("award_case", cases), "signal_result": making.table("signal_result", rows)}
    return gates.run("signals", tables, CONTEXT | {"signal_ids": list(ids)}, rules)


def test_every_case_by_every_signal_passes(rules):
    old = making.cases(5, dt.date(2020, 1, 1))
    cases = making.cases(40)
    result = signals(rules, old + cases, making.results(cases))
    assert (result.outcome, result.facts["cases"]) == ("pass", 40)


def test_a_signal_that_cannot_be_assessed_or_fires_on_many_warns(rules):
    cases = making.cases(40)
    rows = making.results(cases)
    for row in rows:
        if row["signal_id"] == "P03":
            row |= {"state": "not_assessable", "reason": "reserve_price", "strength": None}
        if row["signal_id"] == "P02":
            row |= {"state": "fired", "strength": 1.0, "evidence": "{}"}
    result = signals(rules, cases, rows)
    assert failed(result) == {"signals.assessable": "warn", "signals.too_common": "warn"}
    assert [c.labels for c in result.failed()] == [("P03",), ("P02",)]
    assert "P03" in gates.message(result)


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (lambda r: r.pop(), "signals.rows"),
        (lambda r: r.__setitem__(1, r[0]), "signals.unique"),
        (lambda r: r[4].update(case_id="3.99.10|別的|20210301"), "signals.case_in_scope"),
        (lambda r: r[4].update(signal_id="P99"), "signals.signal_known"),
        (lambda r: r[4].update(state="maybe"), "signals.state.values"),
        (lambda r: r[0].update(strength=1.5), "signals.strength.range"),
        (lambda r: r[0].update(strength=None), "signals.strength_when_fired"),
        (lambda r: r[4].update(strength=0.1), "signals.strength_when_fired"),
        (lambda r: r[0].update(evidence=" "), "signals.evidence_when_fired"),
        (lambda r: r[2].update(reason=None), "signals.reason_when_not_assessable"),
    ],
)
def test_a_faulty_result_stops(rules, spoil, check):
    cases = making.cases(40)
    rows = making.results(cases)
    spoil(rows)
    result = signals(rules, cases, rows)
    assert failed(result)[check] == "stop"


def test_a_missing_result_names_its_case_on_the_restricted_page_only(rules):
    cases = making.cases(40)
    rows = [r for r in making.results(cases) if not (r["case_id"] == cases[7]["case_id"] and r["signal_id"] == "P02")]
    rows.append({"case_id": cases[8]["case_id"], "signal_id": "P02", "state": "clear"})
    result = signals(rules, cases, rows)
    coverage = next(c for c in result.checks if c.id == "signals.coverage")
    assert [r["key"] for r in coverage.bad_rows] == [cases[7]["case_id"], cases[8]["case_id"]]
    assert cases[7]["case_id"] in gates.render(result)
    assert cases[7]["case_id"] not in gates.message(result) + str(result.to_json())


def test_nothing_assessable_at_all_stops(rules):
    cases = making.cases(10)
    rows = [
        r | {"state": "not_assessable", "reason": "x", "strength": None, "evidence": None}
        for r in making.results(cases)
    ]
    assert failed(signals(rules, cases, rows))["signals.any_assessable"] == "stop"


# -- selection ----------------------------------------------------------------------------------------------------
def selected(rules, rows, **context):
    cases = making.cases(40)
    tables = {"award_case": making.table("award_case", cases), "selection_case": making.table("selection_case", rows)}
    frame = [c["case_id"] for c in cases[4:]]
    return gates.run("selection", tables, CONTEXT | {"quota": making.QUOTA, "frame": frame} | context, rules)


def test_a_clean_list_passes(rules):
    assert selected(rules, making.listed(making.cases(40))).outcome == "pass"


def test_an_empty_list_warns(rules):
    assert failed(selected(rules, [])) == {"selection.rows": "warn"}


def test_the_dated_rules_are_found(rules):
    entries = [
        {"effective_from": dt.date(2000, 1, 1), "effective_to": dt.date(2020, 12, 31), "quota": {"total": 1}},
        {"effective_from": dt.date(2021, 1, 1), "effective_to": None, "quota": making.QUOTA, "max_per_agency": 5},
    ]
    rows = making.listed(making.cases(40))
    cases = making.cases(40)
    tables = {"award_case": making.table("award_case", cases), "selection_case": making.table("selection_case", rows)}
    context = CONTEXT | {"job": "j", "selection": {"j": entries}, "frame": {"all": [c["case_id"] for c in cases[4:]]}}
    assert gates.run("selection", tables, context, rules).outcome == "pass"
    context["selection"]["j"][1]["effective_from"] = dt.date(2022, 1, 1)
    assert gates.run("selection", tables, context, rules).failed()[0].error == "LookupError"


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (lambda r: r[1].update(case_id=r[0]["case_id"]), "selection.unique"),
        (lambda r: r[1].update(case_id="3.99.10|別的|20210301"), "selection.in_scope"),
        (lambda r: r[1].update(rank=1), "selection.rank.unique"),
        (lambda r: r[4].update(rank=9), "selection.rank.contiguous"),
        (lambda r: r[1].update(part="favourite"), "selection.part.values"),
        (lambda r: r[1].update(score=-1.0), "selection.score.range"),
        (lambda r: r[1].update(reasons="[]"), "selection.reasons"),
        (lambda r: r[1].update(reasons='[{"text":" "}]'), "selection.reasons"),
        (lambda r: r[1].update(reasons="not json"), "selection.reasons"),
        (lambda r: r[4].update(inclusion_probability=0.0), "selection.chance.range"),
        (lambda r: r[1].update(inclusion_probability=0.5), "selection.chance_fits"),
        (lambda r: r[4].update(ticket="x"), "selection.ticket_fits"),
        (lambda r: r[1].update(auditors="W03"), "selection.recused"),
    ],
)
def test_a_faulty_list_stops(rules, spoil, check):
    rows = making.listed(making.cases(40))
    spoil(rows)
    result = selected(rules, rows)
    assert failed(result)[check] == "stop"
    assert "A000000" not in gates.message(result) + str(result.to_json())


def test_quota_agency_and_control_frame_are_kept(rules):
    rows = making.listed(making.cases(40))
    ids = [c["case_id"] for c in making.cases(40)]
    assert failed(selected(rules, rows, quota=making.QUOTA | {"total": 4})) == {"selection.quota": "stop"}
    assert failed(selected(rules, rows, quota=making.QUOTA | {"max_per_agency": 3})) == {"selection.agency": "stop"}
    strict = making.QUOTA | {"kinds": {"works": 2}, "fallback": False}
    assert failed(selected(rules, rows, quota=strict)) == {"selection.quota": "stop"}
    assert failed(selected(rules, rows, frame=ids[3:])) == {"selection.frame.not_ranked": "stop"}
    assert failed(selected(rules, rows, frame=ids[5:])) == {"selection.control.in_frame": "stop"}
    assert failed(selected(rules, rows, frame=[*ids[4:], ids[4]])) == {"selection.frame.unique": "stop"}
    assert failed(selected(rules, rows, frame=pa.table({"case_id": ids[4:]}))) == {}


# -- mail ---------------------------------------------------------------------------------------------------------
def mail(tmp_path: Path, **changed):
    report = tmp_path / "選案清單.xlsx"
    report.write_bytes(b"report")
    return (
        CONTEXT
        | {
            "files": [{"path": str(report), "digest": canonical.file_digest(report)}],
            "recipients": [{"address": "ethics@office.example.gov.tw", "role": "承辦人"}],
            "bodies": [
                {"name": "主旨", "text": "110年3月採購稽核選案"},
                {"name": "本文", "text": "<p>選案 20 件，詳附件。</p>"},
            ],
            "terms": ["虛構道路改善工程第1標", "王大明"],
        }
        | changed
    )


def test_a_mail_that_may_go(rules, tmp_path):
    assert gates.run("mail", {}, mail(tmp_path), rules).outcome == "pass"


def test_a_digest_that_begins_like_an_id_number_is_none(rules, tmp_path):
    digest = "ad87654321" + "0f" * 27
    bodies = [{"name": "本文", "text": f"<p>SHA-256：{digest}</p>"}]
    assert gates.run("mail", {}, mail(tmp_path, bodies=bodies), rules).outcome == "pass"
    bodies = [{"name": "本文", "text": f"<p>SHA-256：{digest}，證號A123456789</p>"}]
    assert failed(gates.run("mail", {}, mail(tmp_path, bodies=bodies), rules)) == {"mail.no_ids": "stop"}


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"files": []}, "mail.attachments"),
        ({"recipients": []}, "mail.recipients"),
        ({"bodies": []}, "mail.bodies"),
        ({"terms": []}, "mail.terms"),
        ({"files": [{"path": "/nowhere/x.xlsx", "digest": "0"}]}, "mail.file_exists"),
        (
            {"recipients": [{"name": "甲", "address": ""}, {"name": "乙", "address": "b@x.gov.tw"}]},
            "mail.address.filled",
        ),
        ({"recipients": [{"address": "not an address"}]}, "mail.address.form"),
        ({"recipients": [{"address": "a@x.gov.tw\nBcc: b@y.tw"}]}, "mail.address.form"),
        ({"recipients": [{"address": "A@x.gov.tw"}, {"address": "a@x.gov.tw"}]}, "mail.address.unique"),
        ({"bodies": [{"name": "本文", "text": "<p> </p>"}]}, "mail.body_not_empty"),
        ({"bodies": [{"name": "本文", "text": "承辦人王大明"}]}, "mail.no_names"),
        ({"bodies": [{"name": "本文", "text": "承辦人<b>王</b>　大 明"}]}, "mail.no_names"),
        ({"bodies": [{"name": "本文", "text": "收件人 <王大明>"}]}, "mail.no_names"),
        ({"bodies": [{"name": "本文", "text": "&#29579;大明"}]}, "mail.no_names"),
        ({"bodies": [{"name": "本文", "text": "證號Ａ１２３４５６７８９，請查"}]}, "mail.no_ids"),
    ],
)
def test_a_mail_that_may_not_go(rules, tmp_path, changed, check):
    result = gates.run("mail", {}, mail(tmp_path, **changed), rules)
    assert failed(result)[check] == "stop"
    assert "王大明" not in gates.render(result) + gates.message(result) + str(result.to_json())


def test_an_altered_or_empty_report_stops(rules, tmp_path):
    context = mail(tmp_path)
    Path(context["files"][0]["path"]).write_bytes(b"altered")
    assert failed(gates.run("mail", {}, context, rules)) == {"mail.file_digest": "stop"}
    Path(context["files"][0]["path"]).write_bytes(b"")
    assert "mail.file_not_empty" in failed(gates.run("mail", {}, context, rules))
