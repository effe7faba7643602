"""The standard properties of votes: against counting every vote of small electorates, and as stories with numbers."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest

from ccl import thresholds
from ccl.core import Electorate, Program, Proposal, Threshold
from ccl.host import Host
from ccl.proof import votes
from ccl.proof.answers import Answer, Verdict
from ccl.thresholds import Counts

LARGEST = 9


def answers(proposal: Proposal, electorates: dict[str, int] | None = None,
            program: Program | None = None) -> dict[str, Answer]:  # fmt: skip
    made = program or Program("p", {}, proposals=(proposal,))
    return {a.name: a for a in votes.answers(made, Host(), electorates or {})}


def ballots(electors: int) -> Iterator[tuple[int, int, int]]:
    for yes, no, abstain in itertools.product(range(electors + 1), repeat=3):
        if yes + no + abstain <= electors:
            yield yes, no, abstain


def broken(proposal: Proposal, members: int) -> set[str]:
    """What breaks for some electorate from `members` to LARGEST, by trying all."""
    found: set[str] = set()

    def passes(yes: int, no: int, abstain: int, electors: int) -> bool:
        return thresholds.passes(proposal, Counts(yes, no, abstain, electors))

    for electors in range(1, LARGEST + 1):
        if electors >= members and passes(1, 0, 0, electors):
            found.add("no_member_alone")
        for yes, no, abstain in ballots(electors):
            now = passes(yes, no, abstain, electors)
            if now and passes(no, yes, abstain, electors):
                found.add("not_both_ways")
            absent = electors - yes - no - abstain
            more_yes = [(1, 0, 0)] * (absent > 0) + [(1, 0, -1)] * (abstain > 0) + [(1, -1, 0)] * (no > 0)
            more_no = [(0, 1, 0)] * (absent > 0) + [(0, 1, -1)] * (abstain > 0) + [(-1, 1, 0)] * (yes > 0)
            if now and not all(passes(yes + y, no + n, abstain + a, electors) for y, n, a in more_yes):
                found.add("yes_never_unpasses")
            if not now and any(passes(yes + y, no + n, abstain + a, electors) for y, n, a in more_no):
                found.add("no_never_passes")
    return found


def some(dice: random.Random) -> Proposal:
    """A type of decision of some kind."""
    whole = dice.choice((1, 2, 3, 4, 5))
    part = dice.randrange(1, whole + 1)
    strict = dice.random() < 0.5 and part < whole
    base = dice.choice(("cast", "ballots", "electorate"))
    threshold = Threshold("unanimous") if dice.random() < 0.15 else Threshold("part", (part, whole), strict, base)
    of = dice.choice((1, 2, 3, 4))
    return Proposal("P", quorum=(dice.randrange(of + 1), of), quorum_strict=dice.random() < 0.3, threshold=threshold)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_proved_holds_and_what_is_broken_breaks(seed: int) -> None:
    proposal = some(random.Random(seed))
    members = 5
    by_trying = broken(proposal, members)
    for name, answer in answers(proposal).items():
        assert answer.verdict in (Verdict.PROVED, Verdict.BROKEN), answer
        if name in by_trying:
            assert answer.verdict is Verdict.BROKEN, (proposal, answer)
        elif answer.verdict is Verdict.BROKEN:  # it takes more electors than were tried
            assert answer.values["before"]["electors"] > LARGEST, (proposal, answer)


def test_the_story_of_turnout() -> None:
    found = answers(Proposal("Budget", quorum=(1, 2)))["no_never_passes"]
    assert found.verdict is Verdict.BROKEN
    assert found.story == (
        "With 5 members, 2 yes and 0 no, the motion does not pass: too few took part.",
        "One more member votes no: with 2 yes and 1 no, it passes.",
    )
    assert "`approval of electorate more than 1/4;`" in found.fix


def test_the_fix_of_turnout_is_one() -> None:
    mended = Proposal("Budget", threshold=Threshold("part", (1, 4), True, "electorate"))
    assert answers(mended)["no_never_passes"].verdict is Verdict.PROVED


def test_the_electorate_matters() -> None:
    proposal = Proposal("P", quorum=(1, 4))
    assert answers(proposal, {"no_member_alone": 3})["no_member_alone"].verdict is Verdict.BROKEN
    assert answers(proposal, {"no_member_alone": 5})["no_member_alone"].verdict is Verdict.PROVED
    assert answers(proposal)["no_member_alone"].whom == "for members >= 5"


def test_a_heavy_vote_can_pass_a_motion_alone() -> None:
    threshold = Threshold("each", classes=("Workers", "Users"), inner=Threshold("part", (1, 2), True, "electorate"))
    proposal = Proposal("P", quorum=(1, 4), threshold=Threshold("part"), quorum_classes=())
    program = Program("p", {}, proposals=(proposal,), electorates=(Electorate("Member", "members", 1),))
    assert answers(proposal, program=program)["no_member_alone"].verdict is Verdict.PROVED
    heavy = (Electorate("Workers", "role worker", 10), Electorate("Users", "members", 1))
    classes = Proposal("P", quorum=(1, 4), quorum_classes=("Workers",))
    program = Program("p", {}, proposals=(classes,), electorates=heavy)
    assert answers(classes, program=program)["no_member_alone"].verdict is Verdict.BROKEN
    each = Proposal("P", threshold=threshold)
    found = answers(each, program=Program("p", {}, proposals=(each,), electorates=heavy))
    assert found["yes_never_unpasses"].verdict is Verdict.PROVED
    assert found["no_never_passes"].verdict is Verdict.PROVED


def test_blends_and_vetoes() -> None:
    blend = Threshold("blend", (1, 2), True, classes=("Workers", "Users"), weights=((2, 5), (3, 5)))
    found = answers(Proposal("P", threshold=blend, veto="Founders"))
    assert found["yes_never_unpasses"].verdict in (Verdict.PROVED, Verdict.BOUNDED)
    assert found["no_never_passes"].verdict in (Verdict.PROVED, Verdict.BOUNDED)
    assert found["not_both_ways"].verdict in (Verdict.PROVED, Verdict.BOUNDED)


def test_at_least_half_passes_a_tie_both_ways() -> None:
    found = answers(Proposal("P", threshold=Threshold("part", (1, 2), strict=False)))["not_both_ways"]
    assert found.verdict is Verdict.BROKEN
    assert found.story[1].endswith("passes as well.")


def test_what_cannot_be_decided_at_large_is_decided_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    real = votes.ask

    def ask(symbols: object, *args: object, **words: object) -> object:
        asked.append(len(asked))
        return votes.Unsure("too hard") if len(asked) == 1 else real(symbols, *args, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(votes, "ask", ask)
    found = answers(Proposal("P"))["no_member_alone"]
    assert found.verdict is Verdict.BROKEN
    asked.clear()
    found = answers(Proposal("P", quorum=(1, 2)))["no_member_alone"]
    assert (found.verdict, found.bounds) == (Verdict.BOUNDED, ("8 voters",))
