"""Rounds, the moment to propose, and the leader's clock, on drawn block graphs."""

import pytest
from msgspec import structs

from dag.order.decide import decide
from dag.order.pacing import TOLERANCE_MS, Pacing, tolerance_ms
from tests.dag.order.dags import Dag, block_cid

DELTA = 100
FULL = "A:ABCD B:ABCD C:ABCD D:ABCD"


class Bench:
    """The pacing of a validator whose last block is of `own_round`; it entered its round at time 0."""

    def __init__(self, text: str, own_round: int = 0, now_ms: int = 0, author: bytes | None = None) -> None:
        self.dag = Dag(4, text)
        self.pacing = Pacing(self.dag.blocks, DELTA, author, own_round)
        self.enter(now_ms)

    def enter(self, now_ms: int) -> int:
        decide(self.dag.blocks, self.dag.decided, 1)
        self.pacing.enter(lambda slot: slot < 1 or slot in self.dag.decided, now_ms)
        return self.pacing.round


def test_round_1_is_entered_at_once() -> None:
    assert Bench("").pacing.round == 1
    assert Bench("").pacing.moment(0, 1) == (0, False)


@pytest.mark.parametrize(
    ("text", "own_round", "round_"),
    [
        ("A B", 1, 1),
        ("A B C", 1, 2),
        # Two rounds ahead without an own block at 2: slot 0 counts as decided.
        ("A B C D\nA:ABC B:ABC C:ABC", 1, 3),
        # Without an own block at 3, slot 1 must be decided; here it is not.
        ("A B C D\nA:ABC B:ABC C:BCD D:BCD\nA:ABC B:ABC C:ABC", 2, 3),
        # With an own block there it does not matter.
        ("A B C D\nA:ABC B:ABC C:BCD D:BCD\nA:ABC B:ABC C:ABC", 3, 4),
        # And here slot 1 is decided.
        ("A B C D\nA:ABC B:ABC C:ABC\nA:ABC B:ABC C:ABC", 0, 4),
        ("A B C D\nA:ABC B:ABC C:ABC\nA:ABC B:ABC C:ABC\nA:ABC B:ABC C:ABC\nA:ABC B:ABC C:ABC", 0, 6),
    ],
)
def test_entering(text: str, own_round: int, round_: int) -> None:
    assert Bench(text, own_round).pacing.round == round_


def test_jumping_rounds_waits_for_decisions() -> None:
    """Round jumping that kills liveness: one who skips undecided rounds leaves them without the votes they need."""
    split = "A B C D\nA:ABC B:ABC C:BCD D:BCD\nA:ABC B:ABC C:ABC\nA:ABC B:ABC C:ABC\nA:ABC B:ABC C:ABC"
    bench = Bench(split, 2)
    assert bench.pacing.round == 3
    bench.dag.grow("A:ABC B:ABC C:ABC\nA:ABC B:ABC C:ABC")
    assert bench.enter(10) == 8


# --- the moment -------------------------------------------------------------------------------------------------


def test_the_leaders_block_is_waited_for_until_the_timeout() -> None:
    bench = Bench("B C D", 1)
    assert bench.pacing.moment(50, 1) == (2 * DELTA, False)
    assert bench.pacing.moment(2 * DELTA, 1) == (2 * DELTA, False)
    bench.dag.round = 0
    bench.dag.grow("A")
    assert bench.pacing.moment(50, 1) == (50, False)


def test_the_slot_two_below_must_show_votes_or_blames() -> None:
    # Slot 1: two votes, one blame, by the three blocks of round 2, of which B leads.
    bench = Bench("A B C D\nA:ABC B:ABC C:BCD", 2)
    assert bench.pacing.round == 3
    assert bench.pacing.moment(50, 1) == (2 * DELTA, False)
    bench.dag.round = 1
    bench.dag.grow("D:ABD")
    assert bench.pacing.moment(50, 1) == (50, False)


def test_blames_serve_as_well_as_votes() -> None:
    bench = Bench("A B C D\nB:BCD C:BCD D:BCD", 2)
    assert bench.pacing.moment(50, 1) == (50, False)


def test_a_quorum_of_the_round_itself_is_enough() -> None:
    # A, the leader of round 1, is silent; B, C, D went on to round 2. This node has no block in round 2 yet.
    bench = Bench("B C D", 1)
    assert bench.pacing.round == 2
    bench.dag.grow("B:BCD C:BCD D:BCD")
    assert bench.pacing.moment(50, 1) == (50, False)


def test_a_leader_that_timed_out_is_not_waited_for_until_it_is_back() -> None:
    bench = Bench("B C D", 1)
    assert bench.pacing.moment(2 * DELTA, 1)[0] == 2 * DELTA
    bench.pacing.proposed(2 * DELTA)
    assert bench.pacing.own_round == 2
    bench.dag.grow("B:BCD C:BCD D:BCD\nB:BCD C:BCD D:BCD\nB:BCD C:BCD D:BCD\nB:BCD C:BCD D:BCD")
    # Round 6 votes on slot 5, which A leads again; slot 4 has three votes.
    assert bench.enter(1000) == 6
    assert bench.pacing.moment(1001, 2) == (1001, False)
    # An old block of A's, or one of the round at which it timed out, does not bring it back; a later one does.
    bench.dag.round = 0
    bench.dag.grow("A")
    held = bench.dag.blocks.get(block_cid("A1"))
    assert held is not None
    bench.pacing.heard(held.block)
    assert bench.pacing.moment(1001, 2) == (1001, False)
    bench.dag.grow("A:BCD")
    held = bench.dag.blocks.get(block_cid("A2"))
    assert held is not None
    bench.pacing.heard(held.block)
    assert bench.pacing.moment(1001, 2) == (1000 + 2 * DELTA, False)


def test_a_leader_late_but_before_the_timeout_did_not_time_out() -> None:
    bench = Bench("B C D\nB:BCD C:BCD D:BCD", 1)
    bench.pacing.round = 2
    bench.pacing.proposed(DELTA)
    bench.dag.grow("B:BCD C:BCD D:BCD\nB:BCD C:BCD D:BCD\nB:BCD C:BCD D:BCD")
    assert bench.enter(1000) == 6
    assert bench.pacing.moment(1001, 2) == (1000 + 2 * DELTA, False)


# --- clocks -----------------------------------------------------------------------------------------------------


def with_leader(ts: int, seen_ms: int, now_ms: int = 0) -> Bench:
    bench = Bench("A B C", 1, now_ms)
    held = bench.dag.blocks.get(block_cid("A1"))
    assert held is not None
    held.block = structs.replace(held.block, ts=ts)
    held.seen_ms = seen_ms
    return bench


T = TOLERANCE_MS
NOW = 1_000_000

# the leader's clock | when its block arrived | local clock | when to propose, refusing the leader or not
CLOCKS = [
    (NOW, NOW, NOW, (NOW, False)),
    (NOW - T, NOW, NOW, (NOW, False)),
    (NOW - T - 1, NOW, NOW, (NOW, True)),
    # Too old is judged at arrival: an hour of silence later it is still the same block.
    (NOW - 3_600_000, NOW - 3_600_000, NOW, (NOW, False)),
    (NOW - 3_600_000, NOW, NOW, (NOW, True)),
    (NOW + T, NOW, NOW, (NOW, False)),
    # Too new is waited for, if the wait can cure it before the timeout.
    (NOW + T + 1, NOW, NOW, (NOW + 1, False)),
    (NOW + T + 2 * DELTA, NOW, NOW, (NOW + 2 * DELTA, False)),
    (NOW + T + 2 * DELTA + 1, NOW, NOW, (NOW, True)),
    (NOW + 3_600_000, NOW, NOW, (NOW, True)),
]


@pytest.mark.parametrize(("ts", "seen_ms", "now_ms", "expected"), CLOCKS)
def test_the_leaders_clock(ts: int, seen_ms: int, now_ms: int, expected: tuple[int, bool]) -> None:
    assert with_leader(ts, seen_ms, NOW).pacing.moment(now_ms, 1) == expected


@pytest.mark.parametrize("ts", [0, NOW, 2 * NOW])
def test_ones_own_clock_is_believed(ts: int) -> None:
    bench = with_leader(ts, NOW, NOW)
    own = Pacing(bench.dag.blocks, DELTA, bench.dag.epoch.leader(1), 1)
    own.enter(lambda slot: slot < 1, NOW)
    assert own.moment(NOW, 1) == (NOW, False)


def test_after_the_timeout_nothing_is_waited_for() -> None:
    bench = with_leader(NOW + T + 300, NOW, NOW)
    assert bench.pacing.moment(NOW + 250, 1) == (NOW + 250, True)


def test_a_local_clock_that_jumps_back_does_not_lengthen_the_wait() -> None:
    bench = Bench("B C D", 1, NOW)
    assert bench.pacing.moment(NOW + 1, 1) == (NOW + 2 * DELTA, False)
    bench.enter(5)
    assert bench.pacing.moment(5, 1) == (5 + 2 * DELTA, False)


@pytest.mark.parametrize(
    ("slot", "lowest", "seconds"),
    [(1, 1, 5), (3, 1, 5), (4, 1, 10), (5, 1, 20), (13, 1, 5 * 2**10), (13, 11, 5), (2, 5, 5)],
)
def test_tolerance_doubles_with_what_is_not_emitted(slot: int, lowest: int, seconds: int) -> None:
    assert tolerance_ms(slot, lowest) == seconds * 1000


def test_tolerance_stays_a_number_that_fits() -> None:
    assert tolerance_ms(10**9, 1) == TOLERANCE_MS * 2**40


def test_mutant_tolerance_that_doubles_on_skipped_slots_only() -> None:
    """Votes split for several rounds: nothing is skipped or decided, and the tolerance must grow all the same."""
    split = "A B C D\nA:ABC B:ABC C!:ABC D!:ABC\nA:ABC B:ABC C!:ABC D!:ABC\nA:ABC B:ABC C!:ABC D!:ABC"
    bench = Bench(f"{split}\nA:ABCD B:ABCD C:ABCD D:ABCD", 5)
    assert bench.dag.decided == {}
    held = bench.dag.blocks.get(block_cid("A5"))
    assert held is not None
    held.seen_ms = 15_000
    assert held.block.ts == 0
    # The clocks of A and this node are 15 s apart; slot 5 is the third from the lowest not emitted, slot 1, on.
    assert bench.pacing.moment(15_000, 1) == (15_000, False)
    held.seen_ms = 20_001
    assert bench.pacing.moment(15_000, 1) == (15_000, True)
