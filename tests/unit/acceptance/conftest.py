"""The shipped rules, and an invented project."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from probity import config
from probity.settings import ROOT


@pytest.fixture(scope="session")
def rules() -> dict[str, Any]:
    return config.load(ROOT / "include" / "config", "acceptance")


@pytest.fixture(scope="session")
def defects() -> dict[str, Any]:
    return config.load(ROOT / "include" / "config", "defects")


@pytest.fixture
def project() -> dict[str, Any]:
    return {
        "case_id": "3.99.10|A110001",
        "agency_key": "3.99.10",
        "agency_name": "測試市政府建設局",
        "case_no": "A110001",
        "title": "測試路路面改善工程",
        "facility": "road",
        "district": "測試區",
        "tender_notice_date": dt.date(2020, 9, 1),
        "start_date": dt.date(2020, 11, 2),
        "station_start": 350.0,
        "station_end": 2575.5,
        "width_m": 4.0,
        "thickness_cm": 5.0,
    }
