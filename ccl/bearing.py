"""What bears on a requirement: the readings that its condition, and whether it is reached at all, depend on.

A backward slice over the core, which is single assignment, so that a local has one definition: from the condition, and
from every test of a branch around it, through locals and calls to the places that read. It is static and errs on the
side of more: a reading that may bear is one that bears.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any

from ccl import core
from ccl.evaluation import Refusal

Place = tuple[str, int]
"""A function's name and the number of one of its sites."""

_READING = (core.View, core.CommandField, core.ParamValue, core.StateValue, core.RecordField)


@dataclasses.dataclass(slots=True)
class _Index:
    """A function taken apart: what defines locals, what decides about requirements and calls, all expressions."""

    definitions: dict[str, list[core.Expr]]
    requirements: dict[int, list[core.Expr]]
    calls: dict[str, list[core.Expr]]
    everything: list[core.Expr]
    readings: dict[int, core.Expr]


def children(expr: core.Expr) -> Iterator[core.Expr]:
    """The expressions right inside an expression."""
    for name in _fields(type(expr)):
        yield from _inside(getattr(expr, name))


def _fields(kind: type[core.Expr] | type[core.Statement]) -> tuple[str, ...]:
    """The fields that may hold expressions of the node's own, blocks and what defines locals aside."""
    found = _FIELDS.get(kind)
    if found is None:
        found = _FIELDS[kind] = tuple(f.name for f in dataclasses.fields(kind) if f.name not in _NO_EXPRESSIONS)
    return found


_NO_EXPRESSIONS = frozenset(("type", "span", "phis", "carried", "next", "cases", "default"))
_FIELDS: dict[Any, tuple[str, ...]] = {}


def _inside(value: Any) -> Iterator[core.Expr]:
    if isinstance(value, core.Expr):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _inside(item)


def everywhere(exprs: Iterable[core.Expr]) -> Iterator[core.Expr]:
    """These expressions and all inside them."""
    waiting = list(exprs)
    while waiting:
        expr = waiting.pop()
        yield expr
        waiting += children(expr)


class Bearings:
    """The slices of one program, each function taken apart once."""

    def __init__(self, program: core.Program) -> None:
        self._program = program
        self._indexes: dict[str, _Index] = {}
        self._of_refusal: dict[tuple[int, tuple[str, ...]], frozenset[Place]] = {}

    def of(self, refusal: Refusal) -> frozenset[Place]:
        """The places whose readings bear on a requirement that failed."""
        key = (refusal.number, refusal.path)
        found = self._of_refusal.get(key)
        if found is None:
            places: set[Place] = set()
            index = self._index(refusal.function)
            self._follow(refusal.function, index.requirements.get(refusal.number, []), places)
            for caller, called in zip(refusal.path, refusal.path[1:], strict=False):
                self._follow(caller, self._index(caller).calls.get(called, []), places)
            found = self._of_refusal[key] = frozenset(places)
        return found

    def of_all(self, function: str) -> frozenset[Place]:
        """All places that a function reads, in what it calls too."""
        places: set[Place] = set()
        self._follow(function, self._index(function).everything, places)
        return frozenset(places)

    def reading(self, place: Place) -> core.Expr | None:
        """The expression that reads at a place."""
        index = self._index(place[0])
        if not index.readings:
            index.readings = {e.site: e for e in everywhere(index.everything) if isinstance(e, _READING)}
        return index.readings.get(place[1])

    def calls(self, function: str) -> tuple[str, ...]:
        """The functions that a function calls."""
        return tuple(self._index(function).calls)

    def definition(self, function: str, local: str) -> tuple[core.Expr, ...]:
        """What a local may be; none for a parameter."""
        return tuple(self._index(function).definitions.get(local, ()))

    def _follow(self, function: str, exprs: Iterable[core.Expr], places: set[Place]) -> None:
        """Add what the expressions of a function read, through its locals and the functions they call."""
        seen: set[tuple[str, str]] = set()
        waiting = [(function, expr) for expr in exprs]
        while waiting:
            name, expr = waiting.pop()
            for found in everywhere((expr,)):
                if isinstance(found, _READING):
                    places.add((name, found.site))
                elif isinstance(found, core.Local) and (name, found.name) not in seen:
                    seen.add((name, found.name))
                    waiting += [(name, e) for e in self._index(name).definitions.get(found.name, [])]
                elif isinstance(found, core.Call) and (found.function, "") not in seen:
                    seen.add((found.function, ""))  # a local has a name, so this is no local
                    waiting += [(found.function, e) for e in self._index(found.function).everything]

    def _index(self, function: str) -> _Index:
        found = self._indexes.get(function)
        if found is None:
            found = self._indexes[function] = _Index({}, {}, {}, [], {})
            _block(self._program.functions[function].body, found, [])
        return found


def _block(block: core.Block, index: _Index, around: list[core.Expr]) -> list[core.Expr]:
    """Walk a block. around: the tests that decide whether control comes here. What is given back: the tests that decide
    whether it leaves before the block's end, on which what comes after depends too."""
    left: list[core.Expr] = []
    for statement in block.statements:
        own = _own(statement, index)
        index.everything += own
        for expr in everywhere(own):
            if isinstance(expr, core.Call):
                index.calls.setdefault(expr.function, []).extend((expr, *around, *left))
        if isinstance(statement, core.Require | core.Refuse):
            index.requirements[statement.number] = [*own, *around, *left]
        inner = [*around, *left, *own]
        for part in _blocks(statement):
            if _leaves(part):
                left += own + _block(part, index, inner)
            else:
                _block(part, index, inner)
    return left


def _own(statement: core.Statement, index: _Index) -> list[core.Expr]:
    """The expressions of a statement, those of its blocks left out; and what they define."""
    own = [e for name in _fields(type(statement)) for e in _inside(getattr(statement, name))]
    match statement:
        case core.Let(name=name, value=value):
            index.definitions[name] = [value]
        case core.If(phis=phis) | core.Switch(phis=phis):
            tests = list(own)
            for phi in phis:
                values = [v for v in phi.values if v is not None]
                index.definitions[phi.name] = [*values, *tests]
                own += values
            if isinstance(statement, core.Switch):
                for case in statement.cases:
                    index.definitions |= {bind: tests for bind in case.binds if bind}
        case core.Loop(carried=carried, item=item, over=over, next=following):
            index.definitions[item] = [over]
            for at, one in enumerate(carried):
                values = [one.initial, over, *(() if following is None else (following[at],)), *_left(statement, at)]
                index.definitions[one.name] = index.definitions[one.result] = values
                own += values
        case _:
            pass
    for expr in everywhere(own):
        if isinstance(expr, core.Comprehension):
            index.definitions[expr.item] = [expr.over]
            if expr.accumulator:
                index.definitions[expr.accumulator] = [expr.body, *_inside(expr.initial)]
    return own


def _blocks(statement: core.Statement) -> tuple[core.Block, ...]:
    match statement:
        case core.If(then=then, orelse=orelse):
            return then, orelse
        case core.Switch(cases=cases, default=default):
            return tuple(c.body for c in cases) + (() if default is None else (default,))
        case core.Loop(body=body):
            return (body,)
        case _:
            return ()


def _leaves(block: core.Block) -> bool:
    """Whether control may go on elsewhere than at a block's end. A requirement in it is one of its own, and held."""
    return any(
        isinstance(s, core.Return | core.Break | core.Continue) or any(_leaves(part) for part in _blocks(s))
        for s in block.statements
    )


def _left(loop: core.Loop, at: int) -> Iterator[core.Expr]:
    """What the carried value at that place may be where the body leaves early, with the tests of the loop's body."""
    waiting = [loop.body]
    while waiting:
        for statement in waiting.pop().statements:
            if isinstance(statement, core.Break | core.Continue):
                yield statement.values[at]
            if isinstance(statement, core.If):
                yield statement.test
            if isinstance(statement, core.Switch):
                yield statement.subject
            if not isinstance(statement, core.Loop):
                waiting += _blocks(statement)
