"""One tiny demo corpus for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from probity.demo import Truth, generate

MONTHS = ["2021-01", "2021-02"]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    out = tmp_path_factory.mktemp("drop")
    return out, generate(out, 110, MONTHS, "tiny")


@pytest.fixture(scope="session")
def drop(corpus: tuple[Path, Truth]) -> Path:
    return corpus[0]


@pytest.fixture(scope="session")
def truth(corpus: tuple[Path, Truth]) -> Truth:
    return corpus[1]


@pytest.fixture(scope="session")
def digests() -> Callable[[Path], dict[str, str]]:
    from probity.canonical import file_digest

    return lambda folder: {
        p.relative_to(folder).as_posix(): file_digest(p) for p in sorted(folder.rglob("*")) if p.is_file()
    }
