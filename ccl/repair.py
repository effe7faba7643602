"""Mending a text by the fixes that its diagnostics bring, round after round, until none is left.

A fix is applied whole or not at all, and in one round only fixes whose edits do not touch each other; the next round
looks again. Rounds are bounded, and a text that comes back ends them, so two fixes that undo each other do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ccl.diagnostics import Diagnostic, Edit, Fix

MOST_ROUNDS = 32


@dataclass(frozen=True, slots=True)
class Mended:
    """What came of it. applied: code and title of each fix, in order; rounds: how often the text was looked at."""

    text: str
    applied: tuple[tuple[str, str], ...]
    rounds: int


def mended(text: str, look: Callable[[str], Iterable[Diagnostic]], *, dialect: bool = False) -> Mended:
    """Apply what a machine may. look: the diagnostics of a text, only those of that text itself.

    dialect: also fixes that follow what the dialect of the Rust ICN means.
    """
    applied: list[tuple[str, str]] = []
    seen = {text}
    rounds = 0
    while rounds < MOST_ROUNDS:
        rounds += 1
        chosen = chosen_fixes(look(text), dialect=dialect)
        if not chosen:
            break
        after = with_edits(text, [edit for _, fix in chosen for edit in fix.edits])
        applied += [(code, fix.title) for code, fix in chosen]
        text = after
        if text in seen:
            break
        seen.add(text)
    return Mended(text, tuple(applied), rounds)


def chosen_fixes(diagnostics: Iterable[Diagnostic], *, dialect: bool = False) -> list[tuple[str, Fix]]:
    """Of each diagnostic the first fix that may be applied, left to right, without those that touch an earlier one."""
    offered = [
        (min(edit.span.start for edit in fix.edits), diagnostic.code, fix)
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
    """Whether two edits are at one place: what they replace overlaps, or both insert at the same point."""
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
