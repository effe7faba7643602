"""Literals: numbers that take the type of where they stand, amounts, spans of time, dates, lists and maps."""

from __future__ import annotations

import datetime
from fractions import Fraction

from ccl import core
from ccl.diagnostics import Edit, Fix
from ccl.elaborate import mismatch
from ccl.elaborate.builder import Builder
from ccl.elaborate.declarations import check_key
from ccl.elaborate.fitting import join
from ccl.elaborate.operators import is_literal, negate
from ccl.elaborate.resolve import known_unit
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import (
    BOOL,
    CLEAR_DAYS,
    DATE,
    DAYS,
    DID,
    DURATION,
    I64_MAX,
    INTEGER,
    MONTHS,
    NEVER,
    OWN_UNIT,
    RATIO,
    STRING,
    TIMESTAMP,
    WORKING_DAYS,
    Array,
    Exact,
    Map,
    Money,
    Type,
)

EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


# -- numbers -----------------------------------------------------------------------------------------------------------


def infer_integer(b: Builder, e: tree.IntLit) -> core.Expr:
    """A whole number on its own is an Integer."""
    _suffix(b, e)
    if e.value > I64_MAX:
        return b.error("CCL0158", e.span, f"numbers go up to {I64_MAX:,}", label="too large")
    return core.Const(INTEGER, e.span, e.value)


def infer_decimal(b: Builder, e: tree.DecimalLit) -> core.Expr:
    """A decimal on its own is a Ratio."""
    return _ratio(b, e.value, e.span)


def infer_percent(b: Builder, e: tree.PercentLit) -> core.Expr:
    """A percentage is a Ratio."""
    return _ratio(b, e.value, e.span)


def check_integer(b: Builder, e: tree.IntLit, expected: Type) -> core.Expr:
    """A whole number where a type is expected."""
    if expected is INTEGER or not _numeric(expected):
        return b.coerce(infer_integer(b, e), expected, e)
    _suffix(b, e)
    return number(b, Fraction(e.value), e.span, expected)


def check_decimal(b: Builder, e: tree.DecimalLit, expected: Type) -> core.Expr:
    """A decimal where a type is expected."""
    if not _numeric(expected):
        return b.coerce(infer_decimal(b, e), expected, e)
    return number(b, e.value, e.span, expected)


def _numeric(expected: Type) -> bool:
    return isinstance(expected, Money | Exact) or expected is RATIO


def number(b: Builder, value: Fraction, span: Span, expected: Type) -> core.Expr:
    """A number as written, as a Ratio or in whole units of an amount."""
    if isinstance(expected, Money | Exact):
        return amount(b, value, expected.unit, span, exact=isinstance(expected, Exact))
    return _ratio(b, value, span)


def amount(b: Builder, value: Fraction, unit: str, span: Span, *, exact: bool = False) -> core.Expr:
    """So many whole units of a unit."""
    held: Type = Exact(unit) if exact else Money(unit)
    if value == 0:
        return core.Const(held, span, Fraction(0) if exact else 0)
    decimals = b.names.decimals(unit)
    if unit == OWN_UNIT or decimals is None:
        b.findings.error(
            "CCL0159", span, "of which unit is this amount? The command may be in any", label="a number without a unit",
            notes=("Is the clause about one unit only? Write `in CREDIT` behind `on ..`, or compare with a setting.",),
        )  # fmt: skip
        return b.wrong(span)
    minor = value * 10**decimals
    if exact:
        return core.Const(held, span, minor)
    if minor.denominator != 1:
        places = "no decimals" if decimals == 0 else f"{decimals} decimal{'s' if decimals > 1 else ''}"
        return b.error("CCL0157", span, f"{unit} has {places}", label="finer than its smallest part")
    if abs(minor) > I64_MAX:
        return b.error("CCL0158", span, f"amounts go up to {I64_MAX:,} of the smallest part", label="too large")
    return core.Const(held, span, minor.numerator)


def _ratio(b: Builder, value: Fraction, span: Span) -> core.Expr:
    if abs(value.numerator) > I64_MAX or value.denominator > I64_MAX:
        return b.error("CCL0158", span, "this has more digits than a Ratio holds", label="too long")
    return core.Const(RATIO, span, value)


def _suffix(b: Builder, e: tree.IntLit) -> None:
    if e.suffix:
        place = Span(e.span.source, e.span.end - len(e.suffix), e.span.end)
        b.findings.error("CCL0184", place, "numbers have no suffix: there is one type Integer", label="drop this",
                         fixes=(Fix("drop the suffix", (Edit(place, ""),), dialect=True),))  # fmt: skip


def check_negative(b: Builder, e: tree.UnaryExpr, expected: Type) -> core.Expr:
    """`-5` where an amount or a Ratio is expected."""
    if e.operator == "-" and is_literal(e.operand) and _numeric(expected):
        return negate(b, e.span, b.check(e.operand, expected))
    return b.coerce(b.infer(e), expected, e)


def infer_money(b: Builder, e: tree.MoneyLit) -> core.Expr:
    """`500 CREDIT`."""
    unit = known_unit(b.names, e.unit.text, e.unit.span)
    return b.wrong(e.span) if unit is None else amount(b, e.value, unit, e.span)


# -- time --------------------------------------------------------------------------------------------------------------

_MILLISECONDS = {"milliseconds": 1, "seconds": 1000, "minutes": 60_000, "hours": 3_600_000}
_DAYS = {"days": 1, "weeks": 7}
_MONTHS = {"months": 1, "years": 12}
TIME_UNITS = {name: unit for unit in (*_MILLISECONDS, *_DAYS, *_MONTHS) for name in (unit, unit.removesuffix("s"))}
"""Words for units of time, one and many, with the one that the tree uses."""


def infer_span(b: Builder, e: tree.SpanOfTimeLit) -> core.Expr:
    """`7 days`, `n.hours`, `10 working days`."""
    if isinstance(e.count, tree.DecimalLit):
        return _part_of_time(b, e, e.count.value)
    return span_of(b, b.check(e.count, INTEGER), e.unit, e.qualifier, e.span)


def span_of(b: Builder, count: core.Expr, unit: str, qualifier: str, span: Span) -> core.Expr:
    """So many units of time."""
    unit = TIME_UNITS[unit]
    held: Type
    if qualifier:
        held, factor = (CLEAR_DAYS if qualifier == "clear" else WORKING_DAYS), 1
        if unit != "days":
            return b.error("CCL0187", span, f"there are {qualifier} days, but no {qualifier} {unit}")
    elif unit in _MILLISECONDS:
        held, factor = DURATION, _MILLISECONDS[unit]
    elif unit in _DAYS:
        held, factor = DAYS, _DAYS[unit]
    else:
        held, factor = MONTHS, _MONTHS[unit]
    if count.type is not INTEGER:
        return b.wrong(span)
    if isinstance(count, core.Const):
        total = count.value * factor
        if abs(total) > I64_MAX:
            return b.error("CCL0158", span, "this span of time is too long")
        return core.Const(held, span, total)
    if factor != 1:
        count = core.Op(INTEGER, span, "integer.mul", (count, core.Const(INTEGER, span, factor)))
    name = {DURATION: "duration.of_ms", MONTHS: "months.of"}.get(held, "days.of")
    return core.Op(held, span, name, (count,))


def _part_of_time(b: Builder, e: tree.SpanOfTimeLit, count: Fraction) -> core.Expr:
    """`1.5 hours`: exact milliseconds, or an error."""
    total = count * _MILLISECONDS.get(e.unit, 0)
    if e.unit in _MILLISECONDS and not e.qualifier and total.denominator == 1 and total <= I64_MAX:
        return core.Const(DURATION, e.span, total.numerator)
    return b.error("CCL0187", e.span, f"there are no parts of {e.unit} here", "write a whole number, or hours")


def infer_time(b: Builder, e: tree.TimeLit) -> core.Expr:
    """`2026-01-31` is a Date, `2026-01-31T10:00:00Z` a Timestamp."""
    try:
        if len(e.text) == 10:
            return core.Const(DATE, e.span, datetime.date.fromisoformat(e.text).toordinal() - EPOCH_DAY)
        moment = datetime.datetime.fromisoformat(e.text)
    except ValueError:  # the parser has told
        return b.wrong(e.span)
    if moment.tzinfo is None:
        return b.error("CCL0186", e.span, "a moment says its zone: end it with `Z`, for UTC", label="no zone")
    return core.Const(TIMESTAMP, e.span, (moment - _EPOCH) // datetime.timedelta(milliseconds=1))


# -- texts, truth ------------------------------------------------------------------------------------------------------


def infer_string(b: Builder, e: tree.StringLit) -> core.Expr:
    """A text."""
    return core.Const(STRING, e.span, e.value)


def check_string(b: Builder, e: tree.StringLit, expected: Type) -> core.Expr:
    """A text; a quoted Did is told to be written without quotes."""
    if expected is DID and e.value.startswith("did:"):
        b.findings.error("CCL0150", e.span, "expected Did, found String", label="drop the quotes",
                         fixes=(Fix("drop the quotes", (Edit(e.span, e.value),), dialect=True),))  # fmt: skip
        return b.wrong(e.span)
    return b.coerce(core.Const(STRING, e.span, e.value), expected, e)


def infer_bool(b: Builder, e: tree.BoolLit) -> core.Expr:
    """`true`, `false`."""
    return core.Const(BOOL, e.span, e.value)


def infer_did(b: Builder, e: tree.DidLit) -> core.Expr:
    """`did:key:..`."""
    return core.Const(DID, e.span, e.value)


# -- collections -------------------------------------------------------------------------------------------------------


def infer_list(b: Builder, e: tree.ListExpr) -> core.Expr:
    """`[a, b]`: an array of what its items have in common, at most as many as there are."""
    if not e.items:
        return core.MakeArray(Array(NEVER, 0), e.span, ())
    leader = next((i for i, item in enumerate(e.items) if not is_literal(item)), 0)
    items = b.in_order(e.items[leader:], lambda item, i: b.infer(item))
    if leader:  # numbers before it take its type; they need no statements, so they may come later
        items = [b.check(item, items[0].type) for item in e.items[:leader]] + items
    common = _common(b, e.items, items)
    items = [b.coerce(value, common, item) for value, item in zip(items, e.items, strict=True)]
    return core.MakeArray(Array(common, len(items)), e.span, tuple(items))


def _common(b: Builder, written: tuple[tree.Expr, ...], items: list[core.Expr]) -> Type:
    common: Type = NEVER
    for value, item in zip(items, written, strict=True):
        joined = join(common, value.type)
        if joined is None and common == INTEGER and value.type == RATIO:
            joined = RATIO
        if joined is None and not (common == RATIO and value.type == INTEGER) and not is_literal(item):
            mismatch.tell(b, value, common, item)
        common = joined or common
    return common


def check_list(b: Builder, e: tree.ListExpr, expected: Type) -> core.Expr:
    """A list where an array is expected."""
    if not isinstance(expected, Array):
        return b.coerce(infer_list(b, e), expected, e)
    if expected.most is not None and len(e.items) > expected.most:
        return b.error("CCL0193", e.span, f"{len(e.items)} items, where there may be at most {expected.most}",
                       label="too many")  # fmt: skip
    items = b.in_order(e.items, lambda item, i: b.check(item, expected.item))
    return core.MakeArray(Array(expected.item, len(items)), e.span, tuple(items))


def infer_repeat(b: Builder, e: tree.RepeatExpr) -> core.Expr:
    """`[value; count]`."""
    return _repeat(b, e, None)


def check_repeat(b: Builder, e: tree.RepeatExpr, expected: Type) -> core.Expr:
    """`[value; count]` where an array is expected."""
    if not isinstance(expected, Array):
        return b.coerce(_repeat(b, e, None), expected, e)
    return b.coerce(_repeat(b, e, expected), expected, e)


def _repeat(b: Builder, e: tree.RepeatExpr, expected: Array | None) -> core.Expr:
    value = b.infer(e.value) if expected is None else b.check(e.value, expected.item)
    mark = len(b.out)
    count = b.check(e.count, INTEGER)
    done = [value]
    b.settle(done, mark)
    most = b.bounds(count)[1]
    if most is None and expected is not None:
        most = expected.most
    return core.Op(Array(value.type, most), e.span, "array.repeat", (done[0], count, core.Const(INTEGER, e.span, most)))


def infer_map(b: Builder, e: tree.MapExpr) -> core.Expr:
    """`{ key: value }`."""
    if not e.pairs:
        return core.MakeMap(Map(NEVER, NEVER, 0), e.span, ())
    flat = [part for pair in e.pairs for part in pair]
    values = b.in_order(flat, lambda part, i: b.infer(part))
    key = _common(b, tuple(flat[::2]), values[::2])
    value = _common(b, tuple(flat[1::2]), values[1::2])
    check_key(b.names, key, e.pairs[0][0].span)
    return _pairs(b, e, values, Map(key, value, len(e.pairs)))


def check_map(b: Builder, e: tree.MapExpr, expected: Type) -> core.Expr:
    """`{ key: value }` where a map is expected."""
    if not isinstance(expected, Map):
        return b.coerce(infer_map(b, e), expected, e)
    if expected.most is not None and len(e.pairs) > expected.most:
        return b.error("CCL0193", e.span, f"{len(e.pairs)} entries, where there may be at most {expected.most}",
                       label="too many")  # fmt: skip
    flat = [part for pair in e.pairs for part in pair]
    values = b.in_order(flat, lambda part, i: b.check(part, expected.value if i % 2 else expected.key))
    return _pairs(b, e, values, Map(expected.key, expected.value, len(e.pairs)))


def _pairs(b: Builder, e: tree.MapExpr, values: list[core.Expr], held: Map) -> core.Expr:
    done = [b.coerce(v, held.value if i % 2 else held.key) for i, v in enumerate(values)]
    return core.MakeMap(held, e.span, tuple(zip(done[::2], done[1::2], strict=True)))
