"""Conditions that decide nothing: always true or always false, for all that is declared and was asked before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ccl import core
from ccl import types as t
from ccl.diagnostics import Findings
from ccl.host import Host
from ccl.lint.intervals import UNKNOWN, Interval, Knowledge, chain, hull
from ccl.source import Sources, Span
from ccl.targets import names
from ccl.testing.coverage import parts


def conditions(program: core.Program, sources: Sources, host: Host, findings: Findings) -> None:
    """Warn of each condition that is known beforehand, the outermost only."""
    bodies = {clause.body: clause for clause in program.clauses} | {c.guard: c for c in program.clauses if c.guard}
    stated = {function for _, function in program.properties}
    for name, function in program.functions.items():
        if function.span.source >= 0 and name not in stated:
            clause = bodies.get(name)
            known = Knowledge(program, host, fields_of(clause, host) if clause is not None else {})
            _Walk(sources, findings, guard=clause is not None and clause.guard == name).block(function.body, known)


def fields_of(clause: core.Clause, host: Host) -> dict[str, Interval]:
    """Between what the fields lie that all the clause's commands have."""
    fields: dict[str, Interval] = {}
    for command in host.commands.values():
        if names(clause.targets, command.name):
            for field in command.fields:
                bound = (field.low, field.high) if not isinstance(field.type, t.Option) else UNKNOWN
                fields[field.name] = hull(fields.get(field.name, bound), bound)
    return fields


class _Walk:
    """Goes through a body as control does, knowing more behind each condition."""

    def __init__(self, sources: Sources, findings: Findings, *, guard: bool) -> None:
        self.sources = sources
        self.findings = findings
        self.guard = guard

    def block(self, block: core.Block, known: Knowledge) -> Knowledge:
        """What is known at its end."""
        for statement in block.statements:
            known = self.statement(statement, known)
        return known

    def statement(self, statement: core.Statement, known: Knowledge) -> Knowledge:
        """What is known after it."""
        match statement:
            case core.Let(_, name, value):
                self.inside(value, known)
                return known.with_local(name, value)
            case core.Require(_, condition):
                self.condition(condition, known, required=True)
                return known.learnt(condition, True)
            case core.If(_, test, then, orelse, phis):
                return self._if(test, then, orelse, phis, known)
            case core.Switch(_, subject, cases, default):
                self.inside(subject, known)
                for body in (*(case.body for case in cases), *((default,) if default is not None else ())):
                    self.block(body, known)
            case core.Loop(_, _, over, _, _, body):
                self.inside(over, known)
                self.block(body, known)
            case core.Return(_, value):
                if not self.guard:
                    self.inside(value, known)
                elif known.truth(value) is not False:  # a clause that never applies is told of as such
                    self.condition(value, known)
            case _:
                for expr in _expressions(statement):
                    self.inside(expr, known)
        return known

    def _if(self, test: core.Expr, then: core.Block, orelse: core.Block, phis: tuple[core.Phi, ...],
            known: Knowledge) -> Knowledge:  # fmt: skip
        self.condition(test, known)
        held, failed = self.block(then, known.learnt(test, True)), self.block(orelse, known.learnt(test, False))
        after = known
        if _leaves(then):
            after = known.learnt(test, False)
        elif _leaves(orelse):
            after = known.learnt(test, True)
        for phi in phis:
            ends = [k.interval(v) for k, v in zip((held, failed), phi.values, strict=True) if v is not None]
            if ends:
                whole = ends[0] if len(ends) == 1 else hull(*ends)
                after = replace(after, numbers={**after.numbers, ("local", phi.name): whole})
        return after

    def condition(self, condition: core.Expr, known: Knowledge, *, required: bool = False) -> None:
        """Report a condition if it is known; else the parts of it that are."""
        truth = known.truth(condition)
        written = self.sources.text(condition.span).strip()
        if truth is not None and not (written in ("true", "false") and not (required and truth)):
            self._tell(condition.span, truth)
            return
        if isinstance(condition, core.And | core.Or):
            for part in chain(condition):
                self.condition(part, known)
                known = known.learnt(part, isinstance(condition, core.And))
        elif isinstance(condition, core.Not):
            self.condition(condition.operand, known)
        else:
            self.inside(condition, known)

    def inside(self, expr: core.Expr, known: Knowledge) -> None:
        """Report the conditions within a value."""
        if isinstance(expr, core.And | core.Or):
            self.condition(expr, known)
            return
        if isinstance(expr, core.Cond):
            self.condition(expr.test, known)
            self.inside(expr.then, known.learnt(expr.test, True))
            self.inside(expr.orelse, known.learnt(expr.test, False))
            return
        for part in _expressions(expr):
            self.inside(part, known)

    def _tell(self, span: Span, truth: bool) -> None:
        if span.source < 0 or span.start == span.end:
            return
        word, code = ("true", "CCL0710") if truth else ("false", "CCL0711")
        self.findings.warning(
            code, span, f"this is always {word}", label="it decides nothing",
            notes=("It follows from the ranges that are declared and from what is asked before it.",),
        )  # fmt: skip


def _expressions(node: core.Expr | core.Statement) -> Iterable[core.Expr]:
    return [part for part in parts(node) if isinstance(part, core.Expr)]


def _leaves(block: core.Block) -> bool:
    """Whether control never reaches a block's end."""
    return bool(block.statements) and isinstance(
        block.statements[-1], core.Return | core.Refuse | core.Trap | core.Break | core.Continue
    )
