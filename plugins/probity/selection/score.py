"""The score: fired signals turned into points that can be added up by hand.

In: SIGNAL_RESULT rows, each signal's family, a dated weight set (``include/config/weights.yaml``). Out: one row
a case with its score, and one row a fired signal with weight, strength, rarity and points. Why so: an officer
must see what each signal gave, and five screens that see the same thing must not outvote the rest.

points = weight x strength x rarity x decay^(place within the family) ; a family never gives more than its cap.
A weight is on the scale of log-odds, so a set that was learnt (``learning``) and a set by judgement mix.

Graded parts: whether a low or a high value of a bid screen is suspect differs from place to place (INDICATORS.md 2),
so a set may list screens whose value counts also where it did not fire: by its mid-rank among the period's assessable
cases, low tail and high tail apart (``I07:low``, ``I07:high``). Their weights are 0 until audit results taught them
and may be negative; a case whose value is unknown gets nothing for or against.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

PARTS = ["case_id", "signal_id", "family", "weight", "strength", "rarity", "points"]
DIGITS = 6
GRADED = "graded"


def in_force(dated: list[dict[str, Any]], on: dt.date) -> dict[str, Any]:
    """The entry of ``dated`` (each with effective_from, maybe effective_to) in force on ``on``: the latest begun.

    Raises ValueError when none is.
    """
    begun = [d for d in dated if _date(d["effective_from"]) <= on and (_date(d.get("effective_to")) or on) >= on]
    if not begun:
        raise ValueError(f"no set in force on {on.isoformat()}")
    return max(begun, key=lambda d: (_date(d["effective_from"]), str(d.get("version", ""))))


def _date(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.date()
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


def weight_set(weights: Mapping[str, Any], on: dt.date, family: str = "procurement") -> dict[str, Any]:
    """The weight set of ``family`` in force on ``on``.

    ``weights`` is a whole weights.yaml (family -> {sets}), the {sets} of one family, or one set already.
    """
    own = weights.get(family, weights)
    return in_force(own["sets"], on) if "sets" in own else dict(own)


def is_graded(signal_id: str) -> bool:
    """Is it a graded part (``I07:low``) rather than a signal that fired?"""
    return ":" in signal_id


def tails(values: pd.Series) -> tuple[pd.Series, pd.Series]:
    """(low, high): how far each value stands in either tail: 0 at the median rank, near 1 at the extreme.

    ``values``: numbers without NULL. Mid-ranks, so equals stay equal and no distribution is assumed.
    """
    place = (values.rank() - 0.5) / max(len(values), 1)
    return (1 - 2 * place).clip(lower=0.0), (2 * place - 1).clip(lower=0.0)


def weight_of(signal_id: str, family: str | None, weights: Mapping[str, Any]) -> float:
    """A signal's weight: its own, else its family's, else the default. An unknown signal is no error."""
    own = weights.get("signals") or {}
    if is_graded(signal_id):
        return float(own.get(signal_id, 0.0))
    families = weights.get("families") or {}
    return float(own.get(signal_id, families.get(family, weights.get("default", 1.0))))


def rarity(fired: int, assessable: int, rule: Mapping[str, Any] | None) -> float:
    """How much a firing signal tells: 1 up to ``share`` of the assessable cases, then ln(1/rate)/ln(1/share).

    The surprisal of the event relative to that of the reference share; never under ``floor``; 1 when fewer
    than ``min_assessable`` cases could be assessed (INDICATORS.md 1-4: a flag on 45 % of cases selects nothing).
    """
    if not rule or assessable < rule["min_assessable"] or fired <= rule["share"] * assessable:
        return 1.0
    return max(float(rule["floor"]), math.log(assessable / fired) / math.log(1 / rule["share"]))


def parts(result: pa.Table, families: Mapping[str, str | None], weights: Mapping[str, Any]) -> pd.DataFrame:
    """One row a fired signal of a case and one a graded part: case_id, signal_id, family, weight, ..., points.

    ``result``: SIGNAL_RESULT; ``families``: signal id -> family. A fired signal without a strength counts whole.
    Sorted by case, then points from high to low, then signal id.
    """
    frame = result.select(["case_id", "signal_id", "state", "strength", "value"]).to_pandas()
    states = frame.groupby(["signal_id", "state"]).size().unstack(fill_value=0)
    fired = frame[frame["state"] == "fired"].drop(columns=["state", "value"])
    rule = weights.get("rarity")
    exempt = set((rule or {}).get("exempt", []))
    factor = {
        signal: 1.0
        if signal in exempt
        else rarity(int(row.get("fired", 0)), int(row.get("fired", 0) + row.get("clear", 0)), rule)
        for signal, row in states.iterrows()
    }
    family = {s: families.get(s) or s for s in states.index}
    fired["family"] = fired["signal_id"].map(family)
    own = {s: weight_of(s, families.get(s), weights) for s in states.index}
    fired["weight"] = fired["signal_id"].map(own).astype(float)
    fired["strength"] = fired["strength"].astype(float).fillna(1.0).clip(0.0, 1.0).round(DIGITS)
    fired["rarity"] = fired["signal_id"].map(factor).astype(float)
    graded = [_graded(frame, signal, weights) for signal in (weights.get(GRADED) or {}).get("signals", [])]
    fired = pd.concat([fired, *(g for g in graded if len(g))], ignore_index=True)
    raw = (fired["weight"] * fired["strength"] * fired["rarity"]).astype(float)
    fired["points"] = _capped(fired, raw, weights)
    order = fired.assign(down=-fired["points"]).sort_values(["case_id", "down", "signal_id"], kind="stable")
    return order[PARTS].reset_index(drop=True)


def _graded(frame: pd.DataFrame, signal: str, weights: Mapping[str, Any]) -> pd.DataFrame:
    """The graded parts of one signal: at most one row a case, that of the tail its value stands in."""
    known = frame[(frame["signal_id"] == signal) & (frame["state"] != "not_assessable")].dropna(subset=["value"])
    rows = []
    for tail, strength in zip(("low", "high"), tails(known["value"].astype(float)), strict=True):
        name = f"{signal}:{tail}"
        row = pd.DataFrame({"case_id": known["case_id"], "strength": strength.round(DIGITS)})
        row = row.assign(signal_id=name, family=GRADED, weight=weight_of(name, GRADED, weights), rarity=1.0)
        rows.append(row[row["strength"] > 0])
    return pd.concat(rows, ignore_index=True)


def _capped(fired: pd.DataFrame, raw: pd.Series, weights: Mapping[str, Any]) -> np.ndarray:
    """Points after the family's decay and cap, rounded. Graded parts were learnt together: no decay, no cap."""
    work = fired[["case_id", "family", "signal_id"]].assign(raw=raw.to_numpy(), size=-raw.abs().to_numpy())
    work = work.sort_values(["case_id", "family", "size", "signal_id"], kind="stable")
    group = work.groupby(["case_id", "family"], sort=False)
    place = group.cumcount().where(work["family"] != GRADED, 0)
    points = work["raw"] * float(weights.get("decay", 1.0)) ** place
    caps = weights.get("caps") or {}
    default = weights.get("family_cap") or math.inf
    limits = {f: float(caps.get(f, default)) for f in set(work["family"])} | {GRADED: math.inf}
    cap = work["family"].map(limits).astype(float)
    total = points.abs().groupby([work["case_id"], work["family"]]).transform("sum")
    points = points * (cap / total.where(total > 0, 1.0)).clip(upper=1.0)
    return points.round(DIGITS).reindex(fired.index).to_numpy()


def scores(scored: pd.DataFrame) -> pd.Series:
    """case_id -> score: the sum of the case's points, never below 0, rounded so that every machine agrees."""
    return scored.groupby("case_id")["points"].sum().astype(float).clip(lower=0.0).round(DIGITS)
