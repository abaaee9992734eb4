"""Runs a suite with Great Expectations and fetches every bad row ourselves.

In: pandas frames and the checks on them. Out: one ``Verdict`` a check. Why it stands apart: this is the only module
that touches Great Expectations; it is imported inside a function because that costs seconds, once per process
(``warm`` does it before a worker forks). The context is ephemeral: nothing is written, nothing is sent.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from probity.gates.checks import KINDS, Check, mostly

log = logging.getLogger(__name__)

ID = "probity_check"
NARROW = 200_000
"""rows above which a frame is shown to Great Expectations a column at a time"""


class Contradiction(Exception):
    """Great Expectations and our own mask do not agree about a check: neither can be trusted."""


class NoChecks(Exception):
    """A suite without checks passes in Great Expectations; here it is an error."""


@dataclass(frozen=True)
class Verdict:
    """``bad`` marks the bad rows (one element for a whole-table check); ``error`` names an exception's class."""

    success: bool
    bad: np.ndarray
    n_rows: int
    error: str = ""

    @property
    def n_bad(self) -> int:
        return int(self.bad.sum())


def warm() -> None:
    """Import Great Expectations and make one context: the price paid once per worker, before it forks."""
    _context()


def _context() -> Any:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    # The default ephemeral context leaves a folder for Data Docs in the temporary folder at each call.
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    config = DataContextConfig(store_backend_defaults=stores, analytics_enabled=False)
    context = gx.get_context(mode="ephemeral", project_config=config)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context


def evaluate(
    frames: Mapping[str, pd.DataFrame], checks: Sequence[Check], args: Mapping[str, Mapping[str, Any]]
) -> dict[str, Verdict]:
    """Judge ``checks``; ``args`` (check id -> arguments) has the limits. Verdicts by check id, in ``checks``' order.

    Never raises for what a check does: an exception in it becomes a verdict with ``error``. Raises NoChecks for an
    empty suite. A frame's index is ignored: row numbers are positions.
    """
    if not checks:
        raise NoChecks("a suite without checks would pass on anything")
    plain = {name: frame.reset_index(drop=True) for name, frame in frames.items()}
    verdicts: dict[str, Verdict] = {}
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(check.frame, []).append(check)
    context = _context()
    for name, group in groups.items():
        verdicts.update(_frame(context, plain, name, group, args))
    return {c.id: verdicts[c.id] for c in checks}


def _frame(
    context: Any,
    frames: Mapping[str, pd.DataFrame],
    name: str,
    checks: Sequence[Check],
    args: Mapping[str, Mapping[str, Any]],
) -> dict[str, Verdict]:
    frame = frames.get(name)
    if frame is None:
        return {c.id: _crash(c, KeyError(name), 0) for c in checks}
    verdicts: dict[str, Verdict] = {}
    masks: dict[str, np.ndarray] = {}
    derived: dict[str, pd.Series] = {}
    for check in checks:
        kind = KINDS[check.kind]
        try:
            if kind.derive is not None:
                derived[check.subject] = kind.derive(frames, check)
        except Exception as error:
            verdicts[check.id] = _crash(check, error, len(frame))
    subjects = pd.concat([frame, pd.DataFrame(derived, index=frame.index)], axis=1) if derived else frame
    runnable: list[Check] = []
    for check in checks:
        if check.id in verdicts:
            continue
        try:
            masks[check.id] = KINDS[check.kind].bad(subjects, check, args[check.id])
            runnable.append(check)
        except Exception as error:
            verdicts[check.id] = _crash(check, error, len(frame))
    for n, (part, columns) in enumerate(_parts(runnable, len(frame))):
        narrow = subjects if columns is None else subjects[columns]
        verdicts.update(_judge(context, f"{name} {n}", narrow, part, masks, args))
    return verdicts


def _parts(checks: Sequence[Check], n_rows: int) -> list[tuple[list[Check], list[str] | None]]:
    """The checks as batches. Great Expectations filters the whole frame for every column that it looks at, so a long
    frame is shown to it a column at a time; for a short one the cost of a batch is more than that of the filter."""
    if n_rows <= NARROW or not checks:
        return [(list(checks), None)] if checks else []
    parts: dict[tuple[str, ...], list[Check]] = {}
    for check in checks:
        wide = KINDS[check.kind].derive is None and len(check.columns) > 1
        parts.setdefault(check.columns if wide else (check.subject,), []).append(check)
    counts = parts.pop(("",), [])
    first = next(iter(parts), None)
    out: list[tuple[list[Check], list[str] | None]] = [(p, list(c)) for c, p in parts.items()]
    if counts:
        out.append((counts, list(first) if first else None))
    return out


def _judge(
    context: Any,
    name: str,
    frame: pd.DataFrame,
    checks: Sequence[Check],
    masks: Mapping[str, np.ndarray],
    args: Mapping[str, Mapping[str, Any]],
) -> dict[str, Verdict]:
    verdicts: dict[str, Verdict] = {}
    try:
        results = _expect(context, name, frame, checks, args)
    except Exception as error:
        return {c.id: _crash(c, error, len(frame)) for c in checks}
    for check in checks:
        mask = masks[check.id]
        n_rows = len(frame) if KINDS[check.kind].per_row else 1
        result = results.get(check.id)
        if result is None:
            verdicts[check.id] = _crash(check, Contradiction("no result"), n_rows)
        elif _raised(result.exception_info):
            verdicts[check.id] = _crash(check, RuntimeError("Great Expectations could not run it"), n_rows)
        else:
            fine = bool(not mask.any() or (n_rows - int(mask.sum())) / n_rows >= mostly(args[check.id]))
            if fine != bool(result.success):
                verdicts[check.id] = _crash(check, Contradiction(check.id), n_rows)
            else:
                verdicts[check.id] = Verdict(fine, mask, n_rows)
    return verdicts


def _expect(
    context: Any, name: str, frame: pd.DataFrame, checks: Sequence[Check], args: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Great Expectations' own results by check id (it returns crashed ones out of order)."""
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.core.batch import Batch
    from great_expectations.execution_engine import PandasExecutionEngine
    from great_expectations.execution_engine.pandas_batch_data import PandasBatchData
    from great_expectations.validator.validator import Validator

    expectations = []
    for check in checks:
        expectation = KINDS[check.kind].expectation(gxe, check, args[check.id])
        expectation.meta = {ID: check.id}
        expectations.append(expectation)
    suite = gx.ExpectationSuite(name=name, expectations=expectations)
    # A data source of the context would hash the whole frame twice (half of a gate's time) for a mark nobody reads.
    pandas_engine = PandasExecutionEngine()
    data: Any = PandasBatchData(execution_engine=pandas_engine, dataframe=frame)
    validator = Validator(execution_engine=pandas_engine, batches=[Batch(data=data)], data_context=context)
    results: list[Any] = validator.graph_validate(
        configurations=suite.expectation_configurations, runtime_configuration={"result_format": "BOOLEAN_ONLY"}
    )
    return {r.expectation_config.meta[ID]: r for r in results}


def _raised(info: Any) -> bool:
    """Whether Great Expectations says that the check crashed: a flat dict, or one dict a metric."""
    if not isinstance(info, Mapping):
        return False
    return bool(info.get("raised_exception")) or any(_raised(v) for v in info.values() if isinstance(v, Mapping))


def _crash(check: Check, error: Exception, n_rows: int) -> Verdict:
    log.error("check %s could not run: %s", check.id, type(error).__name__)
    return Verdict(False, np.zeros(0, dtype=bool), n_rows, type(error).__name__)
