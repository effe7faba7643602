"""The decision rule on drawn block graphs; each mutant of the rule dies in a test that names it."""

import pytest

from tests.dag.order.dags import Dag, block_cid

FULL = "A:ABCD B:ABCD C:ABCD D:ABCD"

# n | the graph | what is decided, on these blocks alone
CASES = {
    "lone validator: three blocks": (1, "A\nA:A\nA:A", "1=A1"),
    "lone validator: two are not enough": (1, "A\nA:A", ""),
    "lone validator: its refused leader is skipped": (1, "A\nA!:A\nA:A\nA:A", "1=skip 2=A2"),
    "all four, three rounds": (4, f"A B C D\n{FULL}\n{FULL}", "1=A1"),
    "three of four suffice": (4, "A B C\nA:ABC B:ABC C:ABC\nA:ABC B:ABC C:ABC", "1=A1"),
    "three blame: the leader's block exists but came too late": (
        4,
        "A B C D\nB:BCD C:BCD D:BCD",
        "1=skip",
    ),
    "three refuse": (4, "A B C D\nA!:ABC B!:ABC C!:ABC", "1=skip"),
    "mutant skip at q-1 blames": (4, "A B C D\nB:BCD C:BCD", ""),
    "mutant certificate with q-1 votes": (
        # Two of the parents of each block of round 3 vote.
        4,
        "A B C D\nA:ABC B:ABC C:BCD D:BCD\nA:ABC B:ABC C:ABC D:ABC",
        "",
    ),
    "mutant commit on 1 certificate": (4, f"A B C D\n{FULL}\nA:ABC", ""),
    "mutant commit on q-1 certificates": (4, f"A B C D\n{FULL}\nA:ABC B:ABC", ""),
    "variants of one author are one author": (
        # A's two certificates and B's one are two authors.
        4,
        f"A B C D\n{FULL}\nA:ABC a:BCD B:ABC",
        "",
    ),
    "a variant of a voter cannot vote twice": (
        # a votes too, but two authors' votes are no quorum.
        4,
        "A B C D\nA:ABC a:ABD B:ABC C:BCD D:BCD\nA:ABC B:ABC C:aBC D:aBD",
        "",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_decisions(name: str) -> None:
    n, text, expected = CASES[name]
    assert Dag(n, text).decisions() == expected


# One certificate for A1 (A3), not in the cone of B3, C3, D3: round 2 gives A3 three votes, the others two.
SPLIT = """
A B C D
A:ABC B:ABC C:ABC D:BCD
A:ABC B:ABD C:BCD D:BCD
"""


def test_indirect_commit_needs_a_certificate_in_the_cone_of_the_anchor() -> None:
    dag = Dag(4, SPLIT).grow("A:ABC B:ABC C:ABC D:ABC\nA:ABCD B:ABCD C:ABCD D:ABCD")
    assert "1=" not in dag.decisions()
    dag.grow(FULL)
    # Slot 4 is led by D, whose block D4 has A3 among its parents.
    assert dag.decisions() == "1=A1 2=B2 3=C3 4=D4"


def test_mutant_certificate_on_the_local_view() -> None:
    """A3 certifies A1 and is held, but the anchor D4 rests on B3, C3, D3 only."""
    dag = Dag(4, SPLIT).grow("B:BCD C:BCD D:BCD\nB:BCD C:BCD D:BCD\nB:BCD C:BCD D:BCD")
    assert dag.decisions().startswith("1=skip 2=B2")


def test_mutant_indirect_commit_without_certificate() -> None:
    """A1 has two votes and is in everybody's cone, but nothing certifies it."""
    dag = Dag(4, "A B C D\nA:ABC B:ABC C:BCD D:BCD").grow(f"{FULL}\n{FULL}\n{FULL}\n{FULL}")
    assert dag.decisions() == "1=skip 2=B2 3=C3 4=D4"


@pytest.mark.parametrize("distance", [1, 2])
def test_mutant_anchor_nearer_than_three_rounds(distance: int) -> None:
    """The committed slot 2 or 3 says nothing of slot 1: D4, of the round from which anchors count, is undecided."""
    dag = Dag(4, SPLIT)
    if distance == 1:
        # Slot 2 commits by round 4.
        dag.grow(FULL)
        assert dag.decisions() == "2=B2"
    else:
        # Slot 3 commits by round 5, whose blocks B:BCD lack D's vote of round 4 for slot 3 nowhere.
        dag.grow(f"{FULL}\n{FULL}")
        assert dag.decisions() == "2=B2 3=C3"


def test_an_anchor_may_lie_behind_skipped_slots() -> None:
    dag = Dag(4, SPLIT).grow("A:ABC B:ABC C:ABC D:ABC\nA:ABC B:ABC C:ABC\nA:ABC B:ABC C:ABC")
    # Slot 4 (D4) has three blames in round 5. Slot 5 (A5) is undecided yet.
    assert dag.decisions() == "2=B2 3=C3 4=skip"
    dag.grow("A:ABC B:ABC C:ABC")
    assert dag.decisions() == "1=A1 2=B2 3=C3 4=skip 5=A5"


def test_an_undecided_slot_between_leaves_undecided() -> None:
    # Slot 4: two vote, two blame. Slot 5 commits, but it is no anchor for slot 1 while slot 4 is open.
    dag = Dag(4, SPLIT).grow("A:ABC B:ABC C:ABC D:ABC\nA:ABD B:ABD C:ABC D:ABC\nA:ABC B:ABC C:ABD\nA:ABC B:ABC C:ABC")
    decisions = dag.decisions()
    assert "5=A5" in decisions
    assert "4=" not in decisions
    assert "1=" not in decisions


def test_two_certified_candidates_are_decided_by_the_smallest_cid() -> None:
    """Beyond the fault bounds (three of four equivocate) two leader blocks of a slot can be certified."""
    dag = Dag(
        4,
        """
        A a B C D
        A:ABC B:ABC C:ABC a:aBC b:aBC c:aBC D:BCD
        A:ABC B:abc C:BCD D:BCD
        A:ABC B:ABC C:ABC D:ABC
        """,
    ).grow(f"{FULL}\n{FULL}")
    assert min((block_cid("A1"), "A1"), (block_cid("a1"), "a1"))[1] == dag.decisions()[2:4]


def test_a_decision_is_never_recomputed() -> None:
    """Blocks beyond the fault bounds that speak for another decision change nothing that was decided."""
    dag = Dag(4, "A B C D\nB:BCD C:BCD D:BCD")
    assert dag.decisions() == "1=skip"
    before = dict(dag.decided)
    dag.round = 1
    # b, c and d take it all back: they vote for A1, and round 3 certifies it.
    dag.grow("A:ABC b:ABC c:ABC d:ABC\nA:Abcd B:Abcd C:Abcd D:Abcd")
    assert dag.decisions().startswith("1=skip")
    assert before.items() <= dag.decided.items()


def test_one_slot_commits_one_of_two_equivocations() -> None:
    """A leader signs A1 and a1. A quorum's votes fit one of them; the other is linearised, but leads no commit."""
    dag = Dag(4, f"A a B C D\nA:ABC B:ABC C:ABC D:aBC\n{FULL}\n{FULL}")
    decided = dag.decisions()
    assert decided.startswith("1=A1")
    assert "a1" not in decided
    first = [held.block.cid for held in dag.blocks.linearise(block_cid("A1"), 1)]
    later = [held.block.cid for held in dag.blocks.linearise(block_cid("B2"), 2)]
    assert first == [block_cid("A1")]
    assert set(later) == {block_cid(name) for name in ("B2", "B1", "C1")}
    last = [held.block.cid for held in dag.blocks.linearise(block_cid("C4"), 3)]
    assert block_cid("a1") in last
    assert len(first + later + last) == len({*first, *later, *last})
