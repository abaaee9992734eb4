"""Exact tests that SQL cannot say shortly: the few Python functions which the engine lends to DuckDB.

In: Arrow columns of aggregated groups (agencies, firms, pairs), never of single cases. Out: p-values as float64.
Functions in SQL: ``binom_sf(k, n, p)``, ``hypergeom_sf(k, population, marked, drawn)``, ``chi2_sf(x, df)``,
``pbinom_sf(k, probabilities)``, ``pbinom_cdf(k, probabilities)``, ``rotation_p(winners)``.
NULL in gives NULL out.
"""

from __future__ import annotations

import itertools
from collections import Counter
from fractions import Fraction
from math import comb, factorial
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import special, stats

EXACT_LIMIT = 400
"""Up to so many trials the Poisson-binomial is computed exactly; beyond, by the normal law with continuity."""

Floats = npt.NDArray[np.float64]


def _floats(column: Any) -> Floats:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def _result(values: Floats) -> pa.Array:
    return pa.array(values, type=pa.float64(), mask=np.isnan(values))


def binom_sf(k: Any, n: Any, p: Any) -> pa.Array:
    """P(X >= k), X binomial(n, p): Clopper-Pearson's identity with the incomplete beta function."""
    kk, nn, pp = _floats(k), _floats(n), _floats(p)
    with np.errstate(invalid="ignore"):
        tail = special.betainc(np.maximum(kk, 1e-300), np.maximum(nn - kk + 1, 1e-300), np.clip(pp, 0, 1))
        out = np.where(kk <= 0, 1.0, np.where(kk > nn, 0.0, tail))
    out[np.isnan(kk) | np.isnan(nn) | np.isnan(pp)] = np.nan
    return _result(out)


def hypergeom_sf(k: Any, population: Any, marked: Any, drawn: Any) -> pa.Array:
    """P(X >= k) when ``drawn`` of ``population`` are taken and ``marked`` of them count (Fisher's exact test)."""
    kk, mm, nn, dd = _floats(k), _floats(population), _floats(marked), _floats(drawn)
    return _result(np.asarray(stats.hypergeom.sf(kk - 1, mm, nn, dd), dtype=np.float64))


def chi2_sf(x: Any, df: Any) -> pa.Array:
    """P(X >= x), X chi-squared with ``df`` degrees of freedom."""
    return _result(np.asarray(special.chdtrc(_floats(df), _floats(x)), dtype=np.float64))


def poisson_binomial(probabilities: Floats) -> Floats:
    """The probabilities of 0, 1, ... successes of independent trials, by convolution (exact)."""
    law = np.zeros(len(probabilities) + 1)
    law[0] = 1.0
    for i, p in enumerate(probabilities, start=1):
        law[1 : i + 1] = law[1 : i + 1] * (1 - p) + law[:i] * p
        law[0] *= 1 - p
    return law


def _pbinom(k: Any, lists: Any, upper: bool) -> pa.Array:
    out = np.full(len(lists), np.nan)
    for i, (x, probabilities) in enumerate(zip(k.to_pylist(), lists, strict=True)):
        if x is None or not probabilities.is_valid:
            continue
        p = np.asarray(probabilities.values.to_numpy(zero_copy_only=False), dtype=np.float64)
        if len(p) <= EXACT_LIMIT:
            law = poisson_binomial(p)
            out[i] = min(1.0, law[int(x) :].sum() if upper else law[: int(x) + 1].sum())
        else:
            sd = float(np.sqrt((p * (1 - p)).sum())) or 1e-12
            z = (x - 0.5 - p.sum()) / sd if upper else (p.sum() - x - 0.5) / sd
            out[i] = special.ndtr(-z)
    return _result(out)


def pbinom_sf(k: Any, lists: Any) -> pa.Array:
    """P(X >= k), X the successes of independent trials with the listed probabilities."""
    return _pbinom(k, lists, upper=True)


def pbinom_cdf(k: Any, lists: Any) -> pa.Array:
    """P(X <= k), X the successes of independent trials with the listed probabilities."""
    return _pbinom(k, lists, upper=False)


def repeats_law(counts: list[int]) -> list[Fraction]:
    """The exact law of the number of adjacent equal neighbours in a random order of a multiset.

    With n_i of kind i, sum over arrangements of t^(adjacent equals) is
    sum over K of K! * c_K * (t-1)^(n-K), c_K = [x^K] prod_i sum_k C(n_i-1, k-1) x^k / k!
    (Carlitz words by inclusion and exclusion over blocks).
    """
    n = sum(counts)
    product = [Fraction(1)]
    for count in counts:
        factor = [Fraction(0)] + [Fraction(comb(count - 1, k - 1), factorial(k)) for k in range(1, count + 1)]
        merged = [Fraction(0)] * (len(product) + len(factor) - 1)
        for i, a in enumerate(product):
            if a:
                for j, b in enumerate(factor):
                    merged[i + j] += a * b
        product = merged
    law = [Fraction(0)] * (n + 1)
    for total, coefficient in enumerate(product):
        weight = coefficient * factorial(total)
        power = n - total
        for j in range(power + 1):
            law[j] += weight * comb(power, j) * (-1) ** (power - j)
    arrangements = sum(law)
    return [x / arrangements for x in law]


def rotation(winners: list[int]) -> float:
    """P(as few repeats or fewer) of consecutive winners under a random order: small when the wins rotate."""
    counts = sorted(Counter(winners).values())
    if len(counts) < 2 or len(winners) > 150:
        return float("nan")
    repeats = sum(a == b for a, b in itertools.pairwise(winners))
    return float(sum(repeats_law(counts)[: repeats + 1]))


def rotation_p(winners: Any) -> pa.Array:
    out = np.array([np.nan if w is None else rotation(w) for w in winners.to_pylist()], dtype=np.float64)
    return _result(out)


ARROW: Any = "arrow"  # DuckDB hands whole columns over and takes whole columns back
SPECIAL: Any = "special"  # they see NULL and may answer NULL: a rotation that cannot be judged
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "binom_sf": (binom_sf, ["DOUBLE"] * 3),
    "hypergeom_sf": (hypergeom_sf, ["DOUBLE"] * 4),
    "chi2_sf": (chi2_sf, ["DOUBLE"] * 2),
    "pbinom_sf": (pbinom_sf, ["DOUBLE", "DOUBLE[]"]),
    "pbinom_cdf": (pbinom_cdf, ["DOUBLE", "DOUBLE[]"]),
    "rotation_p": (rotation_p, ["INTEGER[]"]),
}


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Make the functions callable from SQL on ``con``."""
    for name, (function, types) in FUNCTIONS.items():
        con.create_function(name, function, types, "DOUBLE", type=ARROW, null_handling=SPECIAL)


def unregister(con: duckdb.DuckDBPyConnection) -> None:
    for name in FUNCTIONS:
        con.remove_function(name)
