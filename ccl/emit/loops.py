"""What is known of a loop before it runs: sums that cannot overflow, rounds that all cost the same and cannot trap.

A local that a loop carries from a known start, and that each round changes by constants only, stays within start plus
or minus rounds times the greatest change; the rounds are at most the loop's `most`, which is checked when it starts.
Where nothing in a round can trap or leave, and all its ways cost the same, all rounds are charged at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ccl import core, fuel
from ccl.ops import OPS
from ccl.types import I64_MAX

_ADDING = ("integer.add", "integer.sub", "money.add", "money.sub")
_PLAIN = (core.Const, core.Local, core.And, core.Or, core.Not, core.Cond, core.Item, core.MakeTuple, core.MakeArray,
          core.MakeVariant, core.IsVariant, core.Payload)  # fmt: skip

Offset = tuple[int, int]
"""Which carried local a value comes from, and how far at most it is from what that was when the round began."""


@dataclass(slots=True)
class Growth:
    """How far the carried locals of one loop can go in a round."""

    loop: core.Loop
    offsets: dict[str, Offset] = field(default_factory=dict)
    sums: dict[int, Offset] = field(default_factory=dict)
    """What is known of the results of operations, by their ids."""
    ends: list[tuple[core.Expr, ...]] = field(default_factory=list)

    def safe(self, constants: Mapping[str, int]) -> set[int]:
        """The ids of sums in the body that cannot overflow. constants: locals whose value is known."""
        most = self.loop.most
        if most is None:
            return set()
        self.offsets.update({c.name: (i, 0) for i, c in enumerate(self.loop.carried)})
        self._block(self.loop.body)
        if self.loop.next is not None:
            self.ends.append(self.loop.next)
        limits = [self._limit(i, c.initial, most, constants) for i, c in enumerate(self.loop.carried)]
        found = set()
        for op, (carried, change) in self.sums.items():
            limit = limits[carried]
            if limit is not None and limit + change <= I64_MAX:
                found.add(op)
        return found

    def _limit(self, number: int, initial: core.Expr, most: int, constants: Mapping[str, int]) -> int | None:
        """How great the local is at most at the start of any round; None if unknown."""
        start = known(initial, constants)
        if start is None:
            return None
        change = 0
        for values in self.ends:
            offset = self._offset(values[number])
            if offset is None or offset[0] != number:
                return None
            change = max(change, offset[1])
        return abs(start) + most * change

    def _block(self, block: core.Block) -> None:
        for s in block.statements:
            if isinstance(s, core.Let):
                if (offset := self._offset(s.value)) is not None:
                    self.offsets[s.name] = offset
            elif isinstance(s, core.Break | core.Continue):
                self.ends.append(s.values)
            elif isinstance(s, core.If | core.Switch):
                for inner, _, _ in fuel.blocks(s):
                    self._block(inner)
                for phi in s.phis:
                    self._phi(phi)

    def _phi(self, phi: core.Phi) -> None:
        offsets = [self._offset(value) for value in phi.values if value is not None]
        reached = [offset for offset in offsets if offset is not None]
        if len(reached) == len(offsets) and len({carried for carried, _ in reached}) == 1:
            self.offsets[phi.name] = max(reached)

    def _offset(self, e: core.Expr) -> Offset | None:
        if isinstance(e, core.Local):
            return self.offsets.get(e.name)
        if not isinstance(e, core.Op) or e.op not in _ADDING:
            return None
        left, right = e.args
        if isinstance(left, core.Const) and e.op.endswith("add"):
            left, right = right, left
        offset = self._offset(left)
        if offset is None or not isinstance(right, core.Const):
            return None
        self.sums[id(e)] = offset[0], offset[1] + abs(right.value)
        return self.sums[id(e)]


def known(e: core.Expr, constants: Mapping[str, int]) -> int | None:
    """The value of an integer expression, where it is plain."""
    if isinstance(e, core.Local):
        return constants.get(e.name)
    if isinstance(e, core.Const) and isinstance(e.value, int) and not isinstance(e.value, bool):
        return e.value
    return None


def cannot_trap(e: core.Expr, safe: set[int]) -> bool:
    """Whether an expression certainly gives a value, and reads nothing."""
    todo = [e]
    while todo:
        at = todo.pop()
        if isinstance(at, core.Op):
            if OPS[at.op].sized or (OPS[at.op].traps and id(at) not in safe):
                return False
        elif not isinstance(at, _PLAIN):
            return False
        todo.extend(fuel.parts(at))
    return True


def uniform(block: core.Block, ends: Iterable[core.Expr | None], safe: set[int]) -> int | None:
    """What the branches inside a block cost, where every way through it costs the same and none traps or leaves."""
    if not all(cannot_trap(e, safe) for e in ends if e is not None):
        return None
    total = 0
    for s in block.statements:
        if not isinstance(s, core.Let | core.If | core.Switch):
            return None
        if not all(cannot_trap(e, safe) for e in fuel.expressions(s)):
            return None
        ways = set(_ways(s, safe))
        if len(ways) > 1 or None in ways:
            return None
        total += next(iter(ways), 0) or 0
    return total


def _ways(s: core.Statement, safe: set[int]) -> Iterator[int | None]:
    for inner, inner_ends, _ in fuel.blocks(s):
        more = uniform(inner, inner_ends, safe)
        yield None if more is None else more + fuel.of_block(inner, inner_ends)
