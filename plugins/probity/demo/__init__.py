"""The demo city: an invented city's procurement files, in the real formats and with the real dirt.

In: an empty folder, a seed, the months wanted. Out: a drop folder as the city's data owners would leave it
(award csv, notice index, half-month XML, notice details, the city's own list, the debarment feed, agency and
auditor lists, earlier audit results), and a ``Truth`` that knows every planted irregularity. The truth is never
written into the drop folder. Why: a job can only be shown, tested and measured on data whose answer is known and
in which no real firm or person stands.

Everything is invented: agency codes begin with 3.99 (no such city), 統編 lie in 0000xxxx-0003xxxx (valid by the
mod-5 rule, below anything met in real award data), firm names join two images ("霧藍鯨營造有限公司"), persons
carry legendary two-character surnames, phone numbers the area code (00), links the top-level domain ``.example``.
"""

from __future__ import annotations

from pathlib import Path

from probity.demo.bulk import generate_awards_csv
from probity.demo.model import Planted, Truth

__all__ = ["Planted", "Truth", "generate", "generate_awards_csv"]


def generate(out: Path, seed: int, months: list[str], size: str = "demo") -> Truth:
    """Write the demo city's drop folder for ``months`` (such as ``["2021-01"]``) into ``out``.

    ``size`` is ``demo`` (about 350 notices a month and 24 lighter months of history) or ``tiny`` (for tests).
    Same arguments, same bytes. Returns what was planted. ValueError for a size or month it does not know.
    """
    from probity.demo.corpus import write_corpus

    return write_corpus(out, seed, months, size)
