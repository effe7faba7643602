"""The operations on numbers, times and days as terms, in the meaning that `ccl.ops` gives them.

Every operation says which of its traps it may meet and when. What is missing here, in `ccl.proof.days` and in
`ccl.proof.sequences` is left to the solver as an unknown function, of which it is told the values that come up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ccl import types
from ccl.core import Op
from ccl.proof.symbols import FIRST_DAY, LAST_DAY
from ccl.proof.terms import (
    Frac,
    absolute,
    aligned,
    at_most,
    both,
    choose,
    either,
    equal,
    floor_div,
    frac,
    known,
    less,
    negation,
    times,
)
from ccl.sequences import MOST_TEXT

if TYPE_CHECKING:
    from ccl.proof.symbolic import Run

Meaning = Callable[["Run", Op, "tuple[Any, ...]"], Any]
"""What an operation gives: of the run (which takes traps), the expression, and the values of its arguments."""

_POWERS = 8
"""A power with a known exponent up to this is written out."""


# -- comparison --------------------------------------------------------------------------------------------------------


def _ordered(strict: bool, swapped: bool) -> Meaning:
    def meaning(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
        if expr.args[0].type in (types.STRING, types.DID) or expr.args[0].type == types.BOOL:
            return run.opaque(expr, args)
        a, b = args[::-1] if swapped else args
        return less(a, b) if strict else at_most(a, b)

    return meaning


def _equality(wanted: bool) -> Meaning:
    def meaning(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
        if _has_map(run, expr.args[0].type):
            return run.opaque(expr, args)
        same = equal(*args)
        return same if wanted else negation(same)

    return meaning


def _has_map(run: Run, type_: types.Type, depth: int = 0) -> bool:
    """Maps are equal whatever their order, which `equal` does not know."""
    if isinstance(type_, types.Map) or depth > 8:
        return True
    parts: tuple[types.Type, ...] = run.symbols.parts(type_) or ()
    if isinstance(type_, types.Array | types.Option):
        parts = (type_.item,)
    elif isinstance(type_, types.Result):
        parts = (type_.value, type_.error)
    elif isinstance(type_, types.Enum):
        parts = tuple(item for v in run.symbols.shapes.enums[type_.name].variants for item in v.items)
    return any(_has_map(run, part, depth + 1) for part in parts)


# -- integers, amounts, spans of time ----------------------------------------------------------------------------------


def _within(run: Run, expr: Op, value: Any) -> Any:
    """The value, if it lies in the range of 64 bits; else a trap."""
    run.trap("overflow", either(less(types.I64_MAX, value), less(value, -types.I64_MAX)), expr.span)
    return value


def _add(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return _within(run, expr, args[0] + args[1])


def _sub(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return _within(run, expr, args[0] - args[1])


def _mul(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return _within(run, expr, times(*args))


def _neg(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return -args[0]


def _rem(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    a, b = args
    run.trap("division_by_zero", equal(b, 0), expr.span)
    if known(a, b):
        return 0 if b == 0 else (abs(a) % abs(b)) * (-1 if a < 0 else 1)
    size, by = absolute(a), absolute(b)
    rest = size - times(by, floor_div(size, by))
    return choose(less(a, 0), -rest, rest)


def _pow(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    base, exponent = args
    if not (known(exponent) and 0 <= exponent <= _POWERS) or known(base):
        return run.opaque(expr, args)
    value: Any = 1
    for _ in range(exponent):
        value = times(value, base)
    return _within(run, expr, value)


def _abs(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    value = args[0]
    if isinstance(value, Frac):
        return Frac(absolute(value.above), value.below)
    return absolute(value)


def _min(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return choose(less(args[1], args[0]), args[1], args[0])


def _max(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return choose(less(args[0], args[1]), args[1], args[0])


def _clamp(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    value, low, high = args
    raised = choose(less(value, low), low, value)
    return choose(less(high, raised), high, raised)


def _same(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return args[0]


# -- fractions ---------------------------------------------------------------------------------------------------------


def _quotient(a: Frac, b: Frac) -> Frac:
    """a / b, b not zero."""
    above, below = times(a.above, b.below), times(a.below, b.above)
    negative = less(below, 0)
    return Frac(choose(negative, -above, above), choose(negative, -below, below))


def _divided(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    a, b = frac(args[0]), frac(args[1])
    run.trap("division_by_zero", equal(b.above, 0), expr.span)
    if known(b.above) and b.above == 0:
        return Frac(0, 1)
    return _spanned(run, expr, _quotient(a, b))


def _to_frac(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return frac(args[0])


def _spanned(run: Run, expr: Op, value: Frac) -> Frac:
    """Of a Ratio: the trap `ratio_range` where its parts, reduced, leave 64 bits. Reducing needs both to be known; else
    the trap is possible where the parts as they are leave 64 bits, which a counterexample then has to show."""
    if expr.op.startswith("ratio.") and expr.op != "ratio.make":
        above, below = value.above, value.below
        if known(above, below):
            least = Fraction(above, below)
            above, below = least.numerator, least.denominator
        beyond = either(less(types.I64_MAX, absolute(above)), less(types.I64_MAX, below), run.unknown_parts(above))
        run.trap("ratio_range", beyond, expr.span)
    return value


def _frac_add(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    a, b = aligned(frac(args[0]), frac(args[1]))
    if a.below is b.below:
        return _spanned(run, expr, Frac(a.above + b.above, a.below))
    above = times(a.above, b.below) + times(b.above, a.below)
    return _spanned(run, expr, Frac(above, times(a.below, b.below)))


def _frac_sub(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    b = frac(args[1])
    return _frac_add(run, expr, (args[0], Frac(-b.above, b.below)))


def _frac_mul(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    a, b = frac(args[0]), frac(args[1])
    return _spanned(run, expr, Frac(times(a.above, b.above), times(a.below, b.below)))


def _frac_neg(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return Frac(-args[0].above, args[0].below)


def _round(mode: str) -> Meaning:
    """Rounding by the floor and what is left of it; `2 * rest` against the whole tells the nearest."""

    def meaning(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
        value = frac(args[0])
        whole = floor_div(value.above, value.below)
        rest = value.above - times(whole, value.below)
        negative = less(value.above, 0)
        if mode in ("down", "up", "to_zero", "from_zero"):
            left_over = less(0, rest)
            upwards = {"down": False, "up": True, "to_zero": negative, "from_zero": negation(negative)}[mode]
            return _within(run, expr, whole + choose(both(left_over, upwards), 1, 0))
        tie = equal(2 * rest, value.below)
        on_tie = {
            "half_up": negation(negative),
            "half_down": negative,
            "half_even": equal(whole - times(2, floor_div(whole, 2)), 1) if mode == "half_even" else False,
        }[mode]
        up = either(less(value.below, 2 * rest), both(tie, on_tie))
        return _within(run, expr, whole + choose(up, 1, 0))

    return meaning


# -- days and moments --------------------------------------------------------------------------------------------------


def _add_days(extra: int) -> Meaning:
    def meaning(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
        value = args[0] + args[1] + extra
        run.trap("overflow", either(less(value, FIRST_DAY), less(LAST_DAY, value)), expr.span)
        return value

    return meaning


def _date_sub(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return args[0] - args[1]


def _weekday(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    shifted = args[0] + 3
    return shifted - times(7, floor_div(shifted, 7)) + 1


def _act_365(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return Frac(args[1] - args[0], 365)


def _opaque(low: int | None = None, high: int | None = None) -> Meaning:
    """Known only to give equals for equals, between two numbers."""

    def meaning(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
        return run.opaque(expr, args, low, high)

    return meaning


_I64_OPS: Mapping[str, Meaning] = {"add": _add, "sub": _sub, "times": _mul, "neg": _neg}
_SPANS = {
    f"{kind}.{name}": _I64_OPS[name]
    for kind in ("money", "duration", "days", "months")
    for name in ("add", "sub", "times", "neg")
}
_FRACTIONS: dict[str, Meaning] = {
    f"{kind}.{name}": meaning
    for kind in ("ratio", "exact")
    for name, meaning in (
        ("add", _frac_add), ("sub", _frac_sub), ("neg", _frac_neg), ("div", _divided), ("abs", _abs), ("min", _min),
        ("max", _max),
    )
}  # fmt: skip

MEANINGS: Mapping[str, Meaning] = {
    "eq": _equality(True),
    "ne": _equality(False),
    "lt": _ordered(strict=True, swapped=False),
    "le": _ordered(strict=False, swapped=False),
    "gt": _ordered(strict=True, swapped=True),
    "ge": _ordered(strict=False, swapped=True),
    "integer.add": _add,
    "integer.sub": _sub,
    "integer.mul": _mul,
    "integer.neg": _neg,
    "integer.rem": _rem,
    "integer.pow": _pow,
    **_SPANS,
    **{f"{kind}.{name}": meaning for kind in ("integer", "money") for name, meaning in
       (("abs", _abs), ("min", _min), ("max", _max), ("clamp", _clamp))},
    **_FRACTIONS,
    "ratio.mul": _frac_mul,
    "ratio.make": _divided,
    "ratio.of_integer": _to_frac,
    "money.ratio": _divided,
    "money.share": _divided,
    "duration.div": _divided,
    "money.scale": _frac_mul,
    "exact.scale": _frac_mul,
    "money.to_exact": _to_frac,
    **{f"round.{mode}": _round(mode) for mode in
       ("down", "up", "to_zero", "from_zero", "half_up", "half_even", "half_down")},
    **dict.fromkeys(
        ("money.minor", "money.of_minor", "timestamp.ms", "timestamp.of_ms", "duration.ms", "duration.of_ms",
         "days.count", "days.of", "months.count", "months.of"), _same),
    "timestamp.add_duration": _add,
    "timestamp.sub_duration": _sub,
    "timestamp.sub": _sub,
    "date.add_days": _add_days(0),
    "date.add_clear_days": _add_days(1),
    "date.sub": _date_sub,
    "date.weekday": _weekday,
    "date.act_365": _act_365,
    "string.length": _opaque(0, MOST_TEXT),
}  # fmt: skip
"""By the names of `ccl.ops.OPS`. One that is missing is an unknown function."""
