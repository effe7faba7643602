"""Evaluating what a person types: facts as `name = value`, then an expression, with fuel and facts on demand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ccl import core, interpret
from ccl import types as t
from ccl.diagnostics import Diagnostic
from ccl.evaluation import Fact, Outcome
from ccl.syntax import parse, tree
from ccl.testing.facts import Facts
from ccl.testing.results import shown
from ccl.testing.values import NoValue, Values
from ccl.testing.world import Given, NotGiven
from ccl.testing.world import shown as fact_shown
from ccl.tools.contracts import Contract


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a line. text: the value, or why there is none. problems: what was wrong with it as CCL."""

    text: str
    fine: bool
    fuel: int = 0
    facts: tuple[tuple[str, str], ...] = ()
    problems: tuple[Diagnostic, ...] = ()
    notes: tuple[str, ...] = ()
    """What an action wrote, asked for and left."""


@dataclass(slots=True)
class Session:
    """A contract with facts that were given, and values that were named."""

    contract: Contract
    given: Given = field(init=False)
    facts: Facts = field(init=False)
    lines: int = 0

    def __post_init__(self) -> None:
        program = self.contract.program
        self.given = Given(
            params={p.name: p.default for p in program.params}, state={s.name: s.initial for s in program.states}
        )
        self.facts = Facts(Values(program, self.contract.bodies, self.contract.host, self.contract.findings))

    def give(self, text: str) -> Answer:
        """Take facts: `member = true, limit = 800 CREDIT`."""
        before = len(self.contract.findings.all)
        step = self._parsed(f'test "given" {{ given {text}; }}', before)
        if isinstance(step, Answer):
            return step
        test = step.items[0]
        assert isinstance(test, tree.TestDecl), "the text was made to be a test"
        try:
            for head, value in test.steps[0].facts:
                self.facts.give(self.given, self.facts.find(head, self.given), value)
        except (NoValue, NotGiven) as wrong:
            return self._wrong(wrong, before)
        return Answer("given", fine=True)

    def evaluate(self, text: str) -> Answer:
        """The value of an expression."""
        before = len(self.contract.findings.all)
        file = self._parsed(f"const it = {text.strip().rstrip(';')};", before)
        if isinstance(file, Answer):
            return file
        item = file.items[0]
        if not isinstance(item, tree.ConstDecl) or item.value is None or len(file.items) > 1:
            return Answer("write one expression, such as `fee(100 CREDIT)`", fine=False)
        self.lines += 1
        bodies, program = self.contract.bodies, self.contract.program
        function = bodies.expression(f"typed.{self.lines}", item.value, None)
        if any(d.severity == "error" for d in self.contract.findings.all[before:]):
            return self._wrong(NoValue(), before)
        grown = replace(program, functions={**program.functions, **bodies.lifted, function.name: function})
        return self._run(grown, function.name, (), function.result)

    def call(self, name: str, args: list[str]) -> Answer:
        """Call a function or an action of the contract by the name that authors use; arguments as they would write."""
        program = self.contract.program
        unique = program.exports.get(name)
        if unique is None:
            known = ", ".join(sorted(program.exports)) or "none"
            return Answer(f"there is no function `{name}`; there are: {known}", fine=False)
        function = program.functions[unique]
        if len(args) != len(function.params):
            wanted = ", ".join(f"{param}: {type_}" for param, type_ in function.params)
            return Answer(f"`{name}` takes ({wanted}); {len(args)} values were given", fine=False)
        values: list[Any] = []
        before = len(self.contract.findings.all)
        for (_, type_), written in zip(function.params, args, strict=True):
            file = self._parsed(f"const it = {written};", before)
            if isinstance(file, Answer):
                return file
            item = file.items[0]
            if not isinstance(item, tree.ConstDecl) or item.value is None or len(file.items) > 1:
                return Answer(f"`{written}` is not one value", fine=False)
            try:
                world = self.facts.world(self.given)
                values.append(self.facts.values.of(item.value, type_, world, self.given.missing))
            except (NoValue, NotGiven) as wrong:
                return self._wrong(wrong, before)
        return self._run(program, unique, tuple(values), function.result)

    def known(self) -> list[tuple[str, str]]:
        """What was given so far, parameters and states with what they are at first."""
        program, host = self.contract.program, self.contract.host
        found = [(p.name, shown(self.given.params[p.name], p.type, program)) for p in program.params]
        found += [(s.name, shown(self.given.state[s.name], s.type, program)) for s in program.states]
        for name, answers in self.given.views.items():
            for args, value in answers.items():
                type_ = host.settings[args[0]].type if name == "setting" and args else host.views[name].result
                found.append((fact_shown(name, args or ()), shown(value, type_, program)))
        found += [("caller", self.given.caller)] if self.given.caller else []
        found += [("now", str(self.given.now))] if self.given.now is not None else []
        return found

    def _run(self, program: core.Program, function: str, args: tuple[Any, ...], type_: t.Type) -> Answer:
        world = self.facts.world(self.given)
        outcome = interpret.run(program, function, args, world)
        facts = tuple(_said(program, fact) for fact in outcome.facts)
        if world.missing:
            fact = world.missing[0]
            return Answer(f"`{fact}` is not given; give it: {fact} = ..", fine=False, fuel=outcome.fuel, facts=facts)
        text = _ended(program, outcome, type_)
        if outcome.ended_well:
            self.given.state.update(outcome.writes)
        return Answer(text, outcome.ended_well, outcome.fuel, facts, (), tuple(_notes(program, outcome)))

    def _parsed(self, text: str, before: int) -> tree.File | Answer:
        number = self.contract.sources.add(f"line {self.lines + 1}", text)
        file = parse(self.contract.sources, number, self.contract.findings)
        if any(d.severity == "error" for d in self.contract.findings.all[before:]):
            return self._wrong(NoValue(), before)
        return file

    def _wrong(self, wrong: Exception, before: int) -> Answer:
        problems = tuple(self.contract.findings.all[before:])
        self.contract.findings.rewind(before)
        return Answer(str(wrong), fine=False, problems=problems)


def _said(program: core.Program, fact: Fact) -> tuple[str, str]:
    site = program.functions[fact.function].sites[fact.site]
    return fact_shown(site.name, fact.args), shown(fact.value, site.type, program)


def _ended(program: core.Program, outcome: Outcome, type_: t.Type) -> str:
    if outcome.refusal is not None:
        required = program.functions[outcome.refusal.function].requirements[outcome.refusal.number]
        why = f": {required.reason}" if required.reason else ""
        return f"refused, `{required.condition}` does not hold{why}"
    if outcome.trap is not None:
        why = f": {outcome.trap.text}" if outcome.trap.text else ""
        return f"trapped, {outcome.trap.code.replace('_', ' ')}{why}"
    return f"{shown(outcome.value, type_, program)}: {type_}" if type_ != t.NOTHING else "done"


def _notes(program: core.Program, outcome: Outcome) -> list[str]:
    types = {state.name: state.type for state in program.states}
    said = [f"writes {name} = {shown(value, types.get(name, t.ANY), program)}" for name, value in outcome.writes]
    for kind, left in (("asks for", outcome.commands), ("leaves", outcome.notices)):
        said += [f"{kind} {one.name}({', '.join(f'{n}: {v}' for n, v in one.fields)})" for one in left]
    return said
