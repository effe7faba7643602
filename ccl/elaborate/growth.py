"""How many items a loop adds to the collections that it carries: so that what it leaves has a known maximum.

Each round a variable is what it was at the round's begin with so many items pushed, inserted, joined on; the most over
all ways through the body, times the rounds, is what the loop adds. What is made anew inside the body is not followed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccl import core
from ccl.elaborate.builder import Builder
from ccl.types import Array, Map, Type

MOST_STEPS = 2000
_ADDS = {"array.push": 1, "array.insert": 1, "map.set": 1}
_KEEPS = frozenset(("array.set", "array.sort", "array.reverse", "array.remove_at", "array.take", "array.skip",
                    "map.remove", "array.distinct", "array.slice"))  # fmt: skip
Source = core.Expr | core.Phi


def of_loop(b: Builder, loop: core.Loop, ends: Sequence[Sequence[core.Expr]]) -> list[Type]:
    """The types of what a loop leaves: collections with their maxima where those are known. ends: by carried variable,
    what it is wherever a round ends."""
    sources: dict[str, Source] | None = None
    found: list[Type] = []
    for carried, at_ends in zip(loop.carried, ends, strict=True):
        held = carried.type
        if isinstance(held, Array | Map) and loop.most is not None:
            if sources is None:
                sources = {}
                _collect(loop.body, sources)
            steps = [MOST_STEPS]
            gains = [_gain(b, e, carried.name, sources, steps) for e in at_ends]
            known = [g for g in gains if g is not None]
            if len(known) == len(gains):
                total = max(known, default=0) * loop.most
                b.growths[carried.result] = (carried.initial, total)
                held = _at_most(held, carried.initial.type, total)
        found.append(held)
    return found


def _at_most(held: Array | Map, before: Type, total: int) -> Type:
    if not isinstance(before, Array | Map) or before.most is None:
        return held
    most = before.most + total
    return Array(held.item, most) if isinstance(held, Array) else Map(held.key, held.value, most)


def _collect(block: core.Block, into: dict[str, Source]) -> None:
    """What each local of a body is."""
    waiting = [block]
    while waiting:
        for s in waiting.pop().statements:
            if isinstance(s, core.Let):
                into[s.name] = s.value
            elif isinstance(s, core.If):
                into.update((p.name, p) for p in s.phis)
                waiting += (s.then, s.orelse)
            elif isinstance(s, core.Switch):
                into.update((p.name, p) for p in s.phis)
                waiting += [c.body for c in s.cases]
                if s.default is not None:
                    waiting.append(s.default)


def _gain(b: Builder, e: core.Expr, start: str, sources: Mapping[str, Source], steps: list[int]) -> int | None:
    """How many items more than `start` a value has at most; None if it does not come of that."""
    gained = 0
    while True:
        steps[0] -= 1
        if steps[0] < 0:
            return None
        if isinstance(e, core.Local):
            if e.name == start:
                return gained
            source = sources.get(e.name)
            if isinstance(source, core.Phi):
                parts = [_gain(b, v, start, sources, steps) for v in source.values if v is not None]
                known = [p for p in parts if p is not None]
                return gained + max(known, default=0) if len(known) == len(parts) else None
            if source is None and e.name in b.growths:
                source, more = b.growths[e.name]
                gained += more
            if source is None:
                return None
            e = source
            continue
        added = _added(e) if isinstance(e, core.Op) else None
        if added is None:
            return None
        gained += added
        assert isinstance(e, core.Op)
        e = e.args[0]


def _added(op: core.Op) -> int | None:
    """How many items an operation adds to its first argument at most; None if that is not known."""
    if op.op == "array.concat":
        most: int | None = getattr(op.args[1].type, "most", None)
        return most
    return 0 if op.op in _KEEPS else _ADDS.get(op.op)
