"""Chromium over a running office. Debian's browser by Playwright; where there is none the tests say so and are
skipped (in CI that is a failure; ``.ci/run`` installs it)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.integration.scheduler import desk

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("PROBITY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip("no Chromium (apt install chromium, or set PROBITY_CHROMIUM)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def office() -> Iterator[desk.Desk]:
    with desk.opened() as running:
        yield running


@pytest.fixture
def visit(chromium: Browser, office: desk.Desk, tmp_path: Path) -> Iterator[Callable[[str | None], Page]]:
    """``visit(user)``: a page in a browser session of its own, logged in through the login form (None: not)."""
    contexts: list[BrowserContext] = []
    airflow = office.stack.airflow
    assert airflow is not None

    def open_page(user: str | None) -> Page:
        context = chromium.new_context(base_url=airflow.url, locale="zh-TW", viewport={"width": 1400, "height": 1000})
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        if user is not None:
            page.goto("/")
            page.locator("input[name=username]").fill(user)
            page.locator("input[name=password]").fill(airflow.passwords()[user])
            page.locator("button[type=submit]").click()
            page.wait_for_url(lambda url: "/login" not in url)
        return page

    yield open_page
    for context in contexts:
        context.close()
