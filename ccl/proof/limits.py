"""The limits that clauses set: of a requirement that compares a field of the command, the other side.

A limit is what a contract works out or lets be set: `command.amount <= limit * 2`. A bare view or another field is not
the contract's own, and is left alone. To play an example, the requirement is replaced by a return of the limit, so that
the interpreter says what it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ccl import core, interpret
from ccl.proof import replay
from ccl.proof.replay import Read
from ccl.proof.subjects import Walked, number_type
from ccl.proof.terms import Frac, Unprovable, known, leaves


@dataclass(frozen=True, slots=True)
class StatedLimit:
    """A limit: when it is worked out, by which function and comparison, for which field, and its value as a term."""

    when: Any
    function: str
    comparison: core.Op
    field: str
    expr: core.Expr
    value: Any

    def played(self, program: core.Program, walked: Walked, read: tuple[Read, ...]) -> Any:
        """The limit as the interpreter has it in an example; None if it does not come to it."""
        body = program.functions[walked.subject.functions[-1]]
        if self.function != body.name:
            return None
        block, found = _returning(body.body, self.comparison, self.expr)
        if not found:
            return None
        told = replace(body, body=block, result=self.expr.type)
        changed = replace(program, functions={**program.functions, body.name: told})
        outcome = interpret.run(changed, body.name, (), replay.world(program, read))
        return outcome.value if outcome.ended_well else None


def stated_limits(walked: Walked) -> list[StatedLimit]:
    """All limits of a clause that has been walked."""
    ours: dict[int, str] = {}
    foreign: set[int] = set()
    for reading in walked.run.symbols.readings.values():
        try:
            terms = [leaf for leaf in leaves(reading.value) if not known(leaf)]
        except Unprovable:
            continue
        for term in terms:
            if reading.kind == "command":
                ours[term.get_id()] = reading.name
            if reading.kind != "param":
                foreign.add(term.get_id())
    found = []
    for bound in walked.run.bounds:
        below = bound.comparison.op in ("lt", "le")
        field, limit, at = (bound.left, bound.right, 1) if below else (bound.right, bound.left, 0)
        name = ours.get(_id(field), "")
        expr = bound.comparison.args[at]
        if name and number_type(expr.type) and _id(limit) not in foreign:
            found.append(StatedLimit(bound.when, bound.function, bound.comparison, name, expr, limit))
    return found


def _id(value: Any) -> int:
    """The number of the term that a value is, -1 if it is known or composed."""
    if isinstance(value, Frac):
        return _id(value.above) if isinstance(value.below, int) and value.below == 1 else -1
    return -1 if known(value) else int(value.get_id())


def _returning(block: core.Block, comparison: core.Op, limit: core.Expr) -> tuple[core.Block, bool]:
    """The block with the requirement replaced by a return of the limit, and whether it was there."""
    statements: list[core.Statement] = []
    found = False
    for statement in block.statements:
        if isinstance(statement, core.Require) and _within(statement.condition, comparison):
            statement, found = core.Return(statement.span, limit), True
        elif isinstance(statement, core.If):
            then, first = _returning(statement.then, comparison, limit)
            orelse, second = _returning(statement.orelse, comparison, limit)
            statement, found = replace(statement, then=then, orelse=orelse), found or first or second
        elif isinstance(statement, core.Switch):
            cases = [(case, *_returning(case.body, comparison, limit)) for case in statement.cases]
            found = found or any(there for _, _, there in cases)
            default, there = (statement.default, False)
            if default is not None:
                default, there = _returning(default, comparison, limit)
            found = found or there
            bodies = tuple(replace(case, body=body) for case, body, _ in cases)
            statement = replace(statement, cases=bodies, default=default)
        statements.append(statement)
    return core.Block(tuple(statements)), found


def _within(condition: core.Expr, comparison: core.Op) -> bool:
    if isinstance(condition, core.And):
        return _within(condition.left, comparison) or _within(condition.right, comparison)
    return condition is comparison
