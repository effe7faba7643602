"""When a value of one type may stand where another is expected, and which type two branches have in common.

A type fits where it says no less: an array of at most 3 where one of at most 10 is wanted, `None` where any Option is.
Nothing is converted here; the lossless conversions (Integer to Ratio, Money to Exact) are `Builder.coerce`'s.
"""

from __future__ import annotations

from ccl import core
from ccl.types import (
    ANY,
    BOOL,
    CLEAR_DAYS,
    DATE,
    DAYS,
    DID,
    DURATION,
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
    Option,
    Range,
    Record,
    Result,
    Tuple,
    Type,
    UnitCode,
)

ORDERED = frozenset((INTEGER, RATIO, TIMESTAMP, DURATION, DAYS, CLEAR_DAYS, WORKING_DAYS, MONTHS, DATE, STRING, DID))
"""Plain types whose values stand in an order; Money and Exact do too."""

SUMMED = frozenset((INTEGER, RATIO, DURATION, DAYS, MONTHS))
"""Plain types that can be summed; Money and Exact can too."""

PRINTED = frozenset((INTEGER, BOOL, STRING, DID, TIMESTAMP, DURATION, DAYS, CLEAR_DAYS, WORKING_DAYS, MONTHS, DATE,
                     RATIO))  # fmt: skip


def fits(actual: Type, expected: Type) -> bool:
    """Whether a value of the one type may stand where the other is expected."""
    if actual is expected or actual is ANY or expected is ANY or actual is NEVER or actual == expected:
        return True
    if actual.__class__ is not expected.__class__:
        return False
    if isinstance(actual, Array) and isinstance(expected, Array):
        return _within(actual.most, expected.most) and fits(actual.item, expected.item)
    if isinstance(actual, Map) and isinstance(expected, Map):
        return (_within(actual.most, expected.most) and fits(actual.key, expected.key)
                and fits(actual.value, expected.value))  # fmt: skip
    if isinstance(actual, Option | Range) and isinstance(expected, Option | Range):
        return fits(actual.item, expected.item)
    if isinstance(actual, Result) and isinstance(expected, Result):
        return fits(actual.value, expected.value) and fits(actual.error, expected.error)
    if isinstance(actual, Tuple) and isinstance(expected, Tuple):
        return len(actual.items) == len(expected.items) and all(map(fits, actual.items, expected.items))
    return False


def _within(most: int | None, limit: int | None) -> bool:
    return limit is None or (most is not None and most <= limit)


def join(a: Type, b: Type) -> Type | None:
    """The least type that both fit, None if there is none."""
    if a is b or a == b or b in (ANY, NEVER):
        return a
    if a in (ANY, NEVER):
        return b
    if a.__class__ is not b.__class__:
        return None
    if isinstance(a, Array) and isinstance(b, Array):
        item = join(a.item, b.item)
        return None if item is None else Array(item, greater(a.most, b.most))
    if isinstance(a, Map) and isinstance(b, Map):
        key, value = join(a.key, b.key), join(a.value, b.value)
        return None if key is None or value is None else Map(key, value, greater(a.most, b.most))
    if isinstance(a, Option) and isinstance(b, Option):
        item = join(a.item, b.item)
        return None if item is None else Option(item)
    if isinstance(a, Result) and isinstance(b, Result):
        value, error = join(a.value, b.value), join(a.error, b.error)
        return None if value is None or error is None else Result(value, error)
    if isinstance(a, Tuple) and isinstance(b, Tuple) and len(a.items) == len(b.items):
        items = [join(x, y) for x, y in zip(a.items, b.items, strict=True)]
        return None if None in items else Tuple(tuple(i for i in items if i is not None))
    return None


def greater(a: int | None, b: int | None) -> int | None:
    """The greater maximum; None, no maximum, is the greatest."""
    return None if a is None or b is None else max(a, b)


def added(a: int | None, b: int | None) -> int | None:
    """The maximum of two collections joined."""
    return None if a is None or b is None else a + b


def loosened(t: Type) -> Type:
    """The type of a variable whose own was inferred: its collections may grow."""
    if isinstance(t, Array):
        return Array(t.item) if t.most is not None else t
    if isinstance(t, Map):
        return Map(t.key, t.value) if t.most is not None else t
    return t


def oversized(t: Type, most: int) -> bool:
    """Whether a type has more parts than so many; it looks at no more of them."""
    waiting = [t]
    seen = 0
    while waiting:
        part = waiting.pop()
        seen += 1
        if seen > most:
            return True
        if isinstance(part, Array | Option | Range):
            waiting.append(part.item)
        elif isinstance(part, Tuple):
            waiting.extend(part.items)
        elif isinstance(part, Map | Result):
            waiting.append(part.value)
            waiting.append(part.key if isinstance(part, Map) else part.error)
    return False


def ordered(t: Type) -> bool:
    """Whether `<` compares its values."""
    return t in ORDERED or isinstance(t, Money | Exact) or t in (ANY, NEVER)


def summed(t: Type) -> bool:
    """Whether a sum of its values has a meaning."""
    return t in SUMMED or isinstance(t, Money | Exact) or t in (ANY, NEVER)


def printed(t: Type) -> bool:
    """Whether a text can be made of its values."""
    return t in PRINTED or isinstance(t, Money | Exact | UnitCode) or t in (ANY, NEVER)


def equated(t: Type) -> bool:
    """Whether `==` compares its values: all but records."""
    return not isinstance(t, Record | Range)


GROWING = frozenset(("array.push", "array.concat", "array.insert", "array.repeat", "map.set"))
"""Operations whose last argument is the maximum of their result."""


def held_to(value: core.Expr, expected: Type) -> core.Expr:
    """An operation that grows a collection, held to the maximum expected: beyond, it traps `too_long`."""
    if not isinstance(value, core.Op) or value.op not in GROWING or getattr(expected, "most", None) is None:
        return value
    grown = value.type
    if isinstance(grown, Array) and isinstance(expected, Array):
        fresh: Type = Array(grown.item, expected.most)
    elif isinstance(grown, Map) and isinstance(expected, Map):
        fresh = Map(grown.key, grown.value, expected.most)
    else:
        return value
    limit = core.Const(INTEGER, value.span, expected.most)
    return core.Op(fresh, value.span, value.op, (*value.args[:-1], limit))


# -- units -------------------------------------------------------------------------------------------------------------


def in_unit(t: Type, unit: str | None) -> Type:
    """The type with the unit bound to `$` put in its place; None leaves it."""
    if unit is None or unit == OWN_UNIT or not mentions_unit(t):
        return t
    if isinstance(t, Money):
        return Money(unit)
    if isinstance(t, Exact):
        return Exact(unit)
    if isinstance(t, UnitCode):
        return UnitCode(unit)
    if isinstance(t, Array):
        return Array(in_unit(t.item, unit), t.most)
    if isinstance(t, Map):
        return Map(in_unit(t.key, unit), in_unit(t.value, unit), t.most)
    if isinstance(t, Option):
        return Option(in_unit(t.item, unit))
    if isinstance(t, Result):
        return Result(in_unit(t.value, unit), in_unit(t.error, unit))
    if isinstance(t, Tuple):
        return Tuple(tuple(in_unit(i, unit) for i in t.items))
    assert isinstance(t, Range)
    return Range(in_unit(t.item, unit), t.most)


def mentions_unit(t: Type) -> bool:
    """Whether `$` stands in it."""
    if isinstance(t, Money | Exact | UnitCode):
        return t.unit == OWN_UNIT
    if isinstance(t, Array | Option | Range):
        return mentions_unit(t.item)
    if isinstance(t, Map):
        return mentions_unit(t.key) or mentions_unit(t.value)
    if isinstance(t, Result):
        return mentions_unit(t.value) or mentions_unit(t.error)
    return isinstance(t, Tuple) and any(map(mentions_unit, t.items))


def unit_bound(expected: Type, actual: Type) -> str | None:
    """What `$` in the expected type is, going by an actual one; None if that does not say."""
    if isinstance(expected, Money | Exact | UnitCode):
        if expected.unit == OWN_UNIT and isinstance(actual, Money | Exact | UnitCode):
            return actual.unit
        return None
    if isinstance(expected, Array | Option | Range) and isinstance(actual, Array | Option | Range):
        return unit_bound(expected.item, actual.item)
    if isinstance(expected, Map) and isinstance(actual, Map):
        return unit_bound(expected.key, actual.key) or unit_bound(expected.value, actual.value)
    if isinstance(expected, Tuple) and isinstance(actual, Tuple):
        pairs = zip(expected.items, actual.items, strict=False)
        return next((u for e, a in pairs if (u := unit_bound(e, a)) is not None), None)
    return None


def cheap(e: core.Expr) -> bool:
    """Whether an expression may stand in several places: it reads nothing but locals, and cannot trap."""
    while isinstance(e, core.Item | core.Payload):
        e = e.target
    return isinstance(e, core.Const | core.Local)
