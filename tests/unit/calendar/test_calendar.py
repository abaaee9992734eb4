import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probity import calendar
from probity.calendar import Period

D = dt.date
KINDS = ("day", "month", "quarter", "half", "year")


@pytest.mark.parametrize(
    ("key", "first", "last", "roc"),
    [
        ("2021-03", D(2021, 3, 1), D(2021, 3, 31), "110年3月"),
        ("2021-Q1", D(2021, 1, 1), D(2021, 3, 31), "110年第1季"),
        ("2020-H1", D(2020, 1, 1), D(2020, 6, 30), "109年上半年"),
        ("2024-02-29", D(2024, 2, 29), D(2024, 2, 29), "113年2月29日"),
        ("2024", D(2024, 1, 1), D(2024, 12, 31), "113年"),
    ],
)
def test_periods(key, first, last, roc):
    period = Period.parse(key)
    assert (period.key, period.first, period.last, period.roc) == (key, first, last, roc)


@pytest.mark.parametrize("key", ["", "2021-13", "2021-3", "2021-Q5", "110-03", "2021-02-29", "2021-03-1", "1911"])
def test_not_periods(key):
    with pytest.raises(ValueError):
        Period.parse(key)


@given(st.dates(D(1912, 1, 1), D(2900, 1, 1)), st.sampled_from(KINDS))
def test_periods_tile_the_calendar(date, kind):
    period = Period.of(date, kind)
    assert period.contains(date)
    assert Period.parse(period.key) == period
    assert period.next().first == period.last + dt.timedelta(days=1)
    assert period.next(7).previous(7) == period
    months = period.months()
    if kind != "day":
        assert (months[0].first, months[-1].last) == (period.first, period.last)
    else:
        assert months == [Period.of(date)]


def test_period_range():
    keys = [p.key for p in calendar.period_range(Period.parse("2020-11"), Period.parse("2021-02"))]
    assert keys == ["2020-11", "2020-12", "2021-01", "2021-02"]


def test_working_days_around_new_year_110():
    assert not calendar.is_working_day(D(2021, 2, 10)), "adjusted day off"
    assert calendar.is_working_day(D(2021, 2, 20)), "make-up Saturday"
    assert calendar.add_working_days(D(2021, 2, 9), 3) == D(2021, 2, 19)
    assert calendar.add_working_days(D(2021, 2, 19), -3) == D(2021, 2, 9)
    shipped = calendar.work_calendar()
    assert shipped.working_days_between(D(2021, 2, 9), D(2021, 2, 19)) == 3
    assert shipped.on_or_after(D(2021, 2, 10)) == D(2021, 2, 17)


def test_office_days_of_years_known_by_their_count():
    shipped = calendar.work_calendar()
    for year, days_off in ((2021, 116), (2022, 115), (2023, 116), (2024, 115), (2025, 118), (2020, 115), (2026, 120)):
        days = [D(year, 1, 1) + dt.timedelta(days=i) for i in range(365 + (year % 4 == 0))]
        assert sum(not shipped.is_working_day(d) for d in days) == days_off, year


def test_an_unknown_year_is_an_error_that_names_the_file():
    with pytest.raises(calendar.CalendarError, match=r"calendar\.yaml.*2050"):
        calendar.is_working_day(D(2050, 1, 3))
    assert calendar.work_calendar().unconfirmed == {2027}
