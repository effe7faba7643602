"""The reference: evaluate the core by walking it, as plainly as it can be said.

`ccl.compile` must agree with this in value, refusal, trap, fuel and trace; what a contract means is what this does.
Nothing here is clever, and nothing is remembered between evaluations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ccl import arithmetic, core, fuel, types
from ccl.evaluation import (
    MACHINE_TROUBLE,
    MOST_FACTS,
    NOTHING_TO_READ,
    AskedCommand,
    Fact,
    LeftNotice,
    Outcome,
    Refusal,
    Refused,
    Trapped,
    TrapReport,
)
from ccl.host import World
from ccl.ops import OPS
from ccl.source import Span


def run(
    program: core.Program,
    function: str,
    args: Sequence[Any] = (),
    world: World = NOTHING_TO_READ,
    *,
    fuel: int | None = None,
    observe: Callable[[core.Expr, Any], None] | None = None,
) -> Outcome:
    """Evaluate a function of the program. fuel: the most it may use, `ccl.fuel.LIMIT` if not given.

    observe: is told of every expression that was evaluated and its value, inner ones first; coverage needs it.
    """
    if observe is not None:
        return _Observed(program, world, fuel, observe).outcome(function, args)
    return _Evaluation(program, world, fuel).outcome(function, args)


class _Left(Exception):
    """Control leaves: the function (`Return`), or the innermost loop's round or all of it, with carried values."""


class _Returned(_Left):
    pass


class _Broken(_Left):
    pass


class _Continued(_Left):
    pass


class _Activation:
    """A function being evaluated: its locals, which fields and parameters it has read, how deep in loops it is."""

    def __init__(self, function: core.Function, args: Iterable[Any]) -> None:
        self.function = function
        self.locals = {name: value for (name, _), value in zip(function.params, args, strict=True)}
        self.read: set[int] = set()
        self.loops = 0


class _Evaluation:
    def __init__(self, program: core.Program, world: World, limit: int | None) -> None:
        self.program = program
        self.world = world
        self.limit = fuel.LIMIT if limit is None else limit
        self.fuel = 0
        self.facts: list[Fact] = []
        self.dropped = 0
        self.writes: dict[str, Any] = {}
        self.commands: list[AskedCommand] = []
        self.notices: list[LeftNotice] = []
        self.stack: list[_Activation] = []

    def outcome(self, function: str, args: Sequence[Any]) -> Outcome:
        try:
            value = self.call(function, args)
        except Refused as refused:
            path = tuple(activation.function.name for activation in self.stack)
            refusal = Refusal(refused.function, refused.number, path)
            return Outcome(None, refusal, None, self.fuel, tuple(self.facts), self.dropped)
        except _Trap as trap:
            report = TrapReport(trap.code, trap.text, self.stack[-1].function.name, trap.span)
            return Outcome(None, None, report, self.fuel, tuple(self.facts), self.dropped)
        writes = tuple(self.writes.items())
        done = (writes, tuple(self.commands), tuple(self.notices))
        return Outcome(value, None, None, self.fuel, tuple(self.facts), self.dropped, *done)

    def call(self, name: str, args: Iterable[Any]) -> Any:
        function = self.program.functions[name]
        self.stack.append(_Activation(function, args))
        self.charge(fuel.of_block(function.body), function.span)
        try:
            self.block(function.body)
            value = None
        except _Returned as returned:
            value = returned.args[0]
        self.stack.pop()  # not where an exception passes: `outcome` reads the stack as it was then
        return value

    def charge(self, amount: int, span: Span) -> None:
        if self.fuel + amount > self.limit:
            raise _Trap("out_of_fuel", "", span)
        self.fuel += amount

    def fact(self, site: int, args: tuple[Any, ...], value: Any) -> None:
        if len(self.facts) < MOST_FACTS:
            self.facts.append(Fact(self.stack[-1].function.name, site, args, value))
        else:
            self.dropped += 1

    # -- statements --

    def block(self, block: core.Block) -> None:
        for statement in block.statements:
            _STATEMENTS[type(statement)](self, statement)

    def bind(self, name: str, value: Any) -> None:
        self.stack[-1].locals[name] = value

    def let(self, s: core.Let) -> None:
        self.bind(s.name, self.value(s.value))

    def branch(self, s: core.If | core.Switch, number: int, block: core.Block) -> None:
        """Enter a branch, run it, and bind the phis at its end."""
        ends = [phi.values[number] for phi in s.phis]
        self.charge(fuel.of_block(block, ends), s.span)
        self.block(block)
        values = [(phi.name, self.value(end)) for phi, end in zip(s.phis, ends, strict=True) if end is not None]
        for name, value in values:
            self.bind(name, value)

    def if_(self, s: core.If) -> None:
        if self.value(s.test):
            self.branch(s, 0, s.then)
        else:
            self.branch(s, 1, s.orelse)

    def switch(self, s: core.Switch) -> None:
        subject = self.value(s.subject)
        for number, case in enumerate(s.cases):
            if _is_variant(s.subject.type, subject, case.index):
                for position, name in enumerate(case.binds):
                    if name:
                        self.bind(name, _payload(s.subject.type, subject, position))
                self.branch(s, number, case.body)
                return
        assert s.default is not None, "the cases are all there are"
        self.branch(s, len(s.cases), s.default)

    def loop(self, s: core.Loop) -> None:
        over = self.value(s.over)
        carried = [self.value(c.initial) for c in s.carried]
        items = _items(over)
        if s.most is not None and len(items) > s.most:
            raise _Trap("too_long", "", s.span)
        self.charge(len(items) * fuel.of_round(s), s.span)
        self.stack[-1].loops += 1
        for item in items:
            self.bind(s.item, item)
            for c, value in zip(s.carried, carried, strict=True):
                self.bind(c.name, value)
            try:
                self.block(s.body)
            except _Continued as left:
                carried = left.args[0]
                continue
            except _Broken as left:
                carried = left.args[0]
                break
            assert s.next is not None, "the body reaches its end only where the loop says what is next"
            carried = [self.value(e) for e in s.next]
        self.stack[-1].loops -= 1
        for c, value in zip(s.carried, carried, strict=True):
            self.bind(c.result, value)

    def break_(self, s: core.Break) -> None:
        raise _Broken([self.value(e) for e in s.values])

    def continue_(self, s: core.Continue) -> None:
        raise _Continued([self.value(e) for e in s.values])

    def return_(self, s: core.Return) -> None:
        raise _Returned(self.value(s.value))

    def require(self, s: core.Require) -> None:
        if not self.value(s.condition):
            raise Refused(self.stack[-1].function.name, s.number)

    def refuse(self, s: core.Refuse) -> None:
        raise Refused(self.stack[-1].function.name, s.number)

    def trap(self, s: core.Trap) -> None:
        raise _Trap(s.code, s.text, s.span)

    def evaluate(self, s: core.Evaluate) -> None:
        self.value(s.value)

    def write(self, s: core.Write) -> None:
        self.writes[s.state] = self.value(s.value)

    def command(self, s: core.Command) -> None:
        fields = tuple((name, self.value(e)) for name, e in s.fields)
        self.commands.append(AskedCommand(s.name, fields))

    def notice(self, s: core.Notice) -> None:
        fields = tuple((name, self.value(e)) for name, e in s.fields)
        self.notices.append(LeftNotice(s.name, fields))

    # -- expressions --

    def value(self, e: core.Expr) -> Any:
        return _EXPRESSIONS[type(e)](self, e)

    def const(self, e: core.Const) -> Any:
        return e.value

    def local(self, e: core.Local) -> Any:
        return self.stack[-1].locals[e.name]

    def op(self, e: core.Op) -> Any:
        args = [self.value(a) for a in e.args]
        spec = OPS[e.op]
        try:
            if spec.sized:
                self.charge(fuel.of_sizes(spec, args, [fuel.most_of(e, i) for i in spec.sized]), e.span)
            return spec.run(*args)
        except Trapped as trapped:
            raise _Trap(trapped.code, trapped.text, e.span) from None

    def and_(self, e: core.And) -> bool:
        return self.value(e.left) and self.value(e.right)  # type: ignore[no-any-return]  # Bool, by its type in core

    def or_(self, e: core.Or) -> bool:
        return self.value(e.left) or self.value(e.right)  # type: ignore[no-any-return]  # the same

    def not_(self, e: core.Not) -> bool:
        return not self.value(e.operand)

    def cond(self, e: core.Cond) -> Any:
        return self.value(e.then) if self.value(e.test) else self.value(e.orelse)

    def called(self, e: core.Call) -> Any:
        return self.call(e.function, [self.value(a) for a in e.args])

    def view(self, e: core.View) -> Any:
        args = tuple(self.value(a) for a in e.args)

        def read() -> Any:
            if e.name in ("caller", "now"):
                return getattr(self.world, e.name)
            return getattr(self.world.views, e.name)(*args)

        value = _from_host(read, e.span)
        self.fact(e.site, args, value)
        return value

    def command_field(self, e: core.CommandField) -> Any:
        value = _wrapped(e, _from_host(lambda: getattr(self.world.command, e.attribute), e.span))
        self.first_fact(e.site, value)
        return value

    def param_value(self, e: core.ParamValue) -> Any:
        value = _from_host(lambda: self.world.params[e.name], e.span)
        self.first_fact(e.site, value)
        return value

    def first_fact(self, site: int, value: Any) -> None:
        """A fact unless this activation has read it: it cannot have changed."""
        activation = self.stack[-1]
        if site not in activation.read:
            activation.read.add(site)
            self.fact(site, (), value)

    def state_value(self, e: core.StateValue) -> Any:
        if e.name in self.writes:
            value = self.writes[e.name]
        else:
            value = _from_host(lambda: self.world.state[e.name], e.span)
        self.fact(e.site, (), value)
        return value

    def item(self, e: core.Item) -> Any:
        return self.value(e.target)[e.index]

    def record_field(self, e: core.RecordField) -> Any:
        record = self.value(e.target)
        value = _wrapped(e, _from_host(lambda: getattr(record, e.attribute), e.span))
        if not self.stack[-1].loops:
            self.fact(e.site, (), value)
        return value

    def make_tuple(self, e: core.MakeTuple | core.MakeArray) -> tuple[Any, ...]:
        return tuple(self.value(i) for i in e.items)

    def make_map(self, e: core.MakeMap) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for key_expr, value_expr in e.pairs:
            key = self.value(key_expr)
            made[key] = self.value(value_expr)
        return made

    def make_variant(self, e: core.MakeVariant) -> Any:
        items = tuple(self.value(i) for i in e.items)
        if isinstance(e.type, types.Option):
            return items if e.index else None
        if isinstance(e.type, types.Result):
            return (bool(e.index), *items)
        return (e.index, *items)

    def is_variant(self, e: core.IsVariant) -> bool:
        return _is_variant(e.target.type, self.value(e.target), e.index)

    def payload(self, e: core.Payload) -> Any:
        return _payload(e.target.type, self.value(e.target), e.position)

    def comprehension(self, e: core.Comprehension) -> Any:
        items = _items(self.value(e.over))
        initial = None if e.initial is None else self.value(e.initial)
        if e.most is not None and len(items) > e.most:
            raise _Trap("too_long", "", e.span)
        self.charge(len(items) * fuel.of_step(e), e.span)

        def body(item: Any) -> Any:
            self.bind(e.item, item)
            return self.value(e.body)

        self.stack[-1].loops += 1
        if e.kind == "fold":
            value = initial
            for item in items:
                self.bind(e.accumulator, value)
                value = body(item)
        else:
            try:
                value = _KINDS[e.kind](e, items, body)
            except Trapped as trapped:
                raise _Trap(trapped.code, trapped.text, e.span) from None
        self.stack[-1].loops -= 1
        return value


class _Observed(_Evaluation):
    """An evaluation that tells what each expression came to."""

    def __init__(
        self, program: core.Program, world: World, limit: int | None, observe: Callable[[core.Expr, Any], None]
    ) -> None:
        super().__init__(program, world, limit)
        self.observe = observe

    def value(self, e: core.Expr) -> Any:
        value = super().value(e)
        self.observe(e, value)
        return value


class _Trap(Exception):
    """A trap whose place is known."""

    def __init__(self, code: str, text: str, span: Span) -> None:
        super().__init__(code)
        self.code = code
        self.text = text
        self.span = span


def _from_host(read: Callable[[], Any], span: Span) -> Any:
    try:
        return read()
    except MACHINE_TROUBLE:
        raise
    except Exception:  # noqa: BLE001  # whatever a host's own code raises: the fact could not be read
        raise _Trap("view", "", span) from None


def _wrapped(e: core.CommandField | core.RecordField, value: Any) -> Any:
    if not e.wrap:
        return value
    return None if value is None else (value,)


def _items(over: Any) -> Sequence[Any]:
    return tuple(over.items()) if isinstance(over, dict) else over


def _is_variant(of: types.Type, value: Any, index: int) -> bool:
    if isinstance(of, types.Option):
        return (value is not None) == bool(index)
    return bool(value[0] == index)  # a Result's first part is a Bool, and True == 1


def _payload(of: types.Type, value: Any, position: int) -> Any:
    return value[position] if isinstance(of, types.Option) else value[position + 1]


# -- comprehensions ----------------------------------------------------------------------------------------------------

_Body = Callable[[Any], Any]


def _map(e: core.Comprehension, items: Sequence[Any], body: _Body) -> Any:
    return tuple(body(item) for item in items)


def _filter(e: core.Comprehension, items: Sequence[Any], body: _Body) -> Any:
    kept = tuple(item for item in items if body(item))
    return dict(kept) if isinstance(e.type, types.Map) else kept


def _find(e: core.Comprehension, items: Sequence[Any], body: _Body) -> Any:
    return next(((item,) for item in items if body(item)), None)


def _sum(e: core.Comprehension, items: Sequence[Any], body: _Body) -> Any:
    """The sum itself must be in range; what it passes through need not be."""
    values = [body(item) for item in items]
    if e.type == types.RATIO:
        return arithmetic.ratio(arithmetic.total(values))
    return arithmetic.total(values) if isinstance(e.type, types.Exact) else arithmetic.integer(sum(values))


def _best(e: core.Comprehension, items: Sequence[Any], body: _Body) -> Any:
    best: Any = None
    found: tuple[Any] | None = None
    for item in items:
        value = body(item)
        if found is None or (value < best if e.kind == "min_by" else value > best):
            best, found = value, (item,)
    return found


_KINDS: dict[str, Callable[[core.Comprehension, Sequence[Any], _Body], Any]] = {
    "any": lambda e, items, body: any(body(item) for item in items),
    "all": lambda e, items, body: all(body(item) for item in items),
    "count": lambda e, items, body: sum(1 for item in items if body(item)),
    "map": _map,
    "filter": _filter,
    "find": _find,
    "sum": _sum,
    "min_by": _best,
    "max_by": _best,
}

_STATEMENTS: dict[type[core.Statement], Callable[[_Evaluation, Any], None]] = {
    core.Let: _Evaluation.let,
    core.If: _Evaluation.if_,
    core.Switch: _Evaluation.switch,
    core.Loop: _Evaluation.loop,
    core.Break: _Evaluation.break_,
    core.Continue: _Evaluation.continue_,
    core.Return: _Evaluation.return_,
    core.Require: _Evaluation.require,
    core.Refuse: _Evaluation.refuse,
    core.Trap: _Evaluation.trap,
    core.Evaluate: _Evaluation.evaluate,
    core.Write: _Evaluation.write,
    core.Command: _Evaluation.command,
    core.Notice: _Evaluation.notice,
}

_EXPRESSIONS: dict[type[core.Expr], Callable[[_Evaluation, Any], Any]] = {
    core.Const: _Evaluation.const,
    core.Local: _Evaluation.local,
    core.Op: _Evaluation.op,
    core.And: _Evaluation.and_,
    core.Or: _Evaluation.or_,
    core.Not: _Evaluation.not_,
    core.Cond: _Evaluation.cond,
    core.Call: _Evaluation.called,
    core.View: _Evaluation.view,
    core.CommandField: _Evaluation.command_field,
    core.ParamValue: _Evaluation.param_value,
    core.StateValue: _Evaluation.state_value,
    core.Item: _Evaluation.item,
    core.RecordField: _Evaluation.record_field,
    core.MakeTuple: _Evaluation.make_tuple,
    core.MakeArray: _Evaluation.make_tuple,
    core.MakeMap: _Evaluation.make_map,
    core.MakeVariant: _Evaluation.make_variant,
    core.IsVariant: _Evaluation.is_variant,
    core.Payload: _Evaluation.payload,
    core.Comprehension: _Evaluation.comprehension,
}
