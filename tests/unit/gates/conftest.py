"""The shipped gates.yaml, and Great Expectations imported once for all tests of this room."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from probity import config, gates
from probity.settings import ROOT


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    gates.warm()


@pytest.fixture(scope="session")
def shipped() -> dict[str, Any]:
    return config.load(ROOT / "include" / "config", "gates")


@pytest.fixture
def rules(shipped: dict[str, Any]) -> dict[str, Any]:
    """gates.yaml, free to be changed by the test."""
    return copy.deepcopy(shipped)
