"""The office's words and limits for every check: include/config/gates.yaml, read and checked.

In: the YAML as a dict. Out: ``Words``. Why: who mends what, and how grave it is, is the office's decision, not code.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from probity.gates.checks import Check
from probity.gates.model import OUTCOMES

SEVERITIES = OUTCOMES[1:]
SHARE_KINDS = ("not_null", "true")
"""Kinds that take ``max_share``: both count all rows, so that Great Expectations' ``mostly`` means the same."""
SET_ASIDE_BEFORE = ("files", "changes", "conflicts", "dates")
"""Frames of facts about what was set aside before the gate, at reading or merging: a check on them may say so."""


@dataclass(frozen=True)
class Entry:
    """One check's severity, limits and sentences, before the figures of a run are put in."""

    severity: str
    who: str
    message: str
    expected: str
    action: str
    args: dict[str, Any]


class Words:
    """gates.yaml. ValueError names the entry that is missing or wrong."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.config = config
        self.roles: Mapping[str, Any] = config["roles"]
        self.limits: Mapping[str, Any] = config["limits"]
        self.texts: Mapping[str, Any] = config["texts"]

    def entry(self, check: Check) -> Entry:
        try:
            raw = self.config["checks"][check.id]
        except KeyError:
            raise ValueError(f"gates.yaml: check {check.id} has no entry") from None
        for part in ("severity", "who", "message", "expected", "action"):
            if not str(raw.get(part) or "").strip():
                raise ValueError(f"gates.yaml: check {check.id} lacks {part}")
        if raw["severity"] not in SEVERITIES:
            raise ValueError(f"gates.yaml: check {check.id}: severity is one of {SEVERITIES}")
        if raw["who"] not in self.roles:
            raise ValueError(f"gates.yaml: check {check.id}: no role {raw['who']}")
        args = dict(raw.get("args") or {})
        if "max_share" in args and check.kind not in SHARE_KINDS:
            raise ValueError(f"gates.yaml: check {check.id}: kind {check.kind} takes no max_share")
        if raw["severity"] == "quarantine" and check.frame not in SET_ASIDE_BEFORE and not check.aside:
            raise ValueError(f"gates.yaml: check {check.id} cannot quarantine: it says of no row what to set aside")
        return Entry(raw["severity"], raw["who"], raw["message"], raw["expected"], raw["action"], args)

    def check_all(self, checks: list[Check]) -> None:
        """Raises ValueError unless every check has an entry and every entry a check."""
        for check in checks:
            self.entry(check)
        if orphans := sorted(set(self.config["checks"]) - {c.id for c in checks}):
            raise ValueError(f"gates.yaml: entries without a check: {orphans}")

    def role(self, who: str) -> str:
        return str(self.roles[who]["name"])


def figures(args: Mapping[str, Any]) -> dict[str, str]:
    """Limits as text for the sentences: numbers grouped, shares in per cent, sets joined."""
    out = {}
    for name, value in args.items():
        if name == "max_share":
            out[name] = f"{float(value):.1%}"
        elif isinstance(value, (list, tuple)):
            out[name] = "、".join(str(v) for v in value)
        elif isinstance(value, int) or (isinstance(value, float) and math.isfinite(value) and value == int(value)):
            out[name] = f"{int(value):,}"
        else:
            out[name] = str(value)
    return out


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "－"


def fill(text: str, values: Mapping[str, Any]) -> str:
    """``text`` with {name} replaced; a figure that is not known is a dash."""
    return text.format_map(_Blank({k: str(v) for k, v in values.items()}))
