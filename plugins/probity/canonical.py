"""Canonical JSON and digests: the bytes that are hashed, signed and compared.

In: plain Python values. Out: RFC 8785-shaped bytes (sorted keys, no blanks, UTF-8) and SHA-256 hex.
Floats are refused unless finite; money travels as int or str, so no reader can round it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from pathlib import Path
from typing import Any

Json = Any


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"canonical JSON takes no {value!r}")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, dict):
        if not all(isinstance(k, str) for k in value):
            raise TypeError("canonical JSON takes only text keys")
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if hasattr(value, "item"):  # NumPy scalars
        return _plain(value.item())
    raise TypeError(f"canonical JSON takes no {type(value).__name__}")


def dumps(value: Json) -> str:
    """``value`` as canonical JSON text. Raises TypeError or ValueError for what JSON cannot carry exactly."""
    return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(value: Json) -> str:
    """SHA-256 (hex) of the canonical JSON of ``value``."""
    return sha256(dumps(value).encode())


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 (hex) of a file, read in blocks."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
