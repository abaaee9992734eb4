"""The sentences a job says to an operator: Jinja templates in ``include/templates/jobs``, never Python strings.

In: a template's name and its facts. Out: text in Traditional Chinese.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from probity import config
from probity.settings import ROOT

FOLDER = ROOT / "include" / "templates" / "jobs"


@lru_cache(maxsize=8)
def _environment(folder: Path) -> Environment:
    # Plain text and Markdown for Airflow's own renderer, so nothing is HTML-escaped here; values that come from
    # files never enter these templates, only counts, digests and periods.
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )


@lru_cache(maxsize=8)
def _names(folder: Path) -> dict[str, str]:
    loaded: dict[str, str] = config.parse((folder / "names.yaml").read_text(encoding="utf-8"))
    return loaded


def job_name(job: str, folder: Path = FOLDER) -> str:
    """The job's Chinese name (names.yaml); KeyError for a job that has none."""
    return _names(folder)[job]


def text(name: str, /, folder: Path = FOLDER, **facts: Any) -> str:
    """The template ``<name>.txt`` filled with ``facts``; a fact that is missing raises UndefinedError."""
    return _environment(folder).get_template(f"{name}.txt").render(**facts).strip()
