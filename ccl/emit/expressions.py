"""Expressions of the core to expressions of Python, with statements before them where they need any."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from ccl import core, fuel, types
from ccl.emit.frame import Frame
from ccl.emit.nodes import (
    at,
    attribute,
    call,
    compare,
    is_variant,
    load,
    located,
    named,
    negated,
    payload,
    row,
    store,
    variant,
    walked,
)
from ccl.ops import OPS, OpSpec
from ccl.types import I64_MAX


class Expressions(Frame):
    """What emits expressions."""

    def value(self, e: core.Expr) -> ast.expr:
        """The expression, not yet evaluated, but for what it needed statements for."""
        return _EXPRESSIONS[type(e)](self, e)

    def strict(self, exprs: Sequence[core.Expr]) -> list[ast.expr]:
        """Several that are evaluated in order: those before one that needs statements are kept first."""
        last = max((i for i, e in enumerate(exprs) if id(e) in self.heavy), default=-1)
        made = []
        for i, e in enumerate(exprs):
            value = self.value(e)
            made.append(self.kept(value, self.line(e.span)) if i < last else value)
        return made

    def subject(self, e: core.Expr) -> ast.expr:
        """An expression whose parts are looked at: never a literal, of which Python warns."""
        value = self.value(e)
        return named(self.temporary(), value) if isinstance(value, ast.Constant | ast.Tuple) else value

    def const(self, e: core.Const) -> ast.expr:
        return located(self.linker.constant(e.value), self.line(e.span))  # type: ignore[no-any-return]

    def local_value(self, e: core.Local) -> ast.expr:
        return located(load(self.local(e.name)), self.line(e.span))  # type: ignore[no-any-return]

    def op(self, e: core.Op) -> ast.expr:
        spec = OPS[e.op]
        args = self.strict(e.args)
        line = self.line(e.span)
        if spec.sized:
            made = self.sized(e, spec, args, line)
        elif id(e) in self.safe:
            made = ast.BinOp(args[0], BOUNDED[e.op](), args[1])
        elif inline := INLINE.get(e.op):
            made = inline(self, args)
        else:
            made = call(self.linker.operation(e.op), *args)
        return located(made, line)  # type: ignore[no-any-return]

    def sized(self, e: core.Op, spec: OpSpec, args: list[ast.expr], line: int) -> ast.expr:
        """Charge for the lengths, then do it."""
        args = [self.kept(a, line) for a in args]
        total: ast.expr | None = None
        for position in spec.sized:
            arg = e.args[position]
            measure = "_size" if arg.type == types.INTEGER else "_len"
            length: ast.expr = ast.Constant(fuel.size(arg.value)) if isinstance(arg, core.Const) else (
                self.kept(call(load(measure), args[position]), line))  # fmt: skip
            self.bounded(length, fuel.most_of(e, position), line)
            total = length if total is None else ast.BinOp(total, ast.Add(), length)
        assert total is not None, "a sized operation has a size"
        if spec.eighths != 8:
            total = ast.BinOp(ast.BinOp(total, ast.Mult(), ast.Constant(spec.eighths)), ast.FloorDiv(), ast.Constant(8))
        self.charge(total, e.span)
        return call(self.linker.operation(e.op), *args)

    def either(self, e: core.And | core.Or) -> ast.expr:
        left = self.value(e.left)
        line = self.line(e.span)
        both = isinstance(e, core.And)
        if id(e.right) not in self.heavy:
            with self.perhaps():
                right = self.value(e.right)
            return located(ast.BoolOp(ast.And() if both else ast.Or(), [left, right]), line)  # type: ignore[no-any-return]
        name = self.temporary()
        self.bind(name, left, line)
        with self.inside() as more:
            self.bind(name, self.value(e.right), line)
        self.add(ast.If(load(name) if both else negated(load(name)), more, []), line)
        return load(name)

    def not_(self, e: core.Not) -> ast.expr:
        return located(negated(self.value(e.operand)), self.line(e.span))  # type: ignore[no-any-return]

    def cond(self, e: core.Cond) -> ast.expr:
        test = self.value(e.test)
        line = self.line(e.span)
        if id(e.then) not in self.heavy and id(e.orelse) not in self.heavy:
            with self.perhaps():
                then, orelse = self.value(e.then), self.value(e.orelse)
            return located(ast.IfExp(test, then, orelse), line)  # type: ignore[no-any-return]
        name = self.temporary()
        with self.inside() as first:
            self.bind(name, self.value(e.then), line)
        with self.inside() as second:
            self.bind(name, self.value(e.orelse), line)
        self.add(ast.If(test, first, second), line)
        return load(name)

    def called(self, e: core.Call) -> ast.expr:
        args = self.strict(e.args)
        return located(call(load(self.linker.link(e.function)), load("m"), *args), self.line(e.span))  # type: ignore[no-any-return]

    # -- readings --

    def view(self, e: core.View) -> ast.expr:
        args = list(zip(e.args, self.strict(e.args), strict=True))
        line = self.line(e.span, host=True)

        def read(passed: list[ast.expr]) -> ast.expr:
            if e.name in ("caller", "now"):
                return self.part(e.name)
            return located(call(attribute(self.part("views"), e.name), *passed), line)  # type: ignore[no-any-return]

        return self.fact(e.site, args, read, line)

    def command_field(self, e: core.CommandField) -> ast.expr:
        line = self.line(e.span, host=True)
        return self.first_fact(e.site, self.wrapped(e.wrap, attribute(self.part("command"), e.attribute)), line)

    def param_value(self, e: core.ParamValue) -> ast.expr:
        return self.first_fact(e.site, at(self.part("params"), ast.Constant(e.name)), self.line(e.span, host=True))

    def first_fact(self, site: int, value: ast.expr, line: int) -> ast.expr:
        """In a loop a fact the first time only: what it was is kept."""
        if not self.repeated:
            return self.fact(site, [], lambda _: value, line)
        slot = f"s{len(self.unread)}"
        self.unread[slot] = None
        reading = named(slot, self.fact(site, [], lambda _: value, line))
        known = compare(load(slot), ast.IsNot(), load("_unread"))
        return located(ast.IfExp(known, load(slot), reading), line)  # type: ignore[no-any-return]

    def state_value(self, e: core.StateValue) -> ast.expr:
        line = self.line(e.span, host=True)
        value = at(self.part("state"), ast.Constant(e.name))
        if not self.fast:
            written = compare(ast.Constant(e.name), ast.In(), self.part("writes"))
            value = ast.IfExp(written, at(self.part("writes"), ast.Constant(e.name)), value)
        return self.fact(e.site, [], lambda _: value, line)

    def record_field(self, e: core.RecordField) -> ast.expr:
        target = self.value(e.target)
        line = self.line(e.span, host=True)
        value: ast.expr = located(self.wrapped(e.wrap, attribute(target, e.attribute)), line)
        return value if self.repeated else self.fact(e.site, [], lambda _: value, line)

    def wrapped(self, wrap: bool, value: ast.expr) -> ast.expr:
        """An Option of what the host gives as None or a value."""
        if not wrap:
            return value
        name = self.temporary()
        return ast.IfExp(compare(named(name, value), ast.Is(), ast.Constant(None)), ast.Constant(None), row(load(name)))

    # -- values with parts --

    def item(self, e: core.Item) -> ast.expr:
        return located(at(self.subject(e.target), ast.Constant(e.index)), self.line(e.span))  # type: ignore[no-any-return]

    def make_tuple(self, e: core.MakeTuple | core.MakeArray) -> ast.expr:
        return located(row(*self.strict(e.items)), self.line(e.span))  # type: ignore[no-any-return]

    def make_map(self, e: core.MakeMap) -> ast.expr:
        parts = self.strict([part for pair in e.pairs for part in pair])
        return located(ast.Dict(list(parts[::2]), parts[1::2]), self.line(e.span))  # type: ignore[no-any-return]

    def make_variant(self, e: core.MakeVariant) -> ast.expr:
        return located(variant(e.type, e.index, self.strict(e.items)), self.line(e.span))  # type: ignore[no-any-return]

    def variant_test(self, e: core.IsVariant) -> ast.expr:
        return located(is_variant(e.target.type, self.subject(e.target), e.index), self.line(e.span))  # type: ignore[no-any-return]

    def variant_part(self, e: core.Payload) -> ast.expr:
        return located(payload(e.target.type, self.subject(e.target), e.position), self.line(e.span))  # type: ignore[no-any-return]

    # -- comprehensions --

    def comprehension(self, e: core.Comprehension) -> ast.expr:
        line = self.line(e.span)
        parts = self.strict([e.over] if e.initial is None else [e.over, e.initial])
        over = self.kept(parts[0], line)
        kind = e.kind
        if kind == "sum" and e.type != types.RATIO and not isinstance(e.type, types.Exact):
            kind = "sum of integers"
        result = self.local(e.accumulator) if kind == "fold" else self.temporary()
        start = parts[1] if kind == "fold" else STARTS[kind]()
        self.bind(result, start, line)
        self.charge_rounds(over, e.most, fuel.of_step(e), e.span)
        item = self.local(e.item)
        with self.inside(repeated=True) as body:
            STEPS[kind](self, result, item, self.value(e.body), line)
        self.add(ast.For(store(item), walked(e.over.type, over), body, [], None), line)
        return located(self.collected(e, load(result)), line)  # type: ignore[no-any-return]

    def collected(self, e: core.Comprehension, result: ast.expr) -> ast.expr:
        """The value of a comprehension from what its steps left."""
        if e.kind in ("min_by", "max_by"):
            return ast.IfExp(result, row(at(result, ast.Constant(1))), ast.Constant(None))
        if e.kind == "filter" and isinstance(e.type, types.Map):
            return call(load("_dict"), result)
        if e.kind in ("map", "filter"):
            return call(load("_tuple"), result)
        if e.kind != "sum":
            return result
        if e.type == types.RATIO:
            return call(load("_ratio"), call(load("_total"), result))
        if isinstance(e.type, types.Exact):
            return call(load("_total"), result)
        return self.checked_integer(result)

    def checked_integer(self, value: ast.expr, beyond: int = 0) -> ast.expr:
        """The value, or the trap `overflow`. beyond: see the function of that name."""
        name = self.temporary()
        if beyond:
            how, end = (ast.LtE(), I64_MAX) if beyond > 0 else (ast.GtE(), -I64_MAX)
            within = compare(named(name, value), how, ast.Constant(end))
            return ast.IfExp(within, load(name), call(load("_overflow")))
        return ast.IfExp(within_range(named(name, value)), load(name), call(load("_overflow")))


# -- operations in place of a call -------------------------------------------------------------------------------------

_Inline = Callable[[Expressions, list[ast.expr]], ast.expr]


def _comparison(how: type[ast.cmpop]) -> _Inline:
    return lambda f, a: compare(a[0], how(), a[1])


def _integer(how: type[ast.operator]) -> _Inline:
    return lambda f, a: f.checked_integer(ast.BinOp(a[0], how(), a[1]), beyond(how, a[1]))


def beyond(how: type[ast.operator], by: ast.expr) -> int:
    """On which side alone a sum or a difference of integers may leave their range: 1 above, -1 below, 0 either."""
    if how is ast.Mult or not (isinstance(by, ast.Constant) and isinstance(by.value, int)):
        return 0
    return 1 if (by.value >= 0) == (how is ast.Add) else -1


def within_range(value: ast.expr) -> ast.expr:
    """Whether an integer is in range."""
    return ast.Compare(ast.Constant(-I64_MAX), [ast.LtE(), ast.LtE()], [value, ast.Constant(I64_MAX)])


def _better(how: type[ast.cmpop]) -> _Inline:
    """The first of two, where it is at least as good: as Python's own min and max."""

    def choose(f: Expressions, a: list[ast.expr]) -> ast.expr:
        first, second = f.temporary(), f.temporary()
        return ast.IfExp(compare(named(first, a[0]), how(), named(second, a[1])), load(first), load(second))

    return choose


def _opposite(f: Expressions, a: list[ast.expr]) -> ast.expr:
    return ast.UnaryOp(ast.USub(), a[0])


BOUNDED: dict[str, type[ast.operator]] = {
    **{f"{kind}.add": ast.Add for kind in ("integer", "money", "duration", "days", "months")},
    **{f"{kind}.sub": ast.Sub for kind in ("integer", "money", "duration", "days", "months", "timestamp")},
    "integer.mul": ast.Mult,
    **{f"{kind}.times": ast.Mult for kind in ("money", "duration", "days", "months")},
    "timestamp.add_duration": ast.Add,
    "timestamp.sub_duration": ast.Sub,
}
"""Operations on integers whose result must be in range."""

INLINE: dict[str, _Inline] = {
    "eq": _comparison(ast.Eq), "ne": _comparison(ast.NotEq), "lt": _comparison(ast.Lt), "le": _comparison(ast.LtE),
    "gt": _comparison(ast.Gt), "ge": _comparison(ast.GtE),
    **{name: _integer(how) for name, how in BOUNDED.items()},
    **{f"{kind}.neg": _opposite for kind in ("integer", "money", "duration", "days", "months")},
    "integer.min": _better(ast.LtE), "integer.max": _better(ast.GtE),
    "money.min": _better(ast.LtE), "money.max": _better(ast.GtE),
    **{f"{op}.{name}": (lambda f, a: a[0]) for op, names in {
        "money": ("minor", "of_minor"), "timestamp": ("ms", "of_ms"), "duration": ("ms", "of_ms"),
        "days": ("count", "of"), "months": ("count", "of")}.items() for name in names},
}  # fmt: skip
"""What Python does in place what `ccl.ops` says."""

# -- the steps of comprehensions ---------------------------------------------------------------------------------------

STARTS: dict[str, Callable[[], ast.expr]] = {
    "any": lambda: ast.Constant(False),
    "all": lambda: ast.Constant(True),
    "count": lambda: ast.Constant(0),
    "find": lambda: ast.Constant(None),
    "map": lambda: ast.List([], ast.Load()),
    "filter": lambda: ast.List([], ast.Load()),
    "sum": lambda: ast.List([], ast.Load()),
    "sum of integers": lambda: ast.Constant(0),
    "min_by": lambda: ast.Constant(None),
    "max_by": lambda: ast.Constant(None),
}


def _stop(when: bool, value: Callable[[str], ast.expr]) -> Callable[[Expressions, str, str, ast.expr, int], None]:
    def step(f: Expressions, result: str, item: str, body: ast.expr, line: int) -> None:
        found: list[ast.stmt] = [ast.Assign([store(result)], value(item)), ast.Break()]
        f.add(ast.If(body if when else negated(body), found, []), line)

    return step


def _count(f: Expressions, result: str, item: str, body: ast.expr, line: int) -> None:
    f.add(ast.If(body, [ast.AugAssign(store(result), ast.Add(), ast.Constant(1))], []), line)


def _add(f: Expressions, result: str, item: str, body: ast.expr, line: int) -> None:
    f.add(ast.AugAssign(store(result), ast.Add(), body), line)


def _append(result: str, value: ast.expr) -> ast.stmt:
    return ast.Expr(call(attribute(load(result), "append"), value))


def _each(f: Expressions, result: str, item: str, body: ast.expr, line: int) -> None:
    f.add(_append(result, body), line)


def _keep(f: Expressions, result: str, item: str, body: ast.expr, line: int) -> None:
    f.add(ast.If(body, [_append(result, load(item))], []), line)


def _fold(f: Expressions, result: str, item: str, body: ast.expr, line: int) -> None:
    f.bind(result, body, line)


def _best(how: type[ast.cmpop]) -> Callable[[Expressions, str, str, ast.expr, int], None]:
    def step(f: Expressions, result: str, item: str, body: ast.expr, line: int) -> None:
        value = f.kept(body, line)
        better = compare(value, how(), at(load(result), ast.Constant(0)))
        first = compare(load(result), ast.Is(), ast.Constant(None))
        take = ast.Assign([store(result)], row(value, load(item)))
        f.add(ast.If(ast.BoolOp(ast.Or(), [first, better]), [take], []), line)

    return step


STEPS: dict[str, Callable[[Expressions, str, str, ast.expr, int], None]] = {
    "any": _stop(True, lambda item: ast.Constant(True)),
    "all": _stop(False, lambda item: ast.Constant(False)),
    "find": _stop(True, lambda item: row(load(item))),
    "count": _count,
    "map": _each,
    "filter": _keep,
    "sum": _each,
    "sum of integers": _add,
    "fold": _fold,
    "min_by": _best(ast.Lt),
    "max_by": _best(ast.Gt),
}

_EXPRESSIONS: dict[type[core.Expr], Callable[[Expressions, Any], ast.expr]] = {
    core.Const: Expressions.const,
    core.Local: Expressions.local_value,
    core.Op: Expressions.op,
    core.And: Expressions.either,
    core.Or: Expressions.either,
    core.Not: Expressions.not_,
    core.Cond: Expressions.cond,
    core.Call: Expressions.called,
    core.View: Expressions.view,
    core.CommandField: Expressions.command_field,
    core.ParamValue: Expressions.param_value,
    core.StateValue: Expressions.state_value,
    core.Item: Expressions.item,
    core.RecordField: Expressions.record_field,
    core.MakeTuple: Expressions.make_tuple,
    core.MakeArray: Expressions.make_tuple,
    core.MakeMap: Expressions.make_map,
    core.MakeVariant: Expressions.make_variant,
    core.IsVariant: Expressions.variant_test,
    core.Payload: Expressions.variant_part,
    core.Comprehension: Expressions.comprehension,
}
