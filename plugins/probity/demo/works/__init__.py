"""The demo city's works: projects, permits, complaints, contractors, earlier inspections, and the people who inspect.

In: a seed, the months. Out: files in the real formats in the drop folder, a ``Truth`` (which signal each planted
project must fire) that is never written there, and later the filled inspection and correction forms. Firms, persons
and roads are invented; districts carry the names of the model city's, because their list is the office's own setting.
"""

from __future__ import annotations

from pathlib import Path

from probity.demo.works.people import answer, forms_day, inspect
from probity.demo.works.projects import Truth

__all__ = ["Truth", "answer", "forms_day", "generate", "inspect", "truth"]


def generate(out: Path, seed: int, months: list[str], size: str = "demo") -> Truth:
    """Write the works files for ``months`` into ``out``, beside those of ``probity.demo.generate`` with the same
    arguments. Same arguments, same bytes. ValueError as there."""
    from probity.demo.works.files import write_files
    from probity.demo.works.projects import world

    made = world(seed, months, size)
    write_files(out, made)
    return made.truth


def truth(seed: int, months: list[str], size: str = "demo") -> Truth:
    """What ``generate`` plants with the same arguments; nothing is written."""
    from probity.demo.works.projects import world

    return world(seed, months, size).truth
