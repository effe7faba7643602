"""What properties are asked of: clauses, actions and functions, each walked once with everything it reads unknown.

A `Subject` is something that is evaluated by itself: a clause (its guard, then its body), an action or the execution of
a proposal, a function that is reached from none of these. It can be walked symbolically and played with the values of
an example.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ccl import core, interpret, rulebook, semantics, types
from ccl.evaluation import Outcome
from ccl.host import CommandSpec, FieldSpec, Host
from ccl.proof import replay
from ccl.proof.cases import Limits
from ccl.proof.replay import Read
from ccl.proof.symbolic import Run
from ccl.proof.symbols import Reader, Shapes, Symbols
from ccl.proof.terms import both
from ccl.source import NOWHERE, Span


@dataclass(frozen=True, slots=True)
class Subject:
    """label: how it is called. functions: evaluated in turn, all but the last being guards. targets: of a clause."""

    label: str
    kind: str
    functions: tuple[str, ...]
    targets: tuple[str, ...] = ()
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Walked:
    """A subject that has been walked: the run, the arguments, the value, and when it ends well."""

    subject: Subject
    run: Run
    args: tuple[Any, ...]
    value: Any
    well: Any


def subjects(program: core.Program) -> list[Subject]:
    """Everything that is evaluated by itself, in the order in which it stands."""
    found: list[Subject] = []
    for clause in program.clauses:
        functions = tuple(name for name in (clause.guard, clause.body) if name)
        label = f"clause {rulebook.cited(clause)}"
        if clause.replaces:
            label = f"the exception to clause {clause.replaces}" + (f" ({clause.number})" if clause.number else "")
        found.append(Subject(label, "clause", functions, clause.targets, clause.span))
    for role in program.roles:
        found += (Subject(f"role {role.name}", "role", (name,), (), role.span) for name in role.requires)
    found += (
        Subject(f"the execution of {p.name}", "action", (p.execution,), (), p.span)
        for p in program.proposals if p.execution
    )  # fmt: skip
    for trigger in program.triggers:
        if trigger.guard:
            found.append(Subject(f"trigger {trigger.name}, its `when`", "guard", (trigger.guard,), (), trigger.span))
        found.append(Subject(f"trigger {trigger.name}", "action", (trigger.action,), (), trigger.span))
    known = {name for subject in found for name in subject.functions}
    names = {unique: name for name, unique in program.exports.items()}
    found += (
        Subject(f"action {names.get(name, name)}", "action", (name,), (), program.functions[name].span)
        for name in program.actions if name not in known
    )  # fmt: skip
    reached = _reached(program, (name for subject in found for name in subject.functions))
    for name, unique in program.exports.items():
        if unique not in reached and unique in program.functions:
            found.append(Subject(f"fn {name}", "fn", (unique,), (), program.functions[unique].span))
    return [subject for subject in found if all(name in program.functions for name in subject.functions)]


def _reached(program: core.Program, names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in seen and name in program.functions:
            seen.add(name)
            pending += semantics.callees(program.functions[name])
    return seen


def walk(program: core.Program, host: Host, subject: Subject, limits: Limits) -> Walked:
    """Walk a subject. Raises Unprovable."""
    symbols = Symbols(Shapes(program.structs, program.enums), host)
    run = Run(program, symbols, limits, command=command_of(host, subject.targets))
    for guard in subject.functions[:-1]:
        held = run.call(guard)
        run.live = both(run.live, held)
    function = program.functions[subject.functions[-1]]
    args = tuple(symbols.read("argument", name, type_) for name, type_ in function.params)
    value = run.call(subject.functions[-1], args)
    return Walked(subject, run, args, value, run.live)


def command_of(host: Host, targets: Sequence[str]) -> CommandSpec | None:
    """What is certain of a command that matches: each field within the widest bounds that any of them has."""
    specs = [spec for name, spec in sorted(host.commands.items()) if rulebook._names(targets, name)]
    if not specs:
        return None
    fields: dict[str, FieldSpec] = {}
    for spec in specs:
        for field in spec.fields:
            known = fields.get(field.read_as)
            fields[field.read_as] = field if known is None else _wider(known, field)
    return replace(specs[0], fields=tuple(fields.values()))


def _wider(a: FieldSpec, b: FieldSpec) -> FieldSpec:
    low = None if a.low is None or b.low is None else min(a.low, b.low)
    high = None if a.high is None or b.high is None else max(a.high, b.high)
    return replace(a, low=low, high=high, optional=a.optional or b.optional)


@dataclass(frozen=True, slots=True)
class Played:
    """An example played by the interpreter: what was read, and how the last function that ran ended."""

    read: tuple[Read, ...]
    outcome: Outcome
    function: core.Function


def play(program: core.Program, walked: Walked, reader: Reader) -> Played:
    """Play a subject with the values of an example."""
    read = replay.readings(reader)
    world = replay.world(program, read)
    functions = walked.subject.functions
    for guard in functions[:-1]:
        outcome = interpret.run(program, guard, (), world)
        if not outcome.ended_well or outcome.value is not True:
            return Played(_part(read, world), outcome, program.functions[guard])
    function = program.functions[functions[-1]]
    args = [reader.value(a, t) for a, (_, t) in zip(walked.args, function.params, strict=True)]
    outcome = interpret.run(program, functions[-1], args, world)
    return Played(_part(read, world), outcome, function)


def _part(read: tuple[Read, ...], world: replay.ExampleWorld) -> tuple[Read, ...]:
    """What played a part."""
    return tuple(one for one in read if world.was_read(one))


def number_type(type_: types.Type) -> bool:
    """Whether values of that type are numbers that compare with 0."""
    return isinstance(type_, types.Money | types.Exact) or type_ in (types.INTEGER, types.RATIO)
