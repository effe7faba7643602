"""Exact arithmetic: integers within i64, ratios of such integers, money before it is rounded, rounding, splitting.

Integers and minor units lie within plus or minus 2^63-1, so negation never overflows. A Ratio is a `Fraction` whose
numerator and denominator lie there too. An Exact amount is a `Fraction` without such bounds; so that one evaluation
cannot make numbers that fill a memory, its two parts have at most `EXACT_BITS` bits. Every breach is a trap.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from ccl.evaluation import Trapped
from ccl.types import I64_MAX

EXACT_BITS = 8192
"""Most bits of the numerator and of the denominator of an Exact amount; beyond is the trap `overflow`."""

ROUNDING_MODES = ("down", "up", "to_zero", "from_zero", "half_up", "half_even", "half_down")
"""down: to minus infinity; up: to plus infinity; half_up: ties away from zero; half_down: ties to zero."""


def integer(value: int) -> int:
    """The value, or the trap `overflow`."""
    if -I64_MAX <= value <= I64_MAX:
        return value
    raise Trapped("overflow")


def ratio(value: Fraction) -> Fraction:
    """The value, or the trap `ratio_range`."""
    if -I64_MAX <= value.numerator <= I64_MAX and value.denominator <= I64_MAX:
        return value
    raise Trapped("ratio_range")


def exact(value: Fraction) -> Fraction:
    """The value, or the trap `overflow` where its parts exceed `EXACT_BITS`."""
    if value.numerator.bit_length() <= EXACT_BITS and value.denominator.bit_length() <= EXACT_BITS:
        return value
    raise Trapped("overflow")


# -- integers ----------------------------------------------------------------------------------------------------------


def add(a: int, b: int) -> int:
    """Sum of integers, of amounts, of durations."""
    return integer(a + b)


def sub(a: int, b: int) -> int:
    """Difference of the same."""
    return integer(a - b)


def mul(a: int, b: int) -> int:
    """Product."""
    return integer(a * b)


def neg(a: int) -> int:
    """Opposite; the range is symmetric, so it always has one."""
    return -a


def rem(a: int, b: int) -> int:
    """Remainder of the division that truncates: it has the sign of `a`."""
    if b == 0:
        raise Trapped("division_by_zero")
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


def power(a: int, b: int) -> int:
    """Power; a negative exponent has no integer result: the trap `overflow`."""
    if b < 0 or (b > 63 and a not in (-1, 0, 1)):
        raise Trapped("overflow")
    return integer(a ** (b if b <= 63 else 62 + b % 2))


def clamp(value: int, low: int, high: int) -> int:
    """The value, raised to `low`, then lowered to `high`."""
    return min(max(value, low), high)


def parse_integer(text: str) -> tuple[int] | None:
    """An Option of the integer that the text states in ASCII digits, with at most one sign."""
    digits = text[1:] if text[:1] in ("-", "+") else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 19:
        return None
    value = int(text)
    return (value,) if -I64_MAX <= value <= I64_MAX else None


# -- ratios ------------------------------------------------------------------------------------------------------------


def ratio_make(a: int, b: int) -> Fraction:
    """a / b, of integers, of two amounts of one unit, of two durations."""
    if b == 0:
        raise Trapped("division_by_zero")
    return Fraction(a, b)


def ratio_add(a: Fraction, b: Fraction) -> Fraction:
    """Sum."""
    return ratio(a + b)


def ratio_sub(a: Fraction, b: Fraction) -> Fraction:
    """Difference."""
    return ratio(a - b)


def ratio_mul(a: Fraction, b: Fraction) -> Fraction:
    """Product."""
    return ratio(a * b)


def ratio_div(a: Fraction, b: Fraction) -> Fraction:
    """Quotient."""
    if b == 0:
        raise Trapped("division_by_zero")
    return ratio(a / b)


def ratio_pow(a: Fraction, b: int) -> Fraction:
    """Power with an integer exponent, negative ones too: what compound interest needs."""
    if a.numerator == 0 and b < 0:
        raise Trapped("division_by_zero")
    if abs(b) > 63 and not (a.denominator == 1 and a.numerator in (-1, 0, 1)):
        raise Trapped("ratio_range")
    small = b if abs(b) <= 63 else 62 + b % 2
    return ratio(Fraction(a**small))


# -- amounts before rounding -------------------------------------------------------------------------------------------


def scale(a: int | Fraction, b: int | Fraction) -> Fraction:
    """An amount times a ratio, exactly."""
    return exact(Fraction(a) * b)


def share(a: int | Fraction, b: int | Fraction) -> Fraction:
    """An amount divided by an integer or a ratio, exactly."""
    if b == 0:
        raise Trapped("division_by_zero")
    return exact(Fraction(a) / b)


def exact_add(a: Fraction, b: Fraction) -> Fraction:
    """Sum."""
    return exact(a + b)


def exact_sub(a: Fraction, b: Fraction) -> Fraction:
    """Difference."""
    return exact(a - b)


def total(values: Iterable[Fraction]) -> Fraction:
    """The sum of ratios, or of amounts before rounding; on its way it may be beyond a Ratio's range."""
    result = Fraction(0)
    for value in values:
        result = exact(result + value)
    return result


# -- rounding ----------------------------------------------------------------------------------------------------------


def down(value: int | Fraction) -> int:
    """The greatest integer that is not above."""
    return integer(value.numerator // value.denominator)


def up(value: int | Fraction) -> int:
    """The least integer that is not below."""
    return integer(-(-value.numerator // value.denominator))


def to_zero(value: int | Fraction) -> int:
    """Towards zero."""
    whole = abs(value.numerator) // value.denominator
    return integer(-whole if value.numerator < 0 else whole)


def from_zero(value: int | Fraction) -> int:
    """Away from zero."""
    whole = -(-abs(value.numerator) // value.denominator)
    return integer(-whole if value.numerator < 0 else whole)


def half_up(value: int | Fraction) -> int:
    """To the nearest, a tie away from zero."""
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return integer(-whole if value.numerator < 0 else whole)


def half_down(value: int | Fraction) -> int:
    """To the nearest, a tie towards zero."""
    whole = -((value.denominator - 2 * abs(value.numerator)) // (2 * value.denominator))
    return integer(-whole if value.numerator < 0 else whole)


def half_even(value: int | Fraction) -> int:
    """To the nearest, a tie to the even one."""
    whole, rest = divmod(value.numerator, value.denominator)
    twice = 2 * rest
    if twice > value.denominator or (twice == value.denominator and whole % 2):
        whole += 1
    return integer(whole)


# -- splitting ---------------------------------------------------------------------------------------------------------


def split(pool: int, weights: tuple[int, ...]) -> tuple[int, ...]:
    """The pool in proportion to the weights by largest remainder (Hamilton); ties by position. The sum is the pool.

    A negative pool is split as its opposite is, so that taking back undoes giving. A weight of zero gets nothing.
    Traps `bad_split` if a weight is negative or all are zero.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise Trapped("bad_split")
    size = abs(pool)
    shares = [size * weight // total for weight in weights]
    left = size - sum(shares)
    if left:
        by_rest = sorted(range(len(weights)), key=lambda i: -(size * weights[i] % total))
        for i in by_rest[:left]:
            shares[i] += 1
    return tuple(shares) if pool >= 0 else tuple(-s for s in shares)
