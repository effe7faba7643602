"""Symbolic execution: core to terms. One walk covers every way an evaluation can go.

`live` is the condition under which evaluation is still going on at this point of the text; what ends it (a trap, a
refusal, a return) is kept with the condition under which it happens. Where branches meet, values become one by choice
on the test, so that work grows with the text and not with the number of paths. Loops and sequences are walked as far as
`Limits` say; what lies beyond is cut off and kept as a `Cut`, so that whoever asks can tell "proved" from "proved up
to". Fuel is not looked at: that it suffices is what `ccl cost` shows.

The meaning of every node is that of `ccl.interpret`; `tests/ccl/proof` compares the two on random programs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import z3

from ccl import core, fuel, types
from ccl.evaluation import Trapped
from ccl.host import CommandSpec
from ccl.ops import OPS
from ccl.proof import days, numeric, reads, sequences
from ccl.proof.cases import Bound, CommandCase, Cut, Limits, RefusalCase, TrapCase
from ccl.proof.comprehensions import KINDS
from ccl.proof.symbols import Reader, Symbols
from ccl.proof.terms import (
    NOTHING,
    Raw,
    Rng,
    Seq,
    Tup,
    Unprovable,
    Variant,
    boolean,
    both,
    choose,
    either,
    equal,
    known,
    leaves,
    less,
    negation,
)
from ccl.source import Span


@dataclass(slots=True)
class _Frame:
    """A function being walked: its locals, and how it has been left so far."""

    function: core.Function
    locals: dict[str, Any]
    returns: list[tuple[Any, Any]] = field(default_factory=list)


@dataclass(slots=True)
class _Round:
    """The innermost loop: how its round, or all of it, has been left, with the carried values."""

    breaks: list[tuple[Any, list[Any]]] = field(default_factory=list)
    continues: list[tuple[Any, list[Any]]] = field(default_factory=list)


class Run:
    """One symbolic evaluation. Several may share `symbols`: they then read the same world.

    params: values of parameters that are not simply any value of their range. After `call`, `live` says when the
    evaluation ended well.
    """

    def __init__(self, program: core.Program, symbols: Symbols, limits: Limits, *, command: CommandSpec | None = None,
                 params: Mapping[str, Any] | None = None, live: Any = True) -> None:  # fmt: skip
        self.program = program
        self.symbols = symbols
        self.limits = limits
        self.command_spec = command
        self.params = params or {}
        self.live = live
        self.traps: list[TrapCase] = []
        self.refusals: list[RefusalCase] = []
        self.cuts: list[Cut] = []
        self.commands: list[CommandCase] = []
        self.bounds: list[Bound] = []
        self.guesses: list[Any] = []
        self.state: dict[str, Any] = {}
        self.declared = {p.name: p for p in program.params}
        self._frames: list[_Frame] = []
        self._rounds: list[_Round] = []
        self._state_types = {s.name: s.type for s in program.states}
        self._watched: set[int] = set()
        self._steps = 0

    @property
    def largest(self) -> int:
        """The most items or rounds written out."""
        return self.limits.largest

    def call(self, name: str, args: Sequence[Any] = ()) -> Any:
        """The value of a function; of one that never returns a value, nothing."""
        function = self.program.functions[name]
        frame = _Frame(function, {n: v for (n, _), v in zip(function.params, args, strict=True)})
        self._frames.append(frame)
        rounds, self._rounds = self._rounds, []
        self.block(function.body)
        self._rounds = rounds
        self._frames.pop()
        ends = [*frame.returns, *([(self.live, NOTHING)] if function.result == types.NOTHING else [])]
        self.live = either(*(when for when, _ in frame.returns), self.live)
        return _joined(ends) if ends else self.symbols.symbol(function.result, "nothing")

    # -- ends ----------------------------------------------------------------------------------------------------------

    def trap(self, code: str, when: Any, span: Span, *others: str) -> None:
        """Evaluation traps where that holds, with that code or one of the others, and goes on where it does not."""
        if when is False or self.live is False:
            return
        name = self._frames[-1].function.name if self._frames else ""
        self.traps.append(TrapCase(both(self.live, when), (code, *others), name, span))
        self.live = both(self.live, negation(when))

    def refuse(self, number: int, when: Any) -> None:
        """The requirement of that number fails where that holds."""
        if when is False or self.live is False:
            return
        self.refusals.append(RefusalCase(both(self.live, when), self._frames[-1].function.name, number))
        self.live = both(self.live, negation(when))

    def cut(self, when: Any, span: Span, bound: str) -> None:
        """What holds there is not looked at."""
        if when is False or self.live is False:
            return
        self.cuts.append(Cut(both(self.live, when), span, bound))
        self.live = both(self.live, negation(when))

    def know(self, fact: Any) -> None:
        """A fact about symbols, where evaluation gets here."""
        fact = either(negation(self.live), fact)
        if fact is not True:
            self.symbols.axioms.append(boolean(fact))

    def fresh(self, type_: types.Type, label: str) -> Any:
        """A symbol of its own."""
        self._step()
        return self.symbols.symbol(type_, f"~{label} {len(self.symbols.axioms)} {self._steps}")

    def unknown_parts(self, above: Any) -> Any:
        """Whether a ratio whose parts are not known leaves its range: a guess, to be borne out by an example."""
        if known(above) or not z3.is_real(above):
            return False
        guess = self.fresh(types.BOOL, "parts")
        self.guesses.append(guess)
        return guess

    def opaque(self, expr: core.Op, args: tuple[Any, ...], low: int | None = None, high: int | None = None) -> Any:
        """An operation that the solver is told by cases; worked out at once where its arguments are known."""
        spec = OPS[expr.op]
        arg_types = [a.type for a in expr.args]
        if known(*(leaf for arg in args for leaf in leaves(arg))):
            reader = Reader(self.symbols, None)
            try:
                result = spec.run(*(reader.value(a, t) for a, t in zip(args, arg_types, strict=True)))
            except Trapped as trapped:
                self.trap(trapped.code, True, expr.span)
                return self.symbols.symbol(expr.type, "nothing")
            return self.symbols.constant(result, expr.type)
        applied = self.symbols.apply(expr.op, expr.type, args, arg_types, bool(spec.traps))
        if applied.trapped is not False:
            self.trap(spec.traps[0], applied.trapped, expr.span, *spec.traps[1:])
        self.symbols.bound(applied.value, (low, high))
        return applied.value

    def rounds(self, of: Rng, span: Span) -> Iterator[tuple[Any, Any]]:
        """The numbers of a range, each with the condition that it is in it; what goes on beyond the limit is cut."""
        if known(of.low, of.high):
            count = max(of.high - of.low, 0)
            most = count if count <= self.limits.largest else self.limits.rounds
            yield from ((True, of.low + at) for at in range(most))
            self.cut(most < count, span, f"{most} rounds")
            return
        most = self.limits.rounds
        self.cut(less(of.low + most, of.high), span, f"{most} rounds")
        yield from ((less(of.low + at, of.high), of.low + at) for at in range(most))

    def under(self, test: Any, evaluate: Callable[[], Any]) -> Any:
        """Evaluate something only where the test holds; None where it never does."""
        base = self.live
        inside = both(base, test)
        if inside is False:
            return None
        self.live = inside
        value = evaluate()
        if test is not True:
            self.live = base if self.live is inside else either(both(base, negation(test)), self.live)
        return value

    def _step(self) -> None:
        self._steps += 1
        if self._steps > self.limits.steps:
            message = "it is too large to be looked at whole"
            raise Unprovable(message)

    # -- statements ----------------------------------------------------------------------------------------------------

    def block(self, block: core.Block) -> None:
        """Statements, as long as evaluation may still go on."""
        for statement in block.statements:
            if self.live is False:
                return
            self._step()
            _STATEMENTS[type(statement)](self, statement)

    def bind(self, name: str, value: Any) -> None:
        """A local of the function being walked."""
        self._frames[-1].locals[name] = value

    def let(self, s: core.Let) -> None:
        self.bind(s.name, self.value(s.value))

    def if_(self, s: core.If) -> None:
        test = self.value(s.test)
        self._branches(s.phis, [(test, s.then, ()), (negation(test), s.orelse, ())])

    def switch(self, s: core.Switch) -> None:
        subject = self.value(s.subject)
        assert isinstance(subject, Variant)
        branches: list[tuple[Any, core.Block, Sequence[tuple[str, Any]]]] = []
        others: Any = True
        for case in s.cases:
            here = is_variant(subject, case.index)
            payload = subject.payloads.get(case.index, ())
            branches.append((both(others, here), case.body, list(zip(case.binds, payload, strict=False))))
            others = both(others, negation(here))
        if s.default is not None:
            branches.append((others, s.default, ()))
        self._branches(s.phis, branches)

    def _branches(self, phis: Sequence[core.Phi],
                  branches: Sequence[tuple[Any, core.Block, Sequence[tuple[str, Any]]]]) -> None:  # fmt: skip
        """Walk branches whose tests exclude one another, and join what they leave."""
        base, state = self.live, self.state
        ends: list[tuple[Any, list[Any], dict[str, Any]]] = []
        untouched: Any = True
        for number, (test, block, binds) in enumerate(branches):
            inside = both(base, test)
            if inside is False:
                continue
            self.live, self.state = inside, dict(state)
            for name, value in binds:
                if name:
                    self.bind(name, value)
            self.block(block)
            if self.live is not False:
                values = [None if e is None else self.value(e) for e in (phi.values[number] for phi in phis)]
                ends.append((self.live, values, self.state))
            untouched = untouched and self.live is inside
        self.live = base if untouched else either(*(when for when, _, _ in ends))
        self.state = state
        if ends:
            for at, phi in enumerate(phis):
                self.bind(phi.name, _joined([(when, values[at]) for when, values, _ in ends if values[at] is not None]))
            written = dict.fromkeys(name for _, _, found in ends for name in found)
            self.state = {
                name: _joined([(when, found[name] if name in found else self._initial_state(name))
                               for when, _, found in ends])
                for name in written
            }  # fmt: skip

    def loop(self, s: core.Loop) -> None:
        over = self.value(s.over)
        values = [self.value(c.initial) for c in s.carried]
        self._long(over, s.most, s.span)
        ends: list[tuple[Any, list[Any]]] = []
        round_ = _Round()
        self._rounds.append(round_)
        for present, item in sequences.entries(self, over, s.span):
            if present is not True and both(self.live, negation(present)) is not False:
                ends.append((both(self.live, negation(present)), values))
            self.live = both(self.live, present)
            if self.live is False:
                break
            values = self._once(s, round_, item, values)
        self._rounds.pop()
        ends += [*round_.breaks, (self.live, values)]
        ends = [end for end in ends if end[0] is not False]
        self.live = either(*(when for when, _ in ends))
        for at, c in enumerate(s.carried):
            if ends:
                self.bind(c.result, _joined([(when, found[at]) for when, found in ends]))

    def _once(self, s: core.Loop, round_: _Round, item: Any, values: list[Any]) -> list[Any]:
        """One round of a loop: the carried values after it."""
        self.bind(s.item, item)
        for c, value in zip(s.carried, values, strict=True):
            self.bind(c.name, value)
        self.block(s.body)
        goes_on = round_.continues
        round_.continues = []
        if self.live is not False:
            assert s.next is not None, "the body reaches its end only where the loop says what is next"
            following = [self.value(e) for e in s.next]
            goes_on = [*goes_on, (self.live, following)]
        self.live = either(*(when for when, _ in goes_on))
        if not goes_on:
            return values
        return [_joined([(when, found[at]) for when, found in goes_on]) for at in range(len(values))]

    def _long(self, over: Any, most: int | None, span: Span) -> None:
        """More items than declared trap."""
        if most is not None:
            length = over.high - over.low if isinstance(over, Rng) else over.length
            self.trap("too_long", less(most, length), span)

    def break_(self, s: core.Break) -> None:
        values = [self.value(e) for e in s.values]
        self._rounds[-1].breaks.append((self.live, values))
        self.live = False

    def continue_(self, s: core.Continue) -> None:
        values = [self.value(e) for e in s.values]
        self._rounds[-1].continues.append((self.live, values))
        self.live = False

    def return_(self, s: core.Return) -> None:
        value = self.value(s.value)
        self._frames[-1].returns.append((self.live, value))
        self.live = False

    def require(self, s: core.Require) -> None:
        self._watch(s.condition)
        self.refuse(s.number, negation(self.value(s.condition)))

    def _watch(self, condition: core.Expr) -> None:
        """Note the sides of the comparisons that must hold for a requirement to hold."""
        if isinstance(condition, core.And):
            self._watch(condition.left)
            self._watch(condition.right)
        elif isinstance(condition, core.Op) and condition.op in ("lt", "le", "gt", "ge"):
            self._watched.add(id(condition))

    def refuse_(self, s: core.Refuse) -> None:
        self.refuse(s.number, True)

    def trap_(self, s: core.Trap) -> None:
        self.trap(s.code, True, s.span)

    def evaluate(self, s: core.Evaluate) -> None:
        self.value(s.value)

    def write(self, s: core.Write) -> None:
        self._state_types[s.state] = s.value.type
        self.state[s.state] = self.value(s.value)

    def command(self, s: core.Command) -> None:
        fields = tuple((name, e.type, self.value(e)) for name, e in s.fields)
        self.commands.append(CommandCase(self.live, s.name, fields, s.span))

    def notice(self, s: core.Notice) -> None:
        for _, e in s.fields:
            self.value(e)

    # -- expressions ---------------------------------------------------------------------------------------------------

    def value(self, e: core.Expr) -> Any:
        """The value of an expression."""
        self._step()
        return _EXPRESSIONS[type(e)](self, e)

    def const(self, e: core.Const) -> Any:
        return self.symbols.constant(e.value, e.type)

    def local(self, e: core.Local) -> Any:
        return self._frames[-1].locals[e.name]

    def op(self, e: core.Op) -> Any:
        args = tuple(self._arg(a) for a in e.args)
        if id(e) in self._watched:
            self.bounds.append(Bound(self.live, self._frames[-1].function.name, e, args[0], args[1]))
        self._sized(e, args)
        meaning = _OPS.get(e.op)
        return self.opaque(e, args) if meaning is None else meaning(self, e, args)

    def _sized(self, e: core.Op, args: tuple[Any, ...]) -> None:
        """An argument that is longer than its type declares is a trap, where the operation's work grows with it."""
        for position in OPS[e.op].sized:
            most = fuel.most_of(e, position)
            if most is not None:
                of = args[position]
                length = of.high - of.low if isinstance(of, Rng) else of.length if isinstance(of, Seq) else of
                self.trap("too_long", less(most, length), e.span)

    def _arg(self, e: core.Expr) -> Any:
        """An argument; a constant of the elaborator's that is of no type of the language (holidays, no maximum) is
        taken as it is."""
        if isinstance(e, core.Const) and (e.value is None or isinstance(e.value, tuple)):
            number = self.symbols.texts.number(repr(e.value), types.ANY)
            return Raw(e.value, number) if _untyped(e) else self.value(e)
        return self.value(e)

    def and_(self, e: core.And) -> Any:
        left = self.value(e.left)
        right = self.under(left, lambda: self.value(e.right))
        return False if right is None else both(left, right)

    def or_(self, e: core.Or) -> Any:
        left = self.value(e.left)
        right = self.under(negation(left), lambda: self.value(e.right))
        return True if right is None and left is True else either(left, False if right is None else right)

    def not_(self, e: core.Not) -> Any:
        return negation(self.value(e.operand))

    def cond(self, e: core.Cond) -> Any:
        test = self.value(e.test)
        then = self.under(test, lambda: self.value(e.then))
        orelse = self.under(negation(test), lambda: self.value(e.orelse))
        if then is None and orelse is None:
            return self.symbols.symbol(e.type, "nothing")
        if then is None or orelse is None:
            return orelse if then is None else then
        return choose(test, then, orelse)

    def called(self, e: core.Call) -> Any:
        return self.call(e.function, [self.value(a) for a in e.args])

    def state_value(self, e: core.StateValue) -> Any:
        return self.state[e.name] if e.name in self.state else self._initial_state(e.name, e.type)

    def _initial_state(self, name: str, type_: types.Type | None = None) -> Any:
        return self.symbols.read("state", name, type_ or self._state_types[name])

    def item(self, e: core.Item) -> Any:
        return self.value(e.target).items[e.index]

    def make_tuple(self, e: core.MakeTuple) -> Any:
        return Tup(tuple(self.value(i) for i in e.items))

    def make_array(self, e: core.MakeArray) -> Any:
        return Seq(len(e.items), tuple(self.value(i) for i in e.items))

    def make_map(self, e: core.MakeMap) -> Any:
        return sequences.map_of([(self.value(k), self.value(v)) for k, v in e.pairs])

    def make_variant(self, e: core.MakeVariant) -> Any:
        return Variant(e.index, {e.index: tuple(self.value(i) for i in e.items)})

    def is_variant(self, e: core.IsVariant) -> Any:
        return is_variant(self.value(e.target), e.index)

    def payload(self, e: core.Payload) -> Any:
        payload = self.value(e.target).payloads.get(e.index)
        return self.symbols.symbol(e.type, "nothing") if payload is None else payload[e.position]

    # -- comprehensions ------------------------------------------------------------------------------------------------

    def comprehension(self, e: core.Comprehension) -> Any:
        over = self.value(e.over)
        initial = None if e.initial is None else self.value(e.initial)
        self._long(over, e.most, e.span)
        if isinstance(over, Rng) and known(over.low, over.high) and over.high - over.low > self.largest:
            message = f"it goes through {over.high - over.low} numbers"
            raise Unprovable(message)
        found: sequences.Entries = list(sequences.entries(self, over, e.span))
        return KINDS[e.kind](self, e, found, initial)

    def body(self, e: core.Comprehension, test: Any, item: Any) -> Any:
        """The body for an item, where the test holds; None where it never does."""
        self.bind(e.item, item)
        return self.under(test, lambda: self.value(e.body))


def is_variant(value: Variant, index: int) -> Any:
    """Whether a value is of a variant; never, if nothing of that variant went into it."""
    return equal(value.tag, index) if index in value.payloads else False


def _untyped(e: core.Const) -> bool:
    """Whether a constant stands outside the types: None that is no Option, a tuple that the type does not describe."""
    if e.value is None:
        return not isinstance(e.type, types.Option) and e.type != types.NOTHING
    composed = types.Tuple | types.Struct | types.Array | types.Enum | types.Option | types.Result
    return not isinstance(e.type, composed)


def _joined(ends: Sequence[tuple[Any, Any]]) -> Any:
    """One value of several, by the conditions under which each is it; the last needs no condition."""
    ends = [end for end in ends if end[0] is not False] or ends
    value = ends[-1][1]
    for when, other in reversed(ends[:-1]):
        value = choose(when, other, value)
    return value


_OPS: Mapping[str, numeric.Meaning] = {**numeric.MEANINGS, **days.MEANINGS, **sequences.MEANINGS}

_STATEMENTS: Mapping[type[core.Statement], Callable[[Run, Any], None]] = {
    core.Let: Run.let,
    core.If: Run.if_,
    core.Switch: Run.switch,
    core.Loop: Run.loop,
    core.Break: Run.break_,
    core.Continue: Run.continue_,
    core.Return: Run.return_,
    core.Require: Run.require,
    core.Refuse: Run.refuse_,
    core.Trap: Run.trap_,
    core.Evaluate: Run.evaluate,
    core.Write: Run.write,
    core.Command: Run.command,
    core.Notice: Run.notice,
}

_EXPRESSIONS: Mapping[type[core.Expr], Callable[[Run, Any], Any]] = {
    core.Const: Run.const,
    core.Local: Run.local,
    core.Op: Run.op,
    core.And: Run.and_,
    core.Or: Run.or_,
    core.Not: Run.not_,
    core.Cond: Run.cond,
    core.Call: Run.called,
    core.View: reads.view,
    core.CommandField: reads.command_field,
    core.ParamValue: reads.param_value,
    core.StateValue: Run.state_value,
    core.Item: Run.item,
    core.RecordField: reads.record_field,
    core.MakeTuple: Run.make_tuple,
    core.MakeArray: Run.make_array,
    core.MakeMap: Run.make_map,
    core.MakeVariant: Run.make_variant,
    core.IsVariant: Run.is_variant,
    core.Payload: Run.payload,
    core.Comprehension: Run.comprehension,
}
