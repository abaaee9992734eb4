"""What the demo city is made of before it becomes files: agencies, firms, cases, bids, and the planted truth.

In: nothing. Out: plain dataclasses. The clean values live here; dirt is added only while writing files.
Money is whole NTD, dates are calendar dates.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Agency:
    agency_id: str
    name: str
    parent_id: str | None
    district: str
    weight: float


@dataclass
class Firm:
    """``ubn`` is eight digits passing the mod-5 rule, or empty for a firm known only by a masked or free-text id."""

    ubn: str
    name: str
    trade: str
    address: str
    phone: str
    representative: str
    founded: dt.date
    raw_id: str
    size: float = 1.0


@dataclass
class Bid:
    firm: Firm
    amount: int | None
    winner: bool = False
    disqualified: bool = False
    reason: str | None = None
    original: int | None = None
    award: int | None = None
    subcontractor: bool = False


@dataclass
class Change:
    no: int
    date: dt.date
    delta: int
    reason: str


@dataclass
class Correction:
    no: int
    date: dt.date
    material: bool
    before: dt.date
    after: dt.date
    content: str


@dataclass
class Case:
    """One awarded case as it truly is. ``reach`` says which sources carry it."""

    agency: Agency
    district: str
    case_no: str
    notice_id: str
    title: str
    kind: str
    category: tuple[str, str]
    method: str
    award_way: str
    budget: int
    award: int
    reserve: int | None
    tender_notice: dt.date | None
    deadline: dt.date | None
    opening: dt.date | None
    award_date: dt.date
    notice_date: dt.date
    bids: list[Bid]
    start: dt.date | None = None
    end: dt.date | None = None
    clause: str | None = None
    original_case_no: str | None = None
    expansion: bool | None = None
    amount_class: str = ""
    subsidised: bool = False
    e_documents: bool = True
    e_bidding: bool = False
    public_viewing: bool = False
    tender_round: int = 1
    failed_count: int = 0
    previous_failed: dt.date | None = None
    qualification_changed: bool = False
    article58: bool = False
    gap_deposit: int | None = None
    designer: Firm | None = None
    planned: float | None = None
    actual: float | None = None
    progress_date: dt.date | None = None
    listed: dt.date | None = None
    city_award: int | None = None
    warning_area: bool = False
    tip_off: bool = False
    designated: bool = False
    changes: list[Change] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    no_city_list: bool = False
    no_eproc: bool = False
    planted: bool = False

    @property
    def case_id(self) -> str:
        return f"{self.agency.agency_id}|{self.case_no}|{self.notice_date:%Y%m%d}"

    @property
    def month(self) -> str:
        return f"{self.notice_date:%Y-%m}"

    @property
    def winners(self) -> list[Bid]:
        return [b for b in self.bids if b.winner]


@dataclass(frozen=True)
class Planted:
    """One planted irregularity, or (``honest``) a case that only looks like one and must not fire for it.

    ``case_id`` is agency_id|case_no|YYYYMMDD; ``pattern`` is P01-P20 of the wrong-behaviour table, or ``I<n>``
    for an indicator that has no pattern of its own; ``indicators`` are numbers of INDICATORS.md; ``signals`` the
    ids of the signals expected to fire (to stay silent when ``honest``); ``why`` says what was done.
    """

    case_id: str
    pattern: str
    indicators: tuple[int, ...]
    why: str
    honest: bool = False
    signals: tuple[str, ...] = ()


@dataclass
class Truth:
    """The answer sheet of a generated corpus; kept outside the drop folder."""

    seed: int
    months: list[str]
    size: str
    planted: list[Planted] = field(default_factory=list)
    n_cases: dict[str, int] = field(default_factory=dict)
    n_files: int = 0
    dirt: dict[str, int] = field(default_factory=dict)
    firms: list[str] = field(default_factory=list)

    @property
    def irregular(self) -> list[Planted]:
        return [p for p in self.planted if not p.honest]

    @property
    def lookalikes(self) -> list[Planted]:
        return [p for p in self.planted if p.honest]

    def of(self, pattern: str, honest: bool = False) -> list[Planted]:
        return [p for p in self.planted if p.pattern == pattern and p.honest == honest]

    def to_json(self) -> str:
        """Canonical text: planted irregularities, look-alikes, counts by month, kinds of dirt laid."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, indent=1)
