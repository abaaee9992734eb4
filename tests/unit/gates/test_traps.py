"""Every trap of Great Expectations that DESIGN.md names ('Great Expectations 1.24.1 (tried)'), one test each."""

from __future__ import annotations

import ast
import logging
import multiprocessing
import os
import subprocess
import sys
import tempfile

import pandas as pd
import pyarrow as pa
import pytest

from probity import gates
from probity.gates import engine
from probity.gates.checks import KINDS, Check, Kind
from probity.settings import ROOT
from tests.unit.gates import making

SECRET = "王大明A123456789<script>alert('x')</script>"


def judge(frame: pd.DataFrame, *checks: Check) -> dict[str, engine.Verdict]:
    return engine.evaluate({"f": frame}, checks, {c.id: c.args for c in checks})


def outcome_of(result: gates.GateResult, check: str) -> str:
    return next(c.outcome for c in result.checks if c.id == check)


def test_an_empty_suite_is_an_error():
    with pytest.raises(engine.NoChecks):
        engine.evaluate({"f": pd.DataFrame({"a": [1]})}, [], {})


def test_nothing_judged_is_a_stop():
    assert gates.model.worst([]) == "stop"
    assert gates.model.worst(["not_run", "not_run"]) == "stop"


def test_great_expectations_itself_passes_on_an_empty_suite_and_on_no_rows():
    """If this changes, the rules above may be relaxed; until then they are what protects us."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    context = engine._context()
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("f")
    batch = asset.add_batch_definition_whole_dataframe("b").get_batch({"dataframe": pd.DataFrame({"a": []})})
    assert batch.validate(gx.ExpectationSuite(name="s", expectations=[])).success
    assert batch.validate(gxe.ExpectColumnValuesToBeInSet(column="a", value_set=["x"])).success


def test_no_rows_stop_before_anything_else_is_believed(rules):
    result = gates.run("canonical", making.canonical(), {"period": making.PERIOD}, rules)
    assert result.outcome == "stop"
    assert outcome_of(result, "canonical.scope.rows") == "stop"
    assert outcome_of(result, "award_case.kind.values") == "not_run"


def test_a_check_without_rows_is_not_run_rather_than_passed(rules):
    tables = making.canonical(award_case=making.cases(30))
    result = gates.run("canonical", tables, {"period": making.PERIOD}, rules)
    assert outcome_of(result, "debarment.firm.form") == "not_run"
    assert not next(c for c in result.checks if c.id == "debarment.firm.form").success


def test_a_column_that_turned_blank_is_noticed(rules):
    """99 % nulls pass regex and in-set: the column's blanks are held against those of the months before."""
    before = [c for m in range(1, 13) for c in making.cases(20, pd.Timestamp(2020, m, 1).date())]
    now = making.cases(100, kind=None)
    now[0]["kind"] = "works"
    result = gates.run("canonical", making.canonical(award_case=before + now), {"period": making.PERIOD}, rules)
    assert outcome_of(result, "award_case.kind.values") == "pass"
    assert outcome_of(result, "award_case.kind.filled") == "warn"
    assert "award_case.reserve_price.filled" not in [c.id for c in result.failed()]


def test_a_missing_column_stops_even_where_only_a_warning_reads_it(rules):
    tables = making.canonical(award_case=making.cases(30))
    tables["award_case"] = tables["award_case"].drop_columns(["opening_date"])
    rules["checks"]["canonical.schema"] = {**rules["checks"]["canonical.schema"], "severity": "warn"}
    result = gates.run("canonical", tables, {"period": making.PERIOD}, rules)
    check = next(c for c in result.checks if c.id == "award_case.opening_date.before.award_date")
    assert (check.severity, check.outcome, check.who) == ("warn", "stop", "engineer")
    assert result.outcome == "stop"


def test_a_missing_column_is_named_by_the_structure(rules):
    tables = making.canonical(award_case=making.cases(30))
    tables["award_case"] = tables["award_case"].drop_columns(["opening_date"])
    result = gates.run("canonical", tables, {"period": making.PERIOD}, rules)
    schema = next(c for c in result.checks if c.id == "canonical.schema")
    assert (schema.outcome, schema.labels) == ("stop", ("award_case.opening_date",))
    assert "award_case.opening_date" in gates.message(result)


@pytest.mark.parametrize("where", ["expectation", "bad", "derive"])
def test_an_exception_inside_a_check_is_a_stop(rules, monkeypatch, where, caplog):
    def crash(*_: object) -> None:
        raise RuntimeError(SECRET)

    parts = {"expectation": KINDS["gap"].expectation, "bad": KINDS["gap"].bad, "derive": KINDS["gap"].derive}
    monkeypatch.setitem(KINDS, "gap", Kind(**(parts | {where: crash})))
    with caplog.at_level(logging.DEBUG):
        result = gates.run("canonical", making.canonical(award_case=making.cases(9)), {"period": making.PERIOD}, rules)
    assert result.outcome == "stop"
    assert outcome_of(result, "award_case.performance_start.before.performance_end") == "stop"
    assert "RuntimeError" in gates.message(result)
    assert SECRET not in gates.message(result) + caplog.text


def test_an_exception_outside_the_checks_is_a_stop_too(rules, caplog):
    result = gates.run(
        "signals", {"award_case": making.table("award_case", making.cases(2))}, {"period": "2021-03"}, rules
    )
    assert result.outcome == "stop"
    assert result.kept == {}
    assert result.failed()[0].error == "KeyError"
    assert "KeyError" in gates.message(result)


def test_when_the_two_judges_contradict_each_other_it_is_a_stop(rules, monkeypatch):
    kind = KINDS["unique"]
    monkeypatch.setitem(KINDS, "unique", Kind(kind.expectation, lambda f, c, a: pd.Series(False, f.index).to_numpy()))
    twice = making.cases(3) + making.cases(1)
    result = gates.run("canonical", making.canonical(award_case=twice), {"period": making.PERIOD}, rules)
    assert next(c for c in result.checks if c.id == "award_case.unique").error == "Contradiction"
    assert result.outcome == "stop"


def test_every_bad_row_is_fetched(rules):
    """SQL engines cap the lists at 20 and 200: ours has all 1,500."""
    rules["limits"]["quarantine"] = {"share": 0.9, "rows": 5}
    cases = making.cases(2000)
    for case in cases[:1500]:
        case["kind"] = "?"
    result = gates.run("canonical", making.canonical(award_case=cases), {"period": making.PERIOD}, rules)
    check = next(c for c in result.checks if c.id == "award_case.kind.values")
    assert check.n_bad == len(check.bad_rows) == result.quarantined.num_rows == 1500


def test_beyond_the_listing_limit_the_count_stays_exact(rules):
    rules["limits"]["max_listed"] = 10
    rules["limits"]["quarantine"] = {"share": 0.9, "rows": 5}
    cases = [c | {"kind": "?"} for c in making.cases(50)]
    result = gates.run("canonical", making.canonical(award_case=cases), {"period": making.PERIOD}, rules)
    check = next(c for c in result.checks if c.id == "award_case.kind.values")
    assert (check.n_bad, len(check.bad_rows), result.quarantined.num_rows, result.bad[0].more) == (50, 10, 0, 40)


def test_a_doubled_index_gives_the_right_row():
    frame = pd.DataFrame({"a": ["x", "y", "x", "z"]}, index=[0, 0, 0, 0])
    verdict = judge(frame, Check("c", "f", "in_set", ("a",), {"values": ("x", "y")}))["c"]
    assert verdict.bad.tolist() == [False, False, False, True]


def test_rows_are_numbered_as_they_stand_in_the_table(rules):
    cases = making.cases(40)
    cases[17]["budget"] = -1
    result = gates.run("canonical", making.canonical(award_case=cases), {"period": making.PERIOD}, rules)
    row = next(c for c in result.checks if c.id == "award_case.budget.amount").bad_rows[0]
    assert (row["row"], row["column"], row["value"]) == (18, "budget", "-1")


def test_no_value_reaches_log_trail_or_message(rules, caplog):
    cases = making.cases(40)
    cases[1] |= {"kind": SECRET, "title": SECRET}
    cases[2] |= {"case_id": SECRET}
    rows = making.bids(cases)
    rows[7]["firm"] = SECRET
    with caplog.at_level(logging.DEBUG):
        result = gates.run("canonical", making.canonical(award_case=cases, bid=rows), {"period": making.PERIOD}, rules)
        gates.render(result)
        text = gates.message(result)
    assert result.outcome == "quarantine"
    said = text + str(result.to_json()) + caplog.text
    for part in ("王大明", "A123456789", "script", "虛構營造", "A000001"):
        assert part not in said
    assert any(r["value"] == SECRET for c in result.checks for r in c.bad_rows)


def test_a_live_script_in_a_value_stays_text_on_the_page(rules):
    cases = making.cases(40)
    cases[2] |= {"kind": "</td><script>alert(1)</script>", "title": '"><img src=x onerror=alert(1)>', "budget": -1}
    tables = making.canonical(award_case=cases)
    page = gates.render(gates.run("canonical", tables, {"period": making.PERIOD}, rules))
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "default-src 'none'" in page


def test_a_pattern_holds_to_the_end_of_the_text():
    frame = pd.DataFrame({"a": ["12345678", "12345678\n", "12345678;DROP"]})
    verdict = judge(frame, Check("c", "f", "matches", ("a",), {"regex": r"^\d{8}\Z"}))["c"]
    assert verdict.bad.tolist() == [False, True, True]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_both_judges_agree_on_every_kind(kind):
    """Random frames with nulls, doubles and negative numbers: a contradiction would show as an error."""
    import numpy as np

    random = np.random.default_rng(7)
    args = {
        "row_count": {"min": 5},
        "in_set": {"values": ("a", "b")},
        "matches": {"regex": "^[ab]"},
        "between": {"min": -1, "max": 1},
        "days": {"min": 18000, "max": 18800},
        "gap": {"min": 0},
        "ratio": {"max": 2},
        "difference": {"max": 0},
        "exists": {"of": ("f", "other")},
        "not_null": {"max_share": 0.2},
    }.get(kind, {})
    columns = {
        "row_count": (),
        "in_set": ("text",),
        "matches": ("text",),
        "unique": ("text",),
        "exists": ("text",),
        "not_null": ("text",),
        "true": ("flag",),
        "days": ("day",),
        "gap": ("day", "later"),
    }.get(kind, ("number", "second"))
    check = Check("c", "f", kind, columns, args)
    seen = set()
    for n in (1, 3, 10, 40):
        for _ in range(6):
            days = pd.to_datetime(pd.Series(random.integers(17000, 19500, (n,))), unit="D")
            frame = pd.DataFrame(
                {
                    "text": pd.Series(random.choice(["a", "b", "c", "ab", ""], n)).where(random.random(n) > 0.2),
                    "other": pd.Series(random.choice(["a", "b", "c"], n)),
                    "number": pd.Series(random.integers(-3, 3, n).astype(float)).where(random.random(n) > 0.2),
                    "second": pd.Series(random.integers(-3, 3, n).astype(float)).where(random.random(n) > 0.2),
                    "day": days.where(random.random(n) > 0.2),
                    "later": days.sample(frac=1, random_state=3).reset_index(drop=True),
                    "flag": random.random(n) > 0.3,
                }
            )
            verdict = judge(frame, check)["c"]
            assert verdict.error == ""
            seen.add(verdict.success)
    assert True in seen or kind in ("row_count",)


def test_importing_the_room_does_not_import_great_expectations():
    """The import costs seconds: it is paid in warm() or at the first gate, never by a DAG file."""
    code = "import sys, probity.gates; sys.exit('great_expectations' in sys.modules)"
    environ = os.environ | {"PYTHONPATH": str(ROOT / "plugins")}
    assert subprocess.run([sys.executable, "-c", code], env=environ, check=False).returncode == 0
    for path in sorted((ROOT / "plugins" / "probity").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                assert "great_expectations" not in ast.unparse(node), path


def _in_a_forked_task(queue, rules):
    loaded = "great_expectations" in sys.modules
    tables = making.canonical(award_case=making.cases(9))
    queue.put((loaded, gates.run("canonical", tables, {"period": making.PERIOD}, rules).outcome))


def test_a_task_forked_from_a_warmed_worker_finds_it_loaded(rules):
    """The cost is paid once per worker; ``./probity bench gates`` measures it."""
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    process = context.Process(target=_in_a_forked_task, args=(queue, rules))
    process.start()
    assert queue.get() == (True, "pass")
    process.join()


def test_nothing_is_written_sent_or_printed(rules, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gates.run("canonical", making.canonical(award_case=making.cases(30)), {"period": making.PERIOD}, rules)
    out = capfd.readouterr()
    assert (list(tmp_path.iterdir()), out.out, out.err) == ([], "", "")
    context = engine._context()
    assert context.config.analytics_enabled is False
    assert not context.variables.progress_bars.globally


def test_an_unknown_stage_is_an_error(rules):
    with pytest.raises(ValueError, match="no gate for stage"):
        gates.run("harvest", {}, {"period": "2021-03"}, rules)


def test_a_wrong_type_stops(rules):
    tables = making.canonical(award_case=making.cases(30))
    at = tables["award_case"].column_names.index("budget")
    tables["award_case"] = tables["award_case"].set_column(
        at, "budget", tables["award_case"]["budget"].cast(pa.float64())
    )
    result = gates.run("canonical", tables, {"period": making.PERIOD}, rules)
    assert next(c for c in result.checks if c.id == "canonical.schema").labels == ("award_case.budget",)
    assert result.outcome == "stop"
