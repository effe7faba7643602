"""The calendar against the standard library's own arithmetic and dates known from elsewhere."""

from __future__ import annotations

import calendar as standard
import datetime
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icn_node.kernel import calendar, charter, reciprocity
from tests.world import World


def ms(text: str) -> int:
    moment = datetime.datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1000


@pytest.mark.parametrize(("time", "zone", "expected"), [
    ("2026-03-28T23:30:00+00:00", "Europe/Amsterdam", "2026-03-29"),   # the night in which summer time begins
    ("2026-03-29T21:59:59+00:00", "Europe/Amsterdam", "2026-03-29"),
    ("2026-03-29T22:00:00+00:00", "Europe/Amsterdam", "2026-03-30"),   # and midnight comes an hour earlier by UTC
    ("2026-10-25T22:30:00+00:00", "Europe/Amsterdam", "2026-10-25"),
    ("2026-10-25T23:00:00+00:00", "Europe/Amsterdam", "2026-10-26"),
    ("2026-01-01T00:00:00+00:00", "America/New_York", "2025-12-31"),
    ("2026-01-01T09:59:59+00:00", "Pacific/Kiritimati", "2026-01-01"),
    ("2026-01-01T10:00:00+00:00", "Pacific/Kiritimati", "2026-01-02"),
    ("2011-12-30T09:59:59+00:00", "Pacific/Apia", "2011-12-29"),
    ("2011-12-30T10:00:00+00:00", "Pacific/Apia", "2011-12-31"),       # the day that Samoa left out
    ("2026-06-01T18:15:00+00:00", "Asia/Kathmandu", "2026-06-02"),     # UTC+5:45
    ("1969-12-31T23:59:59+00:00", "UTC", "1969-12-31"),
])  # fmt: skip
def test_the_date_on_the_wall(time: str, zone: str, expected: str) -> None:
    day = datetime.date.fromisoformat(expected)
    assert calendar.local_date(ms(time), zone) == day
    assert calendar.local_day(ms(time), zone) == (day - calendar.EPOCH).days


ZONES = ["Europe/Amsterdam", "America/St_Johns", "Asia/Tehran", "Australia/Lord_Howe", "UTC"]


@given(st.integers(-(10**12), 4 * 10**12), st.sampled_from(ZONES))
def test_the_date_is_that_of_the_standard_library(time_ms: int, zone: str) -> None:
    seconds, rest = divmod(time_ms, 1000)
    there = datetime.datetime.fromtimestamp(seconds, zoneinfo.ZoneInfo(zone)) + datetime.timedelta(milliseconds=rest)
    assert calendar.local_date(time_ms, zone) == there.date()


@pytest.mark.parametrize(("zone", "known"), [
    ("Europe/Amsterdam", True), ("UTC", True), ("Etc/GMT+5", True), ("America/Argentina/Buenos_Aires", True),
    ("", False), ("Nowhere/Land", False), ("Europe", False), ("../../../etc/passwd", False), ("/etc/localtime", False),
    ("Europe//Amsterdam", False), ("Europe/Amsterdam/", False), ("leapseconds", False), ("tzdata.zi", False),
    ("__init__.py", False), ("Europe/__init__.py", False), ("Ëurope/Amsterdam", False), ("a" * 300, False),
    ("UTC\x00", False),
])  # fmt: skip
def test_only_zones_of_the_pinned_database_are_known(zone: str, known: bool) -> None:
    assert calendar.known(zone) is known


@pytest.mark.parametrize(("day", "months", "expected"), [
    ("2026-01-31", 1, "2026-02-28"), ("2024-01-31", 1, "2024-02-29"), ("2026-08-31", -6, "2026-02-28"),
    ("2026-07-15", -6, "2026-01-15"), ("2026-01-15", -6, "2025-07-15"), ("2026-12-31", 12, "2027-12-31"),
    ("2024-02-29", 12, "2025-02-28"), ("2024-02-29", 48, "2028-02-29"), ("2026-11-30", 3, "2027-02-28"),
    ("2026-05-05", 0, "2026-05-05"), ("1970-01-31", -1, "1969-12-31"),
])  # fmt: skip
def test_months_later(day: str, months: int, expected: str) -> None:
    assert calendar.add_months(datetime.date.fromisoformat(day), months).isoformat() == expected


@given(st.dates(datetime.date(1600, 1, 1), datetime.date(2500, 1, 1)), st.integers(-600, 600))
def test_months_later_by_another_way(day: datetime.date, months: int) -> None:
    """The month counted one at a time, the day cut to the month's length as the standard library knows it."""
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        year, month = (year + 1, 1) if month == 13 else (year - 1, 12) if month == 0 else (year, month)
    length = standard.monthrange(year, month)[1]
    assert calendar.add_months(day, months) == datetime.date(year, month, min(day.day, length))


@pytest.mark.parametrize(("today", "first"), [
    ("2026-07-15", "2026-01-16"), ("2026-08-31", "2026-03-01"), ("2026-08-30", "2026-03-01"),
    ("2026-01-01", "2025-07-02"), ("2024-08-29", "2024-03-01"),
])  # fmt: skip
def test_six_months_to_a_day(today: str, first: str) -> None:
    days = [(datetime.date.fromisoformat(d) - calendar.EPOCH).days for d in (first, today)]
    assert reciprocity.period(days[1], 6) == tuple(days)


def test_the_space_has_the_time_zone_of_its_charter() -> None:
    w = World()
    assert charter.timezone(w.tables) == "Europe/Amsterdam"
    assert charter.local_day(w.tables, ms("2026-03-28T23:30:00+00:00")) == (
        datetime.date(2026, 3, 29) - calendar.EPOCH
    ).days  # fmt: skip
