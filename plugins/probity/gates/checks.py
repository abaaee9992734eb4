"""The kinds of check. Each is declared once and says two things: the Great Expectations expectation that judges the
frame, and the mask that fetches every bad row.

In: a ``Check`` (kind, columns, arguments) and the frame it reads. Out: an expectation, a boolean mask. Why both: Great
Expectations' own lists of bad rows are capped and carry raw values, so it is run BOOLEAN_ONLY; the two must agree, and
``engine`` treats a contradiction as a crash of the check. Nulls are ignored by every kind but ``not_null`` and
``true``, as Great Expectations does: ``suites.unpaired`` finds value checks that stand without one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

EPOCH = pd.Timestamp("1970-01-01")

Frames = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Check:
    """One check of a suite.

    ``id`` finds its severity, limits and sentences in gates.yaml. ``aside`` says what a quarantine does with a bad row:
    ``row`` sets it aside, ``value`` empties the columns of ``marks``, blank leaves the data (facts about a run).
    """

    id: str
    frame: str
    kind: str
    columns: tuple[str, ...] = ()
    args: Mapping[str, Any] = field(default_factory=dict)
    aside: str = ""
    marks: tuple[str, ...] = ()

    @property
    def marked(self) -> tuple[str, ...]:
        """The columns whose cells are wrong when the check fails."""
        return self.marks or self.columns

    @property
    def subject(self) -> str:
        """The column that the expectation reads: the check's own, or the one ``Kind.derive`` makes for it."""
        if KINDS[self.kind].derive is None:
            return self.columns[0] if self.columns else ""
        return f"{self.id}:{self.kind}"


@dataclass(frozen=True)
class Kind:
    """``expectation(gxe, check, args)`` gives the expectation; ``bad(frame, check, args)`` True for each bad row."""

    expectation: Callable[[Any, Check, Mapping[str, Any]], Any]
    bad: Callable[[pd.DataFrame, Check, Mapping[str, Any]], np.ndarray]
    derive: Callable[[Frames, Check], pd.Series] | None = None
    per_row: bool = True


def _mask(series: pd.Series) -> np.ndarray:
    return series.to_numpy(dtype=bool)


# -- whole table ----------------------------------------------------------------------------------------------------
def _row_count(gxe: Any, check: Check, args: Mapping[str, Any]) -> Any:
    return gxe.ExpectTableRowCountToBeBetween(min_value=args.get("min"), max_value=args.get("max"))


def _row_count_bad(frame: pd.DataFrame, check: Check, args: Mapping[str, Any]) -> np.ndarray:
    n, low, high = len(frame), args.get("min"), args.get("max")
    return np.array([(low is not None and n < low) or (high is not None and n > high)])


# -- one column -----------------------------------------------------------------------------------------------------
def mostly(args: Mapping[str, Any]) -> float:
    """Great Expectations' ``mostly`` for our ``max_share`` (the share of bad rows that is still fine)."""
    return 1.0 - float(args.get("max_share", 0.0))


def _not_null(gxe: Any, check: Check, args: Mapping[str, Any]) -> Any:
    return gxe.ExpectColumnValuesToNotBeNull(column=check.subject, mostly=mostly(args))


def _not_null_bad(frame: pd.DataFrame, check: Check, args: Mapping[str, Any]) -> np.ndarray:
    return _mask(frame[check.subject].isna())


def _in_set(gxe: Any, check: Check, args: Mapping[str, Any]) -> Any:
    return gxe.ExpectColumnValuesToBeInSet(column=check.subject, value_set=list(args["values"]))


def _in_set_bad(frame: pd.DataFrame, check: Check, args: Mapping[str, Any]) -> np.ndarray:
    column = frame[check.subject]
    return _mask(column.notna() & ~column.isin(list(args["values"])))


def _true(gxe: Any, check: Check, args: Mapping[str, Any]) -> Any:
    return gxe.ExpectColumnValuesToBeInSet(column=check.subject, value_set=[True], mostly=mostly(args))


def _true_bad(frame: pd.DataFrame, check: Check, args: Mapping[str, Any]) -> np.ndarray:
    column = frame[check.subject]
    if column.isna().any():
        raise ValueError("a yes-or-no column has blanks")
    return ~column.to_numpy(dtype=bool)


def _matches(gxe: Any, check: Check, args: Mapping[str, Any]) -> Any:
    return gxe.ExpectColumnValuesToMatchRegex(column=check.subject, regex=args["regex"])


def _matches_bad(frame: pd.DataFrame, check: Check, args: Mapping[str, Any]) -> np.ndarray:
    column = frame[check.subject]
    return _mask(column.notna() & ~column.astype(str).str.contains(args["regex"]).fillna(False).astype(bool))


def _between(gxe: Any, check: Check, args: Mapping[str, Any]) -> Any:
    return gxe.ExpectColumnValuesToBeBetween(
        column=check.subject, min_value=args.get("min"), max_value=args.get("max"), strict_min=bool(args.get("above"))
    )


def _between_bad(frame: pd.DataFrame, check: Check, args: Mapping[str, Any]) -> np.ndarray:
    column, low, high = frame[check.subject], args.get("min"), args.get("max")
    bad = pd.Series(False, index=frame.index)
    if low is not None:
        bad |= (column <= low) if args.get("above") else (column < low)
    if high is not None:
        bad |= column > high
    return _mask(bad.fillna(False) & column.notna())


def _unique(gxe: Any, check: Check, args: Mapping[str, Any]) -> Any:
    if len(check.columns) == 1:
        return gxe.ExpectColumnValuesToBeUnique(column=check.columns[0])
    return gxe.ExpectCompoundColumnsToBeUnique(column_list=list(check.columns), ignore_row_if="never")


def _unique_bad(frame: pd.DataFrame, check: Check, args: Mapping[str, Any]) -> np.ndarray:
    columns = list(check.columns)
    if len(columns) == 1:
        return _mask(frame[columns[0]].duplicated(keep=False) & frame[columns[0]].notna())
    return _mask(frame.duplicated(columns, keep=False))


# -- several columns, through one derived column ----------------------------------------------------------------------
def _days(frames: Frames, check: Check) -> pd.Series:
    """Days since 1970-01-01."""
    return (pd.to_datetime(frames[check.frame][check.columns[0]]) - EPOCH).dt.days


def _gap(frames: Frames, check: Check) -> pd.Series:
    """Days from the first column to the second."""
    frame = frames[check.frame]
    return (pd.to_datetime(frame[check.columns[1]]) - pd.to_datetime(frame[check.columns[0]])).dt.days


def _ratio(frames: Frames, check: Check) -> pd.Series:
    """First column over second; blank when the second is blank or zero."""
    frame = frames[check.frame]
    over = frame[check.columns[1]].astype("float64")
    return frame[check.columns[0]].astype("float64") / over.where(over > 0)


def _difference(frames: Frames, check: Check) -> pd.Series:
    """First column minus second."""
    frame = frames[check.frame]
    return frame[check.columns[0]].astype("float64") - frame[check.columns[1]].astype("float64")


def _exists(frames: Frames, check: Check) -> pd.Series:
    """Whether the column's value is a value of ``args['of']`` = (frame, column)."""
    other, column = check.args["of"]
    values = pa.array(frames[check.frame][check.columns[0]], from_pandas=True)
    among = pc.unique(pa.array(frames[other][column], from_pandas=True)).drop_null()
    found = pc.is_in(values, value_set=among.cast(values.type))
    return pd.Series(found.to_numpy(zero_copy_only=False), index=frames[check.frame].index)


KINDS: dict[str, Kind] = {
    "row_count": Kind(_row_count, _row_count_bad, per_row=False),
    "not_null": Kind(_not_null, _not_null_bad),
    "in_set": Kind(_in_set, _in_set_bad),
    "true": Kind(_true, _true_bad),
    "matches": Kind(_matches, _matches_bad),
    "between": Kind(_between, _between_bad),
    "unique": Kind(_unique, _unique_bad),
    "days": Kind(_between, _between_bad, _days),
    "gap": Kind(_between, _between_bad, _gap),
    "ratio": Kind(_between, _between_bad, _ratio),
    "difference": Kind(_between, _between_bad, _difference),
    "exists": Kind(_true, _true_bad, _exists),
}

VALUE_KINDS = ("in_set", "matches", "between")
"""Kinds that pass on nulls: each needs a ``not_null`` on the same column of the same frame."""


def well_formed(check: Check) -> None:
    """Raises ValueError when a check is declared wrongly (unknown kind, bad regex, set-aside without a table row)."""
    if check.kind not in KINDS:
        raise ValueError(f"{check.id}: unknown kind {check.kind}")
    if check.kind == "matches":
        re.compile(check.args["regex"])
    if check.aside not in ("", "row", "value"):
        raise ValueError(f"{check.id}: aside is row, value or blank, not {check.aside}")
