"""Runs the gate of a stage: the suite, the outcome, and what a quarantine sets aside.

In: Arrow tables, plain facts (``context``), gates.yaml. Out: ``GateResult``. Why: between every two steps somebody must
say pass, warn, quarantine or stop, and for each bad row who mends it. Rules kept here: an exception anywhere is a stop;
quarantine beyond its limit is a stop; a stop lets nothing on; rows in = rows out + rows quarantined.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from probity.gates import engine
from probity.gates.checks import KINDS, Check
from probity.gates.engine import Verdict
from probity.gates.frames import Frame, Plan, in_period, period_of
from probity.gates.model import NOT_RUN, BadRows, CheckResult, GateResult, Place, worst
from probity.gates.suites import STAGES, Stage, every_check, quarantine
from probity.gates.suites.canonical import DEPENDANTS
from probity.gates.words import Words, figures, fill
from probity.tables import QUARANTINE, TABLES

log = logging.getLogger(__name__)


@dataclass
class Aside:
    """What would be set aside: bad rows of each table, and emptied cells; each cell knows the checks that found it."""

    rows: dict[str, np.ndarray] = field(default_factory=dict)
    cells: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    why: dict[tuple[str, int, str], list[str]] = field(default_factory=dict)

    def row_mask(self, table: str, n: int) -> np.ndarray:
        return self.rows.setdefault(table, np.zeros(n, dtype=bool))

    def cell_mask(self, table: str, column: str, n: int) -> np.ndarray:
        return self.cells.setdefault((table, column), np.zeros(n, dtype=bool))


def run(
    stage: str, tables: Mapping[str, pa.Table], context: Mapping[str, Any], config: Mapping[str, Any]
) -> GateResult:
    """The verdict on ``stage`` (arrival, canonical, signals, selection, mail).

    ``tables`` and the facts each stage reads are told in the module of its suite (``probity.gates.suites``); every
    stage takes ``context['period']`` (Period or key). ``context['locate']`` (see ``places``) finds a row's file.
    ``config`` is gates.yaml. ValueError for an unknown stage or a gates.yaml with gaps; whatever the data do is a
    verdict.
    """
    if stage not in STAGES:
        raise ValueError(f"no gate for stage {stage!r}; there are {', '.join(STAGES)}")
    words = Words(config)
    words.check_all(every_check())
    gate = _Gate(stage, STAGES[stage], dict(tables), {**context, **_limits(context, config)}, words)
    result = gate.result()
    log.info("gate %s of %s: %s, %d checks", stage, result.period, result.outcome, len(result.checks))
    return result


def _limits(context: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    limits = config["limits"]
    return {"limits": limits["files"], **{name: limits[name] for name in ("month_band", "too_common", "fill")}}


class _Gate:
    """One run of one gate."""

    def __init__(
        self, stage: str, suite: Stage, tables: dict[str, pa.Table], context: dict[str, Any], words: Words
    ) -> None:
        self.stage, self.suite, self.tables, self.context, self.words = stage, suite, tables, context, words
        self.plan = Plan()
        self.verdicts: dict[str, Verdict] = {}
        self.outcomes: dict[str, str] = {}
        self.ran: list[Check] = []
        self.aside = Aside()
        self.places: dict[tuple[str, int], list[Place]] = {}
        self.checks: list[Check] = [*suite.structure, *suite.checks]
        self.period = context.get("period")

    # -- judging ------------------------------------------------------------------------------------------------
    def result(self) -> GateResult:
        crash = ""
        try:
            self._judge()
        except Exception as error:
            log.exception("gate %s could not run", self.stage, exc_info=_without_text(error))
            crash = type(error).__name__
        return self._result(crash)

    def _judge(self) -> None:
        self.period = period_of(self.context)
        self.plan = self.suite.plan(self.tables, self.context)
        self._evaluate(self.suite.structure)
        if "stop" not in self.outcomes.values():
            self._evaluate(self.suite.checks)
        self._set_aside()
        self._locate()

    def _args(self, check: Check) -> dict[str, Any]:
        return {**check.args, **self.words.entry(check).args, **self.plan.args.get(check.id, {})}

    def _judgeable(self, check: Check) -> bool:
        """A check without rows proves nothing: it is not run, and says so. Row counts and lost frames always run."""
        frame = self.plan.frames.get(check.frame)
        return check.id not in self.plan.skipped and not (
            frame is not None and len(frame.data) == 0 and KINDS[check.kind].per_row
        )

    def _evaluate(self, checks: tuple[Check, ...]) -> None:
        runnable = [c for c in checks if self._judgeable(c)]
        frames = {n: f.data for n, f in self.plan.frames.items()}
        verdicts = engine.evaluate(frames, runnable, {c.id: self._args(c) for c in runnable}) if runnable else {}
        self.verdicts |= verdicts
        for check in runnable:
            verdict = verdicts[check.id]
            severity = self.words.entry(check).severity
            self.outcomes[check.id] = "pass" if verdict.success else "stop" if verdict.error else severity
        self.ran += runnable

    # -- quarantine ---------------------------------------------------------------------------------------------
    def _set_aside(self) -> None:
        for check in self.ran:
            frame = self.plan.frames.get(check.frame)
            if self.outcomes[check.id] != "quarantine" or frame is None or not frame.table:
                continue
            at = np.flatnonzero(self.verdicts[check.id].bad)
            at = at if frame.positions is None else frame.positions[at]
            n = self.tables[frame.table].num_rows
            if check.aside == "row":
                self.aside.row_mask(frame.table, n)[at] = True
            for column in check.marked:
                if check.aside == "value":
                    self.aside.cell_mask(frame.table, column, n)[at] = True
                for i in at:
                    self.aside.why.setdefault((frame.table, int(i), column), []).append(check.id)
        own = {t: int(m.sum()) for t, m in self.aside.rows.items()}
        for parent, children in DEPENDANTS.items():
            self._dependants(parent, children)
        touched = sorted({*self.aside.rows, *(t for t, _ in self.aside.cells)})
        if not touched:
            return
        self.checks += quarantine.CHECKS
        self.plan.add(quarantine.frame([line for t in touched for line in self._lines(t, own.get(t, 0))]))
        self._evaluate(quarantine.CHECKS)

    def _dependants(self, parent: str, children: tuple[str, ...]) -> None:
        mask = self.aside.rows.get(parent)
        if mask is None or not mask.any():
            return
        gone = pa.array(self.tables[parent]["case_id"].filter(pa.array(mask)).drop_null().unique())
        for child in children:
            if child not in self.tables:
                continue
            table = self.tables[child]
            with_it = pc.is_in(table["case_id"], value_set=gone).to_numpy(zero_copy_only=False)
            already = self.aside.row_mask(child, table.num_rows)
            for i in np.flatnonzero(with_it & ~already):
                self.aside.why[(child, int(i), "case_id")] = ["parent_quarantined"]
            already |= with_it

    def _lines(self, table: str, own: int) -> list[dict[str, Any]]:
        """What is set aside of ``table`` against its limit, and for cases once more within the period alone."""
        rows = self.tables[table].num_rows
        mask = self.aside.rows.get(table, np.zeros(rows, dtype=bool))
        cells = np.zeros(rows, dtype=bool)
        for (name, _), found in self.aside.cells.items():
            if name == table:
                cells |= found
        lines = [self._line(TABLES[table].zh, table, rows, mask, cells, own)]
        if table == "award_case":
            scope = in_period(self.tables[table], self.period)  # type: ignore[arg-type]
            lines.append(
                self._line(f"{TABLES[table].zh}（本期）", table, int(scope.sum()), mask & scope, cells & scope, None)
            )
        return lines

    def _line(
        self, label: str, table: str, rows: int, mask: np.ndarray, cells: np.ndarray, own: int | None
    ) -> dict[str, Any]:
        limits = self.words.limits["quarantine"]
        allowed = int(max(float(limits["rows"]), float(limits["share"]) * rows))
        aside, emptied = int(mask.sum()), int((cells & ~mask).sum())
        counted = max(aside if own is None else own, emptied)
        left = rows - aside
        return {
            "table": label,
            "rows_in": rows,
            "rows_out": left,
            "rows_aside": aside,
            "cells": emptied,
            "allowed": allowed,
            "over": max(0, counted - allowed) or (counted if rows and not left else 0),
            "lost": rows - left - aside,
        }

    def _locate(self) -> None:
        """The file, sheet and row of every bad row of a canonical table, asked of ``context['locate']``."""
        wanted: dict[str, set[int]] = {}
        for check in self.ran:
            frame = self.plan.frames.get(check.frame)
            if frame is None or not frame.table or self.outcomes[check.id] == "pass":
                continue
            at = np.flatnonzero(self.verdicts[check.id].bad) if KINDS[check.kind].per_row else np.zeros(0, dtype=int)
            wanted.setdefault(frame.table, set()).update(frame.position(i) for i in at[: self._most()])
        for table, position, _ in self.aside.why:
            wanted.setdefault(table, set()).add(position)
        locate = self.context.get("locate")
        if locate is None:
            return
        for table, positions in wanted.items():
            rows = sorted(positions)
            found = locate(table, self.tables[table].take(pa.array(rows, pa.int64())).to_pylist())
            self.places |= {(table, p): list(places) for p, places in zip(rows, found, strict=True) if places}

    def _most(self) -> int:
        return int(self.words.limits["max_listed"])

    # -- the result ---------------------------------------------------------------------------------------------
    def _result(self, crash: str) -> GateResult:
        checks = [self._check(c) for c in self.checks]
        if crash:
            checks.append(self._crashed(crash))
        outcome = worst([c.outcome for c in checks])
        stopped = outcome == "stop"
        kept = {} if stopped else {n: self._keep(n, t) for n, t in self.tables.items()}
        set_aside = self._nothing() if stopped else self._quarantined()
        counts = {n: self._counts(n, t, stopped) for n, t in sorted(self.tables.items())}
        for name, table in kept.items():
            if table.num_rows != counts[name]["out"]:
                raise AssertionError(f"{name}: rows out do not match the rows kept")
        period = self.period
        return GateResult(
            stage=self.stage,
            period=str(getattr(period, "key", period)),
            outcome=outcome,
            checks=tuple(checks),
            kept=kept,
            quarantined=set_aside,
            counts=counts,
            bad=tuple(self._bad_rows()),
            facts=dict(self.plan.facts),
            words={
                "texts": dict(self.words.texts),
                "roles": {k: dict(v) for k, v in self.words.roles.items()},
                "period": str(getattr(period, "roc", period)),
                "job": str(self.context.get("job", "")),
            },
        )

    def _check(self, check: Check) -> CheckResult:
        entry = self.words.entry(check)
        frame = self.plan.frames.get(check.frame)
        verdict = self.verdicts.get(check.id)
        values = {"n_bad": "0", "n_rows": "0", **self._figures(check)}
        title = frame.title if frame else check.frame
        heading = "、".join(frame.headings.get(c, c) if frame else c for c in check.marked)
        if verdict is not None:
            values |= {"n_bad": f"{verdict.n_bad:,}", "n_rows": f"{verdict.n_rows:,}"}
            if not KINDS[check.kind].per_row and frame is not None:
                values["n_rows"] = f"{len(frame.data):,}"
        values |= {"table": title, "column": heading}
        outcome = self.outcomes.get(check.id, NOT_RUN)
        error = verdict.error if verdict else ""
        words = self.words.texts["crashed"] if error else {"message": entry.message, "action": entry.action}
        who = self.words.texts["crashed"]["who"] if error else entry.who
        listed = self._listed(check, frame) if outcome not in ("pass", NOT_RUN) and not error else []
        labels = tuple(str(r["key"]) for r in listed) if frame is not None and frame.open else ()
        return CheckResult(
            id=check.id,
            table=(frame.table if frame and frame.table else check.frame),
            column=",".join(check.marked),
            severity=entry.severity,
            success=outcome == "pass",
            outcome=outcome,
            n_bad=verdict.n_bad if verdict else 0,
            n_rows=verdict.n_rows if verdict else 0,
            message_zh=fill(words["message"], values),
            who=who,
            who_zh=self.words.role(who),
            action_zh=fill(words["action"], values),
            expected_zh=fill(entry.expected, values),
            error=error,
            labels=tuple(dict.fromkeys(labels)),
            bad_rows=listed,
        )

    def _figures(self, check: Check) -> dict[str, str]:
        """The limits that a sentence may name: those of gates.yaml as a whole, and the check's own."""
        limits = self.words.limits
        return {
            "file_share": f"{float(limits['files']['share']):.0%}",
            "file_rows": str(limits["files"]["rows"]),
            "aside_share": f"{float(limits['quarantine']['share']):.0%}",
            "aside_rows": str(limits["quarantine"]["rows"]),
            "too_common_share": f"{float(limits['too_common']['share']):.0%}",
            **figures(self._args(check)),
        }

    def _crashed(self, error: str) -> CheckResult:
        words = self.words.texts["crashed"]
        values = {"table": self.stage, "column": "－"}
        return CheckResult(
            id=f"{self.stage}.crashed",
            table=self.stage,
            column="",
            severity="stop",
            success=False,
            outcome="stop",
            n_bad=0,
            n_rows=0,
            message_zh=fill(words["message"], values),
            who=words["who"],
            who_zh=self.words.role(words["who"]),
            action_zh=fill(words["action"], values),
            error=error,
        )

    def _listed(self, check: Check, frame: Frame | None) -> list[dict[str, Any]]:
        """The bad rows of one check, a dict a marked cell: key, row, column, value, file, sheet. Restricted."""
        verdict = self.verdicts[check.id]
        if frame is None or not KINDS[check.kind].per_row:
            return []
        at = np.flatnonzero(verdict.bad)[: self._most()]
        keys = self._rows_of(frame, at, list(frame.key))
        values = self._rows_of(frame, at, list(check.marked))
        out = []
        for i, key, value in zip(at, keys, values, strict=True):
            position = frame.position(int(i))
            places: list[Place | None] = [*self.places.get((frame.table, position), [])] or [None]
            for place in places:
                for column in check.marked:
                    out.append(
                        {
                            "key": "|".join(_text(v) for v in key.values()),
                            "row": place.row if place else position + 1,
                            "column": column,
                            "value": None if value[column] is None else _text(value[column]),
                            "file": place.file_name if place else "",
                            "sheet": (place.sheet or "") if place else "",
                        }
                    )
        return out

    def _rows_of(self, frame: Frame, at: np.ndarray, columns: list[str]) -> list[dict[str, Any]]:
        """Rows as plain Python values, from the Arrow table where there is one (exact), else from the frame."""
        if frame.table:
            table = self.tables[frame.table]
            have = [c for c in columns if c in table.column_names]
            taken = table.select(have).take(pa.array([frame.position(int(i)) for i in at], pa.int64()))
            rows = taken.to_pylist()
        else:
            have = [c for c in columns if c in frame.data.columns]
            rows = frame.data[have].iloc[at].astype(object).to_dict("records")
        return [{c: _plain(r.get(c)) for c in columns} for r in rows]

    def _bad_rows(self) -> list[BadRows]:
        """Each frame's bad rows whole, with the wrong cells marked, for workbook and page."""
        out: list[BadRows] = []
        for name, frame in self.plan.frames.items():
            marks: dict[int, list[tuple[str, str]]] = {}
            total: set[int] = set()
            for check in self.ran:
                if check.frame != name or self.outcomes[check.id] == "pass" or not KINDS[check.kind].per_row:
                    continue
                at = np.flatnonzero(self.verdicts[check.id].bad)
                total.update(at.tolist())
                for i in at[: self._most()]:
                    marks.setdefault(int(i), []).extend((c, check.id) for c in check.marked)
            if not marks:
                continue
            chosen = sorted(marks)[: self._most()]
            out.append(self._sheet(frame, chosen, marks, len(total) - len(chosen)))
        if (cells := self._ingest_cells()) is not None:
            out.append(cells)
        return out

    def _sheet(self, frame: Frame, chosen: list[int], marks: Mapping[int, list[tuple[str, str]]], more: int) -> BadRows:
        if frame.table:
            columns = [(c.name, c.zh) for c in TABLES[frame.table].columns]
            where = [(k, self.words.texts["where"][k]) for k in ("_file", "_sheet", "_row")]
            columns = [
                *where,
                *columns,
                *((c, z) for c, z in frame.headings.items() if c not in TABLES[frame.table].names),
            ]
        else:
            columns = list(frame.headings.items())
        rows = self._rows_of(frame, np.array(chosen), [c for c, _ in columns])
        for i, row in zip(chosen, rows, strict=True):
            if frame.table:
                position = frame.position(i)
                places = self.places.get((frame.table, position), [])
                row["_file"] = "\n".join(p.file_name for p in places) or None
                row["_sheet"] = "\n".join(p.sheet or "" for p in places).strip() or None
                row["_row"] = "\n".join(str(p.row) for p in places) or str(position + 1)
                for column in frame.headings:
                    if column not in TABLES[frame.table].names and column in frame.data.columns:
                        row[column] = _plain(frame.data[column].iloc[i])
        used = [
            c
            for c, _ in columns
            if any(r.get(c) is not None for r in rows) or any(c == m for i in chosen for m, _ in marks[i])
        ]
        flat = tuple((n, c, check) for n, i in enumerate(chosen) for c, check in marks[i])
        return BadRows(frame.name, frame.title, tuple((c, z) for c, z in columns if c in used), tuple(rows), flat, more)

    def _ingest_cells(self) -> BadRows | None:
        """The cells that reading set aside (``context['quarantine']``), for the owner of the files."""
        table = self.context.get("quarantine")
        files = self.plan.frames.get("files")
        if table is None or files is None or table.num_rows == 0:
            return None
        ours = pa.array(sorted(set(files.data["digest"])), pa.string())
        rows = table.filter(pc.is_in(table["file_digest"], value_set=ours))
        if rows.num_rows == 0:
            return None
        wanted = ("file_name", "sheet", "row", "column", "value", "reason", "expected", "action")
        headings = tuple((c, QUARANTINE.column(c).zh) for c in wanted)
        listed = rows.slice(0, self._most()).select(list(wanted)).to_pylist()
        marks = tuple((i, "value", "") for i in range(len(listed)))
        return BadRows(
            "ingest", self.words.texts["ingest"], headings, tuple(listed), marks, rows.num_rows - len(listed)
        )

    # -- what goes on and what does not ---------------------------------------------------------------------------
    def _keep(self, name: str, table: pa.Table) -> pa.Table:
        for (owner, column), mask in self.aside.cells.items():
            if owner == name and mask.any():
                at = table.column_names.index(column)
                emptied = pc.if_else(pa.array(mask), pa.scalar(None, table.schema.field(column).type), table[column])
                table = table.set_column(at, table.schema.field(column), emptied)
        rows = self.aside.rows.get(name)
        return table if rows is None or not rows.any() else table.filter(pa.array(~rows))

    def _counts(self, name: str, table: pa.Table, stopped: bool) -> dict[str, int]:
        rows = self.aside.rows.get(name)
        aside = 0 if stopped or rows is None else int(rows.sum())
        cells = (
            0
            if stopped
            else sum(
                int((m & ~rows).sum() if rows is not None else m.sum())
                for (t, _), m in self.aside.cells.items()
                if t == name
            )
        )
        return {"in": table.num_rows, "out": table.num_rows - aside, "quarantined": aside, "cells": cells}

    @staticmethod
    def _nothing() -> pa.Table:
        return QUARANTINE.arrow_schema().empty_table()

    def _quarantined(self) -> pa.Table:
        """A QUARANTINE row for each wrong cell of a row set aside or emptied, at each place that the row came from."""
        found: dict[tuple[str, str, int, str], dict[str, Any]] = {}
        by_table: dict[str, list[tuple[int, str, list[str]]]] = {}
        for (table, position, column), checks in self.aside.why.items():
            by_table.setdefault(table, []).append((position, column, checks))
        for table, items in sorted(by_table.items()):
            at = sorted({p for p, _, _ in items})
            rows = dict(zip(at, self.tables[table].take(pa.array(at, pa.int64())).to_pylist(), strict=True))
            for position, column, checks in sorted(items, key=lambda i: (i[0], i[1])):
                aside = self.aside.rows.get(table)
                severity = "row" if aside is not None and aside[position] else "value"
                for place in self._places_of(table, position):
                    row = self._item(table, column, rows[position].get(column), checks, place, severity)
                    key = (row["file_digest"], row["sheet"] or "", row["row"], row["column"])
                    found[key] = _merged(found[key], row) if key in found else row
        for row in self._refused():
            found[row["file_digest"], "", 0, ""] = row
        return pa.Table.from_pylist([found[k] for k in sorted(found)], schema=QUARANTINE.arrow_schema())

    def _places_of(self, table: str, position: int) -> list[Place]:
        """The places of a row; a row whose file is not known is named by its table's digest and its position."""
        if places := self.places.get((table, position)):
            return places
        return [Place(TABLES[table].zh, self._digest(table), None, table, position + 1)]

    def _digest(self, table: str) -> str:
        digests = self.context.setdefault("digests", {})
        if table not in digests:
            from probity import canonical

            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, self.tables[table].schema) as stream:
                stream.write_table(self.tables[table].combine_chunks())
            digests[table] = canonical.sha256(sink.getvalue().to_pybytes())
        return str(digests[table])

    def _item(
        self, table: str, column: str, value: Any, checks: list[str], place: Place, severity: str
    ) -> dict[str, Any]:
        expected, action = [], []
        for check in dict.fromkeys(checks):
            words = self._words_of(check)
            expected.append(words[0])
            action.append(words[1])
        return {
            "file_digest": place.file_digest,
            "file_name": place.file_name,
            "source_id": place.source_id,
            "sheet": place.sheet,
            "row": place.row,
            "column": TABLES[table].column(column).zh,
            "field": column,
            "value": None if value is None else _text(value),
            "reason": ",".join(dict.fromkeys(checks)),
            "expected": "；".join(dict.fromkeys(expected)),
            "action": "；".join(dict.fromkeys(action)),
            "severity": severity,
        }

    def _words_of(self, check_id: str) -> tuple[str, str]:
        if check_id == "parent_quarantined":
            words = self.words.texts["parent_quarantined"]
            return words["expected"], words["action"]
        check = next(c for c in self.checks if c.id == check_id)
        entry = self.words.entry(check)
        frame = self.plan.frames[check.frame]
        values = {**self._figures(check), "table": frame.title}
        values["column"] = "、".join(frame.headings.get(c, c) for c in check.marked)
        return fill(entry.expected, values), f"{self.words.role(entry.who)}：{fill(entry.action, values)}"

    def _refused(self) -> list[dict[str, Any]]:
        files = self.plan.frames.get("files")
        if files is None:
            return []
        words = self.words.texts["refused"]
        return [
            {
                "file_digest": row["digest"],
                "file_name": row["file"],
                "source_id": row["source"],
                "reason": "file_refused",
                "expected": words["expected"],
                "action": words["action"],
                "severity": "file",
            }
            for row in files.data.astype(object).to_dict("records")
            if not row["accepted"]
        ]


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Two findings on one cell of the sender's file: reasons and sentences joined, the graver severity kept."""
    out = dict(one)
    for part, joint in (("reason", ","), ("expected", "；"), ("action", "；")):
        out[part] = joint.join(dict.fromkeys([*str(one[part]).split(joint), *str(other[part]).split(joint)]))
    out["severity"] = "row" if "row" in (one["severity"], other["severity"]) else one["severity"]
    return out


def _plain(value: Any) -> Any:
    """A cell as plain Python: NaN and NaT become None, NumPy scalars their own value."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _text(value: Any) -> str:
    return "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)


def _without_text(error: BaseException) -> BaseException:
    """The exception with its traceback but without its text, which may quote a value."""
    bare = RuntimeError(type(error).__name__)
    return bare.with_traceback(error.__traceback__)
