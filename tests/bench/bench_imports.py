"""How long each DAG file takes to import, alone in a fresh process, and what heavy library it drags in.

The dag-processor does this for every file every half minute, and every task once: a heavy import at module level
costs each of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from probity.ops.console import table

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("great_expectations", "pandas", "duckdb", "pyarrow", "openpyxl", "scipy", "matplotlib", "sqlalchemy")
PROBE = """
import json, sys, time, importlib.util
started = time.perf_counter()
import airflow.sdk
base = time.perf_counter() - started
before = set(sys.modules)
started = time.perf_counter()
spec = importlib.util.spec_from_file_location("dag_file", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
took = time.perf_counter() - started
from airflow.sdk import DAG
dags = sum(isinstance(v, DAG) for v in vars(module).values())
new = {m.split(".")[0] for m in set(sys.modules) - before}
print(json.dumps({"base": base, "took": took, "new": sorted(new)}))
"""


def probe(path: Path) -> dict:
    """Seconds of ``import airflow.sdk`` (base), of the file itself (took), and the packages it brought in."""
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "plugins")]),
        "AIRFLOW_HOME": "/nonexistent",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(path)], env=env, capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode:
        raise RuntimeError(f"{path.name} cannot be imported:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main(argv: list[str]) -> int:
    """Print a line a DAG file; 1 when one of them drags a heavy library in."""
    repeat = int(argv[0]) if argv else 3
    rows = []
    dragged = False
    for path in sorted((ROOT / "dags").glob("*.py")):
        started = time.perf_counter()
        samples = [probe(path) for _ in range(repeat)]
        whole = (time.perf_counter() - started) / repeat
        heavy = sorted(set(HEAVY) & {name for sample in samples for name in sample["new"]})
        dragged = dragged or bool(heavy)
        base = min(sample["base"] for sample in samples)
        took = min(sample["took"] for sample in samples)
        rows.append((path.name, f"{base:.2f}", f"{took:.3f}", f"{whole:.2f}", " ".join(heavy) or "none"))
    table(("DAG file", "import airflow.sdk (s)", "the file itself (s)", "whole process (s)", "heavy imports"), rows)
    return 1 if dragged else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
