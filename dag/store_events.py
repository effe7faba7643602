"""Events in the space's file: blocks, who signed them, their chains, and whether the log has them.

Purpose: answer what the graph asks (`dag.history.History`), and what sync, export, proofs and rebuild read. A CID is
not stored: it is the hash of the block, and taking it anew shows at once when a block was damaged on disk.

Invariants
- An event is found by the first 6 bytes of its digest, then compared in full.
- An author's events are dense in seq: `prev` is always held. Forks are further ids at the same (author, seq).
- Writing happens within the caller's transaction only.

It must not know how blocks are judged or executed.
"""

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

import apsw

from dag.cid import DAG_CBOR_PREFIX
from dag.graph import Admitted
from dag.history import Node, Row
from dag.store_errors import StoreCorrupt, reading
from dag.store_index import LIMIT, KeyIndex

PAGE: Final = 1000
"""Rows read at once by whatever goes through all events."""
_SEQ_BITS: Final = 32
_MAX_SEQ: Final = (1 << _SEQ_BITS) - 1


class Stored(NamedTuple):
    """An event as it was admitted; `author` is the 34 bytes."""

    id: int
    author: bytes
    seq: int
    generation: int
    cid: bytes
    block: bytes


class Events:
    """The events of one space."""

    def __init__(self, db: apsw.Connection, *, shared: bool) -> None:
        """`shared`: another process may write to the file while this one reads."""
        self._db = db
        self.by_cid = KeyIndex(db, "event_cid", shared=shared)
        # Another limit, so that the two do not pause for their sorting in the same batch.
        self.by_chain = KeyIndex(db, "event_chain", shared=shared, limit=LIMIT // 4 * 3)

    def committed(self) -> None:
        """The transaction is in the file."""
        self.by_cid.committed()
        self.by_chain.committed()

    def rolled_back(self) -> None:
        """The transaction is undone; so is what memory has of it."""
        self.by_cid.rolled_back()
        self.by_chain.rolled_back()

    # --- writing ------------------------------------------------------------------------------------------------

    def add(self, admitted: Admitted) -> None:
        """Store what the graph admitted. The events are pending until `place` is called for them."""
        rows = admitted.rows
        if not rows:
            return
        assert max([row[2] for row in rows]) <= _MAX_SEQ, "a chain has at most 2^32 events"
        many = self._db.executemany
        if admitted.authors:
            many("INSERT INTO author (id, author) VALUES (?, ?)", admitted.authors)
        many("INSERT INTO event (id, author, seq, generation, block) VALUES (?, ?, ?, ?, ?)", rows)
        ids = [row[0] for row in rows]
        many("INSERT INTO pending (event) VALUES (?)", zip(ids))
        self.by_cid.add(_keys_of(admitted.cids), ids)
        self.by_chain.add([row[1] << _SEQ_BITS | row[2] for row in rows], ids)
        cited = set(admitted.cited)
        many("INSERT INTO head (event) VALUES (?)", [(id_,) for id_ in ids if id_ not in cited])
        cited.difference_update(ids)
        many("DELETE FROM head WHERE event = ?", zip(cited))

    def place(self, places: Sequence[tuple[int, int]], strays: Iterable[int] = ()) -> None:
        """Say where in the log events are: (event id, leaf). `strays`: those of them that are not canonical."""
        many = self._db.executemany
        many("INSERT INTO place (event, leaf) VALUES (?, ?)", places)
        many("DELETE FROM pending WHERE event = ?", [(event,) for event, _ in places])
        many("INSERT INTO stray (event) VALUES (?)", zip(strays))

    # --- for the graph: dag.history.History -----------------------------------------------------------------------

    @reading
    def author_id(self, author: bytes) -> int | None:
        row = self._db.execute("SELECT id FROM author WHERE author = ?", (author,)).fetchone()
        return None if row is None else row[0]

    @reading
    def node(self, cid: bytes) -> Node | None:
        found = self._row(cid)
        return None if found is None else Node(*found[:4], cid)

    @reading
    def tip(self, author: int) -> Node | None:
        key = self.by_chain.last(author << _SEQ_BITS, (author + 1) << _SEQ_BITS)
        return None if key is None else self.variants(author, key & _MAX_SEQ)[0]

    @reading
    def variants(self, author: int, seq: int) -> list[Node]:
        if not 0 <= seq <= _MAX_SEQ:
            return []
        return [self._node_of(id_) for id_ in self.by_chain.find(author << _SEQ_BITS | seq)]

    @reading
    def block(self, event: int) -> bytes:
        block: bytes = self._by_id(event)[4]
        return block

    @reading
    def canonical_tip(self, author: int) -> Node | None:
        tip = self.tip(author)
        # Usually the tip itself: go down past what is pending or stray.
        for seq in range(-1 if tip is None else tip.seq, -1, -1):
            for node in self.variants(author, seq):
                if self.is_canonical(node.id):
                    return node
        return None

    @reading
    def is_canonical(self, event: int) -> bool:
        answer = self._db.execute(
            "SELECT EXISTS (SELECT 1 FROM place WHERE event = ?1) "
            "AND NOT EXISTS (SELECT 1 FROM stray WHERE event = ?1)",
            (event,),
        ).get
        return bool(answer)

    @reading
    def commit_of(self, event: int) -> int:
        row = self._db.execute(
            "SELECT settled.i, place.leaf - settled.leaf < settled.leaves FROM place "
            "JOIN settled ON settled.leaf <= place.leaf AND settled.leaves > 0 "
            "WHERE place.event = ? ORDER BY settled.leaf DESC LIMIT 1",
            (event,),
        ).fetchone()
        return row[0] if row is not None and row[1] else 0

    def pending(self) -> Iterator[tuple[Node, bytes]]:
        rows = self._pages(
            "SELECT event.id, author, seq, generation, block FROM pending JOIN event ON event.id = pending.event "
            "WHERE event.id > ? ORDER BY event.id LIMIT ?"
        )
        for id_, author, seq, generation, block in rows:
            yield Node(id_, author, seq, generation, _cid_of(block)), block

    @reading
    def next_ids(self) -> tuple[int, int]:
        row: Any = self._db.execute("SELECT (SELECT max(id) FROM event), (SELECT max(id) FROM author)").fetchone()
        return (row[0] or 0) + 1, (row[1] or 0) + 1

    # --- for everyone else ----------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many events are held. Events are never removed, so the last number says it."""
        return self.next_ids()[0] - 1

    @reading
    def get(self, cid: bytes) -> bytes | None:
        """The block of a CID, or None when it is not held."""
        found = self._row(cid)
        return None if found is None else found[4]

    @reading
    def has(self, cid: bytes) -> bool:
        """Whether the event is held."""
        return self._row(cid) is not None

    @reading
    def lacking(self, cids: Iterable[bytes]) -> list[bytes]:
        """Those of the CIDs that are not held, in the order given."""
        return [cid for cid in cids if self._row(cid) is None]

    @reading
    def by_author(self, author: bytes, start: int = 0, stop: int | None = None) -> list[Stored]:
        """The events of an author (34 bytes) with start <= seq < stop, by seq and then admission; at most PAGE seqs."""
        number = self.author_id(author)
        tip = None if number is None else self.tip(number)
        if number is None or tip is None:
            return []
        start = max(start, 0)
        stop = min(tip.seq + 1 if stop is None else stop, tip.seq + 1, start + PAGE)
        found = []
        for seq in range(start, stop):
            for id_ in self.by_chain.find(number << _SEQ_BITS | seq):
                _, _, _, generation, block = self._by_id(id_)
                found.append(Stored(id_, author, seq, generation, _cid_of(block), block))
        return found

    @reading
    def tips(self) -> list[tuple[bytes, int]]:
        """(author, highest seq) of all authors, in the order in which they were first seen."""
        found = []
        authors: list[Any] = self._db.execute("SELECT id, author FROM author ORDER BY id").fetchall()
        for number, author in authors:
            key = self.by_chain.last(number << _SEQ_BITS, (number + 1) << _SEQ_BITS)
            if key is None:
                raise _damaged(f"author {number} has no event")
            found.append((author, key & _MAX_SEQ))
        return found

    @reading
    def heads(self, limit: int) -> list[bytes]:
        """CIDs of events that no held event names as `prev` or parent, the last admitted first."""
        rows = self._db.execute(
            "SELECT block FROM head JOIN event ON event.id = head.event ORDER BY head.event DESC LIMIT ?", (limit,)
        )
        return [_cid_of(block) for (block,) in rows]

    @reading
    def leaf_of(self, cid: bytes) -> int | None:
        """The position of an event in the log, or None while it is pending or when it is not held."""
        found = self._row(cid)
        if found is None:
            return None
        row = self._db.execute("SELECT leaf FROM place WHERE event = ?", (found[0],)).fetchone()
        return None if row is None else row[0]

    def all(self, after: int = 0) -> Iterator[Stored]:
        """All events with an id above `after`, in order of admission, so ancestors come first. Read in pages: others
        may write in between."""
        rows = self._pages(
            "SELECT event.id, author.author, seq, generation, block FROM event JOIN author ON author.id = event.author "
            "WHERE event.id > ? ORDER BY event.id LIMIT ?",
            after,
        )
        for id_, author, seq, generation, block in rows:
            yield Stored(id_, author, seq, generation, _cid_of(block), block)

    def faults(self) -> Iterator[str]:
        """What is wrong with the indexes, in words: every event must be found by its CID and in its chain."""
        rows = self._pages("SELECT id, author, seq, block FROM event WHERE id > ? ORDER BY id LIMIT ?")
        for id_, author, seq, block in rows:
            if id_ not in self.by_cid.find(key_of(_cid_of(block))):
                yield f"event {id_} is not found by its CID: its block or the index is damaged"
            if id_ not in self.by_chain.find(author << _SEQ_BITS | seq):
                yield f"event {id_} is not found in its author's chain"

    # --- rows -------------------------------------------------------------------------------------------------------

    def _row(self, cid: bytes) -> Row | None:
        if len(cid) != 36:
            return None
        for id_ in self.by_cid.find(key_of(cid)):
            row = self._by_id(id_)
            found = _cid_of(row[4])
            if found == cid:
                return row
            if key_of(found) != key_of(cid):
                raise _damaged(f"event {id_} is not what it was when it was stored")
        return None

    def _by_id(self, id_: int) -> Row:
        row: Any = self._db.execute(
            "SELECT id, author, seq, generation, block FROM event WHERE id = ?", (id_,)
        ).fetchone()
        if row is None:
            raise _damaged(f"an index names event {id_}, which is not there")
        return row  # type: ignore[no-any-return]  # STRICT tables and NOT NULL give it these types

    def _node_of(self, id_: int) -> Node:
        row = self._by_id(id_)
        return Node(*row[:4], _cid_of(row[4]))

    def _pages(self, sql: str, after: int = 0) -> Iterator[tuple[Any, ...]]:
        while True:
            rows = self._page(sql, after)
            yield from rows
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    @reading
    def _page(self, sql: str, after: int) -> list[tuple[Any, ...]]:
        return self._db.execute(sql, (after, PAGE)).fetchall()


def key_of(cid: bytes) -> int:
    """The first 6 bytes of a CID's digest as a signed integer."""
    return int.from_bytes(cid[4:10], "big", signed=True)


def _keys_of(cids: Sequence[bytes]) -> "array[int]":
    """`key_of` of each, as quick as it goes."""
    firsts = array("q")
    firsts.frombytes(b"".join([cid[4:12] for cid in cids]))
    if sys.byteorder == "little":
        firsts.byteswap()
    return array("q", [first >> 16 for first in firsts])


def _cid_of(block: bytes) -> bytes:
    return DAG_CBOR_PREFIX + sha256(block).digest()


def _damaged(what: str) -> StoreCorrupt:
    return StoreCorrupt(f"The space's file is damaged: {what}. Stop the node and restore the last backup.")
