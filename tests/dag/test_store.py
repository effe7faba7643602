"""The store: what goes in comes out, one transaction at a time, in every order in which it is asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dag.event import Event
from dag.graph import Graph
from dag.merkle import Frontier, consistency_proof, inclusion_proof, leaf_hash, verify_consistency, verify_inclusion
from dag.order.state import StoredBlock
from dag.store import Commit, Entry, Store, StoreCorrupt, StoreReadOnly
from tests.dag.sample import AUTHORS, GENESIS, SPACE, chain, event, make


class Node:
    """A store with its graph and log: the least that a node is."""

    def __init__(self, path: Path) -> None:
        self.store = Store.open(path, create=True)
        self.graph = Graph(self.store.events, SPACE)
        self.store.on_rollback(self.graph.forget)
        self.frontier = Frontier()
        self.commits = 0

    def admit(self, *events: Event) -> list[str]:
        with self.store.transaction():
            admitted = self.graph.admit(events)
            self.store.events.add(admitted)
        return list(admitted.kinds)

    def commit(self, *events: Event, first: bytes | None = None) -> None:
        """Put events into the log as one commit; with `first`, a leaf about no event before them."""
        start = self.frontier.size
        with self.store.transaction():
            rows: list[tuple[int, int | None, bytes]] = [] if first is None else [(start, None, first)]
            strays = []
            for e in events:
                id_ = self.graph.id_of(e.cid)
                if self.graph.commit(e) != "ok":
                    strays.append(id_)
                rows.append((start + len(rows), id_, b"leaf of " + e.cid))
            completed = self.frontier.append_many([leaf_hash(leaf) for _, _, leaf in rows])
            self.store.log.append(rows, completed)
            self.store.events.place([(id_, leaf) for leaf, id_, _ in rows if id_ is not None], strays)
            self.commits += 1
            commit = Commit(self.commits, SPACE, 1, 3 * self.commits, 1000 * self.commits, bytes(32), start, len(rows))
            self.store.log.add_commit(commit)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path / "space.db")
    node.admit(GENESIS)
    yield node
    node.store.close()


def reopened(node: Node) -> Store:
    node.store.close()
    node.store = Store.open(node.store.path)
    return node.store


def before_and_after_reopening(node: Node) -> Iterator[Store]:
    yield node.store
    yield reopened(node)


# --- events --------------------------------------------------------------------------------------------------------


def test_blocks_come_back_by_cid_also_after_a_restart(node: Node) -> None:
    a = chain(1, 30)
    node.admit(*a)
    for store in before_and_after_reopening(node):
        assert [store.events.get(e.cid) for e in a] == [e.block for e in a]
        assert store.events.has(a[3].cid)
        assert store.events.get(bytes(36)) is None
        assert store.events.get(b"short") is None
        assert not store.events.has(event(2, None).cid)
        assert store.events.lacking([event(2, None).cid, a[0].cid]) == [event(2, None).cid]
        assert len(store.events) == 31


def test_hashes_that_begin_alike_are_told_apart(node: Node) -> None:
    a = chain(1, 2)
    node.admit(*a)
    alike = a[0].cid[:20] + bytes(16)
    assert not node.store.events.has(alike)
    with node.store.transaction():
        # As if the digests of two events began with the same 6 bytes.
        node.store.events.by_cid.add([int.from_bytes(a[0].cid[4:10], "big", signed=True)], [node.graph.id_of(a[0].cid)])
    assert node.store.events.get(a[0].cid) == a[0].block


def test_a_chain_is_read_by_author_and_seq(node: Node) -> None:
    a, b = chain(1, 12), chain(2, 3)
    fork = event(1, a[4], at=9)
    node.admit(*a, *b, fork)
    for store in before_and_after_reopening(node):
        part = store.events.by_author(AUTHORS[1], 4, 7)
        assert [(s.seq, s.cid, s.block, s.author) for s in part] == [
            (e.seq, e.cid, e.block, AUTHORS[1]) for e in (a[4], a[5], fork, a[6])
        ]
        assert [s.cid for s in store.events.by_author(AUTHORS[2])] == [e.cid for e in b]
        assert store.events.by_author(AUTHORS[1], 12) == []
        assert store.events.by_author(AUTHORS[3]) == []
        assert store.events.tips() == [(AUTHORS[0], 0), (AUTHORS[1], 11), (AUTHORS[2], 2)]


def test_heads_are_what_nothing_names(node: Node) -> None:
    a = chain(1, 3)
    node.admit(*a)
    assert node.store.events.heads(10) == [a[2].cid, GENESIS.cid]
    fork = event(1, a[0], at=5)
    late = event(2, None, GENESIS, a[2])
    node.admit(fork, late)
    assert node.store.events.heads(10) == [late.cid, fork.cid]
    assert reopened(node).events.heads(1) == [late.cid]


def test_events_are_pending_until_they_have_a_place(node: Node) -> None:
    a = chain(1, 3)
    node.admit(*a)
    node.commit(GENESIS, a[0], first=b"epoch")
    store = node.store
    assert [(n.cid, block) for n, block in store.events.pending()] == [(e.cid, e.block) for e in a[1:]]
    assert [store.events.leaf_of(e.cid) for e in (GENESIS, *a)] == [1, 2, None, None]
    assert store.events.leaf_of(bytes(36)) is None
    assert [store.events.commit_of(node.graph.id_of(e.cid)) for e in (GENESIS, *a)] == [1, 1, 0, 0]


def test_all_events_come_in_order_of_admission_page_by_page(node: Node) -> None:
    long = chain(1, 2500)
    node.admit(*long)
    stored = list(node.store.events.all())
    assert [s.cid for s in stored] == [GENESIS.cid, *(e.cid for e in long)]
    assert [s.id for s in stored] == list(range(1, 2502))
    assert [s.id for s in node.store.events.all(after=2400)] == list(range(2401, 2502))
    assert len(node.store.events.by_author(AUTHORS[1])) == 1000
    assert [s.seq for s in node.store.events.by_author(AUTHORS[1], 2400)] == list(range(2400, 2500))


def test_what_the_log_calls_stray_is_not_canonical(node: Node) -> None:
    a = chain(1, 2)
    fork = event(1, a[0], at=5)
    node.admit(*a, fork)
    node.commit(GENESIS, a[0], fork, a[1])
    events = node.store.events
    author = events.author_id(AUTHORS[1])
    assert author is not None
    tip = events.canonical_tip(author)
    assert tip is not None
    assert tip.cid == fork.cid
    assert [events.is_canonical(node.graph.id_of(e.cid)) for e in (a[0], a[1], fork)] == [True, False, True]
    assert events.canonical_tip(99) is None


# --- the log -------------------------------------------------------------------------------------------------------


def test_proofs_are_read_from_the_file(node: Node) -> None:
    long = chain(1, 700)
    node.admit(*long)
    node.commit(GENESIS, *long[:100], first=b"epoch")
    old, old_root = node.frontier.size, node.frontier.root()
    node.commit(*long[100:])
    log, size, root = reopened(node).log, node.frontier.size, node.frontier.root()
    assert log.size == size == 702
    for index in (0, 1, 255, 256, 511, 512, 701):
        path = inclusion_proof(log, index, size)
        assert verify_inclusion(leaf_hash(log.leaf(index)), index, size, path, root)
    assert verify_consistency(old, size, consistency_proof(log, old, size), old_root, root)
    with pytest.raises(IndexError):
        log.leaf(702)
    with pytest.raises(IndexError):
        log.leaves(600, 703)
    with pytest.raises(IndexError):
        log.node(8, 2)


def test_the_log_has_no_gap(node: Node) -> None:
    with pytest.raises(AssertionError, match="gap"), node.store.transaction():
        node.store.log.append([(1, None, b"leaf")])
    assert node.store.log.size == 0


def test_entries_are_read_in_committed_order_with_their_events(node: Node) -> None:
    a, b = chain(1, 1500), chain(2, 1)
    node.admit(*a, *b)
    node.commit(b[0], GENESIS, *a, first=b"epoch")
    entries = list(node.store.log.entries())
    assert entries[0] == Entry(0, b"epoch", None, None, None)
    assert [e.block for e in entries[1:]] == [b[0].block, GENESIS.block, *(e.block for e in a)]
    assert [e.author for e in entries[1:4]] == [AUTHORS[2], AUTHORS[0], AUTHORS[1]]
    assert list(node.store.log.entries(3, 5)) == entries[3:5]
    assert list(node.store.log.entries(1500)) == entries[1500:]


def test_a_log_with_a_hole_is_not_read_over(node: Node) -> None:
    a = chain(1, 5)
    node.admit(*a)
    node.commit(GENESIS, *a)
    with node.store.transaction():
        node.store.db.execute("DELETE FROM leaf WHERE i = 3")
    with pytest.raises(StoreCorrupt, match="leaf 3"):
        list(node.store.log.entries())
    with pytest.raises(IndexError):
        node.store.log.leaves(0, 6)


def test_a_leaf_of_no_recorded_commit_is_in_none(node: Node) -> None:
    a = chain(1, 1)
    node.admit(*a)
    for leaf, e in enumerate((GENESIS, *a)):
        with node.store.transaction():
            id_ = node.graph.id_of(e.cid)
            node.store.log.append([(leaf, id_, b"leaf")])
            node.store.events.place([(id_, leaf)])
        assert node.store.events.commit_of(id_) == 0
        assert node.store.log.commit_at(leaf) is None
        with node.store.transaction():
            if e is GENESIS:
                node.store.log.add_commit(Commit(1, SPACE, 1, 3, 0, bytes(32), 0, 1))


def test_commits_are_found_by_index_and_by_leaf(node: Node) -> None:
    a = chain(1, 4)
    node.admit(*a)
    node.commit(GENESIS, a[0], first=b"epoch")
    node.commit()
    node.commit(a[1], a[2])
    log = node.store.log
    commits = log.commits(0)
    assert [(c.index, c.leaf, c.leaves) for c in commits] == [(1, 0, 3), (2, 3, 0), (3, 3, 2)]
    assert log.commits(1, 1) == [commits[1]]
    assert log.last_commit() == commits[2]
    assert log.commit(2) == commits[1]
    assert log.commit(4) is None
    assert [log.commit_at(leaf) for leaf in range(6)] == [*[commits[0]] * 3, *[commits[2]] * 2, None]
    node.commit()
    node.commit()
    assert node.store.events.commit_of(node.graph.id_of(a[1].cid)) == 3
    assert log.commit_at(3) == commits[2]


def test_checkpoints_by_size(node: Node) -> None:
    log = node.store.log
    assert log.last_checkpoint() is None
    with node.store.transaction():
        for size, note in ((3, "three"), (7, "seven"), (7, "seven, cosigned")):
            log.add_checkpoint(size, note)
    assert log.last_checkpoint() == (7, "seven, cosigned")
    assert [log.checkpoint(size) for size in (0, 3, 4, 8)] == [
        (3, "three"), (3, "three"), (7, "seven, cosigned"), None,
    ]  # fmt: skip


def test_ordering_blocks_with_which_to_go_on(node: Node) -> None:
    ordering = node.store.ordering
    epoch, other = SPACE, bytes(36)
    blocks = [(bytes([r, n]) * 18, r, StoredBlock(bytes([r, n]), 10 * r)) for r in range(1, 6) for n in range(2)]
    with node.store.transaction():
        ordering.add(epoch, blocks)
        ordering.add(other, [(b"x" * 36, 1, StoredBlock(b"x", 5))])
        ordering.mark([(cid, 1, 1 if r == 1 else 0) for cid, r, _ in blocks if r < 3 and cid != blocks[2][0]])
        ordering.add(epoch, [(blocks[9][0], 5, StoredBlock(blocks[9][2].raw, 50, 2, 2))])
    assert ordering.get(blocks[1][0]) == StoredBlock(bytes([1, 1]), 10, 1, 1)
    assert ordering.get(blocks[9][0]) == StoredBlock(bytes([5, 1]), 50, 2, 2)
    assert ordering.get(bytes(36)) is None
    resumed = [stored.raw for stored in ordering.to_resume(epoch, 4)]
    assert resumed == [bytes(x) for x in ([2, 0], [3, 0], [3, 1], [4, 0], [4, 1], [5, 0], [5, 1])]
    assert [stored.raw for stored in ordering.in_rounds(epoch, 2, 4)] == [
        bytes([2, 0]), bytes([2, 1]), bytes([3, 0]), bytes([3, 1]),
    ]  # fmt: skip
    with node.store.transaction():
        assert ordering.prune(epoch) == 10
    assert ordering.to_resume(epoch, 0) == []
    assert ordering.get(b"x" * 36) is not None


# --- transactions --------------------------------------------------------------------------------------------------


def test_a_failed_transaction_leaves_nothing_in_file_or_memory(node: Node) -> None:
    a = chain(1, 3)
    node.admit(a[0])
    with pytest.raises(ZeroDivisionError), node.store.transaction():
        node.store.events.add(node.graph.admit(a[1:]))
        node.store.set_meta("k", 1)
        node.store.blobs.put([(bytes(32), b"blob")])
        assert node.store.events.has(a[2].cid)
        raise ZeroDivisionError
    assert node.store.events.get(a[1].cid) is None
    assert node.store.meta("k") is None
    assert node.store.blobs.get(bytes(32)) is None
    assert node.graph.lacking([a[1].cid]) == [a[1].cid]
    assert node.admit(a[2], a[1]) == ["new", "new"]
    assert [s.id for s in node.store.events.all()] == [1, 2, 3, 4]


def test_a_rollback_over_the_sorting_of_the_indexes(node: Node) -> None:
    for index in (node.store.events.by_cid, node.store.events.by_chain, node.store.blobs._index):
        index._limit = 20
    a = chain(1, 60)
    node.admit(*a[:18])
    with pytest.raises(ZeroDivisionError), node.store.transaction():
        node.store.events.add(node.graph.admit(a[18:40]))
        node.store.blobs.put([(bytes([n]) * 32, b"blob") for n in range(30)])
        raise ZeroDivisionError
    for n in range(18, 60, 3):
        node.admit(*a[n : n + 3])
        with node.store.transaction():
            node.store.blobs.put([(bytes([n]) * 32, b"later"), (bytes([n + 1]) * 32, b"blob")])
    assert all(node.store.events.get(e.cid) == e.block for e in a)
    assert [s.cid for s in node.store.events.by_author(AUTHORS[1])] == [e.cid for e in a]
    assert node.store.blobs.get(bytes([18]) * 32) == b"later"
    assert node.store.blobs.get(bytes([2]) * 32) is None
    assert reopened(node).check(full=True) == []


def test_every_hook_hears_of_a_rollback(node: Node) -> None:
    heard: list[str] = []
    node.store.on_rollback(lambda: heard.append("one"))
    node.store.on_rollback(lambda: heard.append("two"))
    node.store.begin()
    node.store.rollback()
    assert heard == ["one", "two"]


def test_the_kernels_tables_share_the_transaction(node: Node) -> None:
    store = node.store
    with store.transaction():
        store.db.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER)")
        store.db.execute("INSERT INTO account VALUES (1, 5)")
    with pytest.raises(ZeroDivisionError), store.transaction():
        store.db.execute("UPDATE account SET balance = 9")
        raise ZeroDivisionError
    assert reopened(node).db.execute("SELECT balance FROM account").get == 5


def test_what_is_committed_is_on_disk(node: Node) -> None:
    db = node.store.db
    assert (db.pragma("journal_mode"), db.pragma("synchronous"), db.pragma("secure_delete")) == ("wal", 2, 1)


def test_single_values(node: Node) -> None:
    store = node.store
    assert store.meta("space") is None
    with store.transaction():
        store.set_meta("space", SPACE)
        store.set_meta("number", 7)
        store.set_meta("number", 2**62)
        store.set_meta("text", "é")
    assert [reopened(node).meta(key) for key in ("space", "number", "text")] == [SPACE, 2**62, "é"]


# --- readers -------------------------------------------------------------------------------------------------------


def test_a_reader_reads_beside_the_writer(node: Node) -> None:
    a = chain(1, 6)
    node.admit(a[0])
    with Store.open(node.store.path, read_only=True) as reader:
        assert reader.is_read_only
        for e, after in zip(a, [*a[1:], None], strict=True):
            assert reader.events.get(e.cid) == e.block
            if after is not None:
                assert reader.events.get(after.cid) is None
                node.admit(after)
        with pytest.raises(StoreReadOnly, match="read-only"), reader.transaction():
            pass


def test_a_view_is_of_one_moment(node: Node) -> None:
    a = chain(1, 2)
    with Store.open(node.store.path, read_only=True) as reader:
        with reader.view():
            before = len(reader.events)
            node.admit(*a)
            assert len(reader.events) == before == 1
            assert reader.events.get(a[0].cid) is None
        assert len(reader.events) == 3
        assert reader.events.get(a[0].cid) == a[0].block


# --- copies and checks ---------------------------------------------------------------------------------------------


def test_a_snapshot_is_of_the_moment_it_began_while_writing_goes_on(node: Node, tmp_path: Path) -> None:
    a = chain(1, 400)
    node.admit(*a[:300])
    with node.store.transaction():
        node.store.blobs.put([(bytes([n]) * 32, bytes(60_000)) for n in range(150)])
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        if not seen:
            node.admit(*a[300:])
        seen.append((done, total))

    node.store.snapshot(tmp_path / "copy.db", progress)
    assert len(seen) > 1
    assert seen[-1][0] == seen[-1][1] > 0
    assert node.store.events.has(a[399].cid)
    with Store.open(tmp_path / "copy.db") as copy:
        assert len(copy.events) == 301
        assert copy.events.get(a[299].cid) == a[299].block
        assert not copy.events.has(a[300].cid)
        assert copy.check(full=True) == []
    assert not list(tmp_path.glob("*.part*"))


def test_a_healthy_file_checks_clean(node: Node) -> None:
    node.admit(*chain(1, 50))
    assert node.store.check() == []
    assert node.store.check(full=True) == []


def test_the_full_check_finds_a_changed_block_and_a_lost_index_entry(node: Node) -> None:
    a = chain(1, 5)
    node.admit(*a)
    with node.store.transaction():
        node.store.db.execute("UPDATE event SET block = ? WHERE id = 3", (a[1].block[:-1] + b"\xff",))
        node.store.db.execute("UPDATE event SET seq = 77 WHERE id = 5")
    assert node.store.check() == []
    assert node.store.check(full=True) == [
        "event 3 is not found by its CID: its block or the index is damaged",
        "event 5 is not found in its author's chain",
    ]
    with pytest.raises(StoreCorrupt, match="event 3"):
        node.store.events.get(a[1].cid)


def test_long_and_odd_events_fit(node: Node) -> None:
    big = make(AUTHORS[1], 0, None, space=SPACE, ops=[{"op": "test.op", "ver": 1, "text": "x" * 60_000}])
    node.admit(big)
    assert reopened(node).events.get(big.cid) == big.block
