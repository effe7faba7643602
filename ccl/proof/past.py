"""Decisions of the past that other rules would have decided otherwise, played again one by one.

Whoever has recorded what was judged (a node, from its log) gives each judgement with its world; nothing is solved here,
both versions judge, and where they differ the two verdicts stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ccl import core
from ccl.host import Host, World
from ccl.rulebook import Rulebook, Ruling, Verdict


@dataclass(frozen=True, slots=True)
class PastDecision:
    """Something that was judged: a label by which people know it (an event's CID), the command, its unit, the world."""

    label: str
    name: str
    world: World
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One that would now be decided otherwise."""

    decision: PastDecision
    old: Verdict
    new: Verdict


def would_differ(old: core.Program, new: core.Program, host: Host,
                 decisions: Iterable[PastDecision]) -> Iterator[Difference]:  # fmt: skip
    """Those that the two versions decide differently: one permits and the other does not, or asks other approvals."""
    before, after = Rulebook(old, host), Rulebook(new, host)
    for decision in decisions:
        was = before.judge(decision.name, decision.world, decision.unit)
        would = after.judge(decision.name, decision.world, decision.unit)
        if _kind(was) != _kind(would):
            yield Difference(decision, was, would)


def _kind(verdict: Verdict) -> tuple[bool, tuple[core.Approval, ...]]:
    return verdict.permitted, tuple(a for _, a in verdict.approvals) if verdict.ruling is Ruling.APPROVALS else ()
