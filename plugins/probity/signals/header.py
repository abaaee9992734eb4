"""Reads and checks the header of a signal's SQL file.

In: a folder of ``*.sql`` (files whose name starts with ``_`` are helper tables, not signals) and the threshold
names of ``config/thresholds.yaml``. Out: ``Signal`` objects, sorted by id.
Why: the header is what an officer reads and what the report prints, so it must not drift from the data: an unknown
column or parameter, a missing key or a second file with the same id is an error that names file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from probity import config
from probity.tables import TABLES

FAMILIES = {
    "must_watch": "應加強稽核",
    "period": "期限",
    "price": "價格",
    "competition": "競爭",
    "bids": "投標行為",
    "method": "招標方式",
    "threshold": "金額門檻",
    "supplier": "廠商",
    "contract": "履約",
    "records": "資料一致",
    "place": "地區",
    "public": "民眾反映",
    "quality": "查驗紀錄",
    "capacity": "承攬能量",
    "repeat": "重複施作",
}
MUST_WATCH = {"procurement": ("採購稽核小組作業規則第8條", 5), "works": ("工程施工查核小組作業辦法第4條第3項", 4)}
"""Family of cases -> the article that lists what comes first, and how many items it has."""
SHARED = "shared"
"""The folder of helper SQL that every family sees, beside the families' own."""
FORMAT_NAMES = ("money", "pct", "date", "num", "p", "x")  # probity.signals.wording.FORMATS
STRENGTHS = ("high", "low", "rare")
KEYS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "name_zh": str,
    "name_en": str,
    "family": str,
    "indicator": list,
    "legal_basis": str,
    "must_watch": (int, type(None)),
    "formula": str,
    "parameters": list,
    "needs": list,
    "strength": str,
    "amount": str,
    "example": str,
    "not_proof": str,
    "reason": str,
}


class HeaderError(ValueError):
    """A signal file that cannot be used; the message starts with ``file:line:``."""


@dataclass(frozen=True)
class Signal:
    """One signal. ``parameters`` are threshold names, ``needs`` are ``table.column`` of the canonical tables,
    ``strength`` says which values are more extreme (high, low, or rare: all fired cases alike).
    ``must_watch`` is the item of the family's article in MUST_WATCH, or None."""

    id: str
    name_zh: str
    name_en: str
    family: str
    indicator: tuple[str, ...]
    legal_basis: str
    must_watch: int | None
    formula: str
    parameters: tuple[str, ...]
    needs: tuple[str, ...]
    strength: str
    amount: str
    example: str
    not_proof: str
    reason_template: str
    sql: str
    path: Path

    def meta(self) -> dict[str, Any]:
        """What selection and reports need to know of a signal, as plain JSON values."""
        return {
            "signal_id": self.id,
            "name": self.name_zh,
            "name_en": self.name_en,
            "family": self.family,
            "family_zh": FAMILIES[self.family],
            "legal_basis": self.legal_basis,
            "must_watch": self.must_watch,
            "indicator": list(self.indicator),
            "formula": self.formula,
            "not_proof": self.not_proof,
        }


_BLOCK = re.compile(r"\A\s*/\*(.*?)\*/", re.DOTALL)


def load_signals(sql_dir: Path, threshold_names: Iterable[str] | None = None) -> list[Signal]:
    """Every signal of ``sql_dir``, sorted by id.

    ``threshold_names`` defaults to those of ``<sql_dir>/../../config/thresholds.yaml``, the place where the rules
    lie beside each other in the project and in a run's archived rule book.
    Raises HeaderError (a ValueError) for the first file that does not fit, naming file and line.
    """
    if threshold_names is None:
        threshold_names = {row["name"] for row in config.thresholds(sql_dir.parents[1] / "config")}
    names = set(threshold_names)
    helpers = "".join(p.read_text(encoding="utf-8") for p in sorted(sql_dir.glob("_*.sql")))
    signals: dict[str, Signal] = {}
    for path in sorted(sql_dir.glob("*.sql")):
        if path.name.startswith("_"):
            continue
        signal = parse(path, names, helpers)
        if signal.id in signals:
            raise HeaderError(f"{path.name}:1: id {signal.id} is already that of {signals[signal.id].path.name}")
        signals[signal.id] = signal
    if not signals:
        raise HeaderError(f"{sql_dir}:0: no signal files")
    return [signals[i] for i in sorted(signals)]


def parse(path: Path, threshold_names: set[str], helpers: str = "") -> Signal:
    """The signal in ``path``; ``helpers`` is the SQL of the helper tables. HeaderError names file and line."""
    text = path.read_text(encoding="utf-8")
    match = _BLOCK.match(text)
    if match is None:
        raise HeaderError(f"{path.name}:1: the file must begin with a /* ... */ header in YAML")
    first_line = text.count("\n", 0, match.start(1))
    body = match.group(1)
    try:
        node = yaml.compose(body, Loader=config.LOADER)
        values = config.parse(body)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = first_line + 1 + (mark.line if mark else 0)
        raise HeaderError(
            f"{path.name}:{line}: header is not valid YAML: {getattr(error, 'problem', error)}"
        ) from error
    if not isinstance(node, yaml.MappingNode):
        raise HeaderError(f"{path.name}:{first_line + 1}: the header must be a list of key: value")
    lines = {key.value: first_line + 1 + key.start_mark.line for key, _ in node.value}

    def fail(key: str, message: str) -> HeaderError:
        return HeaderError(f"{path.name}:{lines.get(key, first_line + 1)}: {message}")

    for key in values:
        if key not in KEYS:
            raise fail(key, f"unknown key {key}")
    for key, types in KEYS.items():
        if key not in values:
            raise fail(key, f"missing key {key}")
        if not isinstance(values[key], types):
            raise fail(key, f"{key} has the wrong type ({type(values[key]).__name__})")
        if isinstance(values[key], str) and not values[key].strip():
            raise fail(key, f"{key} is empty")
    if not re.fullmatch(r"[A-Z][0-9]{2}[A-Z]?", values["id"]):
        raise fail("id", f"id {values['id']!r} is not a letter, two digits and at most one letter")
    if not path.name.startswith(values["id"] + "_"):
        raise fail("id", f"the file name must start with {values['id']}_")
    if values["family"] not in FAMILIES:
        raise fail("family", f"unknown family {values['family']}: one of {', '.join(FAMILIES)}")
    if values["strength"] not in STRENGTHS:
        raise fail("strength", f"strength must be one of {', '.join(STRENGTHS)}")
    article, items = MUST_WATCH.get(path.parent.name, ("", 0))
    item = values["must_watch"]
    if item is not None and (item is True or item not in range(1, items + 1)):
        raise fail("must_watch", f"must_watch is an item (1 to {items}) of {article}, or null")
    for parameter in values["parameters"]:
        if parameter not in threshold_names:
            raise fail("parameters", f"unknown parameter {parameter}: not in thresholds.yaml")
        if not re.search(rf"\b{re.escape(str(parameter))}\b", text[match.end() :] + helpers):
            raise fail("parameters", f"parameter {parameter} is not used in the SQL")
    for need in values["needs"]:
        table, _, column = str(need).partition(".")
        if table not in TABLES:
            raise fail("needs", f"unknown table {table} in {need}")
        if column not in TABLES[table].names:
            raise fail("needs", f"unknown column {column} in {need}")
    fields = set(re.findall(r"\{([a-z_0-9]+)(?::[a-z]+)?\}", values["reason"]))
    for name in re.findall(r"\{[a-z_0-9]+:([a-z]+)\}", values["reason"]):
        if name not in FORMAT_NAMES:
            raise fail("reason", f"unknown format {name}: one of {', '.join(FORMAT_NAMES)}")
    evidence = set(_evidence_keys(text[match.end() :]))
    for name in sorted(fields - {"value", "threshold", "amount"}):
        if name not in evidence:
            raise fail("reason", f"the reason uses {{{name}}}, which is not in the evidence")
    return Signal(
        id=values["id"],
        name_zh=values["name_zh"],
        name_en=values["name_en"],
        family=values["family"],
        indicator=tuple(str(i) for i in values["indicator"]),
        legal_basis=_tidy(values["legal_basis"]),
        must_watch=values["must_watch"],
        formula=_tidy(values["formula"]),
        parameters=tuple(values["parameters"]),
        needs=tuple(values["needs"]),
        strength=values["strength"],
        amount=values["amount"].strip(),
        example=_tidy(values["example"]),
        not_proof=_tidy(values["not_proof"]),
        reason_template=_tidy(values["reason"]),
        sql=text[match.end() :].strip().rstrip(";"),
        path=path,
    )


def _tidy(text: str) -> str:
    """One line; the blank that YAML puts where a line of Chinese was broken goes away."""
    return re.sub(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])", "", " ".join(text.split()))


def _evidence_keys(sql: str) -> list[str]:
    """The keys of all ``{'key': ...}`` structs of the SQL, the evidence among them."""
    return re.findall(r"'([a-z_0-9]+)'\s*:", sql)
