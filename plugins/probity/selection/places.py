"""The places of one list: who has one, and how they are spread over agencies and districts.

In: candidates in the order of the list (must-watch first, then score, ties by hash), the caps of selection.yaml. Out:
the taken cases. Why apart: quotas ask for a place, this says whether it may be had.

Caps: no agency has more than ``max_per_agency`` and no district more than ``max_per_district`` of the must-watch and
ranked cases (None: no cap). A case whose district is unknown is under no district's cap and counts for none.

Floor: when fewer than ``min_districts`` districts stand on the full list, the best remaining case of a district that
is missing takes the place of the last ranked case that can give its own: one of a district that stands more than once
(or of none known), never a must-watch case, and so that every cap still holds; of its own kind when places do not pass
between kinds. This goes on until the floor is reached or nobody can give or take.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from probity.selection.proposal import Candidate


class Places:
    """``limit`` places under the caps of ``rules``; ``taken``: case id -> must_watch | ranked, in the order taken."""

    def __init__(self, rules: Mapping[str, Any], limit: int) -> None:
        self.limit = limit
        self.agency_cap = int(rules["max_per_agency"])
        self.district_cap: int | None = rules.get("max_per_district")
        self.least = int(rules.get("min_districts") or 0)
        self.passing = bool(rules["quota"]["fallback"])
        self.taken: dict[str, str] = {}
        self.agencies: Counter[str] = Counter()
        self.districts: Counter[str] = Counter()
        self.over_agency: set[str] = set()
        self.over_district: set[str] = set()
        self.swaps = 0

    @property
    def free(self) -> int:
        return self.limit - len(self.taken)

    def take(self, candidate: Candidate) -> bool:
        """Give ``candidate`` a place if there is one and neither its agency nor its district has had its share."""
        if candidate.case_id in self.taken or self.free <= 0:
            return False
        if self.agencies[candidate.agency] >= self.agency_cap:
            self.over_agency.add(candidate.case_id)
            return False
        if not self._room(candidate):
            self.over_district.add(candidate.case_id)
            return False
        self._add(candidate)
        return True

    def _room(self, candidate: Candidate) -> bool:
        return not (
            self.district_cap is not None
            and candidate.district is not None
            and self.districts[candidate.district] >= self.district_cap
        )

    def _add(self, candidate: Candidate) -> None:
        self.taken[candidate.case_id] = "must_watch" if candidate.must_watch else "ranked"
        self.agencies[candidate.agency] += 1
        if candidate.district is not None:
            self.districts[candidate.district] += 1

    def _drop(self, candidate: Candidate) -> None:
        del self.taken[candidate.case_id]
        self.agencies[candidate.agency] -= 1
        if candidate.district is not None:
            self.districts[candidate.district] -= 1

    @property
    def n_districts(self) -> int:
        """Known districts on the list."""
        return sum(n > 0 for n in self.districts.values())

    def spread(self, pool: Sequence[Candidate]) -> None:
        """Bring the list up to ``min_districts`` districts (see the module's rule). ``pool``: in the list's order."""
        for newcomer in pool:
            if self.n_districts >= self.least:
                return
            if newcomer.district is None or self.districts[newcomer.district] or newcomer.case_id in self.taken:
                continue
            giver = next((c for c in reversed(pool) if self._gives(c, newcomer)), None)
            if giver is not None:
                self._drop(giver)
                self._add(newcomer)
                self.swaps += 1

    def _gives(self, giver: Candidate, newcomer: Candidate) -> bool:
        if self.taken.get(giver.case_id) != "ranked" or not (self.passing or giver.kind == newcomer.kind):
            return False
        if giver.district is not None and self.districts[giver.district] < 2:
            return False
        return self.agencies[newcomer.agency] - (giver.agency == newcomer.agency) < self.agency_cap
