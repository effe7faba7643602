"""Mending texts by the fixes that their diagnostics bring, round after round, until none is left.

A fix is applied whole or not at all, and in one round only fixes whose edits do not touch each other; the next round
looks again. Rounds are bounded, and texts that come back end them, so two fixes that undo each other do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ccl.diagnostics import Diagnostic, Edit, Fix

MOST_ROUNDS = 32


@dataclass(frozen=True, slots=True)
class Applied:
    """A fix that was applied: for which code, what it did, in which text."""

    code: str
    title: str
    source: int


@dataclass(frozen=True, slots=True)
class Mended:
    """What came of it: the texts in order, what was applied, and how often they were looked at."""

    texts: tuple[str, ...]
    applied: tuple[Applied, ...]
    rounds: int


def mended(
    texts: Sequence[str], look: Callable[[Sequence[str]], Iterable[Diagnostic]], *, dialect: bool = False
) -> Mended:
    """Apply what a machine may. look: the diagnostics of texts; `Span.source` is an index of them.

    dialect: also fixes that follow what the dialect of the Rust ICN means.
    """
    now = tuple(texts)
    applied: list[Applied] = []
    seen = {now}
    rounds = 0
    while rounds < MOST_ROUNDS:
        rounds += 1
        chosen = chosen_fixes(look(now), dialect=dialect)
        if not chosen:
            break
        edits = [edit for _, fix in chosen for edit in fix.edits]
        now = tuple(with_edits(text, [e for e in edits if e.span.source == i]) for i, text in enumerate(now))
        applied += [Applied(code, fix.title, fix.edits[0].span.source) for code, fix in chosen]
        if now in seen:
            break
        seen.add(now)
    return Mended(now, tuple(applied), rounds)


def chosen_fixes(diagnostics: Iterable[Diagnostic], *, dialect: bool = False) -> list[tuple[str, Fix]]:
    """Of each diagnostic the first fix that may be applied, left to right, without those that touch an earlier one."""
    offered = [
        (min(edit.span for edit in fix.edits), diagnostic.code, fix)
        for diagnostic in diagnostics
        if (fix := next((f for f in diagnostic.fixes if _may(f, dialect)), None)) is not None
    ]
    taken: list[Edit] = []
    chosen: list[tuple[str, Fix]] = []
    for _, code, fix in sorted(offered, key=lambda offer: offer[0]):
        if not any(_touch(a, b) for a in fix.edits for b in taken):
            chosen.append((code, fix))
            taken += fix.edits
    return chosen


def _may(fix: Fix, dialect: bool) -> bool:
    return fix.applicable and bool(fix.edits) and (dialect or not fix.dialect)


def _touch(a: Edit, b: Edit) -> bool:
    """Whether two edits are at one place: what they replace overlaps, or one inserts where the other is at work."""
    if a.span.source != b.span.source:
        return False
    if a.span.start == a.span.end or b.span.start == b.span.end:
        return a.span.start <= b.span.end and b.span.start <= a.span.end
    return a.span.start < b.span.end and b.span.start < a.span.end


def with_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits that do not touch each other."""
    for edit in sorted(edits, key=lambda e: (e.span.start, e.span.end), reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text
