"""The example of docs/sampling.md runs as it is printed."""

from __future__ import annotations

import re

import pytest

from probity.settings import ROOT


def test_the_way_through(capsys: pytest.CaptureFixture[str]) -> None:
    code = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "sampling.md").read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    names: dict = {}
    exec(compile(code[1], "docs/sampling.md", "exec"), names)
    assert names["file"]["evaluation"]["accepted"] is True
    assert str(names["size"].n) in capsys.readouterr().out
