"""The gate on corrections: each bad answer fails the one check that names its cell, and no good one is touched."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from probity import config, defects, gates
from probity.calendar import Period
from probity.settings import ROOT
from tests.unit.defects.lives import day, decided, found, reported, table

FOLDER = ROOT / "include" / "config"
FIRST, SHUT = found("A-D01"), found("A-D02")
EARLIER = reported(SHUT, "03-10")
KNOWN = [FIRST, SHUT, EARLIER, decided("closed", SHUT, "03-12", EARLIER, evidence="後.jpg")]
ELSEWHERE = found("X-D01")

GOOD = [
    reported(FIRST, "03-15"),
    reported(FIRST, "03-15", evidence=None, corrected_date=None, extension_to="2021-04-30"),
]
BAD = {
    "answers.known": reported(ELSEWHERE, "03-15"),
    "answers.open": reported(SHUT, "03-15"),
    "answers.after": reported(FIRST, "03-04"),
    "answers.corrected": reported(FIRST, "03-15", corrected_date="2021-03-16"),
    "answers.evidence": reported(FIRST, "03-15", evidence=None),
    "answers.extension": reported(FIRST, "03-15", evidence=None, corrected_date=None, extension_to="2021-03-20"),
}


def judged(*answers: dict[str, Any], files: list[dict[str, Any]] | None = None) -> Any:
    events = table(*KNOWN, *answers)
    listed = defects.register(table(*KNOWN), day("03-15"), config.load(FOLDER, "defects"))
    context = {"period": Period.parse("2021-03-15"), "answers": [a["event_id"] for a in answers], "files": files or []}
    return gates.run("correction", {"defect_event": events, "defect": listed}, context, config.load(FOLDER, "gates"))


def test_good_answers_pass() -> None:
    result = judged(*GOOD)
    assert result.outcome == "pass" and result.kept["defect_event"].num_rows == len(KNOWN) + len(GOOD)
    assert judged().outcome == "pass", "a day without answers"


@pytest.mark.parametrize("check", BAD)
def test_a_bad_answer_is_set_aside_by_its_own_check(check: str) -> None:
    result = judged(*GOOD, BAD[check])
    assert [c.id for c in result.failed()] == [check] and result.outcome == "quarantine"
    kept = set(result.kept["defect_event"]["event_id"].to_pylist())
    assert BAD[check]["event_id"] not in kept and {g["event_id"] for g in GOOD} <= kept
    assert result.counts["defect_event"] == {"in": 7, "out": 6, "quarantined": 1, "cells": 0}
    assert "坑洞" not in gates.message(result)


def test_many_bad_answers_do_not_hold_up_the_others() -> None:
    bad = [reported(FIRST, "03-15", evidence=None, corrected_date=f"2021-03-{n:02d}") for n in range(6, 15)]
    result = judged(*GOOD, *bad)
    assert result.outcome == "quarantine" and result.quarantined.num_rows == len(bad)


def test_a_file_with_unreadable_cells_is_told() -> None:
    file = {"file_name": "回報.xlsx", "digest": "d", "source_id": "correction_form", "refused": None, "quarantine": "q"}
    result = judged(*GOOD, files=[file])
    assert [c.id for c in result.failed()] == ["answers.files"] and result.outcome == "quarantine"


def test_without_the_list_nothing_can_be_judged() -> None:
    context = {"period": Period.parse("2021-03-15"), "answers": [], "files": []}
    tables: dict[str, pa.Table] = {"defect_event": table(*KNOWN)}
    assert gates.run("correction", tables, context, config.load(FOLDER, "gates")).outcome == "stop"
