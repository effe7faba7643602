"""Blobs in the space's file: encrypted payloads of private fields, which can be erased for good.

Purpose: keep bytes under a 32-byte key that events name, and make sure that what is erased is gone from the file.

SQLite's own `secure_delete` is not enough: when a B-tree page is rebuilt in balancing, copies of rows that moved to
a neighbour stay in the unused part of the page, and a later deletion does not reach them (measured; decision 0022).
So blobs do not live in B-tree cells. They are written one behind the other into heaps: rows of 64 KiB, whose content
lies on overflow pages of its own, never moved, and is overwritten in place through incremental I/O.

Invariants
- The first `_GUARD` bytes of a heap, the part that SQLite may keep in a cell, never hold a blob.
- Erasing overwrites the blob with zeros and remembers the key, so that it cannot come back from a peer or a restore.
- Old pages may still lie in the write-ahead log: `Store.scrub` is due until a checkpoint has emptied that file. The
  flag is in the same transaction, so a crash does not lose it.

It must not know what blobs hold, or who may read them. What it cannot reach: copies that others exported, backups,
and sectors that a drive or a file system has moved.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import apsw

from dag.store_errors import StoreCorrupt, reading
from dag.store_index import KeyIndex

KEY_BYTES: Final = 32
MAX_BLOB_BYTES: Final = 1 << 20
SCRUB_DUE: Final = "scrub_due"
_HEAP_BYTES: Final = 1 << 16
_GUARD: Final = 4096
"""SQLite keeps at most the page size less 35 bytes of a row in a B-tree cell; the page size is 4096."""


class Blobs:
    """The blobs of one space. Writing happens within the caller's transaction only."""

    def __init__(self, db: apsw.Connection, *, shared: bool) -> None:
        self._db = db
        self._index = KeyIndex(db, "blob_key", shared=shared)

    def committed(self) -> None:
        """The transaction is in the file."""
        self._index.committed()

    def rolled_back(self) -> None:
        """The transaction is undone; so is what memory has of it."""
        self._index.rolled_back()

    def put(self, blobs: Iterable[tuple[bytes, bytes]]) -> int:
        """Keep blobs (key, bytes); how many were new. What is held or was erased is passed over."""
        fresh: dict[bytes, bytes] = {}
        for key, blob in blobs:
            assert len(key) == KEY_BYTES, "a blob's key is a hash"
            assert len(blob) <= MAX_BLOB_BYTES, "the size of a blob is checked where it comes in"
            if key not in fresh and self._find(key) is None and not self.is_erased(key):
                fresh[key] = blob
        if not fresh:
            return 0
        first: Any = self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM blob").get
        rows = [(first + at, key, *place) for at, (key, place) in enumerate(self._write(fresh).items())]
        self._db.executemany("INSERT INTO blob (id, key, heap, start, length) VALUES (?, ?, ?, ?, ?)", rows)
        self._index.add([_key_of(row[1]) for row in rows], [row[0] for row in rows])
        return len(rows)

    def erase(self, keys: Iterable[bytes]) -> int:
        """Overwrite blobs and refuse them from now on, held or not; how many were held. `Store.scrub` is due then."""
        erased = 0
        for key in keys:
            assert len(key) == KEY_BYTES, "a blob's key is a hash"
            self._db.execute("INSERT OR IGNORE INTO erased (key) VALUES (?)", (key,))
            found = self._find(key)
            if found is not None:
                id_, heap, start, length = found
                if length:
                    with self._db.blob_open("main", "blob_heap", "bytes", heap, True) as content:
                        content.seek(start)
                        content.write(bytes(length))
                self._db.execute("DELETE FROM blob WHERE id = ?", (id_,))
                erased += 1
        if erased:
            self._db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, 1)", (SCRUB_DUE,))
        return erased

    @reading
    def get(self, key: bytes) -> bytes | None:
        """The blob of a key, or None when it is not held."""
        found = self._find(key)
        if found is None:
            return None
        _, heap, start, length = found
        if not length:
            return b""
        content = self._db.blob_open("main", "blob_heap", "bytes", heap, False)
        try:
            if start + length > content.length():
                raise StoreCorrupt("The space's file is damaged: a blob reaches beyond its heap. Restore a backup.")
            content.seek(start)
            return content.read(length)
        finally:
            content.close()

    @reading
    def has(self, key: bytes) -> bool:
        """Whether the blob is held."""
        return self._find(key) is not None

    def keys_held(self) -> Iterator[bytes]:
        """The keys of all blobs that are held, in the order in which they came; read in pages."""
        after = 0
        while rows := self._page(after):
            yield from (key for _, key in rows)
            after = rows[-1][0]

    @reading
    def _page(self, after: int) -> list[Any]:
        return self._db.execute("SELECT id, key FROM blob WHERE id > ? ORDER BY id LIMIT 1000", (after,)).fetchall()

    @reading
    def is_erased(self, key: bytes) -> bool:
        """Whether the blob was erased, or is refused."""
        return self._db.execute("SELECT 1 FROM erased WHERE key = ?", (key,)).fetchone() is not None

    @reading
    def erased_keys(self) -> list[bytes]:
        """All erased keys, sorted: what a restore replays."""
        rows: list[Any] = self._db.execute("SELECT key FROM erased ORDER BY key").fetchall()
        return [key for (key,) in rows]

    def _find(self, key: bytes) -> tuple[int, int, int, int] | None:
        if len(key) != KEY_BYTES:
            return None
        for id_ in self._index.find(_key_of(key)):
            row: Any = self._db.execute(
                "SELECT id, heap, start, length FROM blob WHERE id = ? AND key = ?", (id_, key)
            ).fetchone()
            if row is not None:
                return row  # type: ignore[no-any-return]  # a STRICT table gives it these types
        return None

    def _write(self, blobs: dict[bytes, bytes]) -> dict[bytes, tuple[int, int, int]]:
        """Append to the last heap, and to new ones when it is full; (heap, start, length) of each."""
        heap, used, room = self._last_heap()
        places: dict[bytes, tuple[int, int, int]] = {}
        parts: list[bytes] = []
        begin = used
        for key, blob in blobs.items():
            if used + len(blob) > room:
                self._flush(heap, begin, parts)
                heap, used, room = heap + 1, _GUARD, max(_HEAP_BYTES, _GUARD + len(blob))
                self._db.execute("INSERT INTO blob_heap (id, bytes) VALUES (?, zeroblob(?))", (heap, room))
                parts, begin = [], used
            places[key] = (heap, used, len(blob))
            parts.append(blob)
            used += len(blob)
        self._flush(heap, begin, parts)
        return places

    def _last_heap(self) -> tuple[int, int, int]:
        """(id, used bytes, all bytes) of the heap that is being filled.

        How much is used follows from the last blob in it. (A column for it could not be updated without SQLite moving
        the whole row.) After that blob is erased its place is used again.
        """
        heap: Any = self._db.execute("SELECT id, length(bytes) FROM blob_heap ORDER BY id DESC LIMIT 1").fetchone()
        if heap is None:
            return 0, 0, 0
        last: Any = self._db.execute("SELECT heap, start + length FROM blob ORDER BY id DESC LIMIT 1").fetchone()
        used = last[1] if last is not None and last[0] == heap[0] else _GUARD
        return heap[0], used, heap[1]

    def _flush(self, heap: int, begin: int, parts: list[bytes]) -> None:
        content = b"".join(parts)
        if content:
            with self._db.blob_open("main", "blob_heap", "bytes", heap, True) as target:
                target.seek(begin)
                target.write(content)


def _key_of(key: bytes) -> int:
    return int.from_bytes(key[:6], "big", signed=True)
