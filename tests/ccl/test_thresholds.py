"""Quorum and threshold: worked examples, and agreement with the node's own count of the same ballots."""

from __future__ import annotations

import itertools

import pytest

from ccl import thresholds
from ccl.core import Proposal, Threshold
from ccl.thresholds import ACCEPTED, INQUORATE, REJECTED, Counts
from icn_node.kernel import tally

MAJORITY = Threshold("part")
TWO_THIRDS = Threshold("part", (2, 3), strict=False)

EXAMPLES = """
# quorum threshold          yes no abstain electors  outcome
0/1      majority           1   0  0       5         accepted
0/1      majority           0   0  0       5         rejected
0/1      majority           2   2  1       5         rejected
0/1      majority           2   1  9       20        accepted
1/2      majority           2   0  0       5         inquorate
1/2      majority           2   1  0       5         accepted
1/2      majority           1   0  2       5         accepted
1/2      majority           0   3  0       5         rejected
0/1      two_thirds         2   1  0       3         accepted
0/1      two_thirds         3   2  0       5         rejected
0/1      unanimous          1   0  4       5         accepted
0/1      unanimous          4   1  0       5         rejected
0/1      unanimous          0   0  5       5         rejected
0/1      of_electorate      3   0  0       5         accepted
0/1      of_electorate      2   0  0       5         rejected
0/1      of_ballots         2   0  2       5         rejected
"""
NAMED = {
    "majority": MAJORITY,
    "two_thirds": TWO_THIRDS,
    "unanimous": Threshold("unanimous"),
    "of_electorate": Threshold("part", base="electorate"),
    "of_ballots": Threshold("part", base="ballots"),
}


def rows() -> list[list[str]]:
    return [line.split() for line in EXAMPLES.strip().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("row", rows(), ids=" ".join)
def test_examples(row: list[str]) -> None:
    part, whole = map(int, row[0].split("/"))
    proposal = Proposal("P", quorum=(part, whole), threshold=NAMED[row[1]])
    assert thresholds.outcome(proposal, Counts(*map(int, row[2:6]))) == row[6]


METHODS = {
    ("majority", "cast"): Threshold("part"),
    ("majority", "ballots"): Threshold("part", base="ballots"),
    ("majority", "electorate"): Threshold("part", base="electorate"),
    ("supermajority", "cast"): Threshold("part", (2, 3), strict=False),
    ("supermajority", "electorate"): Threshold("part", (2, 3), strict=False, base="electorate"),
    ("consensus", "cast"): Threshold("part", (4, 5), strict=False),
    ("unanimous", "cast"): Threshold("unanimous"),
}


@pytest.mark.parametrize("method", METHODS, ids=" ".join)
@pytest.mark.parametrize("quorum", [(0, 1), (1, 2), (1, 3), (1, 1), (3, 7)])
def test_the_node_counts_the_same(method: tuple[str, str], quorum: tuple[int, int]) -> None:
    standard = tally.Standard(method[0], 0, quorum, method[1], "", 0)
    proposal = Proposal("P", quorum=quorum, threshold=METHODS[method])
    for electors in range(1, 8):
        for yes, no, abstain in itertools.product(range(electors + 1), repeat=3):
            if yes + no + abstain > electors:
                continue
            choices = {name: n for name, n in (("yes", yes), ("no", no), ("abstain", abstain)) if n}
            counted = tally.tally(standard, choices, electors=electors, weight=electors)
            ours = thresholds.outcome(proposal, Counts(yes, no, abstain, electors))
            assert ours == counted.outcome, (yes, no, abstain, electors)
    assert (tally.ACCEPTED, tally.REJECTED, tally.INQUORATE) == (ACCEPTED, REJECTED, INQUORATE)


def classed(workers: tuple[int, int], users: tuple[int, int]) -> Counts:
    """10 of each class: yes and no of the workers, of the users."""
    classes = {"Workers": Counts(*workers, 0, 10), "Users": Counts(*users, 0, 10)}
    return Counts(workers[0] + users[0], workers[1] + users[1], 0, 20, classes)


def test_in_each_class_means_in_each() -> None:
    proposal = Proposal("P", threshold=Threshold("each", classes=("Workers", "Users"), inner=MAJORITY))
    assert thresholds.passes(proposal, classed((2, 1), (1, 0)))
    assert not thresholds.passes(proposal, classed((9, 0), (1, 1)))
    assert not thresholds.passes(proposal, classed((9, 0), (0, 0)))


def test_a_blend_adds_the_classes_parts_by_their_weight() -> None:
    blend = Threshold("blend", (1, 2), True, classes=("Workers", "Users"), weights=((2, 5), (3, 5)))
    proposal = Proposal("P", threshold=blend)
    assert thresholds.passes(proposal, classed((0, 9), (9, 1)))  # 0.4 * 0 + 0.6 * 0.9 = 0.54
    assert not thresholds.passes(proposal, classed((9, 0), (1, 9)))  # 0.4 * 1 + 0.6 * 0.1 = 0.46
    assert not thresholds.passes(proposal, classed((0, 9), (5, 1)))  # 0.6 * 5/6 = 0.5, which is not more than half
    assert not thresholds.passes(proposal, classed((9, 0), (0, 0)))  # who gives no votes adds nothing


def test_a_veto_is_a_majority_against() -> None:
    proposal = Proposal("P", veto="Founders")
    assert thresholds.passes(proposal, Counts(9, 2, 0, 20, {"Founders": Counts(1, 1, 0, 3)}))
    assert not thresholds.passes(proposal, Counts(9, 2, 0, 20, {"Founders": Counts(0, 1, 0, 3)}))


def test_quorum_by_class_and_more_than() -> None:
    each = Proposal("P", quorum=(1, 2), quorum_classes=("Workers", "Users"))
    assert thresholds.outcome(each, classed((5, 0), (5, 0))) == ACCEPTED
    assert thresholds.outcome(each, classed((9, 0), (4, 0))) == INQUORATE
    more = Proposal("P", quorum=(1, 2), quorum_strict=True)
    assert thresholds.outcome(more, Counts(5, 0, 0, 10)) == INQUORATE
    assert thresholds.outcome(more, Counts(6, 0, 0, 10)) == ACCEPTED
    one = Proposal("P", quorum=(1, 2), quorum_base="Users")
    assert thresholds.outcome(one, classed((9, 0), (4, 0))) == INQUORATE
    assert thresholds.classes(one) == ("Users",)


def test_an_unknown_kind_is_our_bug() -> None:
    with pytest.raises(ValueError, match="no formula"):
        thresholds.passes(Proposal("P", threshold=Threshold("lottery")), Counts(1, 0, 0, 1))
