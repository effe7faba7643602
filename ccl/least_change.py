"""The smallest change of one number that would turn a refusal into a permission, or nothing.

Claimed only where it is exact. The number is one that the failed requirement depends on: the only field of the command
of a countable type, else the time, else the only such view or state, else the only such parameter. All values of it
that are seen to end in a refusal are excluded (`ccl.supposition`), the nearest other is tried by judging the whole
command anew, and if another requirement fails then, what it refuses is excluded too. So what is found is permitted,
and everything nearer is refused. Whatever is not linear, or would trap, or has no end in a few rounds: no claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ccl import core, types
from ccl.bearing import Bearings, Place
from ccl.evaluation import Fact
from ccl.host import Host, World
from ccl.rulebook import Rulebook, Ruling, Verdict
from ccl.supposition import Quantity, Unclear, refused
from ccl.wholes import NONE, Wholes

MOST_ROUNDS = 8

COUNTED = frozenset((
    types.INTEGER, types.TIMESTAMP, types.DURATION, types.DAYS, types.CLEAR_DAYS, types.WORKING_DAYS, types.MONTHS,
    types.DATE,
))  # fmt: skip
"""Types besides Money whose values are whole numbers."""


@dataclass(frozen=True, slots=True)
class Change:
    """What would do: the reading that would have to be another, its value now and then, and the ruling then."""

    fact: Fact
    now: int
    then: int
    ruling: Ruling


@dataclass(frozen=True, slots=True)
class _Candidate:
    fact: Fact
    quantity: Quantity
    value: int
    rank: int
    limits: Wholes


def least_change(book: Rulebook, bearings: Bearings, verdict: Verdict, world: World) -> Change | None:
    """The smallest change for a verdict that a requirement of a clause has refused."""
    if verdict.ruling is not Ruling.REFUSE or verdict.refusal is None:
        return None
    candidate = _candidate(book, bearings, verdict)
    if candidate is None:
        return None
    excluded, at, said, place = NONE, candidate.value, verdict, world
    for _ in range(MOST_ROUNDS):
        if said.refusal is None:
            return None
        functions = tuple(name for name, _ in said.runs)
        try:
            found = refused(book.program, place, candidate.quantity, at, functions)
        except Unclear:
            return None
        if at not in found:
            return None  # the world has not answered twice alike
        excluded |= found
        nearest = (candidate.limits & ~excluded).nearest(candidate.value)
        if nearest is None:
            return None
        at, place = nearest, supposed(world, candidate.quantity, nearest)
        said = book.judge(verdict.command, place, verdict.unit)
        if said.permitted:
            return Change(candidate.fact, candidate.value, at, said.ruling)
    return None


def _candidate(book: Rulebook, bearings: Bearings, verdict: Verdict) -> _Candidate | None:
    """The number to change: the only one of the first kind of which there is any."""
    assert verdict.refusal is not None
    places = bearings.of(verdict.refusal)
    found: dict[Quantity, _Candidate] = {}
    for fact in verdict.facts:
        if (fact.function, fact.site) in places:
            one = _as_candidate(book, bearings, verdict, fact)
            if one is not None:
                found.setdefault(one.quantity, one)
    if not found:
        return None
    least = min(one.rank for one in found.values())
    first, *others = [one for one in found.values() if one.rank == least]
    if others or (first.quantity.kind == "command" and _follows(book, bearings, verdict, first.quantity)):
        return None
    return first


def _as_candidate(book: Rulebook, bearings: Bearings, verdict: Verdict, fact: Fact) -> _Candidate | None:
    site = book.program.functions[fact.function].sites[fact.site]
    expr = bearings.reading((fact.function, fact.site))
    kind, value = site.type, fact.value
    if isinstance(kind, types.Option) and isinstance(expr, core.CommandField | core.RecordField) and expr.wrap:
        kind, value = kind.item, None if value is None else value[0]
    if value is None or not (kind in COUNTED or isinstance(kind, types.Money)):
        return None
    match expr:
        case core.CommandField(attribute=attribute):
            quantity, rank = Quantity("command", attribute), 0
        case core.View(name=name):
            quantity, rank = Quantity("view", name, fact.args), 1 if name == "now" else 2
        case core.RecordField(target=target, attribute=attribute):
            source = _source(bearings, verdict, fact.function, target)
            if source is None:
                return None
            quantity, rank = Quantity("record", *source, attribute), 2
        case core.StateValue(name=name):
            quantity, rank = Quantity("state", name), 2
        case core.ParamValue(name=name):
            quantity, rank = Quantity("param", name), 3
        case _:
            return None
    return _Candidate(fact, quantity, value, rank, _limits(book, verdict, quantity, value))


def _source(
    bearings: Bearings, verdict: Verdict, function: str, target: core.Expr
) -> tuple[str, tuple[Any, ...]] | None:
    """The view, and its arguments, that gave a record; None unless it was read once."""
    while isinstance(target, core.Local):
        defined = bearings.definition(function, target.name)
        if len(defined) != 1:
            return None
        target = defined[0]
    if not isinstance(target, core.View):
        return None
    read = [f for f in verdict.facts if (f.function, f.site) == (function, target.site)]
    return (target.name, read[0].args) if len(read) == 1 else None


def _follows(book: Rulebook, bearings: Bearings, verdict: Verdict, quantity: Quantity) -> bool:
    """Whether a field cannot be changed by itself: it follows from others, or another that is judged may follow it."""
    spec = book.host.commands.get(verdict.command)
    computed = frozenset(f.read_as for f in spec.fields if f.computed) if spec is not None else frozenset()
    if not computed:
        return False
    return quantity.name in computed or any(
        isinstance(expr, core.CommandField) and expr.attribute in computed
        for place in _judged(book, bearings, verdict)
        if (expr := bearings.reading(place)) is not None
    )


def _judged(book: Rulebook, bearings: Bearings, verdict: Verdict) -> frozenset[Place]:
    """All that the clauses that may speak of the command read."""
    places: frozenset[Place] = frozenset()
    waiting = list(book.governing(verdict.command, verdict.unit))
    while waiting:
        rule = waiting.pop()
        waiting += rule.exceptions
        for function in (rule.clause.guard, rule.clause.body):
            places |= bearings.of_all(function) if function else frozenset()
    return places


def _limits(book: Rulebook, verdict: Verdict, quantity: Quantity, value: int) -> Wholes:
    """Between what the number may lie: what host or contract say; and nobody is told to ask for nothing, or less."""
    low, high = _declared(book.program, book.host, verdict.command, quantity)
    least, most = -types.I64_MAX, types.I64_MAX
    if quantity.kind == "command" and value > 0:
        least = 1
    return Wholes(((least if low is None else max(least, low), most if high is None else min(most, high)),))


def _declared(program: core.Program, host: Host, command: str, quantity: Quantity) -> tuple[Any, Any]:
    if quantity.kind == "param":
        return next(((p.low, p.high) for p in program.params if p.name == quantity.name), (None, None))
    if quantity.kind == "view":
        view = host.views.get(quantity.name)
        return (None, None) if view is None else (view.low, view.high)
    if quantity.kind == "command" and command in host.commands:
        fields = host.commands[command].fields
        return next(((f.low, f.high) for f in fields if f.read_as == quantity.name), (None, None))
    return None, None


# -- a world in which one number is another ----------------------------------------------------------------------------


class _Instead:
    """An object with one attribute replaced."""

    __slots__ = ("_name", "_of", "_value")

    def __init__(self, of: Any, name: str, value: Any) -> None:
        self._of = of
        self._name = name
        self._value = value

    def __getattr__(self, name: str) -> Any:
        return self._value if name == self._name else getattr(self._of, name)


class _InsteadOf(Mapping[str, Any]):
    """A mapping with one value replaced; nothing of it is read that is not asked for."""

    def __init__(self, of: Mapping[str, Any], name: str, value: Any) -> None:
        self._of = of
        self._name = name
        self._value = value

    def __getitem__(self, name: str) -> Any:
        return self._value if name == self._name else self._of[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)


@dataclass(slots=True)
class _Supposed:
    """A world like another, but for one quantity."""

    views: Any
    command: Any
    params: Mapping[str, Any]
    state: Mapping[str, Any]
    caller: str
    now: int


def supposed(world: World, quantity: Quantity, value: int) -> World:
    """The world if the quantity had that value and all else were as it is."""
    made = _Supposed(world.views, world.command, world.params, world.state, world.caller, world.now)
    match quantity.kind:
        case "command":
            made.command = _Instead(world.command, quantity.name, value)
        case "param":
            made.params = _InsteadOf(world.params, quantity.name, value)
        case "state":
            made.state = _InsteadOf(world.state, quantity.name, value)
        case "view" if quantity.name == "now":
            made.now = value
        case _:
            made.views = _Instead(world.views, quantity.name, _answering(world.views, quantity, value))
    return made


def _answering(views: Any, quantity: Quantity, value: int) -> Any:
    """The view that gives the value, or a record with it, for those arguments, and for others what it gives anyway."""

    def view(*args: Any) -> Any:
        if args != quantity.args:
            return getattr(views, quantity.name)(*args)
        if quantity.kind == "view":
            return value
        return _Instead(getattr(views, quantity.name)(*args), quantity.attribute, value)

    return view
