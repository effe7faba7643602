"""What `ccl prove` and `ccl diff` answer, as data: it can be made into words, into JSON, and sent between processes.

The five answers to a property are kept apart: proved; proved up to a number of items or rounds; a counterexample, as a
story; unknown, with the reason; accepted, a counterexample that the contract names and accepts. Of two versions of the
rules for a command, one allows what the other does, less, more, both, or it is unknown.

It knows no solver.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ccl.source import NOWHERE, Span


class Verdict(StrEnum):
    """What is known of a property."""

    PROVED = "proved"
    BOUNDED = "proved up to"
    BROKEN = "counterexample"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"


class Relation(StrEnum):
    """How the new rules for a command stand to the old ones."""

    EQUIVALENT = "equivalent"
    STRICTER = "stricter"
    LOOSER = "looser"
    INCOMPARABLE = "incomparable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one property of one thing.

    name: of the property; subject: what it is said of ("proposal Budget", "clause 4.2"); whom: its electorate, in
    words. bounds: of "proved up to". story: of a counterexample, sentences; values: its numbers by name. reason: of an
    unknown, or why it was accepted. assumes: what it relies on. fix: how to mend it, if that is known.
    """

    name: str
    subject: str
    verdict: Verdict
    text: str = ""
    whom: str = ""
    bounds: tuple[str, ...] = ()
    story: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    assumes: tuple[str, ...] = ()
    fix: str = ""
    span: Span = NOWHERE

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        span = None if self.span.source < 0 else list(self.span)
        return {
            "property": self.name, "subject": self.subject, "answer": self.verdict.value, "text": self.text,
            "electorate": self.whom, "bounds": list(self.bounds), "story": list(self.story),
            "values": dict(self.values), "reason": self.reason, "assumes": list(self.assumes), "fix": self.fix,
            "span": span,
        }  # fmt: skip

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Answer:
        """Back from JSON."""
        return cls(
            data["property"], data["subject"], Verdict(data["answer"]), data["text"], data["electorate"],
            tuple(data["bounds"]), tuple(data["story"]), data["values"], data["reason"], tuple(data["assumes"]),
            data["fix"], NOWHERE if data["span"] is None else Span(*data["span"]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Witness:
    """A case in which two versions differ: what is asked and how things stand, and what either version says to it."""

    case: tuple[str, ...]
    old: str
    new: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"case": list(self.case), "old": self.old, "new": self.new, "values": dict(self.values)}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Witness:
        """Back from JSON."""
        return cls(tuple(data["case"]), data["old"], data["new"], data["values"])


@dataclass(frozen=True, slots=True)
class Change:
    """How the rules for one thing differ. kind: "command", "proposal", "parameter", "state", "action" or "role".

    witnesses: of stricter one that is refused now, of looser one that is allowed now, of incomparable both. bounds: up
    to what that was looked at, if not to all. reason: of an unknown; notes: what else there is to say.
    """

    kind: str
    name: str
    relation: Relation
    witnesses: tuple[Witness, ...] = ()
    bounds: tuple[str, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "kind": self.kind, "name": self.name, "relation": self.relation.value,
            "witnesses": [w.data() for w in self.witnesses], "bounds": list(self.bounds), "reason": self.reason,
            "notes": list(self.notes),
        }  # fmt: skip

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Change:
        """Back from JSON."""
        return cls(
            data["kind"], data["name"], Relation(data["relation"]), tuple(Witness.of(w) for w in data["witnesses"]),
            tuple(data["bounds"]), data["reason"], tuple(data["notes"]),
        )  # fmt: skip
