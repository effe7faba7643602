"""What evaluation costs, edition 1: part of the language, so that every node stops at the same step.

A block has a static cost, the sum of its nodes', charged when it is entered, or trap `out_of_fuel` if less is left;
what short-circuiting leaves out is not given back. Before a loop or a comprehension runs, the cost of its body's own
block, and one for the step, is charged for each item that it goes over. A branch and a called function charge their
own blocks. An operation on a collection charges for its length just before it runs (`ccl.ops.OpSpec.sized`).

A charge that cannot be paid is not made: the fuel used never exceeds the limit, nor (`ccl.cost`) the worst case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ccl import core, types
from ccl.evaluation import Trapped
from ccl.ops import OPS, OpSpec

EDITIONS = (1,)
"""Editions whose costs are known. Another edition with other costs gets a table of its own here."""

LIMIT = 1_000_000
"""Fuel of one evaluation where none is stated: well under a tenth of a second."""

# -- expressions -------------------------------------------------------------------------------------------------------

# Of each kind of expression: its own cost, and which of its parts stand in the same block.
_Parts = tuple[int, Sequence[core.Expr]]


def _op(e: core.Op) -> _Parts:
    return OPS[e.op].fuel, e.args


def _view(e: core.View) -> _Parts:
    return e.fuel, e.args


def _map(e: core.MakeMap) -> _Parts:
    return 1 + 2 * len(e.pairs), [part for pair in e.pairs for part in pair]


def _comprehension(e: core.Comprehension) -> _Parts:
    return 2, [e.over] if e.initial is None else [e.over, e.initial]


_EXPRESSIONS: dict[type[core.Expr], Callable[[Any], _Parts]] = {
    core.Const: lambda e: (0, ()),
    core.Local: lambda e: (0, ()),
    core.Op: _op,
    core.And: lambda e: (1, (e.left, e.right)),
    core.Or: lambda e: (1, (e.left, e.right)),
    core.Not: lambda e: (1, (e.operand,)),
    core.Cond: lambda e: (1, (e.test, e.then, e.orelse)),
    core.Call: lambda e: (4, e.args),
    core.View: _view,
    core.CommandField: lambda e: (1, ()),
    core.ParamValue: lambda e: (1, ()),
    core.StateValue: lambda e: (1, ()),
    core.Item: lambda e: (1, (e.target,)),
    core.RecordField: lambda e: (1, (e.target,)),
    core.MakeTuple: lambda e: (1 + len(e.items), e.items),
    core.MakeArray: lambda e: (1 + len(e.items), e.items),
    core.MakeMap: _map,
    core.MakeVariant: lambda e: (1 + len(e.items), e.items),
    core.IsVariant: lambda e: (1, (e.target,)),
    core.Payload: lambda e: (1, (e.target,)),
    core.Comprehension: _comprehension,
}


def of_expressions(roots: Iterable[core.Expr | None]) -> int:
    """The cost of these in the block in which they stand: without bodies of comprehensions and of called functions."""
    total = 0
    todo = [e for e in roots if e is not None]
    while todo:
        expr = todo.pop()
        cost, parts = _EXPRESSIONS[type(expr)](expr)
        total += cost
        todo.extend(parts)
    return total


def parts(expr: core.Expr) -> Sequence[core.Expr]:
    """The parts of an expression that stand in the same block; a comprehension's body does not."""
    return _EXPRESSIONS[type(expr)](expr)[1]


def of_step(expr: core.Comprehension) -> int:
    """One step of a comprehension; adding fractions is dear."""
    adding = 40 if expr.kind == "sum" and (expr.type == types.RATIO or isinstance(expr.type, types.Exact)) else 0
    return 1 + adding + of_expressions([expr.body])


# -- statements --------------------------------------------------------------------------------------------------------


def _fields(s: core.Command | core.Notice) -> list[core.Expr]:
    return [value for _, value in s.fields]


def _loop(s: core.Loop) -> list[core.Expr]:
    return [s.over, *(c.initial for c in s.carried)]


_STATEMENTS: dict[type[core.Statement], tuple[int, Callable[[Any], Iterable[core.Expr]]]] = {
    core.Let: (1, lambda s: (s.value,)),
    core.If: (1, lambda s: (s.test,)),
    core.Switch: (1, lambda s: (s.subject,)),
    core.Loop: (2, _loop),
    core.Break: (1, lambda s: s.values),
    core.Continue: (1, lambda s: s.values),
    core.Return: (1, lambda s: (s.value,)),
    core.Require: (1, lambda s: (s.condition,)),
    core.Refuse: (1, lambda s: ()),
    core.Trap: (1, lambda s: ()),
    core.Evaluate: (0, lambda s: (s.value,)),
    core.Write: (5, lambda s: (s.value,)),
    core.Command: (20, _fields),
    core.Notice: (10, _fields),
}


STATEMENTS = {kind.__name__: cost for kind, (cost, _) in _STATEMENTS.items()}
"""The own cost of each kind of statement, by its name in the core."""


def expressions(statement: core.Statement) -> Iterable[core.Expr]:
    """The expressions of a statement that stand in its own block."""
    return _STATEMENTS[type(statement)][1](statement)


def blocks(s: core.Statement) -> Iterator[tuple[core.Block, Iterable[core.Expr | None], bool]]:
    """The blocks of a statement, what is evaluated at their ends, and whether they are repeated."""
    if isinstance(s, core.If):
        for i, block in enumerate((s.then, s.orelse)):
            yield block, [p.values[i] for p in s.phis], False
    elif isinstance(s, core.Switch):
        for i, block in enumerate([c.body for c in s.cases] + ([] if s.default is None else [s.default])):
            yield block, [p.values[i] for p in s.phis], False
    elif isinstance(s, core.Loop):
        yield s.body, s.next or (), True


def of_block(block: core.Block, ends: Iterable[core.Expr | None] = ()) -> int:
    """A block's own cost, with what is evaluated at its end (phi values, the next values of a loop)."""
    own = sum(_STATEMENTS[type(s)][0] + of_expressions(expressions(s)) for s in block.statements)
    return own + of_expressions(ends)


def of_round(loop: core.Loop) -> int:
    """One round of a loop, without the branches in it."""
    return 1 + of_block(loop.body, loop.next or ())


# -- operations on collections -----------------------------------------------------------------------------------------


def most_of(op: core.Op, position: int) -> int | None:
    """The greatest length that the argument at that position of `sized` can have; None: none is declared."""
    arg = op.args[position]
    if isinstance(arg, core.Const):
        return size(arg.value)
    if isinstance(arg.type, types.Array | types.Map | types.Range):
        return arg.type.most
    last = op.args[-1]  # array.repeat: the count is bounded by the most of its result
    assert isinstance(last, core.Const), f"{op.op}: a declared maximum is a constant"
    most: int | None = last.value
    return most


def size(value: Any) -> int:
    """How much of a sized argument there is: a collection's length, an Integer itself (nothing of a negative one)."""
    return max(value, 0) if isinstance(value, int) else len(value)


def of_sizes(spec: OpSpec, args: Sequence[Any], most: Sequence[int | None]) -> int:
    """What an operation costs for the lengths of its arguments. Traps `too_long` where one exceeds its declaration."""
    total = 0
    for position, bound in zip(spec.sized, most, strict=True):
        length = size(args[position])
        if bound is not None and length > bound:
            raise Trapped("too_long")
        total += length
    return total * spec.eighths // 8
