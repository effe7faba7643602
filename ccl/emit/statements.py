"""Statements of the core to statements of Python, and a whole function."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from ccl import core, fuel
from ccl.emit.expressions import Expressions
from ccl.emit.nodes import Linker, at, attribute, call, is_variant, load, located, negated, payload, row, store, walked
from ccl.source import Span


class Emitter(Expressions):
    """What emits a function."""

    def __init__(self, function: core.Function, linker: Linker, *, fast: bool, checked: bool) -> None:
        super().__init__(function, linker, fast=fast, checked=checked)
        self._loops: list[core.Loop] = []

    def definition(self, name: str) -> ast.FunctionDef:
        """The whole function, under that name."""
        line = self.line(self.function.span)
        own = fuel.of_block(self.function.body)
        params = [self.local(n) for n, _ in self.function.params]
        if self.fast:
            self.code.fuel = own
        else:
            self.charge(ast.Constant(own), self.function.span)
        self.block(self.function.body)
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
        self.bind(self.local(s.name), self.value(s.value), self.line(s.span))

    # -- branches --

    def branch(self, s: core.If | core.Switch, number: int, block: core.Block) -> None:
        """A branch with its charge, and the phis at its end."""
        ends = [(phi, phi.values[number]) for phi in s.phis]
        own = fuel.of_block(block, [end for _, end in ends])
        if own:
            self.charge(ast.Constant(own), s.span)
        self.block(block)
        line = self.line(s.span)
        reached = [(phi.name, end) for phi, end in ends if end is not None]
        values = self.strict([end for _, end in reached])
        for (name, _), value in zip(reached, values, strict=True):
            self.bind(self.local(name), value, line)

    def if_(self, s: core.If) -> None:
        test = self.value(s.test)
        with self.inside() as then:
            self.branch(s, 0, s.then)
        with self.inside() as orelse:
            self.branch(s, 1, s.orelse)
        self.add(ast.If(test, then, orelse), self.line(s.span))

    def switch(self, s: core.Switch) -> None:
        line = self.line(s.span)
        subject = self.kept(self.subject(s.subject), line)
        branches: list[list[ast.stmt]] = []
        for number, case in enumerate(s.cases):
            with self.inside() as body:
                for position, name in enumerate(case.binds):
                    if name:
                        self.bind(self.local(name), payload(s.subject.type, subject, position), line)
                self.branch(s, number, case.body)
            branches.append(body)
        if s.default is not None:
            with self.inside() as body:
                self.branch(s, len(s.cases), s.default)
            branches.append(body)
        made = branches.pop()
        for case, body in reversed(list(zip(s.cases, branches, strict=False))):
            made = [located(ast.If(is_variant(s.subject.type, subject, case.index), body, made), line)]
        self.out += made

    # -- loops --

    def loop(self, s: core.Loop) -> None:
        line = self.line(s.span)
        over, *starts = self.strict([s.over, *(c.initial for c in s.carried)])
        over = self.kept(over, line)
        for c, start in zip(s.carried, starts, strict=True):
            self.bind(self.local(c.name), start, line)
        self.charge_rounds(over, s.most, fuel.of_round(s), s.span)
        self._loops.append(s)
        with self.inside(repeated=True) as body:
            self.block(s.body)
            if s.next is not None:
                self.carry(s.next, s.span)
        self._loops.pop()
        self.add(ast.For(store(self.local(s.item)), walked(s.over.type, over), body, [], None), line)
        for c in s.carried:
            self.bind(self.local(c.result), load(self.local(c.name)), line)

    def carry(self, values: Sequence[core.Expr], span: Span) -> None:
        """Bind what the innermost loop carries, all at once."""
        names = [store(self.local(c.name)) for c in self._loops[-1].carried]
        made = self.strict(values)
        line = self.line(span)
        if len(made) == 1:
            self.add(ast.Assign([names[0]], made[0]), line)
        elif made:
            self.add(ast.Assign([ast.Tuple(list(names), ast.Store())], row(*made)), line)

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
