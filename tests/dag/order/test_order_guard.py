"""Never two blocks for one round: the guard, restored databases, and what a restart needs."""

import json
from pathlib import Path

import pytest

from dag.cid import cid_from_text, cid_of
from dag.codec import Link, Value, decode, encode
from dag.order.block import decode_block
from dag.order.config import Epoch
from dag.order.guard import Guard, RestoredDatabase, check_guard, opening_guard
from dag.order.state import DamagedState, Position, StoredBlock, opening
from tests.dag.order.simulation import SPACE, START_MS, Events, Node, epoch_of

EPOCH, KEYS = epoch_of(1)
A, B, C = (cid_of(name) for name in (b"a", b"b", b"c"))

# guard | database | own blocks at hand | code, None when the node may sign
CASES: list[tuple[Guard | None, Guard, dict[int, bytes], str | None]] = [
    (Guard(1, 0, EPOCH.cid), Guard(1, 0, EPOCH.cid), {}, None),
    (Guard(1, 3, A), Guard(1, 3, A), {3: A}, None),
    (None, Guard(1, 0, EPOCH.cid), {}, "guard_missing"),
    (None, Guard(1, 3, A), {3: A}, "guard_missing"),
    # Behind, by a crash between the database and the guard: repaired.
    (Guard(1, 0, EPOCH.cid), Guard(1, 3, A), {1: C, 2: B, 3: A}, None),
    (Guard(1, 2, B), Guard(1, 3, A), {2: B, 3: A}, None),
    (Guard(1, 2, B), Guard(1, 3, A), {3: A}, None),
    (Guard(1, 2, B), Guard(1, 3, A), {2: C, 3: A}, "guard_differs"),
    (Guard(1, 3, B), Guard(1, 3, A), {3: A}, "guard_differs"),
    (Guard(1, 4, B), Guard(1, 3, A), {3: A}, "guard_ahead"),
    (Guard(2, 0, B), Guard(1, 3, A), {3: A}, "guard_ahead"),
    (Guard(2, 1, B), Guard(2, 0, C), {}, "guard_ahead"),
    # A later epoch's database: what was signed in the epochs before binds nothing here.
    (Guard(1, 900, A), Guard(2, 0, B), {}, None),
    (Guard(1, 900, A), Guard(2, 3, B), {}, None),
]


@pytest.mark.parametrize(("guard", "database", "own", "code"), CASES)
def test_guard_against_database(guard: Guard | None, database: Guard, own: dict[int, bytes], code: str | None) -> None:
    if code is None:
        check_guard(guard, database, own)
        return
    with pytest.raises(RestoredDatabase) as caught:
        check_guard(guard, database, own)
    assert caught.value.code == code
    assert caught.value.guard == guard
    assert caught.value.database == database
    assert "recovery" in str(caught.value)


def worked(events: int = 3) -> Node:
    node = Node(EPOCH, KEYS[0], {})
    for number in range(events):
        add(node, number)
    return node


def add(node: Node, number: int) -> None:
    cid = cid_of(b"event %d" % number)
    node.events.parents[cid] = ()
    node.take_event(cid)
    node.step(START_MS + number)


def test_a_restored_database_does_not_sign_but_still_reads() -> None:
    node = worked()
    backup = dict(node.blocks), node.position
    add(node, 3)
    assert node.guard is not None
    assert node.guard.round == 12
    guard = node.guard
    node.blocks, node.position = backup[0], backup[1]
    for lost, code in ((guard, "guard_ahead"), (None, "guard_missing")):
        node.guard = lost
        with pytest.raises(RestoredDatabase, match=code):
            node.restart()
    node.follows = True
    node.restart()
    assert node.step(START_MS + 9) == []
    assert node.orderer.index == 7


def test_a_crash_between_database_and_guard_is_repaired() -> None:
    node = worked()
    behind = node.guard
    add(node, 3)
    ahead = node.guard
    node.guard = behind
    node.restart()
    assert node.guard == ahead
    add(node, 4)
    assert len(node.prefix()) == 5


def test_a_crash_right_after_the_first_commit_finds_the_opening_guard() -> None:
    node = worked(1)
    node.guard = opening_guard(EPOCH)
    node.restart()
    assert node.guard is not None
    assert node.guard.round == 3


def test_ones_own_block_from_elsewhere_stops_signing() -> None:
    """Two machines with one key, or a database restored together with its guard: the peer's copy gives it away."""
    node, other = worked(), worked()
    add(node, 3)
    add(other, 4)
    event = cid_of(b"event 4")
    node.events.parents[event] = ()
    node.events.hold(event)
    foreign = [row.raw for row in other.blocks.values() if decode_block(row.raw).round == 10]
    before = len(node.blocks)
    node.orderer.receive(foreign[0], START_MS)
    refusal = node.orderer.refuses_to_sign
    assert refusal is not None
    assert refusal.code == "own_block_from_elsewhere"
    assert node.step(START_MS + 10) == []
    add(node, 5)
    assert len(node.blocks) == before + 1
    # Nor does it begin again after a restart: the database has the block now.
    with pytest.raises(RestoredDatabase, match="own_block_from_elsewhere"):
        node.restart()
    # One's own block that the database has says nothing.
    calm = worked()
    for row in list(calm.blocks.values()):
        calm.orderer.receive(row.raw, START_MS)
    assert calm.orderer.refuses_to_sign is None


def test_a_recovery_epoch_starts_again_at_round_1_and_goes_on_counting_commits() -> None:
    node = worked()
    assert node.orderer.index == 7
    epoch = Epoch(SPACE, 2, EPOCH.validators, nonce=bytes(16))
    last = Position.decode(node.position)
    # On the new machine: the backup's blocks and events, no guard.
    restored = Node(epoch, KEYS[0], node.events.parents)
    restored.events.held, restored.events.committed = set(node.events.held), dict(node.events.committed)
    restored.commits = list(node.commits)
    restored.blocks = dict(node.blocks)
    restored.position = opening(epoch, last.index, last.digest, last.time_ms).encode()
    restored.guard = opening_guard(epoch)
    restored.restart()
    cid = cid_of(b"after")
    restored.events.parents[cid] = ()
    restored.take_event(cid)
    # The clock of the new machine is behind; times do not fall across epochs either.
    own = restored.step(START_MS - 1_000)
    assert [new.block.round for new in own] == [1, 2, 3]
    assert own[0].block.prev is None
    assert own[0].block.last_commit == (7, last.digest)
    assert restored.commits[-1][0] == 8
    assert restored.commits[-1][3] == last.time_ms
    assert restored.commits[-1][4] == (cid,)
    assert restored.guard == (2, 3, own[2].block.cid)


# --- the stored position ----------------------------------------------------------------------------------------

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "order.json").read_text())["positions"][0]
FULL = Position.decode(bytes.fromhex(GOLDEN["encoded"]))


def test_golden_position() -> None:
    assert FULL.encode().hex() == GOLDEN["encoded"]
    block = json.loads((Path(__file__).parents[2] / "golden" / "order.json").read_text())["blocks"]
    cids = [cid_from_text(vector["cid"]) for vector in block]
    assert (FULL.index, FULL.time_ms, FULL.slot, FULL.keep_from, FULL.worked_slot) == (5, START_MS, 7, 6, 7)
    assert (FULL.own_round, FULL.own_cid, FULL.base_index) == (9, cids[1], 2)
    assert FULL.decided == ((8, b""), (9, cids[0]))
    assert FULL.epoch == EPOCH.cid


def test_an_opening_position_survives_storage() -> None:
    for position in (opening(EPOCH), opening(EPOCH, 9, bytes(range(32)), START_MS)):
        assert Position.decode(position.encode()) == position


def changed(at: int, value: Value) -> bytes:
    fields = decode(FULL.encode())
    assert isinstance(fields, list)
    fields[at] = value
    return encode(fields)


DAMAGE = [
    b"",
    FULL.encode()[:-1],
    encode([]),
    encode({"a": 1}),
    encode(1),
    changed(0, None),
    changed(0, bytes(36)),
    changed(1, -1),
    changed(1, "5"),
    changed(1, True),
    changed(2, bytes(31)),
    changed(2, 1),
    changed(5, 0),
    changed(5, 9),
    changed(6, 8),
    changed(8, None),
    changed(8, b"x"),
    changed(9, 6),
    changed(10, [[7, None]]),
    changed(10, [[8]]),
    changed(10, [["8", None]]),
    changed(10, 1),
]


@pytest.mark.parametrize("data", DAMAGE)
def test_a_damaged_position_is_told(data: bytes) -> None:
    with pytest.raises(DamagedState):
        Position.decode(data)


def test_damaged_blocks_and_a_position_of_another_epoch_are_told() -> None:
    node = worked()
    cid, row = next(reversed(node.blocks.items()))
    node.blocks[cid] = StoredBlock(row.raw[:-1], row.seen_ms)
    with pytest.raises(DamagedState, match="cannot be read"):
        Node(EPOCH, KEYS[0], {}).orderer_type(
            EPOCH,
            Position.decode(node.position),
            [node.blocks[cid]],
            events=Events({}),
            archive=node.blocks.get,
            delta_ms=100,
        )
    node.position = opening(epoch_of(2)[0]).encode()
    with pytest.raises(DamagedState, match="another epoch"):
        node.restart()


def test_a_link_is_a_link_in_the_position() -> None:
    fields = decode(FULL.encode())
    assert isinstance(fields, list)
    assert type(fields[0]) is Link
    assert type(fields[8]) is Link
