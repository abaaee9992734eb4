"""Periods, ROC names and working days: what "the month of 110/03" and "15 working days" mean.

In: period keys (``2021-03``), dates, ``include/config/calendar.yaml``. Out: ``Period`` and working-day sums.
Why: a run is its period (DESIGN.md decision 1); deadlines of the law count the days on which offices work.
Nothing here reads the wall clock.
"""

from __future__ import annotations

import calendar as _stdlib
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from probity import config, settings

ROC_OFFSET = 1911

_MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_KEY = re.compile(r"(?P<year>\d{4})(?:-(?:(?P<month>\d{2})(?:-(?P<day>\d{2}))?|Q(?P<quarter>[1-4])|H(?P<half>[12])))?")


class CalendarError(ValueError):
    """A period key that is none, or a date in a year that calendar.yaml does not hold."""


@dataclass(frozen=True, order=True)
class Period:
    """A day, month, quarter, half-year or year. ``index`` counts within the year from 1 (1 for a year)."""

    year: int
    kind: str
    index: int

    def __post_init__(self) -> None:
        if self.kind != "day" and self.kind not in _MONTHS:
            raise CalendarError(f"a period is a day, month, quarter, half or year, not {self.kind!r}")
        if not ROC_OFFSET < self.year < 3000:
            raise CalendarError(f"year {self.year} is out of range")
        if not 1 <= self.index <= self._per_year:
            raise CalendarError(f"there is no {self.kind} number {self.index} in a year")

    @property
    def _per_year(self) -> int:
        if self.kind == "day":
            return 366 if _stdlib.isleap(self.year) else 365
        return 12 // _MONTHS[self.kind]

    @classmethod
    def parse(cls, key: str) -> Period:
        """``2021-03-05``, ``2021-03``, ``2021-Q1``, ``2021-H1`` or ``2021``. CalendarError (a ValueError) else."""
        match = _KEY.fullmatch(key)
        if not match:
            raise CalendarError(f"not a period: {key!r} (write 2021-03-05, 2021-03, 2021-Q1, 2021-H1 or 2021)")
        year = int(match["year"])
        if match["day"]:
            try:
                return cls.of(dt.date(year, int(match["month"]), int(match["day"])), "day")
            except ValueError:
                raise CalendarError(f"not a day: {key!r}") from None
        for kind in ("month", "quarter", "half"):
            if match[kind]:
                return cls(year, kind, int(match[kind]))
        return cls(year, "year", 1)

    @classmethod
    def of(cls, date: dt.date, kind: str = "month") -> Period:
        """The period of ``kind`` that holds ``date``."""
        if kind == "day":
            return cls(date.year, kind, date.timetuple().tm_yday)
        return cls(date.year, kind, (date.month - 1) // _MONTHS.get(kind, 12) + 1)

    @property
    def key(self) -> str:
        """The partition key: ``2021-03-05``, ``2021-03``, ``2021-Q1``, ``2021-H1``, ``2021``."""
        if self.kind == "day":
            return self.first.isoformat()
        if self.kind == "month":
            return f"{self.year:04d}-{self.index:02d}"
        if self.kind == "year":
            return f"{self.year:04d}"
        return f"{self.year:04d}-{'Q' if self.kind == 'quarter' else 'H'}{self.index}"

    @property
    def first(self) -> dt.date:
        if self.kind == "day":
            return dt.date(self.year, 1, 1) + dt.timedelta(days=self.index - 1)
        return dt.date(self.year, (self.index - 1) * _MONTHS[self.kind] + 1, 1)

    @property
    def last(self) -> dt.date:
        if self.kind == "day":
            return self.first
        month = self.index * _MONTHS[self.kind]
        return dt.date(self.year, month, _stdlib.monthrange(self.year, month)[1])

    @property
    def roc(self) -> str:
        """110年3月5日, 110年3月, 110年第1季, 110年上半年, 110年."""
        year = f"{self.year - ROC_OFFSET}年"
        if self.kind == "day":
            return f"{year}{self.first.month}月{self.first.day}日"
        if self.kind == "month":
            return f"{year}{self.index}月"
        if self.kind == "quarter":
            return f"{year}第{self.index}季"
        if self.kind == "half":
            return year + ("上半年" if self.index == 1 else "下半年")
        return year

    def months(self) -> list[Period]:
        """The months of the period, in order (a month gives itself, a day the month that holds it)."""
        return [Period(self.year, "month", m) for m in range(self.first.month, self.last.month + 1)]

    def next(self, n: int = 1) -> Period:
        """The period of the same kind ``n`` steps later."""
        if self.kind == "day":
            return Period.of(self.first + dt.timedelta(days=n), "day")
        per_year = self._per_year
        years, index = divmod(self.index - 1 + n, per_year)
        return Period(self.year + years, self.kind, index + 1)

    def previous(self, n: int = 1) -> Period:
        """The period of the same kind ``n`` steps earlier."""
        return self.next(-n)

    def contains(self, date: dt.date) -> bool:
        return self.first <= date <= self.last

    def __str__(self) -> str:
        return self.key


def period_range(first: Period, last: Period) -> Iterator[Period]:
    """Every period from ``first`` to ``last``, both included; both of one kind."""
    if first.kind != last.kind:
        raise CalendarError(f"{first.key} and {last.key} are not of one kind")
    current = first
    while current <= last:
        yield current
        current = current.next()


def years_before(date: dt.date, years: int) -> dt.date:
    """The same day ``years`` earlier; 29 February becomes 28 February."""
    try:
        return date.replace(year=date.year - years)
    except ValueError:
        return date.replace(year=date.year - years, day=28)


@dataclass(frozen=True)
class WorkCalendar:
    """Government office days. ``days_off`` maps date -> name; ``workdays`` holds the make-up Saturdays."""

    path: Path
    years: frozenset[int]
    unconfirmed: frozenset[int]
    days_off: dict[dt.date, str]
    workdays: frozenset[dt.date]

    @classmethod
    def load(cls, folder: Path) -> WorkCalendar:
        """Reads ``calendar.yaml`` of ``folder``. CalendarError names the line that does not fit its year."""
        years: dict[int, dict] = config.load(folder, "calendar")["years"]
        days_off: dict[dt.date, str] = {}
        workdays: set[dt.date] = set()
        for year, entry in years.items():
            for date in (*entry["days_off"], *entry["workdays"]):
                if not isinstance(date, dt.date) or date.year != year:
                    raise CalendarError(f"calendar.yaml: {date} does not belong under {year}")
            for date in entry["workdays"]:
                if date.weekday() < 5:
                    raise CalendarError(f"calendar.yaml: make-up day {date} is no weekend day")
            days_off.update(entry["days_off"])
            workdays.update(entry["workdays"])
        return cls(
            folder / "calendar.yaml",
            frozenset(years),
            frozenset(y for y, entry in years.items() if not entry["confirmed"]),
            days_off,
            frozenset(workdays),
        )

    def is_working_day(self, date: dt.date) -> bool:
        """Do offices work on ``date``? CalendarError when the file does not hold its year."""
        if date.year not in self.years:
            raise CalendarError(f"{self.path} holds no year {date.year}: add it from the DGPA's office calendar")
        if date in self.workdays:
            return True
        return date.weekday() < 5 and date not in self.days_off

    def add_working_days(self, date: dt.date, n: int) -> dt.date:
        """The ``n``-th working day after ``date`` (before it when ``n`` < 0); ``date`` itself for 0.

        The first day does not count (行政程序法 §48: 始日不計算在內).
        """
        step = dt.timedelta(days=1 if n >= 0 else -1)
        left = abs(n)
        while left:
            date += step
            left -= self.is_working_day(date)
        return date

    def on_or_after(self, date: dt.date) -> dt.date:
        """``date``, or the next working day when it is a day off (行政程序法 §48)."""
        while not self.is_working_day(date):
            date += dt.timedelta(days=1)
        return date

    def working_days_between(self, start: dt.date, end: dt.date) -> int:
        """Working days after ``start`` up to and including ``end``; negative when ``end`` lies before."""
        if end < start:
            return -self.working_days_between(end, start)
        days = (start + dt.timedelta(days=i) for i in range(1, (end - start).days + 1))
        return sum(self.is_working_day(d) for d in days)


@lru_cache(maxsize=8)
def work_calendar(folder: Path = settings.ROOT / "include" / "config") -> WorkCalendar:
    """The calendar of ``folder``, read once."""
    return WorkCalendar.load(folder)


def is_working_day(date: dt.date) -> bool:
    """WorkCalendar.is_working_day of the shipped calendar."""
    return work_calendar().is_working_day(date)


def add_working_days(date: dt.date, n: int) -> dt.date:
    """WorkCalendar.add_working_days of the shipped calendar."""
    return work_calendar().add_working_days(date, n)
