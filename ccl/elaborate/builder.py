"""Builds one function's core: the locals in scope, the statements so far, the values of variables where control meets.

Every local of the core is bound once. A variable (`let mut`) is a `Binding` whose `value` is the core expression that
holds it now; assignment changes that, and where branches meet, `merge` makes a phi of the values that differ. The order
of evaluation is that of the source: where a later part of an expression needs statements of its own, the parts before
it are kept in locals first (`settle`).

The builder knows nothing of any particular expression or statement: those are in tables (`Rules`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from ccl import core
from ccl.diagnostics import Findings, Label
from ccl.elaborate import mismatch
from ccl.elaborate.fitting import cheap, fits, held_to, join, oversized
from ccl.elaborate.names import FunctionInfo, Names
from ccl.host import CommandSpec, Host, decision_type
from ccl.room import MOST_DEPTH
from ccl.source import Sources, Span
from ccl.syntax import tree
from ccl.types import ANY, I64_MAX, INTEGER, NEVER, NOTHING, RATIO, Exact, Money, Type

MOST_TYPE = 200
"""Parts that the type of a local may have: pairs of pairs of pairs would be without measure."""

Bounds = tuple[int | None, int | None]
"""Between what an Integer certainly lies; None: nothing is known."""


class NeedsStatements(Exception):
    """Raised where an expression that must stand alone (a closure's body) turns out to need statements."""


@dataclass(slots=True, eq=False)
class Binding:
    """A local in scope. value: what holds it now, always cheap. declared: its type as written, if it was."""

    name: str
    value: core.Expr
    declared: Type | None
    mutable: bool
    place: Span
    told: bool = False


class Arm(NamedTuple):
    """A branch elaborated: its statements, its value, the variables' values at its end, whether that is reached."""

    statements: list[core.Statement]
    value: core.Expr
    ends: list[core.Expr]
    alive: bool


@dataclass(slots=True)
class LoopFrame:
    """A loop being elaborated: what it carries, and what those were at its end, at `break` and at `continue`."""

    carried: list[Binding]
    left_with: list[tuple[core.Expr, ...]] = field(default_factory=list)
    broken: bool = False
    depth: int = 1
    """How many loops stand in each other here, this one included."""


@dataclass(frozen=True, slots=True)
class ClauseFrame:
    """What `command` is in a clause: the commands it may be, and their unit ("$": the command's own)."""

    commands: tuple[CommandSpec, ...]
    unit: str


class Rules(NamedTuple):
    """How each kind of node is elaborated."""

    infer: Mapping[type, Callable[[Builder, Any], core.Expr]]
    check: Mapping[type, Callable[[Builder, Any, Type], core.Expr]]
    effect: Mapping[type, Callable[[Builder, Any], None]]
    statement: Mapping[type, Callable[[Builder, Any], None]]


@dataclass(slots=True)
class Shared:
    """What the functions of one program have in common. lifted: functions made of closures. calls: who calls whom.

    value_of: the value of a constant (`Bodies`). own_effects: what a function does itself, and where first.
    """

    names: Names
    host: Host
    findings: Findings
    rules: Rules
    value_of: Callable[[Any, Span], core.Expr]
    sources: Sources | None = None
    rounding: int = 0
    """So many calls that round stand around."""
    compound: tree.Assign | None = None
    """The `a *= b` or `a /= b` whose value does not fit: it has to be written out to be rounded."""
    lifted: dict[str, core.Function] = field(default_factory=dict)
    calls: dict[str, dict[str, Span]] = field(default_factory=dict)
    own_effects: dict[str, dict[str, Span]] = field(default_factory=dict)
    depth: int = 0
    count: int = 0
    """So many closures have been made functions."""
    said: list[Binding] = field(default_factory=list)
    """The locals of which it has been told that they cannot be assigned, in the order of telling."""


class Builder:
    """One function under construction."""

    __slots__ = (
        "alive", "bare", "because", "calls", "captured", "clause", "effects", "entered", "env", "findings",
        "growths", "host", "layer", "locals", "loop", "mutables", "name", "names", "nest", "out", "params",
        "parent", "ranges", "requirements", "result", "rules", "shared", "sites", "undo",
    )  # fmt: skip

    def __init__(self, shared: Shared, name: str, result: Type | None, *, layer: str = "fn",
                 clause: ClauseFrame | None = None, parent: Builder | None = None) -> None:  # fmt: skip
        self.shared = shared
        self.names = shared.names
        self.host = shared.host
        self.findings = shared.findings
        self.rules = shared.rules
        self.name = name
        self.result = result
        self.layer = layer
        self.clause = clause
        self.parent = parent
        self.params: list[tuple[str, Type]] = []
        self.captured: list[core.Expr] = []
        """Of a closure made a function: what its last parameters are, in the function around it."""
        self.env: dict[str, Binding] = {}
        self.undo: list[list[tuple[str, Binding | None]]] = [[]]
        self.mutables: list[Binding] = []
        self.out: list[core.Statement] = []
        self.alive = True
        self.entered = True
        """Whether the branches that `merge` brought together could be reached."""
        self.bare = 0
        """Over 0: no statement may be made."""
        self.nest = 0
        """How many closures stand around."""
        self.loop: LoopFrame | None = None
        self.sites: list[core.Site] = []
        self.requirements: list[core.Requirement] = []
        self.effects: dict[str, Span] = shared.own_effects.setdefault(name, {})
        self.calls: dict[str, Span] = shared.calls.setdefault(name, {})
        self.locals: dict[str, int] = {}
        self.ranges: dict[str, Bounds] = {}
        self.growths: dict[str, tuple[core.Expr, int]] = {}
        """What a loop leaves of a collection: what it was before, and how many items it gained at most."""
        self.because: tuple[Type, Label] | None = None

    # -- expressions ---------------------------------------------------------------------------------------------------

    def infer(self, e: tree.Expr) -> core.Expr:
        """The core of an expression; its type is that of the result."""
        shared = self.shared
        if shared.depth >= MOST_DEPTH:
            return self.too_deep(e.span)
        shared.depth += 2
        because, self.because = self.because, None
        found = self.rules.infer[e.__class__](self, e)
        self.because = because
        shared.depth -= 2
        return found

    def unrounded(self, e: tree.Expr) -> core.Expr:
        """The core of what is to be rounded: quotients in it are meant to be exact."""
        self.shared.rounding += 1
        try:
            return self.infer(e)
        finally:
            self.shared.rounding -= 1

    def check(self, e: tree.Expr, expected: Type, because: Label | None = None) -> core.Expr:
        """The core of an expression that must be of a type. because: what asks for it, shown with a mismatch."""
        if because is not None:
            before, self.because = self.because, (expected, because)
            found = self.check(e, expected)
            self.because = before
            return found
        rule = self.rules.check.get(e.__class__)
        if rule is None or expected is ANY:
            return self.coerce(self.infer(e), expected, e)
        shared = self.shared
        if shared.depth >= MOST_DEPTH:
            return self.too_deep(e.span)
        shared.depth += 2
        found = rule(self, e, expected)
        shared.depth -= 2
        return found

    def too_deep(self, span: Span) -> core.Expr:
        """Tell that something stands too deep."""
        self.findings.error("CCL0250", span, "this stands too deep inside other expressions and blocks",
                            label="give a part of it a name with `let`, or make it a function")  # fmt: skip
        return self.wrong(span)

    def deeper(self, frames: int, span: Span, run: Callable[[], core.Expr]) -> core.Expr:
        """Elaborate something that takes so many frames more than an expression."""
        shared = self.shared
        if shared.depth + frames >= MOST_DEPTH:
            return self.too_deep(span)
        shared.depth += frames
        found = run()
        shared.depth -= frames
        return found

    def coerce(self, value: core.Expr, expected: Type, written: tree.Expr | None = None) -> core.Expr:
        """The value where a type is expected: as it is, converted without loss, or wrong (told)."""
        actual = value.type
        if fits(actual, expected):
            return value
        if expected is RATIO and actual is INTEGER:
            if isinstance(value, core.Const):
                return core.Const(RATIO, value.span, Fraction(value.value))
            return core.Op(RATIO, value.span, "ratio.of_integer", (value,))
        if isinstance(expected, Exact) and isinstance(actual, Money) and actual.unit == expected.unit:
            return core.Op(expected, value.span, "money.to_exact", (value,))
        held = held_to(value, expected)
        if held is not value and fits(held.type, expected):
            return held
        mismatch.tell(self, value, expected, written)
        return self.wrong(value.span)

    def wrong(self, span: Span) -> core.Expr:
        """What stands where an error has been told."""
        return core.Const(ANY, span, None)

    def error(self, code: str, span: Span, message: str, label: str = "") -> core.Expr:
        """Tell a plain error; the expression that stands for it."""
        self.findings.error(code, span, message, label=label)
        return core.Const(ANY, span, None)

    def nothing(self, span: Span) -> core.Expr:
        """The value of what has none."""
        return core.Const(NOTHING, span, None)

    # -- statements ----------------------------------------------------------------------------------------------------

    def emit(self, statement: core.Statement) -> None:
        """Append a statement; after a `return` or the like it is dropped."""
        if self.bare:
            raise NeedsStatements
        if self.alive:
            self.out.append(statement)

    def meet(self, statement: core.Statement) -> None:
        """Append the statement whose branches `merge` has just brought together, even if none of them goes on."""
        if self.bare:
            raise NeedsStatements
        if self.entered:
            self.out.append(statement)

    def written(self, span: Span) -> str:
        """The source of a span, where the sources were given."""
        sources = self.shared.sources
        return "" if sources is None else " ".join(sources.text(span).split())

    def leave(self, statement: core.Statement) -> core.Expr:
        """Append a statement after which nothing runs."""
        self.emit(statement)
        self.alive = False
        return core.Const(NEVER, statement.span, None)

    def keep(self, value: core.Expr, hint: str = "_") -> core.Expr:
        """A local that holds a value, or the value itself if it may stand in several places."""
        if cheap(value):
            return value
        return self.let(hint, value)

    def let(self, hint: str, value: core.Expr, held: Type | None = None) -> core.Expr:
        """Bind a new local, named after `hint`."""
        name = self.fresh(hint)
        if oversized(value.type, MOST_TYPE):
            return self.error("CCL0194", value.span, f"the type of this has more than {MOST_TYPE} parts",
                              "make it a struct")  # fmt: skip
        self.emit(core.Let(value.span, name, value))
        bounds = self.bounds(value)
        if bounds != (None, None):
            self.ranges[name] = bounds
        return core.Local(value.type if held is None else held, value.span, name)

    def fresh(self, hint: str) -> str:
        """A name of its own in the function."""
        count = self.locals.get(hint, 0)
        self.locals[hint] = count + 1
        return hint if count == 0 else f"{hint}#{count}"

    def settle(self, done: list[core.Expr], mark: int) -> None:
        """If statements were made since `mark`, keep the values in `done` in locals before those: they come first."""
        if len(self.out) <= mark:
            return
        lets: list[core.Statement] = []
        for i, value in enumerate(done):
            if not cheap(value):
                name = self.fresh("_")
                lets.append(core.Let(value.span, name, value))
                done[i] = core.Local(value.type, value.span, name)
        self.out[mark:mark] = lets

    def in_order(self, parts: Sequence[tree.Expr], each: Callable[[tree.Expr, int], core.Expr]) -> list[core.Expr]:
        """Elaborate parts so that they are evaluated in the order written."""
        done: list[core.Expr] = []
        for number, part in enumerate(parts):
            mark = len(self.out)
            value = each(part, number)
            self.settle(done, mark)
            done.append(value)
        return done

    # -- scopes --------------------------------------------------------------------------------------------------------

    def enter(self) -> int:
        """Open a scope; the number to close it with."""
        self.undo.append([])
        return len(self.mutables)

    def exit(self, mark: int) -> None:
        """Close a scope."""
        for name, before in reversed(self.undo.pop()):
            if before is None:
                del self.env[name]
            else:
                self.env[name] = before
        del self.mutables[mark:]

    def bind(self, name: str, value: core.Expr, place: Span, *, mutable: bool = False,
             declared: Type | None = None) -> Binding:  # fmt: skip
        """Bring a local into scope."""
        binding = Binding(name, value, declared, mutable, place)
        self.undo[-1].append((name, self.env.get(name)))
        self.env[name] = binding
        if mutable:
            self.mutables.append(binding)
        return binding

    def lookup(self, name: str) -> Binding | None:
        """The local of that name; one of a function around a closure is taken along."""
        found = self.env.get(name)
        if found is not None or self.parent is None:
            return found
        outer = self.parent.lookup(name)
        if outer is None:
            return None
        value: core.Expr = outer.value
        if not isinstance(value, core.Const):
            local = self.fresh(name)
            self.params.append((local, value.type))
            self.captured.append(value)
            self.ranges[local] = self.parent.bounds(value)
            value = core.Local(value.type, outer.place, local)
        captured = Binding(name, value, outer.declared, outer.mutable, outer.place)
        self.env[name] = captured
        return captured

    def owns(self, binding: Binding) -> bool:
        """Whether a variable is this function's own, so that it can be assigned."""
        return binding in self.mutables

    # -- where control meets -------------------------------------------------------------------------------------------

    def arm(self, run: Callable[[], core.Expr]) -> Arm:
        """Elaborate a branch: its statements go into the arm, the variables are afterwards what they were before."""
        before = [b.value for b in self.mutables]
        out, alive = self.out, self.alive
        self.out = []
        value = run()
        arm = Arm(self.out, value, [b.value for b in self.mutables[: len(before)]], self.alive)
        self.out, self.alive = out, alive
        for binding, held in zip(self.mutables, before, strict=True):
            binding.value = held
        return arm

    def merge(self, arms: Sequence[Arm], span: Span, hint: str = "_") -> tuple[tuple[core.Phi, ...], core.Expr]:
        """After branches: the phis of what they leave different, and the value."""
        live = [a for a in arms if a.alive]
        self.entered = self.alive
        if not live:
            self.alive = False
            return (), core.Const(NEVER, span, None)
        phis: list[core.Phi] = []
        for number, binding in enumerate(self.mutables):
            if all(a.ends[number] is binding.value for a in live):
                continue
            values = [a.ends[number] if a.alive else None for a in arms]
            self.one_type(binding, [v.type for v in values if v is not None], span)
            binding.value = self._phi(phis, values, binding.name, span, binding.declared)
        types = [a.value.type for a in live]
        if all(t in (NOTHING, NEVER) for t in types):
            return tuple(phis), self.nothing(span)
        value = self._phi(phis, [a.value if a.alive else None for a in arms], hint, span, None)
        return tuple(phis), value

    def one_type(self, binding: Binding, types: Sequence[Type], span: Span) -> None:
        """Tell of a variable that the ways to a place leave with different types."""
        held = types[0]
        for other in types[1:]:
            joined = join(held, other)
            if joined is None:
                self.findings.error(
                    "CCL0162", span, f"`{binding.name}` is {held} after one way through this, {other} after another",
                    label="it has one type after it", also=(Label(binding.place, "say here of which type it is"),),
                )  # fmt: skip
                return
            held = joined

    def _phi(self, phis: list[core.Phi], values: list[core.Expr | None], hint: str, span: Span,
             declared: Type | None) -> core.Expr:  # fmt: skip
        held: Type | None = declared
        low: int | None = None
        high: int | None = None
        known = True
        for value in values:
            if value is None:
                continue
            held = value.type if held is None else (join(held, value.type) or ANY)
            a, b = self.bounds(value)
            if a is None or b is None:
                known = False
            elif low is None or high is None:
                low, high = a, b
            else:
                low, high = min(low, a), max(high, b)
        assert held is not None
        name = self.fresh(hint)
        if known:
            self.ranges[name] = (low, high)
        phis.append(core.Phi(name, held, tuple(values)))
        return core.Local(held, span, name)

    # -- what is known of numbers --------------------------------------------------------------------------------------

    def bounds(self, value: core.Expr) -> Bounds:
        """Between what an Integer, a span of time or a length certainly lies."""
        if isinstance(value, core.Const):
            number = value.value
            return (number, number) if type(number) is int else (None, None)
        if isinstance(value, core.Local):
            return self.ranges.get(value.name, (None, None))
        if isinstance(value, core.ParamValue):
            param = self.names.params.get(value.name)
            known = param is not None and type(param.low) is int and type(param.high) is int
            return (param.low, param.high) if known and param is not None else (None, None)
        if isinstance(value, core.Cond):
            (a, b), (c, d) = self.bounds(value.then), self.bounds(value.orelse)
            return (None if a is None or c is None else min(a, c), None if b is None or d is None else max(b, d))
        return bounds_of_op(self, value) if isinstance(value, core.Op) else (None, None)

    # -- readings, calls -----------------------------------------------------------------------------------------------

    def site(self, kind: str, name: str, type_: Type, span: Span) -> int:
        """Note a place that reads; its number."""
        self.sites.append(core.Site(kind, name, type_, span))
        return len(self.sites) - 1

    def view(self, name: str, args: tuple[core.Expr, ...], result: Type, span: Span) -> core.Expr:
        """A reading of the host."""
        self.effects.setdefault("view", span)
        if name == "decided":  # however it is written, so that what is the same type is seen to be the same
            args = tuple(map(_decision_named, args))
        return core.View(result, span, name, args, self.site("view", name, result, span))

    def call(self, function: FunctionInfo, args: tuple[core.Expr, ...], result: Type, span: Span) -> core.Expr:
        """A call of a function of the program."""
        self.calls.setdefault(function.unique, span)
        return core.Call(result, span, function.unique, args)

    def require(self, condition: str, reason: str, keyed: bool, span: Span) -> int:
        """Note a requirement; its number."""
        self.effects.setdefault("refuse", span)
        self.requirements.append(core.Requirement(condition, reason, keyed, span))
        return len(self.requirements) - 1

    # -- attempts ------------------------------------------------------------------------------------------------------

    def mark(self) -> tuple[Any, ...]:
        """Where things stand, to go back to with `rewind`."""
        return (self.findings.mark(), len(self.sites), len(self.requirements), len(self.out), self.alive, self.out,
                [b.value for b in self.mutables], len(self.undo), len(self.shared.lifted), self.shared.depth, self.bare,
                self.loop, self.because, len(self.shared.said), self.nest)  # fmt: skip

    def rewind(self, mark: tuple[Any, ...]) -> None:
        """Undo an attempt: what it told, bound, noted and made."""
        (told, sites, requirements, made, self.alive, self.out, values, undo, lifted, self.shared.depth, self.bare,
         self.loop, self.because, said, self.nest) = mark  # fmt: skip
        self.findings.rewind(told)
        del self.sites[sites:], self.requirements[requirements:], self.out[made:]
        while len(self.undo) > undo:
            self.exit(len(values))
        for binding, value in zip(self.mutables, values, strict=True):
            binding.value = value
        for binding in self.shared.said[said:]:
            binding.told = False
        del self.shared.said[said:]
        for name in list(self.shared.lifted)[lifted:]:
            del self.shared.lifted[name]

    def function(self, span: Span, effects: frozenset[str] = frozenset()) -> core.Function:
        """The function built; what its callees do is added when all are known."""
        return core.Function(
            self.name, tuple(self.params), NOTHING if self.result is None else self.result,
            core.Block(tuple(self.out)), effects or frozenset(self.effects), tuple(self.sites),
            tuple(self.requirements), span,
        )  # fmt: skip


def bounds_of_op(b: Builder, op: core.Op) -> Bounds:
    """Bounds of the operations that counters and limits are made of."""
    if op.op == "array.length" or op.op == "map.length" or op.op == "range.length":
        return (0, getattr(op.args[0].type, "most", None))
    rule = _BOUNDS.get(op.op)
    if rule is None and op.op != "integer.clamp":
        return (None, None)
    parts = [b.bounds(a) for a in op.args]
    if op.op == "integer.clamp":
        return (parts[1][0], parts[2][1])
    if any(low is None or high is None for low, high in parts):
        if op.op in ("integer.min", "money.min"):
            highs = [high for _, high in parts if high is not None]
            return (None, min(highs) if highs else None)
        if op.op == "integer.abs":
            return (0, None)
        return (None, None)
    assert rule is not None
    low, high = rule([(int(low or 0), int(high or 0)) for low, high in parts])
    return (_held(low), _held(high))


def _held(bound: int) -> int:
    """As far as an Integer goes: beyond it the operation traps, and squares of squares would be without measure."""
    return min(max(bound, -I64_MAX - 1), I64_MAX)


def _product(p: list[tuple[int, int]]) -> tuple[int, int]:
    corners = [x * y for x in p[0] for y in p[1]]
    return min(corners), max(corners)


_BOUNDS: dict[str, Callable[[list[tuple[int, int]]], tuple[int, int]]] = {
    "integer.add": lambda p: (p[0][0] + p[1][0], p[0][1] + p[1][1]),
    "integer.sub": lambda p: (p[0][0] - p[1][1], p[0][1] - p[1][0]),
    "integer.mul": _product,
    "integer.neg": lambda p: (-p[0][1], -p[0][0]),
    "integer.min": lambda p: (min(p[0][0], p[1][0]), min(p[0][1], p[1][1])),
    "integer.max": lambda p: (max(p[0][0], p[1][0]), max(p[0][1], p[1][1])),
    "integer.abs": lambda p: (max(p[0][0], -p[0][1], 0), max(abs(p[0][0]), abs(p[0][1]))),
}


def _decision_named(arg: core.Expr) -> core.Expr:
    if isinstance(arg, core.Const) and isinstance(arg.value, str):
        return core.Const(arg.type, arg.span, decision_type(arg.value))
    return arg
