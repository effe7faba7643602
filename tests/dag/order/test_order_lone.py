"""A lone validator: the general rule at n = 1, driven as a node drives it."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dag.cid import cid_of
from dag.order.backlog import MAX_NEW_BYTES, MAX_NEW_EVENTS
from dag.order.block import MAX_EVENT_HEADS, decode_block
from dag.order.orderer import Orderer
from dag.order.pacing import TOLERANCE_MS
from tests.dag.order.simulation import START_MS, Node, check_agreement, epoch_of

TEN_YEARS_MS = 10 * 365 * 86_400_000


def lone(delta_ms: int = 100) -> Node:
    epoch, keys = epoch_of(1)
    return Node(epoch, keys[0], {}, delta_ms=delta_ms)


def add(node: Node, name: str, *parents: bytes) -> bytes:
    cid = cid_of(name.encode())
    node.events.parents[cid] = parents
    node.take_event(cid)
    return cid


def test_an_event_is_committed_by_three_own_blocks_in_one_go() -> None:
    node = lone()
    event = add(node, "genesis")
    own = node.step(START_MS)
    assert [new.block.round for new in own] == [1, 2, 3]
    assert [new.block.event_heads for new in own] == [(event,), (), ()]
    assert node.commits == [(1, 1, own[0].block.cid, START_MS, (event,))]


def test_each_block_names_the_one_before_and_the_last_executed_commit() -> None:
    node = lone()
    add(node, "one")
    own = [new.block for new in node.step(START_MS)]
    digest = node.digest()
    add(node, "two")
    own += [new.block for new in node.step(START_MS + 1)]
    for before, block in pairwise(own):
        assert block.parents == (before.cid,)
        assert block.prev == before.cid
    assert [block.last_commit[0] for block in own] == [0, 0, 0, 1, 2, 3]
    assert {block.last_commit[1] for block in own[3:]} == {digest}
    assert node.digest() != digest


def test_slots_of_earlier_rounds_commit_empty_before_the_events() -> None:
    node = lone()
    add(node, "one")
    node.step(START_MS)
    event = add(node, "two")
    node.step(START_MS + 5)
    assert [(index, slot, time_ms, events) for index, slot, _, time_ms, events in node.commits[1:]] == [
        (2, 2, START_MS, ()),
        (3, 3, START_MS, ()),
        (4, 4, START_MS + 5, (event,)),
    ]


def test_an_idle_space_is_silent() -> None:
    node = lone()
    assert node.step(START_MS) == []
    assert node.orderer.wake_at_ms is None
    add(node, "one")
    assert node.step(START_MS)
    assert not node.orderer.has_work(START_MS)
    for later_ms in (0, 1, 10_000, TEN_YEARS_MS):
        assert node.step(START_MS + later_ms) == []
        assert node.orderer.wake_at_ms is None


def test_a_batch_commits_together_ancestors_first() -> None:
    node = lone()
    chance = random.Random(5)
    cids: list[bytes] = []
    for number in range(1000):
        cid = cid_of(b"batch %d" % number)
        node.events.parents[cid] = tuple(chance.sample(cids, min(len(cids), chance.randint(0, 2))))
        node.events.hold(cid)
        cids.append(cid)
    inner = {parent for cid in cids for parent in node.events.parents[cid]}
    node.orderer.admit([cid for cid in cids if cid not in inner], events=1000, size=300_000)
    assert [new.block.round for new in node.step(START_MS)] == [1, 2, 3]
    # `execute` asserts that parents come before.
    assert sorted(node.prefix()) == sorted(cids)


def test_what_exceeds_a_block_goes_into_the_next_ones() -> None:
    node = lone()
    for batch in range(6):
        heads = [cid_of(b"%d %d" % (batch, number)) for number in range(300)]
        for cid in heads:
            node.events.parents[cid] = ()
            node.events.hold(cid)
        node.orderer.admit(heads, events=300, size=300 * 300)
    own = node.step(START_MS)
    # 1,024 heads are three batches of 300.
    assert [len(new.block.event_heads) for new in own] == [900, 900, 0, 0]
    assert len(node.prefix()) == 1800


@pytest.mark.parametrize(("events", "size"), [(MAX_NEW_EVENTS // 2, 1), (1, MAX_NEW_BYTES // 2)])
def test_events_and_bytes_of_a_block_are_limited_too(events: int, size: int) -> None:
    node = lone()
    for batch in range(5):
        head = cid_of(b"head %d" % batch)
        node.events.parents[head] = ()
        node.events.hold(head)
        node.orderer.admit((head,), events=events, size=size)
    assert [len(new.block.event_heads) for new in node.step(START_MS)] == [2, 2, 1, 0, 0]


@pytest.mark.parametrize(("heads", "events", "size"), [(1025, 1025, 1), (1, 4097, 1), (1, 1, (4 << 20) + 1)])
def test_a_batch_that_no_block_can_hold_is_the_callers_bug(heads: int, events: int, size: int) -> None:
    with pytest.raises(AssertionError, match="split"):
        lone().orderer.admit([cid_of(b"%d" % number) for number in range(heads)], events=events, size=size)


def test_an_event_admitted_again_after_its_commit_costs_blocks_but_ends() -> None:
    node = lone()
    event = add(node, "one")
    node.step(START_MS)
    node.orderer.admit((event,), events=1, size=300)
    assert len(node.step(START_MS)) == 3
    assert node.prefix() == [event]
    assert node.step(START_MS) == []


def test_memory_does_not_grow_with_history() -> None:
    node = lone()
    for number in range(300):
        add(node, f"event {number}")
        node.step(START_MS + number)
        node.admitted.clear()
        assert node.orderer.held_blocks <= 4
        assert not node.orderer._backlog
    assert len(node.blocks) == 900


# --- timers -----------------------------------------------------------------------------------------------------


def test_a_timer_wakes_and_runs_once_its_time_and_delta_have_passed() -> None:
    node = lone(delta_ms=100)
    add(node, "one")
    node.step(START_MS)
    due = START_MS + 60_000
    node.timers = [due]
    node.set_timer()
    assert node.step(START_MS + 1) == []
    assert node.orderer.wake_at_ms == due + 101
    assert node.step(due + 100) == []
    assert len(node.step(due + 101)) == 3
    assert node.fired == [(due, 4)]
    assert node.commits[-1][3] == due + 101
    assert node.step(due + 102) == []
    assert node.orderer.wake_at_ms is None


def test_a_due_timer_runs_with_any_commit() -> None:
    node = lone()
    node.timers = [START_MS - 5, START_MS + 5]
    node.set_timer()
    add(node, "one")
    node.step(START_MS)
    assert node.fired == [(START_MS - 5, 1)]


# --- clocks -----------------------------------------------------------------------------------------------------


def test_a_clock_that_jumps_back_ten_years_neither_stops_nor_turns_time_back() -> None:
    node = lone()
    add(node, "before")
    node.step(START_MS)
    event = add(node, "after")
    own = [new.block for new in node.step(START_MS - TEN_YEARS_MS)]
    assert node.prefix()[-1] == event
    assert [block.refuse_leader for block in own] == [False, False, False]
    assert [time_ms for *_, time_ms, _ in node.commits] == [START_MS] * 4
    add(node, "later")
    node.step(START_MS - TEN_YEARS_MS + 1)
    assert len(node.prefix()) == 3
    assert node.commits[-1][3] == START_MS
    assert not node.orderer.has_work(START_MS)
    # A restart in between changes nothing.
    node.restart()
    add(node, "after a restart")
    node.step(START_MS - TEN_YEARS_MS)
    assert len(node.prefix()) == 4


@pytest.mark.parametrize("by_ms", [-TOLERANCE_MS - 150, -TOLERANCE_MS, -1, 0, 1, TOLERANCE_MS + 150])
def test_no_step_of_the_clock_makes_a_lone_node_wait(by_ms: int) -> None:
    node = lone(delta_ms=100)
    now_ms = START_MS
    for number in range(5):
        event = add(node, f"event {number}")
        node.step(now_ms)
        assert node.prefix()[-1] == event
        assert node.orderer.wake_at_ms is None
        now_ms += by_ms


def test_a_clock_that_jumps_forward_takes_the_commit_time_along_and_it_stays() -> None:
    """Documented: a lone node has nobody to tell it. Times never fall, so they stand until the clock catches up."""
    node = lone()
    add(node, "one")
    node.step(START_MS + TEN_YEARS_MS)
    add(node, "two")
    node.step(START_MS)
    add(node, "three")
    node.step(START_MS + 1)
    assert [time_ms for *_, time_ms, events in node.commits if events] == [START_MS + TEN_YEARS_MS] * 3


def test_mutant_commit_time_from_the_parents() -> None:
    """Work on Tuesday after an idle Sunday: the blocks below are of Sunday, the commit is of Tuesday."""
    node = lone()
    add(node, "sunday")
    node.step(START_MS)
    tuesday_ms = START_MS + 2 * 86_400_000
    vote = add(node, "a vote of Tuesday, after Monday's deadline")
    node.step(tuesday_ms)
    assert node.commits[-1][3:] == (tuesday_ms, (vote,))


# --- restarts ---------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from("ertc"), st.integers(-8000, 8000)), max_size=25))
def test_restarting_anywhere_changes_nothing_of_what_is_ordered(steps: list[tuple[str, int]]) -> None:
    """The same events at the same clock readings, with and without restarts and steps lost to a crash."""
    restarting, steady = lone(), lone()
    now_ms = START_MS
    for number, (kind, by_ms) in enumerate(steps):
        now_ms += by_ms
        for node in (restarting, steady):
            if kind in "et":
                add(node, f"event {number}")
            if kind == "t":
                node.timers.append(now_ms + abs(by_ms))
                node.set_timer()
        if kind in "rc":
            restarting.restart()
        if kind == "c":
            # A crash: what was made is lost with the transaction, and made anew.
            while restarting.orderer.poll(now_ms) is not None and restarting.orderer._executing is None:
                pass
            restarting.restart()
        for node in (restarting, steady):
            node.step(now_ms)
    for node in (restarting, steady):
        assert sorted(node.prefix()) == sorted(node.admitted)
        assert not node.orderer.has_work(now_ms) or node.timers


def test_two_blocks_are_never_signed_for_one_round_across_restarts() -> None:
    node = lone()
    chance = random.Random(1)
    for number in range(60):
        add(node, f"event {number}")
        node.step(START_MS + number)
        if chance.random() < 0.5:
            node.restart()
    rounds = [decode_block(row.raw).round for row in node.blocks.values()]
    assert sorted(rounds) == list(range(1, 181))


def test_replay_from_zero_gives_the_live_order() -> None:
    """A follower that gets all blocks in any order, and all events, commits the same at the same times."""
    node = lone()
    for number in range(30):
        add(node, f"event {number}")
        node.step(START_MS + 7 * number)
    epoch, keys = epoch_of(1)
    follower = Node(epoch, keys[0], node.events.parents, follows=True)
    raws = [row.raw for row in node.blocks.values()]
    random.Random(3).shuffle(raws)
    follower.events.held |= node.events.held
    for raw in raws:
        follower.orderer.receive(raw, START_MS)
        assert follower.step(START_MS) == []
    assert follower.commits == node.commits
    check_agreement([follower, node])


def test_the_orderer_insists_on_the_order_of_calls() -> None:
    node = lone()
    add(node, "one")
    with pytest.raises(AssertionError):
        node.orderer.executed(bytes(32), ran_timers=False)
    outputs = [node.orderer.poll(START_MS) for _ in range(4)]
    assert type(node.orderer) is Orderer
    assert outputs[-1] is not None
    for call in (lambda: node.orderer.poll(START_MS), node.orderer.position):
        with pytest.raises(AssertionError, match="executed"):
            call()


def test_heads_of_a_block_are_within_the_limit_of_the_format() -> None:
    node = lone()
    heads = [cid_of(b"%d" % number) for number in range(MAX_EVENT_HEADS)]
    node.events.parents.update(dict.fromkeys(heads, ()))
    node.orderer.admit(heads, events=len(heads), size=len(heads) * 300)
    assert [len(new.block.event_heads) for new in node.step(START_MS)] == [1024, 0, 0]
