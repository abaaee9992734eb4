"""The score: by hand-computed points, family decay and cap, rarity, dated weight sets."""

from __future__ import annotations

import datetime as dt
import math

import pytest

from probity.selection import score
from probity.tables import SIGNAL_RESULT

from .conftest import Month, table

WEIGHTS = {"default": 1.0, "decay": 0.5, "family_cap": 2.0, "families": {"screens": 2.0}, "signals": {"A": 3.0}}


def fired(*rows: tuple[str, str, float | None]) -> object:
    return table(SIGNAL_RESULT, [{"case_id": c, "signal_id": s, "state": "fired", "strength": x} for c, s, x in rows])


def test_own_weight_then_family_then_default() -> None:
    assert score.weight_of("A", "screens", WEIGHTS) == 3.0
    assert score.weight_of("B", "screens", WEIGHTS) == 2.0
    assert score.weight_of("new", None, WEIGHTS) == 1.0


def test_five_screens_of_a_family_do_not_outvote_two_others() -> None:
    screens = [("c1", f"S{i}", 1.0) for i in range(5)]
    result = fired(*screens, ("c2", "X", 1.0), ("c2", "Y", 1.0))
    families = {f"S{i}": "one" for i in range(5)} | {"X": "x", "Y": "y"}
    plain = WEIGHTS | {"families": {}, "signals": {}}
    totals = score.scores(score.parts(result, families, plain))
    assert totals["c1"] == pytest.approx(1 + 0.5 + 0.25 + 0.125 + 0.0625)
    assert totals["c2"] == 2.0


def test_family_cap_scales_every_part_of_the_family() -> None:
    parts = score.parts(fired(("c", "A", 1.0), ("c", "B", 1.0)), {"A": "screens", "B": "screens"}, WEIGHTS)
    assert parts["points"].to_list() == [1.5, 0.5]
    assert parts["weight"].to_list() == [3.0, 2.0]


def test_strength_scales_and_none_counts_whole() -> None:
    parts = score.parts(fired(("c", "X", 0.25), ("d", "X", None)), {}, WEIGHTS)
    assert parts.set_index("case_id")["points"].to_dict() == {"c": 0.25, "d": 1.0}


def test_a_signal_that_fires_on_many_cases_tells_less() -> None:
    rule = {"share": 0.10, "floor": 0.2, "min_assessable": 30}
    assert score.rarity(10, 100, rule) == 1.0
    assert score.rarity(45, 100, rule) == pytest.approx(math.log(100 / 45) / math.log(10))
    assert score.rarity(100, 100, rule) == 0.2
    assert score.rarity(20, 20, rule) == 1.0


def test_weight_sets_are_dated() -> None:
    old = {"version": "a", "effective_from": dt.date(2020, 1, 1)}
    sets = {"sets": [old, {"version": "b", "effective_from": "2021-07-01"}]}
    assert score.weight_set(sets, dt.date(2021, 6, 30))["version"] == "a"
    assert score.weight_set(sets, dt.date(2021, 7, 1))["version"] == "b"
    with pytest.raises(ValueError, match="in force"):
        score.weight_set(sets, dt.date(2019, 12, 31))


def test_the_shipped_weights_serve_every_year(month: Month) -> None:
    assert score.weight_set(month.weights, dt.date(2010, 1, 31))["version"] == "initial"
    assert score.weight_set(month.weights, dt.date(2010, 1, 31), "works")["version"] == "works-initial"


def test_a_family_has_its_own_weights() -> None:
    day = dt.date(2021, 1, 1)
    whole = {f: {"sets": [{"version": f, "effective_from": day}]} for f in ("procurement", "works")}
    assert score.weight_set(whole, day)["version"] == "procurement"
    assert score.weight_set(whole, day, "works")["version"] == "works"
    one = whole["works"]["sets"][0]
    assert score.weight_set(whole["works"], day, "works") == score.weight_set(one, day, "works") == one


def valued(values: dict[str, float | None], signal: str = "I07") -> object:
    rows = [
        {"case_id": c, "signal_id": signal, "state": "not_assessable" if v is None else "clear", "value": v}
        for c, v in values.items()
    ]
    return table(SIGNAL_RESULT, rows)


def test_graded_parts_stand_at_zero_until_they_are_learnt() -> None:
    values = valued({"a": 0.01, "b": 0.5, "c": 0.6, "d": 0.9, "unknown": None})
    untaught = WEIGHTS | {"graded": {"signals": ["I07"]}}
    parts = score.parts(values, {"I07": "screens"}, untaught)
    assert parts["signal_id"].to_list() == ["I07:low", "I07:low", "I07:high", "I07:high"]
    assert parts["strength"].to_list() == [0.75, 0.25, 0.25, 0.75]
    assert parts["points"].to_list() == [0.0] * 4
    taught = untaught | {"signals": {"I07:low": 2.0, "I07:high": -2.0}}
    parts = score.parts(values, {"I07": "screens"}, taught)
    assert parts["points"].to_list() == [1.5, 0.5, -0.5, -1.5]
    assert score.scores(parts).to_dict() == {"a": 1.5, "b": 0.5, "c": 0.0, "d": 0.0}
