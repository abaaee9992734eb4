"""What a job that selects must say of itself, and what follows from it alone: its signals, its proposal.

In: a ``SelectingJob`` (data and three functions) and archived manifests. Out: the loaded signals and the proposal, pure
functions of what the manifests name. Why: every family of cases goes through the same steps (``selection_steps``); how
one job differs from another stands in its own module as data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from probity import selection, signals
from probity.calendar import Period
from probity.jobs.office import Office, RuleBook
from probity.sources import Ingested
from probity.tables import FAMILIES, Family

if TYPE_CHECKING:
    from probity.jobs.briefing import Chain

Files = dict[tuple[str, str], bytes]
"""(kind, file name) -> content of published files."""


@dataclass(frozen=True)
class SelectingJob:
    """``name``: of the job, its module and its DAG. ``prefix`` begins its selection ids. ``family``: key of FAMILIES.

    ``options``: its own settings out of the rule book (expected_sources, one_of, history_years, maybe signals).
    ``build``: the canonical tables of a period from what was read. ``case_sources``: sources that can hold its cases.
    ``forms``: the files beside workbook, letters and draw that go out with a published selection. ``awaiting``: cases
    that stand on an earlier list and are not to be chosen again yet; kept in the inputs manifest.
    """

    name: str
    prefix: str
    family_name: str
    options: Callable[[RuleBook], Mapping[str, Any]]
    build: Callable[[Office, Sequence[Ingested], Period, RuleBook], dict[str, pa.Table]]
    case_sources: frozenset[str]
    forms: Callable[[Office, Chain, Mapping[str, Any]], Files]
    awaiting: Callable[[Office, Period, Mapping[str, pa.Table], RuleBook], list[str]] | None = None

    @property
    def family(self) -> Family:
        return FAMILIES[self.family_name]

    def signals(self, book: RuleBook) -> list[signals.Signal]:
        """The family's signals that this job uses: all, or those that its options name."""
        loaded = signals.load_signals(book.sql / self.family_name)
        wanted = self.options(book).get("signals", "all")
        if wanted == "all":
            return loaded
        if unknown := set(wanted) - {s.id for s in loaded}:
            raise ValueError(f"{self.name}: no such signals {sorted(unknown)}")
        return [s for s in loaded if s.id in wanted]

    def propose(self, office: Office, period: Period, signals_ref: str, weights: Mapping[str, Any]) -> Any:
        """The proposal that ``signals_ref`` and ``weights`` give: a pure function of archived inputs."""
        manifest = office.manifest(signals_ref, "signals")
        inputs = office.manifest(manifest["inputs"], "inputs")
        book = office.rules(inputs)
        result = office.tables(manifest)["signal_result"]
        return selection.select(
            result,
            office.tables(inputs),
            signal_meta(self.signals(book), result),
            period,
            book.load("selection"),
            weights,
            job=self.name,
            family=self.family,
            awaiting=inputs.get("awaiting", ()),
        )


def signal_meta(loaded: Sequence[signals.Signal], result: pa.Table) -> list[dict[str, Any]]:
    """What selection needs of each signal: names, law, family, must-watch item and its sentences by case."""
    fired: dict[str, list[dict[str, Any]]] = {}
    for row in result.filter(pc.equal(result["state"], "fired")).to_pylist():
        fired.setdefault(row["signal_id"], []).append(row)
    return [
        {
            "signal_id": s.id,
            "name": s.name_zh,
            "legal_basis": s.legal_basis,
            "must_watch": s.must_watch,
            "family": s.family,
            "reason_texts": {row["case_id"]: signals.reason(s, row) for row in fired.get(s.id, [])},
        }
        for s in loaded
    ]
