"""Methods of arrays, maps and ranges: growing, looking up, and the walks that take a closure."""

from __future__ import annotations

from ccl import core
from ccl.elaborate import closures
from ccl.elaborate.builder import Builder
from ccl.elaborate.fitting import added, fits, join, loosened, ordered
from ccl.elaborate.mismatch import shown
from ccl.elaborate.operators import is_literal
from ccl.elaborate.receivers import Rule, Site, itself, letter, number_of, optional, simple, take
from ccl.types import (
    ANY,
    BOOL,
    INTEGER,
    NEVER,
    RATIO,
    STRING,
    Array,
    Exact,
    Map,
    Money,
    Option,
    Tuple,
    Type,
)


def counted(b: Builder, s: Site) -> core.Expr:
    """`len`; `count` with a closure counts what it holds of."""
    if len(s.args) == 1 and s.name.text == "count":
        return closures.walk(b, "count", s.on, s.args[0].value, BOOL, s.span)
    if not number_of(b, s, 0):
        return b.wrong(s.span)
    kind = {Map: "map", Array: "array"}.get(s.on.type.__class__, "string" if s.on.type is STRING else "range")
    return core.Op(INTEGER, s.span, f"{kind}.length", (s.on,))


def empty(b: Builder, s: Site) -> core.Expr:
    length = counted(b, s)
    if length.type is ANY:
        return length
    operator = "gt" if s.name.text == "not_empty" else "eq"
    return core.Op(BOOL, s.span, operator, (length, core.Const(INTEGER, s.span, 0)))


# -- arrays ------------------------------------------------------------------------------------------------------------


def _grown(b: Builder, s: Site, item: Type, op: str, args: list[core.Expr], more: int | None) -> core.Expr:
    """An array that an operation makes longer."""
    assert isinstance(s.on.type, Array)
    joined = join(s.on.type.item, item)
    if joined is None:
        b.coerce(args[-1], s.on.type.item)
        return b.wrong(s.span)
    most = added(s.on.type.most, more)
    return core.Op(Array(joined, most), s.span, op, (*args, core.Const(INTEGER, s.span, most)))


def _push(b: Builder, s: Site) -> core.Expr:
    done = take(b, s, letter("T", s.on.type))
    return b.wrong(s.span) if done is None else _grown(b, s, done[1].type, "array.push", done, 1)


def _concat(b: Builder, s: Site) -> core.Expr:
    assert isinstance(s.on.type, Array)
    wanted = None if s.on.type.item is NEVER else loosened(Array(s.on.type.item, 0))
    done = take(b, s, wanted)
    if done is None or not isinstance(done[1].type, Array):
        return b.wrong(s.span)
    return _grown(b, s, done[1].type.item, "array.concat", done, done[1].type.most)


def _insert(b: Builder, s: Site) -> core.Expr:
    done = take(b, s, INTEGER, letter("T", s.on.type))
    return b.wrong(s.span) if done is None else _grown(b, s, done[2].type, "array.insert", done, 1)


def _sorted(b: Builder, s: Site) -> core.Expr:
    assert isinstance(s.on.type, Array)
    if not number_of(b, s, 0):
        return b.wrong(s.span)
    if not ordered(s.on.type.item):
        return b.error("CCL0170", s.name.span, f"values of {s.on.type.item} have no order", "cannot be sorted")
    return core.Op(s.on.type, s.span, "array.sort", (s.on,))


def _limited(op: str) -> Rule:
    """`take`, `skip`: at most as many as there were."""
    whole = simple(op, (INTEGER,))

    def rule(b: Builder, s: Site) -> core.Expr:
        found = whole(b, s)
        if op == "array.take" and isinstance(found, core.Op) and isinstance(found.type, Array):
            high = b.bounds(found.args[1])[1]
            if high is not None and high >= 0 and (found.type.most is None or high < found.type.most):
                return core.Op(Array(found.type.item, high), s.span, op, found.args)
        return found

    return rule


def _numbered(b: Builder, s: Site) -> core.Expr:
    assert isinstance(s.on.type, Array)
    if not number_of(b, s, 0):
        return b.wrong(s.span)
    held = Array(Tuple((INTEGER, s.on.type.item)), s.on.type.most)
    return core.Op(held, s.span, "array.enumerate", (s.on,))


def _zip(b: Builder, s: Site) -> core.Expr:
    assert isinstance(s.on.type, Array)
    done = take(b, s, None)
    if done is None:
        return b.wrong(s.span)
    other = done[1].type
    if not isinstance(other, Array):
        return b.error("CCL0150", done[1].span, f"expected an array, found {other}", shown(other))
    known = [m for m in (s.on.type.most, other.most) if m is not None]
    held = Array(Tuple((s.on.type.item, other.item)), min(known) if known else None)
    return core.Op(held, s.span, "array.zip", tuple(done))


def _join_texts(b: Builder, s: Site) -> core.Expr:
    assert isinstance(s.on.type, Array)
    if not fits(s.on.type.item, STRING):
        return b.error("CCL0150", s.on.span, f"`join` goes with texts, not with {s.on.type.item}",
                       "map them to texts first")  # fmt: skip
    return simple("string.join", (STRING,), STRING)(b, s)


# -- walks -------------------------------------------------------------------------------------------------------------


def _walk(kind: str, want: Type | None = None) -> Rule:
    def rule(b: Builder, s: Site) -> core.Expr:
        if not number_of(b, s, 1):
            return b.wrong(s.span)
        return closures.walk(b, kind, s.on, s.args[0].value, want, s.span)

    return rule


def _alone(kind: str) -> Rule:
    """`sum()`, `min()`, `max()` of the items themselves, or by a closure."""

    def rule(b: Builder, s: Site) -> core.Expr:
        if not number_of(b, s, 0, 1):
            return b.wrong(s.span)
        if s.args:
            return closures.walk(b, kind, s.on, s.args[0].value, None, s.span)
        inside = closures.item_type(s.on.type)
        assert inside is not None
        local = b.fresh("it")
        return closures.comprehension(b, kind, s.on, local, core.Local(inside, s.span, local), s.span)

    return rule


def _fold(b: Builder, s: Site) -> core.Expr:
    if not number_of(b, s, 2):
        return b.wrong(s.span)
    mark = len(b.out)
    start = b.infer(s.args[0].value)
    if is_literal(s.args[0].value):
        start = _start(b, s, start)
    done = [s.on]
    b.settle(done, mark)
    return closures.fold(b, done[0], start, s.args[1].value, s.span)


def _start(b: Builder, s: Site, start: core.Expr) -> core.Expr:
    """A number to start from takes the type of the items, where those are amounts or ratios."""
    inside = closures.item_type(s.on.type)
    if isinstance(inside, Money | Exact) or inside is RATIO:
        assert inside is not None
        return b.check(s.args[0].value, inside)
    return start


_WALKS: dict[str, Rule] = {
    "any": _walk("any", BOOL),
    "some": _walk("any", BOOL),
    "all": _walk("all", BOOL),
    "every": _walk("all", BOOL),
    "map": _walk("map"),
    "filter": _walk("filter", BOOL),
    "find": _walk("find", BOOL),
    "count": counted,
    "sum": _alone("sum"),
    "min": _alone("min_by"),
    "max": _alone("max_by"),
    "min_by": _walk("min_by"),
    "max_by": _walk("max_by"),
    "min_by_key": _walk("min_by"),
    "max_by_key": _walk("max_by"),
    "fold": _fold,
    "reduce": _fold,
    "len": counted,
    "length": counted,
    "size": counted,
    "is_empty": empty,
    "iter": itself,
    "into_iter": itself,
    "collect": itself,
    "to_vec": itself,
}


# -- maps --------------------------------------------------------------------------------------------------------------


def _put(b: Builder, s: Site) -> core.Expr:
    assert isinstance(s.on.type, Map)
    held = s.on.type
    done = take(b, s, letter("K", held), letter("V", held))
    if done is None:
        return b.wrong(s.span)
    key, item = join(held.key, done[1].type), join(held.value, done[2].type)
    assert key is not None
    if item is None:
        b.coerce(done[2], held.value)
        return b.wrong(s.span)
    most = added(held.most, 1)
    return core.Op(Map(key, item, most), s.span, "map.set", (*done, core.Const(INTEGER, s.span, most)))


def _parts_of_map(op: str) -> Rule:
    def rule(b: Builder, s: Site) -> core.Expr:
        assert isinstance(s.on.type, Map)
        if not number_of(b, s, 0):
            return b.wrong(s.span)
        held = s.on.type
        inner = {"map.keys": held.key, "map.values": held.value}.get(op, Tuple((held.key, held.value)))
        return core.Op(Array(inner, held.most), s.span, op, (s.on,))

    return rule


TABLES: dict[str, dict[str, Rule]] = {
    "Array": _WALKS | {
        "push": _push, "append": _push, "concat": _concat, "extend": _concat, "insert": _insert,
        "contains": simple("array.contains", ("T",), BOOL), "includes": simple("array.contains", ("T",), BOOL),
        "first": optional("array.first"), "last": optional("array.last"),
        "get": optional("array.get_option", (INTEGER,)), "at": simple("array.get", (INTEGER,), "T"),
        "set": simple("array.set", (INTEGER, "T")), "remove": simple("array.remove_at", (INTEGER,)),
        "remove_at": simple("array.remove_at", (INTEGER,)), "sort": _sorted, "sorted": _sorted,
        "reverse": simple("array.reverse"), "reversed": simple("array.reverse"), "rev": simple("array.reverse"),
        "take": _limited("array.take"), "skip": _limited("array.skip"),
        "slice": simple("array.slice", (INTEGER, INTEGER)),
        "index_of": simple("array.index_of", ("T",), Option(INTEGER)),
        "position": simple("array.index_of", ("T",), Option(INTEGER)),
        "distinct": simple("array.distinct"), "unique": simple("array.distinct"), "enumerate": _numbered, "zip": _zip,
        "join": _join_texts,
    },
    "Map": _WALKS | {
        "get": optional("map.get_option", ("K",)), "get_or": simple("map.get_or", ("K", "V"), "V"),
        "get_or_default": simple("map.get_or", ("K", "V"), "V"), "at": simple("map.get", ("K",), "V"),
        "insert": _put, "set": _put, "remove": simple("map.remove", ("K",)), "delete": simple("map.remove", ("K",)),
        "contains": simple("map.contains", ("K",), BOOL), "contains_key": simple("map.contains", ("K",), BOOL),
        "has": simple("map.contains", ("K",), BOOL), "keys": _parts_of_map("map.keys"),
        "values": _parts_of_map("map.values"), "entries": _parts_of_map("map.entries"),
    },
    "Range": _WALKS | {"contains": simple("range.contains", (INTEGER,), BOOL)},
}  # fmt: skip
