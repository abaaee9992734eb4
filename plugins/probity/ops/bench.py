"""``./probity bench [NAME]``: the benchmarks of ``tests/bench``, each a module ``bench_<name>`` with ``main(argv)``.

In: a name, or none for all. Out: the tables they print. Each of several runs in a process of its own, so that one's
memory does not count as another's.
"""

from __future__ import annotations

import importlib
import subprocess
import sys

from probity.ops.words import text
from probity.settings import ROOT

FOLDER = ROOT / "tests" / "bench"


def names() -> list[str]:
    """The benchmarks that there are."""
    return sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))


def run(name: str | None, arguments: list[str]) -> int:
    """Run one benchmark here, or all of them one after the other; 2 when there is none of that name."""
    if name is None:
        codes = []
        for each in names():
            print(text("test_part", name=each), flush=True)
            codes.append(subprocess.run([sys.executable, "-m", "probity", "bench", each], check=False).returncode)
        return max(codes, default=0)
    if name not in names():
        print(text("bench_none", name=name, names=" ".join(names())))
        return 2
    sys.path.insert(0, str(ROOT))
    module = importlib.import_module(f"tests.bench.bench_{name}")
    return int(module.main(arguments) or 0)
