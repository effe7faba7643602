"""The operations on arrays, maps, ranges, options and results as terms, in the meaning that `ccl.ops` gives them.

A sequence that is not known has a length, and items for as many as are looked at. Whatever walks it says so first
(`entries`), which cuts off the cases in which it is longer; the answer then is "proved up to" that many. Results that
depend on what is in a sequence are put together by `compact`, from the items and the conditions under which each stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ccl import types
from ccl.core import Op
from ccl.proof.terms import (
    Rng,
    Seq,
    Tup,
    Variant,
    at_most,
    both,
    choose,
    either,
    equal,
    known,
    less,
    negation,
)

if TYPE_CHECKING:
    from ccl.proof.numeric import Meaning
    from ccl.proof.symbolic import Run

Entries = list[tuple[Any, Any]]
"""Conditions and values: what is there if the condition holds, in order."""

NONE = Variant(0, {0: ()})


def some(value: Any) -> Variant:
    """An Option that holds it."""
    return Variant(1, {1: (value,)})


def option(present: Any, value: Any) -> Variant:
    """An Option that holds the value where that is so."""
    return Variant(choose(present, 1, 0), {0: (), 1: (value,)})


def entries(run: Run, of: Any, span: Any) -> Iterable[tuple[Any, Any]]:
    """The items of a sequence or range, each with the condition that it is there. Of a range they come one by one."""
    return run.rounds(of, span) if isinstance(of, Rng) else _items(run, of, span)


def _items(run: Run, of: Seq, span: Any) -> Entries:
    run.cut(less(len(of.items), of.length), span, f"{len(of.items)} items")
    return [(less(at, of.length), item) for at, item in enumerate(of.items)]


def compact(found: Entries) -> Seq:
    """The sequence of those that are there."""
    places: list[Any] = []
    count: Any = 0
    for present, _ in found:
        places.append(count)
        count = count + choose(present, 1, 0)
    items: list[Any] = []
    for at in range(len(found)):
        value: Any = None
        for (present, item), place in reversed(list(zip(found, places, strict=True))):
            here = both(present, equal(place, at))
            if here is False:
                continue
            value = item if value is None else choose(here, item, value)
        if value is None:
            break
        items.append(value)
    return Seq(count, tuple(items))


def pick(found: Entries) -> tuple[Any, Any]:
    """Whether any is there, and the first of them (None if there is nothing at all to pick from)."""
    value: Any = None
    for present, item in reversed(found):
        value = item if value is None else choose(present, item, value)
    return either(*(present for present, _ in found)), value


def _first_option(found: Entries) -> Variant:
    present, value = pick(found)
    return NONE if value is None else option(present, value)


def _at(run: Run, expr: Op, of: Seq, index: Any) -> tuple[Any, Any]:
    """Whether there is an item at that place, and the item; places beyond what is looked at are cut off."""
    within = both(at_most(0, index), less(index, of.length))
    run.cut(both(within, at_most(len(of.items), index)), expr.span, f"{len(of.items)} items")
    if known(index):
        return within, of.items[index] if 0 <= index < len(of.items) else None
    return within, pick([(equal(index, at), item) for at, item in enumerate(of.items)])[1]


def _missing(run: Run, expr: Op) -> Any:
    """What stands for a value where evaluation has trapped."""
    return run.symbols.symbol(expr.type, "nothing")


def _must(run: Run, expr: Op, code: str, present: Any, value: Any) -> Any:
    run.trap(code, negation(present), expr.span)
    return _missing(run, expr) if value is None else value


def _most(run: Run, expr: Op, of: Seq) -> Seq:
    """The declared maximum, the last argument, holds."""
    most = getattr(expr.args[-1], "value", None)
    if most is not None:
        run.trap("too_long", less(most, of.length), expr.span)
    return of


# -- arrays ------------------------------------------------------------------------------------------------------------


def _length(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    of = args[0]
    if isinstance(of, Rng):
        return choose(less(of.low, of.high), of.high - of.low, 0)
    return of.length


def _get(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return _must(run, expr, "index", *_at(run, expr, args[0], args[1]))


def _get_option(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    present, value = _at(run, expr, args[0], args[1])
    return NONE if value is None else option(present, value)


def _first(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return NONE if not args[0].items else option(less(0, args[0].length), args[0].items[0])


def _last(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    present, value = _at(run, expr, args[0], args[0].length - 1)
    return NONE if value is None else option(present, value)


def _push(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    found = _items(run, args[0], expr.span)
    return _most(run, expr, compact([*found, (True, args[1])]))


def _concat(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    found = [*_items(run, args[0], expr.span), *_items(run, args[1], expr.span)]
    return _most(run, expr, compact(found))


def _insert(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    of, index, item = args[:3]
    run.trap("index", either(less(index, 0), less(of.length, index)), expr.span)
    found: Entries = []
    for at, (present, value) in enumerate(_items(run, of, expr.span)):
        found += [(equal(index, at), item), (present, value)]
    return _most(run, expr, compact([*found, (equal(index, len(of.items)), item)]))


def _slice(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    of, low, high = args
    run.trap("index", either(less(low, 0), less(high, low), less(of.length, high)), expr.span)
    found = _items(run, of, expr.span)
    return compact([(both(p, at_most(low, at), less(at, high)), v) for at, (p, v) in enumerate(found)])


def _take(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    found = _items(run, args[0], expr.span)
    return compact([(both(p, less(at, args[1])), v) for at, (p, v) in enumerate(found)])


def _skip(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    found = _items(run, args[0], expr.span)
    return compact([(both(p, at_most(args[1], at)), v) for at, (p, v) in enumerate(found)])


def _reverse(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return compact(_items(run, args[0], expr.span)[::-1])


def _set(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    of, index, item = args
    run.trap("index", either(less(index, 0), at_most(of.length, index)), expr.span)
    run.cut(at_most(len(of.items), index), expr.span, f"{len(of.items)} items")
    return Seq(of.length, tuple(choose(equal(index, at), item, old) for at, old in enumerate(of.items)))


def _remove_at(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    of, index = args
    run.trap("index", either(less(index, 0), at_most(of.length, index)), expr.span)
    found = _items(run, of, expr.span)
    return compact([(both(p, negation(equal(index, at))), v) for at, (p, v) in enumerate(found)])


def _contains(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return either(*(both(p, equal(v, args[1])) for p, v in _items(run, args[0], expr.span)))


def _index_of(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    found = _items(run, args[0], expr.span)
    return _first_option([(both(p, equal(v, args[1])), at) for at, (p, v) in enumerate(found)])


def _distinct(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    found = _items(run, args[0], expr.span)
    kept: Entries = []
    for at, (present, value) in enumerate(found):
        earlier = either(*(both(p, equal(v, value)) for p, v in found[:at]))
        kept.append((both(present, negation(earlier)), value))
    return compact(kept)


def _sort(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    item = expr.type.item if isinstance(expr.type, types.Array) else None
    if item is None or item in (types.STRING, types.DID, types.BOOL) or not isinstance(item, types.Plain | types.Money):
        return run.opaque(expr, args)
    found = _items(run, args[0], expr.span)
    items = [value for _, value in found]
    for end in range(len(items) - 1, 0, -1):
        for at in range(end):
            swap = both(less(at + 1, args[0].length), less(items[at + 1], items[at]))
            items[at], items[at + 1] = (
                choose(swap, items[at + 1], items[at]),
                choose(swap, items[at], items[at + 1]),
            )
    return Seq(args[0].length, tuple(items))


def _repeat(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    item, count = args[:2]
    run.trap("index", less(count, 0), expr.span)
    most = count if known(count) else run.symbols.items
    run.cut(less(most, count), expr.span, f"{most} items")
    return _most(run, expr, Seq(count, (item,) * min(most, run.largest)))


def _enumerate(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return Seq(args[0].length, tuple(Tup((at, item)) for at, item in enumerate(args[0].items)))


def _zip(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    a, b = args
    pairs = tuple(Tup(pair) for pair in zip(a.items, b.items, strict=False))
    return Seq(choose(less(b.length, a.length), b.length, a.length), pairs)


def _split(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    """The shares are unknown but for what matters of them: as many as weights, none of another sign than the pool, none
    for a weight of zero, and together the pool. The solver is told the shares themselves for the cases that come up."""
    pool, weights = args
    found = _items(run, weights, expr.span)
    total: Any = 0
    for present, weight in found:
        total = total + choose(present, weight, 0)
    wrong = [both(present, less(weight, 0)) for present, weight in found]
    run.trap("bad_split", either(at_most(total, 0), *wrong), expr.span)
    if known(pool, *(leaf for entry in found for leaf in entry)):
        return run.opaque(expr, args)
    shares = tuple(run.fresh(types.INTEGER, f"share {at + 1}") for at in range(len(found)))
    value = Seq(weights.length, shares)
    applied = run.symbols.apply(expr.op, expr.type, args, [a.type for a in expr.args], False, value)
    shares = applied.value.items
    sum_: Any = 0
    for (present, weight), share in zip(found, shares, strict=True):
        sum_ = sum_ + choose(present, share, 0)
        between = choose(less(pool, 0), both(share >= pool, share <= 0), both(share >= 0, share <= pool))
        nothing = either(negation(equal(weight, 0)), equal(share, 0))
        run.know(either(negation(present), both(between, nothing)))
    run.know(equal(sum_, pool))
    return applied.value


# -- maps --------------------------------------------------------------------------------------------------------------


def _lookup(run: Run, expr: Op, of: Seq, key: Any) -> tuple[Any, Any]:
    found = _items(run, of, expr.span)
    return pick([(both(present, equal(pair.items[0], key)), pair.items[1]) for present, pair in found])


def _map_get(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return _must(run, expr, "missing_key", *_lookup(run, expr, args[0], args[1]))


def _map_get_option(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    present, value = _lookup(run, expr, args[0], args[1])
    return NONE if value is None else option(present, value)


def _map_get_or(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    present, value = _lookup(run, expr, args[0], args[1])
    return args[2] if value is None else choose(present, value, args[2])


def _map_contains(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return _lookup(run, expr, args[0], args[1])[0]


def _map_set(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    of, key, value = args[:3]
    found = _items(run, of, expr.span)
    there = [both(present, equal(pair.items[0], key)) for present, pair in found]
    kept = [(p, Tup((pair.items[0], choose(here, value, pair.items[1])))) for (p, pair), here in
            zip(found, there, strict=True)]  # fmt: skip
    return _most(run, expr, compact([*kept, (negation(either(*there)), Tup((key, value)))]))


def _map_remove(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    found = _items(run, args[0], expr.span)
    return compact([(both(p, negation(equal(pair.items[0], args[1]))), pair) for p, pair in found])


def _map_part(index: int) -> Meaning:
    def meaning(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
        return Seq(args[0].length, tuple(pair.items[index] for pair in args[0].items))

    return meaning


def _map_entries(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return args[0]


def map_of(pairs: Sequence[tuple[Any, Any]]) -> Seq:
    """A map from pairs; a key given twice keeps its first place and its last value."""
    kept: list[tuple[Any, Any, Any]] = []
    for key, value in pairs:
        there = [both(present, equal(other, key)) for present, other, _ in kept]
        kept = [(p, k, choose(here, value, v)) for (p, k, v), here in zip(kept, there, strict=True)]
        kept.append((negation(either(*there)), key, value))
    return compact([(present, Tup((key, value))) for present, key, value in kept])


# -- ranges, options, results ------------------------------------------------------------------------------------------


def _range(inclusive: int) -> Meaning:
    def meaning(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
        low, high = args[0], args[1] + inclusive
        run.trap("overflow", less(types.I64_MAX, high - low), expr.span)
        return Rng(low, high)

    return meaning


def _range_contains(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return both(at_most(args[0].low, args[1]), less(args[1], args[0].high))


def _payload(of: Variant, tag: int) -> tuple[Any, Any]:
    """Whether it is that variant, and what it then holds (None if it never is)."""
    payload = of.payloads.get(tag)
    return (equal(of.tag, tag), payload[0]) if payload else (False, None)


def _unwrap(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    return _must(run, expr, "unwrap", *_payload(args[0], 1))


def _or(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    present, value = _payload(args[0], 1)
    return args[1] if value is None else choose(present, value, args[1])


def _ok_or(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    _, value = _payload(args[0], 1)
    return Variant(args[0].tag, {0: (args[1],)} if value is None else {0: (args[1],), 1: (value,)})


def _result_option(run: Run, expr: Op, args: tuple[Any, ...]) -> Any:
    _, value = _payload(args[0], 1)
    return Variant(args[0].tag, {0: ()} if value is None else {0: (), 1: (value,)})


MEANINGS: Mapping[str, Meaning] = {
    "array.length": _length,
    "array.get": _get,
    "array.get_option": _get_option,
    "array.push": _push,
    "array.concat": _concat,
    "array.insert": _insert,
    "array.slice": _slice,
    "array.reverse": _reverse,
    "array.contains": _contains,
    "array.first": _first,
    "array.last": _last,
    "array.set": _set,
    "array.remove_at": _remove_at,
    "array.sort": _sort,
    "array.repeat": _repeat,
    "array.take": _take,
    "array.skip": _skip,
    "array.index_of": _index_of,
    "array.distinct": _distinct,
    "array.enumerate": _enumerate,
    "array.zip": _zip,
    "split": _split,
    "map.get": _map_get,
    "map.get_option": _map_get_option,
    "map.get_or": _map_get_or,
    "map.set": _map_set,
    "map.remove": _map_remove,
    "map.contains": _map_contains,
    "map.length": _length,
    "map.keys": _map_part(0),
    "map.values": _map_part(1),
    "map.entries": _map_entries,
    "range.make": _range(0),
    "range.make_inclusive": _range(1),
    "range.contains": _range_contains,
    "range.length": _length,
    "option.unwrap": _unwrap,
    "option.or": _or,
    "option.ok_or": _ok_or,
    "result.unwrap": _unwrap,
    "result.or": _or,
    "result.option": _result_option,
}
"""By the names of `ccl.ops.OPS`. One that is missing is an unknown function."""
