"""The rulebook: which clauses of a contract judge a command, and what they say together.

All clauses that name a command (exactly, by a prefix "credit.*", or "*"), whose unit fits and whose guard holds must
permit. If there is none, the command is refused: nothing is allowed because nobody forbade it. The first requirement
that fails decides, in the order written, bases first. An exception whose guard holds stands in place of its clause. A
command that stands in the `can:` of a role takes one of those roles, or a decision, besides. A trap refuses.

It must not know the host's state: that comes as a `World`, which judging only reads. Whether approvals that a clause
asks for are needed for an amount, and have been given, is the host's to count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from ccl import core, interpret
from ccl.compile import Compiled, Machine, Result, compiled
from ccl.evaluation import MACHINE_TROUBLE, Fact, Outcome, Refusal, TrapReport
from ccl.host import Host, World
from ccl.source import NOWHERE

NO_HOST = Host()


class Ruling(StrEnum):
    """What a judgement comes to. Trap is a refusal too: what cannot be judged is not allowed."""

    PERMIT = "permit"
    APPROVALS = "approvals"
    REFUSE = "refuse"
    TRAP = "trap"


_PERMITTING = (Ruling.PERMIT, Ruling.APPROVALS)


class Evaluator(Protocol):
    """A back end: the compiled program, or the reference interpreter."""

    def run(self, function: str, args: Sequence[Any], world: World, fuel: int | None = None) -> Outcome:
        """Evaluate a function of the program."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference interpreter as a back end."""

    program: core.Program

    def run(self, function: str, args: Sequence[Any], world: World, fuel: int | None = None) -> Outcome:
        """Evaluate a function of the program."""
        return interpret.run(self.program, function, args, world, fuel=fuel)


class Rule:
    """A clause with the exceptions to it, in the order in which they are asked.

    guard, body: compiled, where the back end is the compiler; guard None: it always speaks.
    """

    __slots__ = ("at", "body", "clause", "exceptions", "guard")

    def __init__(self, at: int, clause: core.Clause, exceptions: tuple[Rule, ...], code: Compiled | None) -> None:
        self.at = at
        self.clause = clause
        self.exceptions = exceptions
        self.guard = code.clause(clause.guard) if code is not None and clause.guard else None
        self.body = code.clause(clause.body) if code is not None else None


@dataclass(frozen=True, slots=True)
class Gate:
    """Roles of which the actor must hold one: each with the functions that a holder must meet besides."""

    roles: tuple[tuple[str, tuple[str, ...]], ...]


class Plan:
    """What judges a command: the gate, if roles open it, and the rules in order.

    bodies, functions: of compiled rules that all speak whatever the case, without guards and exceptions; else empty.
    only: the body, where it is one and there is no gate. approvals, ruling: what those ask for, and what they say if
    they all permit.
    """

    __slots__ = ("approvals", "bodies", "functions", "gate", "only", "rules", "ruling")

    def __init__(self, rules: tuple[Rule, ...], gate: Gate | None) -> None:
        self.rules = rules
        self.gate = gate
        plain = [r for r in rules if r.body is not None and not r.clause.guard and not r.exceptions]
        straight = len(plain) == len(rules)
        self.bodies = tuple(r.body for r in plain if r.body is not None) if straight else ()
        self.only = self.bodies[0] if len(self.bodies) == 1 and gate is None else None
        self.functions = tuple(r.clause.body for r in plain)
        self.approvals = tuple((r.clause, asked) for r in plain for asked in r.clause.approvals)
        self.ruling = Ruling.APPROVALS if self.approvals else Ruling.PERMIT


class _Said(NamedTuple):
    """What every verdict has; functions, results: what was run of the compiled form, decoded when somebody asks."""

    permitted: bool
    """Whether no clause forbids it; approvals may still be asked for."""
    ruling: Ruling
    command: str
    unit: str
    approvals: tuple[tuple[core.Clause, core.Approval], ...]
    code: Compiled | None
    functions: Sequence[str]
    results: Sequence[Result]


class Verdict(_Said):
    """What a judgement says and what it went by.

    at: the place of the deciding clause in `Program.clauses`, None if it is no clause that decided. standing: the
    clause itself, or the exception in its place. refusal, trap: of `Outcome`. roles: of which one would be needed.
    approvals: those that the clauses ask for, if all permit. runs: the evaluations of the deciding clause, its guard
    first; of a permit those of every clause. fuel: of the whole judgement. Two verdicts are the same if they are one.
    """

    at: int | None = None
    standing: core.Clause | None = None
    refusal: Refusal | None = None
    trap: TrapReport | None = None
    roles: tuple[str, ...] = ()
    _runs: tuple[tuple[str, Outcome], ...] | None = None
    _used: int = 0

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @property
    def runs(self) -> tuple[tuple[str, Outcome], ...]:
        """Functions and their outcomes."""
        if self._runs is None:
            code = self.code
            assert code is not None
            results = zip(self.functions, self.results, strict=True)
            self._runs = tuple((function, code.outcome(function, result)) for function, result in results)
            self._used = sum(run.fuel for _, run in self._runs)
        return self._runs

    @property
    def fuel(self) -> int:
        """What the judgement used."""
        assert self.runs is not None  # what is not decoded yet has not been counted
        return self._used

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What was read, in order."""
        return tuple(fact for _, run in self.runs for fact in run.facts)


_verdict = tuple.__new__
"""Makes a `Verdict` of its fields; in half the time that its own constructor takes."""


class Rulebook:
    """A program's clauses, ready to judge. One object for each version in force; it keeps nothing of a judgement."""

    def __init__(self, program: core.Program, host: Host = NO_HOST, evaluator: Evaluator | None = None) -> None:
        self.program = program
        self.host = host
        self.evaluator: Evaluator = compiled(program) if evaluator is None else evaluator
        self._code = self.evaluator if isinstance(self.evaluator, Compiled) else None
        self._units = frozenset(c.unit for c in program.clauses if c.unit)
        self._gates = tuple(_gates(program.roles))
        # By unit, then by command. Units that no clause names differ in nothing, and there may be any number of them.
        self._plans: dict[str, dict[str, Plan]] = {unit: {} for unit in ("", *sorted(self._units))}
        self._of_others = self._plans[""]
        self._unit_fields: dict[str, str] = {}

    def governing(self, name: str, unit: str = "") -> tuple[Rule, ...]:
        """The rules that speak of a command or read in that unit ('' if it has none), if their guards hold."""
        return self.plan(name, unit).rules

    def judge(self, name: str, world: World, unit: str | None = None, fuel: int | None = None) -> Verdict:
        """Judge the command or read in `world`.

        unit: the command's; without it, it is read from the field that the host declares. fuel: the most that the
        judgement may use, beyond which it is a trap; without it, each clause has the language's own limit.
        """
        if unit is None:
            unit = self.unit_of(name, world.command)
        plan = self._plans.get(unit, self._of_others).get(name) or self.plan(name, unit)
        only = plan.only
        if only is not None and fuel is None:
            result = only(world)
            if result[0] > 0:
                said = (True, plan.ruling, name, unit, plan.approvals, self._code, plan.functions, (result,))
                return _verdict(Verdict, said)
        elif fuel is None and (plan.gate is None or _open(plan.gate, world)):
            if plan.bodies:
                results = []
                for body in plan.bodies:
                    result = body(world)
                    if result[0] <= 0:
                        break
                    results.append(result)
                else:
                    return Verdict(True, plan.ruling, name, unit, plan.approvals, self._code, plan.functions, results)
            elif (verdict := self._permitted(plan, name, unit, world)) is not None:
                return verdict
        return _Judgement(self, name, world, unit, fuel).verdict()

    def _permitted(self, plan: Plan, name: str, unit: str, world: World) -> Verdict | None:
        """The verdict if it is a permit, by the compiled clauses alone; None if it is anything else."""
        if self._code is None:
            return None
        functions: list[str] = []
        results: list[Result] = []
        approvals: list[tuple[core.Clause, core.Approval]] = []
        spoke = False
        for rule in plan.rules:
            speaks = _speaks(rule, world, functions, results)
            standing = rule if speaks and not rule.exceptions else None
            if speaks and rule.exceptions:
                standing = _excepted(rule, world, functions, results)
            if speaks is None or (speaks and standing is None):
                return None
            if standing is None:
                continue
            assert standing.body is not None
            result = standing.body(world)
            if result[0] <= 0:
                return None
            functions.append(standing.clause.body)
            results.append(result)
            approvals += [(standing.clause, asked) for asked in standing.clause.approvals]
            spoke = True
        if not spoke:
            return None
        ruling = Ruling.APPROVALS if approvals else Ruling.PERMIT
        return Verdict(True, ruling, name, unit, tuple(approvals), self._code, functions, results)

    def each(self, name: str, world: World, unit: str | None = None) -> tuple[Verdict, ...]:
        """What the gate and every governing clause say by themselves, in order; a clause that does not speak is left
        out."""
        unit = self.unit_of(name, world.command) if unit is None else unit
        plan = self.plan(name, unit)
        found = [] if plan.gate is None else [_Judgement(self, name, world, unit, None).passes(plan.gate)]
        said = (_Judgement(self, name, world, unit, None).of(rule) for rule in plan.rules)
        return (*found, *(verdict for verdict in said if verdict is not None))

    def unit_of(self, name: str, command: Any) -> str:
        """The unit of a command, from the field that the host declares for it; '' if it has none.

        Raises ValueError if the command is unknown to the host and a clause governs it by unit: no limit may be
        overlooked because nobody said in what the command pays.
        """
        attribute = self._unit_fields.get(name)
        if attribute is None:
            attribute = self._unit_fields[name] = self._unit_field(name)
        return getattr(command, attribute) or "" if attribute else ""

    def _unit_field(self, name: str) -> str:
        spec = self.host.commands.get(name)
        if spec is None:
            if any(c.unit and _names(c.targets, name) for c in self.program.clauses):
                raise ValueError(f"a clause governs {name} by its unit, and the host does not say which field holds it")
            return ""
        field = spec.field(spec.unit_field) if spec.unit_field else None
        return "" if field is None else field.read_as

    def plan(self, name: str, unit: str) -> Plan:
        """What judges a command or read in that unit; made once."""
        plans = self._plans.get(unit, self._of_others)
        found = plans.get(name)
        if found is None:
            found = plans[name] = Plan(self._rules(name, unit if unit in self._units else ""), self._gate(name))
        return found

    def _rules(self, name: str, unit: str) -> tuple[Rule, ...]:
        return tuple(
            self._rule(at, clause, name, unit, frozenset((at,)))
            for at, clause in enumerate(self.program.clauses)
            if not clause.replaces and _names(clause.targets, name) and clause.unit in ("", unit)
        )

    def _rule(self, at: int, clause: core.Clause, name: str, unit: str, above: frozenset[int]) -> Rule:
        return Rule(at, clause, self._exceptions(clause, name, unit, above), self._code)

    def _exceptions(self, to: core.Clause, name: str, unit: str, above: frozenset[int]) -> tuple[Rule, ...]:
        """The exceptions to a clause, with theirs: those that go before others first, else as written."""
        waiting = [
            (at, clause)
            for at, clause in enumerate(self.program.clauses)
            if at not in above
            and _excepts(clause, to)
            and (not clause.targets or _names(clause.targets, name))
            and clause.unit in ("", unit)
        ]
        ordered: list[Rule] = []
        while waiting:
            later = {number for _, clause in waiting for number in clause.before}
            first = next((w for w in waiting if not w[1].number or w[1].number not in later), waiting[0])
            waiting.remove(first)
            at, clause = first
            ordered.append(self._rule(at, clause, name, unit, above | {at}))
        return tuple(ordered)

    def _gate(self, name: str) -> Gate | None:
        roles = {role: requires for can, role, requires in self._gates if _names(can, name)}
        return Gate(tuple(roles.items())) if roles else None


class _Judgement:
    """One judgement under way: what it has run, and how much fuel that took."""

    __slots__ = ("_book", "_fuel", "_name", "_runs", "_unit", "_used", "_world")

    def __init__(self, book: Rulebook, name: str, world: World, unit: str, fuel: int | None) -> None:
        self._book = book
        self._name = name
        self._world = world
        self._unit = unit
        self._fuel = fuel
        self._used = 0
        self._runs: list[tuple[str, Outcome]] = []

    def verdict(self) -> Verdict:
        plan = self._book.plan(self._name, self._unit)
        if not plan.rules:
            return self._said(Ruling.REFUSE)
        if plan.gate is not None:
            refused = self.passes(plan.gate)
            if not refused.permitted:
                return refused
        kept: list[tuple[str, Outcome]] = []
        approvals: list[tuple[core.Clause, core.Approval]] = []
        spoke = False
        for rule in plan.rules:
            self._runs = []
            said = self.of(rule)
            if said is None:
                continue
            if not said.permitted:
                return said
            spoke = True
            kept += self._runs
            approvals += said.approvals
        if not spoke:
            return self._said(Ruling.REFUSE)
        self._runs = kept
        return self._said(Ruling.APPROVALS if approvals else Ruling.PERMIT, approvals=tuple(approvals))

    def passes(self, gate: Gate) -> Verdict:
        """Whether the actor holds one of the roles, or is the space itself by a decision."""
        named = tuple(name for name, _ in gate.roles)
        try:
            views = self._world.views
            if views.decided():
                return self._said(Ruling.PERMIT)
            holds = [(name, requires) for name, requires in gate.roles if views.role(name)]
        except MACHINE_TROUBLE:
            raise
        except Exception:  # noqa: BLE001  # whatever a host's own code raises: the fact could not be read
            return self._said(Ruling.TRAP, trap=TrapReport("view", "", "", NOWHERE), roles=named)
        for _, requires in sorted(holds, key=lambda held: bool(held[1])):  # first those that take nothing more
            met = True
            for function in requires:
                run = self._run(function)
                if run.trap is not None:
                    return self._said(Ruling.TRAP, trap=run.trap, roles=named)
                met = met and run.value is True
            if met:
                return self._said(Ruling.PERMIT)
        return self._said(Ruling.REFUSE, roles=named)

    def of(self, rule: Rule) -> Verdict | None:
        """What one rule says; None if its guard does not hold, so that it does not speak."""
        clause = rule.clause
        if clause.guard:
            run = self._run(clause.guard)
            if run.trap is not None:
                return self._said(Ruling.TRAP, rule.at, clause, trap=run.trap)
            if run.value is not True:
                return None
        standing: Rule | Verdict = self._standing(rule)
        if isinstance(standing, Verdict):
            return standing
        run = self._run(standing.clause.body)
        if run.trap is not None:
            return self._said(Ruling.TRAP, rule.at, standing.clause, trap=run.trap)
        if run.refusal is not None:
            return self._said(Ruling.REFUSE, rule.at, standing.clause, refusal=run.refusal)
        approvals = tuple((standing.clause, asked) for asked in standing.clause.approvals)
        ruling = Ruling.APPROVALS if approvals else Ruling.PERMIT
        return self._said(ruling, rule.at, standing.clause, approvals=approvals)

    def _standing(self, rule: Rule) -> Rule | Verdict:
        """The rule, or the exception that stands in its place; a verdict if a guard traps."""
        for exception in rule.exceptions:
            run = self._run(exception.clause.guard) if exception.clause.guard else None
            if run is not None and run.trap is not None:
                return self._said(Ruling.TRAP, rule.at, exception.clause, trap=run.trap)
            if run is None or run.value is True:
                return self._standing(exception)
        return rule

    def _run(self, function: str) -> Outcome:
        left = None if self._fuel is None else max(self._fuel - self._used, 0)
        run = self._book.evaluator.run(function, (), self._world, fuel=left)
        self._used += run.fuel
        self._runs.append((function, run))
        return run

    def _said(self, ruling: Ruling, at: int | None = None, standing: core.Clause | None = None, *,
              refusal: Refusal | None = None, trap: TrapReport | None = None, roles: tuple[str, ...] = (),
              approvals: tuple[tuple[core.Clause, core.Approval], ...] = ()) -> Verdict:  # fmt: skip
        verdict = Verdict(ruling in _PERMITTING, ruling, self._name, self._unit, approvals, None, (), ())
        verdict.at, verdict.standing, verdict.refusal, verdict.trap, verdict.roles = at, standing, refusal, trap, roles
        verdict._runs = tuple(self._runs)
        verdict._used = self._used
        return verdict


def _value(result: Result) -> Any:
    """The value of a compiled function that ended well."""
    return result[2] if type(result[1]) is Machine else result[1]


def _open(gate: Gate, world: World) -> bool:
    """Whether a gate is seen to be open without running a function of the program. If not, nothing is said yet."""
    try:
        views = world.views
        return views.decided() is True or any(not requires and views.role(name) for name, requires in gate.roles)
    except MACHINE_TROUBLE:
        raise
    except Exception:  # noqa: BLE001  # told when it is judged in full
        return False


def _speaks(rule: Rule, world: World, functions: list[str], results: list[Result]) -> bool | None:
    """Whether a compiled rule's guard holds; None if it traps. What was run is added."""
    if rule.guard is None:
        return True
    result = rule.guard(world)
    functions.append(rule.clause.guard)
    results.append(result)
    return bool(_value(result)) if result[0] > 0 else None


def _excepted(rule: Rule, world: World, functions: list[str], results: list[Result]) -> Rule | None:
    """The compiled rule, or the exception in its place; None if a guard traps."""
    for exception in rule.exceptions:
        speaks = _speaks(exception, world, functions, results)
        if speaks is None:
            return None
        if speaks:
            return _excepted(exception, world, functions, results)
    return rule


def cited(clause: core.Clause) -> str:
    """How people cite a clause: its number, or its name; of an exception without either, the clause it excepts from."""
    return clause.number or clause.name or clause.replaces


def _names(targets: Iterable[str], name: str) -> bool:
    return any(t == name or t == "*" or (t.endswith(".*") and name.startswith(t[:-1])) for t in targets)


def _excepts(exception: core.Clause, clause: core.Clause) -> bool:
    """Whether it is an exception to that very clause. Of two clauses of one number, a floor of a base and what tightens
    it, a later contract's exception is to its own; and nothing excepts from what is final or a floor elsewhere."""
    if not exception.replaces or exception.replaces != cited(clause):
        return False
    return exception.base == clause.base or clause.strength not in ("final", "floor")


def _gates(roles: Sequence[core.Role]) -> Iterable[tuple[tuple[str, ...], str, tuple[str, ...]]]:
    """What each role opens to whom: its own commands to its holders, and to those of roles that extend it."""
    by_name = {role.name: role for role in roles}
    for holder in roles:
        requires: tuple[str, ...] = ()
        seen: set[str] = set()
        role: core.Role | None = holder
        line: list[core.Role] = []
        while role is not None and role.name not in seen:
            seen.add(role.name)
            line.append(role)
            role = by_name.get(role.extends)
        requires = tuple(function for role in line for function in role.requires)
        yield tuple(can for role in line for can in role.can), holder.name, requires
