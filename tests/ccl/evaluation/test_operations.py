"""Operations against hand-written values and against other ways to find the same."""

from __future__ import annotations

import datetime
import decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccl import arithmetic, dates, fuel
from ccl.evaluation import Trapped
from ccl.ops import OPS, TRAPS

from . import values

MAX = 2**63 - 1
DAYS = st.integers(dates.FIRST_DAY + 800, dates.LAST_DAY - 800)
NEAR = st.integers(20_000, 22_000)


@pytest.mark.parametrize(
    ("op", "args", "expected"), values.ROWS, ids=[f"{op}-{n}" for n, (op, _, _) in enumerate(values.ROWS)]
)
def test_an_operation_gives(op: str, args: tuple[object, ...], expected: object) -> None:
    got = values.outcome(OPS, op, args)
    assert got == expected
    assert type(got) is type(expected) or isinstance(expected, Fraction | int)


def test_every_trap_that_an_operation_declares_has_words() -> None:
    for spec in OPS.values():
        assert set(spec.traps) <= set(TRAPS), spec
        assert all(0 <= position < spec.arity for position in spec.sized)
        assert bool(spec.sized) == bool(spec.eighths)


MODES = {
    "down": decimal.ROUND_FLOOR, "up": decimal.ROUND_CEILING, "to_zero": decimal.ROUND_DOWN,
    "from_zero": decimal.ROUND_UP, "half_up": decimal.ROUND_HALF_UP, "half_even": decimal.ROUND_HALF_EVEN,
    "half_down": decimal.ROUND_HALF_DOWN,
}  # fmt: skip


@given(st.integers(-(10**12), 10**12), st.sampled_from((1, 2, 4, 5, 8, 10, 100, 1000)), st.sampled_from(sorted(MODES)))
def test_rounding_is_that_of_decimal_arithmetic(numerator: int, denominator: int, mode: str) -> None:
    context = decimal.Context(prec=40)
    expected = context.divide(numerator, denominator).quantize(decimal.Decimal(1), MODES[mode], context)
    assert OPS[f"round.{mode}"].run(Fraction(numerator, denominator)) == int(expected)


@given(st.integers(-MAX, MAX), st.lists(st.integers(0, MAX), min_size=1, max_size=8))
def test_a_split_conserves_the_sum_and_is_fair(pool: int, weights: list[int]) -> None:
    if not any(weights):
        with pytest.raises(Trapped):
            arithmetic.split(pool, tuple(weights))
        return
    shares = arithmetic.split(pool, tuple(weights))
    assert sum(shares) == pool
    quotas = [Fraction(pool * w, sum(weights)) for w in weights]
    assert all(abs(s - q) < 1 for s, q in zip(shares, quotas, strict=True))
    raised = [i for i, (s, q) in enumerate(zip(shares, quotas, strict=True)) if abs(s) > abs(q)]
    kept = [i for i, (s, q) in enumerate(zip(shares, quotas, strict=True)) if abs(s) < abs(q)]
    rests = [abs(q) - abs(int(q)) for q in quotas]
    assert all((rests[i], -i) > (rests[k], -k) for i in raised for k in kept)


@given(DAYS, st.integers(-24, 24))
def test_months_later_is_the_same_day_or_the_months_last(day: int, months: int) -> None:
    later = dates.add_months(day, months)
    assert (dates.year(later) - dates.year(day)) * 12 + dates.month(later) - dates.month(day) == months
    if dates.day_of_month(later) != dates.day_of_month(day):
        assert dates.day_of_month(later) < dates.day_of_month(day)
        assert dates.month(later + 1) != dates.month(later)


@given(NEAR, NEAR)
def test_months_between_is_the_most_that_can_be_added(a: int, b: int) -> None:
    first, last = min(a, b), max(a, b)
    months = dates.months_between(first, last)
    assert dates.add_months(first, months) <= last < dates.add_months(first, months + 1)
    assert dates.months_between(last, first) == -months


def counted(day: int, days: int, holidays: set[int]) -> int:
    """Working days later, one day at a time."""
    step = 1 if days > 0 else -1
    while days:
        day += step
        civil = datetime.date(1970, 1, 1) + datetime.timedelta(days=day)
        if civil.weekday() < 5 and day not in holidays:
            days -= step
    return day


@given(NEAR, st.integers(-60, 60), st.sets(st.integers(20_000, 22_000), max_size=40))
def test_working_days_are_those_counted_one_by_one(day: int, days: int, holidays: set[int]) -> None:
    fixed = tuple(sorted(holidays))
    assert dates.add_working_days(day, days, fixed) == counted(day, days, holidays)


@given(NEAR, NEAR, st.sets(st.integers(20_000, 22_000), max_size=40))
def test_working_days_between_are_those_on_the_way(a: int, b: int, holidays: set[int]) -> None:
    fixed = tuple(sorted(holidays))
    low, high = min(a, b), max(a, b)
    expected = sum(dates.is_working_day(d, fixed) for d in range(low + 1, high + 1))
    assert dates.working_days_between(a, b, fixed) == (expected if a <= b else -expected)


@given(
    NEAR, st.sampled_from(("UTC", "Europe/Madrid", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Apia", "Asia/Beirut"))
)
def test_a_day_starts_with_its_first_moment(day: int, zone: str) -> None:
    first = dates.start(day, zone)
    assert dates.of_timestamp(first, zone) == day
    assert dates.of_timestamp(first - 1, zone) == day - 1


@given(st.integers(1_600_000_000_000, 1_900_000_000_000), st.integers(-500, 500))
def test_days_later_keep_the_time_on_the_wall(moment: int, days: int) -> None:
    zone = dates.zone("Europe/Madrid")
    before = datetime.datetime.fromtimestamp(moment / 1000, zone)
    after = datetime.datetime.fromtimestamp(dates.time_add_days(moment, days, "Europe/Madrid") / 1000, zone)
    assert (after.date() - before.date()).days == days
    if not 0 <= before.hour <= 3:  # the hours that clocks skip or repeat
        assert abs((after.hour * 60 + after.minute) - (before.hour * 60 + before.minute)) <= 1


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../../etc/passwd", "", "Europe/Madrid\n", "x" * 65])
def test_a_zone_that_is_not_in_the_pinned_data_is_unknown(zone: str) -> None:
    assert not dates.known(zone)


def test_an_exact_amount_cannot_fill_the_memory() -> None:
    value = Fraction(1)
    with pytest.raises(Trapped, match="overflow"):
        for _ in range(10_000):
            value = arithmetic.scale(value, Fraction(MAX, MAX - 1))
    assert value.numerator.bit_length() <= arithmetic.EXACT_BITS


def test_a_text_cannot_fill_the_memory() -> None:
    text = "x" * 40_000
    for op, args in (("string.concat", (text, text)), ("string.join", ((text, text), "")),
                     ("string.replace", (text, "x", "xx"))):  # fmt: skip
        assert values.outcome(OPS, op, args) == "!too_long"


def test_a_sized_operation_costs_by_its_length() -> None:
    assert fuel.of_sizes(OPS["array.sort"], ((1, 2, 3),), (10,)) == 24
    assert fuel.of_sizes(OPS["array.push"], ((1,) * 15, 2, 20), (20,)) == 1
    with pytest.raises(Trapped, match="too_long"):
        fuel.of_sizes(OPS["array.sort"], ((1, 2, 3),), (2,))
