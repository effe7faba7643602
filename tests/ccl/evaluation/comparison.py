"""Runs a generated case on both back ends and says where they differ; also which parts of the language it reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ccl import core, cost, interpret
from ccl.compile import compiled
from ccl.evaluation import Outcome

from .programs import Case

TIGHT = 2_000
"""Fuel for a program whose worst case is unknown or great."""


def limit_of(case: Case) -> int | None:
    """Which fuel a case runs with: sometimes so little that it may not suffice."""
    most = cost.worst(case.program, "main").at()
    if case.seed % 3 == 0:
        return 40 + case.seed % 300
    return None if most is not None and most <= 100_000 else TIGHT


def reference(case: Case) -> Outcome:
    """What the interpreter says."""
    return interpret.run(case.program, "main", case.args, case.world, fuel=limit_of(case))


def differences(case: Case, expected: Outcome, compile_: Callable[[core.Program], Any] = compiled) -> list[str]:
    """Where the compiler says something else: in its general form, and as a clause where the case has no limit."""
    limit = limit_of(case)
    program = compile_(case.program)
    found = []
    general = program.run("main", case.args, case.world, limit)
    if general != expected:
        found.append(f"seed {case.seed}, general: {general} for {expected}")
    if limit is None and not case.args:
        clause = program.clause("main")
        shown = program.outcome("main", clause(case.world))
        if shown != expected:
            found.append(f"seed {case.seed}, clause: {shown} for {expected}")
    return found


@dataclass
class Reached:
    """What evaluations went through."""

    nodes: set[type] = field(default_factory=set)
    ops: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    traps: set[str] = field(default_factory=set)
    ends: dict[str, int] = field(default_factory=dict)

    def ended(self, outcome: Outcome) -> None:
        """Count how one ended."""
        end = "refusal" if outcome.refusal else "trap" if outcome.trap else "value"
        self.ends[end] = self.ends.get(end, 0) + 1
        if outcome.trap:
            self.traps.add(outcome.trap.code)


@contextmanager
def watching() -> Iterator[Reached]:
    """Note each node that the interpreter evaluates to its end."""
    reached = Reached()
    tables: tuple[dict[Any, Any], ...] = (interpret._EXPRESSIONS, interpret._STATEMENTS)
    before = [dict(table) for table in tables]

    def watched(act: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def evaluate(of: Any, node: Any) -> Any:
            reached.nodes.add(type(node))
            value = act(of, node)
            if isinstance(node, core.Op):
                reached.ops.add(node.op)
            elif isinstance(node, core.Comprehension):
                reached.kinds.add(node.kind)
            return value

        return evaluate

    for table in tables:
        for node, act in list(table.items()):
            table[node] = watched(act)
    yield reached
    for table, kept in zip(tables, before, strict=True):
        table.update(kept)
