"""Statements of the core to statements of Python, and a whole function."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from ccl import core, fuel, types
from ccl.emit.expressions import BOUNDED, Expressions, beyond, within_range
from ccl.emit.loops import Growth, known, uniform
from ccl.emit.nodes import (
    Linker,
    at,
    attribute,
    call,
    compare,
    is_variant,
    load,
    located,
    negated,
    payload,
    row,
    store,
    walked,
)
from ccl.source import Span
from ccl.types import I64_MAX


class Emitter(Expressions):
    """What emits a function."""

    def __init__(self, function: core.Function, linker: Linker, *, fast: bool, checked: bool) -> None:
        super().__init__(function, linker, fast=fast, checked=checked)
        self._loops: list[core.Loop] = []
        self._constants: dict[str, int] = {}
        self._prepaid = 0
        """How many loops around have been charged for their branches too."""

    def definition(self, name: str) -> ast.FunctionDef:
        """The whole function, under that name."""
        line = self.line(self.function.span)
        own = fuel.of_block(self.function.body)
        params = [self.local(n) for n, _ in self.function.params]
        self.code.fuel = own
        self.block(self.function.body)
        if not (self.out and isinstance(self.out[-1], ast.Return | ast.Raise)):
            self.leave(None, ast.Constant(None), line)
        body = self.prelude(own) + self.out
        if self.fast:
            trapped = ast.Return(row(ast.Constant(0), load("error")))
            body = [ast.Try(body, [ast.ExceptHandler(load("_Exception"), "error", [trapped])], [], [])]
        first = "world" if self.fast else "m"
        arguments = ast.arguments(
            posonlyargs=[], args=[ast.arg(n) for n in (first, *params)], kwonlyargs=[], kw_defaults=[], defaults=[]
        )
        made = ast.FunctionDef(name=name, args=arguments, body=body, decorator_list=[], returns=None)
        return located(made, line)  # type: ignore[no-any-return]

    def block(self, block: core.Block) -> None:
        """All statements of a block."""
        for s in block.statements:
            _STATEMENTS[type(s)](self, s)

    def let(self, s: core.Let) -> None:
        if (value := known(s.value, self._constants)) is not None:
            self._constants[s.name] = value
        if isinstance(s.value, core.Op) and s.value.op in BOUNDED:
            self.bounded_let(s.name, s.value)
        else:
            self.bind(self.local(s.name), self.value(s.value), self.line(s.span))

    def bounded_let(self, local: str, e: core.Op) -> None:
        """A sum and the like bound first, then checked: two moves fewer than in an expression."""
        how = BOUNDED[e.op]
        left, right = self.strict(e.args)
        line = self.line(e.span)
        name = self.local(local)
        self.bind(name, ast.BinOp(left, how(), right), line)
        if id(e) in self.safe:
            return
        side = beyond(how, right)
        test = compare(load(name), ast.Gt(), ast.Constant(I64_MAX))
        if side < 0:
            test = compare(load(name), ast.Lt(), ast.Constant(-I64_MAX))
        elif not side:
            test = negated(within_range(load(name)))
        self.add(ast.If(test, [ast.Expr(call(load("_overflow")))], []), line)

    # -- branches --

    def branch(self, s: core.If | core.Switch, number: int, block: core.Block, own: int) -> None:
        """A branch with its charge, and the phis at its end."""
        ends = [(phi, phi.values[number]) for phi in s.phis]
        if own and not self._prepaid:
            self.charge(ast.Constant(own), s.span)
        self.block(block)
        line = self.line(s.span)
        reached = [(phi.name, end) for phi, end in ends if end is not None]
        values = self.strict([end for _, end in reached])
        self.bind_all([(self.local(name), value) for (name, _), value in zip(reached, values, strict=True)], line)

    def shares(self, s: core.If | core.Switch, *branches: core.Block) -> list[int]:
        """What each branch charges when entered. Where it is the same for all, it is charged here, once, before them:
        the test has been evaluated, and nothing stands between."""
        owns = [fuel.of_block(b, [phi.values[i] for phi in s.phis]) for i, b in enumerate(branches)]
        if len(set(owns)) > 1 or not owns[0] or self._prepaid:
            return owns
        self.charge(ast.Constant(owns[0]), s.span)
        return [0] * len(owns)

    def if_(self, s: core.If) -> None:
        test = self.kept(self.value(s.test), self.line(s.test.span)) if self.repeated else self.value(s.test)
        named = isinstance(test, ast.Name | ast.Constant)
        owns = self.shares(s, s.then, s.orelse) if named else [
            fuel.of_block(b, [phi.values[i] for phi in s.phis]) for i, b in enumerate((s.then, s.orelse))]  # fmt: skip
        with self.inside() as then:
            self.branch(s, 0, s.then, owns[0])
        with self.inside() as orelse:
            self.branch(s, 1, s.orelse, owns[1])
        self.add(ast.If(test, then, orelse), self.line(s.span))

    def switch(self, s: core.Switch) -> None:
        line = self.line(s.span)
        subject = self.kept(self.subject(s.subject), line)
        owns = self.shares(s, *(c.body for c in s.cases), *(() if s.default is None else (s.default,)))
        branches: list[list[ast.stmt]] = []
        for number, case in enumerate(s.cases):
            with self.inside() as body:
                for position, name in enumerate(case.binds):
                    if name:
                        self.bind(self.local(name), payload(s.subject.type, subject, position), line)
                self.branch(s, number, case.body, owns[number])
            branches.append(body)
        if s.default is not None:
            with self.inside() as body:
                self.branch(s, len(s.cases), s.default, owns[-1])
            branches.append(body)
        made = branches.pop()
        which: ast.expr | None = None
        if isinstance(s.subject.type, types.Enum) and len(branches) > 1:
            which = self.kept(at(subject, ast.Constant(0)), line)
        for case, body in reversed(list(zip(s.cases, branches, strict=False))):
            test = is_variant(s.subject.type, subject, case.index)
            if which is not None:
                test = compare(which, ast.Eq(), ast.Constant(case.index))
            made = [located(ast.If(test, body, made), line)]
        self.out += made

    # -- loops --

    def loop(self, s: core.Loop) -> None:
        line = self.line(s.span)
        over, *starts = self.strict([s.over, *(c.initial for c in s.carried)])
        over = self.kept(over, line)
        for c, start in zip(s.carried, starts, strict=True):
            self.bind(self.local(c.name), start, line)
        self.safe |= Growth(s).safe(self._constants)
        branches = None if self.checked else uniform(s.body, s.next or (), self.safe)
        self.charge_rounds(over, s.most, fuel.of_round(s) + (branches or 0), s.span)
        self._loops.append(s)
        self._prepaid += branches is not None
        self.join_phis(s)
        with self.inside(repeated=True) as body:
            self.block(s.body)
            if s.next is not None:
                self.carry(s.next, s.span)
        self._prepaid -= branches is not None
        self._loops.pop()
        self.add(ast.For(store(self.local(s.item)), walked(s.over.type, over), body, [], None), line)
        for c in s.carried:
            self.bind(self.local(c.result), load(self.local(c.name)), line)

    def join_phis(self, s: core.Loop) -> None:
        """Let the last branch of a body bind what the loop carries directly, if that is all that its phis are for."""
        last = s.body.statements[-1] if s.body.statements else None
        if not isinstance(last, core.If | core.Switch) or s.next is None:
            return
        phis = {phi.name for phi in last.phis}
        following = [e.name if isinstance(e, core.Local) else "" for e in s.next]
        own = [c.name for c in s.carried]
        if len(set(following)) == len(following) and all(
            n in phis or n == c for n, c in zip(following, own, strict=True)
        ):
            for name, carried in zip(following, own, strict=True):
                self.alias(name, carried)

    def carry(self, values: Sequence[core.Expr], span: Span) -> None:
        """Bind what the innermost loop carries, all at once."""
        names = [self.local(c.name) for c in self._loops[-1].carried]
        self.bind_all(list(zip(names, self.strict(values), strict=True)), self.line(span))

    def bind_all(self, pairs: Sequence[tuple[str, ast.expr]], line: int) -> None:
        """Several assignments at once; those of a name to itself are none."""
        pairs = [(n, value) for n, value in pairs if not (isinstance(value, ast.Name) and value.id == n)]
        if len(pairs) == 1:
            self.bind(*pairs[0], line)
        elif pairs:
            names: list[ast.expr] = [store(n) for n, _ in pairs]
            self.add(ast.Assign([ast.Tuple(names, ast.Store())], row(*(value for _, value in pairs))), line)

    def break_(self, s: core.Break) -> None:
        self.carry(s.values, s.span)
        self.add(ast.Break(), self.line(s.span))

    def continue_(self, s: core.Continue) -> None:
        self.carry(s.values, s.span)
        self.add(ast.Continue(), self.line(s.span))

    # -- ways out and effects --

    def return_(self, s: core.Return) -> None:
        self.leave(None, self.value(s.value), self.line(s.span))

    def require(self, s: core.Require) -> None:
        test = negated(self.value(s.condition))
        line = self.line(s.span)
        with self.inside() as refused:
            self.leave(s.number, None, line)
        self.add(ast.If(test, refused, []), line)

    def refuse(self, s: core.Refuse) -> None:
        self.leave(s.number, None, self.line(s.span))

    def trap(self, s: core.Trap) -> None:
        trapped = call(load("_Trapped"), ast.Constant(s.code), ast.Constant(s.text))
        self.add(ast.Raise(trapped, None), self.line(s.span))

    def evaluate(self, s: core.Evaluate) -> None:
        self.add(ast.Expr(self.value(s.value)), self.line(s.span))

    def write(self, s: core.Write) -> None:
        value = self.value(s.value)
        target = at(self.part("writes"), ast.Constant(s.state))
        assert isinstance(target, ast.Subscript)
        target.ctx = ast.Store()
        self.add(ast.Assign([target], value), self.line(s.span))

    def asked(self, s: core.Command | core.Notice) -> None:
        values = self.strict([value for _, value in s.fields])
        fields = [row(ast.Constant(name), value) for (name, _), value in zip(s.fields, values, strict=True)]
        to = attribute(load("m"), "ask" if isinstance(s, core.Command) else "leave")
        self.add(ast.Expr(call(to, ast.Constant(s.name), row(*fields))), self.line(s.span))


_STATEMENTS: dict[type[core.Statement], Callable[[Emitter, Any], None]] = {
    core.Let: Emitter.let,
    core.If: Emitter.if_,
    core.Switch: Emitter.switch,
    core.Loop: Emitter.loop,
    core.Break: Emitter.break_,
    core.Continue: Emitter.continue_,
    core.Return: Emitter.return_,
    core.Require: Emitter.require,
    core.Refuse: Emitter.refuse,
    core.Trap: Emitter.trap,
    core.Evaluate: Emitter.evaluate,
    core.Write: Emitter.write,
    core.Command: Emitter.asked,
    core.Notice: Emitter.asked,
}
