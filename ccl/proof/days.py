"""The calendar as terms: years, months and days of dates, months later, and the local date of a moment.

The proleptic Gregorian calendar is arithmetic with constants, so it is stated exactly: a date has the one year, month
and day of which it is the date. Only the offset of a time zone is not:
the local date of a moment is an unknown function within 16 hours of UTC, of which the solver is told, day by day, what
it is for the moments that come up. In UTC it is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ccl import types, words
from ccl.core import Const, Op
from ccl.proof.symbols import DAY_MS, FIRST_DAY, LAST_DAY
from ccl.proof.terms import Frac, Variant, at_most, both, choose, either, equal, floor_div, less, negation, times

if TYPE_CHECKING:
    from ccl.proof.numeric import Meaning
    from ccl.proof.symbolic import Run

_WIDEST_MS = 16 * 3_600_000
"""Further from UTC no place has ever been (Manila and Alaska were 15 to 16 hours away, before 1845 and 1867)."""


def _part(a: Any, b: int) -> tuple[Any, Any]:
    """Quotient and rest of a division by a positive constant."""
    whole = floor_div(a, b)
    return whole, a - times(whole, b)


_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
"""Days of a common year before each month."""


def _leap(year: Any) -> Any:
    fourth, hundredth, four_hundredth = (equal(_part(year, n)[1], 0) for n in (4, 100, 400))
    return both(fourth, either(negation(hundredth), four_hundredth))


def number(year: Any, month: Any, of_month: Any) -> Any:
    """The date of year, month and day, in days since 1970-01-01."""
    before = year - 1
    days = 365 * before + floor_div(before, 4) - floor_div(before, 100) + floor_div(before, 400)
    of_year: Any = 0
    for index in range(11, -1, -1):
        of_year = choose(equal(month, index + 1), _BEFORE[index], of_year)
    leap = choose(both(less(2, month), _leap(year)), 1, 0)
    return days + of_year + leap + of_month - 1 + FIRST_DAY


def civil(run: Run, day: Any) -> tuple[Any, ...]:
    """Year, month and day of a date: the one date that has them. Of a date made from them they are known already."""
    if isinstance(day, int):
        return words.civil(day)
    triple = run.symbols.triples.get(day.get_id())
    if triple is None:
        year, month, of_month = run.symbols.triple(day)
        made = both(year >= 1, year <= 9999, month >= 1, month <= 12, of_month >= 1, of_month <= _length(year, month),
                    number(year, month, of_month) == day)  # fmt: skip
        run.symbols.axioms.append(either(less(day, FIRST_DAY), less(LAST_DAY, day), made))
        triple = _keep(run, day, (year, month, of_month))
    return triple[1]


def _keep(run: Run, day: Any, triple: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Remember what a date was made from; the term is kept too, so that its number stays its own."""
    if not isinstance(day, int):
        run.symbols.triples[day.get_id()] = (day, triple)
    return day, triple


def _length(year: Any, month: Any) -> Any:
    """How many days a month has."""
    short = either(*(equal(month, m) for m in (4, 6, 9, 11)))
    return choose(equal(month, 2), choose(_leap(year), 29, 28), choose(short, 30, 31))


def _months_later(run: Run, day: Any, months: Any) -> tuple[Any, Any]:
    """The year so many months later, and the date then: the same day of the month, or its last one."""
    year, month, of_month = civil(run, day)
    year, from_january = _part(year * 12 + month - 1 + months, 12)
    last = _length(year, from_january + 1)
    then = (year, from_january + 1, choose(less(last, of_month), last, of_month))
    return year, _keep(run, number(*then), then)[0]


def _add_months(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    year, later = _months_later(run, *args)
    run.trap("overflow", either(less(year, 1), less(9999, year)), expr.span)
    return later


def _months_between(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    a, b = args
    back = less(b, a)
    first, last = choose(back, b, a), choose(back, a, b)
    (ya, ma, _), (yb, mb, _) = civil(run, a), civil(run, b)
    _keep(run, first, tuple(choose(back, of_b, of_a) for of_a, of_b in zip(civil(run, a), civil(run, b), strict=True)))
    months = choose(back, (ya - yb) * 12 + ma - mb, (yb - ya) * 12 + mb - ma)
    whole = either(equal(months, 0), at_most(_months_later(run, first, months)[1], last))
    months = months - choose(whole, 0, 1)
    return choose(back, -months, months)


def _thirty_360(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    (y1, m1, d1), (y2, m2, d2) = civil(run, args[0]), civil(run, args[1])
    d1, d2 = (choose(less(30, d), 30, d) for d in (d1, d2))
    return Frac((y2 - y1) * 360 + (m2 - m1) * 30 + d2 - d1, 360)


def _make(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    year, month, of_month = args
    fits = both(at_most(1, year), at_most(year, 9999), at_most(1, month), at_most(month, 12), at_most(1, of_month),
                at_most(of_month, _length(year, month)))  # fmt: skip
    return Variant(choose(fits, 1, 0), {0: (), 1: (number(year, month, of_month),)})


def _of_civil(index: int) -> Meaning:
    def meaning(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
        return civil(run, args[0])[index]

    return meaning


def local_date(run: Run, expr: Op, moment: Any, zone: tuple[Any, Any]) -> Any:
    """The local date of a moment. zone: the argument that names it, and its value. A day is kept free at both ends of
    the calendar, as `ccl.dates` does."""
    first, last = (FIRST_DAY + 2) * DAY_MS, (LAST_DAY - 1) * DAY_MS
    run.trap("overflow", either(less(moment, first), less(last, moment)), expr.span)
    named, value = zone
    if isinstance(moment, int) or not isinstance(named, Const):
        of = Op(types.DATE, expr.span, "date.of_timestamp", (Const(types.TIMESTAMP, expr.span, 0), named))
        return run.opaque(of, (moment, value))
    if named.value == "UTC":
        return floor_div(moment, DAY_MS)
    arg_types = (types.TIMESTAMP, named.type)
    day = run.symbols.apply("date.of_timestamp", types.DATE, (moment, value), arg_types, traps=False).value
    run.know(both(at_most(floor_div(moment - _WIDEST_MS, DAY_MS), day),
                  at_most(day, floor_div(moment + _WIDEST_MS, DAY_MS))))  # fmt: skip
    return day


def _of_timestamp(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return local_date(run, expr, args[0], (expr.args[1], args[1]))


def _by(relation: str) -> Meaning:
    def meaning(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
        day = local_date(run, expr, args[0], (expr.args[2], args[2]))
        if relation == "by":
            return at_most(day, args[1])
        return less(day, args[1]) if relation == "before" else less(args[1], day)

    return meaning


MEANINGS: Mapping[str, Meaning] = {
    "date.year": _of_civil(0),
    "date.month": _of_civil(1),
    "date.day": _of_civil(2),
    "date.make": _make,
    "date.add_months": _add_months,
    "date.months_between": _months_between,
    "date.thirty_360": _thirty_360,
    "date.of_timestamp": _of_timestamp,
    **{f"timestamp.{relation}": _by(relation) for relation in ("by", "before", "after")},
}
"""By the names of `ccl.ops.OPS`."""
