"""How much of a contract its tests reach, by condition: each atom of each condition seen true and seen false.

An atom is a part of a condition that `and`, `or` and `not` join: of a `require`, an `if`, a guard. Besides, each clause
should have permitted and, if it can, refused, and each exception should have been used. So a line that a test passes
through is not covered yet; one whose every condition has decided both ways is (after DO-178C's condition coverage).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ccl import core
from ccl import types as t
from ccl.evaluation import Outcome
from ccl.rulebook import cited
from ccl.source import Sources, Span


@dataclass(frozen=True, slots=True)
class Goal:
    """Something that a test should have seen. what: in words; met: whether one did."""

    span: Span
    what: str
    met: bool


@dataclass
class Coverage:
    """Takes notes while tests run. own: the sources that count; a base has tests of its own."""

    program: core.Program
    sources: Sources
    own: frozenset[int]
    seen: dict[int, set[bool]] = field(default_factory=dict)
    ended: dict[str, set[bool]] = field(default_factory=dict)
    atoms: list[core.Expr] = field(default_factory=list)

    def __post_init__(self) -> None:
        stated = {function for _, function in self.program.properties}
        guards = {clause.guard for clause in self.program.clauses} | {t.guard for t in self.program.triggers}
        for name, function in self.program.functions.items():
            if name not in stated and function.span.source in self.own:
                self.atoms += _atoms(function, whole=name in guards)
        self.seen = {id(atom): set() for atom in self.atoms}

    def observe(self, expr: core.Expr, value: Any) -> None:
        """Note what an atom came to."""
        seen = self.seen.get(id(expr))
        if seen is not None:
            seen.add(value)

    def ran(self, function: str, outcome: Outcome) -> None:
        """Note how a function ended; a trap is neither."""
        if outcome.trap is None:
            self.ended.setdefault(function, set()).add(outcome.refusal is None)

    def goals(self) -> list[Goal]:
        """All that there was to see, by place."""
        goals = [goal for atom in self.atoms for goal in self._both(atom)]
        for clause in self.program.clauses:
            if clause.span.source in self.own:
                goals += self._clause(clause)
        return sorted(goals, key=lambda goal: (goal.span, goal.what))

    def _both(self, atom: core.Expr) -> Iterator[Goal]:
        text = " ".join(self.sources.text(atom.span).split())
        for wanted in (True, False):
            yield Goal(atom.span, f"`{text}` {'true' if wanted else 'false'}", wanted in self.seen[id(atom)])

    def _clause(self, clause: core.Clause) -> Iterator[Goal]:
        body = self.program.functions[clause.body]
        ended = self.ended.get(clause.body, set())
        name = f"the exception to {clause.replaces}" if clause.replaces else f"clause {cited(clause)}"
        if clause.replaces:
            yield Goal(clause.span, f"{name} used", bool(ended))
        if _can_permit(body.body):
            yield Goal(clause.span, f"{name} permits", True in ended)
        if "refuse" in body.effects:
            yield Goal(clause.span, f"{name} refuses", False in ended)


def percent(goals: list[Goal]) -> int:
    """The part that was met, rounded down; all of nothing."""
    return 100 if not goals else 100 * sum(goal.met for goal in goals) // len(goals)


def by_line(goals: list[Goal], sources: Sources) -> Mapping[tuple[str, int], list[Goal]]:
    """The goals of each line of each source, in order."""
    lines: dict[tuple[str, int], list[Goal]] = {}
    for goal in goals:
        source = sources[goal.span.source]
        lines.setdefault((source.name, source.place(goal.span.start)[0]), []).append(goal)
    return lines


def _atoms(function: core.Function, *, whole: bool) -> Iterator[core.Expr]:
    """The atoms of a function's conditions; of a guard its result is one. Each place once."""
    places: set[Span] = set()
    for condition in _conditions(function.body, whole):
        for leaf in leaves(condition):
            if leaf.span.source >= 0 and leaf.span not in places:
                places.add(leaf.span)
                yield leaf


def leaves(condition: core.Expr) -> Iterator[core.Expr]:
    """What `and`, `or` and `not` join, but for what is known beforehand."""
    todo = [condition]
    while todo:
        at = todo.pop()
        if isinstance(at, core.And | core.Or):
            todo += [at.right, at.left]
        elif isinstance(at, core.Not):
            todo.append(at.operand)
        elif not isinstance(at, core.Const | core.Local):
            yield at


def _conditions(node: object, whole: bool) -> Iterator[core.Expr]:
    """What decides: of requirements, branches, conditional expressions; all Bools that are joined; a guard's result."""
    todo: list[object] = [node]
    while todo:
        at = todo.pop()
        if isinstance(at, core.Require):
            yield at.condition
        elif isinstance(at, core.If | core.Cond):
            yield at.test
        elif isinstance(at, core.Return) and whole and at.value.type == t.BOOL:
            yield at.value
        elif isinstance(at, core.And | core.Or):
            yield at
        elif isinstance(at, core.Comprehension) and at.kind in ("any", "all", "filter", "find", "count"):
            yield at.body
        todo.extend(reversed(parts(at)))


def parts(node: object) -> list[object]:
    """The expressions, statements and blocks right below one, in order."""
    if not dataclasses.is_dataclass(node) or isinstance(node, type | t.Type):
        return []
    found: list[object] = []
    waiting = [getattr(node, f.name) for f in reversed(dataclasses.fields(node)) if f.name not in ("type", "span")]
    while waiting:
        held = waiting.pop()
        if isinstance(held, core.Expr | core.Statement | core.Block | core.Case | core.Phi | core.Carried):
            found.append(held)
        elif isinstance(held, tuple):
            waiting.extend(reversed(held))
    return found


def _can_permit(block: core.Block) -> bool:
    """Whether a body can end without refusing: not one that always says `deny`."""
    return not any(
        isinstance(s, core.Refuse | core.Trap) or (isinstance(s, core.Require) and _never(s.condition))
        for s in block.statements
    )


def _never(condition: core.Expr) -> bool:
    return isinstance(condition, core.Const) and condition.value is False
