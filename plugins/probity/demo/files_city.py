from __future__ import annotations


def write_all(*_args) -> None: ...
