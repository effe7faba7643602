"""Operators: which types each takes, and the operation of the core it is.

One table by operator and the kinds of both sides. What is exact stays exact: `/` gives a Ratio, a percentage of Money
gives Exact money; a mixture of Integer and Ratio, or of Money and Exact, is computed exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from ccl import core
from ccl.diagnostics import Label
from ccl.elaborate.builder import Builder
from ccl.elaborate.fitting import added, equated, fits, join, ordered
from ccl.elaborate.mismatch import quotient, shown
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import (
    ANY,
    BOOL,
    CLEAR_DAYS,
    DATE,
    DAYS,
    DURATION,
    I64_MAX,
    INTEGER,
    MONTHS,
    NEVER,
    RATIO,
    STRING,
    TIMESTAMP,
    WORKING_DAYS,
    Array,
    Exact,
    Map,
    Money,
    Option,
    Plain,
    Range,
    Result,
    Type,
    UnitCode,
)

Make = Callable[[Builder, Span, core.Expr, core.Expr], core.Expr]


def kind(t: Type) -> str:
    """The name by which the tables know a type: a plain one's own, else its class's."""
    return t.name if isinstance(t, Plain) else t.__class__.__name__


def zone(b: Builder, span: Span) -> core.Expr:
    """The contract's time zone, as an argument."""
    return core.Const(STRING, span, b.names.timezone)


def holidays(b: Builder, span: Span) -> core.Expr:
    """The contract's holidays, as an argument."""
    days = b.names.holidays
    return core.Const(Array(DATE, len(days)), span, days)


def exactly(value: core.Expr) -> core.Expr:
    """An Integer as a Ratio, Money as Exact; what is exact already as it is."""
    if isinstance(value.type, Money):
        return core.Op(Exact(value.type.unit), value.span, "money.to_exact", (value,))
    if value.type is INTEGER:
        if isinstance(value, core.Const):
            return core.Const(RATIO, value.span, Fraction(value.value))
        return core.Op(RATIO, value.span, "ratio.of_integer", (value,))
    return value


# -- what the operators make -------------------------------------------------------------------------------------------


def _op(name: str, result: Type | None = None) -> Make:
    """The operation on both as they are; its result is of the left's type unless given."""

    def make(b: Builder, span: Span, left: core.Expr, right: core.Expr) -> core.Expr:
        return core.Op(left.type if result is None else result, span, name, (left, right))

    return make


def _swapped(make: Make) -> Make:
    return lambda b, span, left, right: make(b, span, right, left)


def _exact(name: str, result: Type | None = None) -> Make:
    """The operation on both made exact."""

    def make(b: Builder, span: Span, left: core.Expr, right: core.Expr) -> core.Expr:
        one, other = exactly(left), exactly(right)
        return core.Op(one.type if result is None else result, span, name, (one, other))

    return make


def _to_exact(name: str) -> Make:
    """An amount by a number: Exact."""

    def make(b: Builder, span: Span, left: core.Expr, right: core.Expr) -> core.Expr:
        assert isinstance(left.type, Money | Exact)
        amount = exactly(left) if name == "exact.div" else left
        return core.Op(Exact(left.type.unit), span, name, (amount, right))

    return make


def _calendar(name: str, *, zoned: bool = False, festive: bool = False) -> Make:
    """A moment or a date and a span of days: the zone and the holidays go with it."""

    def make(b: Builder, span: Span, left: core.Expr, right: core.Expr) -> core.Expr:
        more = (*((zone(b, span),) if zoned else ()), *((holidays(b, span),) if festive else ()))
        return core.Op(left.type, span, name, (left, right, *more))

    return make


def _quotient(b: Builder, span: Span, left: core.Expr, right: core.Expr) -> core.Expr:
    """An exact quotient; what the dialect means by it is told where that is asked for."""
    literal = isinstance(left, core.Const) and isinstance(right, core.Const)
    if b.findings.dialect and not b.shared.rounding and not literal:
        quotient(b, span)
        return b.wrong(span)
    return core.Op(RATIO, span, "ratio.make", (left, right))


def _back(make: Make, negated: str) -> Make:
    """Subtract a span: add its opposite."""

    def back(b: Builder, span: Span, left: core.Expr, right: core.Expr) -> core.Expr:
        return make(b, span, left, core.Op(right.type, right.span, negated, (right,)))

    return back


def _clear_before(b: Builder, span: Span, left: core.Expr, right: core.Expr) -> core.Expr:
    """The last day from which so many clear days lie before a date: as many days back, and one more."""
    opposite = core.Op(DAYS, right.span, "days.neg", (right,))
    back = core.Op(DAYS, right.span, "days.sub", (opposite, core.Const(DAYS, right.span, 1)))
    return core.Op(DATE, span, "date.add_days", (left, back))


def _of_units(name: str, result: Callable[[str], Type] | None) -> Make:
    """An operation of two amounts; their units have been seen to be one."""

    def make(b: Builder, span: Span, left: core.Expr, right: core.Expr) -> core.Expr:
        assert isinstance(left.type, Money | Exact)
        one, other = (exactly(left), exactly(right)) if result is Exact else (left, right)
        return core.Op(RATIO if result is None else result(left.type.unit), span, name, (one, other))

    return make


def _concat(b: Builder, span: Span, left: core.Expr, right: core.Expr) -> core.Expr:
    assert isinstance(left.type, Array)
    assert isinstance(right.type, Array)
    item = join(left.type.item, right.type.item)
    if item is None:
        return b.error("CCL0152", span, f"an {left.type} and an {right.type} cannot be joined")
    most = added(left.type.most, right.type.most)
    return core.Op(Array(item, most), span, "array.concat", (left, right, core.Const(INTEGER, span, most)))


_MONTHLY = _calendar("timestamp.add_months", zoned=True)
_DAILY = _calendar("timestamp.add_days", zoned=True)
_LATER = _calendar("timestamp.add_clear_days", zoned=True)
_WORKED = _calendar("timestamp.add_working_days", zoned=True, festive=True)
_BY_WORK = _calendar("date.add_working_days", festive=True)

_MAKE: dict[tuple[str, str, str], Make] = {
    ("+", "Integer", "Integer"): _op("integer.add"),
    ("-", "Integer", "Integer"): _op("integer.sub"),
    ("*", "Integer", "Integer"): _op("integer.mul"),
    ("/", "Integer", "Integer"): _quotient,
    ("%", "Integer", "Integer"): _op("integer.rem"),
    **{(sign, one, other): _exact(f"ratio.{name}", RATIO)
       for sign, name in (("+", "add"), ("-", "sub"), ("*", "mul"), ("/", "div"))
       for one, other in (("Ratio", "Ratio"), ("Ratio", "Integer"), ("Integer", "Ratio"))},
    ("+", "Money", "Money"): _of_units("money.add", Money),
    ("-", "Money", "Money"): _of_units("money.sub", Money),
    ("/", "Money", "Money"): _of_units("money.ratio", None),
    **{(sign, one, other): _of_units(f"exact.{name}", Exact)
       for sign, name in (("+", "add"), ("-", "sub"))
       for one, other in (("Exact", "Exact"), ("Exact", "Money"), ("Money", "Exact"))},
    ("*", "Money", "Integer"): _op("money.times"),
    ("*", "Integer", "Money"): _swapped(_op("money.times")),
    ("*", "Money", "Ratio"): _to_exact("money.scale"),
    ("*", "Ratio", "Money"): _swapped(_to_exact("money.scale")),
    ("*", "Exact", "Ratio"): _op("exact.scale"),
    ("*", "Ratio", "Exact"): _swapped(_op("exact.scale")),
    ("*", "Exact", "Integer"): _op("exact.scale"),
    ("*", "Integer", "Exact"): _swapped(_op("exact.scale")),
    ("/", "Money", "Integer"): _to_exact("money.share"),
    ("/", "Money", "Ratio"): _to_exact("exact.div"),
    ("/", "Exact", "Integer"): _op("exact.div"),
    ("/", "Exact", "Ratio"): _op("exact.div"),
    ("+", "String", "String"): _op("string.concat"),
    ("+", "Array", "Array"): _concat,
    ("+", "Timestamp", "Duration"): _op("timestamp.add_duration"),
    ("-", "Timestamp", "Duration"): _op("timestamp.sub_duration"),
    ("+", "Timestamp", "Days"): _DAILY,
    ("-", "Timestamp", "Days"): _back(_DAILY, "days.neg"),
    ("+", "Timestamp", "Months"): _MONTHLY,
    ("-", "Timestamp", "Months"): _back(_MONTHLY, "months.neg"),
    ("+", "Timestamp", "ClearDays"): _LATER,
    ("+", "Timestamp", "WorkingDays"): _WORKED,
    ("-", "Timestamp", "Timestamp"): _op("timestamp.sub", DURATION),
    ("+", "Date", "Days"): _op("date.add_days"),
    ("-", "Date", "Days"): _back(_op("date.add_days"), "days.neg"),
    ("+", "Date", "Months"): _op("date.add_months"),
    ("-", "Date", "Months"): _back(_op("date.add_months"), "months.neg"),
    ("+", "Date", "ClearDays"): _op("date.add_clear_days"),
    ("-", "Date", "ClearDays"): _clear_before,
    ("+", "Date", "WorkingDays"): _BY_WORK,
    ("-", "Date", "WorkingDays"): _back(_BY_WORK, "days.neg"),
    ("-", "Date", "Date"): _op("date.sub", DAYS),
    **{(sign, one, one): _op(f"{one.lower()}.{name}")
       for one in ("Duration", "Days", "Months") for sign, name in (("+", "add"), ("-", "sub"))},
    **{("*", one, "Integer"): _op(f"{one.lower()}.times") for one in ("Duration", "Days", "Months")},
    **{("*", "Integer", one): _swapped(_op(f"{one.lower()}.times")) for one in ("Duration", "Days", "Months")},
    ("/", "Duration", "Duration"): _op("duration.div", RATIO),
}  # fmt: skip

OPERANDS = tuple(_MAKE)
"""Every operator of arithmetic with the kinds of both sides that it takes."""

_COMPARED = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_MIXED = frozenset((("Integer", "Ratio"), ("Ratio", "Integer"), ("Money", "Exact"), ("Exact", "Money")))
_NAMED = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "%": "take the remainder of"}


# -- binary ------------------------------------------------------------------------------------------------------------


def binary(b: Builder, operator: str, span: Span, left: core.Expr, right: core.Expr, at: Span) -> core.Expr:
    """Two values and an operator between them (not `&&`, `||`, `??`, `in`)."""
    if left.type in (ANY, NEVER) or right.type in (ANY, NEVER):
        return core.Const(ANY, span, None)
    if operator in _COMPARED:
        return compare(b, operator, span, left, right, at)
    if operator in ("by", "before", "after"):
        return _deadline(b, operator, span, left, right, at)
    make = _MAKE.get((operator, kind(left.type), kind(right.type)))
    if make is None:
        return _no_operator(b, operator, span, left, right, at)
    if _units_differ(b, left, right, at):
        return b.wrong(span)
    if isinstance(right, core.Const) and right.value == 0 and operator in ("/", "%"):
        return b.error("CCL0145", span, "this divides by zero", label="always traps")
    return folded(make(b, span, left, right))


def folded(e: core.Expr) -> core.Expr:
    """Arithmetic of two literal Integers, done at once; what would overflow is left to trap."""
    if isinstance(e, core.Op) and e.type is INTEGER and len(e.args) == 2:
        a, c = e.args
        if isinstance(a, core.Const) and isinstance(c, core.Const) and e.op in _FOLD:
            value = _FOLD[e.op](a.value, c.value)
            if abs(value) <= I64_MAX:
                return core.Const(INTEGER, e.span, value)
    return e


_FOLD: dict[str, Callable[[int, int], int]] = {
    "integer.add": lambda a, c: a + c,
    "integer.sub": lambda a, c: a - c,
    "integer.mul": lambda a, c: a * c,
}


def _units_differ(b: Builder, left: core.Expr, right: core.Expr, at: Span) -> bool:
    one, other = left.type, right.type
    if isinstance(one, Money | Exact) and isinstance(other, Money | Exact) and one.unit != other.unit:
        b.findings.error(
            "CCL0153", at, f"units do not mix: {one} and {other}", label="between these",
            also=(Label(left.span, f"this is {shown(one)}"), Label(right.span, f"this is {shown(other)}")),
            notes=_unit_notes(one.unit, other.unit),
        )  # fmt: skip
        return True
    return False


def _unit_notes(one: str, other: str) -> tuple[str, ...]:
    if "$" not in (one, other):
        return ("An amount of one unit becomes one of another only through a rate that the contract states.",)
    known = other if one == "$" else one
    return (f"The command may be in any unit. If the clause is about {known} only, write `in {known}` behind `on ..`.",)


def compare(b: Builder, operator: str, span: Span, left: core.Expr, right: core.Expr, at: Span) -> core.Expr:
    """`==` and its like, also of Integer with Ratio and of Money with Exact: exactly."""
    one, other = left.type, right.type
    if _units_differ(b, left, right, at):
        return b.wrong(span)
    mixed = (kind(one), kind(other)) in _MIXED
    if not mixed and not fits(one, other) and not fits(other, one) and join(one, other) is None:
        b.findings.error(
            "CCL0170", at, f"{one} and {other} cannot be compared", label="between these",
            also=(Label(left.span, f"this is {shown(one)}"), Label(right.span, f"this is {shown(other)}")),
            notes=_comparison_notes(one, other),
        )  # fmt: skip
        return b.wrong(span)
    equality = operator in ("==", "!=")
    bad = next((t for t in (one, other) if not (equated(t) if equality else ordered(t))), None)
    if bad is not None:
        what = "cannot be compared" if equality else "have no order"
        b.findings.error("CCL0170", at, f"values of {bad} {what}", label=f"`{operator}` does not go with them")
        return b.wrong(span)
    return core.Op(BOOL, span, _COMPARED[operator], (left, right))


def _comparison_notes(one: Type, other: Type) -> tuple[str, ...]:
    for a, c in ((one, other), (other, one)):
        if isinstance(a, Option) and (fits(c, a.item) or fits(a.item, c)):
            return ("One of them may be absent: compare with `Some(..)`, or say what holds instead: `x ?? 0`.",)
        if isinstance(a, Money) and c in (INTEGER, RATIO):
            return ("A number that is worked out has no unit. Multiply one of the unit: `n * 1 CREDIT`.",)
        if a == DURATION and c in (DAYS, MONTHS, WORKING_DAYS, CLEAR_DAYS):
            return ("A Duration is exact hours, a day of the calendar may have 23 or 25: compare hours, or dates.",)
        if a == TIMESTAMP and c == DATE:
            return ("`t by d`, `t before d` and `t after d` say what is meant of the day itself.",)
        if isinstance(a, UnitCode) and isinstance(c, UnitCode):
            return ("A clause about one unit says so behind `on ..`: `in CREDIT`.",)
    return ()


def _deadline(b: Builder, operator: str, span: Span, left: core.Expr, right: core.Expr, at: Span) -> core.Expr:
    """`x by d`: on that day at the latest. `before`, `after`: not on the day itself."""
    one, other = left.type, right.type
    if one == TIMESTAMP and other == DATE:
        return core.Op(BOOL, span, f"timestamp.{operator}", (left, right, zone(b, span)))
    if one == other and one in (TIMESTAMP, DATE):
        return core.Op(BOOL, span, {"by": "le", "before": "lt", "after": "gt"}[operator], (left, right))
    return b.error("CCL0152", at, f"`{operator}` stands between a moment or date and a date, not {one} and {other}",
                   label="between these")  # fmt: skip


def _no_operator(b: Builder, operator: str, span: Span, left: core.Expr, right: core.Expr, at: Span) -> core.Expr:
    one, other = left.type, right.type
    what = _NAMED.get(operator, operator)
    b.findings.error(
        "CCL0152", at, f"`{operator}` does not go with {one} and {other}", label=f"cannot {what} these",
        also=(Label(left.span, f"this is {shown(one)}"), Label(right.span, f"this is {shown(other)}")),
        notes=_operator_notes(operator, one, other),
    )  # fmt: skip
    return b.wrong(span)


def _operator_notes(operator: str, one: Type, other: Type) -> tuple[str, ...]:
    if operator == "+" and STRING in (one, other):
        return ('`format!("{} {}", a, b)` makes a text of several values.',)
    if {one, other} == {DAYS, DURATION} or {one, other} == {MONTHS, DURATION}:
        return ("A day of the calendar is not always 24 hours: add each to a date or a moment.",)
    for a, c in ((one, other), (other, one)):
        if isinstance(a, Option | Result):
            return ("One of them may be absent or failed: take it out first, with `??`, `if let` or `?`.",)
        if isinstance(a, Money | Exact) and c in (INTEGER, RATIO) and operator in "+-":
            return ("A number that is worked out has no unit: write an amount, or declare the name as `Money<..>`.",)
    if isinstance(one, Money) and isinstance(other, Money) and operator == "*":
        return ("An amount is multiplied by a number or a percentage.",)
    return ()


# -- unary -------------------------------------------------------------------------------------------------------------

_NEGATED = {
    "Integer": "integer.neg", "Ratio": "ratio.neg", "Money": "money.neg", "Exact": "exact.neg",
    "Duration": "duration.neg", "Days": "days.neg", "Months": "months.neg",
}  # fmt: skip


def negate(b: Builder, span: Span, value: core.Expr) -> core.Expr:
    """`-x`."""
    if value.type in (ANY, NEVER):
        return value
    name = _NEGATED.get(kind(value.type))
    if name is None:
        return b.error("CCL0152", span, f"there is no negative of {value.type}", label="cannot negate this")
    if isinstance(value, core.Const):
        return core.Const(value.type, span, -value.value)
    return core.Op(value.type, span, name, (value,))


def contained(b: Builder, span: Span, item: core.Expr, of: core.Expr, at: Span) -> core.Expr:
    """`x in xs`: an item of an array, a number of a range, a key of a map."""
    holder = of.type
    if item.type in (ANY, NEVER) or holder in (ANY, NEVER):
        return core.Const(ANY, span, None)
    if isinstance(holder, Range):
        return core.Op(BOOL, span, "range.contains", (of, b.coerce(item, holder.item)))
    if isinstance(holder, Array):
        return core.Op(BOOL, span, "array.contains", (of, b.coerce(item, holder.item)))
    if isinstance(holder, Map):
        return core.Op(BOOL, span, "map.contains", (of, b.coerce(item, holder.key)))
    if holder == STRING and item.type == STRING:
        return core.Op(BOOL, span, "string.contains", (of, item))
    return b.error("CCL0152", at, f"`in` asks of an array, a range or a map, not of {holder}")


def is_literal(e: tree.Expr) -> bool:
    """Whether it is a number as written, or made of such: it takes the type of what it stands beside."""
    while isinstance(e, tree.UnaryExpr) and e.operator == "-":
        e = e.operand
    if isinstance(e, tree.BinaryExpr) and e.operator in ("+", "-", "*"):
        return is_literal(e.left) and is_literal(e.right)
    return isinstance(e, tree.IntLit | tree.DecimalLit)
