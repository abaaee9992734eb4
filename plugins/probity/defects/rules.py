"""The dated rules of defects.yaml, and the working-day sums that they need.

In: defects.yaml as a dict, the calendar of office days. Out: ``Rules``. Why: how long a correction may take and who is
written to when are the office's decisions, dated; the rules in force on the day of the finding hold for the defect.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from probity.calendar import WorkCalendar, work_calendar

SEVERITIES = ("minor", "major", "grave")


class Rules:
    """defects.yaml with a calendar. Days are working days after the first one (行政程序法 §48).

    Raises ValueError when the file names an unknown severity or its dated rules overlap.
    """

    def __init__(self, config: Mapping[str, Any] | Rules, calendar: WorkCalendar | None = None) -> None:
        self.config: Mapping[str, Any] = config.config if isinstance(config, Rules) else config
        inherited: WorkCalendar = config.calendar if isinstance(config, Rules) else work_calendar()
        self.calendar: WorkCalendar = calendar or inherited
        if tuple(self.config["severities"]) != SEVERITIES:
            raise ValueError(f"defects.yaml: severities are {', '.join(SEVERITIES)}")
        self.dated = sorted(self.config["rules"], key=lambda r: r["effective_from"])
        for earlier, later in zip(self.dated, self.dated[1:], strict=False):
            if earlier.get("effective_to") is None or earlier["effective_to"] >= later["effective_from"]:
                raise ValueError(f"defects.yaml: rules overlap at {later['effective_from']}")

    def on(self, day: dt.date) -> Mapping[str, Any]:
        """The rules in force on ``day``. LookupError when there are none."""
        for rule in self.dated:
            if rule["effective_from"] <= day and (rule.get("effective_to") is None or day <= rule["effective_to"]):
                found: Mapping[str, Any] = rule
                return found
        raise LookupError(f"defects.yaml holds no rules for {day.isoformat()}")

    def deadline(self, severity: str, found: dt.date) -> dt.date:
        """The last day on which the correction of a defect found then is in time (工程施工查核小組作業辦法 §9)."""
        return self.calendar.add_working_days(found, int(self.on(found)["deadline"][severity]))

    def last_day(self, day: dt.date) -> dt.date:
        """A deadline that somebody set: on a day off it ends with the next working day (行政程序法 §48)."""
        return self.calendar.on_or_after(day)

    def again(self, severity: str, day: dt.date) -> dt.date:
        """The new deadline after a refusal or a reopening on ``day``."""
        return self.calendar.add_working_days(day, int(self.on(day)["again"][severity]))

    def notice(self, found: dt.date) -> dt.date:
        """The day on which the record of an inspection goes to the agency (§9: within seven working days)."""
        return self.calendar.add_working_days(found, int(self.on(found)["notice"]))

    def overdue_days(self, deadline: dt.date, day: dt.date) -> int:
        """Working days after ``deadline`` up to and including ``day``, 0 when it has not passed."""
        return max(0, self.calendar.working_days_between(deadline, day)) if day > deadline else 0

    @property
    def letters_from(self) -> dt.date:
        first: dt.date = self.config["letters_from"]
        return first

    def category_zh(self, category: str) -> str:
        return str(self.config["categories"].get(category, {}).get("zh", category))

    def severity_zh(self, severity: str) -> str:
        return str(self.config["severities"].get(severity, severity))
