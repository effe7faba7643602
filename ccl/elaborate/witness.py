"""A witness that bylaws can still be amended: a decision by which the command that adopts bylaws would be permitted.

The clauses are judged by the reference interpreter in made-up worlds in which the space itself acts by a decision. What
a view says is chosen when it is first asked for, one way after another, until a world is found that permits, or all
ways (or as many as are looked at) refuse. Views that the host declares certain in a decision (`member()` is false), or
false of an amendment (`changes_as_declared()`), are as it says. A contract whose only way is not found is not adopted:
the search errs on the side of asking its author.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ccl import core, semantics, types
from ccl.diagnostics import Diagnostic, Label
from ccl.host import FieldSpec, Host, decision_type
from ccl.rulebook import Rulebook, Ruling
from ccl.source import NOWHERE

MOST_WORLDS = 2_000
"""Worlds looked at for one type of decision."""
_MOST_CONSTANTS = 8
_LARGE = 10**12
_NOW = 1_750_000_000_000
_SOMEBODY = "did:key:somebody"


def amendable(program: core.Program, host: Host) -> Diagnostic | None:
    """None if a later amendment can still pass; else what is wrong. Errors: CCL0396."""
    book = Rulebook(program, host)
    governing = [c for c in program.clauses if _names(c.targets, host.amend) and not c.replaces]
    own = (decision_type(p.name) for p in program.proposals)
    for decision in dict.fromkeys((*own, *sorted(host.decision_types), "")):
        if governing and _passes(book, host, decision):
            return None
    note = "no clause speaks of it, so it is refused"
    if governing:
        cited = ", ".join(f"`{c.number or c.name}`" for c in governing)
        note = f"it would have to pass {cited}; no decision was found that does"
    return Diagnostic(
        "CCL0396", f"with these bylaws nothing could ever be amended: `{host.amend}` is never permitted",
        (Label(governing[0].span if governing else NOWHERE),), (note,),
    )  # fmt: skip


def _names(targets: Sequence[str], name: str) -> bool:
    return any(t in (name, "*") or (t.endswith(".*") and name.startswith(t[:-1])) for t in targets)


def _passes(book: Rulebook, host: Host, decision: str) -> bool:
    """Whether a world is found in which a decision of that type is permitted to adopt bylaws."""
    choices = _Choices()
    constants = _constants(book.program)
    for _ in range(MOST_WORLDS):
        world = _World(book.program, host, decision, choices, constants)
        verdict = book.judge(host.amend, world, unit="")
        if verdict.ruling in (Ruling.PERMIT, Ruling.APPROVALS):
            return True
        if not choices.next():
            return False
    return False


@dataclass
class _Choices:
    """Ways to choose, one after another: which option was taken at each question, of how many."""

    taken: list[int] = field(default_factory=list)
    of: list[int] = field(default_factory=list)
    at: int = 0

    def choose(self, options: Sequence[Any]) -> Any:
        """The option that this round takes at the next question."""
        if self.at == len(self.taken):
            self.taken.append(0)
            self.of.append(len(options))
        option = options[self.taken[self.at]]
        self.at += 1
        return option

    def next(self) -> bool:
        """Go on to the next round; whether there is one. What was not asked in this one is forgotten."""
        del self.taken[self.at :], self.of[self.at :]
        self.at = 0
        while self.taken and self.taken[-1] + 1 == self.of[-1]:
            self.taken.pop()
            self.of.pop()
        if not self.taken:
            return False
        self.taken[-1] += 1
        return True


def _constants(program: core.Program) -> dict[types.Type, list[Any]]:
    """Constants that the program compares with, by type: where what is permitted may begin or end."""
    found: dict[types.Type, dict[Any, None]] = {}
    for name in sorted(semantics.reachable(program)):
        pending: list[Any] = [program.functions[name].body]
        while pending:
            node = pending.pop()
            if isinstance(node, core.Const) and isinstance(node.value, str | int | Fraction):
                kept = found.setdefault(node.type, {})
                if len(kept) < _MOST_CONSTANTS:
                    kept[node.value] = None
            if isinstance(node, tuple):
                pending.extend(reversed(node))
            elif hasattr(node, "__dataclass_fields__"):
                pending.extend(getattr(node, f) for f in node.__dataclass_fields__ if f not in ("type", "span"))
    return {type_: list(values) for type_, values in found.items()}


class _World:
    """A made-up world. Within one, the same question has the same answer."""

    def __init__(self, program: core.Program, host: Host, decision: str, choices: _Choices,
                 constants: Mapping[types.Type, list[Any]]) -> None:  # fmt: skip
        self._program = program
        self._host = host
        self._choices = choices
        self._constants = constants
        self._known: dict[tuple[Any, ...], Any] = {}
        self.decision = decision
        self.views: Any = _Views(self, host)
        spec = host.commands.get(host.amend)
        self.command: Any = _Thing(self, ("command",), spec.fields if spec is not None else ())
        self.params: Mapping[str, Any] = {p.name: p.default for p in program.params}
        self.state: Mapping[str, Any] = {s.name: s.initial for s in program.states}
        self.caller = ""
        self.now = _NOW

    def ask(self, question: tuple[Any, ...], type_: types.Type, optional: bool = False) -> Any:
        """What is the case, chosen when first asked."""
        if question not in self._known:
            options = self._options(question, type_)
            self._known[question] = self._choices.choose([*options, None] if optional else options)
        return self._known[question]

    def _options(self, question: tuple[Any, ...], type_: types.Type) -> list[Any]:
        match type_:
            case types.BOOL:
                return [True, False]
            case types.STRING | types.UnitCode():
                return [*self._constants.get(type_, ()), ""]
            case types.DID:
                return [_SOMEBODY, *self._constants.get(type_, ()), ""]
            case types.RATIO | types.Exact():
                return [Fraction(0), *map(Fraction, self._constants.get(type_, ())), Fraction(_LARGE)]
            case types.Option(item=item):
                return [*((one,) for one in self._options(question, item)), None]
            case types.Result(value=value, error=error):
                good = [(True, one) for one in self._options(question, value)]
                return [*good, *((False, one) for one in self._options(question, error))]
            case types.Array(item=item):
                return [(), *((one,) for one in self._options(question, item))]
            case types.Map():
                return [{}]
            case types.Tuple(items=items):
                return [tuple(self._options(question, item)[0] for item in items)]
            case types.Enum(name=name):
                return self._variants(question, name)
            case types.Record(name=name):
                spec = self._host.records.get(name)
                return [_Thing(self, question, spec.fields if spec is not None else ())]
        near = [v + d for v in self._constants.get(type_, ()) for d in (0, -1, 1)]
        return [0, *dict.fromkeys(near), _LARGE]

    def _variants(self, question: tuple[Any, ...], name: str) -> list[Any]:
        shape = self._program.enums.get(name)
        if shape is None:
            return [(0,)]
        return [(at, *(self._options(question, t)[0] for t in v.items)) for at, v in enumerate(shape.variants)]


class _Views:
    """The views, each answered by the world."""

    def __init__(self, world: _World, host: Host) -> None:
        self._world = world
        self._host = host

    def decided(self, kind: str | None = None) -> bool:
        """The space acts by a decision of that type."""
        return kind is None or kind == self._world.decision

    def __getattr__(self, name: str) -> Any:
        spec = self._host.views.get(name)
        if spec is None:
            raise AttributeError(name)
        certain = False if name in self._host.never_amending else spec.in_decision
        if certain is not None:
            return lambda *args: certain
        return lambda *args: self._world.ask(("view", name, *map(_hashable, args)), spec.result)


class _Thing:
    """A command, or a record that a view gives: its fields are chosen when they are read."""

    def __init__(self, world: _World, question: tuple[Any, ...], fields: Sequence[FieldSpec]) -> None:
        self._world = world
        self._question = question
        self._fields = {f.read_as: f for f in fields}

    def __getattr__(self, name: str) -> Any:
        spec = self._fields.get(name)
        if spec is None:
            raise AttributeError(name)
        return self._world.ask((*self._question, name), spec.type, spec.optional)


def _hashable(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, dict) else value
