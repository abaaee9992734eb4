"""Runs the gate of a stage: the suite, the outcome, and what a quarantine sets aside.

In: Arrow tables, plain facts (``context``), gates.yaml. Out: ``GateResult``. Why: between every two steps somebody must
say pass, warn, quarantine or stop, and for each bad row who mends it. Rules kept here: an exception anywhere is a stop;
quarantine beyond its limit is a stop; a stop lets nothing on; rows in = rows out + rows quarantined.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from probity.gates import engine
from probity.gates.aside import FOLLOWS, Aside, as_table, refused_files
from probity.gates.checks import KINDS, Check
from probity.gates.engine import Verdict
from probity.gates.frames import Plan, family_of, period_of
from probity.gates.listing import Lister, ingest_cells
from probity.gates.model import NOT_RUN, CheckResult, GateResult, Place, worst
from probity.gates.suites import STAGES, Stage, every_check, quarantine
from probity.gates.words import Words, figures, fill
from probity.tables import FAMILIES

log = logging.getLogger(__name__)


def run(
    stage: str, tables: Mapping[str, pa.Table], context: Mapping[str, Any], config: Mapping[str, Any]
) -> GateResult:
    """The verdict on ``stage`` (a key of ``suites.STAGES``).

    ``tables`` and the facts each stage reads are told in the module of its suite (``probity.gates.suites``); every
    stage takes ``context['period']`` (Period or key) and ``context['family']`` (see ``frames.family_of``).
    ``context['locate']`` (see ``places``) finds a row's file. ``config`` is gates.yaml. ValueError for an unknown
    stage or family or a gates.yaml with gaps; whatever the data do is a verdict.
    """
    if stage not in STAGES:
        raise ValueError(f"no gate for stage {stage!r}; there are {', '.join(STAGES)}")
    family_of(context)
    words = Words(config)
    words.check_all(every_check())
    gate = _Gate(stage, STAGES[stage], dict(tables), {**context, **_limits(config)}, words)
    result = gate.result()
    log.info("gate %s of %s: %s, %d checks", stage, result.period, result.outcome, len(result.checks))
    return result


def _limits(config: Mapping[str, Any]) -> dict[str, Any]:
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
        self.family = FAMILIES[suite.family] if suite.family else family_of(context)
        self.aside = Aside(tables, words.limits[suite.limits], self.family)
        self.places: dict[tuple[str, int], list[Place]] = {}
        self.checks: list[Check] = [*suite.structure, *suite.checks]
        self.period = context.get("period")

    # -- judging ------------------------------------------------------------------------------------------------
    def result(self) -> GateResult:
        """The verdict. Whatever goes wrong inside a gate is a stop, never a way around it."""
        try:
            self._judge()
            return self._result([self._check(c) for c in self.checks])
        except Exception as error:
            log.exception("gate %s could not run", self.stage, exc_info=_without_text(error))
            return self._result([*self._so_far(), self._crashed(type(error).__name__)])

    def _so_far(self) -> list[CheckResult]:
        """The checks without their rows: what is known of them when the gate itself has crashed."""
        self.plan, self.ran = Plan(facts=self.plan.facts), []
        self.outcomes = {i: "pass" if o == "pass" else "stop" for i, o in self.outcomes.items()}
        return [self._check(c) for c in self.checks]

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

    def _set_aside(self) -> None:
        """Collect what the quarantine takes, and judge the quarantine itself by its own small suite."""
        for check in self.ran:
            frame = self.plan.frames.get(check.frame)
            if self.outcomes[check.id] == "quarantine" and frame is not None and frame.table:
                self.aside.take(check, frame, self.verdicts[check.id].bad)
        self.aside.follow()
        period = period_of(self.context)
        if lines := self.aside.lines(period):
            self.plan.add(quarantine.frame(lines))
            if self.family.case in self.tables:  # else what came in is all of the period: nothing is old dirt
                self.plan.facts["cases_in_period_set_aside"] = self.aside.in_period(period)
            self.checks += quarantine.CHECKS
            self._evaluate(quarantine.CHECKS)

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
    def _lister(self) -> Lister:
        return Lister(
            self.tables, self.plan.frames, self.verdicts, self.places, self._most(), self.words.texts["where"]
        )

    def _result(self, checks: list[CheckResult]) -> GateResult:
        outcome = worst([c.outcome for c in checks])
        limits = self.words.limits[self.suite.limits]
        goes_on = self.aside if outcome != "stop" else Aside(self.tables, limits, self.family)
        kept = {n: goes_on.keep(n) for n in self.tables} if outcome != "stop" else {}
        counts = {n: goes_on.counts(n) for n in sorted(self.tables)}
        if lost := [n for n, t in kept.items() if t.num_rows != counts[n]["out"]]:
            raise AssertionError(f"rows out do not match the rows kept: {lost}")
        files = self.plan.frames.get("files") if self.stage == "arrival" else None
        items = goes_on.items(self.places, self._words_of, self.context.get("digests", {}))
        if files is not None and outcome != "stop":
            items += refused_files(files, self.words.texts["refused"])
        failed = [c for c in self.ran if self.outcomes[c.id] != "pass"]
        cells = ingest_cells(self.context.get("quarantine"), files, self.words.texts["ingest"], self._most())
        period = self.period
        return GateResult(
            stage=self.stage,
            period=str(getattr(period, "key", period)),
            outcome=outcome,
            checks=tuple(checks),
            kept=kept,
            quarantined=as_table(items),
            counts=counts,
            bad=(*self._lister().sheets(failed), *([cells] if cells else [])),
            facts=dict(self.plan.facts),
            words={
                "texts": dict(self.words.texts),
                "roles": {k: dict(v) for k, v in self.words.roles.items()},
                "period": str(getattr(period, "roc", period)),
                "stage": str(self.words.texts["stages"][self.stage]),
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
        listed = self._lister().of(check) if outcome not in ("pass", NOT_RUN) and not error else []
        labels = tuple(str(r["key"]) for r in listed) if frame is not None and frame.open else ()
        values |= {"which": "、".join(dict.fromkeys(labels))}
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
            "aside_share": f"{float(limits[self.suite.limits]['share']):.0%}",
            "aside_rows": str(limits[self.suite.limits]["rows"]),
            "too_common_share": f"{float(limits['too_common']['share']):.0%}",
            **figures(self._args(check)),
        }

    def _words_of(self, check_id: str) -> tuple[str, str]:
        """What is expected, and who does what about it, for a QUARANTINE row."""
        if check_id == FOLLOWS:
            words = self.words.texts[FOLLOWS]
            return words["expected"], words["action"]
        check = next(c for c in self.checks if c.id == check_id)
        entry, frame = self.words.entry(check), self.plan.frames[check.frame]
        heading = "、".join(frame.headings.get(c, c) for c in check.marked)
        values = {**self._figures(check), "table": frame.title, "column": heading}
        return fill(entry.expected, values), f"{self.words.role(entry.who)}：{fill(entry.action, values)}"

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


def _without_text(error: BaseException) -> BaseException:
    """The exception with its traceback but without its text, which may quote a value."""
    bare = RuntimeError(type(error).__name__)
    return bare.with_traceback(error.__traceback__)
