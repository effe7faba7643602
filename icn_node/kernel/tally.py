"""Tally: how ballots are written, counted and judged. Pure arithmetic on integers; it knows no records and no members.

Three settings are kept apart: the *quorum* (which part of the frozen electorate must have taken part, abstentions
included), the *approval base* (of what the threshold is a part: the votes cast for and against, all ballots, or the
whole electorate) and the *threshold* itself ("more than 1/2", "at least 2/3").

A ballot is a short text: `yes`, `no`, `abstain`; with several options the number of one (`2`), `no` meaning none of
them; under quadratic voting the votes given to each (`1=3,4=2`, `yes=5`). `METHODS` is the list of voting methods: a
way to read a ballot into marks, a way to count marks, and the thresholds that the method's name promises. A further
method is one function and one row.

Invariants: the result depends on how many ballots say what, never on their order; every comparison is exact.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from dag import codec
from icn_node.kernel.refusal import Refusal

ABSTAIN = "abstain"
NONE = 0  # the mark against: `no` to the one thing proposed, or to all of several options

ACCEPTED = "accepted"
REJECTED = "rejected"
INQUORATE = "inquorate"

MOST_OPTIONS = 64
CHOICE_LENGTH = 1_024
_QUOTED = 60  # characters of a choice that a refusal repeats

Marks = tuple[tuple[int, int], ...]  # (option, votes), by option; `NONE` first
Votes = Sequence[tuple[Marks, int]]  # marks and the weight of all who gave just these


class NotYesNo(Refusal):
    """One thing is proposed, and the ballot is neither yes, no nor abstain."""

    code = "not_yes_or_no"
    text = "Vote yes, no or abstain, not {choice}."


class NotAnOption(Refusal):
    """Several options are proposed, and the ballot names none of them."""

    code = "not_an_option"
    text = "Vote for an option by its number, 1 to {options}, or no (none of them), or abstain, not {choice}."
    advice = "`icn governance show` lists the options and their numbers."


class BadVotes(Refusal):
    """A quadratic ballot that cannot be read: an unknown or repeated option, no votes, or both yes and no."""

    code = "bad_votes"
    text = "{choice} is not understood: write OPTION=VOTES, with commas between, each option once."
    advice = "Examples: yes=5 where one thing is proposed; 1=3,4=2 where there are several options."


class OverBudget(Refusal):
    """A quadratic ballot costs more credits than the voter has."""

    code = "over_budget"
    text = "These votes cost {cost} credits (each option's votes squared, added up); the budget is {credits}."
    advice = "Give fewer votes, or spread them over more options: spreading is cheaper."


# -- shares ------------------------------------------------------------------------------------------------------------


class Share(msgspec.Struct, frozen=True, gc=False):
    """A threshold: more than (strict) or at least `part`/`whole`."""

    part: int
    whole: int
    strict: bool

    def met(self, part: int, whole: int) -> bool:
        """Whether part/whole reaches the threshold, exactly."""
        left, right = part * self.whole, self.part * whole
        return left > right if self.strict else left >= right


_SHARE = re.compile(r"(more than|at least) (0|[1-9][0-9]{0,5})/([1-9][0-9]{0,5})")
_FRACTION = re.compile(r"(0|[1-9][0-9]{0,5})/([1-9][0-9]{0,5})")


def share(text: str) -> Share | None:
    """The threshold that "more than 1/2" or "at least 2/3" states; None if it states none that can be reached."""
    found = _SHARE.fullmatch(text)
    if found is None:
        return None
    strict, part, whole = found[1] == "more than", int(found[2]), int(found[3])
    return Share(part, whole, strict) if part + strict <= whole else None


def fraction(text: str) -> tuple[int, int] | None:
    """The fraction that "1/4" states, from 0 to 1; None if it states none."""
    found = _FRACTION.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        return None
    return int(found[1]), int(found[2])


# -- ballots into marks ------------------------------------------------------------------------------------------------


def one_mark(choice: str, options: int, budget: int) -> Marks:
    """One vote for one thing. Raises NotYesNo, NotAnOption."""
    target = _target(choice, options)
    if target is None:
        if options:
            raise NotAnOption(choice=choice[:_QUOTED], options=options)
        raise NotYesNo(choice=choice[:_QUOTED])
    return ((target, 1),)


def squared_marks(choice: str, options: int, budget: int) -> Marks:
    """Votes over options, at the price of their squares (Lalley and Weyl, "Quadratic Voting", 2018). Raises BadVotes,
    OverBudget. `yes` alone is one vote."""
    marks: dict[int, int] = {}
    for piece in choice.split(","):
        name, _, votes = piece.partition("=")
        target = _target(name, options)
        if target is None or target in marks or not re.fullmatch(r"|[1-9][0-9]{0,8}", votes) or piece.endswith("="):
            raise BadVotes(choice=choice[:_QUOTED])
        marks[target] = int(votes or 1)
    if not options and len(marks) > 1:
        raise BadVotes(choice=choice[:_QUOTED])
    cost = sum(votes * votes for votes in marks.values())
    if cost > budget:
        raise OverBudget(cost=cost, credits=budget)
    return tuple(sorted(marks.items()))


def _target(name: str, options: int) -> int | None:
    if name == "no":
        return NONE
    if not options:
        return 1 if name == "yes" else None
    return int(name) if re.fullmatch(r"[1-9][0-9]?", name) and int(name) <= options else None


# -- marks into totals -------------------------------------------------------------------------------------------------


class Count(msgspec.Struct, frozen=True, gc=False):
    """totals: by option, `NONE` at 0. leaders: the options that are ahead of all others, several if they tie."""

    totals: tuple[int, ...]
    leaders: tuple[int, ...]


def most_votes(votes: Votes, options: int) -> Count:
    """Add the marks up; ahead is what has most."""
    totals = [0] * (max(options, 1) + 1)
    for marks, weight in votes:
        for option, given in marks:
            totals[option] += given * weight
    top = max(totals[1:])
    leaders = tuple(o for o in range(1, len(totals)) if totals[o] == top) if top else ()
    return Count(tuple(totals), leaders)


class Method(msgspec.Struct, frozen=True, gc=False):
    """A voting method. threshold: what its name promises for yes or no; options_threshold: for several options, where
    "at least 0/1" means that having most votes is enough. fixed: bylaws cannot state another threshold or base."""

    name: str
    marks: Callable[[str, int, int], Marks]
    count: Callable[[Votes, int], Count]
    threshold: str
    options_threshold: str
    fixed: bool = False
    cast_only: bool = False  # votes are not people: the approval base can only be the votes cast


MOST = "at least 0/1"

METHODS: dict[str, Method] = {
    m.name: m
    for m in (
        Method("majority", one_mark, most_votes, "more than 1/2", MOST),
        Method("supermajority", one_mark, most_votes, "at least 2/3", "at least 2/3"),
        Method("consensus", one_mark, most_votes, "at least 4/5", "at least 4/5"),
        Method("unanimous", one_mark, most_votes, "at least 1/1", "at least 1/1", fixed=True, cast_only=True),
        Method("quadratic", squared_marks, most_votes, "more than 1/2", MOST, cast_only=True),
    )
}

QUORUM_BASES = ("electorate", "none")
APPROVAL_BASES = ("cast", "ballots", "electorate")


def canonical(method: str, choice: str, options: int, budget: int) -> str:
    """The one way to write that ballot; what is stored. Raises what the method's reading raises."""
    if choice == ABSTAIN:
        return ABSTAIN
    plain = METHODS[method].marks is one_mark
    said = []
    for option, votes in METHODS[method].marks(choice, options, budget):
        name = "no" if option == NONE else str(option) if options else "yes"
        said.append(name if plain else f"{name}={votes}")
    return ",".join(said)


# -- totals into a result ----------------------------------------------------------------------------------------------


class Standard(msgspec.Struct, frozen=True, gc=False):
    """By what a vote is judged. options: how many (0: yes or no). quorum: (part, whole) of the electorate's weight."""

    method: str
    options: int
    quorum: tuple[int, int]
    base: str
    threshold: str  # '' : what the method promises
    budget: int

    @property
    def wanted(self) -> str:
        """The threshold that applies, in words."""
        method = METHODS[self.method]
        return self.threshold or (method.options_threshold if self.options else method.threshold)


class Tally(msgspec.Struct, frozen=True, gc=False):
    """Every number of a vote. Weights, except where a count is said; with one member one vote they are the same.

    electors: how many, weight: theirs together. ballots: how many were cast and count. lost: how many were cast by
    people expelled since, and do not count. delegated: how many electors count through another's ballot. participating:
    the weight of both, abstentions included. totals: [none of them or no, option 1 or yes, option 2, ...].
    quorum: the weight needed. base: of what the threshold is a part. support: what the leading option has.
    helper_*: of all that, what was entered with a key that the node holds for the member (own weight only).
    void: delegations that lead nowhere, by reason. tied: the options that the draw chose among; seed: its seed (hex).
    winner: the option (1 for yes), 0 if none.
    """

    electors: int
    weight: int
    ballots: int
    lost: int
    delegated: int
    participating: int
    abstaining: int
    totals: tuple[int, ...]
    cast: int
    quorum: int
    base: int
    threshold: str
    support: int
    helper_ballots: int
    helper_abstaining: int
    helper_totals: tuple[int, ...]
    void: dict[str, int]
    tied: tuple[int, ...]
    seed: str
    outcome: str
    winner: int


def tally(
    standard: Standard,
    choices: Mapping[str, int],
    *,
    electors: int,
    weight: int,
    ballots: int = 0,
    lost: int = 0,
    delegated: int = 0,
    helpers: Mapping[str, int] | None = None,
    helper_ballots: int = 0,
    void: Mapping[str, int] | None = None,
    seed: bytes | None = None,
) -> Tally:
    """Count and judge. choices: the weight behind each canonical ballot. seed: 32 bytes for a draw among tied options;
    without one, as while voting still runs, a tie has no winner yet and the outcome is ''."""
    counted, abstaining = _count(standard, choices)
    by_helpers, helper_abstaining = _count(standard, helpers or {})
    participating = sum(choices.values())
    cast = sum(counted.totals)
    base = {"cast": cast, "ballots": participating, "electorate": weight}[standard.base]
    part, whole = standard.quorum
    needed = -(-weight * part // whole)
    support = max(counted.totals[1:])
    wanted = share(standard.wanted)
    assert wanted is not None, standard
    outcome, winner, tied = REJECTED, NONE, counted.leaders if len(counted.leaders) > 1 else ()
    if participating < needed:
        outcome = INQUORATE
    elif counted.leaders and wanted.met(support, base) and (not standard.options or support > counted.totals[NONE]):
        # With several options "none of them" must be beaten; with one, the threshold alone says how much is enough.
        outcome, winner = ACCEPTED, counted.leaders[0]
    drawn = bool(outcome == ACCEPTED and tied)
    if drawn and seed is not None:
        winner = draw(seed, tied)
    elif drawn:
        outcome, winner = "", NONE
    return Tally(
        electors, weight, ballots, lost, delegated, participating, abstaining, counted.totals, cast, needed, base,
        standard.wanted, support, helper_ballots, helper_abstaining, by_helpers.totals,
        dict(sorted((void or {}).items())), tied if drawn else (),
        seed.hex() if drawn and seed is not None else "", outcome, winner,
    )  # fmt: skip


def _count(standard: Standard, choices: Mapping[str, int]) -> tuple[Count, int]:
    method = METHODS[standard.method]
    votes = [
        (method.marks(choice, standard.options, standard.budget), weight)
        for choice, weight in sorted(choices.items())
        if choice != ABSTAIN
    ]
    return method.count(votes, standard.options), choices.get(ABSTAIN, 0)


# -- draws -------------------------------------------------------------------------------------------------------------


def draw_seed(purpose: str, *facts: Any) -> bytes:
    """32 bytes from facts that everybody who holds the log can check: SHA-256("icn-draw-v1\\0" || DAG-CBOR of them)."""
    return hashlib.sha256(b"icn-draw-v1\0" + codec.encode([purpose, *facts])).digest()


def draw(seed: bytes, among: Iterable[int]) -> int:
    """The one whose SHA-256(seed || number as 8 bytes) is lowest."""
    return min(among, key=lambda option: hashlib.sha256(seed + option.to_bytes(8, "big")).digest())
