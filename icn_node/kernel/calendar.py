"""Calendar: local dates of a commit's time, from the pinned `tzdata` package, never from the machine.

The zone files of the operating system differ between machines and days; results must not. So zones are read only from
the package that the lock file pins.
"""

from __future__ import annotations

import datetime
import functools
import importlib.resources
import zoneinfo

EPOCH = datetime.date(1970, 1, 1)


def known(timezone: str) -> bool:
    """Whether the pinned database has that zone."""
    try:
        zone(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return False
    return True


@functools.lru_cache(maxsize=64)
def zone(timezone: str) -> zoneinfo.ZoneInfo:
    """The zone from the pinned database. Raises ZoneInfoNotFoundError."""
    if len(timezone) > 64:  # as in a charter; how long a path may be differs between machines
        raise zoneinfo.ZoneInfoNotFoundError(timezone)
    parts = timezone.split("/")
    if not all(p and p.replace("_", "").replace("-", "").replace("+", "").isalnum() and p.isascii() for p in parts):
        raise zoneinfo.ZoneInfoNotFoundError(timezone)
    path = importlib.resources.files("tzdata").joinpath("zoneinfo", *parts)
    if not path.is_file():
        raise zoneinfo.ZoneInfoNotFoundError(timezone)
    with path.open("rb") as file:
        return zoneinfo.ZoneInfo.from_file(file, key=timezone)


@functools.lru_cache(maxsize=256)
def local_date(time_ms: int, timezone: str) -> datetime.date:
    """The date on the wall there at that UTC time."""
    moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(milliseconds=time_ms)
    return moment.astimezone(zone(timezone)).date()


@functools.lru_cache(maxsize=256)
def local_day(time_ms: int, timezone: str) -> int:
    """The local date as days since 1970-01-01."""
    return (local_date(time_ms, timezone) - EPOCH).days


def add_months(day: datetime.date, months: int) -> datetime.date:
    """The same day that many months on, or that month's last day where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    first_of_next = datetime.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (first_of_next - datetime.timedelta(days=1)).day
    return datetime.date(year, month + 1, min(day.day, last))
