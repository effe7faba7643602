"""The standard properties of votes, asked of every type of proposal with the formulas of `ccl.thresholds`.

A vote is its counts: of all electors and of each class that the rules speak of, those for it, against it, abstaining,
and those who do not vote. A class may overlap another; of every answer it holds no more than all together do. Where
electors have weights, the counts are weights, and the ballot that is added has one of the weights declared. Delegated
votes count as the votes of those who gave them: a delegate of many is many.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import z3

from ccl import core, thresholds
from ccl.host import Host
from ccl.proof import standard
from ccl.proof.answers import Answer, Verdict
from ccl.proof.solving import Effort, Example, Never, Unsure, ask
from ccl.proof.standard import Standard
from ccl.proof.story import count
from ccl.proof.symbols import Shapes, Symbols
from ccl.proof.terms import both, either, negation
from ccl.thresholds import Counts

SMALL_ELECTORATE = 8
"""What cannot be shown for every electorate is shown up to this many."""
ASSUMES = "a delegated vote counts as the vote of the member who gave it"


@dataclass(frozen=True, slots=True)
class _Vote:
    """Symbolic counts and what must hold of them."""

    counts: Counts
    facts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    """A property as a question: two counts, whether they break it, and how to tell it of numbers."""

    before: Counts
    after: Counts
    broken: Any
    facts: tuple[Any, ...]
    tell: Callable[[Counts, Counts], list[str]]


def at_least_one(term: Any) -> Any:
    """For terms, what `ccl.thresholds` divides by."""
    return z3.If(term >= 1, term, 1)


def passes(proposal: core.Proposal, counts: Counts) -> Any:
    """Whether a motion passes, of terms."""
    return both(*thresholds.conditions(proposal, counts, at_least_one))


def answers(program: core.Program, host: Host, electorates: Mapping[str, int],
            effort: Effort | None = None) -> list[Answer]:  # fmt: skip
    """All vote properties of all proposals. electorates: the least number of members, by property."""
    found = []
    for proposal in program.proposals:
        for which, build in _CASES.items():
            members = max(electorates.get(which.name, which.members), 1)
            found.append(_answer(program, host, proposal, which, build, members, effort))
    return found


def _answer(program: core.Program, host: Host, proposal: core.Proposal, which: Standard,
            build: Callable[[core.Program, core.Proposal, int], _Case], members: int,
            effort: Effort | None) -> Answer:  # fmt: skip
    case = build(program, proposal, members)
    whom = "whatever the number of members" if members == 1 else f"for members >= {members}"
    if proposal.eligible not in ("Member", "members"):
        whom = whom.replace("members", f"voters ({proposal.eligible})")
    base = Answer(
        which.name, f"proposal {proposal.name}", Verdict.UNKNOWN, which.text, whom, span=proposal.span,
        assumes=(ASSUMES,) if proposal.delegation else (),
    )  # fmt: skip
    symbols = Symbols(Shapes(program.structs, program.enums), host)
    symbols.axioms += case.facts
    electors = case.before.electors
    few = [electors == max(members, 5)]
    question = ask(symbols, case.broken, effort=effort, prefer=few)
    bounds: tuple[str, ...] = ()
    if isinstance(question, Unsure):
        most = max(SMALL_ELECTORATE, members + 2)
        symbols.axioms.append(electors <= most)
        question = ask(symbols, case.broken, effort=effort, prefer=few)
        bounds = (f"{most} voters",)
    if isinstance(question, Never):
        return replace(base, verdict=Verdict.BOUNDED if bounds else Verdict.PROVED, bounds=bounds)
    if isinstance(question, Unsure):
        return replace(base, reason=question.reason)
    return _told(proposal, which, case, question, base)


def _told(proposal: core.Proposal, which: Standard, case: _Case, found: Example, base: Answer) -> Answer:
    """The counterexample with its numbers, counted again without the solver."""
    before, after = (numbers(found, counts) for counts in (case.before, case.after))
    story = case.tell(before, after)
    if not story:
        return replace(base, reason="an example was found that does not stand up to counting")
    values = {"before": data(before), "after": data(after)}
    return replace(base, verdict=Verdict.BROKEN, story=tuple(story), fix=_fix(proposal, which), values=values)


def numbers(found: Example, counts: Counts) -> Counts:
    """Counts of an example as numbers."""
    number = found.reader.scalar
    return Counts(
        number(counts.yes), number(counts.no), number(counts.abstain), number(counts.electors),
        {name: numbers(found, of) for name, of in counts.classes.items()},
    )  # fmt: skip


def data(counts: Counts) -> dict[str, Any]:
    """Counts that are numbers, for a machine."""
    found = {"electors": counts.electors, "yes": counts.yes, "no": counts.no, "abstain": counts.abstain}
    return {**found, **{name: data(of) for name, of in counts.classes.items()}}


# -- votes -------------------------------------------------------------------------------------------------------------


def symbolic(proposal: core.Proposal, members: int, prefix: str = "") -> _Vote:
    """Counts of which nothing is known but that they are counts, of at least so many electors."""
    facts: list[Any] = []

    def counts(name: str) -> Counts:
        yes, no, abstain, electors = (z3.Int(f"{prefix}{name} {what}") for what in ("yes", "no", "abstain", "electors"))
        facts.extend([yes >= 0, no >= 0, abstain >= 0, electors >= yes + no + abstain, electors < 2**63])
        return Counts(yes, no, abstain, electors)

    whole = counts("all")
    classes = {name: counts(f"class {name}") for name in thresholds.classes(proposal)}
    for of in classes.values():
        facts += [of.yes <= whole.yes, of.no <= whole.no, of.abstain <= whole.abstain]
        facts.append(of.electors - of.ballots <= whole.electors - whole.ballots)
    facts.append(whole.electors >= members)
    return _Vote(Counts(whole.yes, whole.no, whole.abstain, whole.electors, classes), tuple(facts))


@dataclass(frozen=True, slots=True)
class _Voter:
    """One voter: the weight, and of which classes."""

    weight: Any
    member_of: Mapping[str, Any]
    facts: tuple[Any, ...]


def _weights(program: core.Program, proposal: core.Proposal) -> list[int]:
    """The weights that ballots on it can have."""
    names = {proposal.eligible, *thresholds.classes(proposal)}
    return sorted({e.weight for e in program.electorates if e.name in names})


def _heavy(program: core.Program, proposal: core.Proposal) -> bool:
    """Whether some votes weigh more than others."""
    return len(_weights(program, proposal)) > 1


def _voter(program: core.Program, proposal: core.Proposal) -> _Voter:
    # Where all weigh the same, parts of them are as with one vote each.
    weights = _weights(program, proposal) if _heavy(program, proposal) else [1]
    weight = weights[0] if len(weights) == 1 else z3.Int("the voter's weight")
    facts = () if len(weights) == 1 else (either(*(weight == w for w in weights)),)
    return _Voter(weight, {n: z3.Bool(f"the voter is of {n}") for n in thresholds.classes(proposal)}, facts)


def _moved(counts: Counts, voter: _Voter, source: str, target: str) -> tuple[Counts, list[Any]]:
    """The counts after the voter's ballot goes from one answer to another, and what must hold for it to be there.
    source: "no", "abstain", or "" of one who had not voted."""
    facts: list[Any] = []

    def one(of: Counts, weight: Any, name: str = "") -> Counts:
        has = {"yes": of.yes, "no": of.no, "abstain": of.abstain, "": of.electors - of.ballots}
        facts.append(has[source] >= weight)
        if name:  # the others of the class are still among those of all
            rest = {"yes": counts.yes, "no": counts.no, "abstain": counts.abstain, "": counts.electors - counts.ballots}
            facts.append(rest[source] - voter.weight >= has[source] - weight)
        has[source] = has[source] - weight
        has[target] = has[target] + weight
        return Counts(has["yes"], has["no"], has["abstain"], of.electors)

    whole = one(counts, voter.weight)
    classes = {n: one(of, z3.If(voter.member_of[n], voter.weight, 0), n) for n, of in counts.classes.items()}
    return Counts(whole.yes, whole.no, whole.abstain, whole.electors, classes), facts


# -- the properties ----------------------------------------------------------------------------------------------------


def _alone(program: core.Program, proposal: core.Proposal, members: int) -> _Case:
    vote, voter, heavy = symbolic(proposal, members), _voter(program, proposal), _heavy(program, proposal)
    nobody = [n == 0 for of in (vote.counts, *vote.counts.classes.values()) for n in (of.yes, of.no, of.abstain)]
    after, facts = _moved(vote.counts, voter, "", "yes")
    facts += [vote.counts.electors >= members - 1 + voter.weight, *nobody, *voter.facts]

    def tell(before: Counts, after: Counts) -> list[str]:
        if not thresholds.passes(proposal, after):
            return []
        weight = f" with a weight of {after.yes}" if after.yes != 1 else ""
        who = f"one member{weight} votes yes and nobody else votes"
        return [f"{with_members(before, heavy)}, {who}: the motion passes."]

    return _Case(vote.counts, after, passes(proposal, after), (*vote.facts, *facts), tell)


def _another(yes: bool) -> Callable[[core.Program, core.Proposal, int], _Case]:
    """Another yes that un-passes, another no that passes: of one who had not voted, abstained, or voted otherwise."""
    target, other = ("yes", "no") if yes else ("no", "yes")

    def build(program: core.Program, proposal: core.Proposal, members: int) -> _Case:
        vote, voter, heavy = symbolic(proposal, members), _voter(program, proposal), _heavy(program, proposal)
        kind = z3.Int("how the voter voted before")
        ways = [_moved(vote.counts, voter, source, target) for source in ("", "abstain", other)]
        facts: list[Any] = [*vote.facts, *voter.facts, kind >= 0, kind < len(ways)]
        for number, (_, conditions) in enumerate(ways):
            facts.append(either(negation(kind == number), both(*conditions)))
        after = _choice(kind, [counts for counts, _ in ways])
        was, is_ = passes(proposal, vote.counts), passes(proposal, after)
        broken = both(was, negation(is_)) if yes else both(negation(was), is_)

        def tell(before: Counts, after: Counts) -> list[str]:
            first, second = thresholds.outcome(proposal, before), thresholds.outcome(proposal, after)
            if (first == thresholds.ACCEPTED) is not yes or (second == thresholds.ACCEPTED) is yes:
                return []
            return [
                f"{with_members(before, heavy)}, {ballots(before)}, the motion {_SAID[first]}.",
                f"{_change(before, after, target)}: with {ballots(after)}, it {_SAID[second]}.",
            ]

        return _Case(vote.counts, after, broken, tuple(facts), tell)

    return build


def _choice(kind: Any, ways: Sequence[Counts]) -> Counts:
    def pick(get: Callable[[Counts], Any]) -> Any:
        value = get(ways[-1])
        for number in range(len(ways) - 2, -1, -1):
            value = z3.If(kind == number, get(ways[number]), value)
        return value

    def one(get: Callable[[Counts], Counts], classes: Mapping[str, Counts]) -> Counts:
        return Counts(
            pick(lambda c: get(c).yes), pick(lambda c: get(c).no), pick(lambda c: get(c).abstain),
            get(ways[0]).electors, classes,
        )  # fmt: skip

    classes = {name: one(lambda c, name=name: c.classes[name], {}) for name in ways[0].classes}  # type: ignore[misc]
    return one(lambda c: c, classes)


def _both_ways(program: core.Program, proposal: core.Proposal, members: int) -> _Case:
    vote, heavy = symbolic(proposal, members), _heavy(program, proposal)
    swapped = _swapped(vote.counts)

    def tell(before: Counts, after: Counts) -> list[str]:
        if not (thresholds.passes(proposal, before) and thresholds.passes(proposal, after)):
            return []
        return [
            f"{with_members(before, heavy)}, {ballots(before)}, the motion passes.",
            "A motion for the opposite, with the same people for and against, passes as well.",
        ]

    broken = both(passes(proposal, vote.counts), passes(proposal, swapped))
    return _Case(vote.counts, swapped, broken, vote.facts, tell)


def _swapped(counts: Counts) -> Counts:
    classes = {name: _swapped(of) for name, of in counts.classes.items()}
    return Counts(counts.no, counts.yes, counts.abstain, counts.electors, classes)


_CASES: Mapping[Standard, Callable[[core.Program, core.Proposal, int], _Case]] = {
    standard.NO_MEMBER_ALONE: _alone,
    standard.YES_NEVER_UNPASSES: _another(yes=True),
    standard.NO_NEVER_PASSES: _another(yes=False),
    standard.NOT_BOTH_WAYS: _both_ways,
}


# -- words -------------------------------------------------------------------------------------------------------------

_SAID = {
    thresholds.ACCEPTED: "passes",
    thresholds.REJECTED: "is rejected",
    thresholds.INQUORATE: "does not pass: too few took part",
}


def with_members(counts: Counts, heavy: bool = False) -> str:
    """ "With 5 members"; where some votes weigh more than others, the votes are counted."""
    return f"With {count(counts.electors, 'vote')} in all" if heavy else f"With {count(counts.electors, 'member')}"


def ballots(counts: Counts) -> str:
    """ "2 yes and 0 no", with abstentions if there are any, and each class's own if the rules speak of classes."""
    said = f"{counts.yes} yes and {counts.no} no"
    if counts.abstain:
        said += f" and {count(counts.abstain, 'abstention')}"
    parts = [f"{name}: {ballots(of)} of {of.electors}" for name, of in counts.classes.items()]
    return f"{said} ({'; '.join(parts)})" if parts else said


def _change(before: Counts, after: Counts, target: str) -> str:
    if after.ballots != before.ballots:
        return f"One more member votes {target}"
    return f"One member who {'abstained' if after.abstain < before.abstain else 'voted otherwise'} now votes {target}"


def _fix(proposal: core.Proposal, which: Standard) -> str:
    """How the usual failures are mended."""
    threshold = proposal.threshold
    if which is standard.NO_NEVER_PASSES and proposal.quorum[0] and threshold.kind == "part":
        part = Fraction(*proposal.quorum) * (Fraction(*threshold.part) if threshold.base == "cast" else 1)
        word = "more than" if threshold.strict else "at least"
        return (
            "A quorum of turnout counts those against as well. Ask for those in favour instead: "
            f"`approval of electorate {word} {part.numerator}/{part.denominator};` in the place of the quorum; or say "
            'that it is meant: `accept no_adds_quorum because "..";`'
        )
    if which is standard.NO_MEMBER_ALONE:
        return "Add a quorum (`quorum: 50%;`), or a threshold of the electorate (`approval of electorate ..`)."
    if which is standard.NOT_BOTH_WAYS:
        return "Ask for more than half: `threshold: majority`."
    return ""
