"""Several nodes, one order: seeded runs of the simulation, honest, faulty, and beyond what the rule can bear.

A failing run is repeated by its seed, which is in the test's name.
"""

import random

import pytest

from dag.cid import cid_of
from dag.keys import SigningKey
from dag.order.block import Block, decode_block, sign_block
from dag.order.config import Epoch
from dag.order.orderer import Diverged, Mismatch, NewBlock
from tests.dag.order.simulation import (
    START_MS,
    Node,
    chaos,
    check_agreement,
    epoch_of,
    network,
)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7])
@pytest.mark.parametrize("seed", range(3))
def test_honest_nodes_commit_everything_alike_and_then_are_silent(n: int, seed: int) -> None:
    net = network(seed, n, skew_ms=1000)
    for _ in range(12):
        net.submit()
        net.run(net.random.randint(0, 120))
    net.run(5_000)
    check_agreement(net.nodes)
    assert {len(node.prefix()) for node in net.nodes} == {12}
    assert not any(node.alarms for node in net.nodes)
    sent = net.sent
    net.run(3_600_000)
    assert net.sent == sent
    assert all(node.orderer.wake_at_ms is None for node in net.nodes)
    assert all(node.orderer.held_blocks <= 4 * n for node in net.nodes)


# n | twins (validators that sign twice) | seeds
CHAOS = [(1, 0, 4), (2, 0, 6), (3, 0, 10), (4, 0, 6), (4, 1, 5), (6, 1, 1), (7, 2, 1)]


@pytest.mark.parametrize(
    ("n", "twins", "seed"), [(n, twins, seed) for n, twins, seeds in CHAOS for seed in range(seeds)]
)
def test_faults_within_the_bounds_neither_split_nor_stop_the_order(n: int, twins: int, seed: int) -> None:
    honest = chaos(seed, n, twins=twins)
    admitted = {cid for node in honest for cid in node.admitted if node.events.is_whole(cid)}
    assert admitted
    for node in honest:
        assert admitted <= set(node.prefix())
        assert node.alarms == []


@pytest.mark.parametrize(
    ("n", "twins", "side", "splits"),
    [
        (3, 1, {0, 1}, True),
        (4, 2, {0, 1, 2}, True),
        (7, 3, {0, 1, 2, 3, 4}, True),
        # Within the bounds only one side has a quorum.
        (4, 1, {0, 1, 2}, False),
        (7, 2, {0, 1, 2, 3, 4}, False),
    ],
)
def test_faults_beyond_the_bounds_split_the_order(n: int, twins: int, side: set[int], splits: bool) -> None:
    """Mutants n = 3, q = 2 with one Byzantine, n = 4 with two: liars that show each side of a partition a face."""
    net = network(4, n, twins=twins)
    net.cut = lambda one, other: (one in side) != (other in side)
    for index in range(len(net.nodes)):
        cid = cid_of(b"of one side %d" % (index in side))
        net.parents[cid] = ()
        net.send(index, "event", cid)
    net.run(5_000)
    net.cut = lambda _one, _other: False
    try:
        for _ in range(5):
            net.exchange()
            net.run(1_000)
        check_agreement(net.nodes[twins:n])
    except (AssertionError, Diverged):
        assert splits
    else:
        assert not splits
        assert {len(node.prefix()) for node in net.nodes[twins:n]} == {2}


def test_replay_from_zero_in_any_order_gives_the_live_order() -> None:
    """Garbage collection must not show: a follower judges from all blocks what validators judged from a few."""
    honest = chaos(3, 4)
    node = max(honest, key=lambda one: len(one.commits))
    for seed in range(3):
        follower = Node(node.epoch, node.signer, node.events.parents, follows=True)
        follower.events.held |= node.events.held
        raws = [row.raw for row in node.blocks.values()]
        random.Random(seed).shuffle(raws)
        for raw in raws:
            follower.orderer.receive(raw, START_MS)
            follower.step(START_MS)
        assert follower.commits == node.commits
        assert follower.digest() == node.digest()


# --- named cases ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 4, 7])
def test_a_healthy_space_commits_within_five_delays(n: int) -> None:
    net = network(11, n, delta_ms=1000)
    net.delays_ms = (100, 100)
    net.submit()
    net.run(5_000)
    for _ in range(10):
        cid = cid_of(b"timed %d" % len(net.parents))
        net.parents[cid] = ()
        for index in range(n):
            net.send(index, "event", cid, 0)
        net.run(500)
        assert all(cid in node.events.committed for node in net.nodes)
        net.run(net.random.randint(300, 3_000))
    # What is in memory is enough to judge what arrives on time.
    assert [node.archive_hits for node in net.nodes] == [0] * n


def test_one_of_three_may_be_away_and_catches_up() -> None:
    net = network(5, 3)
    net.down = {1}
    for _ in range(6):
        net.submit([0, 2])
        net.run(400)
    net.run(3_000)
    assert [len(node.prefix()) for node in net.nodes] == [6, 0, 6]
    net.down = set()
    net.exchange()
    net.run(3_000)
    assert [len(node.prefix()) for node in net.nodes] == [6, 6, 6]
    check_agreement(net.nodes)


def test_below_a_quorum_ordering_halts_and_resumes() -> None:
    net = network(6, 3)
    net.down = {0, 1}
    net.submit([2])
    net.run(20_000)
    assert net.nodes[2].prefix() == []
    # Round 1 needs no quorum; everything after it does.
    assert net.nodes[2].orderer.round == 1
    net.down = set()
    net.exchange()
    net.run(3_000)
    assert [len(node.prefix()) for node in net.nodes] == [1, 1, 1]


def test_an_event_that_only_a_block_brings_counts_as_admitted() -> None:
    """Else the one node that admitted it sees work alone, and it never commits."""
    net = network(7, 4)
    cid = net.submit([0])
    for node in net.nodes[1:]:
        node.events.hold(cid)
    net.run(3_000)
    assert [node.prefix() for node in net.nodes] == [[cid]] * 4
    assert [len(node.admitted) for node in net.nodes] == [1, 0, 0, 0]


@pytest.mark.parametrize("rounds", [3, 6, 9])
def test_mutant_idle_without_the_own_cone_condition(rounds: int) -> None:
    """A node may not go idle while the cone of its own last block does not decide what it has committed.

    In the longer cases the commit is followed by empty ones before this node makes a block.
    """
    epoch, keys = epoch_of(3)
    signers = {signer.author: signer for signer in keys}
    order = [signers[epoch.leader(round_)] for round_ in (1, 2, 3)]
    node = Node(epoch, order[2], {})
    cid = cid_of(b"event")
    node.events.parents[cid] = ()
    node.events.hold(cid)
    below: list[bytes] = []
    parents: list[bytes] = []
    for round_ in range(1, rounds + 1):
        parents, below = below, []
        for signer in order[:2]:
            block = plain_block(epoch, signer, round_, parents, [cid] if round_ == 1 else [])
            node.orderer.receive(block.raw, START_MS)
            below.append(block.cid)
    # A second block of the last round, which stays outside this node's cone.
    node.orderer.receive(plain_block(epoch, order[0], rounds, parents, [], ts=START_MS + 1).raw, START_MS)
    # It holds a commit by the two others' certificates, and waits for the leader of rounds 3, 6 and 9: itself.
    assert node.step(START_MS) == []
    assert node.prefix() == [cid]
    assert node.orderer.has_work(START_MS)
    assert node.orderer.wake_at_ms == START_MS + 200
    # It makes the block that carries the certificates on, and then is idle.
    own = node.step(START_MS + 200)
    assert [(new.block.round, set(new.block.parents)) for new in own] == [(rounds + 1, set(below))]
    assert not node.orderer.has_work(START_MS)
    assert node.step(START_MS + 60_000) == []


def test_a_late_block_with_events_long_committed_is_no_work() -> None:
    net = network(13, 3)
    net.down = {0}
    cid = net.submit([1, 2])
    net.run(3_000)
    node = net.nodes[1]
    assert node.prefix() == [cid]
    late = plain_block(node.epoch, net.nodes[0].signer, 1, [], [cid])
    node.orderer.receive(late.raw, net.now_ms)
    assert [type(out) for out in iter(lambda: node.orderer.poll(net.now_ms), None)] == [NewBlock]
    assert not node.orderer.has_work(net.now_ms)


def plain_block(
    epoch: Epoch, signer: SigningKey, round_: int, parents: list[bytes], heads: list[bytes], ts: int = START_MS
) -> Block:
    return sign_block(
        signer,
        epoch=epoch.cid,
        round_=round_,
        parents=parents,
        refuse_leader=False,
        prev=None,
        event_heads=heads,
        last_commit=(0, bytes(32)),
        ts=ts,
    )


def test_mutant_the_leader_refused_as_a_parent_by_clock() -> None:
    """After an outage of a minute the leader's block is too old for everybody: a parent all the same, and no halt."""
    net = network(8, 3)
    net.submit()
    net.run(30)
    kept = net.cut
    net.cut = lambda one, other: one != other
    net.run(60_000)
    net.cut = kept
    net.exchange()
    net.run(5_000)
    assert [len(node.prefix()) for node in net.nodes] == [1, 1, 1]
    for node in net.nodes:
        for row in node.blocks.values():
            block = decode_block(row.raw)
            leads = [
                cid
                for cid in block.parents
                if decode_block(node.blocks[cid].raw).author == node.epoch.leader(block.round - 1)
            ]
            assert leads or not block.refuse_leader


@pytest.mark.parametrize("skew_ms", [4_000, 20_000])
def test_skewed_clocks_slow_nothing_down_for_ever(skew_ms: int) -> None:
    net = network(9, 4, skew_ms=skew_ms)
    net.delays_ms = (20, 20)
    for _ in range(5):
        net.submit()
        net.run(30 * 20)
    assert {len(node.prefix()) for node in net.nodes} == {5}
    check_agreement(net.nodes)


# --- stated results ---------------------------------------------------------------------------------------------


def with_claims(n: int, claims: dict[int, bytes]) -> tuple[Node, list[NewBlock]]:
    """A node that executed commit 1, and blocks of round 4 by others that state these results of it."""
    net = network(10, n)
    net.submit()
    net.run(3_000)
    node = net.nodes[0]
    assert node.orderer.index >= 1
    top = max((decode_block(row.raw) for row in node.blocks.values()), key=lambda block: block.round).round
    below = [cid for cid, row in node.blocks.items() if decode_block(row.raw).round == top]
    _, keys = epoch_of(n)
    for place, digest in claims.items():
        block = sign_block(
            keys[place],
            epoch=node.epoch.cid,
            round_=top + 1,
            parents=below,
            refuse_leader=False,
            prev=None,
            event_heads=[],
            last_commit=(1, digest),
            ts=net.now_ms,
        )
        node.orderer.receive(block.raw, net.now_ms)
    return node, node.step(net.now_ms) if len(claims) <= node.epoch.b else []


def test_another_result_of_a_commit_is_an_alarm_and_more_than_b_of_them_stop_the_node() -> None:
    node, _ = with_claims(4, {1: bytes(32)})
    (alarm,) = node.alarms
    assert isinstance(alarm, Mismatch)
    assert (alarm.index, alarm.theirs) == (1, bytes(32))
    assert alarm.ours == node.digest()
    node, _ = with_claims(4, {1: bytes(32), 2: bytes(32)})
    with pytest.raises(Diverged) as caught:
        node.step(START_MS)
    assert [mismatch.index for mismatch in caught.value.mismatches] == [1, 1]
    # One is enough where nobody is expected to lie.
    node, _ = with_claims(3, {1: bytes(32)})
    with pytest.raises(Diverged, match="commit 1"):
        node.step(START_MS)


def test_the_same_result_is_no_alarm() -> None:
    node, _ = with_claims(3, {})
    node, _ = with_claims(3, {1: node.digest()})
    assert node.step(START_MS) is not None
    assert node.alarms == []


def test_a_result_stated_ahead_is_compared_when_this_node_gets_there() -> None:
    net = network(12, 3)
    net.submit()
    net.run(3_000)
    ahead = net.nodes[0]
    follower = Node(ahead.epoch, ahead.signer, net.parents, follows=True)
    follower.events.held |= ahead.events.held
    follower.digest = lambda: bytes(range(32))  # type: ignore[method-assign]
    with pytest.raises(Diverged):
        for row in ahead.blocks.values():
            follower.orderer.receive(row.raw, START_MS)
            follower.step(START_MS)
