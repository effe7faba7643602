"""Symbolic values: what a value of the language is while it is not known, and how two of them become one.

A scalar is a Python int or bool where it is known and a z3 term where it is not, so that what is constant costs no
solver. Integer, Money, times, days and dates are Int terms; String, Did and UnitCode are Int terms too, the numbers of
texts (`ccl.proof.symbols.Texts`). A Ratio or Exact is a `Frac`, exact and not reduced. The rest are the classes below,
whose shape is fixed and whose parts are values again.

It knows no core and no host.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import Any

import z3


class Unprovable(Exception):
    """The question is outside what can be turned into terms; the answer is "unknown", for this reason."""


TOO_DEEP = "it is nested too deep to be looked at"


@dataclass(frozen=True, slots=True, eq=False)
class Frac:
    """above / below, with below > 0. above is an Int term, or a Real one (then below is 1)."""

    above: Any
    below: Any


@dataclass(frozen=True, slots=True, eq=False)
class Tup:
    """A tuple, a struct, or nothing."""

    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """An enum, Option or Result: which variant, and the payloads of those that it may be."""

    tag: Any
    payloads: Mapping[int, tuple[Any, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Seq:
    """An Array, or a Map whose items are `Tup`s of key and value: of `items` the first `length` are there.

    A length beyond `items` is possible where the value was cut to a bound; who walks it has to cut those cases off.
    """

    length: Any
    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Rng:
    """A range of integers, the end not included."""

    low: Any
    high: Any


@dataclass(frozen=True, slots=True, eq=False)
class Rec:
    """A host's record: a name, the terms that tell it from others of that name, and the fields read so far."""

    kind: str
    path: str
    args: tuple[Any, ...]
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class RecChoice:
    """One of two records."""

    test: Any
    then: Any
    orelse: Any


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """A constant outside the types (holidays, the absence of a maximum), and the number that it is told by."""

    value: Any
    number: int


NOTHING = Tup(())


# -- truth -------------------------------------------------------------------------------------------------------------


def both(*parts: Any) -> Any:
    """And, folded."""
    return _folded(parts, True, z3.And)


def either(*parts: Any) -> Any:
    """Or, folded."""
    return _folded(parts, False, z3.Or)


def _folded(parts: tuple[Any, ...], neutral: bool, joined: Callable[..., Any]) -> Any:
    """What the parts come to: those that are known are left out, or decide."""
    open_ = []
    for part in parts:
        if part is (not neutral):
            return part
        if part is not neutral:
            open_.append(part)
    if not open_:
        return neutral
    return open_[0] if len(open_) == 1 else joined(*open_)


def negation(part: Any) -> Any:
    """Not, folded."""
    if isinstance(part, bool):
        return not part
    return part.arg(0) if z3.is_not(part) else z3.Not(part)


def boolean(term: Any) -> Any:
    """The term for a truth value, known or not."""
    return z3.BoolVal(term) if isinstance(term, bool) else term


def known(*values: Any) -> bool:
    """Whether all these scalars are known."""
    return all(isinstance(v, bool | int) for v in values)


# -- choice and equality -----------------------------------------------------------------------------------------------


def choose(test: Any, then: Any, orelse: Any) -> Any:
    """`then` where the test holds, else `orelse`; both of one type."""
    if then is orelse or test is True:
        return then
    if test is False:
        return orelse
    if isinstance(then, _COMPOSED):
        return _CHOOSE[type(then)](test, then, orelse)
    if known(then, orelse) and then == orelse:
        return then
    if isinstance(then, bool) or z3.is_bool(then):
        return _choose_truth(test, then, orelse)
    return z3.If(test, then, orelse)


def _choose_truth(test: Any, then: Any, orelse: Any) -> Any:
    if then is True:
        return either(test, orelse)
    if then is False:
        return both(negation(test), orelse)
    if orelse is True:
        return either(negation(test), then)
    if orelse is False:
        return both(test, then)
    return z3.If(test, then, orelse)


def _choose_frac(test: Any, a: Frac, b: Frac) -> Frac:
    a, b = aligned(a, b)
    return Frac(choose(test, a.above, b.above), choose(test, a.below, b.below))


def _choose_tup(test: Any, a: Tup, b: Tup) -> Tup:
    return Tup(tuple(choose(test, x, y) for x, y in zip(a.items, b.items, strict=True)))


def _choose_variant(test: Any, a: Variant, b: Variant) -> Variant:
    payloads: dict[int, tuple[Any, ...]] = {}
    for index in sorted({*a.payloads, *b.payloads}):
        mine, other = a.payloads.get(index), b.payloads.get(index)
        if mine is None or other is None:
            payloads[index] = mine if other is None else other  # type: ignore[assignment]
        else:
            payloads[index] = tuple(choose(test, x, y) for x, y in zip(mine, other, strict=True))
    return Variant(choose(test, a.tag, b.tag), payloads)


def _choose_seq(test: Any, a: Seq, b: Seq) -> Seq:
    items = []
    for at in range(max(len(a.items), len(b.items))):
        if at >= len(a.items):
            items.append(b.items[at])
        elif at >= len(b.items):
            items.append(a.items[at])
        else:
            items.append(choose(test, a.items[at], b.items[at]))
    return Seq(choose(test, a.length, b.length), tuple(items))


def _choose_rng(test: Any, a: Rng, b: Rng) -> Rng:
    return Rng(choose(test, a.low, b.low), choose(test, a.high, b.high))


_CHOOSE: dict[type, Callable[[Any, Any, Any], Any]] = {
    Frac: _choose_frac,
    Tup: _choose_tup,
    Variant: _choose_variant,
    Seq: _choose_seq,
    Rng: _choose_rng,
    Rec: RecChoice,
    RecChoice: RecChoice,
}
_COMPOSED = tuple(_CHOOSE)


def equal(a: Any, b: Any) -> Any:
    """Whether two values of one type (or an Int and a Frac) are equal."""
    if isinstance(a, Frac) or isinstance(b, Frac):
        a, b = aligned(frac(a), frac(b))
        return _equal_scalars(a.above * b.below if a.below is not b.below else a.above,
                              b.above * a.below if a.below is not b.below else b.above)  # fmt: skip
    if isinstance(a, Tup):
        return both(*(equal(x, y) for x, y in zip(a.items, b.items, strict=True)))
    if isinstance(a, Variant):
        same = [_equal_scalars(a.tag, b.tag)]
        for index in sorted({*a.payloads} & {*b.payloads}):
            parts = [equal(x, y) for x, y in zip(a.payloads[index], b.payloads[index], strict=True)]
            same.append(either(negation(_equal_scalars(a.tag, index)), both(*parts)))
        return both(*same)
    if isinstance(a, Seq):
        parts = [_equal_scalars(a.length, b.length)]
        for at, (x, y) in enumerate(zip(a.items, b.items, strict=False)):
            parts.append(either(negation(less(at, a.length)), equal(x, y)))
        return both(*parts)
    if isinstance(a, Rng):
        return both(_equal_scalars(a.low, b.low), _equal_scalars(a.high, b.high))
    if isinstance(a, Rec | RecChoice):
        message = "two records are compared"
        raise Unprovable(message)
    return _equal_scalars(a, b)


def _equal_scalars(a: Any, b: Any) -> Any:
    if a is b or (known(a, b) and a == b):
        return True
    if isinstance(a, bool):
        return b if a else negation(b)
    if isinstance(b, bool):
        return a if b else negation(a)
    return a == b


def less(a: Any, b: Any) -> Any:
    """a < b, of numbers, Int or Frac."""
    if isinstance(a, Frac) or isinstance(b, Frac):
        a, b = aligned(frac(a), frac(b))
        return a.above < b.above if a.below is b.below else a.above * b.below < b.above * a.below
    return a < b


def at_most(a: Any, b: Any) -> Any:
    """a <= b."""
    return negation(less(b, a)) if isinstance(a, Frac) or isinstance(b, Frac) else a <= b


# -- fractions ---------------------------------------------------------------------------------------------------------


def frac(value: Any) -> Frac:
    """A number as a fraction."""
    if isinstance(value, Frac):
        return value
    if isinstance(value, Fraction):
        return Frac(value.numerator, value.denominator)
    return Frac(value, 1)


def aligned(a: Frac, b: Frac) -> tuple[Frac, Frac]:
    """The same two over one denominator where both are known, else as they are."""
    if a.below is b.below:
        return a, b
    if isinstance(a.below, int) and isinstance(b.below, int):
        below = lcm(a.below, b.below)
        return Frac(times(a.above, below // a.below), below), Frac(times(b.above, below // b.below), below)
    return a, b


def times(a: Any, b: Any) -> Any:
    """A product of scalars, folded where one is 0 or 1."""
    for one, other in ((a, b), (b, a)):
        if isinstance(one, int) and one in (0, 1):
            return other if one else 0
    return a * b


def floor_div(a: Any, b: Any) -> Any:
    """The greatest integer not above a/b, for b > 0."""
    if isinstance(b, int) and b == 1 and not _real(a):
        return a
    if known(a, b):
        return a // b
    if _real(a):
        return z3.ToInt(a / b)
    return (z3.IntVal(a) if isinstance(a, int) else a) / b  # Int division in z3 rounds down for a positive divisor


def _real(term: Any) -> bool:
    return not isinstance(term, int) and bool(z3.is_real(term))


def absolute(a: Any) -> Any:
    """The size of a number."""
    return choose(less(a, 0), -a, a)


# -- leaves ------------------------------------------------------------------------------------------------------------


def leaves(value: Any) -> Iterable[Any]:
    """The scalars that a value consists of, in a fixed order: what it is told by as an argument of a function."""
    if isinstance(value, Frac):
        yield value.above
        yield value.below
    elif isinstance(value, Tup):
        for item in value.items:
            yield from leaves(item)
    elif isinstance(value, Variant):
        yield value.tag
        for index in sorted(value.payloads):
            for item in value.payloads[index]:
                yield from leaves(item)
    elif isinstance(value, Seq):
        yield value.length
        for item in value.items:
            yield from leaves(item)
    elif isinstance(value, Rng):
        yield value.low
        yield value.high
    elif isinstance(value, Raw):
        yield value.number
    elif isinstance(value, Rec | RecChoice):
        yield _identity(value)
    else:
        yield value


def _identity(record: Rec | RecChoice) -> Any:
    """An Int term by which a record is told from others where it is handed on."""
    if isinstance(record, RecChoice):
        return choose(record.test, _identity(record.then), _identity(record.orelse))
    return leaf(f"{record.path}#", z3.IntSort(), record.args)


def leaf(path: str, sort: Any, args: tuple[Any, ...]) -> Any:
    """A symbol, or with arguments an unknown function of them."""
    if not args:
        return z3.Const(path, sort)
    terms = [z3.BoolVal(a) if isinstance(a, bool) else z3.IntVal(a) if isinstance(a, int) else a for a in args]
    return z3.Function(path, *(term.sort() for term in terms), sort)(*terms)
