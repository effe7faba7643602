"""Diagnostics: what is wrong with a source, where, why, and how to mend it.

A diagnostic has a stable code from the catalogue (`ccl.catalogue`), a message, labelled spans (the first is the
primary one), notes, and fixes. A fix is a list of edits; `applicable` says whether a machine may apply it without
asking. Rendering for people and for machines is in `ccl.report`; this module is data only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ccl.frozen import frozen
from ccl.source import Span

MOST_SHOWN = 100
"""After so many errors the rest are counted, not shown."""


class Severity(StrEnum):
    """How much it matters: an error stops, a warning and a hint do not."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@frozen
class Label:
    """A span and what is to be said there; the text may be empty for the primary one."""

    span: Span
    text: str = ""


@frozen
class Edit:
    """Replace a span by a text; an empty span inserts."""

    span: Span
    text: str


@frozen
class Fix:
    """A way to mend it: a title such as "add `mut`", and the edits. `applicable`: what it makes is certainly meant."""

    title: str
    edits: tuple[Edit, ...]
    applicable: bool = True
    dialect: bool = False
    """Whether `ccl fix --from icn-core` is what applies it: it follows what that dialect means."""


@frozen
class Diagnostic:
    """One finding. code: "CCL0123". labels: at least one, the first where it is."""

    code: str
    message: str
    labels: tuple[Label, ...]
    notes: tuple[str, ...] = ()
    fixes: tuple[Fix, ...] = ()
    severity: Severity = Severity.ERROR

    @property
    def span(self) -> Span:
        """Where it is."""
        return self.labels[0].span


@dataclass(slots=True)
class Findings:
    """Collects diagnostics in the order found; the same code at the same place is kept once.

    dialect: also told is what means something else in the dialect of the Rust ICN, for `ccl fix --from icn-core`.
    """

    all: list[Diagnostic] = field(default_factory=list)
    dialect: bool = False
    _seen: set[tuple[str, Span]] = field(default_factory=set)

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic."""
        key = (diagnostic.code, diagnostic.span)
        if key not in self._seen:
            self._seen.add(key)
            self.all.append(diagnostic)

    def error(self, code: str, span: Span, message: str, *, label: str = "", also: tuple[Label, ...] = (),
              notes: tuple[str, ...] = (), fixes: tuple[Fix, ...] = ()) -> None:  # fmt: skip
        """Keep an error whose primary label is at `span`."""
        self.add(Diagnostic(code, message, (Label(span, label), *also), notes, fixes))

    def warning(self, code: str, span: Span, message: str, *, label: str = "", also: tuple[Label, ...] = (),
                notes: tuple[str, ...] = (), fixes: tuple[Fix, ...] = ()) -> None:  # fmt: skip
        """Keep a warning."""
        self.add(Diagnostic(code, message, (Label(span, label), *also), notes, fixes, Severity.WARNING))

    def mark(self) -> int:
        """Where things stand, to go back to with `rewind`."""
        return len(self.all)

    def rewind(self, mark: int) -> None:
        """Forget what has been told since: the attempt it speaks of is given up."""
        for diagnostic in self.all[mark:]:
            self._seen.discard((diagnostic.code, diagnostic.span))
        del self.all[mark:]

    @property
    def crowded(self) -> bool:
        """Whether there is so much that nobody reads the rest: no further need to look for what was meant."""
        return len(self.all) > MOST_SHOWN

    @property
    def failed(self) -> bool:
        """Whether there is an error."""
        return any(d.severity is Severity.ERROR for d in self.all)

    def sorted(self) -> list[Diagnostic]:
        """By source and place."""
        return sorted(self.all, key=lambda d: (d.span.source, d.span.start, d.span.end, d.code))
