"""Each signal on its own small world: one case fires, one just does not, one cannot be assessed."""

from __future__ import annotations

import json

import pytest

from probity import canonical, config, settings, signals
from tests.unit.signals.fixtures import FIXTURES
from tests.unit.signals.world import PERIOD, World

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
