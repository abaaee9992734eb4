"""``./probity bench sampling``: draws of 1,000,000 candidates, monetary-unit selection of 1,000,000 rows, exact plans.

In: ``--rows N``, ``--points N``, ``--repeat N``. Out: a table a question, best of the repeats, all in one run; exit
code 1 when a baseline draws otherwise, or a goal is missed (draw 1.5 s, monetary units 0.5 s).

Baselines:
* draw: the published rule in pure Python, a ticket a candidate, all sorted (as the reference program consistent_sampler
  does it); with weights: the same with fractions;
* monetary units: numpy as an able analyst writes it (cumsum, searchsorted, binary floats), and a search for each point
  as the R package does (first row whose cumulated amount reaches it; on every 20th point, its time multiplied);
* plans: the same search for n with scipy's binary floats. Plans on which the two differ are counted, not hidden.

Data are invented and the same each time. Seconds include the check for repeated ids, the commitment where named.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import stats

from probity import draw, tickets
from probity.sampling import Line, Model, NoPlan, UnitPlan, plan, select, systematic_rows

SEED = "1100405"
DRAW_GOAL, MONEY_GOAL = 1.5, 0.5
EACH = 20


def timed(run: Callable[[], Any], repeat: int) -> tuple[float, Any]:
    best, result = math.inf, None
    for _ in range(repeat):
        started = time.perf_counter()
        result = run()
        best = min(best, time.perf_counter() - started)
    return best, result


def plain_ticket(prefix: str, identifier: str) -> str:
    number = int(hashlib.sha256((prefix + identifier).encode()).hexdigest(), 16)
    return "0." + f"{number:064d}"[::-1]


def plain_draw(ids: list[str], n: int, weights: dict[str, int] | None = None) -> list[str]:
    """The published rule, nothing more."""
    prefix = hashlib.sha256(SEED.encode()).hexdigest()
    if weights is None:
        return [i for _, i in sorted((plain_ticket(prefix, i), i) for i in ids)[:n]]
    return [i for _, i in sorted((Fraction(plain_ticket(prefix, i)) / weights[i], i) for i in ids)[:n]]


def numpy_points(amounts: np.ndarray, n: int, share: float) -> np.ndarray:
    ends, interval = np.cumsum(amounts), amounts.sum() / n
    return np.searchsorted(ends, (share + np.arange(n)) * interval)


def search_points(amounts: np.ndarray, n: int, share: float) -> float:
    """Seconds that a search for each point takes, from every 20th."""
    started = time.perf_counter()
    interval = amounts.sum() / n
    for k in range(0, n, EACH):
        np.flatnonzero(np.cumsum(amounts) >= (share + k) * interval)[0]
    return (time.perf_counter() - started) * EACH


def float_plan(confidence: float, tolerable: float, expected: float, top: int = 5000) -> int | None:
    """The search in binary floats."""
    for n in range(1, top + 1):
        x = math.ceil(n * expected)
        if x < n and stats.beta.ppf(confidence, x + 1, n - x) < tolerable:
            return n
    return None


def grid() -> list[tuple[str, str, str]]:
    rates = [Fraction(i, 400) for i in range(17)] + [Fraction(i, 100) for i in range(5, 8)]
    levels, limits = ("0.9", "0.95"), ("0.05", "0.06", "0.07", "0.08")
    return [(c, t, str(float(e))) for c in levels for t in limits for e in rates if e <= Fraction(t) - Fraction(1, 100)]


def exact_plan(confidence: str, tolerable: str, expected: str) -> int | None:
    try:
        return plan(Model("binomial"), confidence, tolerable, expected).n
    except NoPlan:
        return None


def row(name: str, seconds: float, baseline: float | None = None, note: str = "") -> None:
    ratio = "" if baseline is None else f"{baseline / seconds:8.2f} x"
    other = "" if baseline is None else f"{baseline:9.3f} s"
    print(f"{name:58s} {seconds:9.3f} s {other:>11s} {ratio:>10s}  {note}")


def draws(rows: int, n: int, repeat: int) -> bool:
    ids = [f"3.87.{i % 40}|110-{i}" for i in range(rows)]
    weights: dict[str, str | int] = {i: k % 997 + 1 for k, i in enumerate(ids)}
    print(f"\ndraw {n:,} of {rows:,} candidates{'':24s} Probity    baseline      ratio")
    quick, found = timed(lambda: tickets.sample(ids, n, SEED), repeat)
    slow, plain = timed(lambda: plain_draw(ids, n), 1)
    row("tickets, against the rule in pure Python", quick, slow)
    same = [t.id for t in found] == plain
    quick_w, found = timed(lambda: tickets.weighted_sample(ids, weights, n, SEED), repeat)
    slow_w, plain = timed(lambda: plain_draw(ids, n, {i: int(w) for i, w in weights.items()}), 1)
    row("weighted tickets, against fractions in pure Python", quick_w, slow_w)
    same = same and [t.id for t in found] == plain
    whole, _ = timed(lambda: draw.draw(draw.Plan({"all": ids}, {"all": n}, reserves=20), SEED), repeat)
    row("plan, commitment and draw file", whole)
    print("the same candidates in the same order" if same else "OTHER CANDIDATES")
    return same and quick < DRAW_GOAL


def money(rows: int, n: int, repeat: int) -> bool:
    ids = [f"K{i:07d}" for i in range(rows)]
    amounts = np.random.default_rng(1100405).integers(1, 10**7, rows)
    print(f"\n{n:,} monetary units of {rows:,} rows{'':24s} Probity    baseline      ratio")
    quick, hits = timed(lambda: select(UnitPlan(ids, n, "interval", amounts), SEED), repeat)
    share = float(Fraction(hits.tickets[0]))
    able, rows_of = timed(lambda: numpy_points(amounts, n, share), repeat)
    start = Fraction(hits.tickets[0]) * hits.interval
    bare, _ = timed(lambda: systematic_rows(Line(amounts), n, start), repeat)
    row("exact line alone, against numpy in binary floats", bare, able)
    row("fixed interval with ids, against numpy in binary floats", quick, able)
    row("fixed interval, against a search for each point", quick, search_points(amounts, n, share))
    same = int((rows_of == hits.rows).sum())
    for method in ("cell", "random"):
        seconds, _ = timed(lambda m=method: select(UnitPlan(ids, n, m, amounts, apart=True), SEED), repeat)  # type: ignore[misc]
        row(f"{method}, certain items apart", seconds)
    print(f"{same:,} of {n:,} points on the same row as in binary floats")
    return same == n and quick < MONEY_GOAL


def plans() -> bool:
    cases = grid()
    print(f"\n{len(cases)} sample sizes{'':43s} Probity    baseline      ratio")
    quick, exact = timed(lambda: [exact_plan(*c) for c in cases], 1)
    slow, floats = timed(lambda: [float_plan(*map(float, c)) for c in cases], 1)
    row("exact, against scipy's binary floats", quick, slow)
    for case, right, wrong in zip(cases, exact, floats, strict=True):
        if right != wrong:
            print(f"  confidence {case[0]}, tolerable {case[1]}, expected {case[2]}: exact {right}, floats {wrong}")
    return True


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="probity bench sampling", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args(argv)
    good = [
        draws(options.rows, options.points, options.repeat),
        money(options.rows, options.points, options.repeat),
        plans(),
    ]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
