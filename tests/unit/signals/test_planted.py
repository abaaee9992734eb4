"""From the demo city's files to signals: every planted irregularity fires its signal, no honest look-alike does."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from probity import config, demo, settings, signals, sources
from probity.calendar import Period
from probity.store.objects import ObjectStore

INCLUDE = settings.ROOT / "include"


@pytest.mark.slow
def test_planted_irregularities_fire_and_honest_look_alikes_do_not(tmp_path: Path) -> None:
    months = ["2021-01", "2021-02", "2021-03"]
    drop = tmp_path / "drop"
    truth = demo.generate(drop, seed=110, months=months)
    office = settings.load({"PROBITY_HOME": str(tmp_path / "home"), "PROBITY_DROP": str(drop)})
    objects = ObjectStore(office.objects)
    ingested = [sources.ingest(a, office, objects) for a in sources.discover(drop)]
    found = signals.load_signals(INCLUDE / "sql" / "procurement")
    of_indicator: dict[str, set[str]] = defaultdict(set)
    for signal in found:
        for name in signal.indicator:
            of_indicator[name].add(signal.id)
    fired: dict[str, set[str]] = defaultdict(set)
    for month in months:
        period = Period.parse(month)
        result = signals.run(
            sources.build(ingested, period, objects, 5), period, found, config.thresholds(INCLUDE / "config")
        )
        for case_id, signal_id, state in zip(
            *(result[c].to_pylist() for c in ("case_id", "signal_id", "state")), strict=True
        ):
            if state == "fired":
                fired[case_id].add(signal_id)
    wrong = []
    for planted in truth.planted:
        name = planted.pattern if planted.pattern[0] in "PW" else f"#{planted.pattern[1:].lstrip('0')}"
        if bool(fired[planted.case_id] & of_indicator[name]) == planted.honest:
            wrong.append((planted.pattern, planted.honest, planted.why))
    assert len(truth.planted) > 100
    assert wrong == []
