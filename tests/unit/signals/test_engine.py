"""What the engine promises for every signal, whatever its SQL says."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from probity import config, settings, signals
from probity.signals import engine
from probity.tables import SIGNAL_RESULT, TABLES
from tests.unit.signals.fixtures import FIXTURES
from tests.unit.signals.world import PERIOD, World

SQL = settings.ROOT / "include" / "sql" / "procurement"
ALL = signals.load_signals(SQL)
BY_ID = {s.id: s for s in ALL}
THRESHOLDS = config.thresholds(settings.ROOT / "include" / "config")
HEADER = """/*
id: T01
name_zh: 測試
name_en: Test
family: records
indicator: []
legal_basis: 測試用
must_watch: null
formula: 測試
parameters: []
needs: [award_case.budget]
strength: high
amount: 無
example: 無
not_proof: 無
reason: 值{value:num}
*/
"""
SELECT = """SELECT cid, NULL AS reason, TRUE AS fired, 1 AS value, 1 AS threshold, 1 AS amount_at_stake,
{'a': 1} AS evidence FROM scope"""


def world(seed: int = 0) -> World:
    w = World()
    for signal_id in ("P01", "P06", "I07", "P11A", "I18", "P09", "I36"):
        FIXTURES[signal_id](w)
    if seed:
        for rows in w.rows.values():
            random.Random(seed).shuffle(rows)
    return w


def signal(tmp_path: Path, sql: str, header: str = HEADER) -> signals.Signal:
    path = tmp_path / "sql" / "procurement" / "T01_test.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    for helper in SQL.glob("_*.sql"):
        (path.parent / helper.name).write_bytes(helper.read_bytes())
    (tmp_path / "config").mkdir(exist_ok=True)
    (tmp_path / "config" / "peer_bands.yaml").write_bytes(
        (settings.ROOT / "include/config/peer_bands.yaml").read_bytes()
    )
    path.write_text(header + sql, encoding="utf-8")
    return signals.load_signals(path.parent, {r["name"] for r in THRESHOLDS})[0]


def test_every_case_and_signal_once_in_order_and_the_same_bytes_whatever_the_order_of_rows() -> None:
    chosen = [BY_ID[i] for i in ("P01", "I07", "I18", "P11A", "P06", "I36", "P09", "I01A", "I20", "I23")]
    tables = world().tables()
    result = signals.run(tables, PERIOD, chosen, THRESHOLDS)
    assert result.schema.equals(TABLES["signal_result"].arrow_schema())
    keys = list(zip(result["case_id"].to_pylist(), result["signal_id"].to_pylist(), strict=True))
    notices = dict(
        zip(
            tables["award_case"]["case_id"].to_pylist(),
            tables["award_case"]["award_notice_date"].to_pylist(),
            strict=True,
        )
    )
    scope = sorted(c for c, day in notices.items() if PERIOD.first <= day <= PERIOD.last)
    assert keys == [(c, s) for c in scope for s in sorted(x.id for x in chosen)]
    shuffled = signals.run(world(seed=7).tables(), PERIOD, list(reversed(chosen)), THRESHOLDS)
    assert shuffled.num_rows == result.num_rows  # case numbers follow the fixtures, so rows must agree one by one
    assert shuffled.equals(result)


def test_history_outside_the_period_is_not_in_scope_and_no_case_gives_an_empty_table() -> None:
    w = World()
    w.case(award=dt.date(2020, 5, 1))
    result = signals.run(w.tables(), PERIOD, ALL, THRESHOLDS)
    assert result.num_rows == 0
    assert all(s["base_rate"] is None for s in signals.summary(result, ALL))


def test_the_summary_says_why_most_cases_could_not_be_assessed() -> None:
    schema = SIGNAL_RESULT.arrow_schema()
    said = [("a", "缺底價"), ("b", "缺底價"), ("c", "缺預算金額"), ("d", None)]
    rows = [
        {"case_id": c, "signal_id": "P03", "state": "not_assessable" if why else "clear", "reason": why}
        for c, why in said
    ]
    lines = {s["signal_id"]: s for s in signals.summary(pa.Table.from_pylist(rows, schema=schema), ALL)}
    assert lines["P03"]["why_not"] == "缺底價" and lines["P01"]["why_not"] is None


def test_a_case_with_only_its_required_columns_is_never_clear_where_the_rule_could_apply() -> None:
    """Everything optional unknown: what is clear then must be so because the rule needs no more than what is known."""
    w = World()
    row = {c.name: None for c in TABLES["award_case"].columns if not c.required}
    w.case(**row | {"agency_key": "N:虛城市第1局"})
    result = signals.run(w.tables(), PERIOD, ALL, THRESHOLDS)
    assert [r["signal_id"] for r in result.to_pylist() if r["state"] != "not_assessable"] == []


def test_threshold_follows_the_case_own_notice_date_not_the_period() -> None:
    w = World()
    late = {"award": dt.date(2023, 1, 10), "notice": dt.date(2023, 3, 1), "procurement_amount": 1_200_000}
    old = w.case(tender_notice_date=dt.date(2022, 12, 31), **late)
    new = w.case(tender_notice_date=dt.date(2023, 1, 1), **late)
    unknown = w.case(tender_notice_date=None, **late)
    from probity.calendar import Period

    rows = signals.run(w.tables(), Period.parse("2023-03"), [BY_ID["P02"]], THRESHOLDS).to_pylist()
    states = {r["case_id"]: r["state"] for r in rows}
    assert states == {old: "fired", new: "clear", unknown: "clear"}


def test_a_threshold_that_no_law_sets_on_that_date_is_not_assessable() -> None:
    w = World()
    case = w.case(award_amount=2_700_000)
    rows = [r for r in THRESHOLDS if r["name"] != "low_price_reserve"]
    rows.append(
        {
            "name": "low_price_reserve",
            "value": 0.8,
            "effective_from": dt.date(2022, 1, 1),
            "effective_to": None,
            "law": "x",
        }
    )
    (row,) = signals.run(w.tables(), PERIOD, [BY_ID["P03"]], rows).to_pylist()
    assert (row["case_id"], row["state"]) == (case, "not_assessable")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (SELECT + " WHERE cid > 0", "each case must appear exactly once"),
        (SELECT + " UNION ALL " + SELECT, "each case must appear exactly once"),
        (SELECT.replace(" AS threshold", " AS limit_value"), "expected"),
        (SELECT.replace("{'a': 1}", "{'b': 1, 'a': 2}"), "alphabetical"),
        (SELECT.replace("scope", "nowhere"), "T01_test.sql"),
    ],
)
def test_sql_that_breaks_a_rule_is_an_error_that_names_the_signal(tmp_path: Path, sql: str, message: str) -> None:
    w = World()
    w.case()
    w.case()
    with pytest.raises(signals.SignalError, match=message) as error:
        signals.run(w.tables(), PERIOD, [signal(tmp_path, sql)], THRESHOLDS)
    assert "T01" in str(error.value)


def test_neither_fired_nor_clear_is_not_assessable(tmp_path: Path) -> None:
    w = World()
    w.case()
    (row,) = signals.run(
        w.tables(), PERIOD, [signal(tmp_path, SELECT.replace("TRUE AS fired", "NULL AS fired"))], THRESHOLDS
    ).to_pylist()
    assert row["state"] == "not_assessable" and row["reason"]


def test_too_common_is_told(tmp_path: Path) -> None:
    w = World()
    for _ in range(20):
        w.case()
    test = signal(tmp_path, SELECT)
    (line,) = signals.summary(signals.run(w.tables(), PERIOD, [test], THRESHOLDS), [test])
    assert (line["fired"], line["base_rate"], line["too_common"]) == (20, 1.0, True)


def test_strength_is_the_empirical_tail() -> None:
    hit = np.array([True, True, True, False])
    high = engine.strength(np.array([5.0, 9.0, 5.0, 1.0]), hit, 10, "high")
    assert high.tolist() == [1 - (1 + 3) / 20, 1 - (0 + 1) / 20, 1 - (1 + 3) / 20, 0.0]
    low = engine.strength(np.array([0.1, 0.01, np.nan, 0.0]), hit, 10, "low")
    assert low[1] > low[0] > low[2]
    assert engine.strength(np.array([1.0, 1.0]), np.array([True, True]), 2, "rare").tolist() == [0.5, 0.5]


def test_a_case_id_twice_is_refused() -> None:
    w = World()
    w.case(case_id="same")
    w.case(case_id="same")
    with pytest.raises(ValueError, match="case_id twice"):
        signals.run(w.tables(), PERIOD, ALL[:1], THRESHOLDS)


def test_shared_award_of_several_winners_is_not_summed_twice() -> None:
    w = World()
    case = w.case(award_amount=9_000_000, n_winners=3)
    w.bids(case, 1, 2, 3)
    for row in w.rows["bid"]:
        row["is_winner"] = True
    with engine.Workspace(w.tables(), PERIOD, SQL, THRESHOLDS) as workspace:
        workspace._ensure("wins")
        assert workspace.con.execute("SELECT sum(amount), max(agency_amount) FROM wins").fetchall() == [
            (9_000_000, 9_000_000)
        ]


def test_a_natural_person_is_not_named_in_evidence() -> None:
    w = World()
    for i in range(19):
        w.bids(w.case(award=dt.date(2020, 9, 1) + dt.timedelta(days=i)), "王小虛")
    w.bids(w.case(), "王小虛")
    rows = signals.run(w.tables(), PERIOD, [BY_ID["P12"]], THRESHOLDS).to_pylist()
    assert [r["state"] for r in rows] == ["fired"]
    assert "王○○" in rows[0]["evidence"] and "小虛" not in rows[0]["evidence"]


def test_no_signal_is_worded_as_a_finding() -> None:
    for s in ALL:
        for text in (s.name_zh, s.reason_template):
            assert not any(word in text for word in ("違法", "違規", "違反", "圍標", "舞弊", "違失")), (s.id, text)


def test_a_pair_that_wins_too_often_to_be_judged_for_rotation_stops_nothing() -> None:
    """Beyond 150 contests the exact law of rotations is not computed: NULL for a pair that is no NULL itself."""
    w = World()
    for i in range(151):
        w.bids(w.case(award=dt.date(2020, 4, 1) + dt.timedelta(days=i)), 1 + i % 2, 2 - i % 2)
    w.bids(w.case(), 1, 2)
    [row] = signals.run(w.tables(), PERIOD, [BY_ID["P11B"]], THRESHOLDS).to_pylist()
    assert row["state"] in ("clear", "not_assessable")
