"""Each signal on its own small world: one case fires, one just does not, one cannot be assessed."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from probity import canonical, config, settings, signals
from tests.unit.signals.fixtures import FIXTURES
from tests.unit.signals.world import PERIOD, World, firm_row

SQL = settings.ROOT / "include" / "sql" / "procurement"
ALL = signals.load_signals(SQL)
THRESHOLDS = config.thresholds(settings.ROOT / "include" / "config")


def test_every_signal_has_a_fixture() -> None:
    assert sorted(FIXTURES) == [s.id for s in ALL]
    assert len(ALL) >= 30


@pytest.mark.parametrize("signal", ALL, ids=lambda s: s.id)
def test_signal(signal: signals.Signal) -> None:
    world = World()
    cases = FIXTURES[signal.id](world)
    assert {"fires", "quiet", "missing"} <= set(cases)
    result = signals.run(world.tables(), PERIOD, [signal], THRESHOLDS)
    rows = {r["case_id"]: r for r in result.to_pylist()}

    fired = rows[cases["fires"]]
    assert fired["state"] == "fired"
    assert 0 <= fired["strength"] <= 1
    evidence = json.loads(fired["evidence"])
    assert canonical.dumps(evidence) == fired["evidence"]
    sentence = signals.reason(signal, fired)
    assert "{" not in sentence and "不詳" not in sentence, sentence

    for label in set(cases) - {"fires", "missing"}:
        assert rows[cases[label]]["state"] == "clear", (label, rows[cases[label]])
        assert rows[cases[label]]["evidence"] is None
    assert rows[cases["missing"]]["state"] == "not_assessable"
    assert rows[cases["missing"]]["reason"]
    assert rows[cases["missing"]]["value"] is None


@pytest.mark.parametrize(
    ("first", "last", "state"),
    [
        (dt.date(2021, 1, 1), dt.date(2021, 3, 31), "clear"),  # lists of around the award
        (dt.date(2021, 5, 1), dt.date(2021, 6, 1), "clear"),  # 91 days: the shortest ban would still be on the list
        (dt.date(2018, 1, 1), dt.date(2020, 6, 30), "not_assessable"),  # the last list is too old
        (dt.date(2021, 9, 1), dt.date(2021, 9, 1), "not_assessable"),  # the first list came too late
    ],
)
def test_no_debarment_list_of_the_award_day_is_no_clear_record(first: dt.date, last: dt.date, state: str) -> None:
    world = World()
    case = world.bids(world.case(award=dt.date(2021, 3, 1)), 1)
    long_ago = {"effective_date": dt.date(2018, 1, 1), "expire_date": dt.date(2018, 6, 30), "annulled": False}
    world.add("debarment", **firm_row(9), **long_ago, first_listed=first, last_listed=last)
    [signal] = [s for s in ALL if s.id == "P09"]
    [row] = signals.run(world.tables(), PERIOD, [signal], THRESHOLDS).to_pylist()
    assert (row["case_id"], row["state"]) == (case, state)
