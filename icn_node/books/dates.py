"""Dates: a column of dates in whatever order its system writes them, read as days.

Years first are ISO; days and months in figures are told apart by looking at the whole column, because one row with a
25 settles what a row with a 3 and a 4 leaves open. Where the column settles nothing, or contradicts itself, its owner
is asked: a wrong guess would move history by months. A time with an offset is taken to the space's time zone.

It must not know a clock: what counts as the future is the caller's to say.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from icn_node.books.errors import BadOptions, Unclear
from icn_node.kernel import calendar

DMY, MDY, YMD = "dmy", "mdy", "ymd"
NAMES: Final[dict[str, str]] = {
    DMY: "day/month/year", MDY: "month/day/year", YMD: "year-month-day", "": "year-month-day",
}  # fmt: skip
_SPELLINGS: Final[dict[str, str]] = {
    "d/m/y": DMY, "dd/mm/yyyy": DMY, "m/d/y": MDY, "mm/dd/yyyy": MDY, "y-m-d": YMD, "yyyy-mm-dd": YMD, "iso": YMD,
    DMY: DMY, MDY: MDY, YMD: YMD,
}  # fmt: skip
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PIVOT: Final = 70  # two-digit years from here on are of the last century: community currencies began in 1983

_TIME: Final = (
    r"(?:[T ,]\s*(?P<h>\d{1,2})[:.](?P<min>\d{2})(?:[:.](?P<s>\d{2})(?:[.,](?P<frac>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?"
)
_FORMS: Final = tuple(
    re.compile(form + _TIME, re.ASCII)
    for form in (
        r"(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})",
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
        r"(?P<one>\d{1,2})(?P<sep>[-/. ])(?P<two>\d{1,2})(?P=sep)(?P<three>\d{4}|\d{2})",
        r"(?P<d>\d{1,2})[-/. ]\s*(?P<month>[A-Za-z]{3,9})\.?[-/., ]\s*(?P<y>\d{4}|\d{2})",
        r"(?P<month>[A-Za-z]{3,9})\.? (?P<d>\d{1,2})(?:st|nd|rd|th)?,? (?P<y>\d{4})",
    )
)
_EPOCH: Final = re.compile(r"\d{10}|\d{13}", re.ASCII)


class Moment(NamedTuple):
    """A day, as days since 1970, and the time on it as it distinguishes rows ('' where the column has none)."""

    day: int
    time: str


class _Figures(NamedTuple):
    """A date whose first two parts may be day and month, or month and day."""

    one: int
    two: int
    three: int
    dotted: bool
    match: re.Match[str]


class Column(NamedTuple):
    """A column as it was read: how, and for each cell its moment, or None where it is no date."""

    form: str
    moments: list[Moment | None]


def read(cells: Sequence[str], timezone: str, form: str = "") -> Column:
    """Read a column of dates. form: dmy, mdy, ymd, or a pattern such as "%d %b %Y". Raises Unclear, BadOptions."""
    if "%" in form:
        return Column(form, [_by_pattern(cell.strip(), form) for cell in cells])
    order = _SPELLINGS.get(form.lower(), "")
    if form and not order:
        raise BadOptions(f"the date format {form!r} is not understood; give dmy, mdy, ymd or a pattern: %d.%m.%y")
    found = [_parsed(cell.strip(), timezone) for cell in cells]
    figures = [(at, f) for at, f in enumerate(found) if isinstance(f, _Figures)]
    if figures and not order:
        order = _order(cells, figures)
    moments = [_resolved(f, order, timezone) if isinstance(f, _Figures) else f for f in found]
    return Column(NAMES[order] if figures or order else NAMES[YMD], moments)


def _order(cells: Sequence[str], figures: Sequence[tuple[int, _Figures]]) -> str:
    """Whether days or months come first, by the whole column. Raises Unclear."""
    only: dict[str, int] = {}
    open_at = -1
    for at, f in figures:
        day_first, month_first = _date(f, DMY), _date(f, MDY)
        if day_first is not None and month_first is None:
            only.setdefault(DMY, at)
        elif month_first is not None and day_first is None:
            only.setdefault(MDY, at)
        elif day_first != month_first and open_at < 0 and not f.dotted:
            open_at = at
    if len(only) == 2:
        shown = f"{cells[only[DMY]].strip()!r} and {cells[only[MDY]].strip()!r}"
        raise Unclear(f"the dates {shown} are of different orders; say which holds with --date-format dmy or mdy")
    if only:
        return next(iter(only))
    if open_at >= 0:
        raise Unclear(
            f"the date {cells[open_at].strip()!r} can be read in two ways, and no other row settles it: "
            "say --date-format dmy (day first) or --date-format mdy (month first)"
        )
    return DMY  # either order gives the same days, or the parts stand between dots, which only day-first orders use


def _parsed(text: str, timezone: str) -> Moment | _Figures | None:
    if _EPOCH.fullmatch(text):
        ms = int(text) * (1000 if len(text) == 10 else 1)
        return Moment(calendar.local_day(ms, timezone), text)
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is not None:
            break
    else:
        return None
    parts = match.groupdict()
    if "one" in parts:
        return _Figures(int(parts["one"]), int(parts["two"]), int(parts["three"]), parts["sep"] == ".", match)
    name = parts.get("month")
    if name is not None:
        month = next((n for n, m in enumerate(_MONTHS, 1) if name.lower().startswith(m)), 0)
    else:
        month = int(parts["m"])
    return _moment(_calendar_date(_year(parts["y"]), month, int(parts["d"])), match, timezone)


def _resolved(f: _Figures, order: str, timezone: str) -> Moment | None:
    return _moment(_date(f, order), f.match, timezone)


def _date(f: _Figures, order: str) -> datetime.date | None:
    if order == YMD:
        return _calendar_date(_year(f"{f.one:02d}"), f.two, f.three)
    day, month = (f.one, f.two) if order == DMY else (f.two, f.one)
    return _calendar_date(_year(f.match["three"]), month, day)


def _year(text: str) -> int:
    year = int(text)
    if len(text) > 2:
        return year
    return year + (1900 if year >= _PIVOT else 2000)


def _calendar_date(year: int, month: int, day: int) -> datetime.date | None:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def _moment(date: datetime.date | None, match: re.Match[str], timezone: str) -> Moment | None:
    """The date with the time that the match found beside it."""
    if date is None:
        return None
    day = (date - calendar.EPOCH).days
    if match["h"] is None:
        return Moment(day, "")
    hour, minute, second = int(match["h"]), int(match["min"]), int(match["s"] or 0)
    half = (match["half"] or "").lower().replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59 or second > 60:
        return None
    fraction = (match["frac"] or "").rstrip("0")
    shown = f"{hour:02d}:{minute:02d}:{second:02d}" + (f".{fraction}" if fraction else "")
    zone = match["zone"]
    if zone is None:
        return Moment(day, shown)
    shift = 0
    if zone[0] in "+-":
        shift = (int(zone[1:3]) * 60 + int(zone[3:].removeprefix(":") or 0)) * (1 if zone[0] == "+" else -1)
    minutes = day * 1440 + hour * 60 + minute - shift
    try:
        return Moment(calendar.local_day(minutes * 60_000 + second * 1000, timezone), f"{shown}{zone}")
    except OverflowError:  # the first and last hours of the calendar
        return None


def _by_pattern(text: str, form: str) -> Moment | None:
    try:
        moment = datetime.datetime.strptime(text, form)  # noqa: DTZ007 - a day of the file's own calendar, not an instant
    except ValueError:
        return None
    shown = moment.time().isoformat() if re.search("%[HIMSfpTXcr]", form) else ""
    return Moment((moment.date() - calendar.EPOCH).days, shown)
