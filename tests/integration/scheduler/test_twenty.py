"""Twenty backfills in a row, each of one month, each started while the runs of those before are still at work.

Airflow allows one active backfill a DAG and looks for finished ones every 30 seconds; the officer here closes each
one as soon as its run is under way, so that up to twenty runs share the four task slots. On SQLite the same lost
runs (DESIGN.md, decision 9).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from probity.delivery.model import OutboxMail
from probity.store import model, trail
from tests.integration.scheduler.desk import JOB, Desk

pytestmark = [pytest.mark.slow, pytest.mark.airflow]

# Ten months, each backfilled twice: first new, then reprocessed. 2019 lies before the city's first notice.
WITH_DATA = tuple(f"2020-{n:02d}" for n in range(1, 8))
WITHOUT = ("2019-10", "2019-11", "2019-12")
MONTHS = WITHOUT + WITH_DATA


@dataclass(frozen=True)
class Twenty:
    """The runs in the order asked for (month, run id), their states, the backfills' runs before and after."""

    runs: list[tuple[str, str]]
    states: dict[str, str]
    before: Counter[str]
    after: Counter[str]
    selections: dict[str, list[dict[str, Any]]]


def _count(office: Desk) -> Counter[str]:
    return Counter(office.backfilled().values())


@pytest.fixture(scope="module")
def twenty(office: Desk) -> Twenty:
    before = _count(office)
    runs: list[tuple[str, str]] = []
    for months in (MONTHS, MONTHS):
        for month in months:
            made = office.backfill(month, month, reprocess="completed")
            runs += made.items()
        office.carry([run for _, run in runs])
    states = office.carry([run for _, run in runs])
    for month in WITH_DATA:
        office.delivered(month)
    return Twenty(runs, states, before, _count(office), {m: office.selections(m) for m in MONTHS})


def test_no_run_is_lost(twenty: Twenty) -> None:
    assert [month for month, _ in twenty.runs] == [*MONTHS, *MONTHS]
    assert len({run for _, run in twenty.runs}) == 20
    assert Counter(twenty.states.values()) == {"success": 20}
    assert twenty.after - twenty.before == Counter(dict.fromkeys(MONTHS, 2))
    assert twenty.before - twenty.after == Counter()


def test_each_month_with_data_has_one_selection_and_the_others_none(office: Desk, twenty: Twenty) -> None:
    for month in WITH_DATA:
        assert [(s["revision"], s["state"]) for s in twenty.selections[month]] == [(1, "approved")]
        assert office.published(f"PA-{month}-r1")
    for month in WITHOUT:
        assert twenty.selections[month] == []


def test_nobody_was_asked_twice_and_every_mail_left_once(office: Desk, twenty: Twenty) -> None:
    again = [run for month, run in twenty.runs[len(MONTHS) :] if month in WITH_DATA]
    assert [office.asked[run] for run in again] == [0] * len(WITH_DATA)
    for month in WITH_DATA:
        mails = office.rows(OutboxMail, OutboxMail.report_id == f"{JOB}/{month}")
        assert len(mails) == 2
        assert [len(office.mails(m["message_id"])) for m in mails] == [1, 1]


def test_the_trail_bears_twenty_backfills(office: Desk, twenty: Twenty) -> None:
    verdict = trail.verify(office.engine, office.settings)
    assert verdict.ok, (verdict.reason, verdict.detail)
    decided = office.rows(model.TrailRecord, model.TrailRecord.key.contains("/decide/"))
    assert {m for m in MONTHS for d in decided if f"/{m}/decide/" in d["key"]} == set(WITH_DATA)
