"""Judging a command symbolically: when a contract permits it, as a term over what it reads.

The same as `ccl.rulebook`, with its own plan of which clauses govern: gate, guards, exceptions, bodies. A command in a
unit that some clause names is judged by other clauses than one in any other unit, so the units are told apart first.
Approvals that clauses ask for are truth values of their own: asking for another one is a condition more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ccl import core, types
from ccl.host import CommandSpec, Host
from ccl.proof.cases import Cut, Limits
from ccl.proof.subjects import command_of
from ccl.proof.symbolic import Run
from ccl.proof.symbols import Symbols
from ccl.proof.terms import Variant, both, choose, either, equal, less, negation
from ccl.rulebook import Reference, Rule, Rulebook

_UNIT = types.UnitCode(types.OWN_UNIT)


@dataclass(frozen=True, slots=True)
class Judged:
    """permits: when the command is permitted; cuts, guesses: as of a run."""

    permits: Any
    cuts: tuple[Cut, ...]
    guesses: tuple[Any, ...]


class Judge:
    """Judges one command by one program. Two judges with the same symbols see the same world."""

    def __init__(self, program: core.Program, host: Host, symbols: Symbols, name: str,
                 params: Mapping[str, Any] | None = None) -> None:  # fmt: skip
        self.program = program
        self.host = host
        self.symbols = symbols
        self.name = name
        self.params = params or {}
        self.book = Rulebook(program, host, Reference(program))
        self.spec: CommandSpec | None = command_of(host, (name,))
        self._runs: dict[str, tuple[Any, Any]] = {}
        self._cuts: list[Cut] = []
        self._guesses: list[Any] = []

    def judged(self, units: Sequence[str]) -> Judged:
        """When it is permitted. units: those that clauses of either contract name. Raises Unprovable."""
        unit = self._unit()
        ways: list[Any] = []
        others: Any = True
        if unit is not None:
            for code in units:
                here = equal(unit, self.symbols.texts.number(code, _UNIT))
                ways.append(both(here, self._permits(code)))
                others = both(others, negation(here))
        ways.append(both(others, self._permits("")))
        return Judged(either(*ways), tuple(self._cuts), tuple(self._guesses))

    def _field(self, name: str) -> Any:
        """A field of the command; an Integer if the host does not declare it."""
        field = self.spec.field(name) if self.spec else None
        if field is None:
            return self.symbols.read("command", name, types.INTEGER)
        type_ = types.Option(field.type) if field.optional else field.type
        return self.symbols.read("command", field.read_as, type_, (), (), (field.low, field.high))

    def _unit(self) -> Any:
        """The command's unit as a term; None if it has none."""
        if self.spec is None or not self.spec.unit_field:
            return None
        value = self._field(self.spec.unit_field)
        if not isinstance(value, Variant):
            return value
        return choose(equal(value.tag, 1), value.payloads[1][0], self.symbols.texts.number("", _UNIT))

    def _permits(self, unit: str) -> Any:
        rules = self.book.governing(self.name, unit)
        if not rules:
            return False
        every: list[Any] = [self._gate()]
        some: list[Any] = []
        for rule in rules:
            silent, permits = self._rule(rule)
            every.append(either(silent, permits))
            some.append(permits)
        return both(*every, either(*some))

    def _gate(self) -> Any:
        gate = self.book.plan(self.name, "").gate
        if gate is None:
            return True
        ways = [self.symbols.read("view", "decided", types.BOOL)]
        for role, requires in gate.roles:
            arg = self.symbols.texts.number(role, types.STRING)
            holds = self.symbols.read("view", "role", types.BOOL, (arg,), (types.STRING,))
            met = [self._run(function) for function in requires]
            ways.append(both(holds, *(both(well, value) for value, well in met)))
        return either(*ways)

    def _rule(self, rule: Rule) -> tuple[Any, Any]:
        """When a rule does not speak, and when it permits."""
        held, well = self._guard(rule.clause)
        return both(well, negation(held)), both(well, held, self._standing(rule))

    def _standing(self, rule: Rule) -> Any:
        """When the rule, or the exception in its place, permits."""
        value: Any = both(self._run(rule.clause.body)[1], *map(self._approved, rule.clause.approvals))
        for exception in reversed(rule.exceptions):
            held, well = self._guard(exception.clause)
            value = both(well, choose(held, self._standing(exception), value))
        return value

    def _guard(self, clause: core.Clause) -> tuple[Any, Any]:
        return self._run(clause.guard) if clause.guard else (True, True)

    def _run(self, function: str) -> tuple[Any, Any]:
        """The value of a function without parameters, and when it ends well; walked once."""
        found = self._runs.get(function)
        if found is None:
            run = Run(self.program, self.symbols, Limits(), command=self.spec, params=self.params)
            value = run.call(function)
            found = self._runs[function] = (value, run.live)
            self._cuts += run.cuts
            self._guesses += run.guesses
        return found

    def _setting(self, name: str) -> Any:
        """A setting of the host, as a clause reads it too."""
        spec = self.host.settings.get(name)
        arg = self.symbols.texts.number(name, types.STRING)
        return self.symbols.read("view", "setting", spec.type if spec else types.INTEGER, (arg,), (types.STRING,))

    def _approved(self, asked: core.Approval) -> Any:
        """When an approval is not asked for, or has been given. Whoever has more has fewer too."""
        needed: Any = True
        if asked.above and asked.of:
            over = self._setting(asked.above)
            amount = self._field(asked.of)
            inside = amount.payloads[1][0] if isinstance(amount, Variant) else amount
            there = equal(amount.tag, 1) if isinstance(amount, Variant) else True
            needed = both(there, less(over, inside))
        whose = f"{asked.by} {asked.whose}"
        given = self.symbols.read("approvals", f"{whose} within {asked.days} days", types.INTEGER)
        need = asked.need
        wanted = need if isinstance(need, int) else self._setting(need)
        return either(negation(needed), negation(less(given, wanted)))
