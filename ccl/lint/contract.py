"""Clauses that never speak, exceptions that another one always goes before, roles that may do what nobody may."""

from __future__ import annotations

from ccl import core
from ccl.diagnostics import Findings, Label
from ccl.host import Host
from ccl.lint.conditions import fields_of
from ccl.lint.intervals import Key, Knowledge, key_of
from ccl.rulebook import Rule, Rulebook, cited
from ccl.targets import names


def clauses(program: core.Program, host: Host, findings: Findings) -> None:
    """Warn of what can never matter in judging."""
    for clause in program.clauses:
        if clause.span.source >= 0:
            _never(clause, program, host, findings)
    book = Rulebook(program, host)
    told: set[int] = set()
    for command in host.commands:
        for unit in sorted({"", *(c.unit for c in program.clauses)}):
            for rule in book.governing(command, unit):
                _shadowed(rule, program, findings, told)
    _roles(program, host, findings)


def _never(clause: core.Clause, program: core.Program, host: Host, findings: Findings) -> None:
    name = f"the exception to {clause.replaces}" if clause.replaces else f"clause {cited(clause)}"
    if clause.guard:
        known = Knowledge(program, host, fields_of(clause, host))
        if _truth(program.functions[clause.guard], known) is False:
            span = program.functions[clause.guard].span
            findings.warning("CCL0712", span, f"{name} never applies", label="this is always false")
            return
    if clause.unit:
        governed = [c for c in host.commands.values() if names(clause.targets, c.name)]
        if governed and not any(c.unit_field for c in governed):
            findings.warning(
                "CCL0712", clause.span, f"{name} never applies", label=f"none of its commands is in {clause.unit}",
                notes=("Only commands with a field for their unit can be `in` one.",),
            )  # fmt: skip


def _truth(function: core.Function, known: Knowledge) -> bool | None:
    """What a guard comes to, if that is known; of one that is more than an expression it is not."""
    for statement in function.body.statements:
        match statement:
            case core.Let(_, name, value):
                known = known.with_local(name, value)
            case core.Return(_, value):
                return known.truth(value)
            case _:
                return None
    return None


def _shadowed(rule: Rule, program: core.Program, findings: Findings, told: set[int]) -> None:
    """An exception before which another always holds when it does."""
    for i, later in enumerate(rule.exceptions):
        wanted = _asked(later.clause, program)
        for earlier in rule.exceptions[:i]:
            needed = _asked(earlier.clause, program)
            if later.at not in told and needed is not None and (not needed or (wanted and needed <= wanted)):
                told.add(later.at)
                number = rule.clause.number or rule.clause.name
                findings.warning(
                    "CCL0713", later.clause.span, f"this exception to {number} is never used",
                    label="whenever it would hold, another one goes before it",
                    also=(Label(earlier.clause.span, "this one"),),
                )  # fmt: skip
        _shadowed(later, program, findings, told)


def _asked(clause: core.Clause, program: core.Program) -> frozenset[tuple[bool, Key]] | None:
    """The atoms that a guard joins by `and`; none for no guard, None where it asks otherwise."""
    if not clause.guard:
        return frozenset()
    statements = program.functions[clause.guard].body.statements
    if len(statements) != 1 or not isinstance(statements[0], core.Return):
        return None
    asked: set[tuple[bool, Key]] = set()
    todo = [(statements[0].value, True)]
    while todo:
        at, wanted = todo.pop()
        if isinstance(at, core.Not):
            todo.append((at.operand, not wanted))
        elif isinstance(at, core.And) and wanted:
            todo += [(at.left, True), (at.right, True)]
        else:
            key = key_of(at)
            if key is None:
                return None
            asked.add((wanted, key))
    return frozenset(asked)


def _roles(program: core.Program, host: Host, findings: Findings) -> None:
    """Commands that a role may give and no clause speaks of: nobody may give them."""
    governed = [target for clause in program.clauses for target in clause.targets if not clause.replaces]
    for role in program.roles:
        for can in role.can:
            named = [name for name in host.commands if names((can,), name)]
            if named and role.span.source >= 0 and not any(names(governed, name) for name in named):
                findings.warning(
                    "CCL0725", role.span, f"no clause speaks of `{can}`, so nobody may do it",
                    label=f"`{role.name}` may, as far as roles go",
                    notes=("`can:` alone permits nothing; write a clause `on` it.",),
                )  # fmt: skip
