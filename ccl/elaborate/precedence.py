"""Which of several exceptions to one clause goes first: as stated with `before`, or seen never to meet.

Where neither tells two exceptions apart, what is allowed would depend on the order in which somebody happened to write
them; that is an error, and the author says which goes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ccl import core, disjoint
from ccl.diagnostics import Label
from ccl.elaborate.contract import Contract
from ccl.source import Span
from ccl.syntax import tree

MOST_COMPARISONS = 50_000
"""Ways in which guards can hold, compared with each other in one contract; after that none is seen to be apart."""
MOST_EXCEPTIONS = 100
"""Exceptions to one clause."""


class Excepting(NamedTuple):
    """An exception, as it was written, and the ways in which its guard can hold (None: nothing is certain)."""

    clause: core.Clause
    head: tree.ClauseDecl
    ways: disjoint.Ways


@dataclass
class Precedence:
    """Checks the exceptions to each clause. compared: how many comparisons have been made."""

    contract: Contract
    compared: int = 0

    def check(self, replaced: str, exceptions: Sequence[Excepting]) -> None:
        """Of any two exceptions to a clause, one goes before the other, or they never meet. Errors: CCL0355-0361."""
        if len(exceptions) > MOST_EXCEPTIONS:
            self.contract.findings.error(
                "CCL0361", head_span(exceptions[MOST_EXCEPTIONS].head),
                f"`{replaced}` has more than {MOST_EXCEPTIONS} exceptions", label="one too many",
                notes=("what has so many exceptions is another rule: write several clauses, each with its guard",),
            )  # fmt: skip
            return
        numbers = {e.clause.number for e in exceptions if e.clause.number}
        for exception in exceptions:
            self._known(exception, replaced, numbers)
        after = _followers([e.clause for e in exceptions])
        if self._circle(exceptions, after):
            return
        ahead = [{n for b in e.clause.before for n in (b, *after.get(b, ()))} for e in exceptions]
        for at, second in enumerate(exceptions):
            for place, first in enumerate(exceptions[:at]):
                if second.clause.number in ahead[place] or first.clause.number in ahead[at]:
                    continue
                if not self._apart(first.ways, second.ways):
                    self._unordered(replaced, first.head, second.head)
                    break

    def _apart(self, first: disjoint.Ways, second: disjoint.Ways) -> bool:
        if first is None or second is None:
            return False
        self.compared += len(first) * len(second)
        return self.compared <= MOST_COMPARISONS and disjoint.apart(first, second)

    def _known(self, exception: Excepting, replaced: str, numbers: set[str]) -> None:
        """What it goes before must be an exception to the same clause."""
        for cited in exception.head.before:
            if cited.value not in numbers:
                near = self.contract.near(cited.value, numbers)
                self.contract.findings.error(
                    "CCL0357", cited.span, f"`{cited.value}` is no exception to `{replaced}`",
                    label=f"did you mean `{near}`?" if near else "it goes before another exception to the same clause",
                    notes=(f'an exception gets a number with `as`: `exception to "{replaced}" as "{replaced}.1"`',),
                )  # fmt: skip

    def _circle(self, exceptions: Sequence[Excepting], after: dict[str, set[str]]) -> bool:
        """Whether exceptions go before each other in a circle (told)."""
        by_number = {e.clause.number: e.clause for e in exceptions if e.clause.number}
        for clause, head, _ in exceptions:
            if clause.number and clause.number in after.get(clause.number, ()):
                path = _path(clause.number, by_number)
                self.contract.findings.error(
                    "CCL0356", head.before[0].span, f"these go before each other: {' -> '.join(path)}",
                    label="take one `before` away",
                )  # fmt: skip
                return True
        return False

    def _unordered(self, replaced: str, first: tree.ClauseDecl, second: tree.ClauseDecl) -> None:
        note = f'give it a number (`exception to "{replaced}" as "{replaced}.2"`), and name it with `before`'
        if second.number is not None:
            note = f'write `before "{second.number.value}"` in the other, or guards that cannot hold together'
        self.contract.findings.error(
            "CCL0355", head_span(second), f"two exceptions to `{replaced}` may hold at once: which goes first?",
            label="this one", also=(Label(head_span(first), "and this one"),), notes=(note,),
        )  # fmt: skip


def head_span(decl: tree.ClauseDecl) -> Span:
    """Where a clause says which it is."""
    if decl.number is not None:
        return decl.number.span
    if decl.replaces is not None:
        return decl.replaces.span
    return decl.span if decl.name is None else decl.name.span


def _followers(exceptions: Sequence[core.Clause]) -> dict[str, set[str]]:
    """By an exception's number, all that it goes before, directly or through others."""
    direct = {c.number: set(c.before) for c in exceptions if c.number}
    found: dict[str, set[str]] = {}
    for number, first in direct.items():
        reached: set[str] = set()
        pending = list(first)
        while pending:
            one = pending.pop()
            if one not in reached:
                reached.add(one)
                pending += direct.get(one, ())
        found[number] = reached
    return found


def _path(number: str, by_number: dict[str, core.Clause]) -> list[str]:
    """A circle of `before` that begins and ends at that exception."""
    pending: list[tuple[str, list[str]]] = [(number, [number])]
    seen: set[str] = set()
    while pending:
        one, path = pending.pop()
        for following in by_number[one].before if one in by_number else ():
            if following == number:
                return [*path, number]
            if following not in seen:
                seen.add(following)
                pending.append((following, [*path, following]))
    return [number, number]
