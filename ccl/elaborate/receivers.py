"""A method called on a value: what it was called with, and the rules of those that are one operation.

A type letter in a rule stands for a part of the receiver's type: `T` the item of an array or Option, `K` and `V` of a
map, `S` the type itself, `A` an array of the same items.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ccl import core
from ccl.elaborate import operators
from ccl.elaborate.builder import Builder
from ccl.source import Span
from ccl.syntax import tree
from ccl.types import (
    NEVER,
    Array,
    Map,
    Option,
    Result,
    Type,
)


class Site(NamedTuple):
    """A method called: on what, with what, where."""

    on: core.Expr
    name: tree.Name
    args: tuple[tree.Arg, ...]
    span: Span


Rule = Callable[[Builder, Site], core.Expr]


# -- arguments ---------------------------------------------------------------------------------------------------------


def take(b: Builder, s: Site, *types: Type | None) -> list[core.Expr] | None:
    """The receiver and as many arguments, of these types (None: any); None where their number is wrong (told)."""
    if not number_of(b, s, len(types)):
        return None
    mark = len(b.out)

    def each(e: tree.Expr, i: int) -> core.Expr:
        wanted = types[i]
        return b.infer(e) if wanted is None else b.check(e, wanted)

    values = b.in_order([a.value for a in s.args], each)
    done = [s.on]
    b.settle(done, mark)
    return done + values


def number_of(b: Builder, s: Site, *numbers: int) -> bool:
    if len(s.args) in numbers and all(a.name is None for a in s.args):
        return True
    told = " or ".join(str(n) if n else "no" for n in numbers)
    code = "CCL0122" if len(s.args) > max(numbers) else "CCL0121"
    named = next((a.name for a in s.args if a.name is not None), None)
    if named is not None:
        b.error("CCL0120", named.span, f"`{s.name.text}` has no parameter `{named.text}`", "give it by place")
    else:
        b.error(code, s.span, f"`{s.name.text}` takes {told} argument{'s' if numbers != (1,) else ''}, not "
                f"{len(s.args)}")  # fmt: skip
    return False


def letter(named: Type | str, held: Type) -> Type | None:
    """A type of a rule, for a receiver of some type."""
    if isinstance(named, Type):
        return named
    if named == "S":
        return held
    if named == "A":  # another array of the same items, however many
        return Array(held.item) if isinstance(held, Array) else held
    if named == "T":
        found = held.item if isinstance(held, Array | Option) else held.value if isinstance(held, Result) else held
    elif named == "K":
        found = held.key if isinstance(held, Map) else held
    else:
        found = held.value if isinstance(held, Map) else held
    return None if found is NEVER else found


def simple(op: str, params: tuple[Type | str, ...] = (), result: Type | str = "S", *, zoned: bool = False,
           festive: bool = False) -> Rule:  # fmt: skip
    """A method that is one operation."""

    def rule(b: Builder, s: Site) -> core.Expr:
        done = take(b, s, *[letter(p, s.on.type) for p in params])
        if done is None:
            return b.wrong(s.span)
        if zoned:
            done.append(operators.zone(b, s.span))
        if festive:
            done.append(operators.holidays(b, s.span))
        held = letter(result, s.on.type) or NEVER
        return core.Op(held, s.span, op, tuple(done))

    return rule


def optional(op: str, params: tuple[Type | str, ...] = ()) -> Rule:
    """A method that is one operation, giving an Option of an item or a value."""

    def rule(b: Builder, s: Site) -> core.Expr:
        done = take(b, s, *[letter(p, s.on.type) for p in params])
        if done is None:
            return b.wrong(s.span)
        inner = s.on.type.value if isinstance(s.on.type, Map) else letter("T", s.on.type) or NEVER
        return core.Op(Option(inner), s.span, op, tuple(done))

    return rule


def itself(b: Builder, s: Site) -> core.Expr:
    return s.on if number_of(b, s, 0) else b.wrong(s.span)
