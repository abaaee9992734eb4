"""The day or month that a file says it is of: in the rows above its header, or in its name.

In: texts. Out: a date, None when no text says one. Why here: exports carry no as-of column; what they say of a project
is true of their own day only.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from probity import text
from probity.calendar import Period

_DAY = re.compile(r"(?:19|20)\d{2}[-/.]?\d{2}[-/.]?\d{2}|1\d{2}[-/.年]?\d{1,2}[-/.月]?\d{1,2}")
_MONTH = re.compile(
    r"(?<!\d)(?:20\d{2}[-/.年]?(?:0[1-9]|1[0-2])|1\d{2}(?:[-/.年](?:0?[1-9]|1[0-2])|0[1-9]|1[0-2]))(?:月|(?!\d))"
)


def first_date(texts: Sequence[str]) -> dt.date | None:
    """The first day that a text names."""
    for item in texts:
        for match in _DAY.finditer(text.nfkc(item)):
            try:
                return text.parse_date(match[0] if "年" not in match[0] else match[0] + "日")
            except text.TextError:
                continue
    return None


def stated_date(texts: Sequence[str]) -> dt.date | None:
    """The first day that a text names, else the last day of the first month (110年3月, 11003, 2021-03)."""
    day = first_date(texts)
    if day is not None:
        return day
    for item in texts:
        for match in _MONTH.finditer(text.nfkc(item)):
            try:
                return Period.of(text.parse_month(match[0])).last
            except text.TextError:
                continue
    return None
