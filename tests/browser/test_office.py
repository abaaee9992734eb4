"""What people do in the browser: the approver reads the restricted list and approves it; nobody else sees it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.integration.scheduler.desk import JOB, Desk

pytestmark = [pytest.mark.slow, pytest.mark.airflow, pytest.mark.browser]

Visit = Callable[[str | None], Page]


@pytest.fixture(scope="module")
def waiting(office: Desk) -> tuple[str, str]:
    """(run, selection id) of a month that waits for its approver."""
    run = office.backfill("2021-01", "2021-01")["2021-01"]
    office.wait(lambda: office.waits(run), "the request for approval")
    [selection] = office.selections("2021-01")
    return run, selection["selection_id"]


def test_the_approver_reads_the_list_and_approves_it_without_a_shell(
    office: Desk, visit: Visit, waiting: tuple[str, str]
) -> None:
    run, selection_id = waiting
    page = visit("approver")
    case = office.cases(selection_id)[0]

    page.goto(f"/probity/selections/{selection_id}")
    expect(page.locator("body")).to_contain_text(case["facts"]["title"])

    office.wait(lambda: office.waits(run), "the request for approval")
    page.goto(f"/dags/{JOB}/runs/{run}/tasks/approve/required_actions")
    expect(page.locator("body")).to_contain_text(selection_id)
    assert case["facts"]["title"] not in page.locator("body").inner_text(), "the list must not stand on Airflow's page"
    page.locator("#element_seed").fill("AB12345678")  # everything else may stay as it is
    page.get_by_test_id("hitl-option-核定").click()

    office.wait(lambda: office.officer.run(JOB, run)["state"] == "success", "the end of the approved run")
    [closed] = office.selections("2021-01")
    assert (closed["state"], closed["decided_by"], closed["seed"]) == ("approved", "approver", "AB12345678")


def test_pages_need_a_login(visit: Visit, waiting: tuple[str, str]) -> None:
    page = visit(None)
    answer = page.goto(f"/probity/selections/{waiting[1]}")
    assert answer is not None
    assert answer.status == 401


def test_the_auditor_sees_the_trail_and_cannot_start_anything(visit: Visit, waiting: tuple[str, str]) -> None:
    page = visit("auditor")
    answer = page.goto("/probity/trail")
    assert answer is not None
    assert answer.ok
    expect(page.locator("body")).to_contain_text("軌跡")
    refused = page.request.post(f"/api/v2/dags/{JOB}/dagRuns", data={"logical_date": None})
    assert refused.status in (401, 403)
