"""Dates and times: local dates of a moment, month ends, clear days, working days, day counts.

A Timestamp is UTC milliseconds since 1970-01-01; a Date is a local day, in days since then. Zones come only from the
pinned `tzdata` package, never from the machine, whose zone files differ between machines and days. The calendar is the
proleptic Gregorian one, years 1 to 9999; a result outside is the trap `overflow`.

Rules, stated once: a month later is the same day of that month, or its last day where it has no such day; of n clear
days neither the first nor the last day counts (so the deadline is the day n + 1); working days are Monday to Friday
but for the contract's holidays; ACT/365 divides actual days by 365; 30E/360 is the Eurobond basis (ISDA 2006, 4.16 g).
"""

from __future__ import annotations

import bisect
import datetime
import functools
from fractions import Fraction
from typing import TYPE_CHECKING

from ccl.evaluation import Trapped

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DAY_MS = 86_400_000
_EPOCH = datetime.date(1970, 1, 1)
_ORDINAL = _EPOCH.toordinal()
FIRST_DAY = 1 - _ORDINAL
"""0001-01-01."""
LAST_DAY = datetime.date.max.toordinal() - _ORDINAL
"""9999-12-31."""
_EPOCH_UTC = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def known(timezone: str) -> bool:
    """Whether the pinned database has that zone."""
    try:
        zone(timezone)
    except (LookupError, ValueError):
        return False
    return True


@functools.lru_cache(maxsize=64)
def zone(timezone: str) -> ZoneInfo:
    """The zone from the pinned database. Raises ZoneInfoNotFoundError, a LookupError."""
    import importlib.resources  # here, because a contract without a time zone is checked sooner without them
    import zoneinfo

    parts = timezone.split("/")
    fine = len(timezone) <= 64 and all(
        p.isascii() and p.replace("_", "").replace("-", "").replace("+", "").isalnum() for p in parts
    )
    if not fine:  # a path elsewhere, or one whose length machines judge differently
        raise zoneinfo.ZoneInfoNotFoundError(timezone)
    path = importlib.resources.files("tzdata").joinpath("zoneinfo", *parts)
    if not path.is_file():
        raise zoneinfo.ZoneInfoNotFoundError(timezone)
    with path.open("rb") as file:
        return zoneinfo.ZoneInfo.from_file(file, key=timezone)


def day(number: int) -> int:
    """A day within the calendar, or the trap `overflow`."""
    if FIRST_DAY <= number <= LAST_DAY:
        return number
    raise Trapped("overflow")


def _civil(number: int) -> datetime.date:
    return datetime.date.fromordinal(day(number) + _ORDINAL)


def _number(civil: datetime.date) -> int:
    return civil.toordinal() - _ORDINAL


# -- moments and days --------------------------------------------------------------------------------------------------


def _wall(time_ms: int, timezone: str) -> datetime.datetime:
    """What the clock on the wall shows there; two days are free at both ends, so that no offset leaves the calendar."""
    if not (FIRST_DAY + 2) * DAY_MS <= time_ms <= (LAST_DAY - 1) * DAY_MS:
        raise Trapped("overflow")
    return (_EPOCH_UTC + datetime.timedelta(milliseconds=time_ms)).astimezone(zone(timezone))


@functools.lru_cache(maxsize=1024)
def of_timestamp(time_ms: int, timezone: str) -> int:
    """The local date of a moment."""
    return _number(_wall(time_ms, timezone).date())


def _moment(civil: datetime.date, time: datetime.time, timezone: str) -> int:
    """The moment of a local date and time: of two the earlier; one that the clocks skip is as if they had not yet."""
    if not FIRST_DAY + 2 <= _number(civil) <= LAST_DAY - 2:
        raise Trapped("overflow")
    local = datetime.datetime.combine(civil, time.replace(fold=0), tzinfo=zone(timezone))
    return (local - _EPOCH_UTC) // datetime.timedelta(milliseconds=1)


@functools.lru_cache(maxsize=1024)
def start(number: int, timezone: str) -> int:
    """The first moment of a local date; of a date that a zone skipped, that of the next one."""
    guess = _moment(_civil(number), datetime.time(0), timezone)
    if of_timestamp(guess, timezone) == number and of_timestamp(guess - 1, timezone) < number:
        return guess
    low, high = guess - 2 * DAY_MS, guess + 2 * DAY_MS  # local dates never fall from one moment to a later one by days
    while high - low > 1:
        middle = (low + high) // 2
        if of_timestamp(middle, timezone) >= number:
            high = middle
        else:
            low = middle
    return high


def by(time_ms: int, number: int, timezone: str) -> bool:
    """Whether a moment lies on that day or earlier."""
    return of_timestamp(time_ms, timezone) <= number


def before(time_ms: int, number: int, timezone: str) -> bool:
    """Whether a moment lies on an earlier day."""
    return of_timestamp(time_ms, timezone) < number


def after(time_ms: int, number: int, timezone: str) -> bool:
    """Whether a moment lies on a later day."""
    return of_timestamp(time_ms, timezone) > number


def time_add_days(time_ms: int, days: int, timezone: str) -> int:
    """The same time on the wall, so many days later."""
    wall = _wall(time_ms, timezone)
    return _moment(_civil(add_days(_number(wall.date()), days)), wall.time(), timezone)


def time_add_months(time_ms: int, months: int, timezone: str) -> int:
    """The same time on the wall, so many months later."""
    wall = _wall(time_ms, timezone)
    return _moment(_civil(add_months(_number(wall.date()), months)), wall.time(), timezone)


def time_add_clear_days(time_ms: int, days: int, timezone: str) -> int:
    """The moment when so many whole days lie between: the start of the day after them."""
    return start(add_clear_days(of_timestamp(time_ms, timezone), days), timezone)


def time_add_working_days(time_ms: int, days: int, timezone: str, holidays: tuple[int, ...]) -> int:
    """The same time on the wall, so many working days later."""
    wall = _wall(time_ms, timezone)
    return _moment(_civil(add_working_days(_number(wall.date()), days, holidays)), wall.time(), timezone)


# -- days --------------------------------------------------------------------------------------------------------------


def make(year: int, month: int, number: int) -> tuple[int] | None:
    """An Option of the date of that year, month and day."""
    try:
        return (_number(datetime.date(year, month, number)),)
    except (ValueError, OverflowError):
        return None


def add_days(number: int, days: int) -> int:
    """So many days later."""
    return day(number + days)


def sub(a: int, b: int) -> int:
    """Days from b to a."""
    return a - b


def add_months(number: int, months: int) -> int:
    """So many months later: the same day of the month, or its last one."""
    civil = _civil(number)
    index = civil.year * 12 + civil.month - 1 + months
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        raise Trapped("overflow")
    return _number(datetime.date(year, month + 1, min(civil.day, _month_length(year, month + 1))))


def _month_length(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def add_clear_days(number: int, days: int) -> int:
    """The day after so many clear days."""
    return day(number + days + 1)


def year(number: int) -> int:
    """Its year."""
    return _civil(number).year


def month(number: int) -> int:
    """Its month, 1 to 12."""
    return _civil(number).month


def day_of_month(number: int) -> int:
    """Its day in the month, from 1."""
    return _civil(number).day


def weekday(number: int) -> int:
    """1 Monday to 7 Sunday (ISO 8601)."""
    return (number + 3) % 7 + 1


def months_between(a: int, b: int) -> int:
    """Whole months from a to b: the most that can be added to a without passing b; negative if b is earlier."""
    if b < a:
        return -months_between(b, a)
    first, last = _civil(a), _civil(b)
    months = (last.year - first.year) * 12 + last.month - first.month
    return months if months == 0 or add_months(a, months) <= b else months - 1


def act_365(a: int, b: int) -> Fraction:
    """Years from a to b, actual days over 365."""
    return Fraction(b - a, 365)


def thirty_360(a: int, b: int) -> Fraction:
    """Years from a to b, 30E/360."""
    first, last = _civil(a), _civil(b)
    days = (last.year - first.year) * 360 + (last.month - first.month) * 30 + min(last.day, 30) - min(first.day, 30)
    return Fraction(days, 360)


# -- working days ------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=64)
def _closed(holidays: tuple[int, ...]) -> tuple[int, ...]:
    """The holidays that fall on Monday to Friday, in order, each once."""
    return tuple(sorted({h for h in holidays if weekday(h) <= 5}))


def is_working_day(number: int, holidays: tuple[int, ...]) -> bool:
    """Whether it is one."""
    closed = _closed(holidays)
    at = bisect.bisect_left(closed, number)
    return weekday(number) <= 5 and not (at < len(closed) and closed[at] == number)


def _weekdays_up_to(number: int) -> int:
    """How many Mondays to Fridays lie from Monday 1969-12-29 up to and with that day; negative before."""
    weeks, rest = divmod(number + 3, 7)
    return weeks * 5 + min(rest + 1, 5)


def _nth_weekday(count: int) -> int:
    """The day which is the `count`-th Monday to Friday from there."""
    weeks, rest = divmod(count - 1, 5)
    return weeks * 7 + rest - 3


def working_days_between(a: int, b: int, holidays: tuple[int, ...]) -> int:
    """Working days after a, up to and with b; negative if b is earlier."""
    if b < a:
        return -working_days_between(b, a, holidays)
    closed = _closed(holidays)
    return _weekdays_up_to(b) - _weekdays_up_to(a) - (bisect.bisect_right(closed, b) - bisect.bisect_right(closed, a))


_MIRROR = 5
"""Day 5 - n is a Monday where n is a Friday, and a Sunday where n is a Saturday: counting back is counting on there."""


def add_working_days(number: int, days: int, holidays: tuple[int, ...]) -> int:
    """The day which is so many working days later (earlier, if negative); 0 is the day itself."""
    if abs(days) > LAST_DAY - FIRST_DAY:
        raise Trapped("overflow")
    if days >= 0:
        return day(_working_days_on(number, days, holidays))
    mirrored = tuple(_MIRROR - h for h in holidays)
    return day(_MIRROR - _working_days_on(_MIRROR - number, -days, mirrored))


def _working_days_on(number: int, days: int, holidays: tuple[int, ...]) -> int:
    if days == 0:
        return number
    closed = _closed(holidays)
    passed, target = number, _nth_weekday(_weekdays_up_to(number) + days)
    while missing := bisect.bisect_right(closed, target) - bisect.bisect_right(closed, passed):
        passed, target = target, _nth_weekday(_weekdays_up_to(target) + missing)
    return target
