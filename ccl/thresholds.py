"""When a vote passes: the formulas of quorum and threshold, once, in exact integer arithmetic.

The same formulas are used on numbers (a host that counts) and on terms of a solver (`ccl prove`): `conditions` uses
nothing but +, *, comparison and, where shares of several classes are added up, `at_least_one`, which has to be given
for terms. A vote passes iff every condition holds; if only a condition of the quorum fails it is inquorate, otherwise
rejected, so that no two of the three can be said of one count.

It knows no members and no ballots: what is counted are weights, which with one member one vote are people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ccl.core import Proposal, Threshold

ACCEPTED = "accepted"
REJECTED = "rejected"
INQUORATE = "inquorate"


@dataclass(frozen=True, slots=True)
class Counts:
    """The weight behind each answer, of all electors and, where the rules speak of classes, of each class.

    Numbers are ints, or integer terms of a solver. electors: the frozen electorate's weight, voting or not.
    """

    yes: Any
    no: Any
    abstain: Any
    electors: Any
    classes: Mapping[str, Counts] = field(default_factory=dict)

    @property
    def cast(self) -> Any:
        """For and against."""
        return self.yes + self.no

    @property
    def ballots(self) -> Any:
        """With abstentions."""
        return self.yes + self.no + self.abstain


def _at_least_one(number: Any) -> Any:
    return max(number, 1)


def _of(counts: Counts, name: str) -> Counts:
    """A class's counts; of a class that nobody belongs to nobody voted."""
    return counts.classes.get(name) or Counts(0, 0, 0, 0)


def _base(counts: Counts, base: str) -> Any:
    return {"cast": counts.cast, "ballots": counts.ballots, "electorate": counts.electors}[base]


def _reaches(part: Any, whole: Any, wanted: tuple[int, int], strict: bool) -> Any:
    """Whether part/whole is at least, or with `strict` more than, wanted, without division."""
    left, right = part * wanted[1], whole * wanted[0]
    return left > right if strict else left >= right


def approval(threshold: Threshold, counts: Counts, at_least_one: Callable[[Any], Any] = _at_least_one) -> list[Any]:
    """The conditions under which those for it are enough; all must hold. Nothing passes without a single yes."""
    if threshold.kind == "unanimous":
        return [counts.no == 0, counts.yes >= 1]
    if threshold.kind == "each":
        inner = threshold.inner or Threshold("part")
        return [held for name in threshold.classes for held in approval(inner, _of(counts, name), at_least_one)]
    if threshold.kind == "blend":
        return [_blend(threshold, counts, at_least_one), counts.yes >= 1]
    if threshold.kind != "part":
        message = f"no formula for a threshold of kind {threshold.kind!r}"
        raise ValueError(message)
    return [_reaches(counts.yes, _base(counts, threshold.base), threshold.part, threshold.strict), counts.yes >= 1]


def _blend(threshold: Threshold, counts: Counts, at_least_one: Callable[[Any], Any]) -> Any:
    """Each class's part for it, times the class's weight, added up. A class that gave no votes adds nothing."""
    rule = threshold.inner or threshold
    shares = []
    for name, weight in zip(threshold.classes, threshold.weights, strict=True):
        of = _of(counts, name)
        shares.append((weight, of.yes, at_least_one(_base(of, rule.base))))
    whole: Any = 1
    for (_, below), _, base in shares:
        whole = whole * below * base
    part: Any = 0
    for at, ((above, _), yes, _) in enumerate(shares):
        term = above * yes
        for other, ((_, below), _, base) in enumerate(shares):
            term = term * (base * below if other != at else 1)
        part = part + term
    return _reaches(part, whole, rule.part, rule.strict)


def quorum(proposal: Proposal, counts: Counts) -> list[Any]:
    """The conditions of the quorum; all must hold. Abstentions count as taking part."""
    if not proposal.quorum[0]:
        return []
    whose = [_of(counts, name) for name in proposal.quorum_classes]
    if not whose:
        whose = [counts if proposal.quorum_base in ("electorate", "members") else _of(counts, proposal.quorum_base)]
    return [_reaches(one.ballots, one.electors, proposal.quorum, proposal.quorum_strict) for one in whose]


def veto(proposal: Proposal, counts: Counts) -> list[Any]:
    """The condition that the class with a veto does not use it: more of it against than for."""
    if not proposal.veto:
        return []
    of = _of(counts, proposal.veto)
    return [of.no <= of.yes]


def conditions(proposal: Proposal, counts: Counts, at_least_one: Callable[[Any], Any] = _at_least_one) -> list[Any]:
    """All that must hold for the motion to pass."""
    return [
        *quorum(proposal, counts),
        *approval(proposal.threshold, counts, at_least_one),
        *veto(proposal, counts),
    ]


def passes(proposal: Proposal, counts: Counts) -> bool:
    """Whether the motion passes, of numbers."""
    return all(conditions(proposal, counts))


def outcome(proposal: Proposal, counts: Counts) -> str:
    """What is to be said of the vote, of numbers."""
    if not all(quorum(proposal, counts)):
        return INQUORATE
    return ACCEPTED if passes(proposal, counts) else REJECTED


def classes(proposal: Proposal) -> tuple[str, ...]:
    """The classes whose votes the rules count apart, each once, in the order written."""
    base = proposal.quorum_base
    named = [*proposal.threshold.classes, *proposal.quorum_classes]
    if proposal.veto:
        named.append(proposal.veto)
    if proposal.quorum[0] and base not in ("electorate", "members", "none", ""):
        named.append(base)
    return tuple(dict.fromkeys(named))
