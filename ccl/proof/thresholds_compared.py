"""Types of decision in two versions: whether a motion passes more easily now, of one and the same ballots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ccl import core, thresholds
from ccl.host import Host
from ccl.proof import votes
from ccl.proof.answers import Change, Relation, Witness
from ccl.proof.solving import Effort, Example, Never, Unsure, ask
from ccl.proof.symbols import Shapes, Symbols
from ccl.proof.terms import both, negation
from ccl.thresholds import Counts

_SAID = {
    thresholds.ACCEPTED: "passes",
    thresholds.REJECTED: "is rejected",
    thresholds.INQUORATE: "does not pass: too few took part",
}
_FIELDS = {
    "eligible": "who may vote", "duration_ms": "how long voting lasts", "fields": "what is proposed",
    "veto": "who has a veto", "phases_ms": "the phases", "ballot": "the kind of ballot", "sponsors": "the co-sponsors",
    "delegation": "whether votes may be delegated", "early": "whether voting may end early",
}  # fmt: skip
"""Parts of a type of decision that have no formula, in words."""


def proposals(old: core.Program, new: core.Program, host: Host, effort: Effort | None = None) -> Iterator[Change]:
    """Every type of decision that differs."""
    before, after = {p.name: p for p in old.proposals}, {p.name: p for p in new.proposals}
    for name in sorted(before.keys() | after.keys()):
        a, b = before.get(name), after.get(name)
        if a is None:
            yield Change("proposal", name, Relation.LOOSER, notes=("It is a new type of decision.",))
        elif b is None:
            yield Change("proposal", name, Relation.STRICTER, notes=("There is no such type of decision any more.",))
        else:
            change = _compared(new, host, a, b, effort)
            if change is not None:
                yield change


def _compared(program: core.Program, host: Host, a: core.Proposal, b: core.Proposal,
              effort: Effort | None) -> Change | None:  # fmt: skip
    notes = tuple(f"Changed: {words}." for field, words in _FIELDS.items() if getattr(a, field) != getattr(b, field))
    if _rule(a) == _rule(b):
        relation = Relation.EQUIVALENT if a.eligible == b.eligible else Relation.UNKNOWN
        return Change("proposal", a.name, relation, notes=notes) if notes else None
    witnesses: list[Witness] = []
    found: list[Any] = []
    for first, second in ((a, b), (b, a)):
        symbols = Symbols(Shapes(program.structs, program.enums), host)
        counts, facts = _counts(a, b)
        symbols.axioms += facts
        what = both(votes.passes(first, counts), negation(votes.passes(second, counts)))
        answer = ask(symbols, what, effort=effort, prefer=[counts.electors == 10])
        found.append(answer)
        if isinstance(answer, Example):
            witnesses.append(_witness(a, b, votes.numbers(answer, counts)))
    unsure = next((f.reason for f in found if isinstance(f, Unsure)), "")
    if unsure:
        return Change("proposal", a.name, Relation.UNKNOWN, tuple(witnesses), reason=unsure, notes=notes)
    relation = {
        (True, True): Relation.EQUIVALENT, (False, True): Relation.STRICTER, (True, False): Relation.LOOSER,
        (False, False): Relation.INCOMPARABLE,
    }[isinstance(found[0], Never), isinstance(found[1], Never)]  # fmt: skip
    if a.eligible != b.eligible:
        return Change("proposal", a.name, Relation.UNKNOWN, tuple(witnesses), notes=notes, reason="others may vote now")
    return Change("proposal", a.name, relation, tuple(witnesses), notes=notes)


def _rule(p: core.Proposal) -> tuple[Any, ...]:
    """What `ccl.thresholds` goes by."""
    return p.threshold, p.quorum, p.quorum_base, p.quorum_strict, p.quorum_classes, p.veto


def _counts(a: core.Proposal, b: core.Proposal) -> tuple[Counts, list[Any]]:
    """One vote for both, with the classes of either."""
    one, other = votes.symbolic(a, 1), votes.symbolic(b, 1)
    classes = {**one.counts.classes, **other.counts.classes}
    counts = one.counts
    return Counts(counts.yes, counts.no, counts.abstain, counts.electors, classes), [*one.facts, *other.facts]


def _witness(a: core.Proposal, b: core.Proposal, counts: Counts) -> Witness:
    case = (f"{votes.with_members(counts)}, {votes.ballots(counts)}.",)
    old, new = (f"the motion {_SAID[thresholds.outcome(p, counts)]}" for p in (a, b))
    return Witness(case, old, new, votes.data(counts))
