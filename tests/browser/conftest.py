"""The real stack with one month of a tiny city up to its approval, and Debian's Chromium in front of it.

Without Chromium every test here is skipped and says so; CI installs it (.ci/run) and counts a skip as a failure.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from probity.demo import generate
from probity.ops import demo
from probity.ops.airflow_process import USERS, AirflowOptions
from probity.ops.stack import Stack
from probity.settings import Settings

PERIOD = "2021-03"
SELECTION = "PA-2021-03-r1"
GUEST = "guest"
FLAGS = [
    "--no-sandbox",  # Chromium refuses its sandbox as root in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser: ``PROBITY_CHROMIUM``, or the system's."""
    found = os.environ.get("PROBITY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no Chromium on this machine: the browser tests need it (Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright (requirements.txt)")
    with api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def stack(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Airflow over a tiny city; the month waits for its approver. ``guest`` may look at Airflow and no more."""
    home = tmp_path_factory.mktemp("office") / "home"
    settings = Settings(
        home=home,
        drop=home / "drop",
        database_url="",
        smtp_url="",
        mail_from="probity@ethics.example.gov.tw",
    )
    users = ",".join(f"{name}:{role}" for name, role in {**USERS, GUEST: "viewer"}.items())
    options = AirflowOptions(eager=True, extra_env={"CORE__SIMPLE_AUTH_MANAGER_USERS": users})
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PROBITY_SMTP_URL", raising=False)  # the mails go to a mailbox of this test's own
        running = Stack(settings, options=options, throwaway=True)
    try:
        running.start(meanwhile=lambda ready: generate(ready.drop, 110, ["2021-02", PERIOD], "tiny"))
        assert running.airflow is not None
        with running.airflow.api("officer") as api:
            demo.unpause_all(api)
            api.trigger(demo.JOB, partition_key=PERIOD)
            eventually(lambda: api.waiting(demo.JOB), "the month never came to its approval", 180, running)
        yield running
    finally:
        running.stop()


def eventually(what: Callable[[], Any], otherwise: str, seconds: float, running: Stack | None = None) -> Any:
    """The first true value of ``what``; AssertionError ``otherwise`` when it does not come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := what():
            return found
        if running is not None and running.airflow is not None:
            running.airflow.check()
        time.sleep(0.3)
    raise AssertionError(otherwise)


@dataclass
class Person:
    """A person at the browser. ``outside``: what their pages asked of other servers; ``errors``: refused by the
    content security policy or broken scripts."""

    name: str
    page: Any
    url: str
    shots: Path
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, path: str) -> Any:
        """Go to a page; returns its answer."""
        return self.page.goto(self.url + path)

    def text(self) -> str:
        return str(self.page.inner_text("body"))

    def shot(self, name: str) -> None:
        self.page.screenshot(path=self.shots / f"{self.name}-{name}.png")

    def log_in(self, password: str) -> None:
        """Fill Airflow's login form, wherever it stands, and wait until it lets us in."""
        self.page.fill("input[name=username]", self.name)
        self.page.fill("input[name=password]", password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/auth/login" not in url)


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Screenshots for a person to look at: ``PROBITY_SHOTS``, or a temporary folder."""
    folder = Path(os.environ.get("PROBITY_SHOTS") or tmp_path_factory.mktemp("shots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def somebody(browser: Any, stack: Stack, shots: Path) -> Iterator[Callable[..., Person]]:
    """Seats a person at a browser of their own, logged in unless ``login`` is False."""
    contexts = []

    def seat(name: str, login: bool = True, **options: Any) -> Person:
        assert stack.airflow is not None
        view = {"viewport": {"width": 1400, "height": 1000}, "locale": "zh-TW", "timezone_id": "Asia/Taipei"}
        context = browser.new_context(**{**view, **options})
        context.set_default_timeout(30_000)
        contexts.append(context)
        person = Person(name, context.new_page(), stack.airflow.url, shots)
        own = (person.url, "data:", "blob:")
        context.on("request", lambda r: None if r.url.startswith(own) else person.outside.append(r.url))
        person.page.on("pageerror", lambda error: person.errors.append(str(error)))
        person.page.on(
            "console", lambda m: person.errors.append(m.text) if "Content Security Policy" in m.text else None
        )
        if login:
            person.open("/")
            person.log_in(stack.airflow.passwords()[name])
        return person

    yield seat
    for context in contexts:
        context.close()
