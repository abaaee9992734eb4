"""The running office, started once for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.scheduler import desk


@pytest.fixture(scope="package")
def office() -> Iterator[desk.Desk]:
    """PostgreSQL, mailbox and Airflow over the tiny city. Each module works on months of its own."""
    with desk.opened() as running:
        yield running
