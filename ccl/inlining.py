"""A function as one expression over what it reads: its locals replaced, what it calls written out.

For looking at conditions, not for evaluating them: a name may stand for its value many times, so what becomes too large
or too deep, or has loops, requirements or effects, is given up on. It knows nothing of what is looked for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ccl import core, types
from ccl.source import NOWHERE

MOST_NODES = 1_000
MOST_DEPTH = 100
"""Give up on what is larger or deeper than that once what it calls stands in it."""


class GaveUp(Exception):
    """The function is of a form, or a size, that is not looked into."""


_Env = Mapping[str, core.Expr]


@dataclass
class Inliner:
    """Turns a function without loops and requirements into one expression over what it reads."""

    functions: Mapping[str, core.Function]
    nodes: int = 0
    depth: int = 0

    def expression(self, function: core.Function, args: tuple[core.Expr, ...] = ()) -> core.Expr:
        env = {name: arg for (name, _), arg in zip(function.params, args, strict=True)}
        return self.block(function.body.statements, env)

    def block(self, statements: tuple[core.Statement, ...], env: dict[str, core.Expr]) -> core.Expr:
        """The value that the statements return."""
        for at, statement in enumerate(statements):
            if isinstance(statement, core.Let):
                env[statement.name] = _measured(self.expr(statement.value, env))
            elif isinstance(statement, core.Return):
                return self.expr(statement.value, env)
            elif isinstance(statement, core.If):
                return self.branch(statement, statements[at + 1 :], env)
            elif isinstance(statement, core.Switch):
                return self.switch(statement, statements[at + 1 :], env)
            else:
                break
        raise GaveUp

    def branch(self, statement: core.If, rest: tuple[core.Statement, ...], env: dict[str, core.Expr]) -> core.Expr:
        """Either side, followed by what comes after it."""
        test = self.expr(statement.test, env)
        then = self.side(statement.then, 0, statement.phis, rest, dict(env))
        orelse = self.side(statement.orelse, 1, statement.phis, rest, dict(env))
        return core.Cond(then.type, NOWHERE, test, then, orelse)

    def switch(self, statement: core.Switch, rest: tuple[core.Statement, ...], env: dict[str, core.Expr]) -> core.Expr:
        """Each case, followed by what comes after it; without a default the last case is what is left."""
        subject = _measured(self.expr(statement.subject, env))
        sides: list[tuple[int, core.Expr]] = []
        for position, case in enumerate(statement.cases):
            inner = dict(env)
            for place, name in enumerate(case.binds):
                if name:  # its type is not looked at: what is known of a number comes from comparisons
                    inner[name] = core.Payload(types.ANY, NOWHERE, subject, case.index, place)
            sides.append((case.index, self.side(case.body, position, statement.phis, rest, inner)))
        if statement.default is not None:
            made = self.side(statement.default, len(statement.cases), statement.phis, rest, dict(env))
        else:
            made = sides.pop()[1]
        for index, side in reversed(sides):
            test = core.IsVariant(types.BOOL, NOWHERE, subject, index)
            made = core.Cond(made.type, NOWHERE, test, side, made)
        return made

    def side(self, side: core.Block, position: int, phis: tuple[core.Phi, ...], rest: tuple[core.Statement, ...],
             env: dict[str, core.Expr]) -> core.Expr:  # fmt: skip
        """One branch and what comes after it, as the value that they return."""
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise GaveUp
        made = self.ended(side, position, phis, rest, env)
        self.depth -= 1
        return made

    def ended(self, side: core.Block, position: int, phis: tuple[core.Phi, ...], rest: tuple[core.Statement, ...],
              env: dict[str, core.Expr]) -> core.Expr:  # fmt: skip
        if _returns(side):
            return self.block(side.statements, env)
        ends = tuple(
            core.Let(NOWHERE, phi.name, value) for phi in phis if (value := phi.values[position]) is not None
        )  # fmt: skip
        return self.block((*side.statements, *ends, *rest), env)

    def expr(self, expr: core.Expr, env: _Env) -> core.Expr:
        """The expression with its locals replaced and its calls written out."""
        self.nodes += 1
        self.depth += 1
        if self.nodes > MOST_NODES or self.depth > MOST_DEPTH:
            raise GaveUp
        made = self.rebuilt(expr, env)
        self.depth -= 1
        return made

    def rebuilt(self, expr: core.Expr, env: _Env) -> core.Expr:
        if isinstance(expr, core.Local):
            if expr.name not in env:
                raise GaveUp
            return env[expr.name]
        if isinstance(expr, core.Comprehension):
            raise GaveUp
        parts = {f.name: self.part(getattr(expr, f.name), env) for f in dataclasses.fields(expr) if f.name != "type"}
        made: core.Expr = dataclasses.replace(expr, **parts)
        if isinstance(made, core.Call):
            args = tuple(_measured(arg) for arg in made.args)
            return _measured(self.expression(self.functions[made.function], args))
        return made

    def part(self, value: Any, env: _Env) -> Any:
        if isinstance(value, core.Expr):
            return self.expr(value, env)
        if isinstance(value, tuple) and value and isinstance(value[0], core.Expr | tuple):
            return tuple(self.part(one, env) for one in value)
        return value


def _measured(expr: core.Expr) -> core.Expr:
    """The expression itself, if it is not too large and not too deep: a name may stand for it many times."""
    nodes, pending = 0, [(expr, 1)]
    while pending:
        one, depth = pending.pop()
        nodes += 1
        if nodes > MOST_NODES or depth > MOST_DEPTH:
            raise GaveUp
        values = [getattr(one, f.name) for f in dataclasses.fields(one)]
        while values:
            value = values.pop()
            if isinstance(value, core.Expr):
                pending.append((value, depth + 1))
            elif isinstance(value, tuple) and value and isinstance(value[0], core.Expr | tuple):
                values.extend(value)
    return expr


def _returns(block: core.Block) -> bool:
    """Whether a block ends by returning on every path."""
    if not block.statements:
        return False
    last = block.statements[-1]
    if isinstance(last, core.If):
        return _returns(last.then) and _returns(last.orelse)
    if isinstance(last, core.Switch):
        return all(_returns(case.body) for case in last.cases) and (last.default is None or _returns(last.default))
    return isinstance(last, core.Return)
