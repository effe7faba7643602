"""What a symbolic run comes by: traps, refusals, cuts, commands and comparisons, each with when it happens.

Data only; conditions are terms, or True and False where they are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ccl import core, types
from ccl.source import Span


@dataclass(frozen=True, slots=True)
class Limits:
    """How far is looked. rounds: of a loop whose number of rounds is not known. largest: rounds or items of what is
    known. steps: nodes walked in all, after which the question is too large."""

    rounds: int = 8
    largest: int = 64
    steps: int = 100_000


@dataclass(frozen=True, slots=True)
class TrapCase:
    """A trap and when it happens. codes: as which it may come; of one operation that is not looked into, several."""

    when: Any
    codes: tuple[str, ...]
    function: str
    span: Span


@dataclass(frozen=True, slots=True)
class RefusalCase:
    """A requirement that fails, and when."""

    when: Any
    function: str
    number: int


@dataclass(frozen=True, slots=True)
class Cut:
    """What was not looked at: when, where, and up to what it was."""

    when: Any
    span: Span
    bound: str


@dataclass(frozen=True, slots=True)
class CommandCase:
    """A command that an action asks for, and when."""

    when: Any
    name: str
    fields: tuple[tuple[str, types.Type, Any], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Bound:
    """A `require` that compares: the two sides as terms, for properties of the limits that clauses set."""

    when: Any
    function: str
    comparison: core.Op
    left: Any
    right: Any
