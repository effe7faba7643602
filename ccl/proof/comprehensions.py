"""Walks over collections as terms: any, all, count, map, filter, find, sum, min_by, max_by, fold.

Each takes the items with the conditions under which they are there, and evaluates the body where it would be evaluated:
any, all and find not after they have stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ccl import core, types
from ccl.proof import numeric, sequences
from ccl.proof.terms import Frac, both, choose, either, frac, less, negation

if TYPE_CHECKING:
    from ccl.proof.symbolic import Run


def _stopping(wanted: bool) -> Callable[..., Any]:
    """any and all: over at the first item whose body is as wanted."""

    def kind(run: Run, e: core.Comprehension, found: sequences.Entries, initial: Any) -> Any:
        stopped: Any = False
        for present, item in found:
            value = run.body(e, both(present, negation(stopped)), item)
            if value is not None:
                stopped = either(stopped, both(present, value if wanted else negation(value)))
        return stopped if wanted else negation(stopped)

    return kind


def _count(run: Run, e: core.Comprehension, found: sequences.Entries, initial: Any) -> Any:
    total: Any = 0
    for present, item in found:
        value = run.body(e, present, item)
        if value is not None:
            total = total + choose(both(present, value), 1, 0)
    return total


def _map(run: Run, e: core.Comprehension, found: sequences.Entries, initial: Any) -> Any:
    pairs = [(present, run.body(e, present, item)) for present, item in found]
    return sequences.compact([(present, value) for present, value in pairs if value is not None])


def _filter(run: Run, e: core.Comprehension, found: sequences.Entries, initial: Any) -> Any:
    kept: sequences.Entries = []
    for present, item in found:
        value = run.body(e, present, item)
        if value is not None:
            kept.append((both(present, value), item))
    return sequences.compact(kept)


def _find(run: Run, e: core.Comprehension, found: sequences.Entries, initial: Any) -> Any:
    hits: sequences.Entries = []
    before: Any = False
    for present, item in found:
        value = run.body(e, both(present, negation(before)), item)
        if value is not None:
            hits.append((both(present, negation(before), value), item))
            before = either(before, both(present, value))
    there, value = sequences.pick(hits)
    return sequences.NONE if value is None else sequences.option(there, value)


def _sum(run: Run, e: core.Comprehension, found: sequences.Entries, initial: Any) -> Any:
    fractions = e.type == types.RATIO or isinstance(e.type, types.Exact)
    add = core.Op(e.type, e.span, "exact.add", ())
    total: Any = Frac(0, 1) if fractions else 0
    for present, item in found:
        value = run.body(e, present, item)
        if value is None:
            continue
        if fractions:
            total = numeric.MEANINGS[add.op](run, add, (total, choose(present, frac(value), Frac(0, 1))))
        else:
            total = total + choose(present, value, 0)
    if e.type == types.RATIO:  # only the whole sum must be in range
        return numeric.MEANINGS["ratio.add"](run, replace(add, op="ratio.add"), (total, 0))
    if not fractions:
        run.trap("overflow", either(less(types.I64_MAX, total), less(total, -types.I64_MAX)), e.span)
    return total


def _best(run: Run, e: core.Comprehension, found: sequences.Entries, initial: Any) -> Any:
    there: Any = False
    best: Any = None
    chosen: Any = None
    for present, item in found:
        value = run.body(e, present, item)
        if value is None:
            continue
        if best is None:
            best, chosen, there = value, item, present
            continue
        better = less(value, best) if e.kind == "min_by" else less(best, value)
        takes = both(present, either(negation(there), better))
        best, chosen = choose(takes, value, best), choose(takes, item, chosen)
        there = either(there, present)
    return sequences.NONE if best is None else sequences.option(there, chosen)


def _fold(run: Run, e: core.Comprehension, found: sequences.Entries, initial: Any) -> Any:
    total = initial
    for present, item in found:
        run.bind(e.accumulator, total)
        value = run.body(e, present, item)
        if value is not None:
            total = choose(present, value, total)
    return total


KINDS: Mapping[str, Callable[..., Any]] = {
    "any": _stopping(wanted=True),
    "all": _stopping(wanted=False),
    "count": _count,
    "map": _map,
    "filter": _filter,
    "find": _find,
    "sum": _sum,
    "min_by": _best,
    "max_by": _best,
    "fold": _fold,
}
