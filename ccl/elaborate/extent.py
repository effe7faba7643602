"""How much an action can do at most: the commands that one run gives, and the money that they move, by unit.

Found by walking the core: of branches the greater counts, of a loop its body as often as it can run. An amount is
bounded by what it is made of: constants, parameters within their ranges, sums, differences, products and parts of such.
What comes of a view, a state or a field of a command is not bounded by anything that is known when checking; then the
author states a limit, which the host holds the action to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ccl import core, types
from ccl.host import CommandSpec
from ccl.source import Span
from ccl.types import I64_MAX

MOST_STEPS = 100_000
"""Give up on an action whose walk is longer than that."""

Number = int | Fraction
Between = tuple[Number | None, Number | None]
UNKNOWN: Between = (None, None)


@dataclass
class Extent:
    """Commands and money (minor units by unit) at most; None: no bound is known, `why` says where. names: of the
    commands."""

    commands: int | None = 0
    money: dict[str, int | None] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    why: Span | None = None

    def add(self, other: Extent, times: int | None = 1) -> None:
        """One after the other, the other that many times."""
        self.commands = _plus(self.commands, _times(other.commands, times))
        for unit, amount in other.money.items():
            self.money[unit] = _plus(self.money.get(unit, 0), _times(amount, times))
        self.names |= other.names
        self.why = self.why or other.why

    def either(self, others: list[Extent]) -> None:
        """One of several ways, after this."""
        known = [o.commands for o in others if o.commands is not None]
        commands = max(known) if len(known) == len(others) and known else None if others else 0
        self.commands = _plus(self.commands, commands)
        for unit in sorted({u for o in others for u in o.money}):
            amounts = [o.money.get(unit, 0) for o in others]
            most = None if None in amounts else max(a for a in amounts if a is not None)
            self.money[unit] = _plus(self.money.get(unit, 0), most)
        for other in others:
            self.names |= other.names
            self.why = self.why or other.why


def _plus(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b


def _times(a: int | None, times: int | None) -> int | None:
    if a == 0 or times == 0:
        return 0
    return None if a is None or times is None else a * times


def extent(name: str, functions: Mapping[str, core.Function], params: Mapping[str, core.Parameter],
           commands: Mapping[str, CommandSpec]) -> Extent:  # fmt: skip
    """What an action does at most. commands: of the host, which may bound their fields (no amount below 0)."""
    walk = _Walk(functions, params, commands)
    try:
        return walk.function(name, {})
    except _TooLong:
        return Extent(None, dict.fromkeys(walk.units), walk.names, functions[name].span)


class _TooLong(Exception):
    """The walk takes too many steps."""


@dataclass
class _Walk:
    functions: Mapping[str, core.Function]
    params: Mapping[str, core.Parameter]
    commands: Mapping[str, CommandSpec]
    steps: int = 0
    units: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    returned: list[list[Between]] = field(default_factory=list)

    def function(self, name: str, args: dict[str, Between]) -> Extent:
        self.returned.append([])
        total = self.block(self.functions[name].body, dict(args))
        self.returned.pop()
        return total

    def result(self, call: core.Call, env: Mapping[str, Between]) -> Between:
        """Between what the value of a call lies."""
        function = self.functions[call.function]
        args = {name: self.between(arg, env) for (name, _), arg in zip(function.params, call.args, strict=True)}
        self.returned.append([])
        self.block(function.body, args)
        return _union(self.returned.pop())

    def return_(self, statement: core.Return, env: dict[str, Between], total: Extent) -> None:
        self.calls(statement.value, env, total)
        if self.returned:
            self.returned[-1].append(self.between(statement.value, env))

    def block(self, block: core.Block, env: dict[str, Between]) -> Extent:
        total = Extent()
        for statement in block.statements:
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise _TooLong
            visit = _STATEMENTS.get(type(statement))
            if visit is not None:
                visit(self, statement, env, total)
            else:
                self.calls(statement, env, total)
        return total

    # -- statements

    def let(self, statement: core.Let, env: dict[str, Between], total: Extent) -> None:
        self.calls(statement, env, total)
        env[statement.name] = self.between(statement.value, env)

    def if_(self, statement: core.If, env: dict[str, Between], total: Extent) -> None:
        self.calls(statement.test, env, total)
        self._branches([statement.then, statement.orelse], statement.phis, env, total)

    def switch(self, statement: core.Switch, env: dict[str, Between], total: Extent) -> None:
        self.calls(statement.subject, env, total)
        blocks = [case.body for case in statement.cases]
        if statement.default is not None:
            blocks.append(statement.default)
        self._branches(blocks, statement.phis, env, total)

    def _branches(self, blocks: list[core.Block], phis: tuple[core.Phi, ...], env: dict[str, Between],
                  total: Extent) -> None:  # fmt: skip
        envs = [dict(env) for _ in blocks]
        total.either([self.block(block, inner) for block, inner in zip(blocks, envs, strict=True)])
        for phi in phis:
            ends = [self.between(v, inner) for v, inner in zip(phi.values, envs, strict=True) if v is not None]
            env[phi.name] = _union(ends)

    def loop(self, statement: core.Loop, env: dict[str, Between], total: Extent) -> None:
        self.calls(statement.over, env, total)
        body = self.block(statement.body, dict(env))
        if statement.most is None and body.commands != 0:
            body.why = body.why or statement.span
        total.add(body, statement.most)

    def command(self, statement: core.Command, env: dict[str, Between], total: Extent) -> None:
        one = Extent(1, {}, {statement.name})
        self.names.add(statement.name)
        spec = self.commands.get(statement.name)
        held = {} if spec is None else {f.read_as: (f.low, _told(f.high)) for f in spec.fields}
        for name, value in statement.fields:
            self.calls(value, env, total)
            if isinstance(value.type, types.Money):
                self.units.add(value.type.unit)
                low, high = _within(self.between(value, env), held.get(name, UNKNOWN))
                most = None if low is None or high is None else max(abs(math.floor(low)), abs(math.ceil(high)))
                one.money[value.type.unit] = _plus(one.money.get(value.type.unit, 0), most)
                if most is None:
                    one.why = one.why or value.span
        total.add(one)

    def calls(self, node: Any, env: dict[str, Between], total: Extent) -> None:
        """What the functions called in an expression do."""
        pending = [node]
        while pending:
            one = pending.pop()
            if isinstance(one, core.Call):
                params = self.functions[one.function].params
                args = {name: self.between(arg, env) for (name, _), arg in zip(params, one.args, strict=True)}
                if self.functions[one.function].effects & {"command"}:
                    total.add(self.function(one.function, args))
            if isinstance(one, core.Comprehension):
                body = Extent()
                self.calls(one.body, env, body)
                total.add(body, one.most)
                pending += [one.over, one.initial]
            elif isinstance(one, tuple):
                pending.extend(one)
            elif isinstance(one, core.Expr | core.Statement):
                pending.extend(getattr(one, name) for name in one.__dataclass_fields__ if name not in ("type", "span"))

    # -- amounts

    def between(self, expr: core.Expr, env: Mapping[str, Between]) -> Between:
        """Between what a number lies."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise _TooLong
        if isinstance(expr, core.Const):
            number = isinstance(expr.value, int | Fraction) and not isinstance(expr.value, bool)
            return (expr.value, expr.value) if number else UNKNOWN
        if isinstance(expr, core.Local):
            return env.get(expr.name, UNKNOWN)
        if isinstance(expr, core.ParamValue):
            param = self.params.get(expr.name)
            return (param.low, param.high) if param is not None else UNKNOWN
        if isinstance(expr, core.Cond):
            return _union([self.between(expr.then, env), self.between(expr.orelse, env)])
        if isinstance(expr, core.Call):
            return self.result(expr, env)
        if isinstance(expr, core.Op):
            return self._operation(expr, [self.between(arg, env) for arg in expr.args])
        return UNKNOWN

    def _operation(self, expr: core.Op, args: list[Between]) -> Between:
        if expr.op.startswith("round."):
            low, high = args[0]
            return (None if low is None else math.floor(low), None if high is None else math.ceil(high))
        compute = _BETWEEN.get(expr.op.partition(".")[2])
        return UNKNOWN if compute is None or len(args) > 2 else compute(args)


def _told(high: Any) -> Any:
    """A host's upper end, unless it is that of all amounts, which says nothing."""
    return None if high == I64_MAX else high


def _union(ends: list[Between]) -> Between:
    lows, highs = [low for low, _ in ends], [high for _, high in ends]
    low = None if None in lows or not lows else min(v for v in lows if v is not None)
    high = None if None in highs or not highs else max(v for v in highs if v is not None)
    return low, high


def _within(one: Between, other: Between) -> Between:
    """What lies between both."""
    lows = [low for low in (one[0], other[0]) if low is not None]
    highs = [high for high in (one[1], other[1]) if high is not None]
    return max(lows, default=None), min(highs, default=None)


def _sum(args: list[Between]) -> Between:
    (a, b), (c, d) = args
    return None if a is None or c is None else a + c, None if b is None or d is None else b + d


def _negative(args: list[Between]) -> Between:
    ((low, high),) = args
    return None if high is None else -high, None if low is None else -low


def _difference(args: list[Between]) -> Between:
    return _sum([args[0], _negative([args[1]])])


def _product(args: list[Between]) -> Between:
    ends = [end for one in args for end in one if end is not None]
    if len(ends) < 4:
        return UNKNOWN
    corners = [a * b for a in ends[:2] for b in ends[2:]]
    return min(corners), max(corners)


def _quotient(args: list[Between]) -> Between:
    """By what is certainly above 0."""
    low, high = args[1]
    if low is None or high is None or low <= 0:
        return UNKNOWN
    return _product([args[0], (1 / Fraction(high), 1 / Fraction(low))])


def _least(args: list[Between]) -> Between:
    (a, b), (c, d) = args
    highs = [h for h in (b, d) if h is not None]
    return None if a is None or c is None else min(a, c), min(highs) if highs else None


def _greatest(args: list[Between]) -> Between:
    return _negative([_least([_negative([one]) for one in args])])


def _size(args: list[Between]) -> Between:
    ((low, high),) = args
    return 0, None if low is None or high is None else max(low, high, -low, -high)


def _same(args: list[Between]) -> Between:
    return args[0]


_BETWEEN: Mapping[str, Callable[[list[Between]], Between]] = {
    "add": _sum,
    "sub": _difference,
    "neg": _negative,
    "mul": _product,
    "times": _product,
    "scale": _product,
    "div": _quotient,
    "make": _quotient,
    "share": _quotient,
    "min": _least,
    "max": _greatest,
    "abs": _size,
    "to_exact": _same,
    "of_integer": _same,
}

_STATEMENTS: Mapping[type, Callable[[_Walk, Any, dict[str, Between], Extent], None]] = {
    core.Let: _Walk.let,
    core.Return: _Walk.return_,
    core.If: _Walk.if_,
    core.Switch: _Walk.switch,
    core.Loop: _Walk.loop,
    core.Command: _Walk.command,
}
