"""Runs the tests of a contract: each row of a table, each step of a story, judged and compared with what was expected.

A case passes, fails (it came out otherwise, with the explanation why) or is in error (it cannot be run: a fact was not
given, a name is unknown). Nothing carries over from one test to another; in a story what is given, written and said
stays until the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ccl import core, interpret
from ccl import types as t
from ccl.diagnostics import Findings
from ccl.elaborate.names import closest
from ccl.evaluation import Outcome
from ccl.explain import explain
from ccl.host import CommandSpec, Host, World
from ccl.ops import OPS
from ccl.rulebook import Rulebook, Ruling, Verdict, cited
from ccl.source import Sources, Span
from ccl.syntax import tree
from ccl.targets import names
from ccl.testing.facts import Fact, Facts
from ccl.testing.results import ERROR, FAILED, PASSED, Result, shown
from ccl.testing.values import Elaborates, NoValue, Values
from ccl.testing.world import Given, MadeWorld, NotGiven

MOST_DUE = 1000
"""So often a timed trigger runs in one `later`, at most."""

Observe = Callable[[core.Expr, Any], None]


@dataclass(frozen=True, slots=True)
class Observing:
    """The reference interpreter as a back end of the rulebook, observed."""

    program: core.Program
    observe: Observe | None
    ran: Callable[[str, Outcome], None] | None

    def run(self, function: str, args: Sequence[Any], world: World, fuel: int | None = None) -> Outcome:
        """Evaluate a function of the program."""
        outcome = interpret.run(self.program, function, args, world, fuel=fuel, observe=self.observe)
        if self.ran is not None:
            self.ran(function, outcome)
        return outcome


class Runner:
    """Runs tests of one program. observe, ran: for coverage, what was evaluated and how each function ended."""

    def __init__(self, program: core.Program, elaborates: Elaborates, host: Host, sources: Sources,
                 findings: Findings, observe: Observe | None = None,
                 ran: Callable[[str, Outcome], None] | None = None) -> None:  # fmt: skip
        self.program = program
        self.host = host
        self.sources = sources
        self.findings = findings
        self.evaluator = Observing(program, observe, ran)
        self.book = Rulebook(program, host, self.evaluator)
        self.values = Values(program, elaborates, host, findings)
        self.cited = {cited(clause) for clause in program.clauses}

    def run(self, test: tree.TestDecl) -> list[Result]:
        """All cases of a test, in order."""
        return _Test(self, test).run()

    def run_all(self) -> list[Result]:
        """All cases of all tests."""
        return [result for test in self.program.tests for result in self.run(test)]


class _Stop(Exception):
    """A step went wrong: what comes after it would be judged in a state that the story did not mean."""


class _Test:
    """One test under way."""

    def __init__(self, runner: Runner, test: tree.TestDecl) -> None:
        self.runner = runner
        self.program = runner.program
        self.test = test
        self.name = test.name.value
        self.facts = Facts(replace(runner.values))
        self.results: list[Result] = []
        self.given = Given(
            params={p.name: p.default for p in self.program.params},
            state={s.name: s.initial for s in self.program.states},
        )
        self.began: int | None = None

    def run(self) -> list[Result]:
        """The cases; of a table its rows come after its `given`s."""
        try:
            targets = [self._target(target) for target in self.test.targets]
            self.facts.commands = tuple(c for c in targets if isinstance(c, CommandSpec))
            self._steps()
            if self.test.columns:
                if not targets:
                    self._table(None)
                for target in targets:
                    self._table(target)
            if not self.test.columns and not any(s.word in ("do", "expect") for s in self.test.steps):
                self.runner.findings.warning("CCL0810", self.test.name.span, "this test tests nothing",
                                             label="write rows, or steps with `expect`")  # fmt: skip
        except _Stop:
            pass
        return self.results

    def _target(self, target: tree.Target) -> CommandSpec | core.Function:
        spec = self.runner.host.commands.get(target.pattern)
        if spec is not None:
            return spec
        unique = self.program.exports.get(target.pattern)
        if unique is not None:
            return self.program.functions[unique]
        near = closest(target.pattern, [*self.runner.host.commands, *self.program.exports])
        with self._case("", target.span):
            label = f"did you mean `{near}`?" if near else "name one command in full"
            self.runner.findings.error(
                "CCL0805", target.span, f"there is no command `{target.pattern}` to test", label=label
            )
            raise NoValue
        raise _Stop

    # -- one case ------------------------------------------------------------------------------------------------------

    def _case(self, case: str, span: Span) -> _Case:
        return _Case(self, case, span)

    def judge(self, spec: CommandSpec, given: Given) -> tuple[Verdict, MadeWorld]:
        """What the clauses say. Raises NoValue with the fact that was not given."""
        facts = replace(self.facts, commands=(spec,))
        world = facts.world(given)
        unit = facts.values.unit if spec.unit_field else ""
        try:
            verdict = self.runner.book.judge(spec.name, world, unit)
        finally:
            self._all_given(world.missing)
        return verdict, world

    def _all_given(self, missing: list[str]) -> None:
        if missing:
            fact = missing[0]
            raise NoValue(f"the test does not say what `{fact}` is; add `given {fact} = ..;`")

    # -- tables --------------------------------------------------------------------------------------------------------

    def _table(self, target: CommandSpec | core.Function | None) -> None:
        several = len(self.test.targets) > 1
        heads = self.test.heads or tuple(tree.PathExpr(c.span, c) for c in self.test.columns)
        for number, (cells, expected) in enumerate(self.test.rows, 1):
            case = f"row {number}" + (f" ({target.name})" if several and target is not None else "")
            span = cells[0].span.to(expected.span) if cells else expected.span
            if isinstance(target, core.Function):
                with self._case(case, span) as at:
                    at.came_to = self._function_row(target, heads, cells, expected)
            elif target is None:
                with self._case(case, span):
                    self.runner.findings.error("CCL0805", self.test.name.span, "a table needs what it is about",
                                               label='write `test "name" on credit.transfer`')  # fmt: skip
                    raise NoValue
            else:
                with self._case(case, span) as at:
                    given = self.given.copy()
                    pairs = [(h, c) for h, c in zip(heads, cells, strict=True) if not _left_out(c)]
                    self._give_all(given, pairs, target, column=True)
                    verdict, world = self.judge(target, given)
                    at.verdict(verdict, world, expected)

    def _function_row(self, function: core.Function, heads: Sequence[tree.Expr], cells: Sequence[tree.Expr],
                      expected: tree.Expectation) -> str:  # fmt: skip
        given = self.given.copy()
        types = dict(function.params)
        args: dict[str, Any] = {}
        for head, cell in zip(heads, cells, strict=True):
            name = self.runner.sources.text(head.span)
            if _left_out(cell):
                continue
            if name in types:
                args[name] = self.facts.values.of(cell, types[name], self.facts.world(given), given.missing)
            else:
                self.facts.give(given, self.facts.find(head, given), cell)
        absent = [name for name in types if name not in args]
        if absent:
            self.runner.findings.error("CCL0811", self.test.name.span, f"there is no column for `{absent[0]}`",
                                       label=f"`{function.name}` takes it")  # fmt: skip
            raise NoValue
        world = self.facts.world(given)
        outcome = self.runner.evaluator.run(function.name, [args[name] for name in types], world)
        self._all_given(world.missing)
        return self._compared(outcome, expected, function.result, given)

    def _give_all(self, given: Given, pairs: Iterable[tuple[tree.Expr, tree.Expr]], spec: CommandSpec | None, *,
                  column: bool = False) -> None:  # fmt: skip
        """Give facts; first what says the unit, for amounts of the command's own unit are in it."""
        found = [(self.facts.find(head, given, column=column), value) for head, value in pairs]
        self.facts.values.unit = self._unit(found, spec) or self.facts.values.unit
        for fact, value in found:
            if not (spec is not None and fact.kind == "command" and fact.name == spec.unit_field and not fact.path):
                self.facts.give(given, fact, value)
            else:
                given.command[fact.name] = self.facts.values.unit

    def _unit(self, found: Sequence[tuple[Fact, tree.Expr]], spec: CommandSpec | None) -> str:
        """The unit of the case: as given, or that of an amount of the command, or the only one there is."""
        for fact, value in found:
            if spec is not None and fact.kind == "command" and fact.name == spec.unit_field:
                return value.path.text if isinstance(value, tree.PathExpr) else getattr(value, "value", "")
        for fact, value in found:
            inner = fact.type.item if isinstance(fact.type, t.Option) else fact.type
            if isinstance(inner, t.Money) and inner.unit == t.OWN_UNIT and isinstance(value, tree.MoneyLit):
                return value.unit.text
        units = {c.unit for c in self.program.clauses if c.unit}
        units = units or set(self.program.units)
        return units.pop() if len(units) == 1 and not self.facts.values.unit else ""

    # -- stories -------------------------------------------------------------------------------------------------------

    def _steps(self) -> None:
        for number, step in enumerate(self.test.steps, 1):
            with self._case(f"step {number}", step.span) as at:
                _STEPS[step.word](self, step, at)
            if self.results and self.results[-1].status == ERROR:
                raise _Stop

    def _step_given(self, step: tree.TestStep, at: _Case) -> None:
        at.silent = True
        pairs = step.facts or tuple((tree.PathExpr(p.span, p), v) for p, v in step.assignments)
        spec = self.facts.commands[0] if len(self.facts.commands) == 1 else None
        self._give_all(self.given, pairs, spec)
        if self.began is None:
            self.began = self.given.now

    def _step_later(self, step: tree.TestStep, at: _Case) -> None:
        """Time passes, and what is due in it happens."""
        at.silent = True
        assert step.call is not None, "the parser reads a span of time"
        span = step.call.span
        now = tree.CallExpr(span, tree.PathExpr(span, tree.Path(span, (tree.Name(span, "now"),))), ())
        before = self.given.now
        world = self.facts.world(self.given)
        if before is None:
            raise NoValue("the test does not say what `now` is; add `given now = 2026-01-31T10:00:00Z;`")
        moment = self.facts.values.of(tree.BinaryExpr(span, "+", now, step.call, span), t.TIMESTAMP, world, [])
        self._due(before, moment)
        self.given.now = moment

    def _due(self, before: int, until: int) -> None:
        began = before if self.began is None else self.began
        for trigger in self.program.triggers:
            for count in range(1, MOST_DUE + 1):
                if trigger.every_ms:
                    due = began + count * trigger.every_ms
                elif trigger.every_months:
                    due = OPS["timestamp.add_months"].run(began, count * trigger.every_months, self.program.timezone)
                else:
                    break
                if due > until:
                    break
                if due > before:
                    self.given.now = due
                    self._trigger(trigger)

    def _trigger(self, trigger: core.Trigger, command: CommandSpec | None = None) -> None:
        facts = self.facts if command is None else replace(self.facts, commands=(command,))
        if trigger.guard:
            world = facts.world(self.given)
            guard = self.runner.evaluator.run(trigger.guard, (), world)
            self._all_given(world.missing)
            if guard.value is not True:
                return
        world = facts.world(self.given)
        outcome = self.runner.evaluator.run(trigger.action, (), world)
        self._all_given(world.missing)
        self.given.state.update(outcome.writes)

    def _step_do(self, step: tree.TestStep, at: _Case) -> None:
        assert step.actor is not None, "the parser reads who acts"
        self.given.caller = self.facts.values.of(step.actor, t.DID, self.facts.world(self.given), [])
        call = step.call
        name = self.runner.sources.text(call.target.span) if isinstance(call, tree.CallExpr) else ""
        primitive = self.runner.host.primitives.get(name)
        spec = self.runner.host.commands.get(primitive.target if primitive else name)
        if spec is not None and isinstance(call, tree.CallExpr):
            self._command(spec, call, step.expect, at)
        elif isinstance(call, tree.CallExpr) and name in self.program.exports:
            at.came_to = self._act(self.program.functions[self.program.exports[name]], call, step.expect)
        else:
            span = step.span if call is None else call.span
            near = closest(name, [*self.runner.host.commands, *self.program.exports])
            self.runner.findings.error("CCL0805", span, f"there is no command or action `{name}`",
                                       label=f"did you mean `{near}`?" if near else "")  # fmt: skip
            raise NoValue

    def _command(self, spec: CommandSpec, call: tree.CallExpr, expected: tree.Expectation | None, at: _Case) -> None:
        given = self.given.copy()
        given.command = dict(self.given.command) if spec in self.facts.commands else {}
        pairs = [(_field_of(arg, i, spec), arg.value) for i, arg in enumerate(call.args) if not _rest(arg.value)]
        before = self.facts
        self.facts = replace(before, commands=(spec,))
        try:
            self._give_all(given, pairs, spec)
            verdict, world = self.judge(spec, given)
            at.verdict(verdict, world, expected or tree.Expectation(call.span, "permit"))
            if verdict.ruling is Ruling.PERMIT:
                self._after(spec, given)
        finally:
            self.facts = before

    def _after(self, spec: CommandSpec, given: Given) -> None:
        """What the command sets off."""
        kept = self.given
        self.given = given
        for trigger in self.program.triggers:
            if names(trigger.targets, spec.name):
                self._trigger(trigger, spec)
        self.given = kept
        kept.state = given.state

    def _act(self, function: core.Function, call: tree.CallExpr, expected: tree.Expectation | None) -> str:
        world = self.facts.world(self.given)
        by_name = {arg.name.text: arg.value for arg in call.args if arg.name is not None}
        in_order = [arg.value for arg in call.args if arg.name is None]
        args: list[Any] = []
        for name, type_ in function.params:
            expr = by_name.get(name) or (in_order.pop(0) if in_order else None)
            if expr is None:
                self.runner.findings.error("CCL0811", call.span, f"`{name}` is not given", label=f"{name}: {type_}")
                raise NoValue
            args.append(self.facts.values.of(expr, type_, world, self.given.missing))
        outcome = self.runner.evaluator.run(function.name, args, world)
        self._all_given(world.missing)
        said = self._compared(outcome, expected or tree.Expectation(call.span, "permit"), function.result, self.given)
        if outcome.ended_well:
            self.given.state.update(outcome.writes)
        return said

    def _step_expect(self, step: tree.TestStep, at: _Case) -> None:
        expected = step.expect
        if expected is None or expected.value is None or expected.word != "value":
            self.runner.findings.error("CCL0812", step.span, "this step says what is true now",
                                       label="such as `expect limit == 500 CREDIT`")  # fmt: skip
            raise NoValue
        world = self.facts.world(self.given)
        if self.facts.values.of(expected.value, t.BOOL, world, self.given.missing) is not True:
            at.came_to = f"`{self.runner.sources.text(expected.value.span)}` does not hold"
            shown = self._sides(expected.value, world)
            at.came_to += f": {shown}" if shown else ""

    def _sides(self, expr: tree.Expr, world: MadeWorld) -> str:
        """Of a comparison that does not hold, what its left side is."""
        if not isinstance(expr, tree.BinaryExpr) or not isinstance(expr.left, tree.PathExpr | tree.StateExpr):
            return ""
        fact = self.facts.find(expr.left, self.given)
        held = {"param": world.params, "state": world.state}.get(fact.kind)
        return f"`{fact.name}` is {shown(held[fact.name], fact.type, self.program)}" if held is not None else ""

    # -- comparing -----------------------------------------------------------------------------------------------------

    def _compared(self, outcome: Outcome, expected: tree.Expectation, type_: t.Type, given: Given) -> str:
        """'' if a function ended as expected, else in what it differs."""
        found = self._ended(outcome, type_)
        if expected.word == "value" and expected.value is not None:
            wanted = self.facts.values.of(expected.value, type_, self.facts.world(given), given.missing)
            if outcome.ended_well and outcome.value == wanted and type(outcome.value) is type(wanted):
                return ""
            return f"expected {shown(wanted, type_, self.program)}, found {found}"
        word = {"permit": outcome.ended_well, "refuse": outcome.refusal is not None, "trap": outcome.trap is not None}
        named = self._text(expected.value)
        if word.get(expected.word, False):
            code = outcome.trap.code if outcome.trap is not None else ""
            return (
                ""
                if not named or expected.word != "trap" or named == code
                else f"expected the trap {named}, found {found}"
            )
        return f"expected {expected.word}, found {found}"

    def _ended(self, outcome: Outcome, type_: t.Type) -> str:
        if outcome.refusal is not None:
            required = self.program.functions[outcome.refusal.function].requirements[outcome.refusal.number]
            return f"a refusal: `{required.condition}` does not hold"
        if outcome.trap is not None:
            return f"the trap {outcome.trap.code}" + (f": {outcome.trap.text}" if outcome.trap.text else "")
        return shown(outcome.value, type_, self.program)

    def _text(self, value: tree.Expr | None) -> str:
        if value is None:
            return ""
        return value.value if isinstance(value, tree.StringLit) else self.runner.sources.text(value.span)

    def differs(self, verdict: Verdict, world: MadeWorld, expected: tree.Expectation) -> str:
        """'' if a judgement is as expected, else what it is and why."""
        named = self._text(expected.value)
        if expected.word in ("refuse", "approval") and named and named not in self.runner.cited:
            near = closest(named, self.runner.cited)
            assert expected.value is not None, "it was named"
            self.runner.findings.error("CCL0813", expected.value.span, f"there is no clause `{named}`",
                                       label=f"did you mean `{near}`?" if near else "")  # fmt: skip
            raise NoValue
        ruling = {"permit": Ruling.PERMIT, "refuse": Ruling.REFUSE, "trap": Ruling.TRAP, "approval": Ruling.APPROVALS}
        if expected.word not in ruling:
            self.runner.findings.error("CCL0812", expected.span, "a command is permitted or refused, it has no value",
                                       label="permit, refuse, approval or trap")  # fmt: skip
            raise NoValue
        found = verdict.ruling
        if found is Ruling.APPROVALS and not any(self._asks(asked, verdict, world) for _, asked in verdict.approvals):
            found = Ruling.PERMIT
        if found is ruling[expected.word] and (not named or named in self._decided(verdict)):
            return ""
        said = f"{expected.word} {named}".strip()
        return f"expected {said}, found: {self._why(verdict, world)}"

    def _asks(self, asked: core.Approval, verdict: Verdict, world: MadeWorld) -> bool:
        """Whether an approval is needed for the amount: not if it is at most the setting, where the test gives that."""
        fields = self.runner.host.commands[verdict.command].fields
        amount = next((f.read_as for f in fields if asked.of in (f.name, f.read_as)), None)
        if not asked.above or amount is None:
            return True
        try:
            return bool(getattr(world.command, amount) > world.views.setting(asked.above))
        except NotGiven:
            world.missing.clear()
            return True

    def _why(self, verdict: Verdict, world: MadeWorld) -> str:
        """The explanation that a member would read; where it would look at what the test did not give, a short one."""
        try:
            return explain(self.runner.book, world.whole(), verdict).words("en", host=self.runner.host)
        except NotGiven:
            return " ".join((verdict.ruling.value, *sorted(self._decided(verdict))))
        finally:
            world.missing.clear()

    def _decided(self, verdict: Verdict) -> set[str]:
        """What the deciding clause is called, and of a trap its code."""
        names = {cited(clause) for clause, _ in verdict.approvals}
        if verdict.standing is not None:
            names.add(cited(verdict.standing))
        if verdict.at is not None:
            names.add(cited(self.program.clauses[verdict.at]))
        if verdict.trap is not None:
            names.add(verdict.trap.code)
        return names


class _Case:
    """One case as a context: what is raised in it becomes its result."""

    def __init__(self, test: _Test, case: str, span: Span) -> None:
        self.test = test
        self.case = case
        self.span = span
        self.came_to = ""
        self.silent = False
        self.fuel = 0
        self.facts: tuple[tuple[str, str], ...] = ()

    def __enter__(self) -> _Case:
        self.before = len(self.test.runner.findings.all)
        return self

    def verdict(self, verdict: Verdict, world: MadeWorld, expected: tree.Expectation) -> None:
        """Take a judgement as what came of it."""
        self.fuel = verdict.fuel
        self.facts = tuple(_said(self.test.program, fact) for fact in verdict.facts)
        self.came_to = self.test.differs(verdict, world, expected)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if error is not None and not isinstance(error, NoValue):
            return False
        test = self.test
        if error is not None:
            problems = tuple(test.runner.findings.all[self.before :])
            result = Result(test.name, self.case, ERROR, self.span, str(error), problems)
        elif self.silent:
            return True
        else:
            status = FAILED if self.came_to else PASSED
            result = Result(test.name, self.case, status, self.span, self.came_to, (), self.fuel, self.facts)
        test.results.append(result)
        return error is not None


def _said(program: core.Program, fact: Any) -> tuple[str, str]:
    site = program.functions[fact.function].sites[fact.site]
    args = f"({', '.join(map(str, fact.args))})" if fact.args else ""
    return f"{site.name}{args}", shown(fact.value, site.type, program)


def _left_out(cell: tree.Expr) -> bool:
    return isinstance(cell, tree.PathExpr) and cell.path.text == "_"


def _rest(value: tree.Expr) -> bool:
    return isinstance(value, tree.RangeExpr) and value.low is None and value.high is None


def _field_of(arg: tree.Arg, place: int, spec: CommandSpec) -> tree.Expr:
    """The field that an argument of a command is for, as a fact."""
    if arg.name is not None:
        name = arg.name
    else:
        order = spec.positional or tuple(f.name for f in spec.fields)
        name = tree.Name(arg.span, order[place] if place < len(order) else "")
    command = tree.PathExpr(arg.span, tree.Path(arg.span, (tree.Name(arg.span, "command"),)))
    return tree.FieldExpr(name.span, command, name)


_STEPS: Final[dict[str, Callable[[_Test, tree.TestStep, _Case], None]]] = {
    "given": _Test._step_given,
    "do": _Test._step_do,
    "later": _Test._step_later,
    "expect": _Test._step_expect,
}
