"""What a function holds, found before it is emitted: which form fits it, which expressions need statements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ccl import core, fuel
from ccl.ops import OPS

_READERS = (core.View, core.CommandField, core.ParamValue, core.StateValue)
_EFFECTS = (core.Write, core.Command, core.Notice)


@dataclass(slots=True)
class Survey:
    """fast: whether the fast form fits. one_block: whether its fuel is one number. heavy: the ids of expressions that
    need statements, or have a part that does."""

    fast: bool = True
    one_block: bool = True
    heavy: set[int] = field(default_factory=set)

    def block(self, block: core.Block, ends: Iterable[core.Expr | None], repeated: bool) -> None:
        """Walk a block."""
        for s in block.statements:
            self.fast = self.fast and not isinstance(s, _EFFECTS)
            for e in fuel.expressions(s):
                self.expression(e, repeated)
            for inner, inner_ends, again in fuel.blocks(s):
                self.one_block = False
                self.block(inner, inner_ends, repeated or again)
        for end in ends:
            if end is not None:
                self.expression(end, repeated)

    def expression(self, e: core.Expr, repeated: bool) -> bool:
        """Walk an expression; whether it is heavy."""
        if isinstance(e, core.Call) or (repeated and isinstance(e, _READERS)):
            self.fast = False
        heavy = isinstance(e, core.Comprehension) or (isinstance(e, core.Op) and bool(OPS[e.op].sized))
        if heavy:
            self.one_block = False
        if isinstance(e, core.Comprehension):
            self.expression(e.body, True)
        for part in fuel.parts(e):
            heavy = self.expression(part, repeated) or heavy
        if heavy:
            self.heavy.add(id(e))
        return heavy


def survey(function: core.Function) -> Survey:
    """Walk a function."""
    found = Survey(fast=not function.params)
    found.block(function.body, (), False)
    return found
