"""Templates: the one place where report text comes from.

In: a templates folder and plain values. Out: text. HTML templates (``*.html``) are autoescaped; an unknown name in
any template is an error, never an empty string.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from probity import config
from probity.settings import ROOT
from probity.text import roc_date

TEMPLATES = ROOT / "include" / "templates"


def as_date(value: Any) -> dt.date | None:
    """A date of a date, a timestamp or ISO text; None stays None."""
    if value is None or value == "":
        return None
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    return dt.date.fromisoformat(str(value)[:10])


def roc(value: Any) -> str:
    """110年3月15日 of a date, a timestamp or ISO text; empty for None."""
    date = as_date(value)
    return roc_date(date) if date else ""


def _money(value: Any) -> str:
    return "" if value is None or value == "" else f"{int(value):,}"


def _percent(value: Any, digits: int = 1) -> str:
    return "" if value is None else f"{float(value) * 100:.{digits}f}%"


@lru_cache(maxsize=8)
def environment(templates: Path = TEMPLATES) -> Environment:
    """The Jinja environment over ``templates`` with the filters roc, money and percent."""
    env = Environment(
        loader=FileSystemLoader(templates),
        autoescape=select_autoescape(["html"], default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters |= {"roc": roc, "money": _money, "percent": _percent}
    return env


def text(template: str, values: dict[str, Any], templates: Path = TEMPLATES) -> str:
    """The file ``template`` of ``templates`` filled with ``values``."""
    return environment(templates).get_template(template).render(values)


def line(source: str, values: dict[str, Any], templates: Path = TEMPLATES) -> str:
    """A one-line template given as text (from a layout), filled with ``values``; never escaped."""
    return environment(templates).from_string(source).render(values).strip()


@lru_cache(maxsize=32)
def layout(name: str, templates: Path = TEMPLATES) -> dict[str, Any]:
    """The YAML file ``name`` of ``templates``. One that ``extends`` another holds only what differs: mappings are
    merged, anything else stands in place of what it replaces."""
    loaded: dict[str, Any] = config.parse((templates / name).read_text(encoding="utf-8"))
    base = loaded.pop("extends", None)
    return merged(layout(base, templates), loaded) if base else loaded


def merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """``base`` with ``own`` laid over it, mapping by mapping."""
    out = dict(base)
    for key, value in own.items():
        below = out.get(key)
        out[key] = merged(below, value) if isinstance(value, Mapping) and isinstance(below, Mapping) else value
    return out
