"""The log and its order in the space's file: leaves, Merkle nodes, commits, checkpoints, and the validators' blocks.

Purpose: append what was committed, and read it back for proofs (`dag.merkle.Nodes`), for a rebuild, and for peers.

Invariants
- Leaf i is at row i; rows are only appended, in order, without a gap. Leaf hashes are not stored: at most 256 are
  taken anew for a proof, and a damaged leaf then shows.
- Complete subtrees are kept at levels 8, 16, 24 only.
- Writing happens within the caller's transaction only.

It must not know what leaves and blocks say.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import apsw
import msgspec

from dag.merkle import Completed, leaf_hash
from dag.order.state import StoredBlock
from dag.store_errors import StoreCorrupt, reading

PAGE: Final = 1000


class Commit(msgspec.Struct, frozen=True, gc=False):
    """A commit: the `leaves` leaves of the log from `leaf` on. Times are Unix ms; `digest` is that of `last_commit`."""

    index: int
    leader: bytes
    epoch: int
    round: int
    time_ms: int
    digest: bytes
    leaf: int
    leaves: int


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A leaf, and if it is about an event, that event: `event` its number, `author` the 34 bytes; else None."""

    index: int
    leaf: bytes
    event: int | None
    author: bytes | None
    block: bytes | None


class Log:
    """The append-only log of one space. Implements `dag.merkle.Nodes`."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    # --- writing ------------------------------------------------------------------------------------------------

    def append(self, leaves: Sequence[tuple[int, int | None, bytes]], completed: Iterable[Completed] = ()) -> None:
        """Add leaves (index, event id or None, bytes) and the subtrees that they completed."""
        assert not leaves or leaves[0][0] == self.size, "the log has no gap"
        self._db.executemany("INSERT INTO leaf (i, event, leaf) VALUES (?, ?, ?)", leaves)
        self._db.executemany("INSERT INTO node (level, i, hash) VALUES (?, ?, ?)", completed)

    def add_commit(self, commit: Commit) -> None:
        """Record a commit, after its leaves."""
        self._db.execute(
            "INSERT INTO settled (i, leader, epoch, round, time_ms, digest, leaf, leaves) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            msgspec.structs.astuple(commit),
        )

    def add_checkpoint(self, size: int, note: str) -> None:
        """Keep a signed note for the tree of this size; a later one (with more cosignatures) replaces it."""
        self._db.execute("INSERT OR REPLACE INTO checkpoint (size, note) VALUES (?, ?)", (size, note))

    # --- leaves and nodes -----------------------------------------------------------------------------------------

    @property
    @reading
    def size(self) -> int:
        """How many leaves there are."""
        last: Any = self._db.execute("SELECT max(i) FROM leaf").get
        return 0 if last is None else last + 1

    @reading
    def leaf(self, index: int) -> bytes:
        """The bytes of a leaf. IndexError when the log is shorter."""
        row: Any = self._db.execute("SELECT leaf FROM leaf WHERE i = ?", (index,)).fetchone()
        if row is None:
            raise IndexError(f"the log has no leaf {index}")
        return bytes(row[0])

    @reading
    def leaves(self, start: int, stop: int) -> list[bytes]:
        """The leaf HASHES of positions [start, stop). IndexError when the log is shorter."""
        rows: list[Any] = self._db.execute(
            "SELECT leaf FROM leaf WHERE i >= ? AND i < ? ORDER BY i", (start, stop)
        ).fetchall()
        if len(rows) != stop - start:
            raise IndexError(f"the log has no leaves {start} to {stop - 1}")
        return [leaf_hash(leaf) for (leaf,) in rows]

    @reading
    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree at level 8, 16, 24, ... IndexError when it is not complete."""
        row: Any = self._db.execute("SELECT hash FROM node WHERE level = ? AND i = ?", (level, index)).fetchone()
        if row is None:
            raise IndexError(f"the log has no complete subtree {index} of level {level}")
        return bytes(row[0])

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        """Leaves in order with their events, read in pages: all in committed order, for a rebuild or a check."""
        while stop is None or start < stop:
            until = start + PAGE if stop is None else min(start + PAGE, stop)
            page = self._entries(start, until)
            yield from page
            if len(page) < until - start:
                return
            start = until

    @reading
    def _entries(self, start: int, stop: int) -> list[Entry]:
        rows: list[Any] = self._db.execute(
            "SELECT leaf.i, leaf.leaf, leaf.event, author.author, event.block FROM leaf "
            "LEFT JOIN event ON event.id = leaf.event LEFT JOIN author ON author.id = event.author "
            "WHERE leaf.i >= ? AND leaf.i < ? ORDER BY leaf.i",
            (start, stop),
        ).fetchall()
        for at, row in enumerate(rows, start):
            if row[0] != at or (row[2] is not None and row[4] is None):
                raise StoreCorrupt(
                    f"The space's file is damaged: leaf {at} of the log or its event is not there. "
                    "Stop the node and restore the last backup."
                )
        return [Entry(*row) for row in rows]

    # --- commits and checkpoints ------------------------------------------------------------------------------------

    @reading
    def commit(self, index: int) -> Commit | None:
        """A commit by its index, from 1."""
        return self._commit("WHERE i = ?", index)

    @reading
    def last_commit(self) -> Commit | None:
        """The last commit, None before the first."""
        return self._commit("ORDER BY i DESC LIMIT ?", 1)

    @reading
    def commit_at(self, leaf: int) -> Commit | None:
        """The commit that a leaf belongs to, None when the log is shorter."""
        commit = self._commit("WHERE leaf <= ? AND leaves > 0 ORDER BY leaf DESC LIMIT 1", leaf)
        return commit if commit is not None and leaf < commit.leaf + commit.leaves else None

    @reading
    def commits(self, after: int, limit: int = PAGE) -> list[Commit]:
        """Up to `limit` commits above an index, in order."""
        rows: list[Any] = self._db.execute(
            "SELECT i, leader, epoch, round, time_ms, digest, leaf, leaves FROM settled WHERE i > ? ORDER BY i LIMIT ?",
            (after, limit),
        ).fetchall()
        return [Commit(*row) for row in rows]

    @reading
    def checkpoint(self, at_least: int = 0) -> tuple[int, str] | None:
        """(size, note) of the smallest checkpoint that covers `at_least` leaves."""
        row: Any = self._db.execute(
            "SELECT size, note FROM checkpoint WHERE size >= ? ORDER BY size LIMIT 1", (at_least,)
        ).fetchone()
        return row  # type: ignore[no-any-return]  # a STRICT table gives it these types

    @reading
    def last_checkpoint(self) -> tuple[int, str] | None:
        """(size, note) of the largest checkpoint."""
        row: Any = self._db.execute("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
        return row  # type: ignore[no-any-return]  # as above

    def _commit(self, which: str, value: int) -> Commit | None:
        row: Any = self._db.execute(
            "SELECT i, leader, epoch, round, time_ms, digest, leaf, leaves FROM settled " + which, (value,)
        ).fetchone()
        return None if row is None else Commit(*row)


class OrderingBlocks:
    """The validators' blocks, each with what `dag.order.state.StoredBlock` says of it, and the orderer's position."""

    _COLUMNS: Final = "block, seen_ms, in_commit, led"

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db

    def add(self, epoch: bytes, blocks: Iterable[tuple[bytes, int, StoredBlock]]) -> None:
        """Keep blocks (CID, round, block) of an epoch, the CID of its configuration; known ones are updated."""
        self._db.executemany(
            "INSERT INTO ordering (cid, epoch, round, block, seen_ms, in_commit, led) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (cid) DO UPDATE SET in_commit = excluded.in_commit, led = excluded.led",
            ((cid, epoch, round_, *stored) for cid, round_, stored in blocks),
        )

    def mark(self, blocks: Iterable[tuple[bytes, int, int]]) -> None:
        """Say of held blocks (CID, commit, led) which commit linearised them and which they led."""
        self._db.executemany(
            "UPDATE ordering SET in_commit = ?, led = ? WHERE cid = ?",
            ((commit, led, cid) for cid, commit, led in blocks),
        )

    def prune(self, epoch: bytes) -> int:
        """Forget the blocks of an epoch that has ended; how many there were."""
        self._db.execute("DELETE FROM ordering WHERE epoch = ?", (epoch,))
        return self._db.changes()

    @reading
    def get(self, cid: bytes) -> StoredBlock | None:
        """A block by its CID, whatever its age: the `Archive` of `dag.order.intake`."""
        row: Any = self._db.execute(f"SELECT {self._COLUMNS} FROM ordering WHERE cid = ?", (cid,)).fetchone()
        return None if row is None else StoredBlock(*row)

    @reading
    def to_resume(self, epoch: bytes, keep_from: int) -> list[StoredBlock]:
        """The blocks with which ordering goes on: not linearised, or of round `keep_from` or above; by round, then
        in the order in which they came."""
        rows: list[Any] = self._db.execute(
            f"SELECT id, round, {self._COLUMNS} FROM ordering WHERE epoch = ?1 AND in_commit = 0 "
            f"UNION SELECT id, round, {self._COLUMNS} FROM ordering WHERE epoch = ?1 AND round >= ?2 ORDER BY 2, 1",
            (epoch, keep_from),
        ).fetchall()
        return [StoredBlock(*row[2:]) for row in rows]

    @reading
    def in_rounds(self, epoch: bytes, start: int, stop: int) -> list[StoredBlock]:
        """The blocks of rounds [start, stop), by round, then in the order in which they came."""
        rows: list[Any] = self._db.execute(
            f"SELECT {self._COLUMNS} FROM ordering WHERE epoch = ? AND round >= ? AND round < ? ORDER BY round, id",
            (epoch, start, stop),
        ).fetchall()
        return [StoredBlock(*row) for row in rows]
