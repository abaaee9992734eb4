"""Which signals each planted pattern is expected to fire. Filled from the signals' own headers; see the tests."""

from __future__ import annotations

SIGNALS: dict[str, tuple[str, ...]] = {}
